"""Face recognition's quality: shares with known answers, and no number from a broken embedding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.verification import accepted_shares, observe_verification
from generator.workloads.workload import Arrays


def _at(*degrees: float) -> list[Arrays]:
    """Embeddings in the plane, by their directions."""
    return [{"y": np.array([[math.cos(math.radians(one)), math.sin(math.radians(one))]])} for one in degrees]


def _by_metric(observed: tuple[Observations, ...]) -> dict[str, tuple[float, ...]]:
    return {one.metric: one.values for one in observed}


def test_people_that_lie_apart_are_told_apart() -> None:
    """Everybody's pairs are nearer than any two strangers."""
    found = _by_metric(observe_verification(_at(0, 5, 90, 95, 180, 185), [1, 1, 2, 2, 3, 3], None))
    assert found == {"same-person-accepted": (1, 1, 1), "nearest-is-same-person": (1,) * 6}


def test_a_pair_no_nearer_than_strangers_is_refused() -> None:
    """Person 1's two photographs lie 80 degrees apart, with person 2 between them: both are nearest to a stranger."""
    found = _by_metric(observe_verification(_at(0, 80, 38, 42), [1, 1, 2, 2], None))
    assert found == {"same-person-accepted": (0, 1), "nearest-is-same-person": (0, 0, 1, 1)}


def test_the_threshold_lets_the_stated_share_through() -> None:
    """Ten people on two photographs each, 180 pairs of strangers: 1 % is one pair, so the highest is let through."""
    people = np.repeat(np.arange(10), 2)
    scores = np.zeros((20, 20))
    scores[0, 2] = scores[2, 0] = 0.9
    scores[0, 4] = scores[4, 0] = 0.5
    for person in range(10):
        first, second = 2 * person, 2 * person + 1
        scores[first, second] = scores[second, first] = 0.4 if person == 0 else 0.6
    assert accepted_shares(scores, people).tolist() == [0.0] + [1.0] * 9
    assert accepted_shares(scores, people, false_acceptances=0.02).tolist() == [1.0] * 10


def test_a_share_is_over_a_persons_pairs() -> None:
    """Three photographs make three pairs; one of them is far away, and leaves one pair of three."""
    found = _by_metric(observe_verification(_at(0, 1, 170, 90, 91, 92), [1, 1, 1, 2, 2, 2], None))
    assert found["same-person-accepted"] == pytest.approx((1 / 3, 1.0), abs=1e-6)


def test_a_tie_with_strangers_is_no_acceptance() -> None:
    """An embedding that is the same for everybody knows nobody."""
    found = _by_metric(observe_verification(_at(7, 7, 7, 7), [1, 1, 2, 2], None))
    assert found["same-person-accepted"] == (0, 0)


def test_against_the_baseline() -> None:
    """Turned by 60 degrees one embedding deviates by a half; neighbours are compared, not people."""
    observed = observe_verification(_at(0, 12, 82), None, _at(0, 12, 22))
    assert _by_metric(observed) == {
        "top-1-agreement": (1, 0, 1),
        "largest-embedding-deviation": (0, 0, 0.5),
        "mean-embedding-deviation": (0, 0, 0.5),
    }


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        (_at(0, 1, 2), "3 answers to 4 samples"),
        ([*_at(0, 1, 2), {"y": np.zeros((1, 2))}], "sample 3 is zero"),
        ([*_at(0, 1, 2), {"y": np.full((1, 2), np.nan)}], "not finite"),
    ],
    ids=["too few", "zero", "not a number"],
)
def test_broken_answers_are_refused(answers: list[Arrays], problem: str) -> None:
    """A worker's nonsense is a failure, not a quality of zero."""
    with pytest.raises(WorkerError, match=problem):
        observe_verification(answers, [1, 1, 2, 2], None)


def test_a_baseline_of_another_width_is_refused() -> None:
    """Two different models cannot be compared."""
    with pytest.raises(WorkerError, match="2 numbers, not 3"):
        observe_verification(_at(0, 1), None, [{"y": np.ones((1, 3))}] * 2)
