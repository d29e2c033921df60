"""An attempt: what a run could not measure, kept beside the cache where there is no record that could say so.

    .cache/attempts/NAME.json       of the newest run of the measurement NAME that made no record

Measuring writes it, pages and tables read it; the next run that makes a record removes it. It may be deleted at any
time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from generator.core.definition import Name
from generator.core.files import Unreadable, read_plain
from generator.core.record import Failure, Moment, Tier

ATTEMPTS_FOLDER = "attempts"
MAX_ATTEMPT_BYTES = 1024 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NotMeasured(_Part):
    """One thing that a run could not measure, and why."""

    measurement: Name
    workload: Name | None = None
    """None: nothing of the measurement."""

    variant: Name | None = None
    """None: nothing of the workload."""

    failure: Failure

    @property
    def what(self) -> str:
        """It in one word for the terminal: "measurement: variant"."""
        return ": ".join(part for part in (self.measurement, self.variant or self.workload) if part)


class Attempt(_Part):
    """A run of one measurement that made no record."""

    schema_version: Literal[1] = 1
    measurement: Name
    tier: Tier
    core: bool
    """Whether only what the core suite measures was asked for."""

    at: Moment
    system: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    """Fingerprint of the machine; see `SystemDescription.fingerprint`."""

    definition_sha256: str
    """Fingerprint of the definition that was tried."""

    not_measured: Annotated[tuple[NotMeasured, ...], Field(min_length=1)]


def attempt_file(cache: Path, measurement: str) -> Path:
    """Where the attempt at a measurement is kept.

    Args:
        cache: root of the cache, `Cache.default(root).root`.
        measurement: its name.
    """
    return cache / ATTEMPTS_FOLDER / f"{measurement}.json"


def load_attempts(cache: Path) -> tuple[Attempt, ...]:
    """Every attempt that is kept, in the order of the measurements' names; what cannot be read is as if it were not.

    Args:
        cache: root of the cache, `Cache.default(root).root`.
    """
    folder = cache / ATTEMPTS_FOLDER
    found = (load_attempt(path) for path in sorted(folder.glob("[!.]*.json")))
    return tuple(one for one in found if one)


def load_attempt(path: Path) -> Attempt | None:
    """Read one attempt; None where there is none, or none that this generator reads."""
    try:
        attempt = Attempt.model_validate_json(read_plain(path, MAX_ATTEMPT_BYTES))
    except (OSError, Unreadable, ValidationError):
        return None
    return attempt if attempt.measurement == path.stem else None
