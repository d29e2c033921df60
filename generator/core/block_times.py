"""What a block's ratios are formed of, and its value: the only definition, for measuring, for results and for browsers.

The site's scripts have it a second time, in another language: site/theme/assets/js/statistics.js. Tests hold the two
together, number by number.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from generator.core.protocol import PAIR, round_statistic, served_rate, turn_cycles
from generator.core.record import Block, Record
from generator.core.token_times import token_statistics

Cycles = Mapping[int, float]
"""Latency in nanoseconds a sample, by cycle."""

_NO_RATES = MappingProxyType(dict[str, float]())
_NO_TOKENS = MappingProxyType(dict[str, Mapping[str, Cycles]]())


@dataclass(frozen=True, slots=True)
class BlockTimes:
    """A block without its raw latencies, some numbers a round: any two of its variants can be compared by them."""

    workload: str
    index: int
    disturbed: bool
    p50_ns: Mapping[str, Cycles]
    """Median latency of a sample in each round, by variant and cycle."""

    mean_ns: Mapping[str, Cycles]
    """The same of means."""

    rates: Mapping[str, float] = field(default_factory=lambda: _NO_RATES)
    """Server: highest rate, in queries per second, that each variant served; those that served none are not there."""

    turn: int = PAIR
    """Cycles of a turn: see `protocol.turn_cycles`."""

    token_ns: Mapping[str, Mapping[str, Cycles]] = field(default_factory=lambda: _NO_TOKENS)
    """Generated text: each of `token_times.TOKEN_STATISTICS` in each round, by its name, variant and cycle."""

    def log_ratio(self, variant: str, against: str, statistic: str = "p50") -> float | None:
        """The block's value: speedup of a variant, as log(against / variant); above 0 is faster.

        Median over turns of successive cycles, so that one slow cycle does not carry the block. Last cycles that make
        no whole turn count only where there is none.

        Args:
            variant: its name, or `control`.
            against: name of what it is compared with.
            statistic: "p50" or "mean" of a round's latencies per sample, "rate": the highest rate served, or one of
                `token_times.TOKEN_STATISTICS`.

        Returns:
            Log ratio, or None when no cycle holds both.
        """
        if statistic == "rate":
            ours, theirs = self.rates.get(variant), self.rates.get(against)
            return math.log(ours / theirs) if ours and theirs else None
        times = {"p50": self.p50_ns, "mean": self.mean_ns, **self.token_ns}.get(statistic, {})
        return _over_turns(times.get(variant, {}), times.get(against, {}), self.turn)


def _over_turns(ours: Cycles, theirs: Cycles, turn: int) -> float | None:
    # Logarithms, so that A over B and B over A are one finding with the sign turned; within a cycle first, so that what
    # slows both for a moment cancels.
    ratios = [math.log(theirs[cycle] / ours[cycle]) for cycle in sorted(ours.keys() & theirs.keys())]
    if not ratios:
        return None
    turns = [statistics.fmean(ratios[first : first + turn]) for first in range(0, len(ratios) - turn + 1, turn)]
    return statistics.median(turns or ratios)


def block_times(block: Block, turn: int = PAIR) -> BlockTimes:
    """Reduce a block to its times.

    Args:
        block: the block.
        turn: cycles of a turn in its workload; see `protocol.turn_cycles`.
    """
    p50_ns, mean_ns = dict[str, dict[int, float]](), dict[str, dict[int, float]]()
    token_ns = dict[str, dict[str, dict[int, float]]]()
    for one in block.rounds:
        p50_ns.setdefault(one.variant, {})[one.cycle] = round_statistic(one, "p50")
        mean_ns.setdefault(one.variant, {})[one.cycle] = round_statistic(one, "mean")
        for statistic, value in token_statistics(one).items():
            token_ns.setdefault(statistic, {}).setdefault(one.variant, {})[one.cycle] = value
    rates = {name: rate for name in p50_ns if (rate := served_rate(block, name))}
    return BlockTimes(block.workload, block.index, block.disturbed, p50_ns, mean_ns, rates, turn, token_ns)


def times_of(record: Record, workload: str | None = None) -> tuple[BlockTimes, ...]:
    """Times of the blocks of one workload; of all where none is named."""
    turns = {one.name: turn_cycles(one.timed_samples or 0) for one in record.workloads}
    wanted = (block for block in record.blocks if workload in (None, block.workload))
    return tuple(block_times(block, turns[block.workload]) for block in wanted)
