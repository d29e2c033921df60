"""Two variants of one run: the ratio of their latencies with its interval, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.core import protocol
from generator.core.block_times import BlockTimes
from generator.results.estimate import Estimate, ratio


class Verdict(StrEnum):
    """What the interval permits to say. "Equal" is not among it."""

    FASTER = "faster"
    SLOWER = "slower"
    NO_DIFFERENCE = "no_difference"
    """None shown, within the interval."""

    CANNOT_TELL = "cannot_tell"

    REACHED = "reached"
    """At least as much faster as was asked. This and the next answer a question that asks for a factor."""

    NOT_REACHED = "not_reached"
    """Not that much faster, whatever else can be said."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variant against another one of the same run."""

    variant: str
    against: str
    speedup: Estimate
    """against / variant, of what the scenario compares (`protocol.STATISTICS`): round medians, throughput, or rates
    served; above 1 is faster."""

    mean_speedup: Estimate
    """The same of round means: it shows the stalls that a median hides. Server: the same as `speedup`."""

    verdict: Verdict
    block_values: tuple[float, ...]
    """Speedup in each kept block, in their order."""

    asked: float | None = None
    """Factor that the question asks about; None where it asks for no number."""

    @property
    def answer(self) -> Verdict:
        """The verdict; of a question that asks for a factor, whether it is reached.

        "Twice as fast?" is answered by an interval that lies wholly on one side of 2: it may hold 1.
        """
        if self.asked is None or self.verdict is Verdict.SLOWER:
            return self.verdict
        if self.speedup.interval.high < self.asked:
            return Verdict.NOT_REACHED
        reached = self.verdict is Verdict.FASTER and self.speedup.interval.low >= self.asked
        return Verdict.REACHED if reached else Verdict.CANNOT_TELL


def compare(
    blocks: Sequence[BlockTimes],
    variant: str,
    against: str,
    comparisons: int = 1,
    statistic: str = "p50",
    asked: float | None = None,
) -> Comparison | None:
    """Compare two variants over the blocks that count.

    Args:
        blocks: times of the blocks of one workload of one run.
        variant: name of the one.
        against: name of the other.
        comparisons: how many verdicts are drawn from this run (Bonferroni); the interval shown stays at 95 %.
        statistic: what the ratio is of: see `protocol.STATISTICS`.
        asked: factor that the question asks about this pair.

    Returns:
        The comparison, or None when fewer than two blocks hold both.
    """
    kept = protocol.kept_blocks(blocks)
    medians, means = (
        [value for block in kept if (value := block.log_ratio(variant, against, one)) is not None]
        for one in (statistic, "rate" if statistic == "rate" else "mean")
    )
    shown, shown_mean = protocol.log_interval(medians), protocol.log_interval(means)
    strict = protocol.log_interval(medians, comparisons)
    if shown is None or shown_mean is None or strict is None:
        return None
    return Comparison(
        variant=variant,
        against=against,
        speedup=ratio(shown),
        mean_speedup=ratio(shown_mean),
        verdict=verdict(strict),
        block_values=tuple(math.exp(value) for value in medians),
        asked=asked,
    )


def verdict(interval: protocol.LogInterval) -> Verdict:
    """Judge a log ratio, above 0 being faster.

    Faster or slower: the interval excludes no change, and the effect exceeds 1 %. No difference: the whole interval
    lies within ±3 %. Anything else cannot be told.
    """
    low, high = interval.mean - interval.half_width, interval.mean + interval.half_width
    if low > 0 and interval.mean > protocol.SMALLEST_EFFECT:
        return Verdict.FASTER
    if high < 0 and interval.mean < -protocol.SMALLEST_EFFECT:
        return Verdict.SLOWER
    if math.log(1 - protocol.NO_DIFFERENCE) < low and high < math.log(1 + protocol.NO_DIFFERENCE):
        return Verdict.NO_DIFFERENCE
    return Verdict.CANNOT_TELL


def difference(ours: Estimate, theirs: Estimate) -> protocol.LogInterval:
    """Log of the ratio of two independent ratios: of two runs, or of two machines. Half-widths add in quadrature."""
    logs = [
        (math.log(one.point), (math.log(one.interval.high) - math.log(one.interval.low)) / 2) for one in (ours, theirs)
    ]
    return protocol.LogInterval(
        logs[0][0] - logs[1][0], math.hypot(logs[0][1], logs[1][1]), min(ours.count, theirs.count)
    )
