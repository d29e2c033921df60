"""What happens in a fleet; the command line draws it, tests collect it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.core.record import Record, SystemDescription
from generator.measure.events import Event


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the fleet, whatever Dask workers it has."""

    name: str
    """Its own in this fleet; may stand in a file's name."""

    host: str
    identity: str
    """Equal for all workers of one machine."""

    system: SystemDescription
    modified: bool
    """Whether its checkout has changes that are not committed."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine is there, or there again."""

    machine: Machine
    again: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker may not measure."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """A machine has no worker any more."""

    machine: str


@dataclass(frozen=True, slots=True)
class Began:
    """A machine was asked for a measurement."""

    machine: str
    measurement: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a machine's run tells."""

    machine: str
    event: Event


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record is verified and kept."""

    machine: str
    record: Record
    remaining: int
    """Measurements that the machine has yet to make."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A machine does not make a measurement, or its record was put aside."""

    machine: str
    measurement: str
    reason: str


News = Joined | Refused | Left | Began | Told | Arrived | NotMeasured
