"""Quality of face detection: by how much each window is more like a face than like none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import LARGEST_DEVIATION, MEAN_DEVIATION, OUTPUT, floats, proportion
from generator.workloads.workload import Arrays

JUDGED_RIGHT = "judged-right"
SAME_JUDGEMENT = "same-judgement"
SAME_CANDIDATES = "same-candidates"

SURE_TO_LOOK = math.log(0.6 / 0.4)
SURE_OF_FACE = math.log(0.7 / 0.3)
"""Least margin (logit of a face less that of none) of a candidate, and of a face: 0.6 and 0.7 as probabilities, which
facenet-pytorch 2.6.0 has for its three networks (0.6, 0.7, 0.7)."""


def observe_judging(
    outputs: Sequence[Arrays], faces: NDArray[np.bool_], baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Compare two judges' margins with the labels, and with the baseline's margins where given.

    Args:
        outputs: for each group of windows an array "y", (1, windows, 2): how much more a face than none, by each judge.
        faces: whether each window is a face, (groups, windows).
        baseline: the same outputs of the baseline.

    Returns:
        A value a window. It is taken for a face when both judges are sure of it.

    Raises:
        WorkerError: when an answer is missing, has another shape, or is not finite.
    """
    groups, windows = faces.shape
    shape = (1, windows, 2)
    margins = _answers(outputs, groups, shape)
    found = [proportion(JUDGED_RIGHT, "label", _taken(margins) == faces.ravel())]
    if baseline is not None:
        expected = _answers(baseline, groups, shape)
        found.append(proportion(SAME_JUDGEMENT, "baseline", _taken(margins) == _taken(expected)))
        found += _deviations(margins.reshape(-1, 2), expected.reshape(-1, 2))
    return tuple(found)


def observe_search(outputs: Sequence[Arrays], baseline: Sequence[Arrays]) -> tuple[Observations, ...]:
    """Compare the margins of all places with the baseline's.

    Args:
        outputs: for each photograph an array "y", (1, places).
        baseline: the same outputs of the baseline.

    Returns:
        Of the places that either takes for a candidate, whether both do; and deviations, a value a photograph.

    Raises:
        WorkerError: when an answer is missing, has another shape, or is not finite.
    """
    shape = np.shape(baseline[0].get(OUTPUT, ()))
    margins, expected = (_answers(answers, len(outputs), shape) for answers in (outputs, baseline))
    ours, theirs = margins >= SURE_TO_LOOK, expected >= SURE_TO_LOOK
    same = proportion(SAME_CANDIDATES, "baseline", (ours & theirs)[ours | theirs])
    return (same, *_deviations(margins[:, 0], expected[:, 0]))


def _taken(margins: NDArray[np.float64]) -> NDArray[np.bool_]:
    taken: NDArray[np.bool_] = margins.min(axis=-1).ravel() >= SURE_OF_FACE
    return taken


def _deviations(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> list[Observations]:
    """Deviations of margins, a value a row."""
    deviation = np.abs(ours - theirs)
    largest, mean = floats(deviation.max(axis=1)), floats(deviation.mean(axis=1))
    return [
        Observations(metric=LARGEST_DEVIATION, kind="maximum", reference="baseline", values=largest),
        Observations(metric=MEAN_DEVIATION, kind="mean", reference="baseline", values=mean),
    ]


def _answers(outputs: Sequence[Arrays], count: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Stack the answers "y".

    Raises:
        WorkerError: when one is missing, has another shape, or is not finite.
    """
    if len(outputs) != count:
        raise WorkerError("quality", f"there are {len(outputs)} answers to {count} samples")
    for index, output in enumerate(outputs):
        found = output.get(OUTPUT)
        if found is None or found.shape != shape:
            form = "no array 'y'" if found is None else f"'y' of shape {found.shape}"
            raise WorkerError("quality", f"the answer to sample {index} has {form}, not {shape}")
        if not np.isfinite(np.asarray(found, np.float64)).all():
            raise WorkerError("quality", f"the answer to sample {index} is not finite")
    return np.stack([np.asarray(output[OUTPUT], np.float64) for output in outputs])
