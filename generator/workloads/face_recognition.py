"""Face recognition: FaceRes makes a vector of a face, and vectors of one person lie close together.

Quality is measured on 35 people of the ORL face database, which a package carries; the other five are for calibration,
so that no face and no person of the calibration is scored. The photographs are grey, frontal and sharp: an easy set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.verification import observe_verification
from generator.workloads.networks.tfjs import convert
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.photographs import DETAILS, View, pixels_of
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "face_recognition"
ARCHITECTURE = "embedding"
SIDE_PIXELS = 224
TIMED_SAMPLES = 16

WEIGHTS = "human-faceres"
FACES = "orl-faces"
WITHOUT_FACES = "scikit-image-photographs"
"""What is computed on where the faces are not to be had: speed and fidelity need no people."""

EASY_FACES_NOTE = "easy-faces"
"""The photographs were made in one studio: real ones are harder."""

FACE = View(1, 0.5, 0.8)
"""The square of an ORL photograph (92 x 112 pixels) that holds chin and brow."""

CALIBRATION_PEOPLE = 5
"""The last so many people are not scored."""

OUTPUT_NODE = "global_pooling/Mean"
"""The vector; the graph's other outputs guess age and sex, and are not computed."""

_CHANNEL_MEANS = (103.939, 116.779, 123.68)
"""Of blue, green and red over ImageNet, as Keras's MobileNet of this family subtracts them. Measured on all of ORL:
0.975 of the pairs are accepted with them, 0.968 with RGB as it is."""

_WEIGHTS_VERSION = 2
"""Raised when the file made of the published weights changes."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Photographs that are scored, who is on them, and further ones for calibration."""

    scored: NDArray[np.uint8]
    """RGB, (photographs, 3, side, side)."""

    people: tuple[int, ...] | None
    """Who is on each scored one; None when nobody knows."""

    calibration: NDArray[np.uint8]


@dataclass(frozen=True)
class FaceRecognition:
    """FaceRes, ORL faces, acceptance of pairs."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "FaceRes (MobileNet-v1), 3.2 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """What the faces are."""
        return (EASY_FACES_NOTE,) if self.faces.people is not None else ()

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, and the photographs that were to be had."""
        return (source_of(asset(WEIGHTS)), *self._taken.sources)

    @property
    def data_set(self) -> str:
        """Which photographs were to be had."""
        return self._taken.name

    @property
    def labels_unknown(self) -> str | None:
        """That the faces are not to be had, where they are not."""
        return NO_DATA if self.faces.people is None else None

    @property
    def faces(self) -> Faces:
        """The faces, or views of other photographs where they are not to be had.

        Raises:
            AssetError: when not even those are.
        """
        return self._taken.data

    @cached_property
    def _taken(self) -> Taken[Faces]:
        sets = (DataSet(FACES, (FACES,), self._people), DataSet(WITHOUT_FACES, (WITHOUT_FACES,), self._nobody))
        return first_to_be_had(sets, self.cache, KIND, self.progress)

    def _people(self, photographs: tuple[Path, ...]) -> Faces:
        pixels = pixels_of(photographs, (FACE,), SIDE_PIXELS, self.cache)
        people = tuple(_person(path) for path in photographs)
        scored = max(people) - CALIBRATION_PEOPLE
        mask = np.asarray(people) <= scored
        # Everybody's first photograph, then everybody's second: a few inputs are of different people.
        calibration = pixels[~mask].reshape(CALIBRATION_PEOPLE, -1, *pixels.shape[1:]).swapaxes(0, 1)
        return Faces(
            scored=pixels[mask],
            people=tuple(person for person in people if person <= scored),
            calibration=calibration.reshape(-1, *pixels.shape[1:]),
        )

    def _nobody(self, photographs: tuple[Path, ...]) -> Faces:
        views = pixels_of(photographs, DETAILS, SIDE_PIXELS, self.cache)
        return Faces(views[::2], None, views[1::2])

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
            return convert(description, weights, (OUTPUT_NODE,), ARCHITECTURE, to)

        key = {"architecture": ARCHITECTURE, "weights": asset(WEIGHTS).sha256, "version": _WEIGHTS_VERSION}
        path, notes = self.cache.built("models", key, ".safetensors", make)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 3, 224, 224) float32: the scored faces."""
        return _inputs(self.faces.scored)

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly."""
        scored = self.faces.scored
        count = min(TIMED_SAMPLES, len(scored))
        return _inputs(scored[[index * len(scored) // count for index in range(count)]])

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Faces of people who are not scored."""
        return _inputs(self.faces.calibration[:count])

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Acceptance of pairs and nearest faces, and against a baseline agreement and deviations."""
        return observe_verification(outputs, self.faces.people, baseline)


def _person(photograph: Path) -> int:
    """Number of the person, which the folder's name has: s7."""
    return int(photograph.parent.name.removeprefix("s"))


def _inputs(pixels: NDArray[np.uint8]) -> tuple[Arrays, ...]:
    means = np.array(_CHANNEL_MEANS, np.float32)[:, np.newaxis, np.newaxis]
    return tuple({"x": (square[::-1].astype(np.float32) - means)[np.newaxis]} for square in pixels)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> FaceRecognition:
    """Make the workload; it has no options.

    Raises:
        DefinitionError: when there is one nevertheless.
    """
    Options(f"workload '{KIND}'", options).only()
    return FaceRecognition(cache, progress)
