"""The measuring protocol's constants and its statistic: what both arms must agree on.

Measuring needs the statistic to know when to stop; analysis needs it to say what was found. It stands here once.
The reasons are on the site's method page; the experiments behind the numbers ran on a small shared machine.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol, TypeVar

from scipy import special  # not scipy.stats, which takes most of a second to load

from generator.core.definition import Part, Precision, Scenario
from generator.core.record import Block, Round, Tier

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
"""A query that takes as long is a window by itself, and four such queries are enough: workers are warm by the
second one (`benchmarks/slow_queries.py`)."""

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

REFILLING_NS = 100_000_000
"""A query that takes as long needs none before it: it refills the caches in its first moments, and the first of a turn
takes as long as the others (`benchmarks/slow_queries.py`)."""

MOST_KEPT = 50
"""Latencies that a round keeps at most. A query of 20 µs runs 1,500 times in a round; all of them are timed, and every
thirtieth is kept, so that a record of fast queries stays readable. How many there were is kept with them. The median
of fifty is known to well under what one block differs from the next."""

MULTI_STREAM_SAMPLES = 8
"""Samples of one multi-stream query (MLPerf's number)."""

BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Batch sizes among which an offline variant's best is sought; the search ends when two in a row bring nothing."""

EARLY_STOPPING_CONFIDENCE = 0.99
"""MLPerf's c: a percentile lies below its bound with this confidence (its tolerance d is 0)."""

PERCENTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
"""Percentiles that are looked at, lowest first; a run shows those that its number of queries permits."""

SERVER_PERCENTILE = 0.99
SERVER_QUERIES = 700
"""Queries of one server test: enough for the early-stopping bound on p99, which needs 662."""

SERVER_CONFIRMATIONS = 3
"""Tests that a rate must mostly pass to count; one passed test may be luck."""

SERVER_STEP = 0.03
"""Relative width at which the search for the highest rate ends."""

ANSWERING_WORKERS = 4
"""Workers that answer one variant's samples side by side, at most: each has the model and all samples in memory."""

AUDIT_PAIRS = 10
"""Rounds of one repeated sample, and of all samples in turn, that an audit compares."""

AUDIT_LEAST_PAIRS = 3
AUDIT_LONG_NS = 1_000_000_000
"""Once an audit has taken so long, the least pairs are enough: its rounds are long then, and their medians steady."""

AUDIT_TOLERANCE = 1e-3
"""Largest difference of an output, over the largest output, at which two answers are the same."""

AUDIT_BATCH_TOLERANCES: Mapping[Precision, float] = MappingProxyType(
    {Precision.TF32: 1e-2, Precision.BF16: 5e-2, Precision.FP16: 1e-2}
)
"""The same for a sample in a batch in formats of few digits: a library may add up in another order there, and each
layer rounds what the one before has rounded. Not for whole numbers: those add up to the same in any order."""

AUDIT_GAIN = 0.10
"""A repeated sample that is answered this much faster than varied ones suggests that answers are cached."""

STATISTICS: Mapping[Scenario, str] = MappingProxyType(
    {
        Scenario.SINGLE_STREAM: "p50",
        Scenario.MULTI_STREAM: "p50",
        Scenario.OFFLINE: "mean",
        Scenario.SERVER: "rate",
    }
)
"""What a block's ratio is a ratio of: round medians, round means (that is throughput), or the highest rate served."""

SLOW_START_NS = 2_000_000_000
"""A variant whose start takes longer gets longer blocks, so that less of the time goes into starting."""

DISTURBED_FOREIGN_CORES = 0.5
DISTURBED_CPU_SHARE = 0.9
MOST_DISTURBED = 1 / 3
"""More disturbed blocks than this share: none is left out, and the run is called noisy."""


def audit_tolerance(precision: Precision) -> float:
    """Largest difference, over the largest output, at which an answer is the same in a batch as alone."""
    return AUDIT_BATCH_TOLERANCES.get(precision, AUDIT_TOLERANCE)


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

    def measured_ns(self, slow: bool) -> int:
        """Time that each variant is measured in one block, where starting a worker takes so long or not."""
        return self.slow_block_ns if slow else self.block_ns


CORE_BLOCK_SHARE = 1 / 4
"""Length of a block of the core suite over that of any other, so that all of it ends within ten minutes. It costs
a quarter of precision and not half, for most of what blocks differ by lies between fresh processes: see
`benchmarks/shorter_blocks.py`."""

LEAST_CYCLES = 3
"""Cycles of a block at least, however long the queries; made up to whole turns, so 4 where a turn is a pair."""

PAIR, LONGEST_TURN = 2, 4
"""Cycles of a turn: see `turn_cycles`."""

TIERS = MappingProxyType(
    {
        Tier.SMOKE: TierRules(2, 2, math.log(1.02), 200_000_000, 200_000_000, 20.0, 60.0),
        Tier.STANDARD: TierRules(6, 20, math.log(1.02), 1_200_000_000, 2_000_000_000, 60.0, 180.0),
        Tier.FULL: TierRules(20, 60, math.log(1.01), 1_200_000_000, 2_000_000_000, 600.0, 900.0),
    }
)
"""Rules of each tier, for all of a measurement."""


def rules_of(tier: Tier, part: Part) -> TierRules:
    """Rules of a run: those of its tier, with shorter blocks where it is of the core suite."""
    rules = TIERS[tier]
    if not part.core:
        return rules
    return replace(
        rules,
        block_ns=round(rules.block_ns * CORE_BLOCK_SHARE),
        slow_block_ns=round(rules.slow_block_ns * CORE_BLOCK_SHARE),
    )


class Judged(Protocol):
    """A block, whole or reduced to its times, that the health rules have judged."""

    @property
    def disturbed(self) -> bool:
        """Whether it should be repeated."""


_Judged = TypeVar("_Judged", bound=Judged)


@dataclass(frozen=True, slots=True)
class LogInterval:
    """Mean of block values and its half-width, both in log ratio."""

    mean: float
    half_width: float
    blocks: int


def t_quantile(count: int, comparisons: int = 1) -> float:
    """Student's quantile of the two-sided interval of a mean.

    Args:
        count: values that the mean is of; at least 2.
        comparisons: how many verdicts are drawn from the same run (Bonferroni).
    """
    return float(special.stdtrit(count - 1, 1 - (1 - CONFIDENCE) / 2 / comparisons))


def half_width(values: Sequence[float], comparisons: int = 1) -> float:
    """Half-width of the confidence interval over block values: Student's t, and the floor in quadrature.

    Args:
        values: one log ratio a block; at least 2.
        comparisons: how many verdicts are drawn from the same run (Bonferroni).

    Returns:
        Half-width in log ratio.
    """
    count = len(values)
    # Student's t over fresh starts, and not over rounds or queries: those of one start share its memory layout and its
    # neighbours, and an interval over them misses the truth far more often than it promises: `benchmarks/validity.py`
    # counts it. The floor is added as variances are, for what it stands for varies independently of the blocks.
    return math.hypot(t_quantile(count, comparisons) * statistics.stdev(values) / math.sqrt(count), SESSION_FLOOR)


def log_interval(values: Sequence[float], comparisons: int = 1) -> LogInterval | None:
    """Mean and half-width of block values; None when there are fewer than two."""
    if len(values) < 2:
        return None
    return LogInterval(statistics.fmean(values), half_width(values, comparisons), len(values))


def turn_cycles(timed_samples: int) -> int:
    """Successive cycles that count as one, by how many samples are timed: as many as ask each of a few samples once.

    A cycle of long queries asks one sample, and one sample may gain by a variant what another loses. Over pairs of
    cycles the median of three such samples is that of the pairs they happen to form, and no mean of theirs. Where
    there are more samples than `LONGEST_TURN`, or one, a turn is a pair.
    """
    return timed_samples if PAIR <= timed_samples <= LONGEST_TURN else PAIR


def round_statistic(one: Round, statistic: str) -> float:
    """Median ("p50") or mean of a round's latencies, nanoseconds a sample."""
    centre = statistics.median if statistic == "p50" else statistics.fmean
    return centre(one.latencies_ns) / one.samples_per_query


@lru_cache(maxsize=4096)
def early_stopping_discard(count: int, share: float) -> int:
    """How many of `count` sorted latencies, counted from the largest, reach down to the early-stopping bound.

    Returns:
        Largest t with BinomCDF(t; count, 1 - share) <= 1 - 0.99; below 1 the count does not permit the percentile.

    Source: MLPerf Inference rules, "early stopping criterion", with d = 0.
    """
    tolerated = 1 - EARLY_STOPPING_CONFIDENCE
    return bisect.bisect_right(range(count + 1), tolerated, key=lambda t: float(special.bdtr(t, count, 1 - share))) - 1


def percentile_bound_ns(latencies_ns: Sequence[int], share: float) -> int | None:
    """Upper bound of a percentile by early stopping, 99 % sure; None when so few latencies do not permit it."""
    t = early_stopping_discard(len(latencies_ns), share)
    return sorted(latencies_ns)[len(latencies_ns) - t] if t >= 1 else None


def passes(test: Round, latency_bound_ns: int) -> bool:
    """Whether a server test keeps its bound: the early-stopping bound on p99 is not above it."""
    bound = percentile_bound_ns(test.latencies_ns, SERVER_PERCENTILE)
    return bound is not None and bound <= latency_bound_ns


def served_rate(block: Block, variant: str) -> float | None:
    """Highest rate, in queries per second, of which most of at least `SERVER_CONFIRMATIONS` tests pass.

    Returns:
        The rate, or None when the block has no server tests of the variant or no rate was served.
    """
    bound_ns = block.latency_bound_ns
    outcomes: dict[float, list[bool]] = {}
    for one in block.rounds:
        if one.variant == variant and one.offered_per_second and bound_ns:
            outcomes.setdefault(one.offered_per_second, []).append(passes(one, bound_ns))
    served = [rate for rate, passed in outcomes.items() if len(passed) >= SERVER_CONFIRMATIONS and holds(passed)]
    return max(served, default=None)


def holds(passed: Sequence[bool]) -> bool:
    """Whether more than half of a rate's tests passed."""
    return sum(passed) * 2 > len(passed)


def kept_blocks(blocks: Sequence[_Judged]) -> tuple[_Judged, ...]:
    """Blocks that count: those not disturbed, or all of them when more than a third are."""
    return tuple(blocks) if is_noisy(blocks) else tuple(b for b in blocks if not b.disturbed)


def is_noisy(blocks: Sequence[Judged]) -> bool:
    """Whether so many blocks are disturbed that none may be left out."""
    return sum(b.disturbed for b in blocks) > MOST_DISTURBED * len(blocks)
