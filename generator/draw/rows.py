"""Rows of a chart: label, place on a common axis, number; and the rows under it that say what its marks are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from generator.draw import palette
from generator.draw.axes import Scale, below, with_room
from generator.draw.font import text_width
from generator.draw.picture import Curve, Deviation, Look, Mark, Reach, RoofMark, Rung, Spot
from generator.draw.sheet import Lettering, Shape, Sheet, fitting, wrapped_in

ROW = 32.0
"""Height of a row whose label stands beside it."""

STACKED_ROW = 48.0
"""Height of a row whose label stands above it."""

LINE = 14.0
"""Height of one more line above a stacked row."""

HEADING = 24.0
AXIS = 34.0
"""Height of ticks and the words under them."""

GAP = 10.0

Row = TypeVar("Row", Mark, Reach, Deviation, Rung)


@dataclass(frozen=True, slots=True)
class Section(Generic[Row]):
    """Rows of one group, and where they stand."""

    top: float
    bottom: float
    places: tuple[tuple[float, Row], ...]
    """Centre of each row's drawing, points from the sheet's top, and the row."""


class Rows(Generic[Row]):
    """Rows with a label, a place on one common axis, and a number; in a narrow shape label and number stand above."""

    def __init__(self, shape: Shape, lettering: Lettering, groups: Sequence[tuple[str, Sequence[Row]]]) -> None:
        self.shape = shape
        rows = [one for _, group in groups for one in group]
        numbers = max(text_width(one.number, shape.text, "bold") for one in rows)
        labels = max(text_width(one.label, shape.text) for one in rows)
        self.crowded = shape.narrow and labels + numbers > shape.width - 44 - GAP
        """Whether label and number need a line each."""

        self.height = (STACKED_ROW + LINE * self.crowded) if shape.narrow else ROW
        self.label_width = min(labels, 0.33 * shape.width) + 2
        body = sum(self.height * len(group) + HEADING * bool(heading) for heading, group in groups)
        self.sheet = Sheet(shape, body + AXIS + 4, lettering)
        self.edge, self.far = self.sheet.margin + 16, shape.width - self.sheet.margin
        self.left = self.edge - 10 if shape.narrow else self.edge + self.label_width + GAP
        self.right = self.far - 6 if shape.narrow else self.far - numbers - GAP
        self.sections: tuple[Section[Row], ...] = tuple(self._sections(groups))

    def _sections(self, groups: Sequence[tuple[str, Sequence[Row]]]) -> Iterator[Section[Row]]:
        y = self.sheet.top
        centre = self.height - 13 if self.shape.narrow else self.height / 2
        for heading, group in groups:
            if heading:
                self.sheet.text(self.edge - 16, y + 16, heading, size=self.shape.small, colour="muted")
                y += HEADING
            bottom = y + self.height * len(group)
            yield Section(y, bottom, tuple((y + self.height * k + centre, one) for k, one in enumerate(group)))
            y = bottom

    def scale(self, low: float, high: float, *, linear: bool = False) -> Scale:
        """Axis of all sections."""
        return Scale(low, high, self.left, self.right, linear)

    def ticks(self, x: Scale, ticks: Sequence[float], labels: Sequence[str], first: Sequence[float] = (0, 1)) -> None:
        """Write ticks under the last section, and draw their lines; those whose labels have no room are left out.

        `first` are the ticks that are left out last.
        """
        kept = with_room(x, ticks, labels, self.shape.small, first)
        below(self.sheet, x, kept, self.sections[-1].bottom)
        self._lines([x(tick) for tick, _ in kept], colour=palette.light()["grid"], width=0.8)

    def guide(self, x: float, dashed: bool = False) -> None:
        """Draw the line that marks are compared with."""
        self._lines([x], colour=palette.light()["fg"], width=1.1, dashes=(4, 3) if dashed else ())

    def _lines(self, xs: Sequence[float], **look: Any) -> None:
        """Draw vertical lines; in a narrow shape in pieces, that do not run through the labels."""
        if self.shape.narrow:
            ends = [(y - 11, y + 11) for section in self.sections for y, _ in section.places]
        else:
            ends = [(section.top, section.bottom) for section in self.sections]
        self.sheet.stroke(*([(x, top), (x, bottom)] for x in xs for top, bottom in ends), **look)

    def caption(self, text: str) -> None:
        """Write what the axis shows."""
        middle = (self.left + self.right) / 2
        self.sheet.text(middle, self.sheet.bottom - 4, text, size=self.shape.small, colour="muted", ha="center")

    def label(self, y: float, label: str, number: str, look: Look) -> None:
        """Write a row's label and number; the mark before the label repeats the row's mark."""
        size = self.shape.text
        if self.shape.narrow:
            above = y - 18 - LINE * self.crowded
            self.sheet.mark(look, (self.edge - 8, above - 4))
            self.sheet.label(self.edge, above, fitting(label, size, self.far - self.edge))
            self.sheet.label(self.far, y - 18, number, weight="bold", ha="right")
            return
        self.sheet.mark(look, (self.edge - 10, y))
        self.sheet.labels(self.edge, y, wrapped_in(label, size, self.label_width, 2))
        self.sheet.label(self.far, y + 0.36 * size, number, weight="bold", ha="right")


class Key:
    """Rows under a chart: mark, name, numbers; the numbers below the name where there is no room beside it."""

    def __init__(self, shape: Shape, rows: Sequence[Spot | Curve | RoofMark]) -> None:
        self.shape, self.rows = shape, rows
        room = shape.width - 46
        widths = [text_width(one.label, shape.text) + text_width(one.number, shape.text) + 12 for one in rows]
        self.stacked = shape.narrow or max(widths) > room
        self.step = 32.0 if self.stacked else 18.0
        self.height = self.step * len(rows) + 4

    def draw(self, sheet: Sheet, top: float) -> None:
        """Write them from here downwards."""
        for index, row in enumerate(self.rows):
            y = top + self.step * index + 8
            sheet.mark(row.look, (12, y))
            sheet.label(24, y + 3.5, fitting(row.label, self.shape.text, self.shape.width - 32))
            if self.stacked:
                sheet.text(24, y + 17, row.number, colour="muted", size=self.shape.small)
            else:
                sheet.label(self.shape.width - 14, y + 3.5, row.number, ha="right")
