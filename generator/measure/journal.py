"""Keeps what a run has finished, so that an interrupted one goes on from there.

A file of JSON lines beside the cache: the first says what the run is, each further one is a finished part. A part is
on disk before the next begins; a line cut short by a crash is not read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator.core.errors import StorageError


class Journal:
    """Finished parts of one run.

    Args:
        path: the file; made when there is none.
        identity: everything that must be the same for finished parts to count. A journal of another run is put aside.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.path, self.identity = path, _as_read(identity)
        self.entries: list[dict[str, Any]] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = _read(path)
            if lines and lines[0].get("identity") == self.identity:
                self.entries = lines[1:]
            elif lines:
                path.replace(path.with_suffix(".other.jsonl"))
        except OSError as error:
            raise _storage(path, error) from error
        self._rewrite()

    def add(self, kind: str, part: dict[str, Any]) -> None:
        """Keep one finished part; it is on disk when this returns.

        Raises:
            StorageError: when the disk is full; what was kept before stays readable.
        """
        entry = {"kind": kind, **part}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
                # flush hands the line to the system and fsync to the disk: a part that was told to be finished outlives
                # kill -9 by the first and a power cut by the second. `_read` passes over what was half written.
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _storage(self.path, error) from error
        self.entries.append(entry)

    def parts(self, kind: str) -> list[dict[str, Any]]:
        """Finished parts of one kind, in the order in which they were finished."""
        return [
            {key: v for key, v in entry.items() if key != "kind"} for entry in self.entries if entry["kind"] == kind
        ]

    def same(self, what: str, identity: dict[str, Any]) -> bool:
        """Whether something of the run is what it was when its finished parts were kept; from now on it is this."""
        identity = _as_read(identity)
        known = [part["identity"] for part in self.parts("identity") if part["of"] == what]
        if known[-1:] != [identity]:
            self.add("identity", {"of": what, "identity": identity})
        return known[-1:] == [identity]

    def drop(self, unwanted: Callable[[dict[str, Any]], bool]) -> None:
        """Let go of parts that do not count any more.

        Raises:
            StorageError: when the disk is full; then nothing is lost.
        """
        before, self.entries = self.entries, [entry for entry in self.entries if not unwanted(entry)]
        if self.entries != before:
            self._rewrite()

    def _rewrite(self) -> None:
        temporary, lines = self.path.with_suffix(".tmp"), [{"identity": self.identity}, *self.entries]
        try:
            # Another file put in its place in one step (POSIX rename): a kill leaves the old journal or the new one.
            temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise _storage(self.path, error) from error


def _as_read(identity: dict[str, Any]) -> dict[str, Any]:
    """As it comes back out of the file, where tuples have become lists."""
    read: dict[str, Any] = json.loads(json.dumps(identity))
    return read


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return []
    lines = list[dict[str, Any]]()
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, and never over another one.

    Raises:
        StorageError: when it exists already, or the disk is full.
    """
    if path.exists():
        raise StorageError(str(path), "the file exists already and records are never overwritten", "Move it away.")
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _storage(path, error) from error


def _storage(path: Path, error: OSError) -> StorageError:
    why = error.strerror or str(error)
    return StorageError(
        str(path), f"it cannot be written: {why}", "Make room or give access, then run the command again."
    )
