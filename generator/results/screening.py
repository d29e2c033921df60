"""What two short blocks are enough for: to drop what is hopeless, and to say so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from generator.results.findings import VariantFindings, WorkloadFindings
from generator.results.quality import Gate

HOPELESS = math.log(1.5)
"""A variant that took half as long again as the best in both blocks: blocks of one run differ by a few percent."""

BLOCKS = 6
"""Blocks that a run of the tier standard measures at least."""


PAIR = 2
"""So many variants are a comparison."""


class Reason(StrEnum):
    """Why a variant takes no further part."""

    FAILED = "failed"
    SLOW = "slow"
    """In both blocks it took half as long again as the best."""

    NO_GAIN = "no-gain"
    """In both blocks it was slower than one that keeps the quality, which it does not."""

    TIME = "time"
    """It is one of the slower ones, and there was no time for all."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A variant that is not measured further."""

    variant: str
    reason: Reason
    times: float | None
    """Time over that of the best, in two short blocks; None where it was not timed."""

    detail: str = ""
    """What went wrong, in English."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What is measured further, the baseline first, and what is not."""

    kept: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    block_s: float
    """What a block of what is kept takes, by the time that its workers took to start."""


def screened(found: WorkloadFindings, costs_s: Mapping[str, float], left_s: float) -> Screening:
    """Choose what to go on with.

    Args:
        found: of a run of two short blocks.
        costs_s: what a full block of each variant takes.
        left_s: time for all blocks.
    """
    baseline, dropped = found.baseline.variant.name, list[Dropped]()
    timed = [one for one in found.variants if one.latency and one.against_baseline]
    speeds = {baseline: (0.0, 0.0)} | {one.variant.name: _speed(one) for one in timed}
    sound = {one.variant.name for one in found.variants if one.gate is Gate.PASSED and one.variant.name in speeds}
    best = max(sound or {baseline}, key=lambda name: sum(speeds[name]))
    for one in found.variants:
        name = one.variant.name
        if name == baseline:
            continue
        if name not in speeds:
            detail = one.record.failure.message if one.record.failure else ""
            dropped.append(Dropped(name, Reason.FAILED, None, detail))
            continue
        behind = [theirs - ours for ours, theirs in zip(speeds[name], speeds[best], strict=True)]
        times = math.exp(sum(behind) / len(behind))
        if min(behind) > HOPELESS:
            dropped.append(Dropped(name, Reason.SLOW, times))
        elif name not in sound and min(behind) > 0:
            dropped.append(Dropped(name, Reason.NO_GAIN, times))
    gone = {one.variant for one in dropped}
    kept = [name for name in speeds if name not in gone]
    # The slowest go first when there is no time for the least number of blocks of all; a pair stays in any case.
    removable = sorted((name for name in kept if name not in (baseline, best)), key=lambda name: sum(speeds[name]))
    while removable and len(kept) > PAIR and BLOCKS * _block_s(kept, costs_s, baseline) > left_s:
        name = removable.pop(0)
        kept.remove(name)
        times = math.exp((sum(speeds[best]) - sum(speeds[name])) / 2)
        dropped.append(Dropped(name, Reason.TIME, times))
    return Screening(tuple(kept), tuple(dropped), _block_s(kept, costs_s, baseline))


def _block_s(kept: list[str], costs_s: Mapping[str, float], baseline: str) -> float:
    """The baseline takes part twice."""
    return sum(costs_s.get(name, 0.0) for name in kept) + costs_s.get(baseline, 0.0)


def _speed(one: VariantFindings) -> tuple[float, float]:
    """Log speed against the baseline in the first and the last block."""
    values = one.against_baseline.block_values if one.against_baseline else (1.0,)
    return math.log(values[0]), math.log(values[-1])
