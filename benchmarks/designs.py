"""Ways to compare two programs: ours and what most of the field does, each from blocks to an interval of the log ratio.

A design never sees more than a person who used it would have had; all of them are given the same machine.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy import stats

from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.record import Block, Round, Tier

RULES = protocol.TIERS[Tier.STANDARD]
BOOTSTRAP_ROUNDS = 10
BOOTSTRAP_DRAWS = 1000
PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """A 95 % interval of log(baseline / variant), and what the truth is."""

    estimate: float
    low: float
    high: float
    truth: float

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high

    @property
    def half_width(self) -> float:
        """In log ratio, that is nearly a share."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Two participants whose ratio is known."""

    variant: str
    baseline: str
    truth: float
    """log(latency of the baseline / latency of the variant)."""


def has_ended(blocks: Sequence[Block], pairs: Sequence[Pair]) -> bool:
    """Whether a standard run would measure no further block: the method's rule 7, without the budget of time."""
    kept = protocol.kept_blocks(blocks)
    if len(kept) < RULES.least_blocks:
        return False
    if len(kept) >= RULES.most_blocks:
        return True
    widths = [protocol.half_width(_values(kept, pair)) for pair in pairs]
    return max(widths) < RULES.goal_half_width


def ours(blocks: Sequence[Block], pair: Pair) -> Outcome:
    """Fresh workers a block, interleaved rounds, Student's t over blocks, and the floor."""
    values = _values(protocol.kept_blocks(blocks), pair)
    return _symmetric(statistics.fmean(values), protocol.half_width(values), pair)


def t_over_samples(sequential: Block, pair: Pair) -> Outcome:
    """All of A, then all of B; Welch's t over single latencies, as if they were independent."""
    theirs, our = (_latencies(sequential, name) for name in (pair.baseline, pair.variant))
    return _welch([math.log(ns) for ns in theirs], [math.log(ns) for ns in our], pair)


def t_over_rounds(sequential: Block, pair: Pair) -> Outcome:
    """All of A, then all of B; Welch's t over the medians of rounds."""
    theirs, our = (_medians(sequential, name) for name in (pair.baseline, pair.variant))
    return _welch(theirs, our, pair)


def bootstrap_over_rounds(interleaved: Block, pair: Pair, chance: random.Random) -> Outcome:
    """Rounds in turns within one block; percentiles of a bootstrap over the first ten pairs of rounds."""
    theirs, our = (_medians(interleaved, name)[:BOOTSTRAP_ROUNDS] for name in (pair.baseline, pair.variant))
    ratios = [a - b for a, b in zip(theirs, our, strict=True)]
    count = len(ratios)
    means = sorted(statistics.fmean(chance.choices(ratios, k=count)) for _ in range(BOOTSTRAP_DRAWS))
    low, high = means[round(0.025 * BOOTSTRAP_DRAWS)], means[round(0.975 * BOOTSTRAP_DRAWS) - 1]
    return Outcome(statistics.fmean(ratios), low, high, pair.truth)


def t_over_processes(blocks: Sequence[Block], pair: Pair) -> Outcome:
    """One fresh process a measurement, A and B in turns; Welch's t over the processes' medians."""
    theirs = [_process_median(block, pair.baseline) for block in blocks[::2]]
    return _welch(theirs, [_process_median(block, pair.variant) for block in blocks[1::2]], pair)


def bootstrap_over_processes(blocks: Sequence[Block], pair: Pair, chance: random.Random) -> Outcome:
    """The same processes; percentiles of a bootstrap."""
    theirs = [_process_median(block, pair.baseline) for block in blocks[::2]]
    our = [_process_median(block, pair.variant) for block in blocks[1::2]]
    draws = sorted(
        statistics.fmean(chance.choices(theirs, k=len(theirs))) - statistics.fmean(chance.choices(our, k=len(our)))
        for _ in range(BOOTSTRAP_DRAWS)
    )
    low, high = draws[round(0.025 * BOOTSTRAP_DRAWS)], draws[round(0.975 * BOOTSTRAP_DRAWS) - 1]
    return Outcome(statistics.fmean(theirs) - statistics.fmean(our), low, high, pair.truth)


def _values(blocks: Sequence[Block], pair: Pair) -> list[float]:
    values = (block_times(block).log_ratio(pair.variant, pair.baseline) for block in blocks)
    return [value for value in values if value is not None]


def _rounds(block: Block, name: str) -> list[Round]:
    return sorted((one for one in block.rounds if one.variant == name), key=lambda one: one.cycle)


def _medians(block: Block, name: str) -> list[float]:
    return [math.log(statistics.median(one.latencies_ns)) for one in _rounds(block, name)]


def _latencies(block: Block, name: str) -> list[int]:
    return [ns for one in _rounds(block, name) for ns in one.latencies_ns]


def _process_median(block: Block, name: str) -> float:
    return math.log(statistics.median(_latencies(block, name)))


def _welch(theirs: Sequence[float], our: Sequence[float], pair: Pair) -> Outcome:
    errors = [statistics.variance(values) / len(values) for values in (theirs, our)]
    total = sum(errors)
    degrees = total**2 / sum(e**2 / (len(v) - 1) for e, v in zip(errors, (theirs, our), strict=True))
    half = float(stats.t.ppf(0.975, degrees)) * math.sqrt(total)
    return _symmetric(statistics.fmean(theirs) - statistics.fmean(our), half, pair)


def _symmetric(estimate: float, half: float, pair: Pair) -> Outcome:
    return Outcome(estimate, estimate - half, estimate + half, pair.truth)


Design = Callable[[Sequence[Block], Pair], Outcome]
