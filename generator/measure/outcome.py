"""What a run of several measurements could not do, and the attempts that are kept of those without a record."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from generator.assets.cache import Cache
from generator.attempt import Attempt, NotMeasured, attempt_file
from generator.definition import Measurement
from generator.errors import GeneratorError, WorkerError, cause_of
from generator.record import Failure, Record, SystemDescription, Tier

__all__ = ["NotMeasured", "failure", "forget_attempt", "keep_attempt", "not_measured", "whole_failure"]

Stage = Literal["prepare", "quality", "timing", "record"]

_LONGEST_MESSAGE, _LONGEST_LINES = 1000, 4000
"""Of `Failure`."""


def failure(stage: Stage, error: Exception) -> Failure:
    """What the record keeps of an error: of ours its text, of any other one its traceback too."""
    lines = error.last_lines if isinstance(error, WorkerError) else ""
    if isinstance(error, WorkerError) and error.variant:
        message = f"{error.problem}. {error.remedy}"  # the record says whose failure it is
    elif isinstance(error, GeneratorError):
        message = str(error)
    else:
        message = f"{type(error).__name__}: {error}".removesuffix(": ")
        lines = "".join(traceback.format_exception(error))
    return Failure(
        stage=stage,
        message=_encodable(" ".join(message.split()))[:_LONGEST_MESSAGE],
        cause=cause_of(error),
        last_lines=_encodable(lines)[-_LONGEST_LINES:],
    )


def _encodable(text: str) -> str:
    """Without the halves of characters that an exception's text may hold, and no file."""
    return text.encode("utf-8", "replace").decode()


def whole_failure(measurement: str, stage: Stage, error: Exception) -> NotMeasured:
    """That nothing of a measurement could be measured."""
    return NotMeasured(measurement=measurement, failure=failure(stage, error))


def not_measured(record: Record) -> Iterator[NotMeasured]:
    """What of a run failed, a variant each; one entry for a workload whose variants all failed for one reason.

    What the machine lacks and what the suite leaves out is no failure.
    """
    for workload in record.workloads:
        asked = [one for one in record.variants if one.workload == workload.name and not one.left_out]
        failed = [(one.name, one.failure) for one in asked if one.failure and one.failed]
        if failed and len(failed) == len(asked) and len({why.model_dump_json() for _, why in failed}) == 1:
            yield NotMeasured(measurement=record.measurement, workload=workload.name, failure=failed[0][1])
            continue
        for name, why in failed:
            yield NotMeasured(measurement=record.measurement, workload=workload.name, variant=name, failure=why)


def keep_attempt(
    cache: Cache,
    measurement: Measurement,
    tier: Tier,
    core: bool,
    system: SystemDescription,
    at: datetime,
    found: tuple[NotMeasured, ...],
) -> None:
    """Keep what a run without a record could not do. That it cannot be kept is no error: the disk may be the reason."""
    attempt = Attempt(
        measurement=measurement.name,
        tier=tier,
        core=core,
        at=at,
        system=system.fingerprint(),
        definition_sha256=measurement.fingerprint(),
        not_measured=found,
    )
    path = attempt_file(cache.root, measurement.name)
    temporary = path.with_suffix(".part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(attempt.model_dump_json(indent=1) + "\n", "utf-8")
        temporary.replace(path)


def forget_attempt(cache: Cache, measurement: str) -> None:
    """A record says now what there is to say."""
    with contextlib.suppress(OSError):
        attempt_file(cache.root, measurement).unlink(missing_ok=True)
