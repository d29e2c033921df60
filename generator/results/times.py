"""A block without its raw latencies: what its ratios are formed of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from generator.core.protocol import PAIR, cycles_log_ratio, round_statistic, served_rate, turn_cycles
from generator.core.record import Block, Record


@dataclass(frozen=True, slots=True)
class BlockTimes:
    """Times of one block, some numbers a round; any two of its variants can be compared by them."""

    workload: str
    index: int
    disturbed: bool
    p50_ns: Mapping[str, Mapping[int, float]]
    """Median latency of a sample in each round, by variant and cycle."""

    mean_ns: Mapping[str, Mapping[int, float]]
    """The same of means."""

    rates: Mapping[str, float]
    """Server: highest rate, in queries per second, that each variant served; those that served none are not there."""

    turn: int = PAIR
    """Cycles of a turn: see `protocol.turn_cycles`."""

    def log_ratio(self, variant: str, against: str, statistic: str) -> float | None:
        """Speedup of a variant as log(against / variant): see `protocol.block_value`, whose values these are."""
        if statistic == "rate":
            ours, theirs = self.rates.get(variant), self.rates.get(against)
            return math.log(ours / theirs) if ours and theirs else None
        times = self.p50_ns if statistic == "p50" else self.mean_ns
        return cycles_log_ratio(times.get(variant, {}), times.get(against, {}), self.turn)


def block_times(block: Block, turn: int = PAIR) -> BlockTimes:
    """Reduce a block to its times.

    Args:
        block: the block.
        turn: cycles of a turn in its workload.
    """
    p50_ns, mean_ns = dict[str, dict[int, float]](), dict[str, dict[int, float]]()
    for one in block.rounds:
        p50_ns.setdefault(one.variant, {})[one.cycle] = round_statistic(one, "p50")
        mean_ns.setdefault(one.variant, {})[one.cycle] = round_statistic(one, "mean")
    rates = {name: rate for name in p50_ns if (rate := served_rate(block, name))}
    return BlockTimes(block.workload, block.index, block.disturbed, p50_ns, mean_ns, rates, turn)


def times_of(record: Record, workload: str | None = None) -> tuple[BlockTimes, ...]:
    """Times of the blocks of one workload; of all where none is named."""
    turns = {one.name: turn_cycles(one.timed_samples or 0) for one in record.workloads}
    wanted = (block for block in record.blocks if workload in (None, block.workload))
    return tuple(block_times(block, turns[block.workload]) for block in wanted)
