"""Whether another run of the same measurement says the same, and if not, what the two machines differ in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.analysis.across import Across, across
from generator.analysis.comparability import Difference, Forbids
from generator.analysis.comparison import Verdict
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
        differences=(*_distinct(told, Forbids.ABSOLUTE), *_packages(first, second)),
        largest=max(_relative(pair) for pair in told),
        elsewhere=elsewhere,
    )


def confirmations(first: Record, others: Iterable[Record]) -> tuple[Confirmation, ...]:
    """What every other publishable run says of the first, oldest first; incomparable ones are left out."""
    candidates = [one for one in others if one.publishable and one.record_id != first.record_id]
    ordered = sorted(candidates, key=lambda one: (one.started_at, one.record_id))
    found = [confirmation(first, one) for one in ordered]
    return tuple(one for one in found if one.outcome is not Outcome.INCOMPARABLE)


def _agrees(pair: Across) -> bool:
    """Whether the two gains may be one: their ratio's interval holds 1, or the ratio is near enough to it."""
    found = pair.ratio_of_ratios
    if found is None:
        return True
    same = found.interval.contains(1.0) or pair.verdict is Verdict.NO_DIFFERENCE
    return (same or _relative(pair) <= AGREEMENT) and pair.ours.gate is pair.theirs.gate


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
