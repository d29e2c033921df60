"""What a trial found: which variants cannot be told from the best, among those that keep the quality, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.core import protocol
from generator.core.definition import Variant
from generator.core.record import Record
from generator.results.best import Best, best_of
from generator.results.findings import Findings, VariantFindings, WorkloadFindings
from generator.results.quality import Gate
from generator.results.screening import Dropped, Reason, Screening


@dataclass(frozen=True, slots=True)
class Trial:
    """One model file, tried."""

    findings: Findings
    """Of what was measured by the protocol; of the screening where nothing came through it."""

    looked: Findings
    """Of the screening."""

    best: Best | None
    """None where nothing that keeps the quality was timed."""

    dropped: tuple[Dropped, ...]
    left_out: Mapping[str, str]
    """What was not tried, and why, by the key of its phrase."""

    @property
    def record(self) -> Record:
        """Of what was measured by the protocol."""
        return self.findings.record

    @property
    def workload(self) -> WorkloadFindings:
        """The model's only workload."""
        return self.findings.workloads[0]

    @property
    def recommended(self) -> VariantFindings:
        """What is advised: the file as it was given where nothing else is."""
        return self.workload.variant(self.best.recommended) if self.best else self.workload.baseline

    @property
    def failed(self) -> tuple[str, ...]:
        """Variants that could not be measured."""
        screened = [one.variant for one in self.dropped if one.reason is Reason.FAILED]
        return (*screened, *(one.variant.name for one in self.workload.variants if one.record.failed))

    def title(self, name: str) -> Variant:
        """A variant as it was defined, dropped or not."""
        return self.looked.measurement.variant(name)


def trial(findings: Findings, looked: Findings, screening: Screening, left_out: Mapping[str, str]) -> Trial:
    """Put together what both runs found."""
    workload = findings.workloads[0]
    # A variant of which nothing is known has passed nothing.
    sound = [one.variant.name for one in workload.variants if one.latency and one.gate is Gate.PASSED]
    statistic = protocol.STATISTICS[findings.record.scenario]
    best = best_of(findings.times, sound, lambda name: simplicity(workload.variant(name)), statistic)
    return Trial(findings, looked, best, screening.dropped, dict(left_out))


def simplicity(one: VariantFindings) -> tuple[int, int, int, int]:
    """What sorts the simplest first: the file as it is before a changed one, an installed runtime, fewer threads."""
    variant = one.variant
    size = one.record.artifact.size_bytes if one.record.artifact else 0
    return len(variant.transforms) + bool(variant.options), bool(variant.environment), variant.threads or 1, size
