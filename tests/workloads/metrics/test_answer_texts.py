"""Answers in plain text against those of the baseline."""

from __future__ import annotations

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.workloads.metrics.answer_texts import observe_answer_texts
from generator.workloads.workload import Arrays


def answers(*texts: str) -> list[Arrays]:
    return [{"text": np.frombuffer(text.encode(), np.uint8)[np.newaxis]} for text in texts]


def test_an_answer_is_the_same_or_begins_alike() -> None:
    """An answer that goes on where the other ends differs from there on."""
    found = observe_answer_texts(answers("abcd", "abXd", "ab", "x"), 4, answers("abcd", "abcd", "abcd", "abcd"))
    assert {one.metric: one.values for one in found} == {
        "same-answer-text": (1, 0, 0, 0),
        "same-answer-start": (1, 0.5, 0.5, 0),
    }


def test_of_the_baseline_itself_nothing_is_said() -> None:
    assert observe_answer_texts(answers("a"), 1, None) == ()


BAD = [
    pytest.param(answers("a"), "1 answers to 2 requests", id="too few"),
    pytest.param([*answers("a"), {}], "an answer has no text", id="none"),
    pytest.param(answers("a", ""), "an answer has no text", id="empty"),
]


@pytest.mark.parametrize(("outputs", "problem"), BAD)
def test_what_is_no_answer_is_no_difference(outputs: list[Arrays], problem: str) -> None:
    with pytest.raises(WorkerError, match=problem):
        observe_answer_texts(outputs, 2, None)
