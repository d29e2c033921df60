"""What one record says about its measurement: everything that an article, a chart or a table needs, and no words."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.core import protocol
from generator.core.block_times import BlockTimes, times_of
from generator.core.definition import CONTROL, Measurement, Scenario, Variant, WorkloadChoice
from generator.core.prices import Price
from generator.core.record import Block, Record, VariantRecord, WorkloadRecord
from generator.results.caveat import Caveat, caveats
from generator.results.comparison import Comparison, compare
from generator.results.cost import Cost, cost
from generator.results.energy import DomainEnergy, EnergyEstimate, energy, energy_estimate
from generator.results.estimate import Spread as Spread
from generator.results.estimate import Unknown as Unknown
from generator.results.estimate import spread
from generator.results.ladder import Step, ladder
from generator.results.memory import Memory, memory
from generator.results.percentile import Percentile, percentiles, plain
from generator.results.quality import Gate, Quality, accuracy_kept, error_rate_ratio, gate, qualities
from generator.results.roofline import Roofline, roofline


@dataclass(frozen=True, slots=True)
class LatencyFindings:
    """Latencies of one variant over the blocks that count, in nanoseconds a query."""

    p50_ns: Spread
    mean_ns: Spread
    percentiles: tuple[Percentile, ...]
    """Those that the number of queries permits."""

    p5_ns: int
    p25_ns: int
    p75_ns: int
    """Where the bulk of all kept latencies lies; shown in a picture, never called a result."""

    queries: int
    samples_per_query: int
    rate_served: Spread | None
    """Server: highest rate in queries per second that kept the bound. The latencies are those of all tests, at rates
    that cannot be promised too: they say nothing of the variant, and no page shows them."""

    samples_per_second: Spread
    cpu_s_per_sample: Spread
    """Processor time of all threads: what is measured where energy cannot be."""

    first_call_ns: Spread
    load_ns: Spread
    memory_bytes: Spread | None
    """Peak resident memory above what the process had before it loaded the model."""

    served: bool
    """Whether queries came at given rates (server), and not one after the other."""

    @property
    def sustained(self) -> Spread | None:
        """Samples a second that can be counted on: the throughput; of a server the rate within the bound, or None."""
        return self.rate_served if self.served else self.samples_per_second


@dataclass(frozen=True, slots=True)
class VariantFindings:
    """One variant: as defined, as run, and what came of it."""

    variant: Variant
    record: VariantRecord
    latency: LatencyFindings | None
    """None when it was never timed."""

    quality: tuple[Quality, ...]
    gate: Gate
    accuracy_kept: float | None
    """Share of the baseline's accuracy on labels; None where there are none."""

    error_rate_ratio: float | None
    """This variant's error rate over the baseline's; None where it cannot be formed."""

    against_baseline: Comparison | None
    """None for the baseline itself and for a variant that was not timed in two blocks."""

    memory: Memory

    energy: tuple[DomainEnergy, ...] | Unknown
    """Of each counter's domain; from counters only."""

    energy_estimate: EnergyEstimate | None
    """From a person's own watts a core: no measurement, and to be labelled so wherever it is shown."""

    cost: Cost | Unknown
    roofline: Roofline | Unknown

    @property
    def least_bytes_per_sample(self) -> float | None:
        """Least memory traffic of a sample at the batch that was run; None where it was not counted."""
        work = self.record.work
        return work.least_bytes_per_sample(self.record.samples_per_query) if work else None

    def quality_of(self, metric: str) -> Quality | None:
        """The metric of this name, if it was measured."""
        return next((quality for quality in self.quality if quality.metric == metric), None)


@dataclass(frozen=True, slots=True)
class BlockHealth:
    """One cell of the health strip."""

    index: int
    disturbed: bool
    foreign_cpu_cores: float | None
    lowest_cpu_share: float


@dataclass(frozen=True, slots=True)
class WorkloadFindings:
    """One workload of a run."""

    choice: WorkloadChoice
    record: WorkloadRecord
    variants: tuple[VariantFindings, ...]
    """The baseline first, then in the definition's order."""

    control: Comparison | None
    """The baseline against its own second start."""

    control_energy: tuple[DomainEnergy, ...] | Unknown
    """The same of energy: its savings should contain 1."""

    ladder: tuple[Step, ...]
    """What each of the definition's steps brought; empty where it names none."""

    health: tuple[BlockHealth, ...]
    blocks_kept: int
    caveats: tuple[Caveat, ...]

    @property
    def baseline(self) -> VariantFindings:
        """What the others are compared with."""
        return self.variants[0]

    @property
    def left_out(self) -> bool:
        """Whether the run was of the core suite, which measures nothing of this workload."""
        return all(one.record.left_out for one in self.variants)

    def variant(self, name: str) -> VariantFindings:
        """The variant of this name; KeyError when there is none."""
        return {one.variant.name: one for one in self.variants}[name]


@dataclass(frozen=True, slots=True)
class Findings:
    """One record of one measurement."""

    measurement: Measurement
    record: Record
    """Without its rounds where many findings are held at once: see `without_rounds`."""

    times: tuple[BlockTimes, ...]
    """Of every block, in the record's order: any two variants can be compared by them."""

    workloads: tuple[WorkloadFindings, ...]
    headline: Comparison | None
    """The comparison that answers the question; None when it could not be measured."""

    @property
    def served(self) -> bool:
        """Whether rates were measured (server), and not how long an answer takes."""
        return self.record.scenario is Scenario.SERVER

    def workload_of(self, variant: str) -> WorkloadFindings:
        """The workload that a variant computes."""
        name = self.measurement.variant(variant).workload
        return next(one for one in self.workloads if one.choice.name == name)


def analyse(measurement: Measurement, record: Record, prices: Sequence[Price] = ()) -> Findings:
    """Find what a record says, and what it costs at these prices.

    A variant of the record that the definition no longer has is left out; one that the record does not have yet
    is left out as well: findings never invent a row. A workload is left out when the record has no baseline for it.
    """
    times = times_of(record)
    workloads = tuple(
        _workload(measurement, record, choice, found, [one for one in times if one.workload == choice.name], prices)
        for choice in measurement.workloads
        if (found := next((w for w in record.workloads if w.name == choice.name), None))
        and any(
            _has(record, variant) and record.variant(variant.name).baseline
            for variant in measurement.variants_of(choice.name)
        )
    )
    return Findings(measurement, record, times, workloads, _headline(measurement, record, times, workloads))


def without_rounds(findings: Findings) -> Findings:
    """The same without the raw latencies, which nothing needs once a record is analysed: they are most of its bytes."""
    blocks = tuple(block.model_copy(update={"rounds": ()}) for block in findings.record.blocks)
    return replace(findings, record=findings.record.model_copy(update={"blocks": blocks}))


def accuracy_metric(variant: VariantFindings) -> Quality | None:
    """The metric on labels that stands for a variant's quality: the first, for a workload names its main one first."""
    return next((quality for quality in variant.quality if quality.reference == "label"), None)


def agreement_metric(variant: VariantFindings) -> Quality | None:
    """The share of answers that are the baseline's."""
    return next((q for q in variant.quality if q.reference == "baseline" and q.kind == "proportion"), None)


def _has(record: Record, variant: Variant) -> bool:
    return any(one.name == variant.name and one.workload == variant.workload for one in record.variants)


def _workload(
    measurement: Measurement,
    record: Record,
    choice: WorkloadChoice,
    found: WorkloadRecord,
    times: Sequence[BlockTimes],
    prices: Sequence[Price],
) -> WorkloadFindings:
    blocks = [block for block in record.blocks if block.workload == choice.name]
    kept = protocol.kept_blocks(blocks)
    defined = [variant for variant in measurement.variants_of(choice.name) if _has(record, variant)]
    defined.sort(key=lambda variant: not record.variant(variant.name).baseline)
    baseline = defined[0]
    reference = qualities(record.variant(baseline.name))
    comparisons = max(1, record.compared(choice.name))
    others = {
        one.name: compare(
            *(times, one.name, baseline.name, comparisons, _statistic(record)),
            asked=measurement.asked_of(one.name, baseline.name),
        )
        for one in defined[1:]
    }
    variants = tuple(_variant(one, record, kept, baseline, reference, others.get(one.name), prices) for one in defined)
    control = compare(times, CONTROL, baseline.name, statistic=_statistic(record))
    timed = [(one.variant.name, one.latency.p50_ns) for one in variants if one.latency and not one.latency.served]
    spreads = {name: p50.most / p50.least for name, p50 in timed}
    return WorkloadFindings(
        choice=choice,
        record=found,
        variants=variants,
        control=control,
        ladder=ladder(times, choice.steps, _statistic(record)) if choice.steps else (),
        control_energy=energy(record, kept, CONTROL, baseline.name),
        health=tuple(
            BlockHealth(b.index, b.disturbed, b.health.foreign_cpu_cores, b.health.lowest_cpu_share) for b in blocks
        ),
        blocks_kept=len(kept),
        caveats=(*_about_the_definition(measurement, record), *caveats(record, choice.name, control, spreads)),
    )


def _about_the_definition(measurement: Measurement, record: Record) -> tuple[Caveat, ...]:
    changed = record.provenance.definition_sha256 != measurement.fingerprint()
    return (Caveat("definition-changed"),) if changed else ()


def _variant(
    variant: Variant,
    record: Record,
    kept: Sequence[Block],
    baseline: Variant,
    reference: Sequence[Quality],
    against_baseline: Comparison | None,
    prices: Sequence[Price],
) -> VariantFindings:
    found = record.variant(variant.name)
    quality = qualities(found)
    served = record.scenario is Scenario.SERVER
    latency = None if found.failure else _latency(kept, variant.name, served)
    rate = latency.sustained if latency else None
    return VariantFindings(
        variant=variant,
        record=found,
        latency=latency,
        quality=quality,
        gate=Gate.PASSED if variant is baseline else gate(quality, reference),
        accuracy_kept=accuracy_kept(quality, reference),
        error_rate_ratio=error_rate_ratio(quality, reference),
        against_baseline=against_baseline,
        memory=memory([start for block in kept for start in block.workers if start.variant == variant.name]),
        energy=energy(record, kept, variant.name, baseline.name),
        energy_estimate=energy_estimate(record, latency.cpu_s_per_sample if latency else None),
        cost=cost(rate, record.system, prices),
        roofline=roofline(found, rate, record.ceilings, found.threads or record.controls.threads),
    )


def _latency(blocks: Sequence[Block], variant: str, served: bool) -> LatencyFindings | None:
    per_block = [[one for one in block.rounds if one.variant == variant] for block in blocks]
    per_block = [rounds for rounds in per_block if rounds]
    if not per_block:
        return None
    starts = [worker for block in blocks for worker in block.workers if worker.variant == variant]
    pooled = [[ns for one in rounds for ns in one.latencies_ns] for rounds in per_block]
    samples = [sum(one.answered * one.samples_per_query for one in rounds) for rounds in per_block]
    walls = [sum(one.wall_ns for one in rounds) for rounds in per_block]
    cpus = [sum(one.cpu_ns for one in rounds) for rounds in per_block]
    memory = [
        w.peak_rss_bytes - w.rss_before_load_bytes
        for w in starts
        if w.peak_rss_bytes is not None and w.rss_before_load_bytes is not None
    ]
    rates = [rate for block in blocks if (rate := protocol.served_rate(block, variant))]
    everything = sorted(ns for block in pooled for ns in block)
    return LatencyFindings(
        p50_ns=spread([statistics.median(block) for block in pooled]),
        mean_ns=spread([statistics.fmean(block) for block in pooled]),
        percentiles=percentiles(everything),
        p5_ns=plain(everything, 0.05),
        p25_ns=plain(everything, 0.25),
        p75_ns=plain(everything, 0.75),
        queries=sum(one.answered for rounds in per_block for one in rounds),
        samples_per_query=per_block[0][0].samples_per_query,
        rate_served=spread(rates) if rates else None,
        samples_per_second=spread([count / (wall / 1e9) for count, wall in zip(samples, walls, strict=True)]),
        cpu_s_per_sample=spread([cpu / 1e9 / count for count, cpu in zip(samples, cpus, strict=True)]),
        first_call_ns=spread([w.first_call_ns for w in starts]),
        load_ns=spread([w.load_ns for w in starts]),
        memory_bytes=spread(memory) if memory else None,
        served=served,
    )


def _headline(
    measurement: Measurement, record: Record, times: Sequence[BlockTimes], workloads: Sequence[WorkloadFindings]
) -> Comparison | None:
    """The comparison that the definition names, or the fastest sound variant of the first workload."""
    chosen = measurement.headline
    if chosen is None:
        sound = [
            v.against_baseline
            for w in workloads
            for v in w.variants
            if v.against_baseline and v.gate is not Gate.FAILED
        ]
        return max(sound, key=lambda comparison: comparison.speedup.point, default=None)
    workload = measurement.variant(chosen.variant).workload
    if workload not in {one.choice.name for one in workloads}:
        return None
    blocks = [block for block in times if block.workload == workload]
    pair = (chosen.variant, chosen.against)
    return compare(blocks, *pair, record.compared(workload) + 1, _statistic(record), measurement.asked_of(*pair))


def _statistic(record: Record) -> str:
    return protocol.STATISTICS[record.scenario]
