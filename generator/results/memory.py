"""Memory of one variant's workers over the blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.core.record import WorkerStart
from generator.results.estimate import Spread, Unknown, spread


@dataclass(frozen=True, slots=True)
class Memory:
    """What a worker takes, in bytes."""

    peak_rss_bytes: Spread | Unknown
    """High-water mark of resident memory above what the process had before it loaded the model."""

    pss_bytes: Spread | Unknown
    """Proportional set size at the block's end, the runtime's libraries among it: what one more worker costs beside
    the others of its block. It is not given above the time before loading, for sharing differs between the two."""

    device_bytes: Spread | Unknown
    """Most that was taken on an accelerator."""


def memory(starts: Sequence[WorkerStart]) -> Memory:
    """Memory over the starts of one variant's workers."""
    return Memory(
        peak_rss_bytes=_of(starts, _above_baseline, "memory-no-rss"),
        pss_bytes=_of(starts, lambda start: start.pss_bytes, "memory-no-pss"),
        device_bytes=_of(starts, lambda start: start.device_peak_bytes, "memory-no-device"),
    )


def _above_baseline(start: WorkerStart) -> int | None:
    if start.peak_rss_bytes is None or start.rss_before_load_bytes is None:
        return None
    return start.peak_rss_bytes - start.rss_before_load_bytes


def _of(starts: Sequence[WorkerStart], read: Callable[[WorkerStart], int | None], reason: str) -> Spread | Unknown:
    values = [value for start in starts if (value := read(start)) is not None]
    return spread(values) if values else Unknown(reason)
