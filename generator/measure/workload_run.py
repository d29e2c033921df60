"""What a run asks of each of its workloads, made once when it begins; who prepares, times and judges reads it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.core import protocol
from generator.core.definition import Measurement, Part, Scenario, Variant, WorkloadChoice
from generator.core.record import Tier


@dataclass(frozen=True, slots=True)
class WorkloadRun:
    """One workload of a run: what of it is measured, against what, and by which rules."""

    choice: WorkloadChoice
    variants: tuple[Variant, ...]
    """All that compute it, the baseline of this run first; those too that the part leaves out."""

    part: Part
    scenario: Scenario
    threads: int
    """Of a variant that names no number of its own."""

    latency_bound_ns: int | None
    """Server: bound of the 99th percentile."""

    rules: protocol.TierRules

    @property
    def name(self) -> str:
        """The workload's."""
        return self.choice.name

    @property
    def baseline(self) -> str:
        """Name of the variant that the others are compared with."""
        return self.variants[0].name

    @property
    def measures_anything(self) -> bool:
        """Whether the part has any of its variants."""
        return any(variant.name in self.part for variant in self.variants)

    @property
    def statistic(self) -> str:
        """What a block's ratio is a ratio of."""
        return protocol.STATISTICS[self.scenario]


def workload_runs(measurement: Measurement, tier: Tier, part: Part) -> tuple[WorkloadRun, ...]:
    """Every workload of a run, in the definition's order."""
    taken, rules, bound_ms = measurement.of_run(part), protocol.rules_of(tier, part), measurement.latency_bound_ms
    return tuple(
        WorkloadRun(
            choice=choice,
            variants=taken.variants_of(choice.name),
            part=part,
            scenario=measurement.scenario,
            threads=measurement.threads,
            latency_bound_ns=None if bound_ms is None else round(bound_ms * 1e6),
            rules=rules,
        )
        for choice in measurement.workloads
    )
