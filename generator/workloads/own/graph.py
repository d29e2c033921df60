"""What an ONNX graph says of itself: inputs and their axes, number format, tables that inputs look things up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.core.definition import Precision
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.workloads.own.formats import LARGEST_BYTES, refuse_foreign, too_large

KNOWN_DOMAINS = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft"}
    | {"com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.experimental", "org.pytorch.aten"}
)
"""Operator sets whose code ONNX Runtime has."""

_PASSED_ON = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators whose output holds the numbers of their first input."""

_SCALED = frozenset({"Add", "Cast", "DequantizeLinear", "Identity", "Mul", "Sub"})

_FORMATS: Mapping[str, Precision] = {"float16": Precision.FP16, "bfloat16": Precision.BF16}
_FEW_BITS = frozenset({"MatMulNBits", "GatherBlockQuantized"})
_WHOLE = frozenset({"ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "DequantizeLinear", "QGemm"})


@dataclass(frozen=True, slots=True)
class Port:
    """One input of a graph."""

    name: str
    dtype: str
    """NumPy's name of its numbers: "float32"."""

    axes: tuple[int | str, ...] | None
    """Size of each axis, or the name of one that is free; "name.1" where the graph gives it none. None: not even their
    number is known."""

    table: int | None = None
    """Rows of the table that its numbers look things up in, as token ids do."""

    @property
    def shown(self) -> str:
        """The axes as a person reads them: "batch x 3 x 224 x 224"."""
        return "unknown" if self.axes is None else " x ".join(map(str, self.axes)) or "a single number"


@dataclass(frozen=True, slots=True)
class Graph:
    """One ONNX file."""

    path: Path
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    opset: int
    ir_version: int
    precision: Precision
    """What most of its weights are kept in."""

    operators: Mapping[str, int]
    constant_products: int
    """MatMul and Gemm with constant weights: what weights of few bits, and dynamic quantization, can be made for."""

    last_operators: Mapping[str, str]
    """What makes each output, passed through what only rearranges."""

    parameters: int
    external: tuple[Path, ...]
    """Files beside it that hold its weights."""


def read_graph(path: Path) -> Graph:
    """Read what a file says of itself; its weights are not read.

    Raises:
        PreparationError: when it is no ONNX graph that ONNX Runtime could run, with the remedy.
        MissingPackage: when onnx is not installed.
    """
    refuse_foreign(path)
    required("model file", onnx="onnx")
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError, TypeError, OSError) as error:
        problem = "it is no ONNX graph, or only a part of one"
        raise PreparationError(path.name, problem, "Fetch it again, or export the model anew.") from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise PreparationError(path.name, "the graph computes nothing", "Fetch it again, or export the model anew.")
    _refuse_custom(path, model)
    external = _external(path, graph)
    nodes, weights = list(_every(graph)), {weight.name: weight for weight in _weights(graph)}
    return Graph(
        path=path,
        inputs=tuple(_port(path, one, _tables(graph, weights)) for one in graph.input if one.name not in weights),
        outputs=tuple(one.name for one in graph.output),
        opset=max((int(one.version) for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0),
        ir_version=int(model.ir_version),
        precision=_precision(weights.values(), nodes),
        operators=_counts(nodes),
        constant_products=sum(
            node.op_type in ("MatMul", "Gemm") and any(name in weights for name in node.input[1:2]) for node in nodes
        ),
        last_operators=_last(graph),
        parameters=sum(_size(weight.dims) for weight in weights.values()),
        external=external,
    )


def _refuse_custom(path: Path, model: Any) -> None:
    """Operators whose code is not in ONNX Runtime: their library would be a stranger's code."""
    own = {(function.domain, function.name) for function in model.functions}
    strange = sorted(
        {
            f"{node.op_type} of '{node.domain}'"
            for node in _every(model.graph)
            if node.domain not in KNOWN_DOMAINS and (node.domain, node.op_type) not in own
        }
    )
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        problem = f"it uses custom operators, whose code no runtime here has: {', '.join(strange[:3])}{more}"
        raise PreparationError(path.name, problem, "Export the model with ONNX's own operators.")


def _external(path: Path, graph: Any) -> tuple[Path, ...]:
    """Files that hold the weights, each checked to be there and to lie in the model's folder."""
    found = dict[str, Path]()
    for weight in graph.initializer:
        for entry in weight.external_data:
            if entry.key == "location":
                found[entry.value] = path.parent / entry.value
    folder = path.parent.resolve()
    if outside := [name for name, file in found.items() if not file.resolve().is_relative_to(folder)]:
        problem = f"its weights lie outside its folder ({outside[0]})"
        raise PreparationError(path.name, problem, "Put them beside it and export it anew.")
    if missing := [name for name, file in found.items() if not file.is_file()]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        problem = f"its weights lie in another file that is not there: {missing[0]}{more}"
        raise PreparationError(path.name, problem, f"Put it beside {path.name}.")
    size = path.stat().st_size + sum(file.stat().st_size for file in found.values())
    if size > LARGEST_BYTES:
        raise PreparationError(path.name, *too_large(size))
    return tuple(found.values())


def _port(path: Path, one: Any, tables: Mapping[str, int]) -> Port:
    import onnx

    if not one.type.HasField("tensor_type"):
        problem = f"its input '{one.name}' is no array but a sequence or a map"
        raise PreparationError(path.name, problem, "Export the model with arrays as inputs.")
    tensor = one.type.tensor_type
    if tensor.elem_type == onnx.TensorProto.STRING:
        remedy = "Export the network without what cuts texts up, and give numbers."
        raise PreparationError(path.name, f"its input '{one.name}' takes texts", remedy)
    dtype = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    if not tensor.HasField("shape"):
        return Port(one.name, dtype, None, tables.get(one.name))
    axes = tuple(
        int(dim.dim_value) if dim.dim_value > 0 else _axis_name(dim.dim_param) or f"{one.name}.{index}"
        for index, dim in enumerate(tensor.shape.dim)
    )
    return Port(one.name, dtype, axes, tables.get(one.name))


def _axis_name(given: str) -> str:
    """The name of a free axis; nothing for what some exporters write for want of one."""
    return "" if given in ("?", "-1", "None", "unknown") else given


def _tables(graph: Any, weights: Mapping[str, Any]) -> dict[str, int]:
    """Rows of the table that each input's numbers are looked up in, where they are."""
    rows = {name: int(weight.dims[0]) for name, weight in weights.items() if weight.dims}
    origin, found = {one.name: one.name for one in graph.input}, dict[str, int]()
    for node in graph.node:
        if node.op_type in _SCALED and node.input and node.input[0] in rows:
            rows[node.output[0]] = rows[node.input[0]]  # a table that is kept in 8 bits
        elif node.op_type in _PASSED_ON and node.input and node.input[0] in origin:
            origin[node.output[0]] = origin[node.input[0]]
        elif node.op_type in ("Gather", "GatherBlockQuantized") and len(node.input) > 1:
            table, numbers = node.input[0], node.input[1]
            if table in rows and numbers in origin:
                name = origin[numbers]
                found[name] = min(found.get(name, rows[table]), rows[table])
        elif node.op_type == "OneHot" and node.input[0] in origin and node.input[1] in weights:
            found[origin[node.input[0]]] = _number(weights[node.input[1]])
    return {name: count for name, count in found.items() if count > 0}


def _number(weight: Any) -> int:
    import onnx

    return int(onnx.numpy_helper.to_array(weight).reshape(-1)[0])


def _weights(graph: Any) -> Iterator[Any]:
    """Constants of a graph, however they are written, those of its subgraphs included."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                tensor = type(attribute.t)()
                tensor.CopyFrom(attribute.t)
                tensor.name = node.output[0]
                yield tensor
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _weights(inner)


def _last(graph: Any) -> dict[str, str]:
    maker = {name: node for node in graph.node for name in node.output}
    found = dict[str, str]()
    for one in graph.output:
        node = maker.get(one.name)
        while node is not None and node.op_type in _PASSED_ON and node.input[0] in maker:
            node = maker[node.input[0]]
        found[one.name] = node.op_type if node is not None else ""
    return found


def _precision(weights: Iterable[Any], nodes: list[Any]) -> Precision:
    import onnx

    kinds = {node.op_type for node in nodes}
    if kinds & _FEW_BITS:
        return Precision.INT4
    sizes = dict[str, int]()
    for weight in weights:
        name = str(onnx.helper.tensor_dtype_to_np_dtype(weight.data_type))
        sizes[name] = sizes.get(name, 0) + _size(weight.dims)
    most = max(sizes, key=lambda name: sizes[name], default="float32")
    if kinds & _WHOLE and most in ("int8", "uint8"):
        return Precision.INT8
    return _FORMATS.get(most, Precision.FP32)


def _every(graph: Any) -> Iterator[Any]:
    """Nodes of a graph, those of its subgraphs included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _every(inner)


def _counts(nodes: list[Any]) -> dict[str, int]:
    counts = dict[str, int]()
    for node in nodes:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return dict(sorted(counts.items()))


def _size(dims: Any) -> int:
    size = 1
    for dim in dims:
        size *= int(dim)
    return size
