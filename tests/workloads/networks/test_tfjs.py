"""TensorFlow.js graphs: what is read computes what TensorFlow would."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.errors import PreparationError
from generator.workloads.networks.tfjs import Plan, convert, read_plan

torch = pytest.importorskip("torch")

CONVOLUTION = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "padding": "SAME"}


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        words = [base64.b64encode(one.encode()).decode() for one in value if isinstance(one, str)]
        return {"list": {"s": words} if words else {"i": [str(one) for one in value]}}
    if isinstance(value, str):
        return {"s": base64.b64encode(value.encode()).decode()}
    return {"b": value}


class Graph:
    """Builds the two files of a graph whose input is "image"."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = [{"name": "image", "op": "Placeholder"}]
        self.weights: dict[str, np.ndarray[Any, Any]] = {}

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        self.weights[name] = np.array(value, dtype)
        self.nodes.append({"name": name, "op": "Const"})
        return name

    def node(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        attr = {key: _attribute(value) for key, value in attributes.items()}
        self.nodes.append({"name": name, "op": kind, "input": list(inputs), "attr": attr})
        return name

    def write(self, folder: Path) -> tuple[Path, Path]:
        entries, data = [], b""
        for name, array in self.weights.items():
            entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
            if array.dtype == np.float32:
                entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
                array = array.astype(np.float16)
            entries.append(entry)
            data += array.tobytes()
        manifest = [{"paths": ["graph.bin"], "weights": entries}]
        # The order of the nodes must not matter.
        description = {"modelTopology": {"node": self.nodes[::-1]}, "weightsManifest": manifest}
        (folder / "graph.json").write_text(json.dumps(description), "utf-8")
        (folder / "graph.bin").write_bytes(data)
        return folder / "graph.json", folder / "graph.bin"

    def plan(self, folder: Path, *outputs: str) -> Plan:
        return read_plan(*self.write(folder), outputs)


def _computed(plan: Plan, image: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """The outputs, channels last as in TensorFlow."""
    from generator.workloads.networks.graph_network import GraphNetwork

    network = GraphNetwork(plan.steps, plan.outputs)
    network.load_state_dict({f"layers.{name}": torch.from_numpy(one) for name, one in plan.weights.items()})
    with torch.inference_mode():
        found = network(torch.from_numpy(image.transpose(0, 3, 1, 2).astype(np.float32)))
    return [one.numpy().transpose(0, 2, 3, 1) if one.ndim == 4 else one.numpy() for one in found]


def _same_convolution(image: Any, kernel: Any, stride: int, by_channel: bool) -> np.ndarray[Any, Any]:
    """TensorFlow's "SAME" by its definition: output ceil(size / stride), the odd pixel of padding behind."""
    height, width = kernel.shape[:2]
    rows, columns = -(-image.shape[1] // stride), -(-image.shape[2] // stride)
    down = max((rows - 1) * stride + height - image.shape[1], 0)
    across = max((columns - 1) * stride + width - image.shape[2], 0)
    padded = np.pad(image, ((0, 0), (down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0)))
    made = np.zeros((1, rows, columns, kernel.shape[2] if by_channel else kernel.shape[3]))
    for row in range(rows):
        for column in range(columns):
            part = padded[0, row * stride : row * stride + height, column * stride : column * stride + width]
            made[0, row, column] = (
                (part * kernel[..., 0]).sum((0, 1))
                if by_channel
                else np.tensordot(part, kernel, ((0, 1, 2), (0, 1, 2)))
            )
    return made


@pytest.mark.parametrize("by_channel", [False, True], ids=["all channels", "depthwise"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_convolutions_pad_as_tensorflow(tmp_path: Path, by_channel: bool, stride: int, side: int) -> None:
    """A pixel more behind than before, where the padding is odd; batch normalization and ReLU6 after it."""
    rng, graph = np.random.default_rng(side), Graph()
    kernel = graph.constant("kernel", np.float16(rng.normal(size=(side, side, 2, 1 if by_channel else 3))))
    kind = "DepthwiseConv2dNative" if by_channel else "Conv2D"
    graph.node(kind, "convolved", "image", kernel, **{**CONVOLUTION, "strides": [1, stride, stride, 1]})
    channels = 2 if by_channel else 3
    factor, shift = (np.float16(rng.normal(size=channels)) for _ in range(2))
    graph.node("Mul", "scaled", "convolved", graph.constant("factor", factor))
    graph.node("Add", "shifted", "scaled", graph.constant("shift", shift))
    graph.node("Relu", "positive", "shifted")
    graph.node("Minimum", "bounded", "positive", graph.constant("six", 6))
    graph.node("Maximum", "bounded_twice", "bounded", graph.constant("zero", 0))
    plan = graph.plan(tmp_path, "bounded_twice")
    assert [step["do"] for step in plan.steps] == ["convolution", "relu6"]
    image = rng.normal(size=(1, 8, 6, 2))
    weights = np.float32(graph.weights["kernel"])
    expected = np.clip(_same_convolution(image, weights, stride, by_channel) * factor + shift, 0, 6)
    np.testing.assert_allclose(_computed(plan, image)[0], expected, atol=1e-4)


def test_resizing_is_tensorflow_1s(tmp_path: Path) -> None:
    """Pixel i comes from i * old / new, and the last ones from the edge: no half-pixel centres."""
    graph = Graph()
    graph.node("ResizeBilinear", "larger", "image", graph.constant("size", [4, 6], np.int32))
    image = np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1)
    rows = np.array(
        [[0, 0.5, 1, 1.5, 2, 2], [1.5, 2, 2.5, 3, 3.5, 3.5], [3, 3.5, 4, 4.5, 5, 5], [3, 3.5, 4, 4.5, 5, 5]]
    )
    np.testing.assert_allclose(_computed(graph.plan(tmp_path, "larger"), image)[0][0, :, :, 0], rows, atol=1e-6)


def test_what_stands_between_convolutions(tmp_path: Path) -> None:
    """Two outputs, a hard swish, a squeeze, two branches joined: each as TensorFlow has it."""
    graph = Graph()
    graph.node("Add", "plus", "image", graph.constant("three", 3))
    graph.node("Relu6", "bounded", "plus")
    graph.node("Mul", "scaled", graph.constant("sixth", 1 / 6), "bounded")
    graph.node("Mul", "swish", "scaled", "image")
    graph.node("Mean", "mean", "swish", graph.constant("axes", [1, 2], np.int32), keep_dims=True)
    graph.node("Sigmoid", "weight", "mean")
    graph.node("Mul", "weighted", "swish", "weight")
    graph.node("ConcatV2", "joined", "weighted", "image", graph.constant("axis", 3, np.int32))
    graph.node("Mean", "pooled", "joined", "axes", keep_dims=False)
    graph.node("Identity", "same", "joined")
    graph.node("Relu", "unused", "same")
    plan = graph.plan(tmp_path, "same", "pooled")
    assert "relu" not in [step["do"] for step in plan.steps]
    image = np.random.default_rng(0).normal(size=(1, 4, 4, 2)) * 3
    swish = np.clip(image + 3, 0, 6) / 6 * image
    joined = np.concatenate([swish / (1 + np.exp(-swish.mean((1, 2), keepdims=True))), image], axis=3)
    found = _computed(plan, image)
    np.testing.assert_allclose(found[0], joined, atol=2e-3)
    np.testing.assert_allclose(found[1], joined.mean((1, 2)), atol=2e-3)


def test_a_fused_convolution(tmp_path: Path) -> None:
    """Bias and ReLU stand inside the convolution's node; a ReLU before a constant stays one."""
    graph = Graph()
    kernel, bias = graph.constant("kernel", np.ones((1, 1, 2, 2))), graph.constant("bias", [1.0, -50.0])
    attributes = {**CONVOLUTION, "padding": "VALID", "fused_ops": ["BiasAdd", "Relu"]}
    graph.node("_FusedConv2D", "fused", "image", kernel, bias, **attributes)
    found = _computed(graph.plan(tmp_path, "fused"), np.ones((1, 2, 2, 2)))[0]
    assert found[0, 0, 0].tolist() == [3.0, 0.0]


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes"),
    [
        ("Tanh", ["image"], {}),
        ("Mean", ["image", "vector"], {}),
        ("Minimum", ["image", "scalar"], {}),
        ("Mul", ["image", "vector"], {}),
        ("ResizeBilinear", ["image", "vector"], {"align_corners": True}),
        ("Conv2D", ["image", "kernel"], {**CONVOLUTION, "fused_ops": ["Elu"]}),
        ("DepthwiseConv2dNative", ["image", "kernel"], CONVOLUTION),
        ("Relu", ["absent"], {}),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, kind: str, inputs: list[str], attributes: dict[str, Any]) -> None:
    """A network is read rightly or not at all."""
    graph = Graph()
    graph.constant("vector", [3.0, 2.0])
    graph.constant("scalar", 5)
    graph.constant("kernel", np.zeros((3, 3, 2, 2)))
    graph.node(kind, "last", *inputs, **attributes)
    with pytest.raises(PreparationError, match=r"'graph\.json' cannot be read"):
        graph.plan(tmp_path, "last")


@pytest.mark.parametrize("change", ["longer", "shorter", "no json", "8 bits"])
def test_damaged_files_are_refused(tmp_path: Path, change: str) -> None:
    """Weights that are not all used, or not all there, belong to another graph."""
    graph = Graph()
    graph.node("Add", "last", "image", graph.constant("three", 3))
    description, weights = graph.write(tmp_path)
    if change == "no json":
        description.write_text("weights", "utf-8")
    elif change == "8 bits":
        text = description.read_text("utf-8").replace('"dtype": "float16"', '"dtype": "uint8", "scale": 0.1, "min": 0')
        description.write_text(text, "utf-8")
    else:
        weights.write_bytes(weights.read_bytes() + b"x" if change == "longer" else b"")
    with pytest.raises(PreparationError, match="cannot be read"):
        read_plan(description, weights, ("last",))


def test_a_converted_graph_is_an_architecture(tmp_path: Path) -> None:
    """The PyTorch runtime builds it from the file alone; equal graphs make equal bytes."""
    pytest.importorskip("safetensors")
    from generator.workloads.networks.architectures import load_module

    graph = Graph()
    kernel = graph.constant("kernel", np.ones((1, 1, 3, 4)))
    graph.node("Conv2D", "convolved", "image", kernel, **CONVOLUTION)
    graph.node("Mean", "pooled", "convolved", graph.constant("axes", [1, 2], np.int32), keep_dims=False)
    files = graph.write(tmp_path)
    for name in ("one", "two"):
        convert(*files, ("pooled",), "embedding", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with torch.inference_mode():
        assert load_module(tmp_path / "one")(torch.ones(2, 3, 5, 5)).tolist() == [[3.0] * 4] * 2
