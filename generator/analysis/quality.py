"""What speed costs: accuracy on labels, fidelity to the baseline's own outputs, and the gate they must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.analysis.estimate import Estimate, Interval, mean, proportion
from generator.record import Observations, VariantRecord

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
    """proportion, mean or maximum."""

    reference: str
    """label or baseline."""

    estimate: Estimate


def summarise(observations: Observations) -> Quality:
    """Reduce a metric's values to its estimate; a maximum has no interval beyond itself."""
    values = observations.values
    if observations.kind == "proportion":
        estimate = proportion(values)
    elif observations.kind == "mean":
        estimate = mean(values)
    else:
        largest = max(values)
        estimate = Estimate(largest, Interval(largest, largest), len(values))
    return Quality(observations.metric, observations.kind, observations.reference, estimate)


def qualities(variant: VariantRecord) -> tuple[Quality, ...]:
    """All metrics of a variant, in the record's order; one without values is left out."""
    return tuple(summarise(one) for one in variant.quality if one.values)


def accuracy_kept(variant: Sequence[Quality], baseline: Sequence[Quality]) -> float | None:
    """Smallest share of the baseline's accuracy that a variant keeps, over the metrics that both have on labels.

    MLPerf asks for 0.99, and for 0.999 in its stricter division; None where nothing was measured on labels.
    """
    pairs = _accuracies(variant, baseline)
    return min((ours / theirs for ours, theirs in pairs if theirs), default=None)


def error_rate_ratio(variant: Sequence[Quality], baseline: Sequence[Quality]) -> float | None:
    """Largest ratio of a variant's error rate to the baseline's; it shows what a share of accuracy near 1 hides.

    None where nothing was measured on labels, or the baseline made no error.
    """
    pairs = _accuracies(variant, baseline)
    return max(((1 - ours) / (1 - theirs) for ours, theirs in pairs if theirs < 1), default=None)


def _accuracies(variant: Sequence[Quality], baseline: Sequence[Quality]) -> list[tuple[float, float]]:
    reference = {q.metric: q.estimate.point for q in baseline if q.reference == "label" and q.kind == "proportion"}
    return [(q.estimate.point, reference[q.metric]) for q in variant if q.metric in reference]


def gate(variant: Sequence[Quality], baseline: Sequence[Quality]) -> Gate:
    """Whether a variant keeps 99 % of the baseline's accuracy, on every accuracy metric that both have.

    Without labels, agreement with the baseline stands in: its answers must agree in 99 % of the samples.
    """
    if accuracies := _accuracies(variant, baseline):
        kept = all(ours >= GATE_SHARE * theirs for ours, theirs in accuracies)
        return Gate.PASSED if kept else Gate.FAILED
    agreement = [q for q in variant if q.reference == "baseline" and q.kind == "proportion"]
    if agreement:
        return Gate.PASSED if all(q.estimate.point >= GATE_SHARE for q in agreement) else Gate.FAILED
    return Gate.UNKNOWN
