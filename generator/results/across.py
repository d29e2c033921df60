"""Two variants, of one run or of two: what may be said of them, and what forbids saying more. No words."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from generator.core import protocol
from generator.core.block_times import times_of
from generator.core.definition import CONTROL
from generator.core.errors import RecordError
from generator.core.record import Block, Record, VariantRecord
from generator.results.caveat import Caveat, caveats
from generator.results.change import quality_change
from generator.results.comparability import Difference, baseline_of, forbids_ratios, why_not, workload_of
from generator.results.comparison import Comparison, Verdict, compare, difference, verdict
from generator.results.estimate import Estimate, Spread, ratio, spread
from generator.results.quality import Gate, Quality, gate, qualities
from generator.results.reference import Reference


@dataclass(frozen=True, slots=True)
class Absolute:
    """What a variant did on its machine at its time; it moves by 10 to 20 % between runs, so it has no interval."""

    spread: Spread
    """Median, smallest and largest over the blocks that count."""

    unit: str
    """"ns" a query, "samples_per_second" or "queries_per_second", as the scenario compares."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a variant of one record."""

    record: Record
    variant: VariantRecord
    baseline: VariantRecord
    against_baseline: Comparison | None
    """None for the baseline itself, and for a variant that was not timed in two blocks."""

    absolute: Absolute | None
    """None when it was never timed."""

    quality: tuple[Quality, ...]
    gate: Gate
    caveats: tuple[Caveat, ...]
    """Doubts about the variant's workload in its run."""


@dataclass(frozen=True, slots=True)
class QualityDifference:
    """One metric of two variants that answered the same samples."""

    metric: str
    ours: Quality
    theirs: Quality
    difference: Estimate | None
    """ours - theirs, sample by sample; None where the metric has no mean or the samples differ."""


@dataclass(frozen=True, slots=True)
class Within:
    """Two variants that one run measured in turns."""

    ours: Side
    theirs: Side
    comparison: Comparison | None
    """None when fewer than two blocks hold both."""

    quality: tuple[QualityDifference, ...]


@dataclass(frozen=True, slots=True)
class Across:
    """Two variants of two runs."""

    ours: Side
    theirs: Side
    differences: tuple[Difference, ...]
    """Everything that keeps them apart."""

    ratio_of_ratios: Estimate | None
    """Our speedup over theirs; None where the guard forbids it or a side has none."""

    verdict: Verdict | None
    """Of the ratio of ratios: faster means that our gain is the larger one."""

    @property
    def refused(self) -> bool:
        """Whether not even ratios may be compared."""
        return forbids_ratios(self.differences)

    @property
    def absolute_allowed(self) -> bool:
        """Whether latencies and throughputs may stand side by side."""
        return not self.differences


def compared(first: Reference, second: Reference) -> tuple[Within | Across, ...]:
    """Compare what two words name: two variants, or two records variant by variant.

    Raises:
        RecordError: when one names a variant and the other none, or both name the same thing.
    """
    a, b = first.record, second.record
    if (first.variant is None) is not (second.variant is None):
        named = first.variant or second.variant
        remedy = f"Name a variant of both, as in RECORD:{named}, or of neither."
        raise RecordError(b.record_id if first.variant else a.record_id, "only one of the two names a variant", remedy)
    if first.variant is None or second.variant is None:
        if a.record_id == b.record_id:
            remedy = f"Name two of its variants: {', '.join(one.name for one in a.variants)}."
            raise RecordError(a.record_id, "a record is not compared with itself", remedy)
        return tuple(across(a, name, b, name) for name in _common(a, b))
    if a.record_id == b.record_id and workload_of(a, first.variant) == workload_of(b, second.variant):
        if first.variant == second.variant:
            raise RecordError(a.record_id, f"'{first.variant}' is not compared with itself", "Name another variant.")
        return (within(a, first.variant, second.variant),)
    return (across(a, first.variant, b, second.variant),)


def within(record: Record, variant: str, other: str) -> Within:
    """Compare two variants of one workload of one run.

    Raises:
        KeyError: when the record has no variant of that name.
    """
    ours, theirs = side(record, variant), side(record, other)
    workload = ours.variant.workload
    times = times_of(record, workload)
    found = compare(times, variant, other, max(1, record.compared(workload)), _statistic(record))
    return Within(ours, theirs, found, quality_differences(ours.variant, theirs.variant))


def across(record: Record, variant: str, other_record: Record, other: str) -> Across:
    """Compare two variants of two runs, each by its ratio to its own baseline.

    The runs are independent, so the half-widths of the log ratios add in quadrature.

    Raises:
        KeyError: when a record has no variant of that name.
    """
    ours, theirs = side(record, variant), side(other_record, other)
    differences = why_not(record, other_record, variant, other)
    combined = None
    if not forbids_ratios(differences) and ours.against_baseline and theirs.against_baseline:
        combined = difference(ours.against_baseline.speedup, theirs.against_baseline.speedup)
    return Across(
        ours=ours,
        theirs=theirs,
        differences=differences,
        ratio_of_ratios=ratio(combined) if combined else None,
        verdict=verdict(combined) if combined else None,
    )


def _common(record: Record, other: Record) -> tuple[str, ...]:
    """Variants that both records have under one name and that are no baseline, in the first's order.

    Raises:
        RecordError: when there are none.
    """
    theirs = {one.name for one in other.variants if not one.baseline}
    common = tuple(v.name for v in record.variants if v.name in theirs and not v.baseline)
    if not common:
        problem = f"{record.record_id} and {other.record_id} have no variant of one name beside their baselines"
        raise RecordError("compare", problem, "Name one of each: RECORD:VARIANT RECORD:VARIANT.")
    return common


def side(record: Record, name: str) -> Side:
    """Everything that a comparison says of one variant.

    Raises:
        KeyError: when the record has no variant of that name.
    """
    variant = record.variant(name)
    workload = workload_of(record, name).name
    baseline, blocks = baseline_of(record, workload), _blocks(record, workload)
    others = record.compared(workload)
    found, times = qualities(variant), times_of(record, workload)
    control = compare(times, CONTROL, baseline.name, statistic=_statistic(record))
    return Side(
        record=record,
        variant=variant,
        baseline=baseline,
        against_baseline=None
        if variant.baseline
        else compare(times, name, baseline.name, max(1, others), _statistic(record)),
        absolute=_absolute(protocol.kept_blocks(blocks), name, _statistic(record)),
        quality=found,
        gate=Gate.PASSED if variant.baseline else gate(found, qualities(baseline)),
        caveats=caveats(record, workload, control, {}),
    )


def quality_differences(ours: VariantRecord, theirs: VariantRecord) -> tuple[QualityDifference, ...]:
    """Metrics that both variants have, in the first's order."""
    known = {one.metric: one for one in qualities(theirs)}
    return tuple(
        QualityDifference(one.metric, one, known[one.metric], quality_change(ours, theirs, one.metric))
        for one in qualities(ours)
        if one.metric in known
    )


def _absolute(blocks: Sequence[Block], variant: str, statistic: str) -> Absolute | None:
    values = [value for block in blocks if (value := _block_absolute(block, variant, statistic)) is not None]
    units = {"p50": "ns", "mean": "samples_per_second", "rate": "queries_per_second"}
    if not values:
        return None
    return Absolute(spread(values), units[statistic])


def _block_absolute(block: Block, variant: str, statistic: str) -> float | None:
    if statistic == "rate":
        return protocol.served_rate(block, variant)
    rounds = [one for one in block.rounds if one.variant == variant]
    if not rounds:
        return None
    if statistic == "mean":
        samples = sum(one.answered * one.samples_per_query for one in rounds)
        return samples / (sum(one.wall_ns for one in rounds) / 1e9)
    return statistics.median([ns for one in rounds for ns in one.latencies_ns])


def _blocks(record: Record, workload: str) -> list[Block]:
    return [block for block in record.blocks if block.workload == workload]


def _statistic(record: Record) -> str:
    return protocol.STATISTICS[record.scenario]
