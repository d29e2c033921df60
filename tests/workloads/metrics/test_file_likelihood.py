"""A runtime's likelihood of texts against that of the model file: differences that are chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.workloads.metrics.file_likelihood import observe_file_likelihood

FILE = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0])]


def test_a_shift_has_a_sign_and_a_deviation_has_none() -> None:
    """One token dearer by as much as another is cheaper: the mean hides it, the deviation does not."""
    shift, deviation = observe_file_likelihood([np.array([1.3, 1.7, 3.0]), np.array([4.5, 4.5])], FILE)
    assert (shift.metric, shift.reference, shift.better) == ("likelihood-shift", "file", "lower")
    assert shift.values == pytest.approx((0, 0.5))
    assert deviation.values == pytest.approx((0.2, 0.5))


def test_the_file_itself_has_none() -> None:
    assert [one.values for one in observe_file_likelihood(FILE, FILE)] == [(0.0, 0.0)] * 2


@pytest.mark.parametrize("found", [FILE[:1], [FILE[0], FILE[0]]], ids=["a text is missing", "another length"])
def test_texts_that_were_not_scored_are_no_difference_of_zero(found: list[Any]) -> None:
    with pytest.raises(WorkerError, match="not those that the file's weights were asked for"):
        observe_file_likelihood(found, FILE)
