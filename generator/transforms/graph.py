"""ONNX graphs: what stands in them, and what has no business there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from generator.core.errors import PreparationError
from generator.core.packages import required

DOMAINS = ("", "com.microsoft")
"""Operator sets that runtimes of 2023 know: ONNX's own, and ONNX Runtime's."""

NEWEST_IR_VERSION = 8
"""Of opset 18, the newest with which every runtime of the histories gives the right answers: see `export_onnx`."""

_QUANTIZED_TYPES = frozenset(
    {"ConvInteger", "DynamicQuantizeLSTM", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QGemm"}
)

_NO_ARITHMETIC = frozenset({"QuantizeLinear", "Reshape", "Shape", "Slice", "Transpose", "Unsqueeze"})
"""Operators that move numbers or look at their arrangement: it is no arithmetic that could be on integers."""


def operator_counts(onnx_path: Path) -> dict[str, int]:
    """How often each operator stands in a graph, subgraphs included; alphabetically.

    Raises:
        PreparationError: when the file is no ONNX.
        MissingPackage: when onnx is not installed.
    """
    counts = Counter(node.op_type for node in all_nodes(load_graph(onnx_path).graph))
    return dict(sorted(counts.items()))


def load_graph(path: Path) -> Any:
    """Read an ONNX file with its weights.

    Raises:
        PreparationError: when it is no ONNX.
        MissingPackage: when onnx is not installed.
    """
    required("ONNX graph", onnx="onnx")
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.load(path)
    except (DecodeError, ValueError, TypeError) as error:
        raise PreparationError(path.name, "the file is no ONNX graph", "Delete it from the cache.") from error


def save_tidied(graph: Any, path: Path) -> tuple[str, ...]:
    """Write a graph that runtimes of 2023 can read: without unused operator sets, and without build remarks.

    Args:
        graph: an onnx.ModelProto; it is changed.
        path: where to write it.

    Returns:
        Operator sets that were declared and not used.

    Raises:
        PreparationError: when it really uses operators of another domain, or a newer format.
    """
    import onnx

    used = {_domain(node.domain) for node in all_nodes(graph.graph)}
    if foreign := sorted(used - set(DOMAINS)):
        problem = f"the graph uses operators of {', '.join(foreign)}, which runtimes of 2023 do not have"
        raise PreparationError(path.name, problem, "Choose another transform or an older opset.")
    if graph.ir_version > NEWEST_IR_VERSION:
        problem = f"the graph has IR version {graph.ir_version}; runtimes of 2023 read {NEWEST_IR_VERSION}"
        raise PreparationError(path.name, problem, "Choose opset 17 or older.")
    kept = {_domain(one.domain): one.version for one in graph.opset_import if _domain(one.domain) in used | {""}}
    stray = sorted({_domain(one.domain) for one in graph.opset_import} - kept.keys())
    del graph.opset_import[:]
    graph.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in sorted(kept.items()))
    for node in all_nodes(graph.graph):
        node.doc_string = ""  # the exporter writes the paths of source files there
    path.write_bytes(graph.SerializeToString(deterministic=True))
    return tuple(stray)


def opset_of(graph: Any) -> int:
    """Version of ONNX's own operator set; 0 when the graph declares none."""
    return max((int(one.version) for one in graph.opset_import if _domain(one.domain) == ""), default=0)


def quantized_operators(graph: Any) -> dict[str, int]:
    """How often each operator computes on integers.

    In the QDQ form these are the operators all of whose computed inputs come from DequantizeLinear; ONNX Runtime
    replaces them, with their neighbours, by integer kernels when it loads the file.
    """
    nodes = list(all_nodes(graph.graph))
    dequantized = {name for node in nodes if node.op_type == "DequantizeLinear" for name in node.output}
    counts = Counter(
        node.op_type
        for node in nodes
        if node.op_type in _QUANTIZED_TYPES
        or (node.op_type not in _NO_ARITHMETIC and _computed(node) and _computed(node) <= dequantized)
    )
    return dict(sorted(counts.items()))


def counted(operators: dict[str, int]) -> str:
    """Counts as one line, the most frequent first: "49 Conv, 1 Gemm"."""
    ordered = sorted(operators.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {name}" for name, count in ordered) or "none"


def _computed(node: Any) -> set[str]:
    # Bounds of Clip, shapes of Reshape and the like are no data.
    data = node.input[:1] if node.op_type in ("Clip", "Reshape", "Transpose", "Pad") else node.input
    return {name for name in data if name}


def all_nodes(graph: Any) -> list[Any]:
    """Nodes of an onnx.GraphProto, those of its subgraphs included."""
    nodes = list(graph.node)
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                nodes += all_nodes(inner)
    return nodes


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
