"""Every record of a checkout, read one at a time and reduced to what pages need of it.

The JSON files are the truth. What was found in a record once is remembered (`store_memory`), and counts as long as the
record's file, its measurement's definition, the prices and the code are the ones that it was made of. On any doubt a
record is read again, and without pyarrow (extra `export`) all those are that no page shows; nothing else differs.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from generator.core.cache import Cache
from generator.core.definition import Measurement
from generator.core.errors import GeneratorError, RecordError
from generator.core.pool import Pool
from generator.core.prices import Price
from generator.core.record import Record
from generator.core.record_file import load_named, outline, record_files, records_folder
from generator.results.collection import MOST_SYSTEMS, NOWHERE, Collection, Here, Own, needed, newest_first, shown_of
from generator.results.findings import Findings, analyse, without_rounds
from generator.results.store_memory import (
    CACHE_FILE,
    FINDINGS,
    Memory,
    Rows,
    hash_of,
    key_of,
    version_of_code,
)
from generator.results.summary import Summary, summarise

Read = TypeVar("Read")

FEW = 8
"""Measurements whose records are read about as fast as processes start."""


def analyses(measurements: Path, suite: Iterable[Measurement], prices: Sequence[Price] = ()) -> Iterator[Findings]:
    """What every record says, one at a time: whoever keeps none of them needs the memory of one.

    Args:
        measurements: folder of the measurements.
        suite: those whose records are wanted.
        prices: what an hour of a machine costs.

    Raises:
        RecordError: for the first file that is no sound record.
    """
    for measurement in suite:
        for path in record_files(records_folder(measurements, measurement)):
            yield analyse(measurement, load_named(path), prices)


def collect(
    measurements: Path,
    suite: Iterable[Measurement],
    prices: Sequence[Price] = (),
    cache: Path | None = None,
    pool: Pool | None = None,
    here: Here = NOWHERE,
    strict: bool = True,
) -> Collection:
    """Reduce every record to its summary, and analyse in full those that pages show.

    Args:
        measurements: folder of the measurements.
        suite: those whose records are wanted.
        prices: what an hour of a machine costs.
        cache: root of the cache, to remember what was found in. None: nothing is remembered.
        pool: processes that read the measurements side by side; without it, this one does.
        here: where the site is built.
        strict: whether a record that cannot be read is an error; otherwise it is passed over, and `Collection.unread`
            says why.

    Raises:
        RecordError: for the first file that is no sound record, where that is asked for.
    """
    memory, kept = Memory(cache / CACHE_FILE if cache else None), Cache(cache) if cache else None
    began_ns = time.time_ns()
    suite = tuple(suite)
    parts = memory.parts(one.name for one in suite)
    readers = [
        _Reader(one, records_folder(measurements, one), prices, parts[one.name], kept, here, strict) for one in suite
    ]
    remembered = [reader.remembered() for reader in readers]
    lacking = [reader for reader, told in zip(readers, remembered, strict=True) if told is None]
    read = iter(pool.map(_told, lacking, least=FEW) if pool else map(_told, lacking))
    shown, every = dict[str, tuple[Findings, ...]](), dict[str, tuple[Summary, ...]]()
    files, own = dict[tuple[str, str], Path](), dict[str, Own]()
    unread = dict[str, tuple[GeneratorError, ...]]()
    for reader, known in zip(readers, remembered, strict=True):
        told = known or _next(read, reader)
        if told.unread:
            unread[reader.measurement.name] = told.unread
        memory.used |= told.used
        if told.every:
            name = reader.measurement.name
            every[name], shown[name] = told.every, told.shown
            if told.own:
                own[name] = told.own
            files |= {(name, one.record_id): reader.paths[one.record_id] for one in told.every}
    memory.save()
    if kept:
        kept.trim(FINDINGS, began_ns)
    return Collection(shown, every, files, own, unread)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the records of one measurement say."""

    every: tuple[Summary, ...]
    shown: tuple[Findings, ...]
    own: Own | None
    used: Rows
    """What is to be remembered of them."""

    unread: tuple[GeneratorError, ...] = ()
    """Why some of them say nothing."""


def _told(reader: _Reader) -> _Told:
    """Read what is not remembered. A record that cannot be read, or analysed, costs itself alone."""
    summaries = [one for path in tuple(reader.paths.values()) if (one := reader.attempt(path, reader.summary))]
    every = newest_first(summaries)
    found = dict[str, Findings]()
    # Without a record that cannot be analysed, another one may be needed in its place.
    while lacking := [name for name in needed(every, reader.here) if name not in found]:
        if findings := reader.attempt(reader.paths[lacking[0]], lambda path: reader.findings(path.stem)):
            found[lacking[0]] = findings
        else:
            every = tuple(one for one in every if one.record_id != lacking[0])
    reader.recent.clear()
    return reader.told(every, {name: found[name] for name in needed(every, reader.here)})


def _next(read: Iterator[_Told], reader: _Reader) -> _Told:
    """What one measurement's records say; nothing where the process that read them died."""
    try:
        return next(read)
    except Exception as error:
        if reader.strict:
            raise
        problem = _unread(error, reader.measurement.name)
        return _Told((), (), None, reader.memory.used, (problem,))


def _unread(error: Exception, where: str) -> GeneratorError:
    if isinstance(error, GeneratorError):
        return error
    problem = f"the record cannot be analysed ({type(error).__name__}: {' '.join(str(error).split())})"
    return RecordError(where, problem, "Measure again, and report it.")


class _Reader:
    """Reads the records of one measurement; what it holds does not grow with their number."""

    def __init__(
        self,
        measurement: Measurement,
        folder: Path,
        prices: Sequence[Price],
        memory: Memory,
        cache: Cache | None,
        here: Here,
        strict: bool = True,
    ) -> None:
        self.measurement, self.prices, self.memory, self.cache = measurement, tuple(prices), memory, cache
        self.here, self.strict, self.unread = here, strict, list[GeneratorError]()
        found = self.attempt(folder, record_files) or ()
        self.paths = {path.stem: path for path in found}
        self.definition = hashlib.sha256(measurement.model_dump_json().encode()).hexdigest()
        self.hashes = dict[str, str]()
        """Of the records' files, by the records' names."""
        # Names sort by time: what is read last is mostly what is shown, and need not be read twice.
        self.recent = deque[Findings](maxlen=MOST_SYSTEMS)

    def attempt(self, path: Path, read: Callable[[Path], Read]) -> Read | None:
        """Read something of a record's file; None where that fails and nobody wants to know at once."""
        try:
            return read(path)
        except Exception as error:
            if self.strict:
                raise
            self.unread.append(_unread(error, "/".join(path.parts[-3:])))
            return None

    def remembered(self) -> _Told | None:
        """What is known without reading a record; None where that is not all."""
        try:
            return self._remembered()
        except OSError:  # whoever reads the record says what is wrong with its file
            return None

    def _remembered(self) -> _Told | None:
        if self.unread:
            return None
        known = [self.memory.recall(path, self.definition) or self._summarised(path) for path in self.paths.values()]
        every = newest_first(one for one in known if one)
        if None in known:
            return None
        wanted = needed(every, self.here)
        found = {name: kept for name in wanted if (kept := self._kept(name))}
        return self.told(every, found) if len(found) == len(wanted) else None

    def told(self, every: tuple[Summary, ...], found: Mapping[str, Findings]) -> _Told:
        """Put together what is to be told of the measurement."""
        return _Told(every, *shown_of(every, found, self.here), self.memory.used, tuple(self.unread))

    def _summarised(self, path: Path) -> Summary | None:
        found = self._kept(path.stem)
        return summarise(found) if found else None

    def summary(self, path: Path) -> Summary:
        """A record's summary: the remembered one, or the record is read."""
        summary = self.memory.recall(path, self.definition)
        if summary is None:
            before = path.lstat()
            findings = self._kept(path.stem) or self._analysed(path)
            summary = summarise(findings)
            self.memory.keep(path, self.definition, before, summary)
            self.recent.append(findings)
        return summary

    def findings(self, record_id: str) -> Findings:
        """All that a record says, without its raw latencies: what is remembered, what was just read, or it is read."""
        if remembered := self._kept(record_id):
            return remembered
        path = self.paths[record_id]
        found = next((one for one in self.recent if one.record.record_id == record_id), None) or self._analysed(path)
        if self.cache and hash_of(path) == self.hashes[record_id]:
            self.cache.keep(FINDINGS, self._made_of(record_id), found)
        return found

    def _kept(self, record_id: str) -> Findings | None:
        """The findings that are remembered of a record."""
        found: Findings | None = self.cache.recall(FINDINGS, self._made_of(record_id)) if self.cache else None
        return found

    def _made_of(self, record_id: str) -> tuple[str, ...]:
        if record_id not in self.hashes:
            path = self.paths[record_id]
            row = self.memory.used.get(key_of(path))
            self.hashes[record_id] = row.sha256 if row else hash_of(path)
        return version_of_code(), self.definition, repr(self.prices), self.hashes[record_id]

    def _analysed(self, path: Path) -> Findings:
        return without_rounds(analyse(self.measurement, load_named(path), self.prices))


def uncommitted(measurements: Path) -> frozenset[str]:
    """Names of the records that git does not know; none outside a git checkout, where every record is published."""
    command = ["git", "-C", str(measurements), "ls-files", "--others", "-z", "--", "*/records/*.json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(Path(one).stem for one in done.stdout.split("\0") if one)


def outlines(
    measurements: Path,
    suite: Iterable[Measurement],
    whole_of: str | None = None,
    passed_over: list[GeneratorError] | None = None,
) -> Mapping[str, tuple[Record, ...]]:
    """All records of each measurement, oldest first, without what takes most memory: see `record_file.outline`.

    Args:
        measurements: folder of the measurements.
        suite: those whose records are wanted.
        whole_of: fingerprint of a machine. One record is whole then, by which it can be told how long a run takes: the
            newest of that machine, or the newest where there is none; and the newest that left nothing out.
        passed_over: gets why a record cannot be read; without it, that is raised.

    Raises:
        RecordError: for the first file that is no sound record, and nobody takes it.
    """
    found = dict[str, tuple[Record, ...]]()
    for measurement in suite:
        read = _outlines_of(records_folder(measurements, measurement), passed_over)
        records = sorted(read, key=lambda one: (one.started_at, one.record_id))
        if records and whole_of:
            newest_last = sorted(records, key=lambda one: one.system.fingerprint() == whole_of)
            complete = [one for one in newest_last if not one.core_only]
            wanted = {one.record_id for one in (newest_last[-1], *complete[-1:])}
            records = [whole(measurements, r.record_id) if r.record_id in wanted else r for r in records]
        found[measurement.name] = tuple(records)
    return found


def _outlines_of(folder: Path, passed_over: list[GeneratorError] | None) -> Iterator[Record]:
    try:
        paths = record_files(folder)
    except GeneratorError as error:
        if passed_over is None:
            raise
        passed_over.append(error)
        return
    for path in paths:
        try:
            yield outline(load_named(path))
        except (GeneratorError, OSError) as error:
            if passed_over is None:
                raise
            passed_over.append(_unread(error, "/".join(path.parts[-3:])))


def whole(measurements: Path, record_id: str) -> Record:
    """The record of this name with its raw latencies; there must be one."""
    return load_named(next(measurements.glob(f"*/records/{record_id}.json")))
