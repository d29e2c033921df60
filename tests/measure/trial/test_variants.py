"""What is tried suits the graph and the machine; what does not is told, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("onnx")

from generator.core.definition import Precision
from generator.measure.trial.request import Change
from generator.measure.trial.stage import trial_name
from generator.measure.trial.variants import WHY, choose
from generator.workloads.own.graph import Graph

VNNI = ("avx2", "avx512_vnni")
TRANSFORMER: Mapping[str, int] = {"MatMul": 8, "Softmax": 2}
CONVOLUTIONS: Mapping[str, int] = {"Conv": 8, "Relu": 8}


def _graph(operators: Mapping[str, int], products: int, precision: Precision = Precision.FP32) -> Graph:
    return Graph(Path("m.onnx"), (), ("y",), 17, 8, precision, operators, products, {}, 0, ())


@pytest.mark.parametrize(
    ("graph", "isa", "tried", "left_out"),
    [
        (_graph(TRANSFORMER, 8), VNNI, ["fp32", "int8-dynamic", "int8-static", "int4"], {}),
        (
            _graph(CONVOLUTIONS, 0),
            VNNI,
            ["fp32", "int8-static"],
            {"int8-dynamic": "no-products", "int4": "no-matmul"},
        ),
        (
            _graph(TRANSFORMER, 0, Precision.INT8),
            VNNI,
            ["int8"],
            dict.fromkeys(("int8-dynamic", "int8-static", "int4"), "compressed"),
        ),
        (
            _graph({"Add": 1}, 0),
            VNNI,
            ["fp32"],
            {"int8-dynamic": "no-products", "int8-static": "nothing-to-quantize", "int4": "no-matmul"},
        ),
    ],
    ids=["transformer", "convolutions", "quantized already", "nothing"],
)
def test_precisions_suit_the_graph(
    graph: Graph, isa: Collection[str], tried: list[str], left_out: dict[str, str]
) -> None:
    found = choose(graph, ["onnxruntime"], (), (1, 2), isa)
    assert [one.name for one in found.variants] == [f"onnxruntime-{kind}-{n}t" for kind in tried for n in (1, 2)]
    assert dict(found.left_out) == {f"ONNX Runtime, {kind}": why for kind, why in left_out.items()}
    assert set(found.left_out.values()) <= WHY.keys()
    assert [one.baseline for one in found.variants] == [True] + [False] * (len(found.variants) - 1)


def test_the_file_itself_is_the_baseline_whatever_is_asked_for() -> None:
    found = choose(_graph(TRANSFORMER, 8), ["openvino"], (Change.INT8_STATIC,), (2,), VNNI)
    assert [one.name for one in found.variants] == ["onnxruntime-fp32-2t", "openvino-int8-static-2t"]


def test_bf16_is_tried_where_the_processor_has_it() -> None:
    asked = ["openvino"], (Change.BF16,), (1,)
    without = choose(_graph(TRANSFORMER, 8), *asked, isa=VNNI)
    assert dict(without.left_out) == {"OpenVINO, bf16": "no-bf16"}
    with_it = choose(_graph(TRANSFORMER, 8), *asked, isa=("avx512_bf16",))
    assert with_it.variants[-1].options == {"precision": "bf16"}


def test_older_operator_sets_have_one_scale_for_all_channels() -> None:
    graph = replace(_graph(CONVOLUTIONS, 0), opset=11)
    found = choose(graph, ["onnxruntime"], (Change.INT8_STATIC,), (1,), VNNI)
    assert found.variants[-1].transforms[0].options == {"per_channel": False}


def test_dynamic_weights_are_signed_only_where_sums_do_not_overflow() -> None:
    for isa, weight in ((VNNI, "int8"), (("avx2",), None)):
        found = choose(_graph(TRANSFORMER, 8), ["onnxruntime"], (Change.INT8_DYNAMIC,), (1,), isa)
        assert found.variants[-1].transforms[0].options.get("weight") == weight


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a/PP-OCRv6_det_small.onnx", "try-pp-ocrv6-det-small"),
        ("magika/standard_v3_3/model.onnx", "try-standard-v3-3-model"),
        ("ünïcode/ж.onnx", "try-n-code"),
        (f"a/{'long-' * 40}.onnx", "try-" + "long-" * 9 + "long"),
    ],
)
def test_a_trial_is_named_after_its_file(file: str, name: str) -> None:
    assert trial_name(Path(file)) == name
