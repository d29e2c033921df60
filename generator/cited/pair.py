"""Any two variants of any measurement: what its published record says of them, or why it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.cited.story import Pick
from generator.core import protocol
from generator.core.definition import Measurement
from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem
from generator.results.comparison import Comparison, compare
from generator.results.findings import Findings, VariantFindings
from generator.results.quality import on_labels


class Absence(StrEnum):
    """Why there is no number."""

    UNDEFINED = "undefined"
    """Nobody has defined the measurement."""

    NO_RECORD = "no-record"
    FIRST_LOOK = "first-look"
    """Only too short a run, which is no result."""

    NOT_COMPARED = "not-compared"
    """The record has one of the two variants not, or not in two blocks."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variants of a published record."""

    findings: Findings
    variant: VariantFindings
    against: VariantFindings
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Library:
    """All measurements, and what their records say."""

    suite: Mapping[str, Measurement]
    found: Mapping[str, Sequence[Findings]]
    """Findings of each measurement, those of the record that speaks for it first: see `speaking`."""

    def pair(self, pick: Pick, where: str) -> Pair | Absence:
        """What the published record that answers most says of two variants.

        That is the record that speaks, where it compares the two and knows their quality on labels. Else it is another
        machine's: first one that knows it, then one that left nothing out.

        Args:
            pick: names them.
            where: the file that cites them, for the error.

        Raises:
            DefinitionError: when the measurement is defined but has no such variants in one workload.
        """
        if pick.measurement not in self.suite:
            return Absence.UNDEFINED
        measurement = self.suite[pick.measurement]
        names = self._names(measurement, pick, where)
        every = self.found.get(pick.measurement, ())
        published = [one for one in every if one.record.publishable]
        if not published:
            return Absence.FIRST_LOOK if every else Absence.NO_RECORD
        pairs = [pair for one in published if (pair := _pair(one, names))]
        return min(pairs, key=_lacks, default=Absence.NOT_COMPARED)

    def _names(self, measurement: Measurement, pick: Pick, where: str) -> tuple[str, str] | None:
        if pick.variant is None or pick.against is None:
            chosen = measurement.headline
            return (chosen.variant, chosen.against) if chosen else None
        known = {one.name: one.workload for one in measurement.variants}
        for name in (pick.variant, pick.against):
            if name not in known:
                problem = Problem(f"'{measurement.name}' has no variant '{name}'", suggest(name, known))
                raise DefinitionError(where, [problem])
        if known[pick.variant] != known[pick.against]:
            reason = f"'{pick.variant}' and '{pick.against}' compute different workloads"
            raise DefinitionError(where, [Problem(reason, "Name two of one.")])
        return pick.variant, pick.against


def library(suite: Iterable[Measurement], found: Mapping[str, Sequence[Findings]]) -> Library:
    """Put definitions and findings together."""
    return Library({one.name: one for one in suite}, found)


def _lacks(pair: Pair) -> tuple[bool, bool]:
    labelled = on_labels(pair.variant.quality) and on_labels(pair.against.quality)
    return not labelled, pair.findings.record.core_only


def _pair(findings: Findings, names: tuple[str, str] | None) -> Pair | None:
    if names is None:
        if findings.headline is None:
            return None
        names = findings.headline.variant, findings.headline.against
    for workload in findings.workloads:
        there = {one.variant.name: one for one in workload.variants}
        if set(names) <= there.keys():
            variant, against = (there[name] for name in names)
            found = ratio_of(findings, variant.variant.name, against.variant.name)
            return Pair(findings, variant, against, found) if found else None
    return None


def ratio_of(findings: Findings, variant: str, against: str) -> Comparison | None:
    """Compare two variants of one workload of a record.

    Raises:
        KeyError: when a workload has not both.
    """
    workload = findings.workload_of(variant)
    ours, theirs = workload.variant(variant), workload.variant(against)
    if theirs is workload.baseline:
        return ours.against_baseline
    blocks = [block for block in findings.times if block.workload == workload.choice.name]
    statistic = protocol.STATISTICS[findings.record.scenario]
    asked = findings.measurement.asked_of(variant, against)
    return compare(blocks, variant, against, findings.record.compared(workload.choice.name) + 1, statistic, asked)
