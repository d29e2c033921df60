"""What two variants differ in is told from their definitions, for the whole suite and without a list by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.definition import Measurement
from generator.core.definition_file import load_suite
from generator.results.pair_kind import PairKind, counterparts, pair_kind

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def suite() -> dict[str, Measurement]:
    return {one.name: one for one in load_suite(ROOT / "measurements")}


@pytest.mark.parametrize(
    ("measurement", "variant", "against", "kind"),
    [
        ("runtime-history", "image-fp32-2025", "image-fp32-2023", PairKind.RELEASE),
        ("forecasting", "demand-onnxruntime-fp32", "demand-pytorch-fp32", PairKind.RUNTIME),
        ("quantization-image", "onnxruntime-int8-static", "onnxruntime-fp32", PairKind.FORMAT),
        ("quantization-image", "onnxruntime-int8-static", "onnxruntime-int8-dynamic", PairKind.FORMAT),
        ("architecture-sequence", "transformer-336", "lstm-336", PairKind.NETWORK),
        ("compression", "channels", "whole", PairKind.NETWORK),
        ("hardware-instructions", "fp32-avx2", "fp32-sse41", PairKind.MACHINE),
        ("batching", "batch-32", "batch-1", PairKind.SETTINGS),
        ("summarization", "int8-lookup", "int8", PairKind.SETTINGS),
        ("serving", "two-threads", "one-thread", PairKind.SETTINGS),
        ("quantization-image", "onnxruntime-int8-static", "pytorch-fp32", PairKind.SEVERAL),
        ("accelerator", "card-bf16", "card-one", PairKind.SEVERAL),
        ("two-years-ladder", "image-int8", "image-pytorch", PairKind.SEVERAL),
    ],
)
def test_kinds(suite: dict[str, Measurement], measurement: str, variant: str, against: str, kind: PairKind) -> None:
    one = suite[measurement]
    assert pair_kind(one.variant(variant), one.variant(against)) is kind
    assert pair_kind(one.variant(against), one.variant(variant)) is kind


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (
            "forecasting",
            {"stock-onnxruntime-fp32": "stock-pytorch-fp32", "weather-onnxruntime-fp32": "weather-pytorch-fp32"},
        ),
        ("runtime-history", {"image-int8-2025": "image-int8-2023"}),
        ("two-years-ladder", {"text-int8": "text-pytorch", "demand-runtime-2026": "demand-pytorch"}),
        ("quantization-image", {}),
    ],
)
def test_the_same_change_is_found_in_the_other_workloads(
    suite: dict[str, Measurement], measurement: str, expected: dict[str, str]
) -> None:
    one = suite[measurement]
    assert one.headline is not None
    found = dict(counterparts(one, one.headline.variant, one.headline.against))
    assert found == expected
    workloads = [one.variant(name).workload for name in found]
    assert len(workloads) == len(set(workloads)), "one pair a workload"
