"""The picture that stands for a page where somebody shares its address (Open Graph)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.draw import palette

WIDTH, HEIGHT = 1200, 630
"""Pixels; the proportion that social networks ask for."""

_MARGIN = 72
_TITLE, _ANSWER, _SMALL = 54, 36, 24

VERDICT_COLOURS: Mapping[str, str] = MappingProxyType({"verdict--faster": "c2", "verdict--slower": "c1"})
"""Variable of the palette for a verdict's CSS class; any other is grey."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a page's picture says."""

    site: str
    title: str
    answer: str = ""
    conditions: str = ""
    colour: str = "muted"
    """Variable of the palette."""


def draw_card(card: Card) -> bytes:
    """Draw a card as PNG: the same bytes for the same words."""
    # Imported here: where every card is kept, matplotlib need not load.
    from generator.draw.pixels import png
    from generator.draw.sheet import POINTS, Paper, fitting, wrapped_in

    paper, room = Paper(WIDTH, HEIGHT), WIDTH - 2 * _MARGIN

    def write(text: str, y: float, size: float, colour: str, weight: str = "normal") -> None:
        paper.text(_MARGIN, y, text, size=size, colour=colour, weight=weight)

    write(card.site, 96, _SMALL, "muted")
    y = 190.0
    for line in wrapped_in(card.title, _TITLE * 1.08, room, 3):  # bold letters are wider
        write(line, y, _TITLE, "fg", "bold")
        y += _TITLE * 1.25
    y += 24
    for line in wrapped_in(card.answer, _ANSWER, room, 3 if y < 400 else 2):
        write(line, y, _ANSWER, card.colour if card.answer else "fg")
        y += _ANSWER * 1.3
    write(fitting(card.conditions, _SMALL, room), HEIGHT - 56, _SMALL, "muted")
    colour = palette.light()[card.colour]
    paper.stroke([(0, 0), (18, 0), (18, HEIGHT), (0, HEIGHT), (0, 0)], colour=colour, width=0, face=colour)
    return png(paper.figure, dpi=POINTS)  # a point is a pixel
