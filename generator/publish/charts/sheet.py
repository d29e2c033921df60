"""A chart's paper: its size, its letters, and where things stand on it, in points from the top left corner.

Layout is arithmetic on measured text, not matplotlib's solver: it is faster, and nothing moves when a number changes.
Text is measured in DejaVu Sans, wider than the fonts that browsers put in its place, so what fits here fits there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from generator.publish.charts import palette

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
    """Words around a chart that is saved as a file; inside a page, the page says them."""

    title: str = ""
    note: str = ""


@contextmanager
def settings() -> Iterator[None]:
    """Settings of matplotlib for all charts: deterministic, real text, no mathematics in labels."""
    chosen = {
        "svg.fonttype": "none",
        "svg.hashsalt": "inference",
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "path.simplify": False,
    }
    with style.context(["default", chosen]):
        yield


@lru_cache(maxsize=8192)  # the same labels stand in several charts, each of which is drawn in three shapes
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line, in points, with the little that rasterizing adds."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return 1.03 * float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


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


class Sheet:
    """One drawing's paper, with its title and note already on it."""

    def __init__(self, shape: Shape, body_height: float, lettering: Lettering) -> None:
        """Make a sheet of the height that body, title and note need together."""
        self.shape = shape
        self.margin = 14.0 if lettering.title else 4.0
        usable = shape.width - 2 * self.margin
        title = wrapped(lettering.title, 12.0, usable, "bold") if lettering.title else []
        note = wrapped(lettering.note, shape.small, usable) if lettering.note else []
        self.top = (self.margin + 16.0 * len(title) + 10.0) if title else 2.0
        foot = (8.0 + 12.0 * len(note) + self.margin) if note else 2.0
        self.width, self.height = shape.width, self.top + body_height + foot
        self.bottom = self.top + body_height
        """Where the body ends."""
        self.figure = Figure(figsize=(self.width / POINTS, self.height / POINTS), dpi=POINTS)
        for index, line in enumerate(title):
            self.text(self.margin, self.margin + 12 + 16.0 * index, line, size=12.0, weight="bold")
        for index, line in enumerate(note):
            self.text(self.margin, self.bottom + 18 + 12.0 * index, line, size=shape.small, colour="muted")

    def text(self, x: float, y: float, text: str, *, colour: str = "fg", size: float = 0.0, **more: Any) -> None:
        """Write one line whose baseline stands at (x, y)."""
        more = {"ha": "left", "va": "baseline", **more}
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            text,
            color=palette.light()[colour],
            fontsize=size or self.shape.text,
            **more,
        )

    def lines(self, x: float, y: float, lines: list[str], **more: Any) -> None:
        """Write lines below one another, the whole centred on y."""
        step = (more.get("size") or self.shape.text) * 1.25
        first = y - step * (len(lines) - 1) / 2 + 0.36 * (more.get("size") or self.shape.text)
        for index, line in enumerate(lines):
            self.text(x, first + step * index, line, **more)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes between these edges, without a frame."""
        rectangle = (
            left / self.width,
            1 - bottom / self.height,
            (right - left) / self.width,
            (bottom - top) / self.height,
        )
        axes = self.figure.add_axes(rectangle)
        axes.set_facecolor("none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        colours = palette.light()
        axes.tick_params(length=0, labelsize=self.shape.small, labelcolor=colours["muted"], pad=4, which="both")
        axes.set_axisbelow(True)
        return axes
