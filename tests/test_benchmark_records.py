"""The benchmark of many records: its arithmetic, its bounds, and that what it reads is sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import records
from benchmarks.records import Costs, broken, exponent
from benchmarks.site import Cost


def costs(count: int, cpu_s: float, peak_bytes: int = 1) -> Costs:
    one = Cost(wall_s=cpu_s, cpu_s=cpu_s, peak_bytes=peak_bytes)
    return Costs(count, 1, 1, one, one, one, one)


def test_growth_is_the_steepest_between_two_sizes() -> None:
    found = [costs(10, 1.0), costs(100, 10.0), costs(1000, 1000.0)]
    assert exponent(found, lambda one: one.collect_cold) == pytest.approx(2)
    assert exponent(found[:1], lambda one: one.collect_cold) == 0


def test_each_broken_bound_is_named() -> None:
    """Linear growth in little memory breaks none; the command fails on any other."""
    assert broken([costs(100, 1.0), costs(1000, 10.0)]) == []
    slow = broken([costs(100, 1.0), costs(1000, 100.0)])
    assert len(slow) == 4
    assert "collect_cold grows with records to the power 2.00" in slow[0]
    large = replace(costs(100, 1.0), collect_warm=Cost(1.0, 1.0, records.COLLECT_BYTES + 1))
    assert broken([large]) == ["100 records: collecting took 500 MB, more than 500 MB"]


@pytest.mark.slow
def test_a_synthetic_checkout_is_collected_as_any_other(tmp_path: Path) -> None:
    """Ten measurements, a machine each record: sealed, publishable, and every one with an answer."""
    records.checkout(tmp_path, 20)
    suite, collection = records.collected(tmp_path)
    assert len(suite) == records.MEASUREMENTS
    assert len(collection.summaries) == 20
    assert len({one.machine for one in collection.summaries}) == 2
    assert all(one.publishable and one.headline and one.controls for one in collection.summaries)
