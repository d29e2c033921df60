"""A chart's axes: where values stand on the sheet, and few ticks, at numbers that people say."""

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


def ratio_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Ticks of a logarithmic axis of ratios: powers of two where they suffice, else finer ones; 1 among them."""
    span = math.log2(high / low)
    if span >= 1.5:
        for step in (1.0, 2.0, 3.0, 4.0):
            first, last = math.ceil(math.log2(low) / step), math.floor(math.log2(high) / step)
            if last - first < most:
                return [2.0 ** (step * k) for k in range(first, last + 1)]
    for share in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        ticks = linear_ticks(low, high, share)
        if len(ticks) <= min(most, 5):
            return ticks if len(ticks) > 1 else [1.0]
    return [1.0]


def linear_ticks(low: float, high: float, step: float) -> list[float]:
    """Multiples of a step between two ends."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def nice_step(low: float, high: float, most: int = 6) -> float:
    """Step of 1, 2 or 5 times a power of ten that gives at most so many ticks."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    return next(s * power for s in (1, 2, 5, 10) if s * power >= raw)


def value_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Ticks of a logarithmic axis of positive values: 1-2-5 where they suffice, else finer."""
    for steps in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        ticks = _decade_ticks(low, high, steps)
        if 3 <= len(ticks) <= most:
            return ticks
    return linear_ticks(low, high, nice_step(low, high, most)) if high / low < 10 else ticks[:: len(ticks) // most + 1]


def padded(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Ends of a logarithmic axis that leave some room around the values."""
    low, high = math.log(min(values)), math.log(max(values))
    room = max((high - low) * share, 0.01)
    return math.exp(low - room), math.exp(high + room)


def widened(values: Sequence[float], share: float = 0.08) -> tuple[float, float]:
    """Ends of a linear axis that leave some room around the values."""
    room = max((max(values) - min(values)) * share, 1e-9)
    return min(values) - room, max(values) + room


def around(low: float, high: float) -> tuple[float, float]:
    """Widen the ends of a ratio axis to the next power of two where that is near, so that a tick stands there."""
    room = math.log2(high / low)
    if room < 1.5:
        return low, high
    down, up = math.floor(math.log2(low)), math.ceil(math.log2(high))
    return (
        2.0 ** (down - 0.04 * room) if math.log2(low) - down < 0.35 * room else low,
        2.0 ** (up + 0.04 * room) if up - math.log2(high) < 0.2 * room else high,
    )


def _decade_ticks(low: float, high: float, steps: Sequence[float]) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    return [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
