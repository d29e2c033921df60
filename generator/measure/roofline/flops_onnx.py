"""FLOPs and bytes of an ONNX graph, from its operators and inferred shapes; nothing is run."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.core.record import Work
from generator.transforms.graph import load_graph
from generator.workloads.workload import Arrays

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the graph."""

    shape: Shape
    item_bytes: float

    @property
    def elements(self) -> int:
        """How many."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """All of them together."""
        return math.ceil(self.elements * self.item_bytes)


Tensors = Mapping[str, Tensor]


def _convolution(kernel: int) -> Callable[[Any, Tensors], int]:
    """Each output element is a sum of products over one group's channels and the kernel."""
    return lambda node, known: 2 * known[node.output[0]].elements * math.prod(known[node.input[kernel]].shape[1:])


def _transposed(node: Any, known: Tensors) -> int:
    """Each input element is multiplied with the kernel of one group's outputs."""
    return 2 * known[node.input[0]].elements * math.prod(known[node.input[1]].shape[1:])


def _product(left: int) -> Callable[[Any, Tensors], int]:
    """Each output element is a sum of products over the left factor's last axis."""

    def flops(node: Any, known: Tensors) -> int:
        factor = known[node.input[left]].shape
        transposed = next((a.i for a in node.attribute if a.name == "transA"), 0)
        return 2 * known[node.output[0]].elements * factor[-2 if transposed else -1]

    return flops


def _recurrent(node: Any, known: Tensors) -> int:
    """Every step multiplies its input and its state with all weights of each direction."""
    steps, batch, *_ = known[node.input[0]].shape
    return 2 * steps * batch * (known[node.input[1]].elements + known[node.input[2]].elements)


FLOPS: Mapping[str, Callable[[Any, Tensors], int]] = MappingProxyType(
    {
        "Conv": _convolution(1),
        "ConvInteger": _convolution(1),
        "QLinearConv": _convolution(3),
        "ConvTranspose": _transposed,
        "Gemm": _product(0),
        "MatMul": _product(0),
        "MatMulInteger": _product(0),
        "QLinearMatMul": _product(0),
        "LSTM": _recurrent,
        "GRU": _recurrent,
        "RNN": _recurrent,
    }
)
"""Operators that have FLOPs, and how many."""

UNCOUNTABLE = frozenset(
    {"Attention", "DFT", "DeformConv", "Einsum", "If", "LinearAttention", "Loop", "STFT", "Scan", "SequenceMap"}
)
"""Operators whose FLOPs depend on more than shapes, or that nobody has written a formula for. The other operators of
ONNX's own set do a few operations an element."""

SHAPE_ONLY = frozenset({"Shape", "Size"})
"""Operators that do not read their input's elements."""


def count_onnx(path: Path, sample: Arrays) -> Work:
    """Count one sample's FLOPs and bytes.

    Args:
        path: the graph.
        sample: its inputs by name, batch axis of 1 first.

    Raises:
        PreparationError: when the file is no ONNX, or holds something that cannot be counted.
        MissingPackage: when onnx is not installed.
    """
    model = load_graph(path)
    import onnx

    for node in model.graph.node:
        if node.op_type in UNCOUNTABLE or node.domain not in ("", "ai.onnx"):
            name = f"{node.domain}.{node.op_type}".lstrip(".")
            raise PreparationError(path.name, f"FLOPs of the operator '{name}' cannot be counted", "")
    counted_by = f"ONNX graph, onnx {onnx.__version__}"
    known = _shapes(model, sample)
    if any(name not in known for node in model.graph.node if node.op_type in FLOPS for name in node.output[:1]):
        # Shapes that follow from computed constants, such as the widths of paddings.
        model, version = _folded(model)
        known, counted_by = _shapes(model, sample), f"{counted_by}, constants folded by ONNX Runtime {version}"
    traffic = _Traffic(model.graph, known)
    flops, bytes_only = Counter[str](), Counter[str]()
    for node in model.graph.node:
        moved_in_passing = traffic.visit(node)
        if node.op_type in FLOPS:
            flops[node.op_type] += _counted(path, node, known)
        elif node.op_type != "Constant" and not moved_in_passing:
            bytes_only[node.op_type] += 1
    return Work(
        flops_per_sample=sum(flops.values()),
        flops_by_operator=dict(sorted(flops.items())),
        weight_bytes=traffic.weight_bytes(),
        activation_bytes_per_sample=traffic.activation_bytes(),
        bytes_only=dict(sorted(bytes_only.items())),
        counted_by=counted_by,
    )


def _counted(path: Path, node: Any, known: Tensors) -> int:
    try:
        return FLOPS[node.op_type](node, known)
    except KeyError as error:
        problem = f"the shape of {error} at the operator '{node.op_type}' is not known before the model runs"
        raise PreparationError(path.name, problem, "") from error


def _shapes(model: Any, sample: Arrays) -> dict[str, Tensor]:
    """Shapes of every value, with the sample's own for the inputs."""
    import onnx

    del model.graph.value_info[:]  # shapes of the exporter may hold names instead of numbers
    for one in model.graph.input:
        if one.name in sample:
            for place, length in zip(one.type.tensor_type.shape.dim, sample[one.name].shape, strict=True):
                place.dim_value = length
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    known = dict[str, Tensor]()
    for value in (*inferred.value_info, *inferred.input, *inferred.output):
        places = value.type.tensor_type.shape.dim
        if value.type.HasField("tensor_type") and all(place.HasField("dim_value") for place in places):
            shape = tuple(int(place.dim_value) for place in places)
            known[value.name] = Tensor(shape, _item_bytes(value.type.tensor_type.elem_type))
    for constant in _constants(model.graph):
        known[constant.name] = Tensor(tuple(int(n) for n in constant.dims), _item_bytes(constant.data_type))
    return known


def _folded(model: Any) -> tuple[Any, str]:
    """The graph with what follows from constants computed, and the version of ONNX Runtime that did it."""
    required("counting FLOPs", onnxruntime="onnxruntime")
    import onnx
    import onnxruntime as ort

    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        options.log_severity_level = 3
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath), str(ort.__version__)


def _constants(graph: Any) -> Iterator[Any]:
    """Tensors that the file holds, each with the name of its value."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.HasField("t"):
                attribute.t.name = node.output[0]
                yield attribute.t


def _item_bytes(kind: int) -> float:
    import onnx

    if kind in (onnx.TensorProto.INT4, onnx.TensorProto.UINT4):
        return 0.5
    if kind in (onnx.TensorProto.STRING, onnx.TensorProto.UNDEFINED):
        return 0.0
    return float(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)


@dataclass(slots=True)
class _Traffic:
    """Which values share a place in memory, and which of these places are written and read.

    An operator without FLOPs that has one input of its output's size is done in passing: both share a place, and the
    place is as large as the smaller of them. So a convolution's activation, its rounding to int8 and its return from
    it cost what the int8 values cost, and the sum of two branches is written anew.
    """

    graph: Any
    known: Tensors
    _places: dict[str, str] = field(default_factory=dict)
    _stored: frozenset[str] = frozenset()
    """Constants that the file holds."""

    _constant: set[str] = field(default_factory=set)
    """The same, and what follows from them alone."""

    _used: dict[str, int] = field(default_factory=dict)
    """Bytes that are read of each constant."""

    _read: set[str] = field(default_factory=set)
    _written: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._stored = frozenset(constant.name for constant in _constants(self.graph))
        self._constant = set(self._stored)

    def visit(self, node: Any) -> bool:
        """Take in one operator, in the graph's order.

        Returns:
            Whether it is done in passing, or only with constants and shapes.
        """
        data = [name for name in node.input if name]
        self._use_constants(node, data)
        inputs = {self._place(name) for name in data if name not in self._constant}
        if not inputs or node.op_type in SHAPE_ONLY:
            self._constant.update(node.output)
            return True
        alike = self._of_its_size(node, data)
        if len(alike) == 1 and node.op_type not in FLOPS:
            self._places[node.output[0]] = next(iter(alike))
            self._written.update(name for name in node.output[1:] if name)
            self._read |= inputs - alike
            return True
        self._read |= inputs
        self._written.update(name for name in node.output if name)
        return False

    def weight_bytes(self) -> int:
        """Constants that operators read, once each."""
        return sum(self._used.values())

    def activation_bytes(self) -> int:
        """Places that are written, and those that are read."""
        sizes = dict[str, int]()
        for name, value in self.known.items():
            if name not in self._constant:
                place = self._place(name)
                sizes[place] = min(sizes.get(place, value.bytes), value.bytes)
        inputs = {one.name for one in self.graph.input}
        written = {self._place(name) for name in self._written} - inputs
        outputs = {self._place(one.name) for one in self.graph.output} & inputs
        return sum(sizes.get(place, 0) for places in (written, outputs, self._read) for place in places)

    def _use_constants(self, node: Any, data: list[str]) -> None:
        for name in data:
            if name in self._stored:
                size = self.known[name].bytes
                if node.op_type == "Gather" and name == data[0] and node.output[0] in self.known:
                    size = min(size, self.known[node.output[0]].bytes)  # rows of an embedding, not all of it
                self._used[name] = max(size, self._used.get(name, 0))

    def _of_its_size(self, node: Any, data: list[str]) -> set[str]:
        """Places of those inputs that have as many elements as the output."""
        known, output = self.known, node.output[0]
        if output not in known:
            return set()
        size = known[output].elements
        return {self._place(n) for n in data if n not in self._constant and n in known and known[n].elements == size}

    def _place(self, name: str) -> str:
        while name in self._places:
            name = self._places[name]
        return name
