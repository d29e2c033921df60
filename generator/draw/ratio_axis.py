"""The axis of ratios: broken where nothing stands for long, and every line that marks are compared with is labelled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from generator.draw.axes import Scale, around, padded, ratio_ticks
from generator.draw.font import text_width

EMPTY = 4.0
"""A stretch of the axis as long as this factor, with nothing on it, is left out."""

LONG = 64.0
"""Axes that reach over a smaller factor are drawn whole."""

GAP = 18.0
"""Points that the break takes."""

LEAST_PART = 0.16
"""Of the axis that what lies beyond the break gets at least."""


@dataclass(frozen=True, slots=True)
class RatioAxis:
    """A logarithmic axis of one part, or of two with a break between them."""

    parts: tuple[Scale, ...]

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        part = next((one for one in self.parts if value <= one.high), self.parts[-1])
        return part(value)

    @property
    def breaks(self) -> tuple[tuple[float, float], ...]:
        """Ends of the gap between the parts; none where the axis is whole."""
        return tuple((one.end, other.start) for one, other in pairwise(self.parts))

    def ticks(self, most: int) -> list[float]:
        """Round values in each part; beyond the break two at most."""
        first, *others = self.parts
        return ratio_ticks(first.low, first.high, most) + [tick for one in others for tick in _far_ticks(one)]


def ratio_axis(spans: Sequence[tuple[float, float]], guides: Sequence[float], left: float, right: float) -> RatioAxis:
    """Make the axis for these intervals.

    Args:
        spans: from where to where something is drawn; equal ends for a point.
        guides: values that have to be on the axis.
        left: where it begins, points.
        right: where it ends.
    """
    everything = sorted([*spans, *((one, one) for one in (1.0, *guides))])
    low, high = everything[0][0], max(end for _, end in everything)
    broken = _break(everything, max([1.0, *guides])) if high / low >= LONG else None
    if broken is None:
        return RatioAxis((Scale(*around(*padded([low, high])), left, right),))
    near, far = padded([low, broken[0]]), padded([broken[1], high], 0.2)
    lengths = [math.log(one[1] / one[0]) for one in (near, far)]
    share = max(LEAST_PART, lengths[1] / sum(lengths))
    middle = right - share * (right - left)
    return RatioAxis((Scale(*near, left, middle - GAP / 2), Scale(*far, middle + GAP / 2, right)))


def _break(spans: Sequence[tuple[float, float]], least: float) -> tuple[float, float] | None:
    """The longest empty stretch above `least`, where it is long enough."""
    reached, found = list[float](), list[tuple[float, float]]()
    for low, high in spans:
        if reached and low > reached[-1] >= least:
            found.append((reached[-1], low))
        reached.append(max([high, *reached[-1:]]))
    longest = max(found, key=lambda one: one[1] / one[0], default=(1.0, 1.0))
    return longest if longest[1] / longest[0] >= EMPTY else None


def _far_ticks(scale: Scale) -> list[float]:
    """Values of one or two digits that people say: 100, 300; the lowest and the highest of them."""
    decades = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    found = [step * 10.0**one for one in decades for step in (1.0, 2.0, 3.0, 5.0)]
    inside = [one for one in found if scale.low <= one <= scale.high]
    return list(dict.fromkeys([*inside[:1], *inside[-1:]]))


def labelled(
    x: RatioAxis, ticks: Sequence[float], labels: Sequence[str], guides: Sequence[float], size: float
) -> list[tuple[float, float, str]]:
    """Ticks that are labelled: value, where its label's middle stands, label.

    Guides always are, and so is 1; where their labels would touch, they move apart. Other ticks have one where there
    is room.
    """
    halves = {tick: text_width(label, size) / 2 + 3 for tick, label in zip(ticks, labels, strict=True)}
    words = dict(zip(ticks, labels, strict=True))
    first = [one for one in sorted({1.0, *guides}) if one in words]
    places = dict(zip(first, _apart([x(one) for one in first], [halves[one] for one in first]), strict=True))
    for tick in ticks:
        place = x(tick)
        if tick not in places and all(abs(place - at) >= halves[tick] + halves[one] for one, at in places.items()):
            places[tick] = place
    return [(tick, places[tick], words[tick]) for tick in sorted(places)]


def _apart(places: Sequence[float], halves: Sequence[float]) -> list[float]:
    """Move neighbours apart, each by as much, until none touches another."""
    moved = list(places)
    for _ in range(100):
        close = False
        for index in range(len(moved) - 1):
            lacking = halves[index] + halves[index + 1] - (moved[index + 1] - moved[index])
            if lacking > 0.01:
                close = True
                moved[index] -= lacking / 2
                moved[index + 1] += lacking / 2
        if not close:
            break
    return moved


def written(ticks: Sequence[float], write: Callable[[float, int], str]) -> list[str]:
    """Ticks as text: alike where they are evenly spaced, with as few decimals as needed on doubling scales."""
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    most = max(map(_needed, ticks))
    return [write(tick, most if len(steps) == 1 else _needed(tick)) for tick in ticks]


def _needed(value: float) -> int:
    return next((d for d in range(6) if abs(round(value, d) - value) < 1e-9 * max(1.0, abs(value))), 6)
