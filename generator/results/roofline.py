"""The roofline: how much of what the machine can do a variant gets, and which side bounds it.

Attainable FLOP/s are the smaller of the compute ceiling of the variant's number format and of bandwidth times
arithmetic intensity. Source: Williams, Waterman, Patterson, "Roofline: an insightful visual performance model for
multicore architectures", CACM 52 (2009).

Both sides are upper bounds: bytes are the least that must move, and bandwidth is the best that was measured over a
working set no larger than the variant's weights.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.core.definition import Precision
from generator.core.record import Ceiling, Ceilings, VariantRecord
from generator.results.estimate import Spread, Unknown

NEAR = 0.5
"""Share of the attainable from which the ceiling is called the reason for the speed; below it, the code is."""


class Bound(StrEnum):
    """Which ceiling is the lower one at a variant's intensity."""

    COMPUTE = "compute"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Roof:
    """One measured ceiling: median over fresh processes, with its range."""

    per_second: Spread
    """FLOP/s or bytes/s."""

    ceiling: Ceiling


@dataclass(frozen=True, slots=True)
class Roofline:
    """One variant under its machine's ceilings."""

    flops_per_second: Spread
    """Achieved, over the blocks."""

    intensity: float
    """FLOP a byte."""

    compute: Roof
    bandwidth: Roof
    attainable: float
    """FLOP/s, from the medians of the ceilings."""

    share: Spread
    """Achieved over attainable; above 1 means that a ceiling was measured too low."""

    bound: Bound

    @property
    def near(self) -> bool:
        """Whether the ceiling explains the speed: the variant gets half of it or more."""
        return self.share.median >= NEAR


def roofline(
    variant: VariantRecord, samples_per_second: Spread | None, ceilings: Ceilings | None, threads: int
) -> Roofline | Unknown:
    """Place a variant under the ceilings of its machine.

    Args:
        variant: with its counted work.
        samples_per_second: over the blocks; None where it was not timed.
        ceilings: of the machine; None where they were not measured.
        threads: that the variant used.
    """
    work = variant.work
    if samples_per_second is None:
        return Unknown("roofline-not-timed")
    if variant.options.get("device", "cpu") != "cpu":
        return Unknown("roofline-accelerator")
    if ceilings is None:
        return Unknown("roofline-no-ceilings")
    if work is None or not work.flops_per_sample:
        return Unknown("roofline-no-work", (work.unknown or "it has no FLOPs") if work else "")
    least_bytes = work.least_bytes_per_sample(variant.samples_per_query)
    compute = compute_roof(ceilings, variant.precision, threads)
    bandwidth = bandwidth_roof(ceilings, work.weight_bytes or 0, threads)
    if not least_bytes or compute is None or bandwidth is None:
        return Unknown("roofline-no-ceiling-of-kind", f"{variant.precision}, {threads} threads")
    flops, intensity = work.flops_per_sample, work.flops_per_sample / least_bytes
    from_memory = bandwidth.per_second.median * intensity
    attainable = min(compute.per_second.median, from_memory)
    achieved = _scaled(samples_per_second, flops)
    return Roofline(
        flops_per_second=achieved,
        intensity=intensity,
        compute=compute,
        bandwidth=bandwidth,
        attainable=attainable,
        share=_scaled(achieved, 1 / attainable),
        bound=Bound.MEMORY if from_memory < compute.per_second.median else Bound.COMPUTE,
    )


def compute_roof(ceilings: Ceilings, precision: Precision, threads: int) -> Roof | None:
    """The fastest product of matrices in this number format with so many threads, whatever runtime ran it."""
    found = [one for one in ceilings.found if one.kind == "matrix product" and one.precision is precision]
    return _fastest([one for one in found if one.threads == threads])


def bandwidth_roof(ceilings: Ceilings, weight_bytes: int, threads: int) -> Roof | None:
    """The fastest copy or triad over the largest working set that is no larger than the weights."""
    found = [one for one in ceilings.found if one.kind in ("copy", "triad") and one.threads == threads]
    # A triad's three arrays may fill their working set a few bytes short of a copy's two.
    smaller = [one for one in found if one.working_set_bytes <= weight_bytes]
    largest = max((one.working_set_bytes for one in smaller), default=0) or min(
        (one.working_set_bytes for one in found), default=0
    )
    return _fastest([one for one in found if 0.99 <= one.working_set_bytes / largest <= 1.01])


def _fastest(found: Sequence[Ceiling]) -> Roof | None:
    best = max(found, key=lambda one: statistics.median(one.per_second), default=None)
    if best is None:
        return None
    values = best.per_second
    return Roof(Spread(statistics.median(values), min(values), max(values)), best)


def _scaled(one: Spread, factor: float) -> Spread:
    return Spread(one.median * factor, one.least * factor, one.most * factor)
