"""Which variants of a model file are worth trying: runtimes, precisions and threads that suit its graph and machine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from generator.core.definition import Precision, Text, TransformStep, Variant
from generator.measure.needs import SHORT_FORMATS
from generator.measure.trial.request import Change
from generator.workloads.own.graph import Graph

WORKLOAD = "model"

RUNTIME_TITLES: Mapping[str, str] = MappingProxyType({"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"})

PINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"openvino": ("python==3.11", "numpy==1.26.4", "openvino==2026.4.1")}
)
"""Isolated environments of the runtimes that are not installed beside the generator."""

_CHANGES: Mapping[str, tuple[Change, ...]] = MappingProxyType(
    {
        "onnxruntime": (Change.GIVEN, Change.INT8_DYNAMIC, Change.INT8_STATIC, Change.INT4),
        "openvino": (Change.GIVEN, Change.BF16, Change.INT8_STATIC),
    }
)
"""What each runtime can do."""

_PRECISIONS: Mapping[Change, Precision] = MappingProxyType(
    {
        Change.BF16: Precision.BF16,
        Change.INT8_DYNAMIC: Precision.INT8,
        Change.INT8_STATIC: Precision.INT8,
        Change.INT4: Precision.INT4,
    }
)

_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Change.INT8_DYNAMIC: ("int8 динамически", "dynamic int8"),
        Change.INT8_STATIC: ("int8 статически", "static int8"),
        Change.INT4: ("веса в int4", "int4 weights"),
    }
)
"""What a reader knows a change by, in Russian and English."""

WHY: Mapping[str, str] = MappingProxyType(
    {
        "compressed": "the file is in fewer bits than fp32 already",
        "no-bf16": "the processor has no instructions for bf16",
        "no-matmul": "no MatMul of the graph has constant weights",
        "no-products": "the graph has no products with constant weights, and convolutions gain nothing by it",
        "nothing-to-quantize": "the graph has neither convolutions nor products with constant weights",
        "no-environment": "it has no environment here; --install makes one",
    }
)
"""Why something is not tried, by the key of its phrase."""

_VNNI = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""Flags of processors that multiply whole numbers of 8 bits and add up without overflow."""

CHANNELS_OPSET = 13
"""Operator set from which DequantizeLinear takes a scale for each channel."""

_DYNAMIC = ("MatMul", "Gemm", "LSTM")
"""Operators that gain by scales that are computed for each query; convolutions lose (`transforms/quantize.py`)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is tried, the baseline first, and what is not and why."""

    variants: tuple[Variant, ...]
    left_out: Mapping[str, str]
    """Keys of `WHY`."""


def choose(
    graph: Graph,
    runtimes: Sequence[str],
    changes: Collection[Change],
    threads: Sequence[int],
    isa: Collection[str],
) -> Choice:
    """Choose variants.

    Args:
        graph: the file.
        runtimes: those that may be used; ONNX Runtime gives the baseline in any case.
        changes: those that are asked for; all that suit when empty.
        threads: numbers of threads to try, the baseline's first.
        isa: the processor's flags.
    """
    found, left_out = list[Variant](), dict[str, str]()
    for runtime in dict.fromkeys(("onnxruntime", *runtimes)):
        for change in _CHANGES[runtime]:
            asked = (not changes or change in changes) and runtime in runtimes
            if not asked and (runtime, change) != ("onnxruntime", Change.GIVEN):
                continue
            if why := _unsuited(graph, change, isa):
                left_out[f"{RUNTIME_TITLES[runtime]}, {change}"] = why
                continue
            for count in threads if asked else threads[:1]:
                found.append(_variant(graph, runtime, change, count, isa, baseline=not found))
    return Choice(tuple(found), left_out)


def _unsuited(graph: Graph, change: Change, isa: Collection[str]) -> str:
    """Why a change makes no sense for this graph or machine, by the key of `WHY`; nothing where it does."""
    operators = graph.operators
    if change is Change.GIVEN:
        return ""
    if graph.precision is not Precision.FP32:
        return "compressed"
    match change:
        case Change.BF16:
            return "" if SHORT_FORMATS["bf16"] & set(isa) else "no-bf16"
        case Change.INT4:
            return "" if graph.constant_products and operators.get("MatMul") else "no-matmul"
        case Change.INT8_DYNAMIC:
            return "" if graph.constant_products or operators.get("LSTM") else "no-products"
    return "" if graph.constant_products or operators.get("Conv") else "nothing-to-quantize"


def _variant(graph: Graph, runtime: str, change: Change, threads: int, isa: Collection[str], baseline: bool) -> Variant:
    precision = _PRECISIONS.get(change, graph.precision)
    kind = precision if change is Change.GIVEN else change
    return Variant(
        name=f"{runtime}-{kind}-{threads}t",
        workload=WORKLOAD,
        runtime=runtime,
        precision=precision,
        title=_title(RUNTIME_TITLES[runtime], kind, threads),
        baseline=baseline,
        transforms=tuple(_steps(graph, change, isa)),
        options={"precision": "bf16"} if change is Change.BF16 else {},
        threads=threads,
        environment=PINS.get(runtime, ()),
    )


def _steps(graph: Graph, change: Change, isa: Collection[str]) -> Iterator[TransformStep]:
    options: dict[str, Any]
    match change:
        case Change.INT8_DYNAMIC:
            options = {"operators": tuple(name for name in _DYNAMIC if name in graph.operators)}
            # Without such instructions sums of uint8 by int8 overflow.
            options |= {"weight": "int8"} if _VNNI & set(isa) else {}
            yield TransformStep(name="quantize_dynamic", options=options)
        case Change.INT8_STATIC:
            # Before operator set 13 a dequantizer has one scale for all channels.
            options = {} if graph.opset >= CHANNELS_OPSET else {"per_channel": False}
            yield TransformStep(name="quantize_static", options=options)
        case Change.INT4:
            yield TransformStep(name="quantize_nbits")


def _title(runtime: str, kind: str, threads: int) -> Text:
    ru, en = _KINDS.get(kind, (kind, kind))
    return Text(
        ru=f"{runtime}, {ru}, {threads} {_russian_threads(threads)}",
        en=f"{runtime}, {en}, {threads} thread{'s' if threads > 1 else ''}",
    )


def _russian_threads(count: int) -> str:
    """The word in the form that the number asks for."""
    if count % 10 == 1 and count % 100 != 11:
        return "поток"
    return "потока" if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else "потоков"
