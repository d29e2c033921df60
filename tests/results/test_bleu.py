"""BLEU of a text from the counts of its sentences; that it is sacrebleu's is in the tests of translation."""

from __future__ import annotations

import numpy as np
import pytest

from generator.core.record import Observations, VariantRecord
from generator.results.bleu import bleu
from generator.results.quality import Gate, gate, qualities, summarise

Row = tuple[int, ...]

RIGHT: Row = (8, 7, 6, 5, 8, 7, 6, 5, 8, 8)
"""Eight words, all of them right."""

WRONG: Row = (0, 0, 0, 0, 8, 7, 6, 5, 8, 8)
SHORT: Row = (4, 3, 2, 1, 4, 3, 2, 1, 4, 8)
"""The first half of eight words."""


def _some(count: int) -> list[Row]:
    """Sentences of eight words, of which some are right."""
    chance = np.random.default_rng(1)
    return [(n, max(n - 2, 0), max(n - 4, 0), max(n - 5, 0), *RIGHT[4:]) for n in chance.integers(2, 9, count).tolist()]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([RIGHT] * 3, 100.0, id="all right"),
        pytest.param([WRONG] * 3, 0.0, id="nothing right"),
        pytest.param([RIGHT, WRONG], 50.0, id="half of all n-grams"),
        pytest.param([SHORT], 100 * np.exp(1 - 8 / 4), id="too short"),
        pytest.param([(0,) * 9 + (8,)], 0.0, id="nothing written"),
    ],
)
def test_scores_worked_out_by_hand(rows: list[Row], expected: float) -> None:
    """Shares of all n-grams of the text, less where the text is too short."""
    assert bleu(rows).point == pytest.approx(expected)
    assert bleu(rows).count == len(rows)


def test_its_interval_is_that_of_resampled_sentences() -> None:
    """Twice its half-width is about four standard errors, as thousands of resampled texts show them."""
    rows, chance = _some(200), np.random.default_rng(2)
    found = bleu(rows)
    table = np.array(rows)
    again = [bleu([table[chance.integers(0, 200, 200)].sum(axis=0).tolist()]).point for _ in range(2000)]
    assert found.interval.contains(found.point)
    assert (found.interval.high - found.interval.low) / 2 == pytest.approx(1.97 * np.std(again), rel=0.1)


def test_it_counts_in_the_gate() -> None:
    """A score of the whole text is as good a reason to refuse a variant as a share of right answers."""

    def variant(*rows: Row) -> VariantRecord:
        one = Observations(metric="bleu", kind="bleu", reference="label", values=(), counts=rows)
        fields = {"name": "one", "workload": "w", "runtime": "fake", "runtime_version": "1", "precision": "fp32"}
        return VariantRecord.model_validate(
            {**fields, "baseline": True, "transforms": (), "artifact": None, "quality": (one,)}
        )

    baseline = qualities(variant(*[RIGHT] * 99, WRONG))
    assert gate(qualities(variant(*[RIGHT] * 98, WRONG, WRONG)), baseline) is Gate.FAILED
    assert gate(qualities(variant(*[RIGHT] * 99, WRONG)), baseline) is Gate.PASSED


def test_only_bleu_has_counts() -> None:
    """And it has no values beside them, of which a mean could be taken."""
    fields = {"metric": "m", "reference": "label", "values": (), "counts": (RIGHT,)}
    assert summarise(Observations.model_validate({**fields, "kind": "bleu"})).estimate.point == 100
    for wrong in ({"kind": "mean"}, {"kind": "bleu", "values": (1,)}, {"kind": "bleu", "counts": (RIGHT[1:],)}):
        with pytest.raises(ValueError, match="counts"):
            Observations.model_validate({**fields, **wrong})
