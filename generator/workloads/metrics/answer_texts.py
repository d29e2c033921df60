"""Whether answers in plain text are those of the baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import floats, proportion
from generator.workloads.workload import Arrays

TEXT = "text"
"""Name of an answer's array: UTF-8, (1, bytes) uint8."""

SAME_TEXT, SAME_TEXT_START = "same-answer-text", "same-answer-start"


def observe_answer_texts(
    outputs: Sequence[Arrays], requests: int, baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Against a baseline: whether each answer is the same text, and the share of it before the first difference.

    Args:
        outputs: the answers.
        requests: how many there must be.
        baseline: the same of the baseline; None when the baseline itself is observed.

    Raises:
        WorkerError: when an answer is missing or empty.
    """
    texts = [_text(one) for one in outputs]
    if len(texts) != requests:
        raise WorkerError("quality", f"there are {len(texts)} answers to {requests} requests")
    if baseline is None:
        return ()
    pairs = list(zip(texts, map(_text, baseline), strict=True))
    starts = np.array([_same_start(ours, theirs) for ours, theirs in pairs])
    return (
        proportion(SAME_TEXT, "baseline", np.array([ours == theirs for ours, theirs in pairs])),
        Observations(metric=SAME_TEXT_START, kind="mean", reference="baseline", values=floats(starts)),
    )


def _text(output: Arrays) -> bytes:
    found = output.get(TEXT)
    if found is None or not found.size:
        raise WorkerError("quality", "an answer has no text")
    return found.tobytes()


def _same_start(ours: bytes, theirs: bytes) -> float:
    longest = max(len(ours), len(theirs))
    differs = (index for index, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    return next(differs, min(len(ours), len(theirs))) / longest
