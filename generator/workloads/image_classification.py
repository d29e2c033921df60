"""Image classification: EfficientNet-Lite0 on labelled photographs.

A package has 20 of ImageNet's photographs. A public repository has 250 more; where it is out of reach, objects cut out
of photographs, which a package of Debian carries, take their place.

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
from generator.assets.fetch import Progress, fetch, fetch_one
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.networks import architectures
from generator.workloads.networks.architectures import METADATA_KEY
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.photographs import CENTRE, DETAILS, ON_GREY, pixels_of
from generator.workloads.sources.stamps import STAMPS, stamps_of
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
MIXED = "photographs-and-stamps"
CALIBRATION = "scikit-image-photographs"

SAMPLE_PHOTOGRAPHS_NOTE = "imagenet-sample-photographs"
"""Some of the photographs probably are training pictures: the accuracy is theirs, not ImageNet's."""

CUT_OUTS_NOTE = "labelled-cut-outs"
"""Most pictures are objects cut out of photographs, whose classes this project gave them."""

FEW_NOTE = "few-labelled-photographs"
"""Only foolbox's 20 photographs are labelled: one of them is 5 points of accuracy."""

_CLASS_STEP = 4
"""The catalogue's 250 photographs are every fourth of the repository's 1,000, which are sorted by class."""

_WEIGHTS_VERSION = 1
"""Raised when the file made of the published weights changes."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures and what they show."""

    photographs: tuple[Path, ...]
    labels: tuple[int, ...]
    """Class of each photograph and then of each object, 0 to 999."""

    cut_out: tuple[Path, ...] = ()
    """Objects without a background."""


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
        return ({MANY: SAMPLE_PHOTOGRAPHS_NOTE, MIXED: CUT_OUTS_NOTE, FEW: FEW_NOTE}[self.data_set],)

    @property
    def data_set(self) -> str:
        """Which photographs were to be had."""
        return self._taken.name

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, labelled photographs, calibration photographs."""
        return (source_of(asset(WEIGHTS)), *self._taken.sources, source_of(asset(CALIBRATION)))

    @property
    def labels_unknown(self) -> str | None:
        """None: some labelled photographs are always there, or `samples` raises."""
        return None

    @property
    def labelled(self) -> Labelled:
        """Labelled pictures: those of a package, and more of them where they can be had.

        Raises:
            AssetError: when not even the packaged ones are to be had.
        """
        return self._taken.data

    @cached_property
    def _taken(self) -> Taken[Labelled]:
        few = DataSet(FEW, (FEW,), _few)
        more = (DataSet(MANY, (FEW, MANY), _many), DataSet(MIXED, (FEW, STAMPS), _with_stamps))
        sets = (few,) if self.photographs == "packaged" else (*more, few)
        return first_to_be_had(sets, self.cache, KIND, self.progress)

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
        """Arrays "x", (1, 3, 224, 224) float32: the centre of each labelled photograph; of cut-outs the whole."""
        labelled = self.labelled
        text, total = "Photographs to pixels", len(labelled.photographs)
        progress = self.progress
        told = (lambda done: progress(text, done, total)) if progress else None
        pixels = pixels_of(labelled.photographs, (CENTRE,), SIDE_PIXELS, self.cache, told)
        if labelled.cut_out:
            pixels = np.concatenate([pixels, pixels_of(labelled.cut_out, (ON_GREY,), SIDE_PIXELS, self.cache)])
        return _inputs(pixels)

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


def _few(files: tuple[Path, ...]) -> Labelled:
    """The package's photographs, which have their class in their names; other files are left aside."""
    found = {path: match for path in files if (match := re.search(r"imagenet_\d+_(\d+)\.jpg$", path.name))}
    return Labelled(tuple(found), tuple(int(match[1]) for match in found.values()))


def _many(files: tuple[Path, ...]) -> Labelled:
    few = _few(files)
    many = files[len(few.labels) :]
    return Labelled(few.photographs + many, (*few.labels, *range(0, _CLASS_STEP * len(many), _CLASS_STEP)))


def _with_stamps(files: tuple[Path, ...]) -> Labelled:
    few, stamps = _few(files), stamps_of("imagenet", files)
    return Labelled(few.photographs, few.labels + stamps.classes, stamps.pictures)


def _inputs(pixels: NDArray[np.uint8]) -> tuple[Arrays, ...]:
    # The scale of the published weights; ImageNet's usual mean and deviation cost 3 of foolbox's 20 photographs.
    return tuple({"x": (square[np.newaxis].astype(np.float32) - 127) / np.float32(128)} for square in pixels)


def _convert(published: Path, to: Path) -> Mapping[str, str]:
    """Write the published weights as safetensors whose metadata names the architecture."""
    import torch
    from safetensors.torch import save_file

    from generator.workloads.networks.efficientnet_lite import converted, efficientnet_lite0

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
    from generator.workloads.networks import published_shapes

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
