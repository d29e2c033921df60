"""Face detection: MTCNN's first network searches photographs, its other two judge windows.

The windows are labelled, a face or none, so that the judges have an accuracy. Nobody has marked the faces on the
photographs, so the search has its speed, and how many of the baseline's candidates a variant finds again.

Sources of the windows: G. B. Huang, M. Ramesh, T. Berg, E. Learned-Miller, "Labeled Faces in the Wild", University of
Massachusetts, Amherst, Technical Report 07-49; scikit-image's `lfw_subset` cut them out.
"""

from __future__ import annotations

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
from generator.core.errors import AssetError, PreparationError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.margins import observe_judging, observe_search
from generator.workloads.networks import architectures
from generator.workloads.options import Options
from generator.workloads.sources.photographs import CENTRE, DETAILS, pixels_of
from generator.workloads.workload import Arrays, Artifact

KIND = "face_detection"
WEIGHTS = "mtcnn"
WINDOWS = "lfw-windows"
PHOTOGRAPHS = "scikit-image-photographs"
OTHER_PHOTOGRAPHS = "foolbox-imagenet-photographs"

SEARCHED_PIXELS = 256
WINDOW_PIXELS = 48
GROUP = 20
"""Windows that are judged together: a cascade has some dozens of each photograph."""

TIMED_SAMPLES = 16

EASY_WINDOWS_NOTE = "easy-windows"
"""The windows hold a whole face or nothing like one, and are grey; some of the faces the network may know."""

NO_MARKED_FACES = "no-marked-faces"
"""Why the search has no accuracy."""

_FACES = 100
"""So many windows at the head of the file are faces, the others are none."""

_CALIBRATED_OF_FIVE = 1
"""Of every five windows so many are for calibration and not scored."""

_WEIGHTS_VERSION = 1
"""Raised when the file made of the published weights changes."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Windows, faces and others in turn."""

    windows: NDArray[np.float32]
    """(windows, 3, 48, 48), (pixel - 127.5) / 128."""

    faces: NDArray[np.bool_]
    """Whether it is a face."""


@dataclass(frozen=True)
class Judging:
    """R-Net and O-Net, labelled windows, how many are judged rightly."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Networks and size."""
        return "MTCNN: R-Net and O-Net, 0.49 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """What the windows are."""
        return (EASY_WINDOWS_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """Weights and windows."""
        return (source_of(asset(WEIGHTS)), source_of(asset(WINDOWS)))

    @property
    def labels_unknown(self) -> str | None:
        """None: of each window it is known whether it is a face."""
        return None

    @cached_property
    def _all(self) -> Labelled:
        required(KIND, PIL="pillow")
        return read_windows(fetch_one(asset(WINDOWS), self.cache, self.progress))

    @cached_property
    def scored(self) -> Labelled:
        """Windows that quality is measured on.

        Raises:
            AssetError: when they are not to be had.
        """
        return _part(self._all, calibrated=False)

    def model(self) -> Artifact:
        """The published weights of both networks.

        Raises:
            AssetError: when they are not to be had.
            PreparationError: when they are of another network.
            MissingPackage: when torch or safetensors is not installed.
        """
        return _weights("mtcnn_judges", self.cache, self.progress)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 20, 3, 48, 48) float32: groups of the scored windows."""
        return _groups(self.scored.windows)

    def timed_samples(self) -> Sequence[Arrays]:
        """Up to 16 of the samples."""
        return self.samples()[:TIMED_SAMPLES]

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Groups of the windows that are not scored."""
        return _groups(_part(self._all, calibrated=True).windows)[:count]

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Windows judged rightly, and against a baseline the same judgement and deviations; see `observe_judging`."""
        return observe_judging(outputs, self.scored.faces.reshape(-1, GROUP), baseline)


@dataclass(frozen=True)
class Searching:
    """P-Net, photographs, how many of the baseline's candidates are found again."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Network and size."""
        return "MTCNN: P-Net, 6,500 parameters"

    @property
    def notes(self) -> Sequence[str]:
        """Nothing: there is no accuracy to explain."""
        return ()

    @property
    def sources(self) -> Sequence[Source]:
        """Weights, photographs, photographs for calibration."""
        return tuple(source_of(asset(name)) for name in (WEIGHTS, PHOTOGRAPHS, OTHER_PHOTOGRAPHS))

    @property
    def labels_unknown(self) -> str | None:
        """That nobody has marked the faces."""
        return NO_MARKED_FACES

    def model(self) -> Artifact:
        """The published weights; see `Judging.model`."""
        return _weights("mtcnn_search", self.cache, self.progress)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 3, 256, 256) float32: six views of each photograph."""
        photographs = fetch(asset(PHOTOGRAPHS), self.cache, self.progress)
        return _whole(pixels_of(photographs, DETAILS, SEARCHED_PIXELS, self.cache))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly."""
        samples = self.samples()
        count = min(TIMED_SAMPLES, len(samples))
        return tuple(samples[index * len(samples) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Other photographs."""
        photographs = fetch(asset(OTHER_PHOTOGRAPHS), self.cache, self.progress)[:count]
        return _whole(pixels_of(photographs, (CENTRE,), SEARCHED_PIXELS, self.cache))

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Against a baseline the same candidates and deviations; see `observe_search`."""
        return observe_search(outputs, baseline) if baseline is not None else ()


def read_windows(path: Path) -> Labelled:
    """Read scikit-image's table: 100 faces, then 100 others, grey, 0 to 1.

    Returns:
        The windows enlarged (bicubic), faces and others in turn, so that every group has both.

    Raises:
        AssetError: when the file is another one.
    """
    from PIL import Image

    try:
        grey = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise AssetError(WINDOWS, f"'{path.name}' is no table of windows", "Delete it and try again.") from error
    if grey.ndim != 3 or len(grey) != 2 * _FACES or grey.dtype.kind != "f":
        raise AssetError(WINDOWS, f"'{path.name}' has the shape {grey.shape}", "Delete it and try again.")
    in_turn = np.arange(2 * _FACES).reshape(2, _FACES).T.ravel()
    size = (WINDOW_PIXELS, WINDOW_PIXELS)
    squares = [Image.fromarray(np.rint(255 * grey[index]).astype(np.uint8)).resize(size) for index in in_turn]
    pixels = np.stack([np.asarray(square, np.uint8) for square in squares])
    return Labelled(_scaled(np.repeat(pixels[:, np.newaxis], 3, axis=1)), in_turn < _FACES)


def _part(labelled: Labelled, *, calibrated: bool) -> Labelled:
    # By pairs of a face and another: every part keeps them in turn.
    chosen = (np.arange(len(labelled.faces)) // 2 % 5 < _CALIBRATED_OF_FIVE) == calibrated
    return Labelled(labelled.windows[chosen], labelled.faces[chosen])


def _groups(windows: NDArray[np.float32]) -> tuple[Arrays, ...]:
    return tuple({"x": windows[np.newaxis, first : first + GROUP]} for first in range(0, len(windows), GROUP))


def _whole(pixels: NDArray[np.uint8]) -> tuple[Arrays, ...]:
    return tuple({"x": _scaled(square[np.newaxis])} for square in pixels)


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels as the published networks were trained on them."""
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(128)


def _weights(architecture: str, cache: Cache, progress: Progress | None) -> Artifact:
    """Published weights, renamed and without pickle."""
    required(KIND, torch="torch", safetensors="safetensors")
    search, refine, output = fetch(asset(WEIGHTS), cache, progress)
    key = {"architecture": architecture, "weights": asset(WEIGHTS).sha256, "version": _WEIGHTS_VERSION}

    def make(to: Path) -> Mapping[str, str]:
        import torch

        from generator.workloads.networks import mtcnn

        def published(path: Path) -> Mapping[str, torch.Tensor]:
            return torch.load(path, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]

        try:
            if architecture == "mtcnn_search":
                weights = mtcnn.search_weights(published(search))
            else:
                weights = mtcnn.judges_weights(published(refine), published(output))
        except (RuntimeError, ValueError, EOFError, AttributeError) as error:
            problem = f"the weights do not fit MTCNN ({type(error).__name__})"
            raise PreparationError(WEIGHTS, problem, "Report it, with the version of torch.") from error
        architectures.save_weights(weights, to, architecture, {})
        return {}

    path, notes = cache.built("models", key, ".safetensors", make)
    return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> Judging | Searching:
    """Make the workload of its option `stage`: `judging` windows (the default), or `searching` photographs.

    Raises:
        DefinitionError: when an option is unknown.
    """
    chosen = Options(f"workload '{KIND}'", options).only("stage")
    searching = chosen.word("stage", "judging", "searching") == "searching"
    return Searching(cache, progress) if searching else Judging(cache, progress)
