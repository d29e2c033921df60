"""What a run of several measurements could not do, and the attempts that are kept of those without a record."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from generator.core.attempt import Attempt, NotMeasured, attempt_file
from generator.core.cache import Cache
from generator.core.errors import FailureCause, GeneratorError, WorkerError, cause_of
from generator.core.record import Failure, VariantRecord

__all__ = [
    "NotMeasured",
    "NothingMeasured",
    "NothingNew",
    "failure",
    "forget_attempt",
    "keep_attempt",
    "not_measured",
    "whole_failure",
]

Stage = Literal["prepare", "quality", "timing", "record"]

_LONGEST_MESSAGE, _LONGEST_LINES = 1000, 4000
"""Of `Failure`."""


def failure(stage: Stage, error: Exception, of: str = "") -> Failure:
    """What the record keeps of an error: of ours its text, of any other one its traceback too.

    Args:
        stage: when it came.
        error: what was raised.
        of: what the message begins with.
    """
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
        message=_encodable(of + " ".join(message.split()))[:_LONGEST_MESSAGE],
        cause=cause_of(error),
        last_lines=_encodable(lines)[-_LONGEST_LINES:],
    )


def _encodable(text: str) -> str:
    """Without the halves of characters that an exception's text may hold, and no file."""
    return text.encode("utf-8", "replace").decode()


def whole_failure(measurement: str, stage: Stage, error: Exception) -> NotMeasured:
    """That nothing of a measurement could be measured."""
    return NotMeasured(measurement=measurement, failure=failure(stage, error))


class NothingMeasured(GeneratorError):
    """A run that went wrong in all its parts, so that there is nothing for a record.

    Args:
        measurement: its name.
        found: what could not be measured, and why.
    """

    def __init__(self, measurement: str, found: tuple[NotMeasured, ...]) -> None:
        self.measurement, self.found = measurement, found
        super().__init__(measurement, f"nothing could be measured: {found[0].failure.message.rstrip('.')}")

    def __reduce__(self) -> tuple[type[NothingMeasured], tuple[str, tuple[NotMeasured, ...]]]:  # type: ignore[override]
        return type(self), (self.measurement, self.found)


class NothingNew(GeneratorError):
    """A run that was to make up for what an earlier one could not prepare, and cannot prepare it either.

    Args:
        measurement: its name.
        failures: of each variant, its workload and why.
    """

    def __init__(self, measurement: str, failures: Mapping[str, tuple[str, Failure]]) -> None:
        self.failures = dict(failures)
        self.found = tuple(
            NotMeasured(measurement=measurement, workload=workload, variant=name, failure=why)
            for name, (workload, why) in failures.items()
        )
        super().__init__(measurement, "what could not be prepared before cannot be prepared now either")


def not_measured(measurement: str, variants: Iterable[VariantRecord]) -> Iterator[NotMeasured]:
    """What of a run failed, a variant each; one entry for a workload whose variants all failed for one reason.

    What the machine lacks and what the suite leaves out is no failure; and where the baseline failed, that the others
    have nothing to be compared with is not told for each of them.

    Args:
        measurement: its name.
        variants: of its record.
    """
    every = [one for one in variants if not one.left_out]
    for workload in dict.fromkeys(one.workload for one in every):
        asked = [one for one in every if one.workload == workload]
        failed = [(one.name, one.failure) for one in asked if one.failure and one.failed]
        reasons = [why for _, why in failed if why.cause is not FailureCause.BASELINE]
        if failed and len(failed) == len(asked) and len({why.model_dump_json() for why in reasons}) == 1:
            yield NotMeasured(measurement=measurement, workload=workload, failure=reasons[0])
            continue
        for name, why in failed:
            yield NotMeasured(measurement=measurement, workload=workload, variant=name, failure=why)


def keep_attempt(cache: Cache, attempt: Attempt) -> None:
    """Keep what a run without a record could not do. That it cannot be kept is no error: the disk may be the reason."""
    path = attempt_file(cache.root, attempt.measurement)
    temporary = path.with_suffix(".part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(attempt.model_dump_json(indent=1) + "\n", "utf-8")
        temporary.replace(path)


def forget_attempt(cache: Cache, measurement: str) -> None:
    """A record says now what there is to say."""
    with contextlib.suppress(OSError):
        attempt_file(cache.root, measurement).unlink(missing_ok=True)
