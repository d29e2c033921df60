"""Whether another run of the same measurement says the same, and if not, what the two machines differ in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.core.record import Record
from generator.results.across import Across, Side, across
from generator.results.comparability import Difference, Forbids, conditions, inputs_of
from generator.results.comparison import Verdict, difference, verdict
from generator.results.estimate import Estimate, ratio
from generator.results.quality import Gate, on_labels, qualities
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
    """Whether the second run was on a machine of another kind: two of one kind may be the same one."""


def confirmation(first: Record, second: Record) -> Confirmation:
    """Hold a second run against a first, variant by variant, by the ratios to their own baselines."""
    theirs = {one.name for one in second.variants if not one.baseline}
    names = [one.name for one in first.variants if one.name in theirs and not one.baseline]
    every = [across(first, name, second, name) for name in names]
    told = tuple(pair for pair in every if pair.ratio_of_ratios)
    elsewhere = first.system.kind() != second.system.kind()
    if not told:
        forbidding = _distinct(every, Forbids.RATIO)
        return Confirmation(second, Outcome.INCOMPARABLE, (), forbidding, None, elsewhere)
    ratios = [(ours, other) for pair in told if (ours := _ratio(pair.ours)) and (other := _ratio(pair.theirs))]
    agrees = all(agree(*both) for both in ratios)
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
    """Of those that agree, the ones on machines of another kind."""

    differ: int

    @property
    def compared(self) -> int:
        """Runs that could be held against it."""
        return self.agree + self.differ


def tally(first: Summary, others: Iterable[Summary]) -> Tally:
    """Count what every other publishable run says of the first; incomparable ones are left out.

    It judges as `confirmation` does (see `agree`), by what the summaries keep.
    """
    found = [
        (one.kind != first.kind, outcome)
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
    agrees = all(agree(ours, theirs) for ours, theirs in told)
    return Outcome.AGREES if agrees else Outcome.DIFFERS


def of_answers(first: Summary, second: Summary) -> Outcome:
    """Whether two runs give one answer to their measurement's question; the other variants are not looked at."""
    if first.headline is None or second.headline is None or first.headline.against != second.headline.against:
        return Outcome.INCOMPARABLE
    ours, theirs = first.answer, second.answer
    if not ours or not theirs or ours.variant != theirs.variant or not ours.comparable(theirs):
        return Outcome.INCOMPARABLE
    return Outcome.AGREES if agree(ours, theirs) else Outcome.DIFFERS


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
        if not same_gain(ours.speedup, theirs.speedup)
    ]
    return tuple(sorted(found, key=lambda one: -abs(difference(one.ours.speedup, one.theirs.speedup).mean)))


def _in_common(first: Summary, second: Summary) -> list[tuple[Ratio, Ratio]]:
    """Ratios of both runs that may be held against each other."""
    theirs = {one.variant: one for one in second.ratios}
    pairs = [(ours, theirs[ours.variant]) for ours in first.ratios if ours.variant in theirs]
    return [(a, b) for a, b in pairs if a.comparable(b)]


def agree(ours: Ratio, theirs: Ratio) -> bool:
    """Whether two runs may be saying one thing of a variant: by its gain, and by what its answers are worth.

    Gates contradict each other only where both were judged, and by one thing: labels or agreement, on the same data.
    """
    one_basis = ours.on_labels is theirs.on_labels and ours.inputs.data_sha256 == theirs.inputs.data_sha256
    gates = {ours.gate, theirs.gate}
    return same_gain(ours.speedup, theirs.speedup) and (not one_basis or Gate.UNKNOWN in gates or len(gates) == 1)


def same_gain(ours: Estimate, theirs: Estimate) -> bool:
    """Whether two gains may be one: their ratio's interval holds 1, or the ratio is near enough to it."""
    found = difference(ours, theirs)
    same = ratio(found).interval.contains(1.0) or verdict(found) is Verdict.NO_DIFFERENCE
    return same or math.expm1(abs(found.mean)) <= AGREEMENT


def _ratio(side: Side) -> Ratio | None:
    """What a summary keeps of a variant."""
    if side.against_baseline is None:
        return None
    alike = conditions(side.record, side.variant.name), inputs_of(side.record, side.variant.name)
    labels = on_labels(side.quality) and on_labels(qualities(side.baseline))
    return Ratio(side.variant.name, *alike, side.against_baseline.speedup, side.gate, labels)


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
