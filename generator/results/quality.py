"""What speed costs: accuracy on labels, fidelity to the baseline's own outputs, and the gate they must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from generator.core.record import Observations, VariantRecord
from generator.results.bleu import bleu
from generator.results.estimate import Estimate, Interval, mean, proportion

NAIVE = "naive-"
"""Before a metric's name: the same of a rule without a model, such as "tomorrow as today"."""

GATE_SHARE = 0.99
"""Share of the baseline's accuracy that a variant must keep for its speed to count as a gain (MLPerf's usual)."""


class Gate(StrEnum):
    """Whether a variant's speed counts."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nothing was measured that could tell."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality metric of one variant."""

    metric: str
    kind: str
    """proportion, mean, maximum or bleu."""

    reference: str
    """label or baseline."""

    estimate: Estimate
    better: str = "higher"
    """higher or lower."""

    unit: str = ""
    """Key of the unit's phrase; nothing for shares and bare numbers."""


def summarise(observations: Observations) -> Quality:
    """Reduce a metric's values to its estimate; a maximum has no interval beyond itself."""
    values = observations.values
    if observations.kind == "proportion":
        estimate = proportion(values)
    elif observations.kind == "mean":
        estimate = mean(values)
        if observations.better == "higher" and all(0 <= one <= 1 for one in values):
            estimate = within_bounds(estimate)
    elif observations.kind == "bleu":
        estimate = bleu(observations.counts)
    else:
        largest = max(values)
        estimate = Estimate(largest, Interval(largest, largest), len(values))
    return Quality(
        observations.metric,
        observations.kind,
        observations.reference,
        estimate,
        observations.better,
        observations.unit,
    )


def within_bounds(estimate: Estimate) -> Estimate:
    """Mean of shares: Student's interval, which knows no bounds, ends where shares end."""
    interval = Interval(max(0.0, estimate.interval.low), min(1.0, estimate.interval.high))
    return replace(estimate, interval=interval)


def qualities(variant: VariantRecord) -> tuple[Quality, ...]:
    """All metrics of a variant, in the record's order; one without values is left out."""
    return tuple(summarise(one) for one in variant.quality if one.values or one.counts)


def on_labels(found: Sequence[Quality]) -> bool:
    """Whether any of a variant's metrics is on labels."""
    return any(one.reference == "label" and not one.metric.startswith(NAIVE) for one in found)


def accuracy_kept(variant: Sequence[Quality], baseline: Sequence[Quality]) -> float | None:
    """Smallest share of the baseline's accuracy that a variant keeps, over the metrics that both have on labels.

    Of an error, where lower is better, it is the baseline's error over the variant's. MLPerf asks for 0.99, and for
    0.999 in its stricter division; None where nothing was measured on labels.
    """
    pairs = [(worse, better) for worse, better in _judged(variant, baseline) if better]
    return min((worse / better for worse, better in pairs), default=None)


def error_rate_ratio(variant: Sequence[Quality], baseline: Sequence[Quality]) -> float | None:
    """Largest ratio of a variant's error to the baseline's; it shows what a share of accuracy near 1 hides.

    Of a proportion it is the ratio of what is missing to 1. None where nothing was measured on labels, or the baseline
    made no error.
    """
    errors = [
        (1 - ours.estimate.point, 1 - theirs.estimate.point)
        if ours.kind == "proportion"
        else (ours.estimate.point, theirs.estimate.point)
        for ours, theirs in _on_labels(variant, baseline)
        if ours.kind == "proportion" or ours.better == "lower"
    ]
    return max((ours / theirs for ours, theirs in errors if theirs > 0), default=None)


def skill(variant: VariantRecord, metric: str) -> Estimate | None:
    """By what share a model's mean error is below that of a rule without a model, on the same samples.

    The rule's metric has the same name after `NAIVE`.

    1 - mean(error) / mean(naive error), its interval by the delta method over the samples; None where either was not
    measured. Source: W. G. Cochran, "Sampling Techniques", 3rd ed., section 6.3 (ratio estimates).
    """
    values = {one.metric: one.values for one in variant.quality}
    ours, theirs = values.get(metric, ()), values.get(NAIVE + metric, ())
    if len(ours) != len(theirs) or len(ours) < 2 or not sum(theirs):
        return None
    ratio, centre = sum(ours) / sum(theirs), sum(theirs) / len(theirs)
    return mean([1 - ratio - (a - ratio * b) / centre for a, b in zip(ours, theirs, strict=True)])


def _on_labels(variant: Sequence[Quality], baseline: Sequence[Quality]) -> list[tuple[Quality, Quality]]:
    """Metrics on labels that both have, ours and theirs. A rule's own error says nothing of a model."""
    reference = {q.metric: q for q in baseline if q.reference == "label" and q.kind != "maximum"}
    return [(q, reference[q.metric]) for q in variant if q.metric in reference and not q.metric.startswith(NAIVE)]


def _judged(variant: Sequence[Quality], baseline: Sequence[Quality]) -> list[tuple[float, float]]:
    """For each metric on labels the two points between which 99 % must be kept: one must be at least that of the other.

    Higher is better: ours, theirs. Lower is better: theirs, ours, for the baseline's error must be at least 99 % of
    the variant's, which is to say that the variant's is at most 1 / 0.99 of the baseline's.
    """
    pairs = [(q.better, q.estimate.point, theirs.estimate.point) for q, theirs in _on_labels(variant, baseline)]
    return [(theirs, ours) if better == "lower" else (ours, theirs) for better, ours, theirs in pairs]


def gate(variant: Sequence[Quality], baseline: Sequence[Quality]) -> Gate:
    """Whether a variant keeps 99 % of the baseline's accuracy, on every metric that both have on labels.

    An error, where lower is better, may be at most 1 / 0.99 of the baseline's. Without labels, agreement with the
    baseline stands in: its answers must agree in 99 % of the samples.
    """
    if judged := _judged(variant, baseline):
        kept = all(kept >= GATE_SHARE * whole for kept, whole in judged)
        return Gate.PASSED if kept else Gate.FAILED
    agreement = [q for q in variant if q.reference == "baseline" and q.kind == "proportion"]
    if agreement:
        return Gate.PASSED if all(q.estimate.point >= GATE_SHARE for q in agreement) else Gate.FAILED
    return Gate.UNKNOWN
