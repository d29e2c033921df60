"""Small ONNX graphs that tests make themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FEATURES, HIDDEN, CLASSES, WORDS = 12, 16, 5, 50


def tensor(name: str, *shape: int) -> Any:
    import onnx

    values = np.random.default_rng(len(name)).standard_normal(shape).astype(np.float32)
    return onnx.numpy_helper.from_array(values, name)


def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: list[Any]) -> Path:
    import onnx

    helper = onnx.helper
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def value(name: str, kind: str, *axes: int | str | None) -> Any:
    import onnx

    return onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), list(axes))


def classifier(path: Path, batch: int | str | None = "batch") -> Path:
    """A network from x (batch, 12) -> probabilities (batch, 5)."""
    from onnx.helper import make_node

    nodes = [
        make_node("MatMul", ["x", "first"], ["a"], name="one"),
        make_node("Relu", ["a"], ["b"]),
        make_node("MatMul", ["b", "second"], ["c"], name="two"),
        make_node("Softmax", ["c"], ["probabilities"]),
    ]
    weights = [tensor("first", FEATURES, HIDDEN), tensor("second", HIDDEN, CLASSES)]
    return save(
        path, nodes, [value("x", "FLOAT", batch, FEATURES)], [value("probabilities", "FLOAT", batch, CLASSES)], weights
    )


def embedder(path: Path) -> Path:
    """A network from input_ids and attention_mask (batch, sequence) -> embedding (batch, 12): a mean of rows of a table."""
    from onnx.helper import make_node

    nodes = [
        make_node("Gather", ["table", "input_ids"], ["rows"]),
        make_node("Cast", ["attention_mask"], ["mask"], to=1),
        make_node("Unsqueeze", ["mask", "last"], ["column"]),
        make_node("Mul", ["rows", "column"], ["kept"]),
        make_node("ReduceMean", ["kept"], ["embedding"], axes=[1], keepdims=0),
    ]
    import onnx

    last = onnx.numpy_helper.from_array(np.array([2], np.int64), "last")
    inputs = [value(name, "INT64", "batch", "sequence") for name in ("input_ids", "attention_mask")]
    return save(
        path, nodes, inputs, [value("embedding", "FLOAT", "batch", FEATURES)], [tensor("table", WORDS, FEATURES), last]
    )
