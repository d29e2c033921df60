"""How old a result is, and which newer runtimes this checkout could measure it with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.core.record import Record
from generator.core.registry import RUNTIMES

OLD_DAYS = 180
"""A result that is older than this is worth repeating even if nothing is known to have changed."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """A package that the record was measured with and that the constraints name too."""

    package: str
    measured: str
    available: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """What speaks for measuring a result again."""

    record: Record
    age_days: int
    definition_changed: bool
    newer: tuple[Version, ...]

    @property
    def is_old(self) -> bool:
        """Whether its age alone is a reason."""
        return self.age_days > OLD_DAYS

    @property
    def stale(self) -> bool:
        """Whether anything is."""
        return self.is_old or self.definition_changed or bool(self.newer)


def freshness(record: Record, definition_sha256: str, available: Mapping[str, str], now: datetime) -> Freshness:
    """Find what speaks for measuring again.

    Args:
        record: the result.
        definition_sha256: fingerprint of today's definition.
        available: versions that the constraints pin, by package; see `pins`.
        now: the present.
    """
    changed = record.provenance.definition_sha256 != definition_sha256
    age = max(0, (now - record.finished_at).days)
    return Freshness(record, age, changed, newer(record, available))


def pins(constraints: str) -> Mapping[str, str]:
    """Versions that a constraints file pins, by package in lower case."""
    return {name.lower().replace("_", "-"): version for name, version in _PIN.findall(constraints)}


def newer(record: Record, available: Mapping[str, str]) -> tuple[Version, ...]:
    """Runtimes of a record that the constraints name in a newer version."""
    return tuple(one for one in pinned(record, available) if _key(one.available) > _key(one.measured))


def pinned(record: Record, available: Mapping[str, str]) -> tuple[Version, ...]:
    """Runtimes of a record that the constraints name at all.

    Variants that run in an isolated environment are left out: their version is their definition's, on purpose.
    """
    used = {one.runtime for one in record.variants if not one.environment}
    packages = [one.package for name, one in RUNTIMES.items() if one.package and name in used]
    found = ((name, record.provenance.packages.get(name), available.get(name)) for name in packages)
    return tuple(Version(name, old, new) for name, old, new in found if old and new)


def _key(version: str) -> tuple[int, ...]:
    """Numbers of a release: 2.13.0+cpu is (2, 13, 0)."""
    return tuple(int(part) for part in _numbers(version.partition("+")[0]))


def _numbers(release: str) -> Iterable[str]:
    found = re.match(r"\d+(?:\.\d+)*", release)
    return found[0].split(".") if found else ()
