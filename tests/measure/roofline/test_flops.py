"""work: FLOPs and bytes of models whose numbers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache, file_sha256
from generator.core.record import Work
from generator.measure.roofline import flops
from generator.measure.roofline.flops import counted_work
from generator.workloads.workload import Artifact

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FLOAT, INT8, UINT8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8


def _model(path: Path, nodes: Sequence[Any], given: Sequence[Any], result: str, **constants: Any) -> Artifact:
    """An ONNX file of these nodes; the output's shape is left for the counter to find."""
    graph = helper.make_graph(
        nodes, "g", given, [helper.make_tensor_value_info(result, FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return Artifact(path, "onnx", file_sha256(path), path.stat().st_size)


def _input(*shape: int | str) -> Any:
    return helper.make_tensor_value_info("x", FLOAT, shape)


def _zeros(*shape: int) -> dict[str, Any]:
    return {"x": np.zeros(shape, np.float32)}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


W = np.zeros((8, 4, 3, 3), np.float32)


def test_a_convolution_multiplies_each_output_with_its_kernel(tmp_path: Path, cache: Cache) -> None:
    """8 outputs of 6 x 6 from 4 channels by 3 x 3: 2 * 288 * 36 FLOP; weights, input and output move once."""
    made = _model(tmp_path / "m.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], [_input("n", 4, 8, 8)], "y", w=W)
    found = counted_work(made, [_zeros(1, 4, 8, 8)], cache)
    assert found.flops_per_sample == 2 * (8 * 6 * 6) * (4 * 3 * 3)
    assert found.weight_bytes == 4 * W.size
    assert found.activation_bytes_per_sample == 4 * (4 * 8 * 8 + 8 * 6 * 6)
    assert found.flops_by_operator == {"Conv": found.flops_per_sample}


def test_groups_divide_the_kernel(tmp_path: Path, cache: Cache) -> None:
    """A depthwise convolution multiplies each output with one channel's kernel only."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], group=4)
    made = _model(tmp_path / "m.onnx", [node], [_input(1, 4, 8, 8)], "y", w=np.zeros((4, 1, 3, 3), np.float32))
    assert counted_work(made, [_zeros(1, 4, 8, 8)], cache).flops_per_sample == 2 * (4 * 6 * 6) * 9


def test_products_of_matrices(tmp_path: Path, cache: Cache) -> None:
    """Gemm, with its left factor transposed, and a batched MatMul: 2 m n k each."""
    gemm = helper.make_node("Gemm", ["x", "w"], ["y"], transA=1)
    made = _model(tmp_path / "g.onnx", [gemm], [_input(5, 3)], "y", w=np.zeros((5, 7), np.float32))
    assert counted_work(made, [_zeros(5, 3)], cache).flops_per_sample == 2 * 3 * 7 * 5
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    made = _model(tmp_path / "p.onnx", [product], [_input(2, 3, 5)], "y", w=np.zeros((5, 7), np.float32))
    assert counted_work(made, [_zeros(2, 3, 5)], cache).flops_per_sample == 2 * 2 * 3 * 7 * 5


def test_a_recurrent_layer_multiplies_all_weights_at_each_step(tmp_path: Path, cache: Cache) -> None:
    """LSTM of 6 steps, batch 2, input 3, state 4: 2 * 6 * 2 * (16 * 3 + 16 * 4)."""
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=4)
    made = _model(tmp_path / "m.onnx", [node], [_input(6, 2, 3)], "y", w=np.zeros((1, 16, 3), np.float32), r=np.zeros((1, 16, 4), np.float32))  # fmt: skip
    assert counted_work(made, [_zeros(6, 2, 3)], cache).flops_per_sample == 2 * 6 * 2 * (48 + 64)


def test_activations_and_rounding_are_done_in_passing(tmp_path: Path, cache: Cache) -> None:
    """Conv, Relu, rounding to int8, back, Conv: what lies between the convolutions moves as int8, once there and back."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("QuantizeLinear", ["b", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("DequantizeLinear", ["v8", "s", "z8"], ["v"]),
        helper.make_node("Conv", ["d", "v"], ["y"]),
    ]
    v8 = np.zeros((2, 8, 1, 1), np.int8)
    constants = {"w": W, "v8": v8, "s": np.float32(1), "z": np.uint8(0), "z8": np.int8(0)}
    found = counted_work(_model(tmp_path / "m.onnx", nodes, [_input(1, 4, 8, 8)], "y", **constants), [_zeros(1, 4, 8, 8)], cache)  # fmt: skip
    assert found.activation_bytes_per_sample == 4 * 4 * 8 * 8 + 2 * (8 * 6 * 6) + 4 * 2 * 6 * 6
    assert found.weight_bytes == 4 * W.size + v8.size + 4 + 1 + 1
    assert found.bytes_only == {}


def test_a_residual_sum_is_written_anew_and_its_branches_are_read_once(tmp_path: Path, cache: Cache) -> None:
    """X + conv(x): x is read once though two operators take it; the sum is an operator of bytes only."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("Add", ["x", "a"], ["y"])]
    made = _model(tmp_path / "m.onnx", nodes, [_input(1, 4, 8, 8)], "y", w=np.zeros((4, 4, 1, 1), np.float32))
    found = counted_work(made, [_zeros(1, 4, 8, 8)], cache)
    assert found.activation_bytes_per_sample == 4 * 256 * (1 + 2 + 1)
    assert found.bytes_only == {"Add": 1}


def test_an_embedding_reads_its_rows_only(tmp_path: Path, cache: Cache) -> None:
    """Three rows of a table of 1000."""
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
        helper.make_node("Gather", ["t", "i"], ["y"]),
    ]
    made = _model(tmp_path / "m.onnx", nodes, [_input(3)], "y", t=np.zeros((1000, 16), np.float32))
    assert counted_work(made, [_zeros(3)], cache).weight_bytes == 4 * 3 * 16


def test_shapes_behind_computed_constants_are_found(tmp_path: Path, cache: Cache) -> None:
    """Widths of paddings that the exporter left to be computed: ONNX Runtime folds them, and the note says so."""
    pytest.importorskip("onnxruntime")
    nodes = [
        helper.make_node("Concat", ["half", "half"], ["pads"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["p"]),
        helper.make_node("Conv", ["p", "w"], ["y"]),
    ]
    made = _model(tmp_path / "m.onnx", nodes, [_input("n", 4, 8, 8)], "y", w=W, half=np.array([0, 0, 1, 1]))
    found = counted_work(made, [_zeros(1, 4, 8, 8)], cache)
    assert found.flops_per_sample == 2 * (8 * 8 * 8) * 36
    assert "constants folded by ONNX Runtime" in (found.counted_by or "")


def test_what_cannot_be_counted_has_a_reason_and_no_number(tmp_path: Path, cache: Cache) -> None:
    """An operator without a formula, another format, a synthetic model, a damaged file: null, never a part of it."""
    einsum = helper.make_node("Einsum", ["x", "w"], ["y"], equation="ij,jk->ik")
    made = _model(tmp_path / "m.onnx", [einsum], [_input(2, 3)], "y", w=np.zeros((3, 4), np.float32))
    found = counted_work(made, [_zeros(2, 3)], cache)
    assert (found.flops_per_sample, found.weight_bytes, found.least_bytes_per_sample(1)) == (None, None, None)
    assert found.unknown == "FLOPs of the operator 'Einsum' cannot be counted"
    own = helper.make_node("Attend", ["x"], ["y"], domain="com.example")
    assert "'com.example.Attend' cannot be counted" in str(counted_work(_model(tmp_path / "o.onnx", [own], [_input(2)], "y"), [_zeros(2)], cache).unknown)  # fmt: skip
    other = Artifact(tmp_path / "m.onnx", "synthetic", "0" * 64, 1)
    assert counted_work(other, [_zeros(2)], cache).unknown == "a synthetic model computes nothing"
    (tmp_path / "bad.onnx").write_bytes(b"\xff" * 40)
    bad = Artifact(tmp_path / "bad.onnx", "onnx", "1" * 64, 40)
    assert "no ONNX graph" in str(counted_work(bad, [_zeros(2)], cache).unknown)


def test_samples_of_several_shapes_are_averaged(tmp_path: Path, cache: Cache) -> None:
    """Two sentences of 2 words and one of 8: the mean of their FLOPs, and the weights once."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    made = _model(tmp_path / "m.onnx", [node], [_input(1, "words", 5)], "y", w=np.zeros((5, 7), np.float32))
    found = counted_work(made, [_zeros(1, 2, 5), _zeros(1, 2, 5), _zeros(1, 8, 5)], cache)
    assert found.flops_per_sample == 2 * 5 * 7 * 4
    assert found.weight_bytes == 4 * 35
    assert "mean over samples of 2 shapes" in (found.counted_by or "")


def test_counting_happens_once(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time the numbers come from the cache."""
    made = _model(tmp_path / "m.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], [_input(1, 4, 8, 8)], "y", w=W)
    first = counted_work(made, [_zeros(1, 4, 8, 8)], cache)
    monkeypatch.setattr(flops, "_count", lambda *_: pytest.fail("counted again"))
    assert counted_work(made, [_zeros(1, 4, 8, 8)], cache) == first


def test_weights_are_shared_by_the_samples_of_a_query() -> None:
    """In a batch of 8 a sample bears an eighth of the weights."""
    one = Work(flops_per_sample=1, weight_bytes=800, activation_bytes_per_sample=50, counted_by="x")
    assert (one.least_bytes_per_sample(1), one.least_bytes_per_sample(8)) == (850, 150)


@pytest.mark.slow
def test_pytorch_and_onnx_agree_on_layers_worked_out_by_hand() -> None:
    """The same rule for both formats: convolution with activation and sum, LSTM, attention."""
    pytest.importorskip("torch")
    import torch

    from generator.measure.roofline.flops_pytorch import count_module

    class Residual(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(4, 4, 1, bias=False)

        def forward(self, x: Any) -> Any:
            return x + torch.relu(self.conv(x))

    found = count_module(Residual().eval(), (torch.zeros(1, 4, 8, 8),))
    assert (found.flops_per_sample, found.weight_bytes) == (2 * 256 * 4, 4 * 16)
    assert found.activation_bytes_per_sample == 4 * 256 * (1 + 2 + 1)
    lstm = count_module(torch.nn.LSTM(3, 4).eval(), (torch.zeros(6, 2, 3),))
    assert lstm.flops_per_sample == 2 * 6 * 2 * (48 + 64)
    layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    words, width, inner = 5, 16, 32
    products = 4 * words * width * width + 2 * words * width * inner  # q, k, v, out; both of the feed-forward
    attention = 2 * words * words * width
    assert count_module(layer, (torch.zeros(1, words, width),)).flops_per_sample == 2 * (products + attention)


def _lite0_by_hand() -> tuple[int, int]:
    """Multiply-adds of EfficientNet-Lite0's convolutions and classifier from its table, and elements they give."""
    from generator.workloads.networks.efficientnet_lite import LITE0_STAGES

    side, width = 112, 32
    macs, elements = side**2 * width * 27, side**2 * width
    for stage in LITE0_STAGES:
        for block in range(stage.blocks):
            inner, before = width * stage.expansion, side
            side //= stage.stride if block == 0 else 1
            if stage.expansion > 1:
                macs, elements = macs + before**2 * width * inner, elements + before**2 * inner
            macs += side**2 * inner * (stage.kernel**2 + stage.channels)
            elements += side**2 * (inner + stage.channels)
            width = stage.channels
    return macs + side**2 * width * 1280 + 1280 * 1000, elements + side**2 * 1280


@pytest.mark.slow
def test_efficientnet_lite0_has_its_published_multiply_adds() -> None:
    """385.2 million multiply-adds of convolutions and the classifier, as its table gives by hand.

    Its publishers state 407 million (github.com/tensorflow/tpu, models/official/efficientnet/lite) without saying what
    they count; with two operations for each element that is normalized and one for each that is clipped, ours would be
    within 1 % of that.
    """
    pytest.importorskip("torch")
    import torch

    from generator.measure.roofline.flops_pytorch import count_module
    from generator.workloads.networks.efficientnet_lite import efficientnet_lite0

    found = count_module(efficientnet_lite0().eval(), (torch.zeros(1, 3, 224, 224),))
    macs, elements = _lite0_by_hand()
    assert found.flops_per_sample == 2 * macs == 770_375_104
    assert macs == pytest.approx(407e6, rel=0.06)
    assert macs + 3 * elements == pytest.approx(407e6, rel=0.01)
