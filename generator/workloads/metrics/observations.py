"""Quality of answers, a value a sample: against labels (accuracy) and the baseline's own answers (fidelity)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.workload import Arrays

OUTPUT = "y"
"""Name of a classifier's only output: logits, (1, classes)."""

TOP1 = "top-1"
TOP1_AGREEMENT = "top-1-agreement"
LARGEST_DEVIATION = "largest-logit-deviation"
MEAN_DEVIATION = "mean-logit-deviation"


def observe_classification(
    outputs: Sequence[Arrays], labels: Sequence[int] | None, baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Compare a classifier's logits with the labels, and with the baseline's logits, where these are given.

    Args:
        outputs: for each sample an array "y", (1, classes).
        labels: the right class of each sample.
        baseline: the same of the baseline.

    Raises:
        WorkerError: when an answer is missing, has another shape, or is not finite.
    """
    logits = stacked(outputs, len(outputs) if labels is None else len(labels))
    observed = list[Observations]()
    if labels is not None:
        observed.append(proportion(TOP1, "label", logits.argmax(axis=1) == np.asarray(labels)))
    if baseline is not None:
        expected = stacked(baseline, len(logits))
        if expected.shape != logits.shape:
            raise WorkerError("quality", f"the answers have {logits.shape[1]} classes, not {expected.shape[1]}")
        deviation = np.abs(logits - expected)
        observed.append(proportion(TOP1_AGREEMENT, "baseline", logits.argmax(axis=1) == expected.argmax(axis=1)))
        observed.append(
            Observations(
                metric=LARGEST_DEVIATION, kind="maximum", reference="baseline", values=floats(deviation.max(axis=1))
            )
        )
        observed.append(
            Observations(
                metric=MEAN_DEVIATION, kind="mean", reference="baseline", values=floats(deviation.mean(axis=1))
            )
        )
    return tuple(observed)


def stacked(outputs: Sequence[Arrays], count: int) -> NDArray[np.float64]:
    """Stack the answers, "y" of shape (1, classes) each, to (samples, classes).

    Raises:
        WorkerError: when an answer is missing, has another shape, or is not finite.
    """
    if len(outputs) != count:
        raise WorkerError("quality", f"there are {len(outputs)} answers to {count} samples")
    rows = list[NDArray[np.float64]]()
    for index, output in enumerate(outputs):
        row = output.get(OUTPUT)
        if row is None or row.ndim != 2 or row.shape[0] != 1 or (rows and row.shape != rows[0].shape):
            found = "no array 'y'" if row is None else f"'y' of shape {row.shape}"
            raise WorkerError("quality", f"the answer to sample {index} has {found}, not (1, classes)")
        rows.append(row.astype(np.float64))
        if not np.isfinite(rows[-1]).all():
            raise WorkerError("quality", f"the answer to sample {index} is not finite")
    return np.concatenate(rows)


def proportion(metric: str, reference: str, right: NDArray[np.bool_]) -> Observations:
    """Observations that are right or wrong."""
    return Observations.model_validate(
        {"metric": metric, "kind": "proportion", "reference": reference, "values": floats(right)}
    )


def floats(values: NDArray[np.generic]) -> tuple[float, ...]:
    """Values as a record keeps them."""
    # Six digits are more than a comparison of float32 answers can mean, and keep the record readable.
    return tuple(float(f"{float(value):.6g}") for value in values)
