"""Axes that are read at a glance: few ticks, at numbers that people say."""

from __future__ import annotations

import math
from collections.abc import Sequence

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0)


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
