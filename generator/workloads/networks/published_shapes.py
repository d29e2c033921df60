"""Networks of published shape and no published weights: MobileNetV2 and ResNet-50.

Time and operations of a network depend on its shape, not on what it has learned; so random weights serve to compare
shapes, and nothing can be said of the answers.
A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

import torch
from torch import nn

from generator.workloads.networks.efficientnet_lite import CLASSES, EfficientNetLite, Stage

MOBILENET_V2_STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=32),
    Stage(blocks=4, kernel=3, stride=2, expansion=6, channels=64),
    Stage(blocks=3, kernel=3, stride=1, expansion=6, channels=96),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=160),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)
"""Table 2 of the source of `mobilenet_v2`; stem and head are EfficientNet-Lite's."""

_RESNET_50_STAGES = ((3, 64), (4, 128), (6, 256), (3, 512))
"""Blocks of each stage, and their inner width; stages after the first halve the image."""

_BOTTLENECK = 4
"""Width of a block's output over its inner width."""


def mobilenet_v2() -> nn.Module:
    """MobileNetV2, 3.5 million parameters, without weights.

    Source: M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: Inverted Residuals and Linear
    Bottlenecks", arXiv:1801.04381.
    """
    return EfficientNetLite(MOBILENET_V2_STAGES)


def _unit(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    """Three convolutions, narrow inside, around which the input goes; the one in the middle has the stride."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * _BOTTLENECK
        self.narrow = _unit(inputs, width, 1)
        self.filter = _unit(width, width, 3, stride)
        self.widen = _unit(width, outputs, 1)
        self.around = _unit(inputs, outputs, 1, stride) if inputs != outputs else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, inputs, height, width) to (batch, 4 * width of the block, height / stride, width / stride)."""
        y = torch.relu(self.filter(torch.relu(self.narrow(x))))
        return torch.relu(self.widen(y) + self.around(x))


class ResNet50(nn.Module):
    """Stem, four stages of bottlenecks, global average, linear classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_unit(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        blocks, inputs = list[Bottleneck](), 64
        for stage, (count, width) in enumerate(_RESNET_50_STAGES):
            for index in range(count):
                blocks.append(Bottleneck(inputs, width, 2 if stage and not index else 1))
                inputs = width * _BOTTLENECK
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(inputs, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 3, 224, 224) to logits (batch, 1000)."""
        logits: torch.Tensor = self.classifier(self.blocks(self.stem(x)).mean((2, 3)))
        return logits


def resnet_50() -> nn.Module:
    """ResNet-50, 25.6 million parameters, without weights; the stride stands in the 3 by 3 convolution, as in MLPerf.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385.
    """
    return ResNet50()


def with_random_weights(module: nn.Module, seed: int) -> nn.Module:
    """Draw the weights of convolutions and linear layers so that numbers keep their size from layer to layer.

    Source of the deviation: K. He et al., "Delving Deep into Rectifiers", arXiv:1502.01852.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    return module.eval()
