"""Numbers that never go without their interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from generator.core.protocol import CONFIDENCE, LogInterval, t_quantile


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Whether the value lies in it, its ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over the blocks of a run: median, smallest and largest. Not an interval: it moves between runs."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """A quantity that there is none of, and why."""

    key: str
    """Of the phrase that says why: "no-counter"."""

    detail: str = ""
    """What the record says of it, in English."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point, its confidence interval and what they rest on."""

    point: float
    interval: Interval
    count: int
    """Blocks or samples that it rests on."""

    level: float = CONFIDENCE


def ratio(interval: LogInterval) -> Estimate:
    """Turn a mean log ratio and its half-width into a ratio with its interval."""
    low, high = interval.mean - interval.half_width, interval.mean + interval.half_width
    return Estimate(math.exp(interval.mean), Interval(math.exp(low), math.exp(high)), interval.blocks)


def proportion(values: Sequence[float]) -> Estimate:
    """Share of ones among zeros and ones, with Wilson's score interval.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    hits, count = round(sum(values)), len(values)
    share, z = hits / count, float(special.ndtri(1 - (1 - CONFIDENCE) / 2))
    centre = (hits + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * math.sqrt(count * share * (1 - share) + z**2 / 4)
    # At the ends the formula gives 0 and 1 but for rounding.
    low, high = centre - half if hits else 0.0, centre + half if hits < count else 1.0
    return Estimate(share, Interval(low, high), count)


def mean(values: Sequence[float]) -> Estimate:
    """Mean with Student's t interval over samples; a single value has no interval but itself."""
    count, centre = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Estimate(centre, Interval(centre, centre), count)
    spread = math.sqrt(math.fsum((v - centre) ** 2 for v in values) / (count - 1) / count)
    half = t_quantile(count) * spread
    return Estimate(centre, Interval(centre - half, centre + half), count)


def spread(values: Sequence[float]) -> Spread:
    """Median, smallest and largest of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))
