"""OpenVINO, processor only; from 2023.2 on.

Its own choices that would make variants unlike are switched off: reduced precision, several streams, pinning to cores
(the worker is pinned already) and the use of both threads of a core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import openvino

try:
    from openvino import Core, Tensor
except ImportError:  # some packages of 2023 have them only here
    from openvino.runtime import Core, Tensor

from generator.runtimes.session import Arrays, Session, Spec

DEVICE = "CPU"

MOST_SHAPES = 8
"""Input shapes that get a compiled model each; inputs of further shapes share one in which every axis is free."""

_NO_WORK = frozenset({"Const", "Input", "Output"})

_INTEGER = frozenset({"u8", "i8", "u4", "i4"})

_ASKED = (
    *("INFERENCE_PRECISION_HINT", "INFERENCE_NUM_THREADS", "NUM_STREAMS", "PERFORMANCE_HINT", "EXECUTION_MODE_HINT"),
    *("ENABLE_HYPER_THREADING", "ENABLE_CPU_PINNING", "AFFINITY", "CPU_DENORMALS_OPTIMIZATION", "EXECUTION_DEVICES"),
    *("DYNAMIC_QUANTIZATION_GROUP_SIZE",),
)
"""Properties that the record keeps as the compiled model reports them; a version without one leaves it out."""

Shape = tuple[tuple[str, tuple[int, ...]], ...]


class OpenVinoSession(Session):
    """Options: `instructions` (a limit that stands in the environment before this module is imported), `precision`
    ("f32"; "bf16"), `shapes` ("fixed": a compiled model for each shape of the inputs; "free":
    as the file has them).
    """

    version = str(openvino.__version__).partition("-")[0]

    def __init__(self, spec: Spec) -> None:
        self._core = Core()
        self._model = self._core.read_model(spec.artifact)
        self._inputs = [one.get_any_name() for one in self._model.inputs]
        self._fixed = spec.options.get("shapes", "fixed") == "fixed"
        self._settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": str(spec.options.get("precision", "f32")),
            "INFERENCE_NUM_THREADS": spec.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_HYPER_THREADING": False,
            "ENABLE_CPU_PINNING": False,
            "CPU_DENORMALS_OPTIMIZATION": True,
        }
        if "DYNAMIC_QUANTIZATION_GROUP_SIZE" in self._known_properties():
            # Its own choice for short weights: fp32 activations are rounded to 8 bits in groups. Nothing asked it to.
            self._settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = 0
        self._requests: dict[Shape | None, Any] = {}
        self._compiled: Any = None
        if not self._fixed:
            self._request(None)

    def prepare(self, sample: Arrays) -> tuple[Any, dict[str, Any]]:
        """The request that answers inputs of this shape, and tensors of the inputs that the graph has."""
        shape = tuple((name, tuple(sample[name].shape)) for name in self._inputs)
        fixed = self._fixed and (shape in self._requests or len(self._requests) < MOST_SHAPES)
        tensors = {name: Tensor(np.ascontiguousarray(sample[name])) for name in self._inputs}
        return self._request(shape if fixed else None), tensors

    def run(self, query: tuple[Any, dict[str, Any]]) -> Any:
        """Run the graph; the outputs are copied, so that they outlive the next query."""
        request, tensors = query
        return request.infer(tensors)

    def to_arrays(self, answer: Any) -> Arrays:
        """Outputs by their names in the graph."""
        return {port.get_any_name(): array for port, array in answer.items()}

    def details(self) -> Mapping[str, str]:
        """Device, settings as the compiled model reports them, and the kernels by how often they were chosen."""
        kernels = Counter(_text(node, "primitiveType") for node in self._nodes())
        chosen = [f"{count} {name}" for name, count in kernels.most_common() if "unknown" not in name]
        return {
            "build": str(openvino.__version__),
            "device": str(self._core.get_property(DEVICE, "FULL_DEVICE_NAME")),
            "shapes": ", ".join("free" if shape is None else _shown(shape) for shape in self._requests),
            "kernels": ", ".join(chosen)[:900],
            **{name.lower(): value for name in _ASKED if (value := self._property(name))},
        }

    def operators(self) -> Mapping[str, int]:
        """Layers of the compiled graph, after fusion; those that compute on integers say so."""
        counts = Counter[str]()
        for node in self._nodes():
            kind, computes = _text(node, "layerType"), _kernel_precision(node)
            said = _text(node, "runtimePrecision").lower()
            # A layer's precision is that of its inputs; only its kernel's name tells what multiplies. A convolution of
            # signed activations is called i8, and runs in fp32 with conversions around it.
            precision = (said if said in _INTEGER else computes) if computes in _INTEGER else ""
            counts[f"{kind} {precision}".strip()] += kind not in _NO_WORK
        return {kind: count for kind, count in sorted(counts.items()) if count}

    def _request(self, shape: Shape | None) -> Any:
        """The request of a shape, compiling the model for it when it is new."""
        if shape not in self._requests:
            model = self._model
            if shape is not None:
                model = model.clone()
                model.reshape({name: list(axes) for name, axes in shape})
            self._compiled = self._core.compile_model(model, DEVICE, self._settings)
            self._requests[shape] = self._compiled.create_infer_request()
        return self._requests[shape]

    def _known_properties(self) -> frozenset[str]:
        """Properties that this version has; none where it does not tell."""
        try:
            return frozenset(map(str, self._core.get_property(DEVICE, "SUPPORTED_PROPERTIES")))
        except Exception:  # as in `_property`
            return frozenset()

    def _nodes(self) -> list[Any]:
        return list(self._compiled.get_runtime_model().get_ops())

    def _property(self, name: str) -> str:
        try:
            value = self._compiled.get_property(name)
        except Exception:
            # A version that does not know the property raises a plain RuntimeError, or a type of its own.
            return ""
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _kernel_precision(node: Any) -> str:
    """The ending of the kernel's name, "jit_avx512_FP32" or "brgconv_avx2_I8": the numbers that it computes with."""
    return _text(node, "primitiveType").rpartition("_")[2].lower()


def _text(node: Any, key: str) -> str:
    """A note that the compiled graph keeps with a layer."""
    try:
        value = node.get_rt_info()[key]
    except (KeyError, RuntimeError):
        return "unknown"
    return str(value.astype(str) if hasattr(value, "astype") else value)


def _shown(shape: Shape) -> str:
    return "; ".join(f"{name} {'x'.join(map(str, axes))}" for name, axes in shape)


def load(spec: Spec) -> Session:
    """Read an ONNX file; it is compiled when the shapes of the inputs are known, still before the first query."""
    return OpenVinoSession(spec)
