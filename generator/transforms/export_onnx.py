"""PyTorch to ONNX.

The exporter is the one by tracing: it writes opset 17 and IR version 8, which ONNX Runtime and OpenVINO of 2023 still
read; the newer one writes opset 18 and above. What it writes is compared with PyTorch before anybody uses it.

A module that says `loops_over_data` is compiled by TorchScript instead of traced, so that the graph loops as well.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generator.core.cache import file_sha256
from generator.core.definition import Option
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.transforms.graph import load_graph, save_tidied
from generator.transforms.step import Recipe, quiet
from generator.workloads.networks.architectures import ARCHITECTURES, architecture_of, load_module
from generator.workloads.options import Options
from generator.workloads.workload import Arrays, Artifact, Stepwise, Workload

if TYPE_CHECKING:
    from torch import nn

NAME = "export_onnx"

DEFAULT_OPSET = 17
OLDEST_OPSET, NEWEST_OPSET = 13, 17
"""13 is the first with quantization by channel; 18 needs a newer file format than runtimes of 2023 read."""

LARGEST_DEVIATION = 1e-3
"""Largest difference from PyTorch's outputs, over their largest value or 1; a right export stays below 1e-5."""

_CHECKED_SAMPLES = 4


def export_onnx(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of an ONNX graph with a free batch axis; axes in which the workload's samples differ are free as well.

    Option: `opset` (17).

    Raises:
        DefinitionError: when the option is out of bounds.
        PreparationError: when the input is no PyTorch artifact.
        MissingPackage: when torch, onnx or onnxruntime is not installed.
    """
    versions = required(NAME, torch="torch", safetensors="safetensors", onnx="onnx", onnxruntime="onnxruntime")
    if artifact.format != "pytorch":
        raise PreparationError(NAME, f"its input is '{artifact.format}', not 'pytorch'", "Make it the first transform.")
    opset = Options(f"transform '{NAME}'", options).whole("opset", DEFAULT_OPSET, OLDEST_OPSET, NEWEST_OPSET)
    axes = free_axes(_graph_samples(workload))

    def make(path: Path) -> Mapping[str, str]:
        module = _loaded(artifact.path)
        samples = _checked(workload)
        expected = [_answers(module, sample) for sample in samples]
        _export(module, samples[0], {**axes, **_free_outputs(expected)}, opset, path)
        stray = save_tidied(load_graph(path), path)
        deviation = _largest_deviation(path, samples, expected)
        if not deviation <= LARGEST_DEVIATION:
            problem = f"the exported graph deviates from PyTorch by {deviation:.2g} of the largest output"
            raise PreparationError(NAME, problem, "Try another opset; if it persists, the exporter misreads the model.")
        return {
            "opset": str(opset),
            "exporter": f"torch.onnx {versions['torch']}, by {'compiling' if _loops(module) else 'tracing'}",
            "largest deviation from PyTorch": f"{deviation:.1g}",
            **({"stray domains removed": ", ".join(stray)} if stray else {}),
        }

    free = {name: sorted(of_input) for name, of_input in axes.items()}
    key = {"opset": opset, "packages": versions, "model": _model_code(artifact), "free axes": free}
    return Recipe("onnx", ".onnx", key, make)


def free_axes(samples: Sequence[Arrays]) -> dict[str, dict[int, str]]:
    """Axes of each input that have no fixed size, and their names: the batch, and those in which samples differ.

    Axes whose sizes are the same in every sample, such as those of a text's tokens and of its mask, share a name.
    """
    named = dict[tuple[int, ...], str]()
    axes = dict[str, dict[int, str]]()
    for name, first in samples[0].items():
        axes[name] = {0: "batch"}
        for axis in range(1, first.ndim):
            sizes = tuple(sample[name].shape[axis] for sample in samples)
            if len(set(sizes)) > 1:
                axes[name][axis] = named.setdefault(sizes, f"length{len(named) or ''}")
    return axes


def _graph_samples(workload: Workload) -> Sequence[Arrays]:
    """Inputs of the graph: the workload's samples, unless a query is more than one pass."""
    return workload.graph_samples() if isinstance(workload, Stepwise) else workload.samples()


def _free_outputs(expected: Sequence[Sequence[NDArray[np.generic]]]) -> dict[str, dict[int, str]]:
    """Axes of each output that have no fixed size: the batch, and those in which the answers differ.

    Outputs are called "y", or "y0", "y1", ...
    """
    names = ["y"] if len(expected[0]) == 1 else [f"y{index}" for index in range(len(expected[0]))]
    axes = dict[str, dict[int, str]]()
    for name, *answers in zip(names, *expected, strict=True):
        differing = [axis for axis in range(1, answers[0].ndim) if len({one.shape[axis] for one in answers}) > 1]
        axes[name] = {0: "batch", **{axis: f"{name}_length{axis}" for axis in differing}}
    return axes


def _checked(workload: Workload) -> Sequence[Arrays]:
    """Samples that the graph is compared with PyTorch on: timed ones, and the smallest and largest of all."""
    if isinstance(workload, Stepwise):
        return workload.graph_samples()
    by_size = sorted(workload.samples(), key=lambda sample: sum(array.size for array in sample.values()))
    return (*workload.timed_samples()[: _CHECKED_SAMPLES - 2], by_size[0], by_size[-1])


def _loaded(path: Path) -> nn.Module:
    try:
        return load_module(path)
    except (KeyError, RuntimeError) as error:
        problem = f"the weights cannot be loaded ({type(error).__name__}: {error})"
        raise PreparationError(NAME, problem.replace("\n", " ")[:500], "Delete the cache and try again.") from error


def _answers(module: nn.Module, sample: Arrays) -> list[NDArray[np.generic]]:
    import torch

    with torch.inference_mode():
        answer: Any = module(*(torch.from_numpy(array.copy()) for array in sample.values()))
    return [one.numpy() for one in ([answer] if isinstance(answer, torch.Tensor) else answer)]


def _export(module: nn.Module, sample: Arrays, axes: Mapping[str, Mapping[int, str]], opset: int, path: Path) -> None:
    """Write the graph; its inputs are called as the sample's arrays, the other names in `axes` are its outputs."""
    import torch

    try:
        # The exporter warns that it will go, and of every Python number that it takes for a constant.
        with quiet():
            torch.onnx.export(
                torch.jit.script(module) if _loops(module) else module,
                tuple(torch.from_numpy(array.copy()) for array in sample.values()),
                path,
                input_names=list(sample),
                output_names=[name for name in axes if name not in sample],
                dynamic_axes=axes,
                opset_version=opset,
                dynamo=False,
            )
    except OSError:
        raise
    except Exception as error:
        # The exporter raises whatever the model's own code and its symbolic functions raise.
        problem = f"the model cannot be exported ({type(error).__name__}: {error})".replace("\n", " ")
        raise PreparationError(NAME, problem[:500], "Try another opset, or keep the model in PyTorch.") from error


def _loops(module: nn.Module) -> bool:
    return bool(getattr(module, "loops_over_data", False))


def _largest_deviation(
    path: Path, samples: Sequence[Arrays], expected: Sequence[Sequence[NDArray[np.generic]]]
) -> float:
    """Largest absolute difference over the largest expected value, which counts as 1 where it is less.

    Of whole numbers it is the share that differs.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        found = [session.run(None, dict(sample)) for sample in samples]
    except Exception as error:
        # ONNX Runtime has a dozen unrelated error types.
        problem = f"ONNX Runtime cannot run the exported graph ({str(error)[:300]})".replace("\n", " ")
        raise PreparationError(NAME, problem, "Try another opset.") from error
    pairs = [pair for ours, theirs in zip(found, expected, strict=True) for pair in zip(ours, theirs, strict=True)]
    scale = max(1.0, *(float(np.abs(theirs).max()) for _, theirs in pairs))
    return max(_deviation(ours, theirs, scale) for ours, theirs in pairs)


def _deviation(ours: NDArray[np.generic], theirs: NDArray[np.generic], scale: float) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    if theirs.dtype.kind in "iub":  # numbers of tokens or classes, where a near one is as wrong as any
        return float(np.mean(ours != theirs))
    return float(np.abs(np.asarray(ours, float) - np.asarray(theirs, float)).max()) / scale


def _model_code(artifact: Artifact) -> str:
    """Hash of the module that builds the architecture, so that a change of it is exported anew."""
    try:
        module = ARCHITECTURES[architecture_of(artifact.path)].partition(":")[0]
    except KeyError as error:
        problem = f"the weights name no known architecture ({error})"
        raise PreparationError(NAME, problem, f"Known: {', '.join(ARCHITECTURES)}.") from error
    spec = importlib.util.find_spec(module)
    return file_sha256(Path(spec.origin)) if spec and spec.origin else ""
