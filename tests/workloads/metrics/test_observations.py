"""Quality: accuracy against labels, fidelity against the baseline, and no number from a broken answer."""

from __future__ import annotations

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.workload import Arrays


def _answers(*rows: list[float]) -> list[Arrays]:
    return [{"y": np.array([row], np.float32)} for row in rows]


def _by_metric(observed: tuple[Observations, ...]) -> dict[str, tuple[float, ...]]:
    return {one.metric: one.values for one in observed}


def test_the_baseline_is_compared_with_labels_alone() -> None:
    """The baseline agrees with itself; to say so would be no measurement."""
    observed = observe_classification(_answers([1, 0], [1, 0]), [0, 1], None)
    assert [(one.metric, one.kind, one.reference, one.values) for one in observed] == [
        ("top-1", "proportion", "label", (1.0, 0.0))
    ]


def test_a_variant_is_compared_with_both() -> None:
    """A variant can be right where the baseline is wrong: accuracy and agreement are different things."""
    observed = observe_classification(_answers([0, 2], [3, 1]), [1, 0], _answers([1, 0], [3, 0]))
    assert _by_metric(observed) == {
        "top-1": (1.0, 1.0),
        "top-1-agreement": (0.0, 1.0),
        "largest-logit-deviation": (2.0, 1.0),
        "mean-logit-deviation": (1.5, 0.5),
    }
    assert {one.metric: one.kind for one in observed}["largest-logit-deviation"] == "maximum"


def test_without_labels_fidelity_remains() -> None:
    """What the labels cannot say is left out, not guessed."""
    observed = observe_classification(_answers([0, 2]), None, _answers([0, 1]))
    assert "top-1" not in _by_metric(observed)
    assert len(observed) == 3


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        (_answers([1, 0]), "1 answers to 2 samples"),
        ([*_answers([1, 0]), {"z": np.zeros((1, 2))}], "sample 1 has no array 'y'"),
        ([*_answers([1, 0]), {"y": np.zeros((2, 2))}], r"shape \(2, 2\)"),
        ([*_answers([1, 0]), {"y": np.zeros(2)}], r"shape \(2,\)"),
        (_answers([1, 0], [1, 0, 0]), r"shape \(1, 3\)"),
        (_answers([1, 0], [float("nan"), 0]), "sample 1 is not finite"),
        (_answers([1, 0], [float("inf"), 0]), "sample 1 is not finite"),
    ],
)
def test_a_broken_answer_is_no_wrong_answer(answers: list[Arrays], problem: str) -> None:
    """A variant that answers nonsense has failed; it does not get an accuracy of zero."""
    with pytest.raises(WorkerError, match=problem):
        observe_classification(answers, [0, 1], None)


def test_a_baseline_of_another_width() -> None:
    """Two models of different classes cannot be compared."""
    with pytest.raises(WorkerError, match="2 classes, not 3"):
        observe_classification(_answers([1, 0]), [0], _answers([1, 0, 0]))
