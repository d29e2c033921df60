"""How alike the answers of a stranger's model are to those of its file as it was given, and to labels.

argmax: the largest element along the last axis of one output is the answer, as of classifiers and language models; an
answer agrees when it is the same. error: of every output the relative error, the length of the difference over the
length of the file's own answer (Euclidean); an answer agrees when the largest of them is within the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import TOP1, floats, proportion
from generator.workloads.workload import Arrays

ARGMAX, ERROR = "argmax", "error"

SAME_ANSWER = "same-answer-as-the-file"
CLOSE_ANSWER = "close-to-the-file"
RELATIVE_ERROR = "relative-error"
IN_BATCHES = "same-answer-in-batches"
LABEL_ERROR = "error-on-labels"

MOST_POSITIONS = 4096
"""Positions of sequences that are kept at most; they are spaced evenly."""

LEAST_ALIKE = 0.99
ROUNDING = 1e-3
"""Relative error between answers that rounding explains, of the same numbers in another order."""


def check_answers(outputs: Sequence[Arrays], count: int) -> None:
    """See that each sample has a finite answer.

    Raises:
        WorkerError: when one is missing, or holds NaN or infinity.
    """
    if len(outputs) != count:
        raise WorkerError("quality", f"there are {len(outputs)} answers to {count} samples")
    for index, output in enumerate(outputs):
        for name, array in output.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                problem = f"the answer to sample {index + 1} holds NaN or infinity in the output '{name}'"
                raise WorkerError("quality", problem, "Give real inputs: --inputs.")


def observe_likeness(
    outputs: Sequence[Arrays], file: Sequence[Arrays], how: str, output: str, tolerance: float
) -> tuple[Observations, ...]:
    """Compare answers with the file's own.

    Args:
        outputs: of a variant.
        file: of the file as it was given, in the same order.
        how: `ARGMAX` or `ERROR`.
        output: name of the output that decides; all of them where it is empty.
        tolerance: largest relative error of an answer that agrees.
    """
    pairs = list(zip(outputs, file, strict=True))
    errors = np.array([relative_error(ours, theirs, output) for ours, theirs in pairs])
    error = Observations(
        metric=RELATIVE_ERROR, kind="mean", reference="baseline", better="lower", values=floats(errors)
    )
    if how == ERROR:
        return proportion(CLOSE_ANSWER, "baseline", errors <= tolerance), error
    return proportion(SAME_ANSWER, "baseline", _thinned(_same(pairs, output))), error


def observe_batches(
    outputs: Sequence[Arrays], file: Sequence[Arrays], how: str, output: str, tolerance: float
) -> NDArray[np.bool_]:
    """Which rows of batches have the file's own answer, computed in a batch of the same size.

    Raises:
        WorkerError: when a batch's answer is of another shape.
    """
    alike = list[NDArray[np.bool_]]()
    for ours, theirs in zip(outputs, file, strict=True):
        if how == ARGMAX:
            alike.append(_same([(ours, theirs)], output))
            continue
        rows = {len(array) for array in theirs.values() if array.ndim}
        if len(rows) != 1:
            alike.append(np.array([relative_error(ours, theirs, output) <= tolerance]))
            continue
        for index in range(rows.pop()):
            one, other = ({name: array[index : index + 1] for name, array in part.items()} for part in (ours, theirs))
            alike.append(np.array([relative_error(one, other, output) <= tolerance]))
    return np.concatenate(alike)


def relative_error(ours: Arrays, theirs: Arrays, output: str = "") -> float:
    """Largest relative error of the outputs; 1 where one has another shape."""
    return max(
        (_error(mine, their) for mine, their in _paired(ours, theirs, output)),
        default=0.0,
    )


def observe_labels(outputs: Sequence[Arrays], labels: NDArray[Any], output: str) -> Observations:
    """Compare answers with labels: classes with the largest element, other numbers by their mean absolute error.

    Raises:
        WorkerError: when the answers are of another form than the labels.
    """
    answers = [_chosen(one, output) for one in outputs]
    if labels.dtype.kind in "iu":
        found = [
            int(one.argmax(-1).reshape(-1)[0]) if one.dtype.kind == "f" else int(one.reshape(-1)[0]) for one in answers
        ]
        return proportion(TOP1, "label", np.array(found) == labels)
    errors = list[float]()
    for index, (answer, label) in enumerate(zip(answers, labels, strict=True)):
        if answer.size != label.size:
            problem = f"the answer to sample {index + 1} has {answer.size} numbers, and its label {label.size}"
            raise WorkerError("quality", problem)
        errors.append(float(np.abs(answer.reshape(-1) - label.reshape(-1)).mean()))
    return Observations(
        metric=LABEL_ERROR, kind="mean", reference="label", better="lower", values=floats(np.array(errors))
    )


def _chosen(arrays: Arrays, output: str) -> NDArray[Any]:
    if output and output not in arrays:
        raise WorkerError("quality", f"the answers have no output '{output}', only {', '.join(arrays)}")
    return arrays[output] if output else next(iter(arrays.values()))


def _paired(ours: Arrays, theirs: Arrays, output: str) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Outputs by name; by place where a runtime calls them otherwise."""
    if ours.keys() == theirs.keys():
        return [(ours[name], theirs[name]) for name in theirs if output in ("", name)]
    if len(ours) != len(theirs):
        raise WorkerError("quality", f"there are {len(ours)} outputs, and the file has {len(theirs)}")
    pairs = zip(ours.values(), theirs.items(), strict=True)
    return [(mine, their) for mine, (name, their) in pairs if output in ("", name)]


def _same(pairs: Sequence[tuple[Arrays, Arrays]], output: str) -> NDArray[np.bool_]:
    found = list[NDArray[np.bool_]]()
    for ours, theirs in pairs:
        mine, their = _paired(ours, theirs, output or next(iter(theirs)))[0]
        if mine.shape != their.shape:
            problem = f"an answer has the shape {mine.shape}, and the file's own {their.shape}"
            raise WorkerError("quality", problem)
        if their.dtype.kind == "f" and their.ndim:
            mine, their = mine.argmax(-1), their.argmax(-1)
        found.append(np.asarray(mine == their).reshape(-1))
    return np.concatenate(found)


def _thinned(values: NDArray[np.bool_]) -> NDArray[np.bool_]:
    step = -(-len(values) // MOST_POSITIONS)
    return values[::step]


def _error(mine: NDArray[Any], their: NDArray[Any]) -> float:
    if mine.shape != their.shape:
        return 1.0
    if their.dtype.kind not in "fiu" or not their.size:
        return float(not np.array_equal(mine, their))
    difference = np.linalg.norm((mine.astype(np.float64) - their.astype(np.float64)).reshape(-1))
    length = np.linalg.norm(their.astype(np.float64).reshape(-1))
    if not length:
        return float(difference > 0)
    return float(difference / length)
