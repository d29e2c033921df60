"""Whether the site already is what a build would make; then MkDocs, which writes every page anew, is not asked.

What a build goes by is hashed: what is staged, the files in the checkout's root, our own code and theme, the versions
of all that is installed, and the moment that stands for "now". Of the site itself sizes and times are compared.
Before pages are written, sizes and times of what they are made from say the same, and no page need be written.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from generator.site.staging import write_whole

FILE = "built.json"
"""In the build folder: what the last build went by, and what it left."""

_OURS = Path(__file__).parent


def makers(root: Path) -> str:
    """SHA-256 over what makes a site of its pages: code, theme, configuration, versions.

    Args:
        root: the checkout.
    """
    # One reading of each package's description: `name` and `version` would each parse it anew.
    installed = sorted(f"{about['Name']}=={about['Version']}" for about in (one.metadata for one in distributions()))
    folders = dict.fromkeys((_OURS, (root / "generator" / "site").resolve()))
    files = (*(path for folder in folders for path in _files(folder)), *sorted(root.glob("*.*")))
    return _hash([sys.version, installed], files)


def inputs(root: Path, made_by: str, now: str, address: str | None) -> str:
    """SHA-256 over everything that decides what a build makes, once its pages are staged.

    Args:
        root: the checkout.
        made_by: what `makers` gives.
        now: seconds since 1970 that stand for "now".
        address: of the site's root; None for the configuration's own.
    """
    return _hash([made_by, now, address, os.environ.get("EDIT_URL")], _files(root / "build" / "docs"))


def sources(root: Path, told: Sequence[object], files: Iterable[Path]) -> str:
    """SHA-256 over all that pages are made from, before any of them is written.

    Name, size and time of a file stand for what is in it, as they do for `make`.

    Args:
        root: the checkout, with `measurements` and `docs`.
        told: what else decides what pages say: the machine, the moment, the address.
        files: files elsewhere that pages are made from.
    """
    code = dict.fromkeys((_OURS.parent, (root / "generator").resolve()))
    inside = (path for folder in (root / "measurements", root / "docs", *code) for path in _files(folder))
    about = sorted((str(path), at.st_size, at.st_mtime_ns) for path in (*inside, *files) for at in [path.stat()])
    return _hash([makers(root), *told, os.environ.get("EDIT_URL"), about], ())


def _hash(told: Sequence[object], files: Iterable[Path]) -> str:
    digest = hashlib.sha256(json.dumps(told).encode())
    for path in files:
        if path.is_file():
            digest.update(f"\0{path}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Built:
    """What the last build went by, and what it left."""

    inputs: str
    """What `inputs` gave."""

    sources: str | None
    """What `sources` gave; None where pages are to be written anew the next time, whatever it gives then."""

    numbers: Mapping[str, int]


def recall(root: Path, target: Path) -> Built | None:
    """The last build, if its site lies untouched; None otherwise.

    Args:
        root: the checkout.
        target: where the site lies.
    """
    try:
        kept = json.loads((root / "build" / FILE).read_text("utf-8"))
        built = Built(kept["inputs"], kept["sources"], dict(kept["numbers"]))
        return built if kept["site"] == _outside(target) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(root: Path, target: Path, built: Built) -> None:
    """Keep what a build went by, once its site is in its place."""
    kept = {"site": _outside(target), "inputs": built.inputs, "sources": built.sources, "numbers": dict(built.numbers)}
    write_whole(root / "build" / FILE, json.dumps(kept).encode())


def _outside(target: Path) -> str:
    """Hash over where the site lies, and name, size and time of each of its files."""
    digest = hashlib.sha256(str(target.resolve()).encode())
    for path in _files(target):
        about = path.stat()
        digest.update(f"\0{path}\0{about.st_size}\0{about.st_mtime_ns}".encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
