"""Small ONNX models of known cost, made here from fixed seeds, and the jobs that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from generator.core.cache import Cache
from generator.core.registry import RUNTIMES, Runtime
from generator.measure.process import Job

ROOT = Path(__file__).resolve().parents[1]
OPSET, IR_VERSION = 17, 9
INPUTS = 4

RUNTIMES["repeating"] = Runtime("benchmarks.repeating", {"times"}, package="onnxruntime")


def chain(layers: int) -> onnx.ModelProto:
    """Matrix products of 16 x 192 with 192 x 192 and ReLU, one after another: about 9 µs a layer."""
    chance = np.random.default_rng(layers)
    nodes, weights, last = [], [], "x"
    for layer in range(layers):
        matrix = (chance.standard_normal((192, 192)) / np.sqrt(96)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{layer}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{layer}"], [f"m{layer}"]))
        last = "y" if layer == layers - 1 else f"r{layer}"
        nodes.append(helper.make_node("Relu", [f"m{layer}"], [last]))
    return _model(nodes, weights, (16, 192), (16, 192))


def convolutions(layers: int) -> onnx.ModelProto:
    """Convolutions of 3 x 3, 64 to 64 channels, on 56 x 56 pixels, with ReLU: more than a millisecond a layer."""
    chance = np.random.default_rng(layers)
    nodes, weights, last = [], [], "x"
    for layer in range(layers):
        kernel = (chance.standard_normal((64, 64, 3, 3)) / 17).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{layer}"))
        nodes.append(helper.make_node("Conv", [last, f"w{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]))
        last = "y" if layer == layers - 1 else f"r{layer}"
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [last]))
    return _model(nodes, weights, (1, 64, 56, 56), (1, 64, 56, 56))


MODELS: Mapping[str, tuple[Callable[[int], onnx.ModelProto], int, tuple[int, ...]]] = MappingProxyType(
    {
        "50 us": (chain, 6, (16, 192)),
        "1 ms": (chain, 110, (16, 192)),
        "10 ms": (convolutions, 8, (1, 64, 56, 56)),
    }
)
"""What each model takes about; how it is made, of how many layers, and the shape of its input."""


def job(model: str, name: str, times: int = 1) -> Job:
    """A participant that answers each query by running the model so many times.

    Args:
        model: key of `MODELS`.
        name: name of the participant.
        times: runs of the session a query; participants of 10 and 11 have a true ratio of exactly 1.10.
    """
    make, layers, shape = MODELS[model]
    cache = Cache.default(ROOT)

    def write_model(path: Path) -> Mapping[str, str]:
        onnx.save(make(layers), path)
        return {}

    def write_inputs(path: Path) -> Mapping[str, str]:
        chance = np.random.default_rng(0)
        samples = {f"{i:06d}/x": chance.standard_normal(shape).astype(np.float32) for i in range(INPUTS)}
        with path.open("wb") as file:
            np.savez(file, **samples)  # type: ignore[arg-type]  # its stub takes the names for its own options
        return {}

    parts = {"model": make.__name__, "layers": layers}
    artifact, _ = cache.built("benchmarks", parts, ".onnx", write_model)
    inputs, _ = cache.built("benchmarks", {**parts, "inputs": INPUTS}, ".npz", write_inputs)
    return Job(name, "repeating", artifact, inputs, inputs, 1, {"times": times})


def _model(
    nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], taken: tuple[int, ...], given: tuple[int, ...]
) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, taken)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, given)
    graph = helper.make_graph(nodes, "benchmark", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
