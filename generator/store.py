"""Every record of a checkout, read one at a time and reduced to what pages need of it.

The JSON files are the truth. What was reduced once is remembered in a Parquet file in the cache: a row a record, which
counts as long as the record's file, its measurement's definition and the code are the ones that it was made of. What
pages show in full lies beside it, a file a record, under the hash of all that it was made of. On any doubt a record is
read again, and without pyarrow (extra `export`) all those are that no page shows; nothing else differs.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import importlib.util
import itertools
import json
import os
import pickle
import stat
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from generator.analysis.collection import MOST_SYSTEMS, Collection, newest_first, to_show
from generator.analysis.findings import Findings, analyse, without_rounds
from generator.analysis.summary import Summary, summarise
from generator.definition import Measurement
from generator.pool import Pool
from generator.prices import Price
from generator.record import Record
from generator.record_file import load_named, outline, record_files, records_folder

CACHE_FILE = "summaries.parquet"
CACHE_FOLDER = "findings"

RACY_NS = 2_000_000_000
"""A file that changed so shortly before the cache was written may have changed once more within the same tick of its
clock: then its size and time are no proof, and its hash decides (git does so too)."""

FEW = 8
"""Measurements whose records are read about as fast as processes start."""

_ROWS_AT_ONCE = 500
_CODE = Path(__file__).parent
_CODE_FILES = (
    *("definition.py", "definition_file.py", "pool.py", "prices.py", "protocol.py"),
    *("record.py", "record_file.py", "store.py"),
)


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
) -> Collection:
    """Reduce every record to its summary, and analyse in full those that pages show.

    Args:
        measurements: folder of the measurements.
        suite: those whose records are wanted.
        prices: what an hour of a machine costs.
        cache: folder to remember what was found in; may be deleted at any time. None: nothing is remembered.
        pool: processes that read the measurements side by side; without it, this one does.

    Raises:
        RecordError: for the first file that is no sound record.
    """
    memory, folder = _Memory(cache / CACHE_FILE if cache else None), cache / CACHE_FOLDER if cache else None
    suite = tuple(suite)
    parts = memory.parts(one.name for one in suite)
    readers = [_Reader(one, records_folder(measurements, one), prices, parts[one.name], folder) for one in suite]
    remembered = [reader.remembered() for reader in readers]
    lacking = [reader for reader, told in zip(readers, remembered, strict=True) if told is None]
    read = iter(pool.map(_told, lacking, least=FEW) if pool else map(_told, lacking))
    shown, every = dict[str, tuple[Findings, ...]](), dict[str, tuple[Summary, ...]]()
    files, kept = dict[tuple[str, str], Path](), set[Path]()
    for reader, known in zip(readers, remembered, strict=True):
        told = known or next(read)
        memory.used |= told.used
        kept |= told.kept
        if told.every:
            name = reader.measurement.name
            every[name], shown[name] = told.every, told.shown
            files |= {(name, one.record_id): reader.paths[one.record_id] for one in told.every}
    memory.save()
    for path in folder.glob("*") if folder else ():
        if path not in kept:
            with contextlib.suppress(OSError):  # what stays is deleted after another build
                path.unlink()
    return Collection(shown, every, files)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the records of one measurement say."""

    every: tuple[Summary, ...]
    shown: tuple[Findings, ...]
    used: _Rows
    """What is to be remembered of them."""

    kept: frozenset[Path]
    """Files in which what is shown is remembered."""


def _told(reader: _Reader) -> _Told:
    every = newest_first(map(reader.summary, reader.paths.values()))
    shown = tuple(map(reader.findings, to_show(every)))
    reader.recent.clear()
    return _Told(every, shown, reader.memory.used, frozenset(reader.places(every)))


class _Reader:
    """Reads the records of one measurement; what it holds does not grow with their number."""

    def __init__(
        self,
        measurement: Measurement,
        folder: Path,
        prices: Sequence[Price],
        memory: _Memory,
        cache: Path | None,
    ) -> None:
        self.measurement, self.prices, self.memory, self.cache = measurement, tuple(prices), memory, cache
        self.paths = {path.stem: path for path in record_files(folder)}
        self.definition = hashlib.sha256(measurement.model_dump_json().encode()).hexdigest()
        self.hashes = dict[str, str]()
        """Of the records' files, by the records' names."""
        # Names sort by time: what is read last is mostly what is shown, and need not be read twice.
        self.recent = deque[Findings](maxlen=MOST_SYSTEMS)

    def remembered(self) -> _Told | None:
        """What is known without reading a record; None where that is not all."""
        known = [self.memory.recall(path, self.definition) or self._summarised(path) for path in self.paths.values()]
        every = newest_first(one for one in known if one)
        shown = tuple(found for place in self.places(every) if (found := _unpacked(place)))
        if None in known or len(shown) < len(to_show(every)):
            return None
        return _Told(every, shown, self.memory.used, frozenset(self.places(every)))

    def _summarised(self, path: Path) -> Summary | None:
        place = self._place(path.stem)
        found = _unpacked(place) if place else None
        return summarise(found) if found else None

    def summary(self, path: Path) -> Summary:
        """A record's summary: the remembered one, or the record is read."""
        summary = self.memory.recall(path, self.definition)
        if summary is None:
            before, place = path.lstat(), self._place(path.stem)
            findings = (place and _unpacked(place)) or self._analysed(path)
            summary = summarise(findings)
            self.memory.keep(path, self.definition, before, summary)
            self.recent.append(findings)
        return summary

    def findings(self, record_id: str) -> Findings:
        """All that a record says, without its raw latencies: what is remembered, what was just read, or it is read."""
        place = self._place(record_id)
        if place and (remembered := _unpacked(place)):
            return remembered
        path = self.paths[record_id]
        found = next((one for one in self.recent if one.record.record_id == record_id), None) or self._analysed(path)
        if place and _hash(path) == self.hashes[record_id]:
            with contextlib.suppress(OSError):  # what cannot be remembered is read again
                place.parent.mkdir(parents=True, exist_ok=True)
                _write_whole(place, _packed(found))
        return found

    def places(self, every: Sequence[Summary]) -> list[Path]:
        """Where the findings of the records that are shown are remembered."""
        return [place for name in to_show(every) if (place := self._place(name))]

    def _place(self, record_id: str) -> Path | None:
        if self.cache is None:
            return None
        if record_id not in self.hashes:
            path = self.paths[record_id]
            row = self.memory.used.get(_key(path))
            self.hashes[record_id] = row.sha256 if row else _hash(path)
        made_of = json.dumps([_version(), self.definition, repr(self.prices), self.hashes[record_id]])
        return self.cache / hashlib.sha256(made_of.encode()).hexdigest()

    def _analysed(self, path: Path) -> Findings:
        return without_rounds(analyse(self.measurement, load_named(path), self.prices))


def _packed(findings: Findings) -> bytes:
    """Bytes that begin with the hash of the rest."""
    content = pickle.dumps(findings)
    return hashlib.sha256(content).digest() + content


def _unpacked(path: Path) -> Findings | None:
    """What was remembered; None where there is nothing, or it is damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest = hashlib.sha256().digest_size
    if hashlib.sha256(data[digest:]).digest() != data[:digest]:
        return None
    # Who can write into the cache can change the code as well; the hash is for damage. A cache is never a reason to
    # fail, whatever its classes are called by now.
    with contextlib.suppress(Exception):
        found: Findings = pickle.loads(data[digest:])
        return found
    return None


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)


def outlines(
    measurements: Path, suite: Iterable[Measurement], whole_of: str | None = None
) -> Mapping[str, tuple[Record, ...]]:
    """All records of each measurement, oldest first, without what takes most memory: see `record_file.outline`.

    Args:
        measurements: folder of the measurements.
        suite: those whose records are wanted.
        whole_of: fingerprint of a machine. One record is whole then, by which it can be told how long a run takes: the
            newest of that machine, or the newest where there is none; and the newest that left nothing out.

    Raises:
        RecordError: for the first file that is no sound record.
    """
    found = dict[str, tuple[Record, ...]]()
    for measurement in suite:
        paths = record_files(records_folder(measurements, measurement))
        records = sorted((outline(load_named(one)) for one in paths), key=lambda one: (one.started_at, one.record_id))
        if records and whole_of:
            newest_last = sorted(records, key=lambda one: one.system.fingerprint() == whole_of)
            complete = [one for one in newest_last if not one.core_only]
            wanted = {one.record_id for one in (newest_last[-1], *complete[-1:])}
            records = [whole(measurements, r.record_id) if r.record_id in wanted else r for r in records]
        found[measurement.name] = tuple(records)
    return found


def whole(measurements: Path, record_id: str) -> Record:
    """The record of this name with its raw latencies; there must be one."""
    return load_named(next(measurements.glob(f"*/records/{record_id}.json")))


@dataclass(frozen=True, slots=True)
class _Row:
    """One summary, and the file and definition that it was made of."""

    size: int
    mtime_ns: int
    sha256: str
    """Of the file's bytes."""

    definition: str
    """SHA-256 of the whole definition: its headline decides what the answer is of."""

    summary: Summary


_ROW = TypeAdapter(_Row)
_Rows = dict[tuple[str, str], _Row]
"""By the names of the measurement and of the record."""


class _Memory:
    """The summaries of earlier builds. Whatever is wrong with their file, it is as if there were none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path if importlib.util.find_spec("pyarrow") else None
        self.kept, self.used, self.written_ns = _Rows(), _Rows(), 0
        if self.path and self.path.is_file():
            # A cache is never a reason to fail, and a damaged file makes pyarrow raise a dozen kinds of errors.
            with contextlib.suppress(Exception):
                self.kept, self.written_ns = _read(self.path)

    def parts(self, measurements: Iterable[str]) -> Mapping[str, _Memory]:
        """What each measurement's records have of it, small enough to be sent to another process."""
        found = {name: copy.copy(self) for name in measurements}
        for part in found.values():
            part.kept, part.used = _Rows(), _Rows()
        for key, row in self.kept.items():
            if key[0] in found:
                found[key[0]].kept[key] = row
        return found

    def recall(self, path: Path, definition: str) -> Summary | None:
        """The summary of a record's file, if it is known and still true."""
        key = _key(path)
        row, status = self.kept.get(key), path.lstat()
        if row is None or row.definition != definition:
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size != row.size:
            return None
        certain = status.st_mtime_ns == row.mtime_ns < self.written_ns - RACY_NS
        if not certain and _hash(path) != row.sha256:
            return None
        self.used[key] = row if certain else replace(row, mtime_ns=status.st_mtime_ns)
        return row.summary

    def keep(self, path: Path, definition: str, read: os.stat_result, summary: Summary) -> None:
        """Remember what a file was reduced to, unless it has changed since it was read."""
        if self.path is None:
            return
        now = path.lstat()
        if (now.st_size, now.st_mtime_ns) == (read.st_size, read.st_mtime_ns):
            self.used[_key(path)] = _Row(now.st_size, now.st_mtime_ns, _hash(path), definition, summary)

    def save(self) -> None:
        """Write the file anew, if anything in it is; that it cannot be written is no error."""
        if self.path is None or self.used == self.kept:
            return
        temporary = self.path.with_suffix(".part")
        with contextlib.suppress(Exception):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, self.used.values())
            temporary.replace(self.path)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _key(path: Path) -> tuple[str, str]:
    return path.parents[1].name, path.stem


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> tuple[_Rows, int]:
    """What was written, and when; nothing where other code wrote it."""
    from pyarrow import parquet

    rows = _Rows()
    with parquet.ParquetFile(path, page_checksum_verification=True) as file:
        metadata = file.schema_arrow.metadata
        if metadata[b"version"].decode() != _version():
            return rows, 0
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for one in batch.to_pylist():
                about_the_file = {name: one.pop(name) for name in ("size", "mtime_ns", "sha256", "definition")}
                row = _ROW.validate_python({**about_the_file, "summary": one})
                rows[row.summary.measurement, row.summary.record_id] = row
        return rows, int(metadata[b"written_ns"])


def _write(path: Path, rows: Iterable[_Row]) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = _schema().with_metadata({"version": _version(), "written_ns": str(time.time_ns())})
    left = iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        while some := list(itertools.islice(left, _ROWS_AT_ONCE)):
            flat = [_ROW.dump_python(one, mode="json") for one in some]
            table = pyarrow.Table.from_pylist([one | one["summary"] for one in flat], schema=schema)
            writer.write_table(table)


def _schema() -> Any:
    """Columns of the file: those of the summary, and of the file that it was made of."""
    import pyarrow as pa

    text, number, whole = pa.string(), pa.float64(), pa.int64()
    interval = pa.struct({"low": number, "high": number})
    estimate = pa.struct({"point": number, "interval": interval, "count": whole, "level": number})
    comparison = pa.struct(
        {
            "variant": text,
            "against": text,
            "speedup": estimate,
            "mean_speedup": estimate,
            "verdict": text,
            "block_values": pa.list_(number),
        }
    )
    ratio = pa.struct({"variant": text, "conditions": text, "speedup": estimate, "gate": text})
    texts = (
        *("measurement", "record_id", "started_at", "finished_at", "tier"),
        *("machine", "processor", "accelerator", "system_type", "definition_sha256"),
    )
    return pa.schema(
        {
            **dict.fromkeys(texts, text),
            **dict.fromkeys(("core_only", "told"), pa.bool_()),
            "headline": comparison,
            "gate": text,
            "controls": pa.list_(comparison),
            "ratios": pa.list_(ratio),
            **dict.fromkeys(("isa", "artifacts"), pa.list_(text)),
            **dict.fromkeys(("size", "mtime_ns"), whole),
            **dict.fromkeys(("sha256", "definition"), text),
        }
    )


@functools.cache
def _version() -> str:
    """SHA-256 over the code that findings depend on, and the versions of Python and of the packages that compute."""
    digest = hashlib.sha256("".join((sys.version, *map(version, ("numpy", "pydantic", "scipy")))).encode())
    for path in (*(_CODE / name for name in _CODE_FILES), *sorted((_CODE / "analysis").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()
