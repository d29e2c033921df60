"""Rows of a chart: label, place on a common axis, number; and the rows under it that say what its marks are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from generator.draw import palette
from generator.draw.axes import PAD, Scale, below, with_room
from generator.draw.font import text_width
from generator.draw.picture import Curve, Deviation, Look, Mark, Reach, RoofMark, Rung, Share, Span, Spot
from generator.draw.ratio_axis import RatioAxis, labelled, written
from generator.draw.sheet import Lettering, Shape, Sheet, wrapped, wrapped_in

ROW = 32.0
"""Height of a row whose label stands beside it."""

STACKED_ROW = 48.0
"""Height of a row whose label stands above it."""

LINE = 14.0
"""Height of one more line above a stacked row."""

HEADING = 24.0
AXIS = 34.0
"""Height of ticks and the words under them."""

GUIDE_HEAD = 16.0
"""Height of the labels of guides above all rows."""

GAP = 10.0

MOST_LINES = 9
"""Of a label; only one that is longer still is cut, or a word that is wider than its column."""

LABEL_SHARES = (0.33, 0.38, 0.43)
"""Parts of the width that the labels' column takes, as far as it needs to."""

Row = TypeVar("Row", Mark, Reach, Deviation, Rung, Span, Share)


@dataclass(frozen=True, slots=True)
class Section(Generic[Row]):
    """Rows of one group, and where they stand."""

    top: float
    bottom: float
    places: tuple[tuple[float, Row], ...]
    """Centre of each row's drawing, points from the sheet's top, and the row."""


class Rows(Generic[Row]):
    """Rows with a label, a place on one common axis, and a number; in a narrow shape label and number stand above."""

    def __init__(
        self, shape: Shape, lettering: Lettering, groups: Sequence[tuple[str, Sequence[Row]]], head: float = 0.0
    ) -> None:
        """Place rows; `head` is left free above all of them."""
        self.shape, self.head = shape, head
        rows = [one for _, group in groups for one in group]
        numbers = max(text_width(one.number, shape.text, "bold") for one in rows)
        # No label is cut: a row is as high as its own needs.
        self.label_width = shape.width - 44 if shape.narrow else _label_width([one.label for one in rows], shape)
        body = sum(map(self._height, rows)) + sum(HEADING * bool(heading) for heading, _ in groups)
        self.sheet = Sheet(shape, head + body + AXIS + 4, lettering)
        self.edge, self.far = self.sheet.margin + 16, shape.width - self.sheet.margin
        self.left = self.edge - 10 if shape.narrow else self.edge + self.label_width + GAP
        self.right = self.far - 6 if shape.narrow else self.far - numbers - GAP
        self.sections: tuple[Section[Row], ...] = tuple(self._sections(groups))

    def _sections(self, groups: Sequence[tuple[str, Sequence[Row]]]) -> Iterator[Section[Row]]:
        y = self.sheet.top + self.head
        for heading, group in groups:
            if heading:
                self.sheet.text(self.edge - 16, y + 16, heading, size=self.shape.small, colour="muted")
                y += HEADING
            top, places = y, list[tuple[float, Row]]()
            for one in group:
                height = self._height(one)
                places.append((y + (height - 13 if self.shape.narrow else height / 2), one))
                y += height
            yield Section(top, y, tuple(places))

    def _height(self, row: Row) -> float:
        lines = len(self._lines_of(row.label))
        if self.shape.narrow:
            return STACKED_ROW + LINE * (lines - 1) + LINE * self._crowded(row.label, row.number)
        return max(ROW, 1.25 * self.shape.text * lines + 6)

    def _crowded(self, label: str, number: str) -> bool:
        """Whether the number has no room in the line where its label ends."""
        last = text_width(self._lines_of(label)[-1], self.shape.text)
        return last + text_width(number, self.shape.text, "bold") > self.label_width - GAP

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

    def ratio_axis(self, x: RatioAxis, guides: Sequence[float], write: Callable[[float, int], str]) -> None:
        """Draw an axis of ratios, with 1 and the dashed lines that marks are compared with; each has its label.

        The labels stand under the last section, and those of the guides above the first one too: a reader of the
        first rows of a long chart does not see its foot.
        """
        sheet, size = self.sheet, self.shape.small
        ticks = sorted({*x.ticks(5 if self.shape.narrow else 7), *guides})
        shown = labelled(x, ticks, written(ticks, write), guides, size)
        foot = self.sections[-1].bottom + PAD + 0.76 * size
        self._lines([x(tick) for tick, _, _ in shown], colour=palette.light()["grid"], width=0.8)
        self.guide(x(1.0))
        for tick, place, label in shown:
            guide = tick in guides
            sheet.text(place, foot, label, size=size, colour="fg" if guide else "muted", ha="center")
            if guide:
                self.guide(x(tick), dashed=True)
                sheet.text(place, sheet.top + 0.9 * size, label, size=size, ha="center")
        for low, high in x.breaks:
            self._broken((low + high) / 2)

    def _broken(self, x: float) -> None:
        """Two slanted strokes at the ends of the grid's lines: the axis goes on elsewhere."""
        if self.shape.narrow:
            ends = [y for section in self.sections for y, _ in section.places]
        else:
            ends = [end for section in self.sections for end in (section.top, section.bottom)]
        for y in ends:
            strokes = [[(x + aside - 3, y + 5), (x + aside + 3, y - 5)] for aside in (-2.5, 2.5)]
            self.sheet.stroke(*strokes, colour=palette.light()["muted"], width=1.1)

    def ends(self, low: str, high: str) -> None:
        """Write what lies to the left, and what to the right."""
        base, size = self.sheet.bottom - 4, self.shape.small
        self.sheet.text(self.left, base, f"← {low}", size=size, colour="muted")
        self.sheet.text(self.right, base, f"{high} →", size=size, colour="muted", ha="right")

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

    def label(self, y: float, label: str, number: str, look: Look | None) -> None:
        """Write a row's label and number; the mark before the label repeats the row's mark, where it has one."""
        size = self.shape.text
        if self.shape.narrow:
            lines = self._lines_of(label)
            above = y - 18 - LINE * (len(lines) - 1) - LINE * self._crowded(label, number)
            if look:
                self.sheet.mark(look, (self.edge - 8, above - 4))
            for index, line in enumerate(lines):
                self.sheet.label(self.edge, above + LINE * index, line)
            self.sheet.label(self.far, y - 18, number, weight="bold", ha="right")
            return
        if look:
            self.sheet.mark(look, (self.edge - 10, y))
        self.sheet.labels(self.edge, y, self._lines_of(label))
        self.sheet.label(self.far, y + 0.36 * size, number, weight="bold", ha="right")

    def _lines_of(self, label: str) -> list[str]:
        return wrapped_in(label, self.shape.text, self.label_width, MOST_LINES)


def _label_width(labels: Sequence[str], shape: Shape) -> float:
    """Width of the labels' column: narrow where they fit into three lines, else wider."""
    longest = max(text_width(label, shape.text) for label in labels)
    for share in LABEL_SHARES:
        width = min(longest, share * shape.width)
        if all(len(wrapped(label, shape.text, width)) <= 3 for label in labels):
            break
    word = max(text_width(word, shape.text) for label in labels for word in label.split(" "))
    return min(max(width, word), 0.5 * shape.width) + 2


class Key:
    """Rows under a chart: mark, name, numbers; the numbers below the name where there is no room beside it."""

    def __init__(self, shape: Shape, rows: Sequence[Spot | Curve | RoofMark]) -> None:
        self.shape, self.rows = shape, rows
        room = shape.width - 46
        widths = [text_width(one.label, shape.text) + text_width(one.number, shape.text) + 12 for one in rows]
        self.stacked = shape.narrow or max(widths) > room
        self.lines = [wrapped_in(one.label, shape.text, shape.width - 32, MOST_LINES) for one in rows]
        self.step = (32.0 if self.stacked else 18.0) + LINE * (max(map(len, self.lines)) - 1)
        self.height = self.step * len(rows) + 4

    def draw(self, sheet: Sheet, top: float) -> None:
        """Write them from here downwards."""
        for index, row in enumerate(self.rows):
            y = top + self.step * index + 8
            sheet.mark(row.look, (12, y))
            for line, text in enumerate(self.lines[index]):
                sheet.label(24, y + 3.5 + LINE * line, text)
            if self.stacked:
                below = y + 17 + LINE * (len(self.lines[index]) - 1)
                sheet.text(24, below, row.number, colour="muted", size=self.shape.small)
            else:
                sheet.label(self.shape.width - 14, y + 3.5, row.number, ha="right")
