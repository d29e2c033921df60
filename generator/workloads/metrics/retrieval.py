"""Quality of retrieval: whether the passage nearest to a question is the one that answers it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import TOP1_AGREEMENT, floats, proportion, stacked
from generator.workloads.workload import Arrays

RECALL_AT_1 = "recall-at-1"
RECIPROCAL_RANK = "reciprocal-rank-at-10"
LARGEST_DEVIATION = "largest-embedding-deviation"
MEAN_DEVIATION = "mean-embedding-deviation"

_LAST_RANK = 10
"""A right passage that comes later counts as not found."""


def observe_retrieval(
    outputs: Sequence[Arrays], passages: int, answers: Sequence[int] | None, baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Rank all passages for each question by cosine; compare with the answers, and with the baseline, where given.

    Args:
        outputs: embeddings "y", (1, width): first those of all passages, then those of the questions.
        passages: how many passages there are.
        answers: for each question the position of the passage that answers it.
        baseline: the same outputs of the baseline.

    Returns:
        Against the answers, a value a question: recall at 1, and the reciprocal of the right passage's rank, 0 after
        the tenth. Against the baseline: whether the same passage comes first, a value a question; and one minus the
        cosine of each embedding and the baseline's, a value an embedding.

    Raises:
        WorkerError: when an answer is missing, has another shape, is not finite or is zero.
    """
    ours = directions(outputs, len(outputs) if answers is None else passages + len(answers))
    scores = ours[passages:] @ ours[:passages].T
    observed = list[Observations]()
    if answers is not None:
        ranks = _ranks(scores, np.asarray(answers))
        reciprocal = np.where(ranks <= _LAST_RANK, 1 / ranks, 0.0)
        observed.append(proportion(RECALL_AT_1, "label", ranks == 1))
        observed.append(Observations(metric=RECIPROCAL_RANK, kind="mean", reference="label", values=floats(reciprocal)))
    if baseline is not None:
        theirs = directions(baseline, len(ours))
        if theirs.shape != ours.shape:
            raise WorkerError("quality", f"the embeddings have {ours.shape[1]} numbers, not {theirs.shape[1]}")
        expected = theirs[passages:] @ theirs[:passages].T
        # Rounding may bring a cosine a little above one.
        deviation = floats(np.maximum(0.0, 1 - (ours * theirs).sum(axis=1)))
        observed.append(proportion(TOP1_AGREEMENT, "baseline", scores.argmax(axis=1) == expected.argmax(axis=1)))
        observed.append(Observations(metric=LARGEST_DEVIATION, kind="maximum", reference="baseline", values=deviation))
        observed.append(Observations(metric=MEAN_DEVIATION, kind="mean", reference="baseline", values=deviation))
    return tuple(observed)


def _ranks(scores: NDArray[np.float64], answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of the right passage for each question. Passages of its score count before it: ties earn nothing."""
    right = scores[np.arange(len(answers)), answers]
    ranks: NDArray[np.int64] = (scores >= right[:, np.newaxis]).sum(axis=1)
    return ranks


def directions(outputs: Sequence[Arrays], count: int) -> NDArray[np.float64]:
    """Embeddings of length one, (count, width)."""
    rows = stacked(outputs, count)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise WorkerError("quality", f"the answer to sample {int(lengths.argmin())} is zero, which has no direction")
    directions: NDArray[np.float64] = rows / lengths
    return directions
