"""What is known of a workload while it is being measured, and whether that is enough."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field

from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.definition import CONTROL
from generator.core.record import Block, StopReason, VariantRecord
from generator.measure.block import starts_slowly
from generator.measure.events import BlockFinished
from generator.measure.prepare import PreparedWorkload
from generator.measure.workload_run import WorkloadRun


@dataclass(slots=True)
class WorkloadState:
    """A workload of a run with what has been found of it so far."""

    prepared: PreparedWorkload
    limit_s: float | None = None
    """A person's own limit on its blocks."""

    variants: dict[str, VariantRecord] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    stopped: StopReason | None = None
    """Why no further block is measured; None while some are, and of a workload that nothing is measured of."""

    @property
    def asked(self) -> WorkloadRun:
        """What the run asks of it."""
        return self.prepared.asked

    @property
    def alive(self) -> list[str]:
        """Variants that go on taking part."""
        return [name for name, variant in self.variants.items() if not variant.failure]

    @property
    def turn(self) -> int:
        """Cycles of a turn; see `protocol.turn_cycles`."""
        return protocol.turn_cycles(self.prepared.record.timed_samples or 0)

    @property
    def starts_slowly(self) -> bool:
        """Whether its workers took so long to start that blocks are longer; told by the first block."""
        return bool(self.blocks) and starts_slowly([w.load_ns + w.first_call_ns for w in self.blocks[0].workers])

    def stop_reason(self) -> StopReason | None:
        """Why no further block should be measured; None where one should."""
        rules, baseline = self.asked.rules, self.asked.baseline
        if baseline not in self.alive or len(self.alive) < 2:
            return StopReason.FAILED
        kept = len(protocol.kept_blocks(self.blocks))
        # By the width and never by the verdict: whoever stops as soon as a difference shows finds one in the end.
        # Stopping at a fixed width nearly keeps the level (Chow and Robbins, Ann. Math. Statist. 36, 1965);
        # a few blocks that agree by luck would end a run too soon, hence the least number of them.
        if kept >= rules.least_blocks:
            widths = self._half_widths()
            if widths and max(widths.values()) < rules.goal_half_width:
                return StopReason.GOAL
            if kept >= rules.most_blocks:
                return StopReason.BLOCKS
            if self._spent_s >= self._budget_s:
                return StopReason.BUDGET
        elif kept >= 2 and self._spent_s >= self._tier_budget_s:
            return StopReason.BUDGET
        return None

    def told(self, block: Block) -> BlockFinished:
        """What there is to tell when a block, the newest, is done: how precise the run is, and how long it may last."""
        rules, widths = self.asked.rules, self._half_widths()
        kept = len(protocol.kept_blocks(self.blocks))
        # A half-width falls with the square root of the number of blocks.
        needed = kept * (max(widths.values()) / rules.goal_half_width) ** 2 if widths else rules.least_blocks
        needed = min(max(rules.least_blocks, math.ceil(needed)), rules.most_blocks)
        remaining = max(0, needed - kept) * statistics.fmean(one.duration_s for one in self.blocks)
        return BlockFinished(
            workload=block.workload,
            index=block.index,
            most=rules.most_blocks,
            disturbed=block.disturbed,
            half_widths=widths,
            goal=rules.goal_half_width,
            remaining_s=min(remaining, max(0.0, self._budget_s - self._spent_s)),
        )

    def _half_widths(self) -> dict[str, float]:
        """Half-width of the log ratio of each variant that takes part, and of the control."""
        widths, baseline = dict[str, float](), self.asked.baseline
        times = [block_times(block, self.turn) for block in protocol.kept_blocks(self.blocks)]
        for name in (*self.alive, CONTROL):
            values = [one.log_ratio(name, baseline, self.asked.statistic) for one in times]
            interval = protocol.log_interval([v for v in values if v is not None])
            if name != baseline and interval:
                widths[name] = interval.half_width
        return widths

    @property
    def _spent_s(self) -> float:
        return sum(block.duration_s for block in self.blocks)

    @property
    def _budget_s(self) -> float:
        return self._tier_budget_s if self.limit_s is None else min(self._tier_budget_s, self.limit_s)

    @property
    def _tier_budget_s(self) -> float:
        per_variant = self.asked.rules.slow_budget_s if self.starts_slowly else self.asked.rules.budget_s
        return per_variant * (len(self.alive) + 1)
