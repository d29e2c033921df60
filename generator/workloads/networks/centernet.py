"""CenterNet: a detector without anchors, which looks for objects' centres and for the way from there to their edges.

Source: Zhou, Wang and Krähenbühl, "Objects as points" (arXiv:1904.07850); the choice of the strongest centres is
theirs. A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from generator.workloads.networks.graph_network import GraphNetwork

CELL_PIXELS = 4
"""Pixels of the image to one cell of the maps, in each direction."""

MOST_OBJECTS = 100
"""Objects of an image: as many as COCO's evaluation looks at."""


class CenterNet(nn.Module):
    """A network that gives two maps, and what makes objects of them.

    Args:
        steps: of a `GraphNetwork` for images of float32, 0 to 255.
        outputs: names of its two maps: the ways from each cell to the left, upper, right and lower edge, in pixels,
            (batch, 4, rows, columns); and how surely each cell is the centre of an object of each class.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> None:
        super().__init__()
        self.network = GraphNetwork(steps, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Objects of RGB images, (batch, 3, height, width) uint8.

        Returns:
            (batch, 100, 6): left, top, right, bottom in pixels, score, class; by class and place, not by score, so that
            two scores that are nearly alike do not change places from one runtime to the other.
        """
        edges, centres = self.network(x.float())
        rows, columns = centres.shape[2:]
        # The strongest of its neighbours alone is a centre: the paper's substitute for non-maximum suppression.
        peaks = centres * (functional.max_pool2d(centres, 3, 1, 1) == centres).float()
        found = torch.topk(peaks.flatten(1), MOST_OBJECTS)[1]
        places = torch.topk(found, MOST_OBJECTS, largest=False)[0]
        scores = peaks.flatten(1).gather(1, places)
        cells = places % (rows * columns)
        across, down = cells % columns * CELL_PIXELS, cells // columns * CELL_PIXELS
        left, top, right, bottom = edges.flatten(2).gather(2, cells[:, None].expand(-1, 4, -1)).unbind(1)
        sides = (across - left, down - top, across + right, down + bottom)
        return torch.stack((*sides, scores, (places // (rows * columns)).float()), 2)


def centernet(steps: Sequence[Mapping[str, Any]], outputs: Sequence[str]) -> CenterNet:
    """Build the detector without trained weights."""
    return CenterNet(steps, outputs)
