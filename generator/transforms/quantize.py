"""ONNX to int8 with ONNX Runtime's own quantizer, after its graph clean-up (constants folded, padding fused).

Static: scales of activations are fixed beforehand, from calibration inputs. Dynamic: they are computed for each query.
Products of two computed matrices, as in attention, stay in fp32 either way: both quantize the same operators.

Defaults, measured with EfficientNet-Lite0 on 250 photographs and a Xeon with AVX512-VNNI, one thread; fp32 has 6.1 ms,
top-1 0.896:

    static, uint8 activations, int8 weights by channel   3.3 ms   top-1 0.904   agreement with fp32 0.976
    the same, weights by tensor                          3.2 ms   0.848         0.872
    the same, by channel, int8 activations               5.9 ms   0.908         0.976   (see below)
    the same, uint8 weights                              37 ms    0.900         0.976
    dynamic, uint8 weights                               25 ms    0.860         0.896   (ConvInteger has slow kernels)
    dynamic, int8 weights                                76 ms    0.852         0.876
    dynamic, uint8 weights, only MatMul and Gemm         6.1 ms   0.896         1.000

With all-MiniLM-L6-v2 on 610 questions and the same processor, 128 tokens; fp32 has 22.2 ms, recall at 1 is 0.764:

    dynamic, int8 weights by channel                      8.3 ms   0.759   agreement with fp32 0.938
    dynamic, uint8 weights by channel                    22.5 ms   0.753   0.946   (no kernel for uint8 by uint8)
    dynamic, int8 weights by tensor                       8.1 ms   0.739   0.887
    static, int8 weights by channel                       9.6 ms   0.743   0.826
    the same, feed-forward outputs kept in fp32          14.1 ms   0.756   0.954   (their inputs have outliers)

With int8 activations ONNX Runtime 1.32 leaves 14 of the 49 convolutions and all 9 additions in fp32: those at residual
connections. Entropy and percentile calibration change neither accuracy nor speed of the images and take ten times as
long as min-max.
Processors without VNNI may saturate when they add uint8 by int8 products; then the accuracy measured there says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from generator.core.definition import Option
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.transforms.graph import all_nodes, counted, load_graph, opset_of, quantized_operators, save_tidied
from generator.transforms.step import Recipe, quiet
from generator.workloads.options import Options
from generator.workloads.workload import Arrays, Artifact, Workload

STATIC, DYNAMIC = "quantize_static", "quantize_dynamic"

DEFAULT_CALIBRATION_SAMPLES = 30
MOST_CALIBRATION_SAMPLES = 1000

_METHODS = {"minmax": "MinMax", "entropy": "Entropy", "percentile": "Percentile"}
_TYPES = {"uint8": "QUInt8", "int8": "QInt8"}


def quantize_static(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a QDQ graph whose activations have fixed scales.

    Options: `activation` (uint8, int8), `weight` (int8, uint8), `per_channel` (true), `calibration` (minmax, entropy,
    percentile), `calibration_samples` (30; fewer where the workload has fewer), `operators` and `keep` as with
    `quantize_dynamic`.

    Raises:
        DefinitionError: when an option is wrong.
        PreparationError: when the input is no ONNX artifact, or there is nothing to calibrate on.
        MissingPackage: when onnx or onnxruntime is not installed.
    """
    versions = _require(STATIC, artifact)
    chosen = Options(f"transform '{STATIC}'", options)
    static = _Static(
        activation=chosen.word("activation", "uint8", "int8"),
        weight=chosen.word("weight", "int8", "uint8"),
        calibration=chosen.word("calibration", *_METHODS),
        per_channel=chosen.yes("per_channel", True),
        operators=chosen.words("operators"),
        keep=chosen.words("keep"),
    )
    most = chosen.whole("calibration_samples", DEFAULT_CALIBRATION_SAMPLES, 1, MOST_CALIBRATION_SAMPLES)
    samples = workload.calibration(most)
    if not samples:
        raise PreparationError(STATIC, "the workload has no calibration inputs", "Quantize dynamically.")
    notes = {
        "activations": static.activation,
        "weights": f"{static.weight}, {'by channel' if static.per_channel else 'by tensor'}",
        "calibration": static.calibration,
        "calibration samples": str(len(samples)),
        **_kept_note(static.keep),
    }
    key = {**asdict(static), "samples": _digest(samples), "packages": versions}
    quantize = partial(_quantize_static, static, samples)
    return Recipe("onnx", ".onnx", key, lambda path: _quantized(STATIC, artifact.path, path, quantize, notes))


@dataclass(frozen=True, slots=True)
class _Static:
    """Options of `quantize_static`; the samples are a key of their own."""

    activation: str
    weight: str
    calibration: str
    per_channel: bool
    operators: tuple[str, ...]
    keep: tuple[str, ...]


def _quantize_static(static: _Static, samples: Sequence[Arrays], source: Path, target: Path) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    quantize_static(
        source,
        target,
        _reader(samples),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(static.operators) or None,
        nodes_to_exclude=_kept(source, static.keep),
        per_channel=static.per_channel,
        activation_type=QuantType[_TYPES[static.activation]],
        weight_type=QuantType[_TYPES[static.weight]],
        calibrate_method=CalibrationMethod[_METHODS[static.calibration]],
    )


def quantize_dynamic(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a graph whose activations get their scales with each query.

    Options: `operators` (a list, such as ["MatMul", "Gemm"]; all that can be when left out), `keep` (parts of names of
    nodes that stay in fp32, such as ["contract"]), `weight` (uint8, int8), `per_channel` (true; convolutions have one
    scale nevertheless).

    Raises:
        DefinitionError: when an option is wrong.
        PreparationError: when the input is no ONNX artifact.
        MissingPackage: when onnx or onnxruntime is not installed.
    """
    versions = _require(DYNAMIC, artifact)
    chosen = Options(f"transform '{DYNAMIC}'", options)
    weight, per_channel = chosen.word("weight", "uint8", "int8"), chosen.yes("per_channel", True)
    operators, keep = chosen.words("operators"), chosen.words("keep")

    def quantize(source: Path, target: Path) -> None:
        from onnxruntime.quantization import QuantType
        from onnxruntime.quantization import quantize_dynamic as quantize_with

        quantize_with(
            source,
            target,
            op_types_to_quantize=list(operators) or None,
            nodes_to_exclude=_kept(source, keep),
            per_channel=per_channel,
            weight_type=QuantType[_TYPES[weight]],
            extra_options={"EnableSubgraph": True},  # bodies of loops
        )

    notes = {"activations": "uint8, scaled for each query", "weights": weight, **_kept_note(keep)}
    key = {"operators": operators, "keep": keep, "weight": weight, "per_channel": per_channel, "packages": versions}
    return Recipe("onnx", ".onnx", key, lambda path: _quantized(DYNAMIC, artifact.path, path, quantize, notes))


def _require(name: str, artifact: Artifact) -> dict[str, str]:
    if artifact.format != "onnx":
        raise PreparationError(name, f"its input is '{artifact.format}', not 'onnx'", "Put export_onnx before it.")
    return required(name, onnx="onnx", onnxruntime="onnxruntime")


def _quantized(
    name: str, source: Path, target: Path, quantize: Callable[[Path, Path], None], notes: Mapping[str, str]
) -> dict[str, str]:
    """Clean up, quantize, tidy; the notes say what became of the operators."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    cleaned, raw = target.with_name("cleaned.onnx"), target.with_name("quantized.onnx")
    try:
        with quiet():
            quant_pre_process(source, cleaned, skip_symbolic_shape=True)
            quantize(cleaned, raw)
    except (OSError, PreparationError):
        raise
    except Exception as error:
        # ONNX Runtime's quantizer raises a dozen unrelated error types.
        problem = f"the graph cannot be quantized ({type(error).__name__}: {error})".replace("\n", " ")
        raise PreparationError(name, problem[:500], "Quantize fewer operators, or other ones.") from error
    graph = load_graph(raw)
    integer = quantized_operators(graph)
    if not integer:
        raise PreparationError(name, "nothing in the graph was quantized", "Name operators that the graph has.")
    stray = save_tidied(graph, target)
    return {
        **notes,
        "opset": str(opset_of(graph)),
        "operators quantized": counted(integer),
        **({"stray domains removed": ", ".join(stray)} if stray else {}),
    }


def _kept(source: Path, parts: Sequence[str]) -> list[str]:
    """Names of the nodes that stay in fp32: those that are asked for, and products of two computed matrices.

    Raises:
        PreparationError: when a part stands in no node's name, so that a misspelt option changes nothing silently.
    """
    graph = load_graph(source).graph
    weights = {weight.name for weight in graph.initializer}
    nodes = all_nodes(graph)
    names = [node.name for node in nodes]
    for part in parts:
        if not any(part in name for name in names):
            raise PreparationError("keep", f"no node's name holds '{part}'", "Look at the names in the exported graph.")
    computed = {node.name for node in nodes if node.op_type == "MatMul" and not weights & set(node.input)}
    return [name for name in names if name in computed or any(part in name for part in parts)]


def _kept_note(parts: Sequence[str]) -> dict[str, str]:
    return {"kept in fp32": ", ".join(parts)} if parts else {}


def _reader(samples: Sequence[Arrays]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Gives one sample after the other, then None."""

        def __init__(self) -> None:
            self._rest = iter(samples)

        def get_next(self) -> dict[str, Any] | None:
            sample = next(self._rest, None)
            return dict(sample) if sample is not None else None

    return Reader()


def _digest(samples: Sequence[Arrays]) -> str:
    digest = hashlib.sha256()
    for sample in samples:
        for name, array in sample.items():
            digest.update(f"{name}/{array.dtype.str}/{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
