"""Image classification: EfficientNet-Lite0 on labelled ImageNet photographs.

Calibration is on 30 views of 5 photographs that scikit-image carries, so that every labelled one stays unseen.
Measured on the 250 photographs (Xeon with AVX512-VNNI, uint8 activations, min-max): top-1 0.904 and agreement 0.976
when calibrated on these views, 0.900 and 0.976 on foolbox's 20 photographs; 0.896 in fp32. So nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.cache import Cache, file_sha256
from generator.assets.fetch import Progress, fetch, fetch_one
from generator.assets.packages import required
from generator.definition import Option
from generator.errors import AssetError, PreparationError
from generator.record import Observations, Source
from generator.workloads import architectures
from generator.workloads.architectures import METADATA_KEY
from generator.workloads.observations import observe_classification
from generator.workloads.options import Options
from generator.workloads.photographs import CENTRE, DETAILS, pixels_of
from generator.workloads.workload import Arrays, Artifact

KIND = "image_classification"
ARCHITECTURE = "efficientnet_lite0"
SHAPES = ("mobilenet_v2", "resnet_50")
"""Networks of published shape whose weights are random here."""

SEED = 0
"""Of random weights."""

UNKNOWN_KEY, RANDOM = "quality unknown", "random-weights"
"""Key of the note of a network with random weights, and its value: why nothing can be said of its answers."""

SIDE_PIXELS = 224
TIMED_SAMPLES = 16

WEIGHTS = "efficientnet-lite0-weights"
FEW = "foolbox-imagenet-photographs"
MANY = "imagenet-sample-images"
CALIBRATION = "scikit-image-photographs"

SAMPLE_PHOTOGRAPHS_NOTE = "imagenet-sample-photographs"
"""Some of the photographs probably are training pictures: the accuracy is theirs, not ImageNet's."""

FEW_NOTE = "few-labelled-photographs"
"""Only foolbox's 20 photographs are labelled: one of them is 5 points of accuracy."""

_CLASS_STEP = 4
"""The catalogue's 250 photographs are every fourth of the repository's 1,000, which are sorted by class."""

_WEIGHTS_VERSION = 1
"""Raised when the file made of the published weights changes."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Photographs and what they show."""

    photographs: tuple[Path, ...]
    labels: tuple[int, ...]
    """Class of each photograph, 0 to 999."""

    assets: tuple[str, ...]
    """Catalogue names of where they come from."""


@dataclass(frozen=True)
class ImageClassification:
    """EfficientNet-Lite0, photographs, top-1."""

    cache: Cache
    photographs: str = "all"
    """`all` that can be had, or only those that are `packaged`: foolbox's 20."""

    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "EfficientNet-Lite0, 4.65 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """Which photographs they are."""
        return (SAMPLE_PHOTOGRAPHS_NOTE,) if MANY in self.labelled.assets else (FEW_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, labelled photographs, calibration photographs."""
        return tuple(source_of(asset(name)) for name in (WEIGHTS, *self.labelled.assets, CALIBRATION))

    @property
    def labels_unknown(self) -> str | None:
        """None: some labelled photographs are always there, or `samples` raises."""
        return None

    @cached_property
    def labelled(self) -> Labelled:
        """Labelled photographs: those of a package, and those of a public repository where they can be had.

        Raises:
            AssetError: when not even the packaged ones are to be had.
        """
        few = fetch(asset(FEW), self.cache, self.progress)
        labels = tuple(_label_in_name(path) for path in few)
        many = self._many()
        return Labelled(
            photographs=few + many,
            labels=labels + tuple(range(0, _CLASS_STEP * len(many), _CLASS_STEP)),
            assets=(FEW, MANY) if many else (FEW,),
        )

    def _many(self) -> tuple[Path, ...]:
        if self.photographs == "packaged":
            return ()
        try:
            return fetch(asset(MANY), self.cache, self.progress)
        except AssetError as error:
            # Nothing is lost but precision, and the note says so.
            if self.progress:
                self.progress(f"Going on with 20 photographs. {error}", 0, 1)
            return ()

    def model(self) -> Artifact:
        """The published weights, renamed and without pickle.

        Raises:
            AssetError: when the weights are not to be had.
            MissingPackage: when torch or safetensors is not installed.
        """
        required(KIND, torch="torch", safetensors="safetensors")
        published = fetch_one(asset(WEIGHTS), self.cache, self.progress)
        key = {"architecture": ARCHITECTURE, "weights": asset(WEIGHTS).sha256, "version": _WEIGHTS_VERSION}
        path, notes = self.cache.built("models", key, ".safetensors", lambda to: _convert(published, to))
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    @property
    def architectures(self) -> Sequence[str]:
        """The one whose weights were published first; the others are shapes."""
        return (ARCHITECTURE, *SHAPES)

    def model_of(self, architecture: str) -> Artifact:
        """Another network for the same photographs: a published shape with random weights; see `model`."""
        if architecture == ARCHITECTURE:
            return self.model()
        versions = required(KIND, torch="torch", safetensors="safetensors")
        code = file_sha256(Path(architectures.__file__).with_name("published_shapes.py"))
        key = {"architecture": architecture, "seed": SEED, "code": code, **versions}
        path, notes = self.cache.built("models", key, ".safetensors", lambda to: _random(architecture, to))
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def quality_unknown(self, artifact: Artifact) -> str | None:
        """Of a network with random weights that nothing can be said of its answers."""
        return artifact.notes.get(UNKNOWN_KEY)

    def observe_model(self, artifact: Artifact) -> tuple[Observations, ...]:
        """Nothing beyond what its answers show."""
        return ()

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 3, 224, 224) float32: the centre of each labelled photograph."""
        photographs = self.labelled.photographs
        text, total = "Photographs to pixels", len(photographs)
        progress = self.progress
        told = (lambda done: progress(text, done, total)) if progress else None
        return _inputs(pixels_of(photographs, (CENTRE,), SIDE_PIXELS, self.cache, told))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly."""
        samples = self.samples()
        count = min(TIMED_SAMPLES, len(samples))
        return tuple(samples[index * len(samples) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Up to 30 inputs: whole photographs first, then details of them. None of them is labelled."""
        photographs = fetch(asset(CALIBRATION), self.cache, self.progress)
        return _inputs(pixels_of(photographs, DETAILS, SIDE_PIXELS, self.cache))[:count]

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Top-1, and against a baseline agreement and deviations; see `observe_classification`."""
        return observe_classification(outputs, self.labelled.labels, baseline)


def _label_in_name(path: Path) -> int:
    match = re.search(r"_(\d+)\.jpg$", path.name)
    if not match:
        raise AssetError(FEW, f"the file name '{path.name}' ends in no label", "Mend the manifest.")
    return int(match[1])


def _inputs(pixels: NDArray[np.uint8]) -> tuple[Arrays, ...]:
    # The scale of the published weights; ImageNet's usual mean and deviation cost 3 of foolbox's 20 photographs.
    return tuple({"x": (square[np.newaxis].astype(np.float32) - 127) / np.float32(128)} for square in pixels)


def _convert(published: Path, to: Path) -> Mapping[str, str]:
    """Write the published weights as safetensors whose metadata names the architecture."""
    import torch
    from safetensors.torch import save_file

    from generator.workloads.efficientnet_lite import converted, efficientnet_lite0

    try:
        weights = converted(torch.load(published, map_location="cpu", weights_only=True))
        efficientnet_lite0().load_state_dict(weights)
    except (RuntimeError, ValueError, EOFError) as error:
        problem = f"'{published.name}' does not fit EfficientNet-Lite0 ({type(error).__name__})"
        raise PreparationError(WEIGHTS, problem, "Report it, with the version of torch.") from error
    save_file(weights, to, {METADATA_KEY: ARCHITECTURE})
    return {}


def _random(architecture: str, to: Path) -> Mapping[str, str]:
    """Write a network of a published shape with seeded weights."""
    from generator.workloads import published_shapes

    module = published_shapes.with_random_weights(getattr(published_shapes, architecture)(), SEED)
    architectures.save_module(module, to, architecture, {})
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return {"network": architecture, "parameters": str(parameters), UNKNOWN_KEY: RANDOM}


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> ImageClassification:
    """Make the workload of its option `photographs`: `all` that can be had, or only the 20 `packaged` ones.

    Raises:
        DefinitionError: when an option is unknown.
    """
    chosen = Options(f"workload '{KIND}'", options).only("photographs")
    return ImageClassification(cache, chosen.word("photographs", "all", "packaged"), progress)
