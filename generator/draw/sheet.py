"""A chart's paper: its size, its letters, and where things stand on it, in points from the top left corner.

Layout is arithmetic on measured text, not matplotlib's axes: it is faster, and nothing moves when a number changes.
Text is measured in DejaVu Sans, wider than the fonts that browsers put in its place, so what fits here fits there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Affine2D

from generator.draw import palette
from generator.draw.font import text_width
from generator.draw.ink import Letters, Place, Stroke, Symbols
from generator.draw.legend import LINE, height, placed
from generator.draw.picture import Entry, Look

POINTS = 72.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A size that charts are drawn in."""

    name: str
    width: float
    """Points."""

    text: float
    """Size of labels and numbers, points."""

    small: float
    """Size of ticks and notes."""

    @property
    def narrow(self) -> bool:
        """Whether labels must stand above what they label, for want of room beside it."""
        return self.width < 400


WIDE = Shape("wide", 7.0 * POINTS, 9.5, 8.5)
"""For a text column of 600 to 800 px."""

NARROW = Shape("narrow", 4.2 * POINTS, 10.5, 9.6)
"""For a phone: at 390 px the page shows it 1.15 times as large, so that the smallest text is 11 px."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """Words around a chart that is saved as a file; inside a page, the page says title and note."""

    title: str = ""
    note: str = ""
    key: tuple[Entry, ...] = ()
    """What shapes mean; stands under the chart in a page too."""


def wrapped(text: str, size: float, width: float, weight: str = "normal") -> list[str]:
    """Break a text into lines no wider than `width`; a word that is wider stands alone. No-break spaces hold."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip(" ")
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def fitting(text: str, size: float, width: float) -> str:
    """The text, cut with an ellipsis where it does not fit."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip(" ,;(")
    return text + "…"


def wrapped_in(text: str, size: float, width: float, most: int) -> list[str]:
    """A text in at most so many lines, the last one cut where it does not fit."""
    lines = wrapped(text, size, width)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [fitting(line, size, width) for line in lines]


class Paper:
    """What a drawing stands on, in points from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        size = (width / POINTS, height / POINTS)
        self.figure = Figure(size, dpi=POINTS, facecolor=palette.light()["bg"], edgecolor="none", linewidth=0)
        self._places = Affine2D.from_values(1 / width, 0, 0, -1 / height, 0, 1) + self.figure.transFigure

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = "fg",
        size: float,
        weight: str = "normal",
        ha: Literal["left", "center", "right"] = "left",
    ) -> None:
        """Write one line whose baseline stands at (x, y)."""
        font, ink = _font(size, weight), palette.light()[colour]
        self._add(Letters(x, y, text, color=ink, horizontalalignment=ha, fontproperties=font))

    def stroke(self, *lines: Sequence[Place], **look: Any) -> None:
        """Draw lines from place to place; `look` is `Stroke`'s."""
        if any(lines):
            self._add(Stroke(lines, **look))

    def mark(self, look: Look, *places: Place) -> None:
        """Draw a variant's mark at each place."""
        face = palette.light()["bg"] if look.hollow else colour_of(look)
        self._add(Symbols(places, look.marker, 6.5, face=face, colour=colour_of(look), width=1.6))

    def dots(self, colour: str, places: Sequence[Place]) -> None:
        """Draw small dots through which others can be seen."""
        if places:
            self._add(Symbols(places, "o", 4.5, face=colour, alpha=0.7))

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self._places)
        self.figure.add_artist(artist)


class Sheet(Paper):
    """A chart's paper, with its title and note already on it."""

    def __init__(self, shape: Shape, body_height: float, lettering: Lettering) -> None:
        """Make a sheet of the height that body, title and note need together."""
        self.shape = shape
        self.margin = 14.0 if lettering.title else 4.0
        usable = shape.width - 2 * self.margin
        title = wrapped(lettering.title, 12.0, usable, "bold") if lettering.title else []
        note = wrapped(lettering.note, shape.small, usable) if lettering.note else []
        key = placed(lettering.key, usable, shape.small)
        self.top = (self.margin + 16.0 * len(title) + 10.0) if title else 2.0
        foot = height(key) + ((8.0 + 12.0 * len(note) + self.margin) if note else 2.0)
        super().__init__(shape.width, self.top + body_height + foot)
        self.bottom = self.top + body_height
        """Where the body ends."""
        for one in key:
            x, y = self.margin + one.x, self.bottom + 12 + LINE * one.row
            self.mark(one.entry[0], (x + 4, y - 0.36 * shape.small))
            self.text(x + 12, y, one.entry[1], size=shape.small, colour="muted")
        for index, line in enumerate(title):
            self.text(self.margin, self.margin + 12 + 16.0 * index, line, size=12.0, weight="bold")
        for index, line in enumerate(note):
            y = self.bottom + height(key) + 18 + 12.0 * index
            self.text(self.margin, y, line, size=shape.small, colour="muted")

    def label(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write one line in the size of labels."""
        self.text(x, y, text, size=self.shape.text, **look)

    def labels(self, x: float, y: float, lines: Sequence[str]) -> None:
        """Write labels below one another, the whole centred on y."""
        size = self.shape.text
        first = y - 1.25 * size * (len(lines) - 1) / 2 + 0.36 * size
        for index, line in enumerate(lines):
            self.label(x, first + 1.25 * size * index, line)


@cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight=weight)


def colour_of(look: Look) -> str:
    """Colour of a variant's marks; grey where its speed does not count."""
    return palette.light()["c7"] if look.hollow else palette.light().series(look.colour)
