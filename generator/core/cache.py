"""The cache: what was made of what its key says, written whole or not at all, verified whenever it is used again.

    .cache/
    ├── <kind>/<key>.<suffix>               made by `built`; the key is a hash over everything that the file depends on
    ├── <kind>/<key>.<suffix>.notes.json    its SHA-256, what it was made of, and its maker's notes
    ├── <kind>/<path>                       kept by `pinned`; the hash was known before the file
    └── <kind>/<key>                         kept by `keep`: an object that is made fast, such as a chart or a page

Deleting any of it costs time, never a result.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from generator.core.errors import AssetError, HashError, PreparationError, StorageError

ENVIRONMENT_VARIABLE = "GENERATOR_CACHE"
"""Names another folder than the checkout's `.cache`."""

_KEY_DIGITS = 40
"""Hex digits of the key's SHA-256 that stand in a file name; 160 bits do not collide."""


MOST_BYTES = 128 * 1024 * 1024
"""What `trim` leaves of a kind: enough for a site of several branches, so that going back to one makes nothing anew."""

_CLOCK_NS = 2_000_000_000
"""File systems count time in steps of up to two seconds."""

_DIGEST_BYTES = hashlib.sha256().digest_size


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Holding(NamedTuple):
    """How much of one kind there is."""

    files: int
    size_bytes: int


class Built(NamedTuple):
    """A file of the cache and what its maker said of it."""

    path: Path
    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cache:
    """Files by what they are made of."""

    root: Path
    """Folder that holds it; made when something is first written."""

    made_by: str = ""
    """Part of the key of all that `keep` keeps: hash of the code, configuration and versions that make it."""

    @classmethod
    def default(cls, project: Path | None = None) -> Cache:
        """The cache in the folder that `GENERATOR_CACHE` names, or in `.cache` of the project.

        Args:
            project: root of the project; this checkout when left out.
        """
        named = os.environ.get(ENVIRONMENT_VARIABLE)
        return cls(Path(named).expanduser() if named else (project or Path(__file__).parents[2]) / ".cache")

    def built(
        self, kind: str, key_parts: Mapping[str, object], suffix: str, make: Callable[[Path], Mapping[str, str]]
    ) -> Built:
        """Return the file made of these key parts, making it if it is absent or damaged.

        Args:
            kind: folder in the cache; what the file is, for errors.
            key_parts: everything that the file depends on, JSON-able; equal parts mean an equal file.
            suffix: ending of the file name, dot included.
            make: writes the file at the path that it is given and returns its notes. What it writes beside the file
                is thrown away.

        Raises:
            StorageError: when the disk is full or the folder cannot be written.
            PreparationError: when `make` leaves no file.
        """
        # Whatever can change a byte of the file is in its key, code and versions of packages included. So nothing is
        # ever declared out of date: a change makes another key, and the old file only takes room on the disk.
        key = json.dumps(key_parts, sort_keys=True)
        path = self.root / kind / (hashlib.sha256(key.encode()).hexdigest()[:_KEY_DIGITS] + suffix)
        notes_path = path.with_name(path.name + ".notes.json")
        notes = _sound_notes(path, notes_path)
        if notes is not None:
            return Built(path, notes)
        with _workspace(path.parent) as folder:
            temporary = folder / f"made{suffix}"
            notes = dict(make(temporary))
            if not temporary.is_file():
                raise PreparationError(kind, "its maker left no file", "This is a defect of the transform; report it.")
            about = {"sha256": file_sha256(temporary), "notes": notes, "key": json.loads(key)}
            temporary_notes = temporary.with_name("notes.json")
            temporary_notes.write_text(json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
            # The notes come last: a file without notes counts as absent, notes without their file cannot be.
            temporary.replace(path)
            temporary_notes.replace(notes_path)
        return Built(path, notes)

    def pinned(self, kind: str, name: str, sha256: str, make: Callable[[Path], None]) -> Path:
        """Return the file whose hash is known beforehand, fetching it if it is absent or damaged.

        Args:
            kind: folder in the cache.
            name: path of the file in that folder, with forward slashes.
            sha256: the hash that it must have.
            make: writes the file at the path that it is given.

        Raises:
            AssetError: when the name leads out of the folder, or what was written has another hash.
            StorageError: when the disk is full or the folder cannot be written.
        """
        parts = PurePosixPath(name)
        if not name or parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name:
            raise AssetError(kind, f"the file name '{name}' leads out of its folder", "Mend the catalogue.")
        path = self.root / kind / parts
        if path.is_file() and file_sha256(path) == sha256:
            return path
        with _workspace(path.parent) as folder:
            temporary = folder / path.name
            make(temporary)
            found = file_sha256(temporary)
            if found != sha256:
                problem = f"'{name}' has SHA-256 {found[:12]}..., the catalogue says {sha256[:12]}..."
                raise HashError(kind, problem, "Try again; if it persists, the file was replaced: do not use it.")
            temporary.replace(path)
        return path

    def recall(self, kind: str, made_of: object) -> Any:
        """What was kept of this kind, made of this; None where there is nothing, or it is damaged.

        Args:
            kind: folder in the cache.
            made_of: everything that it depends on, as data that `repr` writes in full.
        """
        path = self._place(kind, made_of)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read
            os.utime(path)
        # The hash is for damage. Who can write here can run code in any case: environments are run from the cache.
        # A cache is never a reason to fail, whatever a class is called by now.
        with contextlib.suppress(Exception):
            return pickle.loads(content[_DIGEST_BYTES:])
        return None

    def keep(self, kind: str, made_of: object, made: object) -> None:
        """Keep something for `recall`, whole or not at all; that it cannot be kept is no error.

        Unlike `built` it leaves no notes: for what is small and many, opening a second file would take as long as
        making it.
        """
        path, content = self._place(kind, made_of), pickle.dumps(made)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(hashlib.sha256(content).digest() + content)
            temporary.replace(path)

    def trim(self, kind: str, since_ns: int, most_bytes: int | None = None) -> None:
        """Delete what was kept and not recalled for longest, until the rest is small enough.

        Args:
            kind: folder in the cache.
            since_ns: what was kept or recalled since this time stays in any case, in nanoseconds since 1970.
            most_bytes: how much may stay; `MOST_BYTES` when left out.
        """
        with contextlib.suppress(OSError):  # what stays is deleted another time
            found = [(one.stat(), one) for one in (self.root / kind).iterdir() if one.is_file()]
            left = sum(about.st_size for about, _ in found)
            for about, path in sorted(found, key=lambda one: one[0].st_mtime_ns):
                if left <= (MOST_BYTES if most_bytes is None else most_bytes):
                    return
                if about.st_mtime_ns < since_ns - _CLOCK_NS:
                    path.unlink(missing_ok=True)
                    left -= about.st_size

    def holdings(self) -> Mapping[str, Holding]:
        """How much of each kind there is, the most first; what cannot be looked at counts as nothing."""
        folders = [path for path in self.root.glob("*") if path.is_dir()]
        found = {folder.name: _holding(folder) for folder in folders}
        return dict(sorted(found.items(), key=lambda one: -one[1].size_bytes))

    def _place(self, kind: str, made_of: object) -> Path:
        return self.root / kind / hashlib.sha256(repr((self.made_by, made_of)).encode()).hexdigest()[:_KEY_DIGITS]

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give an empty folder on the cache's disk, and delete it afterwards.

        Raises:
            StorageError: when the disk is full or the folder cannot be written.
        """
        with _workspace(self.root) as folder:
            yield folder


def _holding(folder: Path) -> Holding:
    files = size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(parent, name).lstat().st_size
                files += 1
    return Holding(files, size)


def _sound_notes(path: Path, notes_path: Path) -> dict[str, str] | None:
    """Notes of a file that is there and has its stored hash; None when it must be made."""
    try:
        about = json.loads(notes_path.read_text("utf-8"))
        notes = {str(key): str(value) for key, value in about["notes"].items()}
        return notes if about["sha256"] == file_sha256(path) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@contextlib.contextmanager
def _workspace(near: Path) -> Iterator[Path]:
    """Give an empty folder inside another, so that files move from it in one step; delete it whatever happens."""
    folder: Path | None = None
    try:
        near.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=near, prefix=".making-"))
        yield folder
    except OSError as error:
        raise _storage_error(near, error) from error
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _storage_error(path: Path, error: OSError) -> StorageError:
    where = "/".join(path.parts[-2:])
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = f"Free some space, or name another folder in {ENVIRONMENT_VARIABLE}, and run the same command again."
        return StorageError(where, "the disk is full", remedy)
    reason = error.strerror or str(error) or type(error).__name__
    remedy = f"Make the cache folder writable, or name another one in {ENVIRONMENT_VARIABLE}."
    return StorageError(where, f"the file cannot be written ({reason})", remedy)
