"""TensorFlow.js graphs, read without TensorFlow: the part of a network that leads to the asked outputs, as plain steps.

Only the operators of the two networks that are used here are known. On the way batch normalization that TensorFlow's
converter left behind a convolution goes into its weights, and a ReLU cut off at 6 becomes ReLU6.
Source of the form: `GraphModel` in TensorFlow.js, a JSON description beside a file of weights.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import PreparationError
from generator.workloads.networks.architectures import save_weights

INPUT = "x"
"""Name of the network's only input in a plan's steps."""

Weights = dict[str, NDArray[np.float32]]
Step = dict[str, Any]
"""`do` names an operation of `GraphNetwork`, `to` what it makes, `of` what it takes; the rest are its options."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A network as steps in an order in which they can be done; channels stand before height and width."""

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    """What is asked for, by the names in the steps."""

    weights: Weights
    """By step and kind, such as "s3_conv1.bias"; weights are (outputs, inputs / groups, height, width)."""


def read_plan(description: Path, weights: Path, outputs: Sequence[str]) -> Plan:
    """Read the part of a graph that its named nodes need.

    Args:
        description: the graph in JSON.
        weights: its only file of weights.
        outputs: names of nodes.

    Raises:
        PreparationError: when the files are no such graph, or it uses an operator that is not known here.
    """
    try:
        graph = json.loads(description.read_text("utf-8"))
        constants = _constants(graph["weightsManifest"], weights.read_bytes())
        nodes = {node["name"]: node for node in graph["modelTopology"]["node"]}
        reader = _Reader(constants)
        for name in _needed(nodes, outputs):
            reader.take(nodes[name])
        return reader.plan(outputs)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        problem = f"'{description.name}' cannot be read as a TensorFlow.js graph ({type(error).__name__}: {error})"
        raise PreparationError("TensorFlow.js", problem[:500], "Report it, with the version of NumPy.") from error


def convert(description: Path, weights: Path, outputs: Sequence[str], architecture: str, to: Path) -> Mapping[str, str]:
    """Write a graph as the weight file of an architecture that keeps a `GraphNetwork` under the name `network`.

    Args:
        description: the graph in JSON.
        weights: its weights.
        outputs: names of the nodes that are its outputs.
        architecture: key of `ARCHITECTURES`.
        to: where to.

    Returns:
        Notes of the file: how the weights were stored.

    Raises:
        PreparationError: see `read_plan`.
    """
    import torch

    plan = read_plan(description, weights, outputs)
    tensors = {f"network.layers.{name}": torch.from_numpy(array) for name, array in plan.weights.items()}
    save_weights(tensors, to, architecture, {"steps": plan.steps, "outputs": plan.outputs})
    return {"published as": "TensorFlow.js graph, weights in 16 bits"}


def _constants(manifest: Sequence[Mapping[str, Any]], data: bytes) -> dict[str, NDArray[Any]]:
    """Weights by name; those stored in 16 bits become float32."""
    constants, offset = dict[str, NDArray[Any]](), 0
    for weight in (weight for group in manifest for weight in group["weights"]):
        stored = np.dtype(weight.get("quantization", weight)["dtype"])
        if "scale" in weight.get("quantization", {}):
            raise ValueError(f"weight '{weight['name']}' is stored in 8 bits")
        count = math.prod(weight["shape"])
        array = np.frombuffer(data, stored, count, offset).reshape(weight["shape"])
        offset += array.nbytes
        constants[weight["name"]] = array.astype(weight["dtype"])
    if offset != len(data):
        raise ValueError(f"the weights have {len(data)} bytes, not {offset}")
    return constants


def _needed(nodes: Mapping[str, Mapping[str, Any]], outputs: Sequence[str]) -> list[str]:
    """Names of the outputs' nodes and all before them, each after those that it takes."""
    ordered = dict[str, None]()
    waiting = [(name, False) for name in reversed(outputs)]
    while waiting:
        name, seen = waiting.pop()
        if seen:
            ordered[name] = None
        elif name not in ordered:
            waiting += [(name, True), *((before, False) for before in nodes[name].get("input", []))]
    return list(ordered)


@dataclass(slots=True)
class _Reader:
    """Makes steps of nodes, one after the other."""

    constants: Mapping[str, NDArray[Any]]
    steps: dict[str, Step] = field(default_factory=dict)
    weights: Weights = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What a node's result is called in the steps."""

    def take(self, node: Mapping[str, Any]) -> None:
        """Take in one node whose inputs were taken in."""
        kind, name = str(node["op"]), str(node["name"])
        if kind == "Const":
            return
        constants = [self.constants[one] for one in node.get("input", []) if one in self.constants]
        given = [self.names[one] for one in node.get("input", []) if one not in self.constants]
        if kind == "Placeholder":
            self.names[name] = INPUT
        elif kind == "Identity":
            self.names[name] = given[0]
        elif "Conv2" in kind or "Conv2d" in kind:
            self.names[name] = self._convolution(node, given[0], constants, by_channel="Depthwise" in kind)
        elif kind in ("Add", "Mul", "Minimum", "Maximum") and constants:
            self.names[name] = self._with_constant(node, given[0], constants[0])
        else:
            self.names[name] = self._plain(kind, node, given, constants)

    def plan(self, outputs: Sequence[str]) -> Plan:
        """The steps so far."""
        return Plan(tuple(self.steps.values()), tuple(self.names[name] for name in outputs), self.weights)

    def _step(self, do: str, of: Sequence[str], called: str, **options: Any) -> str:
        """Append a step; its name holds the published node's, so that one can tell what to leave in fp32."""
        name = f"s{len(self.steps)}_{re.sub(r'[^A-Za-z0-9]+', '_', called)}"
        self.steps[name] = {"do": do, "to": name, "of": list(of), **options}
        return name

    def _plain(
        self, kind: str, node: Mapping[str, Any], given: Sequence[str], constants: Sequence[NDArray[Any]]
    ) -> str:
        if kind in ("Add", "Mul", "Relu", "Relu6", "Sigmoid"):
            return self._step({"Mul": "multiply"}.get(kind, kind.lower()), given, node["name"])
        if kind == "Mean" and constants[0].tolist() == [1, 2]:
            return self._step("mean", given, node["name"], keep=bool(_attribute(node, "keep_dims")))
        if kind == "ConcatV2" and int(constants[0]) == 3:
            return self._step("concat", given, node["name"])
        other_ways = [_attribute(node, one) for one in ("align_corners", "half_pixel_centers")]
        if kind == "ResizeBilinear" and not any(other_ways):
            return self._step("resize", given, node["name"], size=constants[0].tolist())
        raise ValueError(f"the operator {kind} of '{node['name']}' is not known in this form")

    def _convolution(
        self, node: Mapping[str, Any], given: str, constants: Sequence[NDArray[Any]], *, by_channel: bool
    ) -> str:
        kernel, strides, dilations = constants[0], _attribute(node, "strides"), _attribute(node, "dilations")
        height, width, inputs, outputs = kernel.shape
        # TensorFlow has (height, width, inputs, outputs); of a depthwise one, (height, width, channels, 1).
        kernel = kernel.transpose(2, 3, 0, 1) if by_channel else kernel.transpose(3, 2, 0, 1)
        if by_channel and outputs != 1:
            raise ValueError(f"'{node['name']}' makes several channels of one")
        padding = [0, 0, 0, 0]
        if _attribute(node, "padding") == "SAME":
            padding = [*_same(width, strides[2], dilations[2]), *_same(height, strides[1], dilations[1])]
        name = self._step(
            "convolution",
            [given],
            node["name"],
            channels=[inputs, inputs if by_channel else outputs],
            kernel=[height, width],
            stride=strides[1:3],
            dilation=dilations[1:3],
            padding=padding,
            groups=inputs if by_channel else 1,
        )
        self.weights[f"{name}.weight"] = np.ascontiguousarray(kernel, np.float32)
        self.weights[f"{name}.bias"] = np.zeros(len(kernel), np.float32)
        for fused in _attribute(node, "fused_ops") or ():
            if fused == "BiasAdd":
                self.weights[f"{name}.bias"] = constants[1].astype(np.float32)
            elif fused in ("Relu", "Relu6"):
                name = self._step(fused.lower(), [name], "")
            else:
                raise ValueError(f"'{node['name']}' is fused with {fused}")
        return name

    def _with_constant(self, node: Mapping[str, Any], given: str, constant: NDArray[Any]) -> str:
        kind = str(node["op"])
        before = self.steps.get(given, {"do": "input"})
        if constant.size == 1:
            value = float(constant.reshape(()))
            if kind in ("Add", "Mul"):
                return self._step({"Add": "plus", "Mul": "times"}[kind], [given], node["name"], value=value)
            if kind == "Minimum" and value == 6 and before["do"] == "relu":
                before["do"] = "relu6"
                return given
            if kind == "Maximum" and value == 0 and before["do"] in ("relu", "relu6"):
                return given
        elif before["do"] == "convolution" and kind in ("Add", "Mul") and given == list(self.steps)[-1]:
            self._fold(kind, given, constant.astype(np.float32).reshape(-1))
            return given
        raise ValueError(f"{kind} with a constant after '{before['do']}' is not known in this form")

    def _fold(self, kind: str, convolution: str, constant: NDArray[np.float32]) -> None:
        """Put what is added to a convolution's channels, or multiplies them, into its weights."""
        if kind == "Mul":
            self.weights[f"{convolution}.weight"] *= constant[:, np.newaxis, np.newaxis, np.newaxis]
            self.weights[f"{convolution}.bias"] *= constant
        else:
            self.weights[f"{convolution}.bias"] = self.weights[f"{convolution}.bias"] + constant


def _same(kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's "SAME" padding before and after, for sizes that the stride divides."""
    total = max((kernel - 1) * dilation + 1 - stride, 0)
    return total // 2, total - total // 2


def _attribute(node: Mapping[str, Any], name: str) -> Any:
    """Value of a node's attribute; None when it has none of this name."""
    attribute = node.get("attr", {}).get(name)
    if attribute is None:
        return None
    (kind, value), *_ = attribute.items()
    if kind == "list":
        return [int(one) for one in value.get("i", ())] or [_text(one) for one in value.get("s", ())]
    return _text(value) if kind == "s" else value


def _text(value: str) -> str:
    return base64.b64decode(value).decode()
