"""All records together: of every one its summary, and the findings of the few that pages show in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator.core.errors import GeneratorError
from generator.core.record_file import dump_record
from generator.results.caveat import Caveat
from generator.results.confirmation import Outcome, disputes, of_answers
from generator.results.findings import Findings
from generator.results.speaking import by_machine, speaker
from generator.results.summary import Summary, summarise

MOST_SYSTEMS = 8
"""Machines of one measurement that have a page and a column each: the one whose record speaks, the reader's own, and
those measured last. A table has no room for more, and a site of ten thousand records must not have ten thousand pages.
Of the others, the record is listed."""

Content = bytes | Path
"""A file's content, or where it lies."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the machine that builds the site measured of one measurement, and what it is held against."""

    here: Findings
    """Of its newest publishable record, else of its newest first look."""

    published: Findings | None
    """Of the record that speaks where that one is left out; None where there is no other that may be published."""

    outcome: Outcome
    """Whether the two give one answer."""

    speaks: bool
    """Whether the record of this machine is itself the one that the article takes."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What all records say."""

    shown: Mapping[str, tuple[Findings, ...]] = field(default_factory=dict)
    """Of each measurement with a record: one record of each machine, the one that speaks for the measurement first
    (`speaking.by_machine`), and no more than `MOST_SYSTEMS`. Where none is publishable, the newest first look."""

    every: Mapping[str, tuple[Summary, ...]] = field(default_factory=dict)
    """Of each measurement with a record: all records that hold something of today's definition, newest first."""

    files: Mapping[tuple[str, str], Content] = field(default_factory=dict)
    """JSON of each record by the names of its measurement and its own."""

    own: Mapping[str, Own] = field(default_factory=dict)
    """Of each measurement that the machine which builds the site has measured."""

    unread: Mapping[str, tuple[GeneratorError, ...]] = field(default_factory=dict)
    """Of each measurement: why some of its records are not among these; nothing where all could be read."""

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """Of every record."""
        return tuple(one for many in self.every.values() for one in many)


def newest_first(summaries: Iterable[Summary]) -> tuple[Summary, ...]:
    """What can be shown of a measurement's records, the newest first."""
    told = [one for one in summaries if one.told]
    return tuple(sorted(told, key=lambda one: (one.started_at, one.record_id), reverse=True))


@dataclass(frozen=True, slots=True)
class Here:
    """Where a site is built: it decides what stands beside the published records, and nothing else."""

    machine: str | None = None
    """Fingerprint of the machine; None where it is not known."""

    local: frozenset[str] = frozenset()
    """Names of the records that lie in the checkout and are not committed."""


NOWHERE = Here()


def to_show(summaries: Sequence[Summary], here: Here = NOWHERE) -> tuple[str, ...]:
    """Names of the records of one measurement that are shown in full; the first stands at the measurement's address.

    Args:
        summaries: of all its records.
        here: where the site is built: that machine's record is shown, however many others there are.
    """
    every = by_machine(summaries, here.local)
    own = [one.record_id for one in every[MOST_SYSTEMS:] if one.machine == here.machine]
    return *(one.record_id for one in every[: MOST_SYSTEMS - len(own)]), *own


def to_hold(summaries: Sequence[Summary], here: Here) -> tuple[Summary, Summary | None] | None:
    """The record of a machine and the one that it is held against (see `Own`); None where the machine has none."""
    ours = [one for one in newest_first(summaries) if one.machine == here.machine]
    if not ours:
        return None
    own = next((one for one in ours if one.publishable), ours[0])
    return own, speaker((one for one in summaries if one is not own), here.local)


def needed(summaries: Sequence[Summary], here: Here = NOWHERE) -> tuple[str, ...]:
    """Names of all records of one measurement whose findings are needed."""
    held = to_hold(summaries, here) or ()
    return tuple(dict.fromkeys((*to_show(summaries, here), *(one.record_id for one in held if one))))


def shown_of(
    every: Sequence[Summary], found: Mapping[str, Findings], here: Here = NOWHERE
) -> tuple[tuple[Findings, ...], Own | None]:
    """What is shown of one measurement, and what this machine says of it.

    Args:
        every: summaries of its records, newest first.
        found: findings of the records that are `needed`, by their names.
        here: where the site is built.
    """
    shown = tuple(disputed(found[name], every) for name in to_show(every, here))
    held = to_hold(every, here)
    if held is None:
        return shown, None
    own, published = held
    outcome = of_answers(own, published) if published and own.publishable else Outcome.INCOMPARABLE
    against = found[published.record_id] if published else None
    return shown, Own(found[own.record_id], against, outcome, speaker(every, here.local) is own)


def disputed(findings: Findings, every: Iterable[Summary]) -> Findings:
    """The same with a caveat on each workload of which another run of the same machine says something else."""
    every = tuple(every)
    own = next(one for one in every if one.record_id == findings.record.record_id)
    found = disputes(own, every)
    workloads = []
    for workload in findings.workloads:
        names = {one.variant.name for one in workload.variants}
        denied = [one for one in found if one.ours.variant in names]
        if denied:
            worst = denied[0]
            values: dict[str, float | int | str] = {
                "variant": worst.ours.variant,
                "ours": worst.ours.speedup.point,
                "theirs": worst.theirs.speedup.point,
                "record": worst.other.record_id,
            }
            workload = replace(workload, caveats=(*workload.caveats, Caveat("another-run-differs", values)))
        workloads.append(workload)
    return replace(findings, workloads=tuple(workloads)) if found else findings


def collected(all_findings: Iterable[Findings], here: Here = NOWHERE) -> Collection:
    """Put findings together that are held in memory, in any order; each has its rounds.

    Args:
        all_findings: of every record.
        here: where the site is built.
    """
    grouped = dict[str, dict[str, Findings]]()
    for one in all_findings:
        grouped.setdefault(one.measurement.name, {})[one.record.record_id] = one
    every = {name: newest_first(map(summarise, found.values())) for name, found in grouped.items()}
    every = {name: told for name, told in every.items() if told}
    shown = {name: shown_of(told, grouped[name], here) for name, told in every.items()}
    return Collection(
        shown={name: findings for name, (findings, _) in shown.items()},
        every=every,
        files={(name, key): dump_record(f.record).encode() for name, by in grouped.items() for key, f in by.items()},
        own={name: own for name, (_, own) in shown.items() if own},
    )
