"""A small convolutional network, for what is trained here: convolutions, normalization, pooling, one linear layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class SmallCnn(nn.Module):
    """Blocks of convolution, normalization and ReLU, halving the image after each; then the mean, then the classes.

    Args:
        channels: channels of the images.
        widths: channels of each block.
        classes: number of classes.
    """

    def __init__(self, channels: int, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((channels, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, classes), of images of shape (batch, channels, height, width)."""
        features = self.features(x).mean((2, 3))
        logits: torch.Tensor = self.classifier(features)
        return logits


def small_cnn(channels: int, widths: Sequence[int], classes: int) -> SmallCnn:
    """Build the network without trained weights."""
    return SmallCnn(channels, widths, classes)
