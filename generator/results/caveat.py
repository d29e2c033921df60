"""Doubts that the machine found; they are printed with the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from types import MappingProxyType

from generator.core import protocol
from generator.core.address import is_here
from generator.core.record import Block, Record, StopReason, Tier
from generator.results.comparison import Comparison

SPREAD_BETWEEN_BLOCKS = 1.3
"""Largest over smallest block median of one variant from which absolute latencies are called unsteady."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One doubt: the key of its phrase, and the numbers that the phrase needs."""

    key: str
    values: Mapping[str, float | int | str] = field(default_factory=lambda: MappingProxyType({}))


def caveats(
    record: Record, workload: str, control: Comparison | None, spreads: Mapping[str, float]
) -> tuple[Caveat, ...]:
    """Everything that must be said beside the result of one workload.

    Args:
        record: the run.
        workload: name of the workload.
        control: the baseline against itself; None when too few blocks hold it.
        spreads: largest over smallest block median of each variant.
    """
    blocks = [block for block in record.blocks if block.workload == workload]
    found = [
        *_about_the_blocks(record, workload, blocks),
        *_about_the_run(record),
        *_about_the_audits(record, workload),
        *_about_the_servers(record, workload),
    ]
    if control and not control.speedup.interval.contains(1.0):
        interval = control.speedup.interval
        found.insert(0, Caveat("suspect", {"low": interval.low, "high": interval.high}))
    if spreads and max(spreads.values()) > SPREAD_BETWEEN_BLOCKS:
        found.append(Caveat("unsteady", {"spread": max(spreads.values())}))
    notes = next((one.notes for one in record.workloads if one.name == workload), ())
    return (*found, *(Caveat(note) for note in notes))


def _about_the_blocks(record: Record, workload: str, blocks: Sequence[Block]) -> Iterator[Caveat]:
    disturbed = sum(block.disturbed for block in blocks)
    if protocol.is_noisy(blocks):
        yield Caveat("noisy", {"disturbed": disturbed, "blocks": len(blocks)})
    elif disturbed:
        yield Caveat("disturbed", {"disturbed": disturbed, "blocks": len(blocks)})
    stopped_short = record.stop_reason.get(workload) in (StopReason.BUDGET, StopReason.BLOCKS)
    if stopped_short and record.tier is not Tier.SMOKE:
        yield Caveat("goal-not-reached", {"blocks": len(protocol.kept_blocks(blocks))})


def _about_the_audits(record: Record, workload: str) -> Iterator[Caveat]:
    for variant in record.variants:
        if variant.workload != workload or variant.audit is None:
            continue
        if variant.answers_apart is not None and not variant.answers_apart <= protocol.runtime_tolerance(
            variant.precision
        ):
            yield Caveat("runtimes-differ", {"variant": variant.name, "share": variant.answers_apart})
        if variant.audit.answers_differing:
            yield Caveat("timed-answers-differ", {"variant": variant.name, "count": variant.audit.answers_differing})
        if median(variant.audit.repeated_ns) < (1 - protocol.AUDIT_GAIN) * median(variant.audit.varied_ns):
            yield Caveat("repeated-faster", {"variant": variant.name})


def _about_the_servers(record: Record, workload: str) -> Iterator[Caveat]:
    asked = [one for one in record.variants if one.workload == workload and one.elsewhere]
    if asked:
        yield Caveat("server")
    if any(not is_here(one.options.get("address")) for one in asked):
        yield Caveat("server-elsewhere")


def _about_the_run(record: Record) -> Iterator[Caveat]:
    if record.tier is Tier.SMOKE:
        yield Caveat("smoke-tier")
    if record.sittings > 1:
        yield Caveat("resumed", {"sittings": record.sittings})
    if (step := _clock_step_s(record)) > 0:
        yield Caveat("clock-set-back", {"seconds": round(step)})
    if record.system.hypervisor:
        yield Caveat("virtual-machine")
    if record.provenance.generator_modified:
        yield Caveat("modified-checkout")


def _clock_step_s(record: Record) -> float:
    """How far the clock went back at most, seconds: a block cannot begin before the one before it."""
    moments = [record.started_at, *(block.started_at for block in record.blocks)]
    steps = [(before - after).total_seconds() for before, after in pairwise(moments)]
    return max(steps, default=0.0)
