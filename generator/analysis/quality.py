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


def gate(variant: Sequence[Quality], baseline: Sequence[Quality]) -> Gate:
    """Whether a variant keeps 99 % of the baseline's accuracy, on every accuracy metric that both have.

    Without labels, agreement with the baseline stands in: its answers must agree in 99 % of the samples.
    """
    reference = {q.metric: q.estimate.point for q in baseline if q.reference == "label" and q.kind == "proportion"}
    accuracy = [q for q in variant if q.metric in reference]
    if accuracy:
        kept = all(q.estimate.point >= GATE_SHARE * reference[q.metric] for q in accuracy)
        return Gate.PASSED if kept else Gate.FAILED
    agreement = [q for q in variant if q.reference == "baseline" and q.kind == "proportion"]
    if agreement:
        return Gate.PASSED if all(q.estimate.point >= GATE_SHARE for q in agreement) else Gate.FAILED
    return Gate.UNKNOWN
