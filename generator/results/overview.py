"""What all records say together: what became of each comparison, and the findings of each system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from generator.core.definition import Variant
from generator.results.comparison import Comparison, Verdict
from generator.results.findings import Findings, WorkloadFindings
from generator.results.quality import Gate


class Outcome(StrEnum):
    """What a comparison is worth to somebody who has to decide."""

    GAIN = "gain"
    """Faster, and the quality gate is passed or could not be checked."""

    SLOWER = "slower"
    NO_DIFFERENCE = "no_difference"
    NOT_REACHED = "not_reached"
    """Not by the factor that was asked, though perhaps faster."""

    GATE_FAILED = "gate_failed"
    """Faster at the cost of quality, so that the speed does not count."""

    CANNOT_TELL = "cannot_tell"
    NOT_MEASURED = "not_measured"


NO_GAIN = (Outcome.SLOWER, Outcome.NO_DIFFERENCE, Outcome.GATE_FAILED)
"""Outcomes that are findings too: something was tried, and it did not help."""


def outcome(found: Comparison | None, gate: Gate) -> Outcome:
    """Judge a comparison by its verdict and the variant's quality gate."""
    if found is None:
        return Outcome.NOT_MEASURED
    match found.verdict:
        case Verdict.FASTER | Verdict.CANNOT_TELL if found.answer is Verdict.NOT_REACHED:
            return Outcome.NOT_REACHED
        case Verdict.FASTER if found.answer is Verdict.CANNOT_TELL:
            return Outcome.CANNOT_TELL
        case Verdict.FASTER:
            return Outcome.GATE_FAILED if gate is Gate.FAILED else Outcome.GAIN
        case Verdict.SLOWER:
            return Outcome.SLOWER
        case Verdict.NO_DIFFERENCE:
            return Outcome.NO_DIFFERENCE
        case _:
            return Outcome.CANNOT_TELL


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variants of a workload that stand against each other in overviews."""

    variant: Variant
    against: Variant


def pairs(findings: Findings, workload: WorkloadFindings) -> tuple[Pair, ...]:
    """The pairs of a workload: the one that answers the question, and each variant against what tells most about it.

    So that nobody's gain is credited to another: a step of a ladder stands against the step before, an int8 variant
    against fp32 in its own runtime, anything else against what the question compares with, or the baseline.
    """
    known = {one.variant.name: one.variant for one in workload.variants}
    baseline, chosen = workload.baseline.variant, findings.measurement.headline
    found = dict[tuple[str, str], Pair]()
    # Without a named question the answer is the fastest sound variant against the baseline.
    answer = findings.headline or chosen
    if answer and {answer.variant, answer.against} <= known.keys():
        found[answer.variant, answer.against] = Pair(known[answer.variant], known[answer.against])
    reference = known[chosen.against] if chosen and chosen.against in known else baseline
    steps = [known[name] for name in workload.choice.steps if name in known]
    before = {after.name: one for one, after in pairwise(steps)}
    for variant in known.values():
        against = before.get(variant.name) or _same_but_for_precision(variant, known.values(), baseline)
        against = against or (baseline if variant is reference else reference)
        if variant is not baseline:
            found.setdefault((variant.name, against.name), Pair(variant, against))
    return tuple(found.values())


def _same_but_for_precision(variant: Variant, others: Iterable[Variant], baseline: Variant) -> Variant | None:
    """The variant of the baseline's number format in the same runtime, the one with the same options first."""
    if variant.precision is baseline.precision:
        return None
    alike = [
        one
        for one in others
        if one.precision is baseline.precision
        and (one.runtime, one.environment) == (variant.runtime, variant.environment)
    ]
    return min(alike, key=lambda one: one.options != variant.options, default=None)


def by_system(latest: Mapping[str, Sequence[Findings]]) -> Mapping[str, tuple[Findings, ...]]:
    """Publishable findings by the fingerprint of their system: the one with most measurements first, then the newest.

    Args:
        latest: of each measurement, those of its systems.
    """
    grouped = dict[str, list[Findings]]()
    for found in latest.values():
        for one in found:
            if one.record.publishable:
                grouped.setdefault(one.record.system.fingerprint(), []).append(one)

    def rank(item: tuple[str, list[Findings]]) -> tuple[int, float]:
        return len(item[1]), max(one.record.finished_at.timestamp() for one in item[1])

    return {name: tuple(found) for name, found in sorted(grouped.items(), key=rank, reverse=True)}
