"""MTCNN: three small networks find faces, each looking closer at what the one before it let through.

The first searches the whole photograph at several sizes; the other two judge the windows that it found. Only what tells
a face from none is here: the heads that mend a window's frame and mark eyes and mouth are a fiftieth of the work at
most.

Source: K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks", arXiv:1604.02878.
A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

SMALLEST_PIXELS = 12
"""Side of the window that the first network slides over a photograph."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, its activation, and the max pooling behind it."""

    channels: int
    kernel: int
    pooling: int = 0
    """Side of the pooled squares, which lie two apart; 0 where there is none."""


SEARCH = (Layer(10, 3, 2), Layer(16, 3), Layer(32, 3))
REFINE = (Layer(28, 3, 3), Layer(48, 3, 3), Layer(64, 2))
OUTPUT = (Layer(32, 3, 3), Layer(64, 3, 3), Layer(64, 3, 2), Layer(128, 2))
"""Convolutions of P-Net, R-Net and O-Net."""

_REFINE_SIDE, _REFINE_WIDTH = 3, 128
_OUTPUT_SIDE, _OUTPUT_WIDTH = 3, 256
"""Side of what the convolutions leave of a window, and width of the layer that looks at all of it."""


def _features(layers: Sequence[Layer]) -> nn.Sequential:
    parts, channels = list[nn.Module](), 3
    for layer in layers:
        parts += [nn.Conv2d(channels, layer.channels, layer.kernel), nn.PReLU(layer.channels)]
        if layer.pooling:
            parts.append(nn.MaxPool2d(layer.pooling, 2, ceil_mode=True))
        channels = layer.channels
    return nn.Sequential(*parts)


def _judging(layers: Sequence[Layer], side: int, width: int) -> nn.Sequential:
    whole = nn.Linear(layers[-1].channels * side * side, width)
    return nn.Sequential(*_features(layers), nn.Flatten(), whole, nn.PReLU(width), nn.Linear(width, 2))


def _margin(logits: torch.Tensor) -> torch.Tensor:
    """How much more a face than none; logits of none and of a face lie along axis 1."""
    return logits[:, 1] - logits[:, 0]


class Search(nn.Module):
    """P-Net at every size of a photograph, each half of the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(*_features(SEARCH), nn.Conv2d(SEARCH[-1].channels, 2, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Look for faces in photographs, (batch, 3, side, side) float32, (pixel - 127.5) / 128.

        Returns:
            (batch, places): how much more a face than none the window at each place is, as a difference of logits; the
            places of the whole photograph row by row, then those of half of it, and so on.
        """
        found = [_margin(self.network(x)).flatten(1)]
        while x.shape[-1] >= 2 * SMALLEST_PIXELS:
            x = nn.functional.avg_pool2d(x, 2)
            found.append(_margin(self.network(x)).flatten(1))
        return torch.cat(found, 1)


class Judges(nn.Module):
    """R-Net and O-Net on the same windows; a cascade would spare O-Net those that R-Net refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.refine = _judging(REFINE, _REFINE_SIDE, _REFINE_WIDTH)
        self.output = _judging(OUTPUT, _OUTPUT_SIDE, _OUTPUT_WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Judge groups of windows, (batch, windows, 3, 48, 48) float32, (pixel - 127.5) / 128.

        Returns:
            (batch, windows, 2): how much more a face than none, as a difference of logits, by R-Net and by O-Net.
        """
        windows = x.flatten(0, 1)
        judged = (_margin(self.refine(nn.functional.avg_pool2d(windows, 2))), _margin(self.output(windows)))
        return torch.stack(judged, 1).reshape(-1, x.shape[1], 2)


def search() -> Search:
    """Build P-Net without weights."""
    return Search()


def judges() -> Judges:
    """Build R-Net and O-Net without weights."""
    return Judges()


def search_weights(published: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Name P-Net's published weights as `search` names them.

    Args:
        published: state of facenet-pytorch 2.6.0's P-Net.

    Raises:
        ValueError: when they are of another network.
    """
    return _renamed({name: tensor for name, tensor in published.items() if "conv4_2" not in name}, search())


def judges_weights(refine: Mapping[str, torch.Tensor], output: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Name R-Net's and O-Net's published weights as `judges` names them.

    Args:
        refine: state of facenet-pytorch 2.6.0's R-Net.
        output: state of its O-Net.

    Raises:
        ValueError: when they are of other networks.
    """
    halves = dict[str, torch.Tensor]()
    built = judges()
    for half, published in (("refine", refine), ("output", output)):
        dropped = ("dense5_2",) if half == "refine" else ("dense6_2", "dense6_3")
        kept = {name: tensor for name, tensor in published.items() if not name.startswith(dropped)}
        named = _renamed(kept, getattr(built, half))
        halves |= {f"{half}.{name}": tensor for name, tensor in named.items()}
    return halves


def _renamed(published: Mapping[str, torch.Tensor], module: nn.Module) -> dict[str, torch.Tensor]:
    """Give weights the module's names, in whose order they stand."""
    wanted = module.state_dict()
    if [tensor.shape for tensor in published.values()] != [tensor.shape for tensor in wanted.values()]:
        raise ValueError("the shapes are those of another network")
    named = dict(zip(wanted, published.values(), strict=True))
    return {name: _by_channels(tensor) if tensor.ndim == 2 else tensor for name, tensor in named.items()}


def _by_channels(weight: torch.Tensor) -> torch.Tensor:
    """Order the inputs of a linear layer as PyTorch flattens a map: by channel, row, column.

    The published order is column, row, channel; only the layers that follow a map of 3 by 3 have it.
    """
    outputs, inputs = weight.shape
    if inputs % (_REFINE_SIDE * _REFINE_SIDE):
        return weight
    maps = weight.reshape(outputs, _REFINE_SIDE, _REFINE_SIDE, -1)
    return maps.permute(0, 3, 2, 1).reshape(outputs, inputs).contiguous()
