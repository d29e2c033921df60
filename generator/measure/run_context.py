"""Where and with what a run happens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from generator.core.cache import Cache
from generator.core.record import Ceilings, SystemDescription
from generator.measure import events
from generator.measure.energy.meter import Meter, NoMeter


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run needs beside its measurement; tests put their own clock, system and seed here."""

    root: Path
    """The checkout: measurements/ lies in it."""

    cache: Cache
    system: SystemDescription
    tell: events.Listener = events.silent
    now: Callable[[], datetime] = _utc_now
    seed: int = field(default_factory=lambda: secrets.randbits(32))
    timeout_s: float = 600.0
    """Longest wait for one answer of a worker; a compiled model's first call is part of one."""

    most_s: float | None = None
    """A person's own limit on the blocks of one measurement, below the tier's budget; the tier's least blocks are
    measured all the same."""

    core: bool = False
    """Only what the core suite measures; the record says of the other variants that they were left out."""

    meter: Meter = field(default_factory=NoMeter)
    watts_per_core: float | None = None
    """A person's own figure, for an estimate of energy that is labelled so."""

    ceilings: Callable[[int], Ceilings | None] = lambda threads: None
    """What bounds a variant of so many threads on this machine; measured, or taken from the cache."""

    again_for: frozenset[str] = frozenset()
    """Variants that an earlier run could not prepare, for whose sake alone this one is made: when none of them can be
    prepared now either, nothing is measured. Empty: the run is made whatever can be prepared."""

    machine: str = ""
    """In a fleet, what tells this machine from others of its kind: it enters the record's id, and the journals of
    machines that share a checkout lie apart."""
