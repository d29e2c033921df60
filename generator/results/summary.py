"""What is kept of every record where there are thousands: its answer, its ratios and its controls, some kilobytes.

Pages show a few records in full (`Findings`) and count or list the others by their summaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from generator.core import protocol
from generator.core.record import Tier, VariantRecord
from generator.results.comparability import Inputs, baseline_of, conditions, inputs_of
from generator.results.comparison import Comparison, compare
from generator.results.estimate import Estimate
from generator.results.findings import Findings, VariantFindings
from generator.results.quality import Gate, Quality, gate, on_labels, qualities


@dataclass(frozen=True, slots=True)
class Ratio:
    """One variant of a record against the record's own baseline."""

    variant: str
    conditions: str
    """Two records' ratios may be held against each other where these are equal and the inputs cost alike: see
    `comparability.conditions`."""

    inputs: Inputs

    speedup: Estimate
    gate: Gate
    on_labels: bool
    """Whether the gate judged by labels; else by agreement with the baseline, or by nothing."""

    def comparable(self, other: Ratio) -> bool:
        """Whether the two may be held against each other."""
        return self.conditions == other.conditions and self.inputs.cost_like(other.inputs)


@dataclass(frozen=True, slots=True)
class Summary:
    """One record of one measurement, in short."""

    measurement: str
    record_id: str
    started_at: datetime
    finished_at: datetime
    tier: Tier
    machine: str
    """Fingerprint of the system."""

    kind: str
    """Of the machine: see `SystemDescription.kind`."""

    processor: str | None
    isa: tuple[str, ...]
    accelerator: str | None
    system_type: str | None
    definition_sha256: str
    """Fingerprint of the definition that it was measured to."""

    current: bool
    """Whether that is today's definition."""

    core_only: bool
    """Whether the run was of the core suite and left variants out."""

    timed: int
    """Variants of today's definition that have latencies: what failed, was left out or could not run has none."""

    labelled: int
    """Those whose answers were compared with labels."""

    judged: int
    """Those whose answers were compared with anything, labels or the baseline's own answers."""

    told: bool
    """Whether the record holds anything of today's definition; one that does not is kept and not shown."""

    headline: Comparison | None
    gate: Gate | None
    """Of the headline's variant."""

    on_labels: bool
    """Whether that gate judged by labels."""

    conditions: str | None
    """Of the headline, as `Ratio.conditions`; None where there is none."""

    controls: tuple[Comparison, ...]
    """The baseline against itself, a comparison each workload that has one."""

    ratios: tuple[Ratio, ...]
    """In the record's order of variants."""

    artifacts: tuple[str, ...]
    """SHA-256 of the model files that were run."""

    @property
    def answer(self) -> Ratio | None:
        """The headline as a ratio that another run's may be held against; None where there is none."""
        asked = next((one for one in self.ratios if self.headline and one.variant == self.headline.variant), None)
        if self.headline is None or self.conditions is None or asked is None:
            return None
        return replace(
            asked,
            conditions=self.conditions,
            speedup=self.headline.speedup,
            gate=self.gate or Gate.UNKNOWN,
            on_labels=self.on_labels,
        )

    @property
    def publishable(self) -> bool:
        """Whether the method lets the record be published as a result."""
        return self.tier is not Tier.SMOKE


def summarise(findings: Findings) -> Summary:
    """Reduce a record to its summary; findings without rounds give the same."""
    record, headline = findings.record, findings.headline
    variants = [one for workload in findings.workloads for one in workload.variants]
    answer = findings.workload_of(headline.variant).variant(headline.variant) if headline else None
    return Summary(
        measurement=findings.measurement.name,
        record_id=record.record_id,
        started_at=record.started_at,
        finished_at=record.finished_at,
        tier=record.tier,
        machine=record.system.fingerprint(),
        kind=record.system.kind(),
        processor=record.system.host_processor_model_name,
        isa=record.system.host_processor_isa,
        accelerator=record.system.accelerator_model_name,
        system_type=record.system.system_type,
        definition_sha256=record.provenance.definition_sha256,
        current=record.provenance.definition_sha256 == findings.measurement.fingerprint(),
        core_only=record.core_only,
        timed=sum(one.latency is not None for one in variants),
        labelled=sum(on_labels(one.quality) for one in variants),
        judged=sum(bool(one.quality) for one in variants),
        told=bool(findings.workloads),
        headline=headline,
        gate=answer.gate if answer else None,
        on_labels=bool(answer and on_labels(answer.quality)),
        conditions=conditions(record, headline.variant, headline.against) if headline else None,
        controls=tuple(one.control for one in findings.workloads if one.control),
        ratios=tuple(_ratios(findings)),
        artifacts=tuple(dict.fromkeys(one.artifact.sha256 for one in record.variants if one.artifact)),
    )


def _ratios(findings: Findings) -> Iterator[Ratio]:
    """By the record's own baselines: two records are held together whatever the definition says today."""
    record, statistic = findings.record, protocol.STATISTICS[findings.record.scenario]
    known = {one.variant.name: one for workload in findings.workloads for one in workload.variants}
    for variant in record.variants:
        if variant.baseline:
            continue
        baseline = baseline_of(record, variant.workload)
        times = [one for one in findings.times if one.workload == variant.workload]
        found = compare(times, variant.name, baseline.name, statistic=statistic)
        if found:
            ours, theirs = _qualities(variant, known), _qualities(baseline, known)
            alike = conditions(record, variant.name), inputs_of(record, variant.name)
            labels = on_labels(ours) and on_labels(theirs)
            yield Ratio(variant.name, *alike, found.speedup, gate(ours, theirs), labels)


def _qualities(variant: VariantRecord, known: dict[str, VariantFindings]) -> tuple[Quality, ...]:
    return known[variant.name].quality if variant.name in known else qualities(variant)


@dataclass(frozen=True, slots=True)
class ControlAlarms:
    """How often the baseline differed from itself, over all records: what the intervals of the site are worth."""

    runs: int
    """Workloads of publishable records that hold an A/A control."""

    alarms: int
    """Those whose 95 % interval excludes 1."""


def control_alarms(summaries: Iterable[Summary]) -> ControlAlarms:
    """Count A/A alarms over the publishable records; 2 to 5 in 100 are expected."""
    controls = [control for one in summaries if one.publishable for control in one.controls]
    return ControlAlarms(len(controls), sum(not control.speedup.interval.contains(1.0) for control in controls))
