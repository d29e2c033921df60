"""Digits that are easy to tell apart, and recipes that take a second."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from generator.workloads.digits import NETWORKS, Network

COUNT = 200
"""Twenty of each class."""


def table(folder: Path) -> Path:
    """A table in the form of the download: digit n has a bright stripe at its own height; each has noise of its own."""
    chance = np.random.default_rng(0)
    classes = np.repeat(np.arange(10), COUNT // 10)
    images = chance.integers(0, 60, (COUNT, 28, 28))
    for image, one in zip(images, classes, strict=True):
        image[2 * one + 2 : 2 * one + 5] = 255
        image[0, 0] = 0
    rows = np.column_stack([images.reshape(COUNT, -1), classes])
    path = folder / "mnist.csv.gz"
    path.write_bytes(gzip.compress("\n".join(",".join(map(str, row)) for row in rows).encode()))
    return path


def quick(steps: int) -> Mapping[str, Network]:
    """The same networks, narrow and trained for so many steps."""
    return {
        name: replace(
            one,
            config={**one.config, "widths": [16, 16, 16, 16, 16]},
            recipe=replace(one.recipe, steps=steps, batch=32),
        )
        for name, one in NETWORKS.items()
    }
