"""roofline: under ceilings that are chosen, so that share and bound are known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from generator.core.definition import Precision
from generator.core.record import Ceiling, Ceilings, VariantRecord, Work
from generator.results.estimate import Spread, Unknown
from generator.results.roofline import Bound, Roofline, bandwidth_roof, compute_roof, roofline

MIB = 1 << 20


def _ceiling(kind: str, per_second: float, **changes: Any) -> Ceiling:
    fields = {
        "kind": kind, "precision": "fp32" if kind == "matrix product" else None, "threads": 1, "runtime": "r 1",
        "kernel": None, "size": "s", "working_set_bytes": MIB, "per_second": (0.9 * per_second, per_second, 1.1 * per_second),
    }  # fmt: skip
    return Ceiling.model_validate({**fields, **changes})


CEILINGS = Ceilings(
    measured_at=datetime(2026, 11, 23, tzinfo=UTC),
    found=(
        _ceiling("matrix product", 100e9),
        _ceiling("matrix product", 90e9, runtime="slower 1"),
        _ceiling("matrix product", 400e9, precision="int8"),
        _ceiling("matrix product", 190e9, threads=2),
        _ceiling("copy", 50e9),
        _ceiling("triad", 40e9, working_set_bytes=MIB - 8),
        _ceiling("copy", 9e9, working_set_bytes=64 * MIB),
        _ceiling("triad", 10e9, working_set_bytes=64 * MIB - 8),
    ),
)


def _variant(flops: int, weights: int, activations: int, **changes: Any) -> VariantRecord:
    work = Work(
        flops_per_sample=flops, weight_bytes=weights, activation_bytes_per_sample=activations, counted_by="hand"
    )
    fields = {
        "name": "v", "workload": "w", "runtime": "r", "runtime_version": None, "precision": "fp32", "baseline": True,
        "transforms": (), "artifact": None, "quality": (), "work": work,
    }  # fmt: skip
    return VariantRecord.model_validate({**fields, **changes})


def _found(variant: VariantRecord, rate: float, threads: int = 1) -> Roofline:
    found = roofline(variant, Spread(rate, 0.8 * rate, 1.2 * rate), CEILINGS, threads)
    assert isinstance(found, Roofline)
    return found


def test_a_dense_model_is_bound_by_compute() -> None:
    """1 GFLOP over 10 MB is 100 FLOP a byte: far right of the ridge at 2; 60 a second are 60 % of 100 GFLOP/s."""
    found = _found(_variant(10**9, MIB, 10**7 - MIB), 60)
    assert (found.bound, found.intensity, found.attainable) == (Bound.COMPUTE, pytest.approx(100), 100e9)
    assert (found.share.median, found.share.least, found.share.most) == pytest.approx((0.6, 0.48, 0.72))
    assert found.near


def test_a_thin_model_is_bound_by_memory() -> None:
    """100 MFLOP over 100 MB is 1 FLOP a byte: at 10 GB/s beyond the caches it cannot pass 10 GFLOP/s."""
    found = _found(_variant(10**8, 90 * MIB, 10**8 - 90 * MIB), 20)
    assert (found.bound, found.attainable) == (Bound.MEMORY, pytest.approx(10e9))
    assert found.share.median == pytest.approx(0.2)
    assert not found.near


def test_bandwidth_is_that_of_a_working_set_no_larger_than_the_weights() -> None:
    """What fits in a cache is not held to the memory's bandwidth; what does not is. Copy or triad, the faster one."""
    cases = {1000: 50e9, 2 * MIB: 50e9, 63 * MIB: 50e9, 64 * MIB: 10e9, 500 * MIB: 10e9}
    for weights, expected in cases.items():
        found = bandwidth_roof(CEILINGS, weights, 1)
        assert found is not None
        assert found.per_second.median == expected


def test_each_number_format_and_number_of_threads_has_its_own_ceiling() -> None:
    """The fastest runtime's product counts; none is borrowed from another format."""
    fp32, int8 = compute_roof(CEILINGS, Precision.FP32, 1), compute_roof(CEILINGS, Precision.INT8, 1)
    assert fp32 is not None
    assert int8 is not None
    assert (fp32.per_second.median, fp32.per_second.least, fp32.per_second.most) == pytest.approx((100e9, 90e9, 110e9))
    assert (fp32.ceiling.runtime, int8.per_second.median) == ("r 1", 400e9)
    assert compute_roof(CEILINGS, Precision.BF16, 1) is None
    assert compute_roof(CEILINGS, Precision.INT8, 2) is None


def test_a_batch_shares_the_weights() -> None:
    """Eight samples a query read the weights once: intensity rises."""
    one, eight = _variant(10**9, 8 * MIB, MIB), _variant(10**9, 8 * MIB, MIB, samples_per_query=8)
    assert _found(eight, 1).intensity == pytest.approx(4.5 * _found(one, 1).intensity)


@pytest.mark.parametrize(
    ("changes", "rate", "ceilings", "threads", "key"),
    [
        ({}, None, CEILINGS, 1, "roofline-not-timed"),
        ({}, 1.0, None, 1, "roofline-no-ceilings"),
        ({"work": None}, 1.0, CEILINGS, 1, "roofline-no-work"),
        ({"precision": "int4"}, 1.0, CEILINGS, 1, "roofline-no-ceiling-of-kind"),
        ({}, 1.0, CEILINGS, 4, "roofline-no-ceiling-of-kind"),
    ],
    ids=["not timed", "no ceilings", "not counted", "no such format", "no such threads"],
)
def test_without_one_of_its_parts_there_is_no_roofline_but_a_reason(
    changes: dict[str, Any], rate: float | None, ceilings: Ceilings | None, threads: int, key: str
) -> None:
    """Nothing is filled in."""
    spread = None if rate is None else Spread(rate, rate, rate)
    found = roofline(_variant(10**9, MIB, MIB, **changes), spread, ceilings, threads)
    assert isinstance(found, Unknown)
    assert found.key == key
