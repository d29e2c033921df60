"""Handwritten digits: small convolutional networks trained here, to compress or to compare with one another.

5,000 of MNIST's digits come in a package. Two fifths of them are never trained on: the accuracy is theirs. Each network
is trained once, with a fixed seed, and kept by a hash of everything that it depends on.

Source of the digits: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998).
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch_one
from generator.core.cache import Built, Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import AssetError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.networks import architectures
from generator.workloads.options import Options
from generator.workloads.workload import Arrays, Artifact, Lessons, Training

if TYPE_CHECKING:
    from generator.workloads.networks.small_cnn import SmallCnn
    from generator.workloads.networks.training import Loss

KIND = "digits"
DATA = "mnist-digits"
ARCHITECTURE = "small_cnn"
TIMED_SAMPLES = 16
SIDE_PIXELS = 28
CLASSES = 10
SEED = 0

TRAINED_ONCE_NOTE = "trained-once"
"""Each network was trained once: small differences between networks may be luck."""

_FIFTHS_TESTED = 2
"""Of every five digits so many are tested on; the file is sorted by class, so that both parts have all classes."""

_LARGEST_TABLE_BYTES = 64 * 1024 * 1024
"""The table has 9 MB; an archive may claim anything."""

_SHAPE: Mapping[str, object] = MappingProxyType({"channels": 1, "classes": CLASSES})


@dataclass(frozen=True, slots=True)
class Network:
    """A network and how it is trained."""

    title: str
    """What a reader knows it by."""

    config: Mapping[str, object]
    """Keyword arguments of `small_cnn`, besides those of the images."""

    recipe: Training


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "standard": Network(
            "convolutional network",
            {"widths": [32, 64, 64, 128, 128], "halved": [0, 2, 4]},
            Training(steps=300, largest_rate=5e-3, batch=64),
        ),
        "small": Network(
            "small convolutional network",
            {"widths": [8, 16, 16, 32, 32], "halved": [0, 2, 4]},
            Training(steps=400, largest_rate=1e-2, batch=64),
        ),
        "separable": Network(
            "network of depthwise-separable convolutions",
            {"widths": [32, 64, 64, 128, 128], "halved": [0, 2, 4], "separable": True},
            Training(steps=240, largest_rate=1e-2, batch=64),
        ),
    }
)
"""Networks by the names that definitions use."""


@dataclass(frozen=True)
class Digits:
    """MNIST's digits, a network, top-1."""

    cache: Cache
    network: str = "standard"
    """Key of `NETWORKS`."""

    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Network and size."""
        return f"{NETWORKS[self.network].title}, {self._trained(self.network).notes['parameters']} parameters"

    @property
    def notes(self) -> Sequence[str]:
        """That it was trained here, once."""
        return (TRAINED_ONCE_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """The digits."""
        return (source_of(asset(DATA)),)

    @property
    def labels_unknown(self) -> str | None:
        """None: every digit has its class."""
        return None

    @cached_property
    def _all(self) -> Lessons:
        return read_digits(fetch_one(asset(DATA), self.cache, self.progress))

    @cached_property
    def test(self) -> Lessons:
        """Digits that nothing is trained on; quality is measured on them.

        Raises:
            AssetError: when the digits are not to be had.
        """
        return _part(self._all, tested=True)

    def lessons(self) -> Lessons:
        """Digits to train on.

        Raises:
            AssetError: when the digits are not to be had.
        """
        return _part(self._all, tested=False)

    @property
    def architectures(self) -> Sequence[str]:
        """This workload's own network first."""
        return (self.network, *(name for name in NETWORKS if name != self.network))

    def model(self) -> Artifact:
        """The network, trained.

        Raises:
            AssetError: when the digits are not to be had.
            MissingPackage: when torch or safetensors is not installed.
        """
        return self.model_of(self.network)

    def model_of(self, architecture: str) -> Artifact:
        """Another network, trained on the same digits; see `model`."""
        path, notes = self._trained(architecture)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def quality_unknown(self, artifact: Artifact) -> str | None:
        """None: every network is trained."""
        return None

    def observe_model(self, artifact: Artifact) -> tuple[Observations, ...]:
        """Nothing beyond what its answers show: there is one training of each."""
        return ()

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, 1, 28, 28) float32: the digits of the test."""
        return _inputs(self.test.inputs)

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly over the classes."""
        samples = self.samples()
        return tuple(samples[index * len(samples) // TIMED_SAMPLES] for index in range(TIMED_SAMPLES))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Digits that were trained on, spread evenly."""
        images = self.lessons().inputs
        return _inputs(images[:: max(1, len(images) // count)][:count])

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Top-1, and against a baseline agreement.

        Deviations of logits are left out: those of another network are on another scale.

        Raises:
            WorkerError: when an answer is missing, has another shape, or is not finite.
        """
        observed = observe_classification(outputs, self.test.labels.tolist(), baseline)
        return tuple(one for one in observed if one.kind == "proportion")

    def taught(self, architecture: str, loss: Loss) -> SmallCnn:
        """A network of this architecture, trained by its own recipe to lessen this loss."""
        import torch

        from generator.workloads.networks.small_cnn import small_cnn
        from generator.workloads.networks.training import descend, repeatable

        chosen = NETWORKS[architecture]
        with repeatable(SEED):
            module = small_cnn(**_SHAPE, **chosen.config)  # type: ignore[arg-type]
            told = self.told(chosen.title, chosen.recipe.steps)
            descend(module, torch.from_numpy(self.lessons().inputs), loss, chosen.recipe, SEED, told)
        return module

    def told(self, what: str, steps: int) -> Callable[[int], None]:
        """What a training tells its number of steps to."""
        return lambda step: self.progress(f"Training: {what}", step, steps) if self.progress else None

    def _trained(self, network: str) -> Built:
        """The weight file and its notes, from the cache where it is there already."""
        versions = required(KIND, torch="torch", safetensors="safetensors")
        recipe = NETWORKS[network].recipe
        key = {
            "data": asset(DATA).sha256,
            "tested": f"{_FIFTHS_TESTED} of 5",
            "config": {**_SHAPE, **NETWORKS[network].config},
            "recipe": asdict(recipe),
            "seed": SEED,
            "code": {
                name: file_sha256(Path(architectures.__file__).with_name(f"{name}.py"))
                for name in ("small_cnn", "training")
            },
            **versions,
        }

        def make(path: Path) -> Mapping[str, str]:
            from generator.workloads.networks.training import right_answer

            module = self.taught(network, right_answer(self.lessons().labels))
            architectures.save_module(module, path, ARCHITECTURE, module.shape.config())
            return {
                "network": network,
                "parameters": str(sum(parameter.numel() for parameter in module.parameters())),
                "training": f"{recipe.steps} steps of {recipe.batch} digits, seed {SEED}",
            }

        return self.cache.built("models", key, ".safetensors", make)


def read_digits(path: Path) -> Lessons:
    """Read the table: a digit a line, 784 grey values from 0 to 255 and the class.

    Returns:
        Images, (digits, 1, 28, 28), 0 to 1, and their classes.

    Raises:
        AssetError: when the table is another one.
    """
    with gzip.open(path) as table:
        text = table.read(_LARGEST_TABLE_BYTES)
    try:
        rows: NDArray[np.float32] = np.loadtxt(io.BytesIO(text), np.float32, delimiter=",", ndmin=2)
        images = (rows[:, :-1] / np.float32(255)).reshape(-1, 1, SIDE_PIXELS, SIDE_PIXELS)
    except ValueError as error:
        problem = f"'{path.name}' is no table of digits ({error})".replace("\n", " ")
        raise AssetError(DATA, problem[:300], "Delete the file, so that it is fetched again.") from error
    return Lessons(images, rows[:, -1].astype(np.int64))


def _part(digits: Lessons, *, tested: bool) -> Lessons:
    chosen = (np.arange(len(digits.labels)) % 5 < _FIFTHS_TESTED) == tested
    return Lessons(digits.inputs[chosen], digits.labels[chosen])


def _inputs(images: NDArray[np.float32]) -> tuple[Arrays, ...]:
    return tuple({"x": image[np.newaxis]} for image in images)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> Digits:
    """Make the workload of its option `model`, one of `NETWORKS`: standard (the default), small, separable.

    Raises:
        DefinitionError: when an option is unknown.
    """
    chosen = Options(f"workload '{KIND}'", options).only("model")
    return Digits(cache, chosen.word("model", *NETWORKS), progress)
