"""Whether the site already is what a build would make; then MkDocs, which writes every page anew, is not asked.

What a build goes by is hashed: what is staged, the files in the checkout's root, our own code and theme, the versions
of all that is installed, and the moment that stands for "now". Of the site itself sizes and times are compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def _hash(told: Sequence[object], files: Iterable[Path]) -> str:
    digest = hashlib.sha256(json.dumps(told).encode())
    for path in files:
        if path.is_file():
            digest.update(f"\0{path}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def recall(root: Path, made_of: str, target: Path) -> Mapping[str, int] | None:
    """The numbers of the last build, if it was of the same and its site lies untouched; None otherwise.

    Args:
        root: the checkout.
        made_of: what `inputs` gives now.
        target: where the site lies.
    """
    try:
        kept = json.loads((root / "build" / FILE).read_text("utf-8"))
        same = (kept["inputs"], kept["site"]) == (made_of, _outside(target))
        return dict(kept["numbers"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(root: Path, made_of: str, target: Path, numbers: Mapping[str, int]) -> None:
    """Keep what a build went by, once its site is in its place."""
    kept = {"inputs": made_of, "site": _outside(target), "numbers": dict(numbers)}
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
