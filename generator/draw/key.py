"""Rows under a chart: what its marks are called."""

from __future__ import annotations

from collections.abc import Sequence

from generator.draw.font import text_width
from generator.draw.picture import Curve, RoofMark, Spot
from generator.draw.sheet import Shape, Sheet, wrapped_in

MOST_LINES = 9

LINE = 13.0
"""Height of one more line of a name."""


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
