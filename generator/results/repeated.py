"""One pair that several measurements have: the same model files in the same runtimes on the same machine, run apart.

A ladder's step and the measurement of that step alone ask the same thing; how far their ratios lie apart says how well
a ratio repeats, better than any interval of one run does.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from packaging.version import Version

from generator.core.definition import Precision
from generator.core.record import Record, VariantRecord
from generator.results.comparison import Comparison, compare
from generator.results.findings import Findings, VariantFindings, WorkloadFindings
from generator.results.pair_kind import PairKind, pair_kind


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pair."""

    findings: Findings
    workload: WorkloadFindings
    variant: VariantFindings
    against: VariantFindings
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Repeated:
    """Runs of one pair on one machine, of different measurements."""

    runs: tuple[Run, ...]

    @property
    def centre(self) -> float:
        """Geometric mean of the ratios: not a result, only what they are drawn around."""
        return math.exp(math.fsum(math.log(run.comparison.speedup.point) for run in self.runs) / len(self.runs))

    @property
    def deviations(self) -> tuple[float, ...]:
        """How far each run lies from the centre: 0.01 is 1 % above."""
        return tuple(run.comparison.speedup.point / self.centre - 1 for run in self.runs)


def repeated(all_findings: Iterable[Findings]) -> tuple[Repeated, ...]:
    """Pairs that differ in one thing and stand in several published measurements, in the order of the first run."""
    found = dict[Hashable, dict[str, Run]]()
    for findings in all_findings:
        if findings.record.publishable:
            for key, run in _runs(findings):
                found.setdefault(key, {}).setdefault(findings.measurement.name, run)
    return tuple(Repeated(tuple(runs.values())) for runs in found.values() if len(runs) > 1)


def _runs(findings: Findings) -> Iterator[tuple[Hashable, Run]]:
    record = findings.record
    for workload in findings.workloads:
        times = [one for one in findings.times if one.workload == workload.choice.name]
        for pair in combinations(workload.variants, 2):
            against, variant = sorted(pair, key=lambda one: _rank(one.record))
            sides = [_run_as(one.record, record) for one in (variant, against)]
            if None in sides or pair_kind(variant.variant, against.variant) is PairKind.SEVERAL:
                continue
            if comparison := compare(times, variant.variant.name, against.variant.name):
                data = workload.record.data_sha256, workload.record.kind, str(record.scenario)
                key = (record.system.fingerprint(), data, *sides)
                yield key, Run(findings, workload, variant, against, comparison)


def _run_as(one: VariantRecord, record: Record) -> Hashable:
    """What one side was run as; None where that is not known in full."""
    if one.artifact is None or one.runtime_version is None:
        return None
    threads = one.threads or record.controls.threads
    runtime = one.runtime, one.runtime_version, threads, one.samples_per_query
    return one.artifact.sha256, *runtime, _frozen(one.options), _frozen(one.variables)


def _rank(one: VariantRecord) -> tuple[object, ...]:
    """Which of two is compared with the other, however a measurement orders them: longer numbers, older releases."""
    version = Version(one.runtime_version or "0")
    return list(Precision).index(one.precision), one.runtime != "pytorch", version, one.samples_per_query, one.name


def _frozen(options: Mapping[str, object]) -> Hashable:
    return tuple(sorted((name, repr(value)) for name, value in options.items()))
