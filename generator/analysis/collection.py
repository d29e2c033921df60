"""All records together: of every one its summary, and the findings of the few that pages show in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.analysis.findings import Findings
from generator.analysis.overview import latest_by_system
from generator.analysis.summary import Summary, summarise
from generator.errors import GeneratorError
from generator.record_file import dump_record

MOST_SYSTEMS = 8
"""Machines of one measurement that have a page and a column each, those measured last; a table has no room for more,
and a site of ten thousand records must not have ten thousand pages. Of the others, the record is listed."""

Content = bytes | Path
"""A file's content, or where it lies."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What all records say."""

    shown: Mapping[str, tuple[Findings, ...]] = field(default_factory=dict)
    """Of each measurement with a record: the newest publishable record of each machine, newest first, and no more than
    `MOST_SYSTEMS`. Where none is publishable, the newest first look."""

    every: Mapping[str, tuple[Summary, ...]] = field(default_factory=dict)
    """Of each measurement with a record: all records that hold something of today's definition, newest first."""

    files: Mapping[tuple[str, str], Content] = field(default_factory=dict)
    """JSON of each record by the names of its measurement and its own."""

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


def to_show(summaries: Iterable[Summary]) -> tuple[str, ...]:
    """Names of the records of one measurement that are shown in full; the first stands at the measurement's address."""
    return tuple(one.record_id for one in latest_by_system(summaries)[:MOST_SYSTEMS])


def collected(all_findings: Iterable[Findings]) -> Collection:
    """Put findings together that are held in memory, in any order; each has its rounds."""
    grouped = dict[str, dict[str, Findings]]()
    for one in all_findings:
        grouped.setdefault(one.measurement.name, {})[one.record.record_id] = one
    every = {name: newest_first(map(summarise, found.values())) for name, found in grouped.items()}
    every = {name: told for name, told in every.items() if told}
    return Collection(
        shown={name: tuple(grouped[name][one] for one in to_show(told)) for name, told in every.items()},
        every=every,
        files={(name, key): dump_record(f.record).encode() for name, by in grouped.items() for key, f in by.items()},
    )
