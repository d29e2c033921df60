"""A ladder: variants of which each changes something in the one before, and what each change brought.

All steps are of one run, so that the whole way up is measured as one ratio and not multiplied together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.core.block_times import BlockTimes
from generator.results.comparison import Comparison, Verdict, compare


@dataclass(frozen=True, slots=True)
class Step:
    """One step up."""

    variant: str
    step: Comparison
    """Against the step before it, or the last one before it that was timed."""

    total: Comparison
    """Against the foot of the ladder."""

    share: float | None
    """Of the logarithm of the whole way's factor, so that the shares add up to 1, backward steps being below 0; None
    where the top is not shown to be faster than the foot."""


def ladder(blocks: Sequence[BlockTimes], steps: Sequence[str], statistic: str) -> tuple[Step, ...]:
    """Compare every step with the one before it and with the foot.

    Args:
        blocks: times of the blocks of one workload of one run.
        steps: names of variants, the foot first.
        statistic: what the ratios are of: see `protocol.STATISTICS`.

    Returns:
        The steps that were timed, without the foot; nothing where the foot was not timed.
    """
    found = list(_compared(blocks, steps, statistic))
    if not found:
        return ()
    top = found[-1][1]
    whole = math.log(top.speedup.point) if top.verdict is Verdict.FASTER else None
    return tuple(
        Step(step.variant, step, total, math.log(step.speedup.point) / whole if whole else None)
        for step, total in found
    )


def _compared(
    blocks: Sequence[BlockTimes], steps: Sequence[str], statistic: str
) -> Iterator[tuple[Comparison, Comparison]]:
    """Every step against the one before it, and against the foot."""
    before, count = steps[:1], max(1, len(steps) - 1)
    for name in steps[1:]:
        total = compare(blocks, name, steps[0], count, statistic)
        step = compare(blocks, name, before[0], count, statistic)
        if total and step:
            yield step, total
            before = [name]
