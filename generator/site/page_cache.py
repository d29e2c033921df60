"""What a build has made once and need not make again, kept under the hash of everything that it was made of.

It may be deleted at any time: what is not there, or is damaged, is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.site.staging import write_whole

_DIGEST = 64
"""Characters of a SHA-256; each file begins with that of the rest."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of results, each in a file of its own."""

    folder: Path

    made_by: str
    """Hash of the code, the configuration and the versions: with any of them changed, nothing that is there counts."""

    _used: set[Path] = field(default_factory=set)

    def recall(self, kind: str, made_of: str) -> Any:
        """What was kept, or None.

        Args:
            kind: what it is; the same text can be made into several things.
            made_of: the rest of what decides the result.
        """
        path = self._path(kind, made_of)
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError):
            return None
        if text[:_DIGEST] != _sha256(text[_DIGEST:]):
            return None
        self._used.add(path)
        return json.loads(text[_DIGEST:])

    def keep(self, kind: str, made_of: str, made: object) -> None:
        """Keep a result; it must be of JSON's types, for it comes back as them."""
        path, text = self._path(kind, made_of), json.dumps(made)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (_sha256(text) + text).encode())
        self._used.add(path)

    @property
    def used(self) -> frozenset[Path]:
        """Files of what was recalled and kept so far."""
        return frozenset(self._used)

    def count_as_used(self, paths: Iterable[Path]) -> None:
        """Count what another process has recalled and kept in the same folder."""
        self._used.update(paths)

    def forget_the_rest(self) -> None:
        """Delete what this build has neither recalled nor kept; a site that is built daily must not fill the disk."""
        for path in self.folder.glob("*"):
            if path not in self._used:
                with contextlib.suppress(OSError):  # what stays is deleted after another build
                    path.unlink()

    def _path(self, kind: str, made_of: str) -> Path:
        return self.folder / f"{_sha256(json.dumps([self.made_by, kind, made_of]))}.json"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
