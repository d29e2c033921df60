"""Arrays that are their own answers: for the `fake` runtime, which returns its input or rolls it by one.

A fake variant that returns "x" answers every sample rightly; one that rolls "x" answers wrongly. So the accuracy of a
fake variant is known beforehand, and everything between the worker and the page can be tested with exact numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.options import Options
from generator.workloads.workload import Arrays, Artifact

KIND = "synthetic"
TIMED_SAMPLES = 16

_LABEL_MARGIN = 2.0
"""What the label's element is raised by; the others lie in [0, 1)."""


@dataclass(frozen=True)
class Synthetic:
    """Random logits whose largest element stands at the label."""

    count: int
    classes: int
    seed: int
    cache: Cache

    @property
    def model_name(self) -> str:
        """Says that nothing is computed."""
        return f"identity of {self.classes} numbers"

    @property
    def notes(self) -> Sequence[str]:
        """None: nobody publishes it."""
        return ()

    @property
    def sources(self) -> Sequence[Source]:
        """None: everything is made here."""
        return ()

    @property
    def labels_unknown(self) -> str | None:
        """None: labels are made with the samples."""
        return None

    @cached_property
    def labels(self) -> tuple[int, ...]:
        """The right class of each sample."""
        return tuple(int(label) for label in np.random.default_rng(self.seed).integers(self.classes, size=self.count))

    def model(self) -> Artifact:
        """A JSON file that says what it stands for."""
        about = {"format": "synthetic", "classes": self.classes}

        def write(path: Path) -> Mapping[str, str]:
            path.write_text(json.dumps(about, sort_keys=True) + "\n", "utf-8")
            return {}

        path, notes = self.cache.built("models", about, ".json", write)
        return Artifact(path, "synthetic", file_sha256(path), path.stat().st_size, notes)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, classes) float32, whose largest element stands at the label."""
        return _inputs(self.labels, self.classes, self.seed + 1)

    def timed_samples(self) -> Sequence[Arrays]:
        """The first 16."""
        return self.samples()[:TIMED_SAMPLES]

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Further arrays of the same kind."""
        return _inputs((0,) * min(count, self.count), self.classes, self.seed + 2)

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Top-1, and against a baseline agreement and deviations; see `observe_classification`."""
        return observe_classification(outputs, self.labels, baseline)


def _inputs(labels: Sequence[int], classes: int, seed: int) -> tuple[Arrays, ...]:
    rows: NDArray[np.float32] = np.random.default_rng(seed).random((len(labels), 1, classes), dtype=np.float32)
    for row, label in zip(rows, labels, strict=True):
        row[0, label] += _LABEL_MARGIN
    return tuple({"x": row} for row in rows)


def make(options: Mapping[str, Option], cache: Cache, progress: object = None) -> Synthetic:
    """Make the workload of its options: `samples` (32), `classes` (4), `seed` (0).

    Raises:
        DefinitionError: when an option is unknown or out of bounds.
    """
    chosen = Options(f"workload '{KIND}'", options).only("samples", "classes", "seed")
    return Synthetic(
        count=chosen.whole("samples", 32, 1, 10_000),
        classes=chosen.whole("classes", 4, 2, 1000),
        seed=chosen.whole("seed", 0, 0, 2**31 - 3),
        cache=cache,
    )
