"""Sentences of the post, judged by the numbers that they are bound to. No words.

A sentence asserts a factor. Each number reaches it, misses it, or leaves it open; the verdict follows from all of them.
"Twice" is read charitably: a number that is larger than two reaches it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.cited.evidence import TWO_YEARS, Evidence, Figure
from generator.cited.pair import Absence, Library, Pair
from generator.cited.story import Claim, ClaimVerdict, Pick
from generator.core.errors import PublishError
from generator.results.comparison import Verdict
from generator.results.quality import Gate

PUBLISHED_GAIN = 1.1
"""From here on a published ratio speaks for a gain: its conditions are others', its error is told by nobody, and two
submissions for one chip, a year apart, differ by less.
"""


class Stance(StrEnum):
    """What one number says of a sentence."""

    REACHES = "reaches"
    MISSES = "misses"
    OPEN = "open"
    """Its interval contains the factor, its window is too short to tell, or it is a trend and no observation."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A record's ratio, and what it says of the sentence."""

    pick: Pick
    pair: Pair
    stance: Stance


@dataclass(frozen=True, slots=True)
class Theirs:
    """A published figure, and what it says of the sentence."""

    figure: Figure
    stance: Stance


@dataclass(frozen=True, slots=True)
class Missing:
    """A ratio that a sentence waits for."""

    pick: Pick
    absence: Absence


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence with its numbers and its verdict."""

    claim: Claim
    ours: tuple[Ours, ...]
    theirs: tuple[Theirs, ...]
    missing: tuple[Missing, ...]
    verdict: ClaimVerdict

    def count(self, stance: Stance) -> int:
        """Numbers that say this."""
        return self.stances.count(stance)

    @property
    def stances(self) -> tuple[Stance, ...]:
        """What each of its numbers says."""
        return (*(one.stance for one in self.ours), *(one.stance for one in self.theirs))


def judge(claim: Claim, records: Library, evidence: Evidence, where: str) -> Judged:
    """Judge one sentence.

    Args:
        claim: the sentence.
        records: our measurements.
        evidence: others' figures.
        where: the file of the claims, for errors.

    Raises:
        DefinitionError: when it cites a variant or a figure that does not exist.
        PublishError: when its numbers contradict the verdict that it states, or it depends and does not say on what.
    """
    pairs = [(pick, records.pair(pick, where)) for pick in claim.ours]
    ours = tuple(Ours(pick, one, stance_of(claim, pick, one)) for pick, one in pairs if isinstance(one, Pair))
    theirs = tuple(_theirs(claim, evidence.figure(name, where)) for name in claim.published)
    missing = tuple(Missing(pick, one) for pick, one in pairs if isinstance(one, Absence))
    numbers = [*(one.stance for one in ours), *(one.stance for one in theirs)]
    verdict = verdict_of(numbers, bool(missing)) if claim.at_least is not None else claim.verdict
    if verdict is None or (claim.verdict is not None and claim.verdict is not verdict):
        counts = ", ".join(f"{numbers.count(stance)} {stance}" for stance in Stance)
        problem = (
            f"the claim '{claim.id}' is stated to be '{claim.verdict}', but its numbers say '{verdict}' ({counts})"
        )
        raise PublishError(where, problem, "Change the verdict, or leave it to the numbers.")
    if verdict is ClaimVerdict.DEPENDS and claim.depends is None:
        raise PublishError(where, f"'{claim.id}' depends, but 'depends' does not say on what", "Write it.")
    return Judged(claim, ours, theirs, missing, verdict)


def verdict_of(stances: Sequence[Stance], waits: bool = False) -> ClaimVerdict:
    """What all numbers say together.

    Supported: every one reaches the factor, and none is missing. Contradicted: at least one misses it, and none reaches
    it. Depends: some reach it, the others do not. Open: no number decides, or what is missing could still part them.

    Args:
        stances: what each number says.
        waits: whether numbers that the sentence is bound to have not been measured yet.
    """
    reached, missed = Stance.REACHES in stances, Stance.MISSES in stances
    if not reached:
        return ClaimVerdict.CONTRADICTED if missed else ClaimVerdict.OPEN
    if set(stances) != {Stance.REACHES}:
        return ClaimVerdict.DEPENDS
    return ClaimVerdict.OPEN if waits else ClaimVerdict.SUPPORTED


def stance_of(claim: Claim, pick: Pick, pair: Pair) -> Stance:
    """What one of our ratios says: a gain that costs too much quality is none."""
    factor, found = claim.at_least or 1.0, pair.comparison
    if pair.variant.gate is Gate.FAILED:
        return Stance.MISSES
    if factor == 1:
        known = {Verdict.FASTER: Stance.REACHES, Verdict.CANNOT_TELL: Stance.OPEN}
        return known.get(found.verdict, Stance.MISSES)
    interval = found.speedup.interval
    return _stance(interval.low, interval.high, claim, pick.window_years)


def _theirs(claim: Claim, figure: Figure) -> Theirs:
    found = figure.range
    if found is None or (claim.over_two_years and figure.window_years is None):
        return Theirs(figure, Stance.OPEN)
    return Theirs(figure, _stance(*found, claim, figure.window_years))


def _stance(low: float, high: float, claim: Claim, window_years: float | None) -> Stance:
    """Where an interval lies, and whether its window permits to say so.

    Of two years: a window that is too long cannot support the sentence, and one that is too short cannot contradict it.
    A sentence that asserts any gain at all is supported by a published number from `PUBLISHED_GAIN` on.
    """
    factor = claim.at_least or 1.0
    shortest, longest = TWO_YEARS
    if low >= (factor if factor > 1 else PUBLISHED_GAIN):
        too_long = claim.over_two_years and window_years is not None and window_years > longest
        return Stance.OPEN if too_long else Stance.REACHES
    if high < factor or (factor == 1 and high <= 1):
        too_short = claim.over_two_years and (window_years is None or window_years < shortest)
        return Stance.OPEN if too_short else Stance.MISSES
    return Stance.OPEN
