"""Object detection: CenterNet with MobileNetV3 on photographs of COCO, or on single objects before grey.

The photographs (COCO128) are of COCO's training part, so the network has probably seen them: their average precision
says what a variant loses, not how good the network is. Where they are out of reach, objects cut out of photographs,
which a package of Debian carries, take their place; last, photographs on which nothing is marked. Calibration is on
views of other photographs.
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
from generator.assets.fetch import Progress, fetch
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import AssetError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.detections import Annotated, observe_detection
from generator.workloads.networks.tfjs import convert
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.photographs import DETAILS, ON_GREY, SQUEEZED, View, object_box, pixels_of
from generator.workloads.sources.stamps import STAMPS, stamps_of
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "object_detection"
ARCHITECTURE = "centernet"
SIDE_PIXELS = 512
TIMED_SAMPLES = 16

WEIGHTS = "human-centernet"
PHOTOGRAPHS = "coco128"
UNMARKED = "foolbox-imagenet-photographs"
CALIBRATION = "scikit-image-photographs"

TRAINING_PHOTOGRAPHS_NOTE = "coco-training-photographs"
"""The network has probably been trained on them."""

SINGLE_OBJECTS_NOTE = "single-cut-outs"
"""One object a picture, before grey: an easy set, and far from photographs of daily life."""

CLASSES = 80
"""Of COCO, as the network numbers them."""

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


def annotated_stamps(pictures: Sequence[Path], classes: Sequence[int]) -> Annotated:
    """Say in COCO's form where the object of each picture is, in pixels of the network's square.

    Args:
        pictures: one object each, with transparency.
        classes: of each, as the network numbers them.

    Raises:
        AssetError: when a file is no picture.
    """
    boxes = [object_box(picture, SIDE_PIXELS) for picture in pictures]
    sizes = [(left, top, right - left, bottom - top) for left, top, right, bottom in boxes]
    objects = [
        {"id": number, "image_id": number, "category_id": one, "bbox": list(box), "area": box[2] * box[3], "iscrowd": 0}
        for number, (one, box) in enumerate(zip(classes, sizes, strict=True), 1)
    ]
    images = [{"id": one["id"], "width": SIDE_PIXELS, "height": SIDE_PIXELS} for one in objects]
    categories = [{"id": number} for number in range(CLASSES)]
    return Annotated(
        annotations={"images": images, "annotations": objects, "categories": categories},
        images=tuple(range(1, len(pictures) + 1)),
        scales=((1.0, 1.0),) * len(pictures),
        categories=tuple(range(CLASSES)),
    )


@dataclass(frozen=True, slots=True)
class Pictures:
    """What the network looks at."""

    files: tuple[Path, ...]
    view: View
    annotated: Annotated | None
    """What is on them; None where nobody has marked it."""


def _coco(files: tuple[Path, ...]) -> Pictures:
    return Pictures(files[1:], SQUEEZED, annotated(files[0], files[1:]))


def _stamps(files: tuple[Path, ...]) -> Pictures:
    stamps = stamps_of("coco", files)
    return Pictures(stamps.pictures, ON_GREY, annotated_stamps(stamps.pictures, stamps.classes))


def _unmarked(files: tuple[Path, ...]) -> Pictures:
    return Pictures(files, SQUEEZED, None)


SETS = (
    DataSet(PHOTOGRAPHS, (PHOTOGRAPHS,), _coco),
    DataSet(STAMPS, (STAMPS,), _stamps),
    DataSet(UNMARKED, (UNMARKED,), _unmarked),
)
"""In order of preference."""


@dataclass(frozen=True)
class ObjectDetection:
    """CenterNet, pictures of objects, average precision."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "CenterNet with MobileNetV3, 2.0 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """Which pictures they are."""
        note = {PHOTOGRAPHS: TRAINING_PHOTOGRAPHS_NOTE, STAMPS: SINGLE_OBJECTS_NOTE}.get(self.data_set)
        return (note,) if note else ()

    @property
    def data_set(self) -> str:
        """Which pictures were to be had."""
        return self._taken.name

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, the pictures that were to be had, calibration photographs."""
        return (source_of(asset(WEIGHTS)), *self._taken.sources, source_of(asset(CALIBRATION)))

    @property
    def labels_unknown(self) -> str | None:
        """That no data set with marked objects is to be had, where none is."""
        return None if self.annotated else NO_DATA

    @cached_property
    def _taken(self) -> Taken[Pictures]:
        """The pictures.

        Raises:
            AssetError: when not even unmarked ones are to be had.
        """
        required(KIND, PIL="pillow", pycocotools="pycocotools")
        return first_to_be_had(SETS, self.cache, KIND, self.progress)

    @property
    def annotated(self) -> Annotated | None:
        """What is on the pictures; None where nobody has marked it.

        Raises:
            AssetError: when not even unmarked ones are to be had.
        """
        return self._taken.data.annotated

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
        """Arrays "x", (1, 3, 512, 512) uint8: the pictures."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Arrays, ...]:
        pictures, progress = self._taken.data, self.progress
        total = len(pictures.files)
        told = (lambda done: progress("Photographs to pixels", done, total)) if progress else None
        return _inputs(pixels_of(pictures.files, (pictures.view,), SIDE_PIXELS, self.cache, told))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly."""
        count = min(TIMED_SAMPLES, len(self._samples))
        return tuple(self._samples[index * len(self._samples) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Views of photographs that are not scored: whole ones first, then details of them."""
        photographs = fetch(asset(CALIBRATION), self.cache, self.progress)
        return _inputs(pixels_of(photographs, DETAILS, SIDE_PIXELS, self.cache)[:count])

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
