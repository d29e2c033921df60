"""The measuring protocol's constants and its statistic: what both arms must agree on.

Measuring needs the statistic to know when to stop; analysis needs it to say what was found. It stands here once.
The reasons are on the site's method page; the experiments behind the numbers ran on a small shared machine.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scipy import stats

from generator.record import Block, Round, Tier

PROTOCOL_VERSION = 1
"""Raised when a change makes new results incomparable with old ones."""

CONFIDENCE = 0.95
"""Level of every interval that is published."""

SESSION_FLOOR = 0.005
"""What stays constant through one run, in log ratio; blocks of that run cannot see it."""

SMALLEST_EFFECT = math.log(1.01)
"""A difference below 1 % is not called one, however narrow its interval."""

NO_DIFFERENCE = 0.03
"""An interval within ±3 % of 1 is reported as "no difference shown"."""

WARM_UP_WINDOW_NS = 50_000_000
WARM_UP_WINDOW_QUERIES = 5
WARM_UP_GAIN = 0.05
"""Warm-up goes on while the best median of the last three windows is at least this much below the best before."""

WARM_UP_LEAST_QUERIES = 10
WARM_UP_LEAST_NS = 200_000_000
WARM_UP_MOST_NS = 10_000_000_000

ROUND_NS = 30_000_000
"""Length of a round; short, because the number of alternations decides the interval's width, not the time spent."""

UNCOUNTED_QUERIES = 3
"""Queries at a round's start that refill the caches and are not counted; and at least `UNCOUNTED_SHARE` of the
round, but no longer than the round itself."""

UNCOUNTED_SHARE = 0.03

SLOW_START_NS = 2_000_000_000
"""A variant whose start takes longer gets longer blocks, so that less of the time goes into starting."""

DISTURBED_FOREIGN_CORES = 0.5
DISTURBED_CPU_SHARE = 0.9
MOST_DISTURBED = 1 / 3
"""More disturbed blocks than this share: none is left out, and the run is called noisy."""


@dataclass(frozen=True, slots=True)
class TierRules:
    """How far a tier goes."""

    least_blocks: int
    most_blocks: int
    goal_half_width: float
    """Largest half-width of a variant's log ratio at which the run is precise enough."""

    block_ns: int
    """Time that each variant is measured in one block."""

    slow_block_ns: int
    """The same where starting a worker takes more than `SLOW_START_NS`."""

    budget_s: float
    """Time for each variant of a workload."""

    slow_budget_s: float


TIERS = MappingProxyType(
    {
        Tier.SMOKE: TierRules(2, 2, math.log(1.02), 200_000_000, 200_000_000, 20.0, 60.0),
        Tier.STANDARD: TierRules(6, 20, math.log(1.02), 1_200_000_000, 2_000_000_000, 60.0, 180.0),
        Tier.FULL: TierRules(20, 60, math.log(1.01), 1_200_000_000, 2_000_000_000, 600.0, 900.0),
    }
)
"""Rules of each tier."""


@dataclass(frozen=True, slots=True)
class LogInterval:
    """Mean of block values and its half-width, both in log ratio."""

    mean: float
    half_width: float
    blocks: int


def half_width(values: Sequence[float], comparisons: int = 1) -> float:
    """Half-width of the confidence interval over block values: Student's t, and the floor in quadrature.

    Args:
        values: one log ratio a block; at least 2.
        comparisons: how many verdicts are drawn from the same run (Bonferroni).

    Returns:
        Half-width in log ratio.
    """
    count = len(values)
    quantile = float(stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / comparisons, count - 1))
    return math.hypot(quantile * statistics.stdev(values) / math.sqrt(count), SESSION_FLOOR)


def log_interval(values: Sequence[float], comparisons: int = 1) -> LogInterval | None:
    """Mean and half-width of block values; None when there are fewer than two."""
    if len(values) < 2:
        return None
    return LogInterval(statistics.fmean(values), half_width(values, comparisons), len(values))


def block_value(block: Block, variant: str, baseline: str, statistic: str = "p50") -> float | None:
    """Speedup of a variant in one block, as log(baseline / variant): above 0 is faster.

    Median over pairs of successive cycles, so that one slow cycle does not carry the block. A last cycle without
    a partner counts only where it is the only one.

    Args:
        block: the block.
        variant: name of the variant, or `control`.
        baseline: name of what it is compared with.
        statistic: "p50" or "mean" of a round's latencies per sample.

    Returns:
        Log ratio, or None when no cycle holds both.
    """
    ours, theirs = _by_cycle(block, variant, statistic), _by_cycle(block, baseline, statistic)
    ratios = [math.log(theirs[cycle] / ours[cycle]) for cycle in sorted(ours.keys() & theirs.keys())]
    if not ratios:
        return None
    pairs = [(a + b) / 2 for a, b in zip(ratios[::2], ratios[1::2], strict=False)]
    return statistics.median(pairs or ratios)


def round_statistic(one: Round, statistic: str) -> float:
    """Median ("p50") or mean of a round's latencies, nanoseconds a sample."""
    centre = statistics.median if statistic == "p50" else statistics.fmean
    return centre(one.latencies_ns) / one.samples_per_query


def _by_cycle(block: Block, variant: str, statistic: str) -> dict[int, float]:
    return {one.cycle: round_statistic(one, statistic) for one in block.rounds if one.variant == variant}


def kept_blocks(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks that count: those not disturbed, or all of them when more than a third are."""
    return tuple(blocks) if is_noisy(blocks) else tuple(b for b in blocks if not b.disturbed)


def is_noisy(blocks: Sequence[Block]) -> bool:
    """Whether so many blocks are disturbed that none may be left out."""
    return sum(b.disturbed for b in blocks) > MOST_DISTURBED * len(blocks)
