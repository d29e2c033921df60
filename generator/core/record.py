"""The record: immutable JSON of one run on one system, the only thing that measuring and publishing share.

It holds raw observations, never statistics: a better estimator improves old records. What is unknown is null,
and `unknown` says why.

Its parts stand in `record_machine`, `record_variant` and `record_block`; who reads or writes records finds all of them
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from generator.core.definition import CONTROL, Name, Scenario
from generator.core.record_block import Block, EnergyWindow, Health, Round, WorkerStart
from generator.core.record_machine import Ceiling, Ceilings, EnergyCounter, EnergyRecord, SystemDescription
from generator.core.record_types import (
    Count,
    Latency,
    Line,
    Moment,
    NanoSeconds,
    RecordPart,
    Sha256,
)
from generator.core.record_variant import (
    COMPRESSED_NOTE,
    ArtifactRecord,
    Audit,
    Failure,
    Observations,
    VariantRecord,
    Work,
    WorkloadRecord,
)

__all__ = [
    "COMPRESSED_NOTE",
    "SCHEMA_VERSION",
    "ArtifactRecord",
    "Audit",
    "Block",
    "Ceiling",
    "Ceilings",
    "Controls",
    "Count",
    "EnergyCounter",
    "EnergyRecord",
    "EnergyWindow",
    "Failure",
    "Health",
    "Latency",
    "Line",
    "Moment",
    "NanoSeconds",
    "Observations",
    "Provenance",
    "Record",
    "Round",
    "Sha256",
    "Source",
    "StopReason",
    "SystemDescription",
    "Tier",
    "VariantRecord",
    "Work",
    "WorkerStart",
    "WorkloadRecord",
]

SCHEMA_VERSION = 1
"""Version of the JSON's form; a reader of this version reads no other."""


class Tier(StrEnum):
    """How thorough a run is; the method page, under "Tiers", says which may be published."""

    SMOKE = "smoke"
    """Two short blocks: a first look, never published as a result."""

    STANDARD = "standard"
    """The protocol: publishable ratios with intervals."""

    FULL = "full"
    """Standard, and as long as LoadGen's runs."""


class StopReason(StrEnum):
    """Why no further block was measured."""

    GOAL = "goal"
    """Every variant's interval is narrower than the goal."""

    BLOCKS = "blocks"
    """The most blocks that the tier allows."""

    BUDGET = "budget"
    """The time is spent."""

    FAILED = "failed"
    """The baseline or all other variants failed."""


class Source(RecordPart):
    """Where a weight file or a data set came from, and on what terms."""

    name: Line
    origin: Line
    """Package and version, or address with commit."""

    sha256: Sha256
    licence: Line
    note: Line = ""


class Provenance(RecordPart):
    """Who made the numbers, with what."""

    generator_version: Line
    generator_commit: Line | None
    """Commit of this checkout; null outside a git checkout."""

    generator_modified: bool | None
    """Whether tracked files differed from that commit."""

    code_sha256: Sha256
    """Over the measuring arm's Python files."""

    definition_sha256: Sha256
    """`Measurement.fingerprint()` of the definition that was run."""

    python: Line
    packages: dict[str, Line]
    """Versions of the packages that matter."""

    sources: tuple[Source, ...]
    command: Line
    """What repeats this run."""


class Controls(RecordPart):
    """What was set alike for every variant."""

    environment: dict[str, Line]
    """Environment variables of every worker."""

    threads: Annotated[int, Field(ge=1)]
    garbage_collection: Literal["frozen and disabled", "left on"]
    spinning: Line = "off, unless a variant's options ask for it"
    """Whether idle threads of a runtime wait by burning their core."""

    denormals: Line = "counted as zero by every runtime"
    runtime_seed: Count = 0
    """Seed of the runtimes' own random numbers and of Python's hashes."""

    address_randomisation: Line | None
    affinity: Line
    """How cores were chosen."""

    seed: Count
    """Seed of the random order of workers, cycles and cores."""


class Record(RecordPart):
    """One run of one measurement on one system."""

    schema_version: Literal[1]
    protocol_version: Annotated[int, Field(ge=1)]
    record_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
    kind: Literal["native"] = "native"
    measurement: Name
    tier: Tier
    scenario: Scenario
    started_at: Moment
    finished_at: Moment
    sittings: Annotated[int, Field(ge=1)]
    """How many times the run was taken up; more than 1 when it was interrupted and resumed."""

    stop_reason: dict[Name, StopReason]
    """For each workload that was measured."""

    system: SystemDescription
    provenance: Provenance
    controls: Controls
    workloads: Annotated[tuple[WorkloadRecord, ...], Field(min_length=1)]
    variants: Annotated[tuple[VariantRecord, ...], Field(min_length=2)]
    blocks: tuple[Block, ...]
    energy: EnergyRecord | None = None
    """Null in records from before energy was measured."""

    ceilings: Ceilings | None = None
    """Null where they were not measured."""

    sha256: Sha256
    """Over everything else, so that an edited record is noticed."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = {v.name for v in self.variants} | {CONTROL}
        if len(names) != len(self.variants) + 1:
            raise ValueError("two variants bear the same name")
        workloads = {w.name for w in self.workloads}
        if stray := {b.workload for b in self.blocks} - workloads:
            raise ValueError(f"blocks name unknown workloads: {', '.join(sorted(stray))}")
        if stray := {r.variant for b in self.blocks for r in b.rounds} - names:
            raise ValueError(f"rounds name unknown variants: {', '.join(sorted(stray))}")
        if self.finished_at < self.started_at:
            raise ValueError("it finished before it started")
        if problem := next(_contradictions(self), None):
            raise ValueError(problem)
        return self

    @property
    def publishable(self) -> bool:
        """Whether the method lets the tier be published as a result."""
        return self.tier is not Tier.SMOKE

    @property
    def core_only(self) -> bool:
        """Whether the run was of the core suite and left variants out."""
        return any(one.left_out for one in self.variants)

    def compared(self, workload: str) -> int:
        """How many variants of a workload stood against its baseline; those that the suite left out did not."""
        return sum(one.workload == workload and not one.baseline and not one.left_out for one in self.variants)

    def variant(self, name: str) -> VariantRecord:
        """The variant of this name; KeyError when there is none."""
        return {v.name: v for v in self.variants}[name]


def _contradictions(record: Record) -> Iterator[str]:
    """What no run can have left behind; without it, whoever reads a record need not ask."""
    workloads = [one.name for one in record.workloads]
    if len(set(workloads)) != len(workloads):
        yield "two workloads bear the same name"
    if stray := {one.workload for one in record.variants} - set(workloads):
        yield f"variants name unknown workloads: {', '.join(sorted(stray))}"
    if stray := set(record.stop_reason) - set(workloads):
        yield f"stop_reason names unknown workloads: {', '.join(sorted(stray))}"
    for name in workloads:
        own = [one for one in record.variants if one.workload == name]
        if own and sum(one.baseline for one in own) != 1:
            yield f"workload '{name}' has not exactly one baseline"
    for block in record.blocks:
        yield from _contradictions_of(block, {one.name for one in record.variants if one.workload == block.workload})


def _contradictions_of(block: Block, variants: set[str]) -> Iterator[str]:
    started, where = {one.variant for one in block.workers}, f"block {block.index} of '{block.workload}'"
    if stray := started - variants - {CONTROL}:
        yield f"{where} started workers of other workloads' variants: {', '.join(sorted(stray))}"
    if stray := {one.variant for one in block.rounds} - started:
        yield f"{where} has rounds of variants that it did not start: {', '.join(sorted(stray))}"
    if stray := {one.variant for one in block.energy if one.variant} - started:
        yield f"{where} has energy of variants that it did not start: {', '.join(sorted(stray))}"
