"""Draws a page's card: the site, the question, the answer, what it holds for."""

from __future__ import annotations

import io

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from generator.publish.charts import palette
from generator.publish.charts.card import HEIGHT, WIDTH, Card
from generator.publish.charts.sheet import fitting, settings, wrapped_in

_DPI = 72
"""A point is a pixel, so that text is measured in what it is drawn in."""

_MARGIN = 72
_TITLE, _ANSWER, _SMALL = 54, 36, 24


def draw_card(card: Card) -> bytes:
    """Draw a card as PNG: the same bytes for the same words."""
    colours, room = palette.light(), WIDTH - 2 * _MARGIN
    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=colours["bg"])

    def write(text: str, y: float, size: float, colour: str, weight: str = "normal") -> None:
        place = (_MARGIN / WIDTH, 1 - y / HEIGHT)
        figure.text(*place, text, size=size, color=colours[colour], weight=weight, va="baseline", ha="left")

    with settings():
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
        bar = Rectangle((0, 0), 18 / WIDTH, 1, transform=figure.transFigure, color=colours[card.colour], linewidth=0)
        figure.add_artist(bar)
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=_DPI, metadata={"Software": None})
    return target.getvalue()
