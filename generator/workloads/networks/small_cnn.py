"""A small convolutional network, for what is trained here: convolutions, normalization, pooling, one linear layer.

Its convolutions may be whole, factorised or separable, so that what compression makes of it is a network of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that a small network is built of, as it stands in its weight file."""

    channels: int
    """Channels of the images."""

    widths: Sequence[int]
    """Channels that each convolution gives."""

    classes: int
    halved: Sequence[int] = ()
    """Convolutions, counted from 0, after which the image is halved; after each one when left out."""

    ranks: Sequence[int] = ()
    """Rank of each convolution's two factors, 0 where it is whole; all are whole when left out."""

    separable: bool = False
    """Whether each convolution but the first is one within channels and then one across them."""

    def config(self) -> dict[str, object]:
        """Keyword arguments of `small_cnn`, as JSON gives them back."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


class Block(nn.Module):
    """Convolution, normalization and ReLU; the image is halved where `halves`."""

    def __init__(self, convolution: nn.Module, width: int, halves: bool) -> None:
        super().__init__()
        self.convolution, self.norm = convolution, nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(2) if halves else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, height, width) to (batch, width of the block, height, width), or to half of these."""
        given: torch.Tensor = self.pool(torch.relu(self.norm(self.convolution(x))))
        return given


def _whole(before: int, after: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1, bias=False, groups=groups)


def _across(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 1, bias=False)


def _separable(before: int, after: int) -> nn.Module:
    """A convolution within each channel, normalization, ReLU, and one across channels.

    Source: A. Howard et al., "MobileNets", arXiv:1704.04861.
    """
    return nn.Sequential(
        _whole(before, before, groups=before), nn.BatchNorm2d(before), nn.ReLU(), _across(before, after)
    )


class SmallCnn(nn.Module):
    """Blocks; then the mean over the image, then the classes."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        halved = shape.halved or range(len(shape.widths))
        ranks = shape.ranks or [0] * len(shape.widths)
        blocks = list[Block]()
        before = shape.channels
        for index, (after, rank) in enumerate(zip(shape.widths, ranks, strict=True)):
            convolution: nn.Module = _whole(before, after)
            if rank:
                convolution = nn.Sequential(_whole(before, rank), _across(rank, after))
            elif shape.separable and index:
                convolution = _separable(before, after)
            blocks.append(Block(convolution, after, index in halved))
            before = after
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(before, shape.classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, classes), of images of shape (batch, channels, height, width)."""
        features = self.blocks(x).mean((2, 3))
        logits: torch.Tensor = self.classifier(features)
        return logits


def small_cnn(
    channels: int,
    widths: Sequence[int],
    classes: int,
    halved: Sequence[int] = (),
    ranks: Sequence[int] = (),
    separable: bool = False,
) -> SmallCnn:
    """Build the network without trained weights; see `Shape`."""
    return SmallCnn(Shape(channels, tuple(widths), classes, tuple(halved), tuple(ranks), separable))
