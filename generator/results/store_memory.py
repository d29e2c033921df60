"""What a store remembers of records that it has read once. It may be deleted at any time.

Summaries stand in a Parquet file, a row a record; what pages show in full the cache keeps, a file a record.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import importlib.util
import itertools
import os
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from generator.results.summary import Summary

CACHE_FILE = "records/summaries.parquet"
"""In the cache; the findings have a kind of their own."""

FINDINGS = "findings"

RACY_NS = 2_000_000_000
"""A file that changed so shortly before the cache was written may have changed once more within the same tick of its
clock: then its size and time are no proof, and its hash decides (git does so too)."""

_ROWS_AT_ONCE = 500
_ROOMS = ("core", "results")


@dataclass(frozen=True, slots=True)
class Row:
    """One summary, and the file and definition that it was made of."""

    size: int
    mtime_ns: int
    sha256: str
    """Of the file's bytes."""

    definition: str
    """SHA-256 of the whole definition: its headline decides what the answer is of."""

    summary: Summary


_ROW = TypeAdapter(Row)
Rows = dict[tuple[str, str], Row]
"""By the names of the measurement and of the record."""


class Memory:
    """The summaries of earlier builds. Whatever is wrong with their file, it is as if there were none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path if importlib.util.find_spec("pyarrow") else None
        self.kept, self.used, self.written_ns = Rows(), Rows(), 0
        if self.path and self.path.is_file():
            # A cache is never a reason to fail, and a damaged file makes pyarrow raise a dozen kinds of errors.
            with contextlib.suppress(Exception):
                self.kept, self.written_ns = _read(self.path)

    def parts(self, measurements: Iterable[str]) -> Mapping[str, Memory]:
        """What each measurement's records have of it, small enough to be sent to another process."""
        found = {name: copy.copy(self) for name in measurements}
        for part in found.values():
            part.kept, part.used = Rows(), Rows()
        for key, row in self.kept.items():
            if key[0] in found:
                found[key[0]].kept[key] = row
        return found

    def recall(self, path: Path, definition: str) -> Summary | None:
        """The summary of a record's file, if it is known and still true."""
        key = key_of(path)
        row, status = self.kept.get(key), path.lstat()
        if row is None or row.definition != definition:
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size != row.size:
            return None
        certain = status.st_mtime_ns == row.mtime_ns < self.written_ns - RACY_NS
        if not certain and hash_of(path) != row.sha256:
            return None
        self.used[key] = row if certain else replace(row, mtime_ns=status.st_mtime_ns)
        return row.summary

    def keep(self, path: Path, definition: str, read: os.stat_result, summary: Summary) -> None:
        """Remember what a file was reduced to, unless it has changed since it was read."""
        if self.path is None:
            return
        now = path.lstat()
        if (now.st_size, now.st_mtime_ns) == (read.st_size, read.st_mtime_ns):
            self.used[key_of(path)] = Row(now.st_size, now.st_mtime_ns, hash_of(path), definition, summary)

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


def key_of(path: Path) -> tuple[str, str]:
    """Names of a record's measurement and of the record."""
    return path.parents[1].name, path.stem


def hash_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> tuple[Rows, int]:
    """What was written, and when; nothing where other code wrote it."""
    from pyarrow import parquet

    rows = Rows()
    with parquet.ParquetFile(path, page_checksum_verification=True) as file:
        metadata = file.schema_arrow.metadata
        if metadata[b"version"].decode() != version_of_code():
            return rows, 0
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for one in batch.to_pylist():
                about_the_file = {name: one.pop(name) for name in ("size", "mtime_ns", "sha256", "definition")}
                row = _ROW.validate_python({**about_the_file, "summary": one})
                rows[row.summary.measurement, row.summary.record_id] = row
        return rows, int(metadata[b"written_ns"])


def _write(path: Path, rows: Iterable[Row]) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = _schema().with_metadata({"version": version_of_code(), "written_ns": str(time.time_ns())})
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
            "asked": number,
        }
    )
    asked = pa.struct({"data_sha256": text, "size": text})
    ratio = pa.struct(
        {
            "variant": text,
            "conditions": text,
            "inputs": asked,
            "speedup": estimate,
            "gate": text,
            "on_labels": pa.bool_(),
        }
    )
    texts = (
        *("measurement", "record_id", "started_at", "finished_at", "tier"),
        *("machine", "processor", "accelerator", "system_type", "definition_sha256"),
    )
    return pa.schema(
        {
            **dict.fromkeys(texts, text),
            **dict.fromkeys(("current", "core_only", "told", "on_labels"), pa.bool_()),
            **dict.fromkeys(("timed", "labelled", "judged"), whole),
            "headline": comparison,
            **dict.fromkeys(("gate", "conditions"), text),
            "controls": pa.list_(comparison),
            "ratios": pa.list_(ratio),
            **dict.fromkeys(("isa", "artifacts"), pa.list_(text)),
            **dict.fromkeys(("size", "mtime_ns"), whole),
            **dict.fromkeys(("sha256", "definition"), text),
        }
    )


@functools.cache
def version_of_code() -> str:
    """SHA-256 over the code that findings depend on, and the versions of Python and of the packages that compute."""
    digest = hashlib.sha256("".join((sys.version, *map(version, ("numpy", "pydantic", "scipy")))).encode())
    rooms = (Path(__file__).parents[1] / name for name in _ROOMS)
    for path in (path for room in rooms for path in sorted(room.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()
