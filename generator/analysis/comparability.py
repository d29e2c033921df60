"""Whether two records may stand in one chart or one ratio; when not, which fields forbid it.

Two questions, for they have two answers. A *ratio* (a variant against its own baseline, on its own machine) may be put
beside another machine's: that is what ratios are for. Then both must have computed the same thing in the same way:
workload, data, scenario, threads, precision, baseline, protocol. An *absolute* value needs the same machine besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from generator.record import Record, VariantRecord, WorkloadRecord


class Forbids(StrEnum):
    """What a difference rules out."""

    RATIO = "ratio"
    """Not even ratios may be compared, and absolute values even less."""

    ABSOLUTE = "absolute"
    """Latencies and throughputs may not be compared; each one's ratio to its own baseline may."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two records differ, and what that rules out."""

    field: str
    """As in the record: `system.host_processor_model_name`, `workloads.numbers.data_sha256`, ..."""

    ours: str
    theirs: str
    forbids: Forbids


def why_not(
    ours: Record, theirs: Record, variant: str | None = None, their_variant: str | None = None
) -> tuple[Difference, ...]:
    """Find everything that keeps two records apart.

    Args:
        ours: the one record.
        theirs: the other one.
        variant: compare only this variant of ours, its workload and its baseline; all that both have when left out.
        their_variant: the same of theirs; a variant of the same name when left out.

    Returns:
        Differences, those that forbid ratios first; empty when nothing stands in the way.

    Raises:
        KeyError: when a record has no variant of that name.
    """
    found = list(_about_the_run(ours, theirs))
    if variant is None:
        found += _about_common_workloads(ours, theirs)
    else:
        found += _about_variants(ours, theirs, variant, their_variant or variant)
    found += _about_the_machine(ours, theirs)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.forbids is Forbids.ABSOLUTE))


def forbids_ratios(differences: tuple[Difference, ...]) -> bool:
    """Whether not even ratios may be compared."""
    return any(one.forbids is Forbids.RATIO for one in differences)


def _about_the_run(a: Record, b: Record) -> Iterator[Difference]:
    yield from _differs("protocol_version", a.protocol_version, b.protocol_version)
    yield from _differs("scenario", a.scenario, b.scenario)
    yield from _differs("controls.threads", a.controls.threads, b.controls.threads)
    ours, theirs = (next((block.latency_bound_ns for block in one.blocks), None) for one in (a, b))
    yield from _differs("blocks.latency_bound_ns", ours, theirs)


def _about_the_machine(a: Record, b: Record) -> Iterator[Difference]:
    """A processor that does not tell its name is nobody's equal: it may be any."""
    ours, theirs, only = a.system, b.system, Forbids.ABSOLUTE
    names = ours.host_processor_model_name, theirs.host_processor_model_name
    if None in names or names[0] != names[1]:
        yield Difference("system.host_processor_model_name", _shown(names[0]), _shown(names[1]), only)
    for field in ("host_processor_family_model_stepping", "architecture", "accelerator_model_name"):
        yield from _differs(f"system.{field}", getattr(ours, field), getattr(theirs, field), only)
    isa, their_isa = set(ours.host_processor_isa), set(theirs.host_processor_isa)
    if isa != their_isa:
        yield Difference("system.host_processor_isa", _lacks(isa, their_isa), _lacks(their_isa, isa), only)


def _lacks(flags: set[str], others: set[str]) -> str:
    return ", ".join(f"no {flag}" for flag in sorted(others - flags)) or "all of the other's"


def _about_common_workloads(a: Record, b: Record) -> Iterator[Difference]:
    common = [one.name for one in a.workloads if one.name in {other.name for other in b.workloads}]
    if not common:
        yield from _differs("workloads", _names(a.workloads), _names(b.workloads))
    for name in common:
        variants = [v.name for v in a.variants if v.workload == name]
        shared = [n for n in variants if n in {v.name for v in b.variants if v.workload == name}]
        if not shared:
            theirs = tuple(v for v in b.variants if v.workload == name)
            yield from _differs("variants", ", ".join(variants), _names(theirs))
        for variant in shared:
            yield from _about_variants(a, b, variant, variant)


def _about_variants(a: Record, b: Record, variant: str, their_variant: str) -> Iterator[Difference]:
    ours, theirs = a.variant(variant), b.variant(their_variant)
    workload, other = workload_of(a, variant), workload_of(b, their_variant)
    for field in ("kind", "model", "data_sha256"):
        yield from _differs(f"workloads.{workload.name}.{field}", getattr(workload, field), getattr(other, field))
    yield from _differs(f"variants.{variant}.precision", ours.precision, theirs.precision)
    baseline, their_baseline = baseline_of(a, workload.name), baseline_of(b, other.name)
    for field in ("runtime", "precision"):
        place = f"variants.{baseline.name}.{field}"
        yield from _differs(place, getattr(baseline, field), getattr(their_baseline, field))
    yield from _differs(f"variants.{baseline.name}.transforms", _steps(baseline), _steps(their_baseline))


def workload_of(record: Record, variant: str) -> WorkloadRecord:
    """What a variant computed."""
    name = record.variant(variant).workload
    return next(one for one in record.workloads if one.name == name)


def baseline_of(record: Record, workload: str) -> VariantRecord:
    """What the variants of a workload are compared with."""
    return next(one for one in record.variants if one.workload == workload and one.baseline)


def _differs(field: str, ours: object, theirs: object, forbids: Forbids = Forbids.RATIO) -> Iterator[Difference]:
    if ours != theirs:
        yield Difference(field, _shown(ours), _shown(theirs), forbids)


def _shown(value: object) -> str:
    text = "unknown" if value is None else str(value)
    return text[:12] + "..." if len(text) == 64 and text.isalnum() else text


def _steps(variant: VariantRecord) -> str:
    return ", ".join(variant.transforms) or "none"


def _names(named: tuple[WorkloadRecord, ...] | tuple[VariantRecord, ...]) -> str:
    return ", ".join(one.name for one in named) or "none"
