"""analysis: verdicts, percentiles, quality and caveats, with data whose right answer is known."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from generator.core.block_times import block_times
from generator.core.protocol import LogInterval, early_stopping_discard
from generator.core.record import Observations
from generator.results import estimate, percentile
from generator.results.comparison import Verdict, compare, verdict
from generator.results.estimate import Estimate, Interval
from generator.results.quality import Gate, Quality, gate, summarise
from tests.core.test_protocol import make_block


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.02, 1.30, Verdict.FASTER),
        (0.70, 0.95, Verdict.SLOWER),
        (0.98, 1.02, Verdict.NO_DIFFERENCE),
        (1.001, 1.015, Verdict.NO_DIFFERENCE),
        (0.90, 1.20, Verdict.CANNOT_TELL),
        (0.96, 1.02, Verdict.CANNOT_TELL),
        (1.005, 1.025, Verdict.FASTER),
    ],
    ids=["faster", "slower", "within 3 %", "excludes 1 but under 1 %", "wide", "just outside 3 %", "small but sure"],
)
def test_verdict_follows_the_interval_and_the_smallest_effect(low: float, high: float, expected: Verdict) -> None:
    """Faster or slower only when 1 is excluded and the effect exceeds 1 %; "equal" is never said."""
    mean, half = (math.log(low) + math.log(high)) / 2, (math.log(high) - math.log(low)) / 2
    assert verdict(LogInterval(mean, half, 6)) is expected


def test_compare_leaves_disturbed_blocks_out() -> None:
    """A flagged block does not count, whatever it says."""
    blocks = [make_block({"a": [200] * 4, "b": [100] * 4}, index=i) for i in range(5)]
    blocks.append(make_block({"a": [200] * 4, "b": [900] * 4}, disturbed=True, index=5))
    found = compare([block_times(one) for one in blocks], "b", "a")
    assert found is not None
    assert found.speedup.point == pytest.approx(2)
    assert found.block_values == pytest.approx([2] * 5)


def test_compare_needs_two_blocks() -> None:
    """A single block has no interval, so nothing is said."""
    assert compare([block_times(make_block({"a": [2] * 4, "b": [1] * 4}))], "b", "a") is None


@pytest.mark.parametrize(("share", "count"), [(0.9, 64), (0.95, 130), (0.99, 662), (0.999, 6636)])
def test_percentiles_need_as_many_queries_as_mlperf_says(share: float, count: int) -> None:
    """p90 needs 64 queries, p95 130, p99 662, p99.9 6,636: one fewer and the percentile is not shown."""
    assert percentile.least_count(share) == count
    assert share in [p.share for p in percentile.percentiles(range(1, count + 1))]
    assert share not in [p.share for p in percentile.percentiles(range(1, count))]


@pytest.mark.parametrize(("share", "count"), [(0.5, 40), (0.9, 64), (0.9, 500), (0.99, 662), (0.99, 5000)])
def test_discarded_is_the_largest_count_that_keeps_the_confidence(share: float, count: int) -> None:
    """By definition: BinomCDF(t; n, 1 - p) <= 0.01 < BinomCDF(t + 1; n, 1 - p)."""
    t = early_stopping_discard(count, share)
    assert stats.binom.cdf(t, count, 1 - share) <= 0.01 < stats.binom.cdf(t + 1, count, 1 - share)


def test_percentile_is_the_value_at_floor_of_n_times_p() -> None:
    """MLPerf's convention, on the numbers 1 to 1000 in any order."""
    values = list(range(1, 1001))
    random.Random(1).shuffle(values)
    found = {p.share: p for p in percentile.percentiles(values)}
    assert (found[0.5].value_ns, found[0.9].value_ns, found[0.99].value_ns) == (501, 901, 991)
    assert all(p.bound_ns >= p.value_ns for p in found.values())


def test_early_stopping_bound_holds_the_true_percentile_99_times_in_100() -> None:
    """Simulated: the true p90 exceeds the bound in at most 1 % of runs (some slack for 400 runs)."""
    chance, missed = random.Random(3), 0
    true_p90 = stats.expon.ppf(0.9) * 1e6
    for _ in range(400):
        latencies = [round(chance.expovariate(1) * 1e6) + 1 for _ in range(100)]
        bound = next(p.bound_ns for p in percentile.percentiles(latencies) if p.share == 0.9)
        missed += true_p90 > bound
    assert missed / 400 <= 0.025


@pytest.mark.parametrize("count", [1, 2, 20, 401])
def test_the_interval_of_a_proportion_is_scipys(count: int) -> None:
    for hits in {0, 1, count // 3, count - 1, count}:
        expected = stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
        found = estimate.proportion([1] * hits + [0] * (count - hits)).interval
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_proportion_has_wilsons_interval() -> None:
    """18 of 20: Wilson's 95 % interval is 0.6990 to 0.9721, and never leaves 0 to 1."""
    found = estimate.proportion([1] * 18 + [0] * 2)
    assert (found.point, found.count) == (0.9, 20)
    assert found.interval.low == pytest.approx(0.6990, abs=1e-4)
    assert found.interval.high == pytest.approx(0.9721, abs=1e-4)
    assert estimate.proportion([1] * 5).interval.high == pytest.approx(1)


def test_mean_has_students_interval() -> None:
    """1, 2, 3: 2 plus or minus t(0.975, 2) / sqrt 3 = 2.4841; one value has no spread to speak of."""
    found = estimate.mean([1, 2, 3])
    assert found.interval.high - found.point == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert estimate.mean([5]).interval == Interval(5, 5)


def test_maximum_is_the_largest_value() -> None:
    """The largest deviation is a fact about these samples; it has no interval."""
    found = summarise(Observations(metric="deviation", kind="maximum", reference="baseline", values=(0.1, 0.7, 0.2)))
    assert (found.estimate.point, found.estimate.interval) == (0.7, Interval(0.7, 0.7))


def _quality(metric: str, reference: str, point: float) -> Quality:
    return Quality(metric, "proportion", reference, Estimate(point, Interval(point, point), 100))


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ([_quality("top-1", "label", 0.80)], Gate.PASSED),
        ([_quality("top-1", "label", 0.792)], Gate.PASSED),
        ([_quality("top-1", "label", 0.79)], Gate.FAILED),
        ([_quality("top-1", "label", 0.80), _quality("agreement", "baseline", 0.5)], Gate.PASSED),
        ([_quality("agreement", "baseline", 0.995)], Gate.PASSED),
        ([_quality("agreement", "baseline", 0.98)], Gate.FAILED),
        ([], Gate.UNKNOWN),
    ],
    ids=["same", "99 %", "below", "labels before agreement", "agrees", "disagrees", "nothing measured"],
)
def test_gate_keeps_99_percent_of_the_baselines_accuracy(variant: list[Quality], expected: Gate) -> None:
    """A variant that loses more than 1 % of the baseline's accuracy gains nothing by its speed."""
    assert gate(variant, [_quality("top-1", "label", 0.80)]) is expected
