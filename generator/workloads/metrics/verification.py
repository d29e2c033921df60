"""Quality of face recognition: are two photographs told to show one person when they do, and only then?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import TOP1_AGREEMENT, floats, proportion
from generator.workloads.metrics.retrieval import LARGEST_DEVIATION, MEAN_DEVIATION, directions
from generator.workloads.workload import Arrays

ACCEPTED = "same-person-accepted"
RANK_1 = "nearest-is-same-person"

FALSE_ACCEPTANCES = 0.01
"""Share of pairs of different people that the threshold lets through, at most."""


def observe_verification(
    outputs: Sequence[Arrays], people: Sequence[int] | None, baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Compare faces by the cosine of their embeddings, with the people where known, and with the baseline where given.

    Args:
        outputs: embeddings "y", (1, width), one a photograph.
        people: who is on each photograph; everybody at least twice, and at least two people.
        baseline: the same outputs of the baseline.

    Returns:
        With the people: the share of a person's pairs that is accepted at a threshold that lets 1 % of the pairs of
        different people through (TAR at FAR 1 %), a value a person, because a person's pairs are much alike and no
        independent observations; and whether the nearest other photograph shows the same person, a value a photograph.
        Against the baseline: whether the same photograph is the nearest; and one minus the cosine of each embedding and
        the baseline's.

    Raises:
        WorkerError: when an answer is missing, has another shape, is not finite or is zero.
    """
    ours = directions(outputs, len(outputs) if people is None else len(people))
    scores = _others(ours)
    observed = list[Observations]()
    if people is not None:
        who = np.asarray(people)
        accepted = floats(accepted_shares(scores, who))
        observed.append(Observations(metric=ACCEPTED, kind="mean", reference="label", values=accepted))
        observed.append(proportion(RANK_1, "label", who[scores.argmax(axis=1)] == who))
    if baseline is not None:
        theirs = directions(baseline, len(ours))
        if theirs.shape != ours.shape:
            raise WorkerError("quality", f"the embeddings have {ours.shape[1]} numbers, not {theirs.shape[1]}")
        # Rounding may bring a cosine a little above one.
        deviation = floats(np.maximum(0.0, 1 - (ours * theirs).sum(axis=1)))
        nearest = scores.argmax(axis=1) == _others(theirs).argmax(axis=1)
        observed.append(proportion(TOP1_AGREEMENT, "baseline", nearest))
        observed.append(Observations(metric=LARGEST_DEVIATION, kind="maximum", reference="baseline", values=deviation))
        observed.append(Observations(metric=MEAN_DEVIATION, kind="mean", reference="baseline", values=deviation))
    return tuple(observed)


def accepted_shares(
    scores: NDArray[np.float64], people: NDArray[np.int64], false_acceptances: float = FALSE_ACCEPTANCES
) -> NDArray[np.float64]:
    """Share of each person's pairs that score above the threshold, people in ascending order.

    The threshold is the lowest score above which at most the given share of the pairs of different people lie.

    Args:
        scores: (photographs, photographs), symmetric.
        people: who is on each photograph.
        false_acceptances: that share.
    """
    first, second = np.triu_indices(len(people), 1)
    pairs, same = scores[first, second], people[first] == people[second]
    strangers = np.sort(pairs[~same])[::-1]
    threshold = strangers[int(false_acceptances * len(strangers))]
    shares = [np.mean(pairs[same & (people[first] == person)] > threshold) for person in np.unique(people)]
    return np.array(shares, np.float64)


def _others(embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of each with each other; a photograph is not near to itself."""
    scores: NDArray[np.float64] = embeddings @ embeddings.T
    np.fill_diagonal(scores, -2.0)
    return scores
