"""Whether another run of the same measurement says the same, and if not, what the two machines differ in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.analysis.across import Across, across, difference
from generator.analysis.comparability import Difference, Forbids, forbids_quality
from generator.analysis.comparison import Verdict, verdict
from generator.analysis.estimate import ratio
from generator.analysis.summary import Summary
from generator.protocol import LogInterval
from generator.record import Record

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
        differences=(*_distinct(told, Forbids.QUALITY), *_distinct(told, Forbids.ABSOLUTE), *_packages(first, second)),
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
    theirs = {one.variant: one for one in second.ratios}
    pairs = [(ours, theirs[ours.variant]) for ours in first.ratios if ours.variant in theirs]
    told = [(a, b) for a, b in pairs if a.conditions == b.conditions and a.inputs.cost_like(b.inputs)]
    if not told:
        return Outcome.INCOMPARABLE
    agrees = all(
        _same(difference(a.speedup, b.speedup))
        and (a.gate is b.gate or a.inputs.data_sha256 != b.inputs.data_sha256)  # another data set is another gate
        for a, b in told
    )
    return Outcome.AGREES if agrees else Outcome.DIFFERS


def _agrees(pair: Across) -> bool:
    ours, theirs = pair.ours.against_baseline, pair.theirs.against_baseline
    if ours is None or theirs is None:
        return True
    same_gate = pair.ours.gate is pair.theirs.gate or forbids_quality(pair.differences)
    return _same(difference(ours.speedup, theirs.speedup)) and same_gate


def _same(found: LogInterval) -> bool:
    """Whether two gains may be one: their ratio's interval holds 1, or the ratio is near enough to it."""
    same = ratio(found).interval.contains(1.0) or verdict(found) is Verdict.NO_DIFFERENCE
    return same or math.expm1(abs(found.mean)) <= AGREEMENT


def _relative(pair: Across) -> float:
    return math.expm1(abs(math.log(pair.ratio_of_ratios.point))) if pair.ratio_of_ratios else 0.0


def _packages(first: Record, second: Record) -> Iterator[Difference]:
    """Versions of what can change a number; where they differ, the same machine may give another ratio."""
    ours, theirs = first.provenance.packages, second.provenance.packages
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            yield Difference(f"provenance.packages.{name}", ours[name], theirs[name], Forbids.ABSOLUTE)


def _distinct(pairs: Sequence[Across], forbids: Forbids) -> tuple[Difference, ...]:
    return tuple(dict.fromkeys(d for pair in pairs for d in pair.differences if d.forbids is forbids))
