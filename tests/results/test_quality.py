"""The quality gate of errors, where lower is better, and skill against a rule without a model."""

from __future__ import annotations

import pytest

from generator.core.record import Observations, VariantRecord
from generator.results.estimate import Estimate, Interval
from generator.results.quality import Gate, Quality, accuracy_kept, error_rate_ratio, gate, skill, summarise


def _quality(metric: str, point: float, kind: str = "mean", better: str = "lower") -> Quality:
    return Quality(metric, kind, "label", Estimate(point, Interval(point, point), 10), better, "megawatt")


@pytest.mark.parametrize(
    ("error", "expected"),
    [(500, Gate.PASSED), (100, Gate.PASSED), (505.05, Gate.PASSED), (505.06, Gate.FAILED), (1000, Gate.FAILED)],
    ids=["equal", "better", "at the bound", "over it", "double"],
)
def test_an_error_may_be_at_most_a_99th_more(error: float, expected: Gate) -> None:
    """Lower is better: the bound is the baseline's error over 0.99."""
    assert gate([_quality("absolute-error", error)], [_quality("absolute-error", 500)]) is expected


def test_a_score_must_keep_99_percent() -> None:
    """Higher is better, as of a proportion."""
    baseline = [_quality("chrf", 70, better="higher")]
    assert gate([_quality("chrf", 69.4, better="higher")], baseline) is Gate.PASSED
    assert gate([_quality("chrf", 69.2, better="higher")], baseline) is Gate.FAILED


def test_every_metric_on_labels_counts() -> None:
    """An unchanged accuracy does not make up for a grown error."""
    baseline = [_quality("top-1", 0.9, "proportion", "higher"), _quality("absolute-error", 10)]
    worse = [_quality("top-1", 0.9, "proportion", "higher"), _quality("absolute-error", 11)]
    assert gate(worse, baseline) is Gate.FAILED
    assert accuracy_kept(worse, baseline) == pytest.approx(10 / 11)
    assert error_rate_ratio(worse, baseline) == pytest.approx(1.1)


def test_a_perfect_baseline() -> None:
    """What had no error must have none; there is no ratio to it."""
    assert gate([_quality("e", 0)], [_quality("e", 0)]) is Gate.PASSED
    assert gate([_quality("e", 1)], [_quality("e", 0)]) is Gate.FAILED
    assert error_rate_ratio([_quality("e", 1)], [_quality("e", 0)]) is None


def _observed(metric: str, *values: float) -> Observations:
    return Observations.model_validate(
        {"metric": metric, "kind": "mean", "reference": "label", "better": "lower", "unit": "celsius", "values": values}
    )


def _variant(*quality: Observations) -> VariantRecord:
    return VariantRecord.model_validate(
        {
            "name": "one",
            "workload": "w",
            "runtime": "fake",
            "runtime_version": None,
            "precision": "fp32",
            "baseline": True,
            "transforms": (),
            "artifact": None,
            "quality": quality,
        }
    )


def test_what_is_observed_keeps_direction_and_unit() -> None:
    """They travel with the numbers."""
    found = summarise(_observed("absolute-error", 1, 3))
    assert (found.better, found.unit, found.estimate.point) == ("lower", "celsius", 2)


def test_skill_is_the_share_by_which_the_error_is_less() -> None:
    """Half the naive error everywhere is a skill of 0.5, without any doubt; the same error is none."""
    naive = _observed("naive-absolute-error", 2, 4, 6)
    half = skill(_variant(_observed("absolute-error", 1, 2, 3), naive), "absolute-error")
    assert half == Estimate(0.5, Interval(0.5, 0.5), 3)
    none = skill(_variant(_observed("absolute-error", 4, 2, 6), naive), "absolute-error")
    assert none is not None
    assert none.point == 0
    assert none.interval.low < -0.3
    assert none.interval.high > 0.3


@pytest.mark.parametrize("naive", [(), (0, 0, 0), (1, 2)], ids=["absent", "without error", "of other samples"])
def test_without_a_rule_to_compare_with_there_is_no_skill(naive: tuple[float, ...]) -> None:
    """Nothing is said where nothing can be."""
    rule = [_observed("naive-absolute-error", *naive)] if naive else []
    assert skill(_variant(_observed("absolute-error", 1, 2, 3), *rule), "absolute-error") is None
