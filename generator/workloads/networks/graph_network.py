"""A network given as a list of steps, such as `tfjs` reads: convolutions and the little that stands between them.

A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class GraphNetwork(nn.Module):
    """Does the steps in their order.

    Args:
        steps: what to do; `tfjs.Step` says how one is written.
        outputs: which results to give.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> None:
        super().__init__()
        self.steps, self.outputs = list(steps), list(outputs)
        convolutions = (step for step in steps if step["do"] == "convolution")
        self.layers = nn.ModuleDict({step["to"]: _convolution(step) for step in convolutions})
        self._needless = _needless(self.steps, self.outputs)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The outputs for images of shape (batch, channels, height, width)."""
        results = {"x": x}
        for step, needless in zip(self.steps, self._needless, strict=True):
            given = [results[name] for name in step["of"]]
            if step["do"] == "convolution":
                results[step["to"]] = self.layers[step["to"]](given[0])
            else:
                results[step["to"]] = OPERATIONS[step["do"]](step, *given)
            for name in needless:
                del results[name]
        return tuple(results[name] for name in self.outputs)


def _convolution(step: Mapping[str, Any]) -> nn.Module:
    left, right, above, below = step["padding"]
    even = (left, above) == (right, below)
    inputs, outputs = step["channels"]
    convolution = nn.Conv2d(
        inputs,
        outputs,
        kernel_size=tuple(step["kernel"]),
        stride=tuple(step["stride"]),
        dilation=tuple(step["dilation"]),
        padding=(above, left) if even else 0,
        groups=step["groups"],
    )
    return convolution if even else _Padded(convolution, (left, right, above, below))


class _Padded(nn.Module):
    """A convolution after more padding on one side than on the other, as TensorFlow pads."""

    def __init__(self, convolution: nn.Conv2d, padding: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self._stride, self._dilation, self._groups = convolution.stride, convolution.dilation, convolution.groups
        self._padding = padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, self._padding)
        return functional.conv2d(padded, self.weight, self.bias, self._stride, 0, self._dilation, self._groups)


def _resize(step: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """Bilinear, the source of pixel i at i * old / new, the last row and column repeated: TensorFlow 1's way.

    With one pixel more on either side of the ratio, it is what PyTorch does when corners are aligned.
    """
    height, width = step["size"]
    longer = functional.pad(x, (0, 1, 0, 1), mode="replicate")
    resized = functional.interpolate(longer, (height + 1, width + 1), mode="bilinear", align_corners=True)
    return resized[:, :, :height, :width]


OPERATIONS: Mapping[str, Callable[..., torch.Tensor]] = {
    "add": lambda step, a, b: a + b,
    "multiply": lambda step, a, b: a * b,
    "plus": lambda step, x: x + step["value"],
    "times": lambda step, x: x * step["value"],
    "relu": lambda step, x: functional.relu(x),
    "relu6": lambda step, x: functional.relu6(x),
    "sigmoid": lambda step, x: torch.sigmoid(x),
    "mean": lambda step, x: x.mean((2, 3), keepdim=step["keep"]),
    "concat": lambda step, *parts: torch.cat(parts, 1),
    "resize": _resize,
}
"""Steps besides convolutions: a function of the step and its inputs."""


def _needless(steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> list[list[str]]:
    """After each step the results that no later one takes, so that their memory is used again."""
    last = {name: index for index, step in enumerate(steps) for name in step["of"]}
    needless: list[list[str]] = [[] for _ in steps]
    for name, index in last.items():
        if name not in outputs:
            needless[index].append(name)
    return needless


class Embedding(nn.Module):
    """A network with one output that is a vector; see `GraphNetwork`."""

    def __init__(self, steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> None:
        super().__init__()
        self.network = GraphNetwork(steps, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Vectors, (batch, width)."""
        vectors: torch.Tensor
        (vectors,) = self.network(x)
        return vectors


def embedding(steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> Embedding:
    """Build a network that makes one vector of an image, without trained weights."""
    return Embedding(steps, outputs)
