"""Retrieval: recall and rank with known answers, and no number from a broken embedding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.retrieval import observe_retrieval
from generator.workloads.workload import Arrays

EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)
PASSAGES = (EAST, NORTH, WEST)


def _embeddings(*rows: tuple[float, ...]) -> list[Arrays]:
    return [{"y": np.array([row], np.float32)} for row in rows]


def _by_metric(observed: tuple[Observations, ...]) -> dict[str, tuple[float, ...]]:
    return {one.metric: one.values for one in observed}


def test_a_question_finds_the_nearest_passage() -> None:
    """The questions lean east, north and north; right would be east, east (second) and west (third)."""
    outputs = _embeddings(*PASSAGES, (2.0, 1.0), (1.0, 2.0), (0.5, 9.0))
    found = _by_metric(observe_retrieval(outputs, 3, [0, 0, 2], None))
    assert found == {"recall-at-1": (1, 0, 0), "reciprocal-rank-at-10": (1, 0.5, 0.333333)}


def test_the_length_of_an_embedding_does_not_matter() -> None:
    """Only the angle counts, so that a long passage is not nearer to everything."""
    outputs = _embeddings((100.0, 0.0), (0.0, 0.01), (0.1, 1.0))
    assert _by_metric(observe_retrieval(outputs, 2, [1], None))["recall-at-1"] == (1,)


def test_after_the_tenth_a_passage_counts_as_not_found() -> None:
    """Nobody looks further."""
    angles = [index / 20 for index in range(12)]
    passages = [(math.cos(angle), math.sin(angle)) for angle in angles]
    outputs = _embeddings(*passages, (1.0, -0.1), (1.0, -0.1))
    assert _by_metric(observe_retrieval(outputs, 12, [9, 10], None))["reciprocal-rank-at-10"] == (0.1, 0)


def test_ties_earn_nothing() -> None:
    """A model that gives every text the same embedding has found nothing; it must not get full marks."""
    outputs = _embeddings(*[EAST] * 5)
    assert _by_metric(observe_retrieval(outputs, 3, [0, 2], None))["recall-at-1"] == (0, 0)


def test_against_a_baseline_there_are_agreement_and_deviations() -> None:
    """A value a question for the passage found first, a value an embedding for the angle."""
    baseline = _embeddings(*PASSAGES, (1.0, 0.0), (0.0, 1.0))
    outputs = _embeddings(*PASSAGES, (0.0, 3.0), (0.6, 0.8))
    observed = observe_retrieval(outputs, 3, None, baseline)
    assert [(one.metric, one.kind, one.reference) for one in observed] == [
        ("top-1-agreement", "proportion", "baseline"),
        ("largest-embedding-deviation", "maximum", "baseline"),
        ("mean-embedding-deviation", "mean", "baseline"),
    ]
    found = _by_metric(observed)
    assert found["top-1-agreement"] == (0, 1)
    assert found["mean-embedding-deviation"] == pytest.approx((0, 0, 0, 1, 0.2), abs=1e-6)
    assert min(found["mean-embedding-deviation"]) >= 0


def test_the_baseline_is_not_compared_with_itself() -> None:
    """The baseline agrees with itself; to say so would be no measurement."""
    observed = observe_retrieval(_embeddings(*PASSAGES, EAST), 3, [0], None)
    assert {one.reference for one in observed} == {"label"}


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        (_embeddings(EAST, NORTH, WEST), "3 answers to 4 samples"),
        ([*_embeddings(EAST, NORTH, WEST), {"z": np.zeros((1, 2))}], "sample 3 has no array 'y'"),
        (_embeddings(EAST, NORTH, (float("nan"), 0.0), WEST), "sample 2 is not finite"),
        (_embeddings(EAST, (0.0, 0.0), NORTH, WEST), "sample 1 is zero"),
        (_embeddings(EAST, NORTH, WEST, (1.0, 0.0, 0.0)), r"shape \(1, 3\)"),
    ],
)
def test_a_broken_embedding_is_no_wrong_answer(outputs: list[Arrays], problem: str) -> None:
    """A variant that answers nonsense has failed; it does not get a recall of zero."""
    with pytest.raises(WorkerError, match=problem):
        observe_retrieval(outputs, 3, [0], None)


def test_a_baseline_of_another_width() -> None:
    """Two encoders of different widths cannot be compared."""
    outputs, baseline = _embeddings(EAST, EAST), _embeddings((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    with pytest.raises(WorkerError, match="2 numbers, not 3"):
        observe_retrieval(outputs, 1, [0], baseline)
