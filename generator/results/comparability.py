"""Whether two records may stand in one chart or one ratio; when not, which fields forbid it.

Two questions, for they have two answers. A *ratio* (a variant against its own baseline, on its own machine) may be put
beside another machine's: that is what ratios are for. Then both must have computed the same thing in the same way:
workload, data, scenario, threads, precision, baseline, protocol. An *absolute* value needs the same machine besides.

A workload takes the first data set that can be had. Where two records took different ones and their timed inputs have
one size, their ratios of speed may be compared all the same; their quality may not, for it was asked otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from generator.core.record import Record, VariantRecord, WorkloadRecord


class Forbids(StrEnum):
    """What a difference rules out."""

    RATIO = "ratio"
    """Not even ratios may be compared, and absolute values even less."""

    QUALITY = "quality"
    """Neither what the answers are worth nor absolute values may be compared; ratios of speed may."""

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
    ours: Record,
    theirs: Record,
    variant: str | None = None,
    their_variant: str | None = None,
    against: str | None = None,
) -> tuple[Difference, ...]:
    """Find everything that keeps two records apart.

    Args:
        ours: the one record.
        theirs: the other one.
        variant: compare only this variant of ours, its workload and its baseline; all that both have when left out.
        their_variant: the same of theirs; a variant of the same name when left out.
        against: what both are compared with; each record's own baseline when left out.

    Returns:
        Differences, those that forbid ratios first; empty when nothing stands in the way.

    Raises:
        KeyError: when a record has no variant of that name.
    """
    found = list(_forbidding(_of_the_run(ours), _of_the_run(theirs)))
    if variant is None:
        found += _about_common_workloads(ours, theirs)
    else:
        found += _about_variants(ours, theirs, variant, their_variant or variant, against)
    found += _about_the_machine(ours, theirs)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: list(Forbids).index(one.forbids)))


def forbids_ratios(differences: tuple[Difference, ...]) -> bool:
    """Whether not even ratios may be compared."""
    return any(one.forbids is Forbids.RATIO for one in differences)


def forbids_quality(differences: tuple[Difference, ...]) -> bool:
    """Whether what the answers are worth may not be compared."""
    return any(one.forbids is not Forbids.ABSOLUTE for one in differences)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a workload's variants were asked, in short."""

    data_sha256: str | None
    """None where the data were not to be had."""

    size: str | None
    """Of a timed query, where it is known and that of all."""

    def cost_like(self, other: Inputs) -> bool:
        """Whether timed queries are the same ones, or of one size."""
        return self.data_sha256 == other.data_sha256 or (self.size is not None and self.size == other.size)


def inputs_of(record: Record, variant: str) -> Inputs:
    """What a variant was asked."""
    workload = workload_of(record, variant)
    return Inputs(workload.data_sha256, workload.timed_inputs)


def conditions(record: Record, variant: str, against: str | None = None) -> str:
    """Sixteen hex digits over all that must be alike beside the inputs.

    Nothing forbids the ratios of two records where these are equal and the inputs cost alike.

    Args:
        record: the run.
        variant: whose ratio it is.
        against: what it is compared with; the record's own baseline when left out.
    """
    values = [value for _, value in (*_of_the_run(record), *_of_the_variant(record, variant, against))]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


_Fields = tuple[tuple[str, str | int | None], ...]
"""What must be alike: names of the record's fields, and their values."""


def _of_the_run(record: Record) -> _Fields:
    return (
        ("protocol_version", record.protocol_version),
        ("scenario", record.scenario),
        ("controls.threads", record.controls.threads),
        ("blocks.latency_bound_ns", next((block.latency_bound_ns for block in record.blocks), None)),
    )


def _of_the_variant(record: Record, name: str, against: str | None = None) -> _Fields:
    variant, workload = record.variant(name), workload_of(record, name)
    baseline = record.variant(against) if against else baseline_of(record, workload.name)
    return (
        (f"workloads.{workload.name}.kind", workload.kind),
        (f"workloads.{workload.name}.model", workload.model),
        (f"variants.{name}.precision", variant.precision),
        (f"variants.{baseline.name}.runtime", baseline.runtime),
        (f"variants.{baseline.name}.precision", baseline.precision),
        (f"variants.{baseline.name}.transforms", _steps(baseline)),
    )


def _forbidding(ours: _Fields, theirs: _Fields) -> Iterator[Difference]:
    for (field, our), (_, their) in zip(ours, theirs, strict=True):
        yield from _differs(field, our, their)


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


def _about_variants(
    a: Record, b: Record, variant: str, their_variant: str, against: str | None = None
) -> Iterator[Difference]:
    yield from _forbidding(_of_the_variant(a, variant, against), _of_the_variant(b, their_variant, against))
    ours, theirs = inputs_of(a, variant), inputs_of(b, their_variant)
    field = f"workloads.{workload_of(a, variant).name}.data_sha256"
    forbids = Forbids.QUALITY if ours.cost_like(theirs) else Forbids.RATIO
    yield from _differs(field, ours.data_sha256, theirs.data_sha256, forbids)


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
