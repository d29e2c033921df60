"""What shapes and colours mean: marks and words in rows under a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.draw.font import text_width
from generator.draw.picture import Entry

LINE = 16.0
"""Height of a row."""

_MARK, _GAP = 13.0, 14.0


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry, and where it stands: its left end, and its row."""

    entry: Entry
    x: float
    row: int


def placed(entries: Sequence[Entry], width: float, size: float) -> list[Placed]:
    """Place entries beside one another as long as there is room, then in the next row."""
    found, x, row = list[Placed](), 0.0, 0
    for entry in entries:
        wide = _MARK + text_width(entry[1], size)
        if x and x + wide > width:
            x, row = 0.0, row + 1
        found.append(Placed(entry, x, row))
        x += wide + _GAP
    return found


def height(entries: Sequence[Placed]) -> float:
    """Height of all rows; none where there is no entry."""
    return LINE * (entries[-1].row + 1) if entries else 0.0
