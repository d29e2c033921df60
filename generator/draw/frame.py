"""A chart's frame: where values stand on the sheet, with ticks and their lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.draw import palette
from generator.draw.font import text_width
from generator.draw.ink import Place
from generator.draw.sheet import Sheet

PAD = 4.0
"""Room between an axis and its labels."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: values and where they stand."""

    low: float
    high: float
    start: float
    """Where the lowest value stands, points on the sheet."""

    end: float
    linear: bool = False
    """Or logarithmic."""

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        low, high = self.low, self.high
        if not self.linear:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Frame:
    """Two axes."""

    sheet: Sheet
    x: Scale
    y: Scale

    def place(self, x: float, y: float) -> Place:
        """Where two values stand."""
        return self.x(x), self.y(y)

    def x_labels(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Write labels below the frame."""
        below(self.sheet, self.x, ticks, self.y.start)

    def y_labels(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Write labels to the left of the frame."""
        size = self.sheet.shape.small
        for tick, label in ticks:
            y = self.y(tick) + 0.38 * size
            self.sheet.text(self.x.start - PAD, y, label, size=size, colour="muted", ha="right")

    def grid(self, xs: Iterable[float], ys: Iterable[float]) -> None:
        """Draw lines through the frame at these values."""
        upright = [[(self.x(x), self.y.start), (self.x(x), self.y.end)] for x in xs]
        level = [[(self.x.start, self.y(y)), (self.x.end, self.y(y))] for y in ys]
        self.sheet.stroke(*upright, *level, colour=palette.light()["grid"], width=0.8)


def below(sheet: Sheet, x: Scale, ticks: Sequence[tuple[float, str]], bottom: float) -> None:
    """Write the labels of ticks below an axis."""
    size = sheet.shape.small
    for tick, label in ticks:
        sheet.text(x(tick), bottom + PAD + 0.76 * size, label, size=size, colour="muted", ha="center")


def with_room(
    x: Scale, ticks: Sequence[float], labels: Sequence[str], size: float, first: Sequence[float] = (0, 1)
) -> list[tuple[float, str]]:
    """Ticks whose labels do not touch one another; those named `first`, where they are, come first."""
    places = [x(tick) for tick in ticks]
    halves = [text_width(label, size) / 2 + 3 for label in labels]
    kept = list[int]()
    for index in sorted(range(len(ticks)), key=lambda i: (ticks[i] not in first, i)):
        if all(abs(places[index] - places[other]) >= halves[index] + halves[other] for other in kept):
            kept.append(index)
    return [(ticks[index], labels[index]) for index in sorted(kept)]
