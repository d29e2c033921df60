"""Whether another run of the same measurement says the same, and if not, what the two machines differ in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.core.protocol import LogInterval
from generator.core.record import Record
from generator.results.across import Across, across, difference
from generator.results.comparability import Difference, Forbids, Inputs, forbids_quality
from generator.results.comparison import Verdict, verdict
from generator.results.estimate import ratio
from generator.results.quality import Gate, on_labels
from generator.results.summary import Ratio, Summary

AGREEMENT = 0.03
"""Two runs agree on a ratio when it differs by no more than this, or by no more than their intervals explain."""


class Outcome(StrEnum):
    """What one run says of another."""

    AGREES = "agrees"
    """Every ratio that both have is the same, as far as can be told."""

    DIFFERS = "differs"
    """At least one ratio is another."""

    INCOMPARABLE = "incomparable"
    """They did not compute the same thing in the same way, or have no timed variant in common."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a second run says of a first."""

    record: Record
    """The second run."""

    outcome: Outcome
    pairs: tuple[Across, ...]
    """Variants that both have, each against its own baseline; ours is the first run's."""

    differences: tuple[Difference, ...]
    """What forbids ratios where they are incomparable; else what the machines differ in."""

    largest: float | None
    """Largest relative difference of a ratio; None where there is none."""

    elsewhere: bool
    """Whether the second run was on another machine."""


def confirmation(first: Record, second: Record) -> Confirmation:
    """Hold a second run against a first, variant by variant, by the ratios to their own baselines."""
    theirs = {one.name for one in second.variants if not one.baseline}
    names = [one.name for one in first.variants if one.name in theirs and not one.baseline]
    every = [across(first, name, second, name) for name in names]
    told = tuple(pair for pair in every if pair.ratio_of_ratios)
    elsewhere = first.system.fingerprint() != second.system.fingerprint()
    if not told:
        forbidding = _distinct(every, Forbids.RATIO)
        return Confirmation(second, Outcome.INCOMPARABLE, (), forbidding, None, elsewhere)
    agrees = all(_agrees(pair) for pair in told)
    return Confirmation(
        record=second,
        outcome=Outcome.AGREES if agrees else Outcome.DIFFERS,
        pairs=told,
        differences=(*_distinct(told, Forbids.QUALITY), *_distinct(told, Forbids.ABSOLUTE), *packages(first, second)),
        largest=max(_relative(pair) for pair in told),
        elsewhere=elsewhere,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many other runs say the same as one."""

    agree: int
    elsewhere: int
    """Of those that agree, the ones on other machines."""

    differ: int

    @property
    def compared(self) -> int:
        """Runs that could be held against it."""
        return self.agree + self.differ


def tally(first: Summary, others: Iterable[Summary]) -> Tally:
    """Count what every other publishable run says of the first; incomparable ones are left out.

    It judges as `confirmation` does, by what the summaries keep.
    """
    found = [
        (one.machine != first.machine, outcome)
        for one in others
        if one.publishable and one.record_id != first.record_id
        if (outcome := _outcome(first, one)) is not Outcome.INCOMPARABLE
    ]
    agree = [elsewhere for elsewhere, outcome in found if outcome is Outcome.AGREES]
    return Tally(len(agree), sum(agree), len(found) - len(agree))


def _outcome(first: Summary, second: Summary) -> Outcome:
    told = _in_common(first, second)
    if not told:
        return Outcome.INCOMPARABLE
    agrees = all(
        _same(difference(a.speedup, b.speedup)) and _one_gate(a.gate, b.gate, _one_basis(a, b)) for a, b in told
    )
    return Outcome.AGREES if agrees else Outcome.DIFFERS


def of_answers(first: Summary, second: Summary) -> Outcome:
    """Whether two runs give one answer to their measurement's question; the other variants are not looked at."""
    ours, theirs = first.headline, second.headline
    if ours is None or theirs is None or first.conditions != second.conditions:
        return Outcome.INCOMPARABLE
    if (ours.variant, ours.against) != (theirs.variant, theirs.against):
        return Outcome.INCOMPARABLE
    asked, theirs_asked = _asked(first, ours.variant), _asked(second, ours.variant)
    if asked is None or theirs_asked is None or not asked.cost_like(theirs_asked):
        return Outcome.INCOMPARABLE
    gates = first.gate or Gate.UNKNOWN, second.gate or Gate.UNKNOWN
    one_basis = first.on_labels is second.on_labels and asked.data_sha256 == theirs_asked.data_sha256
    one_gate = _one_gate(*gates, one_basis)
    return Outcome.AGREES if one_gate and _same(difference(ours.speedup, theirs.speedup)) else Outcome.DIFFERS


def _asked(summary: Summary, variant: str) -> Inputs | None:
    return next((one.inputs for one in summary.ratios if one.variant == variant), None)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A variant of which two runs of one machine say what their intervals do not explain."""

    ours: Ratio
    theirs: Ratio
    other: Summary
    """The run that says otherwise."""


def disputes(first: Summary, others: Iterable[Summary]) -> tuple[Dispute, ...]:
    """What the publishable runs of the same machine deny of the first, the largest difference first."""
    found = [
        Dispute(ours, theirs, one)
        for one in others
        if one.publishable and one.machine == first.machine and one.record_id != first.record_id
        for ours, theirs in _in_common(first, one)
        if not _same(difference(ours.speedup, theirs.speedup))
    ]
    return tuple(sorted(found, key=lambda one: -abs(difference(one.ours.speedup, one.theirs.speedup).mean)))


def _in_common(first: Summary, second: Summary) -> list[tuple[Ratio, Ratio]]:
    """Ratios of both runs that may be held against each other."""
    theirs = {one.variant: one for one in second.ratios}
    pairs = [(ours, theirs[ours.variant]) for ours in first.ratios if ours.variant in theirs]
    return [(a, b) for a, b in pairs if a.conditions == b.conditions and a.inputs.cost_like(b.inputs)]


def _one_basis(ours: Ratio, theirs: Ratio) -> bool:
    """Whether both gates were judged by one thing: labels or agreement, on the same data."""
    return ours.on_labels is theirs.on_labels and ours.inputs.data_sha256 == theirs.inputs.data_sha256


def _one_gate(ours: Gate, theirs: Gate, one_basis: bool) -> bool:
    """Whether two gates may be one: they contradict each other only where both were judged, and by the same thing."""
    return not one_basis or Gate.UNKNOWN in (ours, theirs) or ours is theirs


def _agrees(pair: Across) -> bool:
    ours, theirs = pair.ours.against_baseline, pair.theirs.against_baseline
    if ours is None or theirs is None:
        return True
    # Another data set is another gate.
    one_basis = on_labels(pair.ours.quality) is on_labels(pair.theirs.quality) and not forbids_quality(pair.differences)
    one_gate = _one_gate(pair.ours.gate, pair.theirs.gate, one_basis)
    return _same(difference(ours.speedup, theirs.speedup)) and one_gate


def _same(found: LogInterval) -> bool:
    """Whether two gains may be one: their ratio's interval holds 1, or the ratio is near enough to it."""
    same = ratio(found).interval.contains(1.0) or verdict(found) is Verdict.NO_DIFFERENCE
    return same or math.expm1(abs(found.mean)) <= AGREEMENT


def _relative(pair: Across) -> float:
    return math.expm1(abs(math.log(pair.ratio_of_ratios.point))) if pair.ratio_of_ratios else 0.0


def packages(first: Record, second: Record) -> Iterator[Difference]:
    """Versions of what can change a number; where they differ, the same machine may give another ratio."""
    ours, theirs = first.provenance.packages, second.provenance.packages
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            yield Difference(f"provenance.packages.{name}", ours[name], theirs[name], Forbids.ABSOLUTE)


def _distinct(pairs: Sequence[Across], forbids: Forbids) -> tuple[Difference, ...]:
    return tuple(dict.fromkeys(d for pair in pairs for d in pair.differences if d.forbids is forbids))
