"""Object detection: CenterNet with MobileNetV3 on photographs of COCO.

The photographs (COCO128) are of COCO's training part, so the network has probably seen them: their average precision
says what a variant loses, not how good the network is. Calibration is on views of other photographs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.cache import Cache, file_sha256
from generator.assets.fetch import Progress, fetch
from generator.assets.packages import required
from generator.definition import Option
from generator.errors import AssetError
from generator.record import Observations, Source
from generator.workloads.detections import Annotated, observe_detection
from generator.workloads.options import Options
from generator.workloads.photographs import DETAILS, SQUEEZED, pixels_of
from generator.workloads.tfjs import convert
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "object_detection"
ARCHITECTURE = "centernet"
SIDE_PIXELS = 512
TIMED_SAMPLES = 16

WEIGHTS = "human-centernet"
PHOTOGRAPHS = "coco128"
CALIBRATION = "scikit-image-photographs"

TRAINING_PHOTOGRAPHS_NOTE = "coco-training-photographs"
"""The network has probably been trained on them."""

OUTPUT_NODES = ("tower_0/wh", "tower_0/keypoints")
"""Ways to the edges, and centres. What makes objects of them is in `CenterNet`."""

_WEIGHTS_VERSION = 2
"""Raised when the file made of the published weights changes."""


def annotated(description: Path, photographs: Sequence[Path]) -> Annotated:
    """Read annotations in COCO's form.

    Args:
        description: JSON with images, annotations and categories.
        photographs: files that it names, in the order of the samples.

    Raises:
        AssetError: when it has another form, or does not know a photograph.
    """
    try:
        read: dict[str, Any] = json.loads(description.read_text("utf-8"))
        images = {image["file_name"]: image for image in read["images"]}
        chosen = [images[path.name] for path in photographs]
        return Annotated(
            annotations=read,
            images=tuple(int(image["id"]) for image in chosen),
            scales=tuple((image["width"] / SIDE_PIXELS, image["height"] / SIDE_PIXELS) for image in chosen),
            categories=tuple(sorted(int(category["id"]) for category in read["categories"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"'{description.name}' is not in COCO's form ({type(error).__name__})"
        raise AssetError(PHOTOGRAPHS, problem, "Delete it, so that it is fetched again.") from error


@dataclass(frozen=True)
class ObjectDetection:
    """CenterNet, photographs of COCO, average precision."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "CenterNet with MobileNetV3, 2.0 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """Which photographs they are."""
        return (TRAINING_PHOTOGRAPHS_NOTE,) if self._labelled else ()

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, the photographs that were to be had, calibration photographs."""
        labelled = (PHOTOGRAPHS,) if self._labelled else ()
        return tuple(source_of(asset(name)) for name in (WEIGHTS, *labelled, CALIBRATION))

    @property
    def labels_unknown(self) -> str | None:
        """That the data set is not to be had, where it is not."""
        return None if self._labelled else NO_DATA

    @cached_property
    def _labelled(self) -> tuple[Path, ...]:
        """Annotations and photographs; nothing where they are not to be had."""
        required(KIND, pycocotools="pycocotools")
        try:
            return fetch(asset(PHOTOGRAPHS), self.cache, self.progress)
        except AssetError as error:
            if self.progress:
                self.progress(f"Going on without annotated photographs. {error}", 0, 1)
            return ()

    @cached_property
    def annotated(self) -> Annotated | None:
        """What is on the photographs; None where the data set is not to be had.

        Raises:
            AssetError: when the annotations have another form.
        """
        return annotated(self._labelled[0], self._labelled[1:]) if self._labelled else None

    def model(self) -> Artifact:
        """The published weights as steps for PyTorch.

        Raises:
            AssetError: when the weights are not to be had.
            PreparationError: when they cannot be read.
            MissingPackage: when torch or safetensors is not installed.
        """
        required(KIND, torch="torch", safetensors="safetensors")
        description, weights = fetch(asset(WEIGHTS), self.cache, self.progress)

        def make(to: Path) -> Mapping[str, str]:
            return convert(description, weights, OUTPUT_NODES, ARCHITECTURE, to)

        key = {"architecture": ARCHITECTURE, "weights": asset(WEIGHTS).sha256, "version": _WEIGHTS_VERSION}
        path, notes = self.cache.built("models", key, ".safetensors", make)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 3, 512, 512) uint8: the annotated photographs, or unlabelled ones where there are none."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Arrays, ...]:
        if not self._labelled:
            return _inputs(self._views()[::2])
        progress, total = self.progress, len(self._labelled) - 1
        told = (lambda done: progress("Photographs to pixels", done, total)) if progress else None
        return _inputs(pixels_of(self._labelled[1:], (SQUEEZED,), SIDE_PIXELS, self.cache, told))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly."""
        count = min(TIMED_SAMPLES, len(self._samples))
        return tuple(self._samples[index * len(self._samples) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Views of photographs that are not scored: whole ones first, then details of them."""
        views = self._views()
        return _inputs(views if self._labelled else views[1::2])[:count]

    def _views(self) -> NDArray[np.uint8]:
        photographs = fetch(asset(CALIBRATION), self.cache, self.progress)
        return pixels_of(photographs, DETAILS, SIDE_PIXELS, self.cache)

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Average precision, and against a baseline the boxes that agree; see `observe_detection`."""
        return observe_detection(outputs, self.annotated, baseline)


def _inputs(pixels: NDArray[np.uint8]) -> tuple[Arrays, ...]:
    return tuple({"x": square[np.newaxis]} for square in pixels)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> ObjectDetection:
    """Make the workload; it has no options.

    Raises:
        DefinitionError: when there is one nevertheless.
    """
    Options(f"workload '{KIND}'", options).only()
    return ObjectDetection(cache, progress)
