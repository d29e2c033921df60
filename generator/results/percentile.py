"""Latency percentiles that the number of queries permits, and MLPerf's early-stopping bound on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.core.protocol import PERCENTILES, early_stopping_discard


@dataclass(frozen=True, slots=True)
class Percentile:
    """One percentile of some latencies."""

    share: float
    """0.99 for the 99th percentile."""

    value_ns: int
    bound_ns: int
    """Upper bound by early stopping; confidence 99 %."""


def plain(latencies_ns: Sequence[int], share: float) -> int:
    """The percentile as MLPerf takes it: the value at floor(n * share) of the sorted latencies."""
    ordered = sorted(latencies_ns)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def percentiles(latencies_ns: Sequence[int]) -> tuple[Percentile, ...]:
    """All of `PERCENTILES` that so many latencies permit, lowest first."""
    ordered = sorted(latencies_ns)
    permitted = list[Percentile]()
    for share in PERCENTILES:
        t = early_stopping_discard(len(ordered), share)
        if t >= 1:
            permitted.append(Percentile(share, plain(ordered, share), ordered[len(ordered) - t]))
    return tuple(permitted)


def least_count(share: float) -> int:
    """Fewest queries that permit a percentile."""
    low, high = 1, 1
    while early_stopping_discard(high, share) < 1:
        low, high = high, high * 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if early_stopping_discard(middle, share) >= 1 else (middle, high)
    return high


def percentile_key(share: float) -> str:
    """Name of a percentile in files: "p99", "p99_9"."""
    return "p" + f"{100 * share:g}".replace(".", "_")
