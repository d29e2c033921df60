"""The contract between a workload and those who prepare, run and score it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generator.core.record import Observations, Source

if TYPE_CHECKING:
    from generator.workloads.networks.small_cnn import SmallCnn
    from generator.workloads.networks.training import Loss

Arrays = Mapping[str, NDArray[np.generic]]
"""Named arrays: one sample's inputs, or one query's outputs. Inputs carry a leading batch axis of 1."""


NO_DATA = "no-data-set"
"""Why nothing is known of the quality when the data set is not to be had."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A prepared model file in the cache."""

    path: Path
    format: Literal["pytorch", "onnx", "synthetic"]
    """pytorch: safetensors whose metadata names the architecture; onnx: a protobuf; synthetic: JSON for `fake`."""

    sha256: str
    size_bytes: int
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the transforms that made it have to say; it goes into the record."""


class Workload(Protocol):
    """Model + data + quality metric."""

    @property
    def model_name(self) -> str:
        """Model as a reader knows it, with its size or version."""

    @property
    def notes(self) -> Sequence[str]:
        """Keys of the phrases that must stand wherever the quality is shown."""

    @property
    def sources(self) -> Sequence[Source]:
        """Where weights and data came from; complete once `model` and `samples` were called."""

    @property
    def labels_unknown(self) -> str | None:
        """Why accuracy on labels cannot be measured here, or None when it can."""

    def model(self) -> Artifact:
        """The model as it was published, ready for PyTorch (or for `fake`)."""

    def samples(self) -> Sequence[Arrays]:
        """Inputs that quality is measured on, always in the same order."""

    def timed_samples(self) -> Sequence[Arrays]:
        """Inputs that the timed queries take in turn; some of `samples`, in their order."""

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Up to `count` inputs for calibrating a quantizer; disjoint from `samples`."""

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Compare the outputs for `samples()` with the labels, and with the baseline's outputs where given.

        Args:
            outputs: one query's outputs a sample, in the order of `samples()`.
            baseline: the same of the baseline; None when the baseline itself is observed.
        """


@runtime_checkable
class Stepwise(Protocol):
    """What a workload has besides when a query is many passes of its model: text that is generated token by token."""

    @property
    def tokens_per_sample(self) -> int:
        """Tokens that a timed sample generates, so that a rate of tokens can be given."""

    def graph_samples(self) -> Sequence[Arrays]:
        """Inputs of single passes, which the model is exported with and checked on; `samples` are whole queries."""


@runtime_checkable
class SeveralDataSets(Protocol):
    """What a workload has besides when it takes the first data set of several that can be had; see `data_sets`."""

    @property
    def data_set(self) -> str:
        """Key of the phrases of the one that it took."""


@runtime_checkable
class SeveralModels(Protocol):
    """What a workload has besides when it knows several models, so that variants may differ in the model.

    They share inputs, labels and metric; `Workload.model` gives one of them, the transform "architecture" another.
    """

    @property
    def architectures(self) -> Sequence[str]:
        """Names of the models, as the transform's option `name` takes them."""

    def model_of(self, architecture: str) -> Artifact:
        """One of them, ready for PyTorch; its notes say which it is."""

    def quality_unknown(self, artifact: Artifact) -> str | None:
        """Why the answers of a model mean nothing, by the key of its phrase, or None when they are to be judged.

        Args:
            artifact: as with `observe_model`.
        """

    def observe_model(self, artifact: Artifact) -> tuple[Observations, ...]:
        """What is known of a model whatever computes it, such as the error of each of several trainings.

        Args:
            artifact: made of one of the models; it still has that model's notes.
        """


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a model may be trained on; none of it is among the samples that quality is measured on."""

    inputs: NDArray[np.float32]
    """Batch axis first."""

    labels: NDArray[np.int64]
    """Class of each input."""


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained: by AdamW, the learning rate rising and falling once (OneCycle)."""

    steps: int
    largest_rate: float
    batch: int = 32
    weight_decay: float = 1e-2
    clip: float = 1.0
    """Largest norm of a step's gradients."""


@runtime_checkable
class Trainable(SeveralModels, Protocol):
    """What a workload has besides when its small convolutional networks can be trained on, as compression needs it."""

    def lessons(self) -> Lessons:
        """What they were trained on."""

    def taught(self, architecture: str, loss: Loss) -> SmallCnn:
        """A network of this architecture, trained by its own recipe to lessen this loss."""

    def told(self, what: str, steps: int) -> Callable[[int], None]:
        """What a training tells its number of steps to."""
