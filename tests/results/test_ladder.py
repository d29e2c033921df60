"""A ladder says what each step brought; the whole way is measured, and the shares add up to it."""

from __future__ import annotations

import math

import pytest

from generator.core.definition import Measurement
from generator.results.findings import analyse
from tests.pages import imaginary

STEPS = ["pytorch-fp32", "onnxruntime-fp32", "onnxruntime-int8-static"]


def _with_steps(*steps: str) -> Measurement:
    fields = imaginary.measurement().model_dump(mode="json")
    fields["workloads"][0]["steps"] = steps
    return Measurement.model_validate(fields)


def test_each_step_is_compared_with_the_one_before_and_with_the_foot() -> None:
    (workload,) = analyse(_with_steps(*STEPS), imaginary.record()).workloads
    runtime, quantized = workload.ladder
    assert [one.variant for one in workload.ladder] == STEPS[1:]
    assert (quantized.step.against, quantized.total.against) == (STEPS[1], STEPS[0])
    assert runtime.step.speedup.point == pytest.approx(10 / 6.4, rel=0.02)
    assert quantized.step.speedup.point == pytest.approx(6.4 / 4, rel=0.02)
    assert quantized.total.speedup.point == pytest.approx(2.5, rel=0.02)


def test_shares_are_of_the_logarithm_and_add_up_to_one() -> None:
    (workload,) = analyse(_with_steps(*STEPS), imaginary.record()).workloads
    shares = [one.share or 0 for one in workload.ladder]
    assert sum(shares) == pytest.approx(1, abs=0.01)
    assert shares[0] == pytest.approx(math.log(10 / 6.4) / math.log(2.5), abs=0.01)


def test_a_backward_step_has_a_negative_share() -> None:
    """Dynamic quantization is slower here; the static one more than makes up for it."""
    steps = ["pytorch-fp32", "onnxruntime-int8-dynamic", "onnxruntime-int8-static"]
    (workload,) = analyse(_with_steps(*steps), imaginary.record()).workloads
    down, up = (one.share or 0 for one in workload.ladder)
    assert down < 0 < 1 < up
    assert down + up == pytest.approx(1, abs=0.01)


def test_where_the_top_is_no_faster_nothing_is_shared_out() -> None:
    (workload,) = analyse(_with_steps("pytorch-fp32", "onnxruntime-int8-dynamic"), imaginary.record()).workloads
    assert [one.share for one in workload.ladder] == [None]


def test_a_step_that_was_not_timed_is_stepped_over() -> None:
    latencies = {name: ms for name, ms in imaginary.LATENCIES.items() if name != "onnxruntime-fp32"}
    record = imaginary.record(blocks=[imaginary.block(index, latencies) for index in range(6)])
    (workload,) = analyse(_with_steps(*STEPS), record).workloads
    assert [(one.variant, one.step.against) for one in workload.ladder] == [(STEPS[2], STEPS[0])]


def test_steps_are_words_about_the_measurement_and_leave_records_current() -> None:
    assert _with_steps(*STEPS).fingerprint() == imaginary.measurement().fingerprint()
    assert analyse(imaginary.measurement(), imaginary.record()).workloads[0].ladder == ()
