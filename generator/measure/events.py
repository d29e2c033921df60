"""What a run tells while it goes on; the command line draws it, tests collect it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import TypeAdapter

from generator.core.record import StopReason


@dataclass(frozen=True, slots=True)
class Preparing:
    """A download, an export, a quantization goes on."""

    text: str
    done: int = 0
    total: int = 0
    """0: unknown."""


@dataclass(frozen=True, slots=True)
class Answering:
    """A variant answers the samples that quality is measured on."""

    variant: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """An interrupted run goes on where it stopped."""

    blocks: int


@dataclass(frozen=True, slots=True)
class BlockStarted:
    """A block's workers are being started."""

    workload: str
    index: int
    most: int


@dataclass(frozen=True, slots=True)
class BlockFinished:
    """A block is measured and kept in the journal."""

    workload: str
    index: int
    most: int
    disturbed: bool
    half_widths: Mapping[str, float]
    """Half-width of each variant's log ratio now; empty before the second block."""

    goal: float
    remaining_s: float
    """Likely time until the workload is done."""


@dataclass(frozen=True, slots=True)
class VariantFailed:
    """A variant takes no further part."""

    variant: str
    message: str


@dataclass(frozen=True, slots=True)
class VariantLacking:
    """A variant is not measured, because this machine lacks what it needs."""

    variant: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkloadFinished:
    """No further block of this workload is measured."""

    workload: str
    reason: StopReason


Event = (
    Preparing | Answering | Resumed | BlockStarted | BlockFinished | VariantFailed | VariantLacking | WorkloadFinished
)
Listener = Callable[[Event], None]


def sent(event: Event) -> dict[str, Any]:
    """An event as plain JSON, for a listener on another machine."""
    kind = type(event)
    fields: dict[str, Any] = TypeAdapter(kind).dump_python(event, mode="json")
    return {"kind": kind.__name__, **fields}


def received(data: Mapping[str, Any]) -> Event:
    """The event that was sent.

    Raises:
        ValueError: when it is none.
    """
    kinds = {kind.__name__: kind for kind in get_args(Event)}
    kind = kinds.get(str(data.get("kind")))
    if kind is None:
        raise ValueError(f"no event is called {str(data.get('kind'))[:40]!r}")
    event: Event = TypeAdapter(kind).validate_python({key: value for key, value in data.items() if key != "kind"})
    return event


def silent(event: Event) -> None:
    """A listener that does nothing."""
