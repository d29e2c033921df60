"""A model file that somebody brings: an ONNX graph, inputs for it, and what its answers are held against.

Without labels, quality is agreement with the file as it was given. The file is data: nothing of it is run in this
process, and a pickle is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.assets.fetch import Progress, download
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import DefinitionError, HashError, PreparationError, WorkerError
from generator.core.problem import Problem
from generator.core.record import Observations, Source
from generator.workloads.metrics.likeness import (
    ARGMAX,
    ERROR,
    IN_BATCHES,
    LEAST_ALIKE,
    check_answers,
    observe_batches,
    observe_labels,
    observe_likeness,
)
from generator.workloads.metrics.observations import proportion
from generator.workloads.options import Options
from generator.workloads.own.axes import Sizes, parse_shapes, sizes_of
from generator.workloads.own.drawn import drawn
from generator.workloads.own.given import PIXELS, Sample, given_inputs, given_labels
from generator.workloads.own.graph import Graph, read_graph
from generator.workloads.workload import Arrays, Artifact

KIND = "onnx_model"

OWN = "own"
"""Folder of the cache in which models' files lie."""

TIMED_SAMPLES = 16
DRAWN_SAMPLES = 64
ROWS = (33, 64)
"""Samples that are also answered side by side, where the graph takes several: kernels for many rows are others than for
one, and some libraries have been silently wrong in them alone."""

TOLERANCE = 0.01
"""Largest relative error of an answer that agrees with the file's own, where there is no largest element to compare."""

RANDOM_INPUTS_NOTE = "random-inputs"
NO_LABELS = "no-labels-given"

_CALIBRATED_OF = 5
"""Of so many given inputs one is for calibration and not judged."""

_MOSTLY_WRONG = 0.5

_VERSION = 1


@dataclass(frozen=True)
class OnnxModel:
    """A model file, inputs, and what is asked of its answers."""

    cache: Cache
    folder: Path
    """What the paths are relative to."""

    file: str
    sha256: str
    origin: str = ""
    """Where to get it, in words: package and version, or an address."""

    licence: str = ""
    address: str = ""
    """Where it is fetched from when it is not in the folder."""

    shapes: tuple[str, ...] = ()
    inputs: str = ""
    labels: str = ""
    metric: str = ERROR
    output: str = ""
    """Output that decides; the first, or all of them, where it is empty."""

    tolerance: float = TOLERANCE
    drawn: int = DRAWN_SAMPLES
    timed: int = TIMED_SAMPLES
    seed: int = 0
    rows: tuple[int, ...] = ()
    pixels: str = "unit"
    progress: Progress | None = None

    @property
    def where(self) -> str:
        """Whose options these are, for errors."""
        return f"{self.folder.name}: workload '{KIND}'"

    @property
    def model_name(self) -> str:
        """File and size."""
        return f"{PurePosixPath(self.file).name}, {_in_words(self.graph.parameters)} parameters"

    @property
    def notes(self) -> Sequence[str]:
        """That inputs were drawn, where they were."""
        return () if self.inputs else (RANDOM_INPUTS_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """The file."""
        origin = self.origin or self.address or "a file of the measurement's own"
        licence = self.licence or "not stated"
        return (Source(name=PurePosixPath(self.file).name, origin=origin, sha256=self.sha256, licence=licence),)

    @property
    def labels_unknown(self) -> str | None:
        """That nobody gave labels, where nobody did."""
        return None if self.labels else NO_LABELS

    @cached_property
    def path(self) -> Path:
        """The file, verified.

        Raises:
            PreparationError: when it is not there.
            HashError: when it is another one.
            AssetError: when it cannot be fetched.
        """
        name = PurePosixPath(self.file).name
        path = self.folder / self.file
        kept = self.cache.root / OWN / kept_name(self.sha256, name)
        if not path.is_file() and (self.address or kept.is_file()):
            return self.cache.pinned(OWN, kept_name(self.sha256, name), self.sha256, self._fetch)
        if not path.is_file():
            get = f"Get it ({self.origin}) and put" if self.origin else "Put"
            problem = f"'{self.file}' is not in the measurement's folder"
            raise PreparationError(self.where, problem, f"{get} it there; its SHA-256 is {self.sha256}.")
        if (found := file_sha256(path)) != self.sha256:
            problem = f"'{self.file}' has SHA-256 {found[:12]}..., the definition says {self.sha256[:12]}..."
            raise HashError(self.where, problem, "Put the right file there, or write the new hash.")
        return path

    def _fetch(self, to: Path) -> None:
        if not self.address:
            problem = f"'{self.file}' in the cache is damaged"
            raise PreparationError(self.where, problem, "Make the measurement again: new NAME --from FILE.")
        download(self.where, self.address, self.sha256, to, self.address, "Put the file into the measurement's folder.")

    @cached_property
    def graph(self) -> Graph:
        """What the file says of itself; see `read_graph`."""
        return read_graph(self.path)

    @cached_property
    def sizes(self) -> Sizes:
        """What its axes are taken to be; see `sizes_of`."""
        return sizes_of(self.graph, parse_shapes(self.shapes, self.where), self.where)

    def model(self) -> Artifact:
        """The file, in the cache, with its weights in it."""
        key = {"onnx_model": self.sha256, "version": _VERSION}
        path, notes = self.cache.built("models", key, ".onnx", self._copy)
        return Artifact(path, "onnx", file_sha256(path), path.stat().st_size, notes)

    def _copy(self, to: Path) -> Mapping[str, str]:
        if self.graph.external:
            import onnx

            onnx.save(onnx.load(self.path), to)
        else:
            shutil.copyfile(self.path, to)
        return {"opset": str(self.graph.opset), "IR version": str(self.graph.ir_version)}

    @cached_property
    def _given(self) -> tuple[Sample, ...]:
        return given_inputs(self.folder / self.inputs, self.graph, self.sizes, self.pixels)

    @cached_property
    def judged_labels(self) -> NDArray[Any] | None:
        """Labels of the single samples; None where nobody gave any.

        Raises:
            DefinitionError: when they are none, or of another number than the inputs.
        """
        if not self.labels:
            return None
        if not self.inputs:
            problem = Problem("there are labels without inputs", "Give the inputs that they belong to: --inputs.")
            raise DefinitionError(self.where, [problem])
        found, count = given_labels(self.folder / self.labels), len(self._given)
        if len(found) != count:
            problem = Problem(f"there are {len(found)} labels to {count} inputs", "Give one label an input.")
            raise DefinitionError(self.where, [problem])
        return found[self._judged]

    @property
    def _judged(self) -> list[int]:
        """Which of the given inputs quality is measured on; so few that all are needed calibrate nothing."""
        count = len(self._given)
        return [index for index in range(count) if count < _CALIBRATED_OF or index % _CALIBRATED_OF]

    @cached_property
    def single(self) -> tuple[Sample, ...]:
        """Samples one by one."""
        if self.inputs:
            return tuple(self._given[index] for index in self._judged)
        return tuple(drawn(self.graph, self.sizes, index, self.seed) for index in range(self.drawn))

    def samples(self) -> Sequence[Arrays]:
        """The samples one by one, then side by side as the option `rows` asks for.

        Raises:
            DefinitionError: when inputs or labels do not fit the graph.
        """
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        self.judged_labels  # noqa: B018 - labels of the wrong number are told before anything is computed
        return (*self.single, *(self.together(count) for count in self.rows if self.sizes.free))

    def together(self, count: int) -> Sample:
        """So many samples side by side; where their shapes differ, the first one repeated."""
        first = self.single[0]
        alike = [one for one in self.single if all(one[name].shape == first[name].shape for name in first)]
        chosen = [alike[index % len(alike)] for index in range(count)]
        places = self.sizes.rows
        return {
            name: np.concatenate([one[name] for one in chosen], axis=places[name]) if name in places else first[name]
            for name in first
        }

    def timed_samples(self) -> Sequence[Arrays]:
        """Some of the single ones, spread evenly."""
        count = min(self.timed, len(self.single))
        return tuple(self.single[index * len(self.single) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Every fifth of the given inputs, or further drawn ones."""
        if self.inputs:
            judged = set(self._judged)
            return [one for index, one in enumerate(self._given) if index not in judged][:count]
        return [drawn(self.graph, self.sizes, self.drawn + index, self.seed) for index in range(count)]

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Accuracy where there are labels, and how alike the answers are to the file's own.

        Raises:
            WorkerError: when an answer is missing, not finite, of another shape, or right alone and wrong in a batch.
        """
        count, labels = len(self.single), self.judged_labels
        check_answers(outputs, len(self.samples()))
        observed = list[Observations]()
        if labels is not None:
            observed.append(observe_labels(outputs[:count], labels, self.output))
        if baseline is not None:
            asked = self.metric, self.output, self.tolerance
            alike = observe_likeness(outputs[:count], baseline[:count], *asked)
            observed += alike
            if len(outputs) > count:
                together = observe_batches(outputs[count:], baseline[count:], *asked)
                _refuse_wrong_batches(alike[0].values, together)
                observed.append(proportion(IN_BATCHES, "baseline", together))
        return tuple(observed)


def kept_name(sha256: str, name: str) -> str:
    """Where the cache keeps a model's file of a committed measurement, whose folder does not hold it."""
    return f"{sha256[:16]}/{name}"


def _refuse_wrong_batches(alone: Sequence[float], together: NDArray[np.bool_]) -> None:
    """An answer that is right alone and wrong among others is no rounding but a defect of a library."""
    if sum(alone) / len(alone) >= LEAST_ALIKE and together.mean() < _MOSTLY_WRONG:
        wrong = int((~together).sum())
        problem = f"alone its answers are the file's own, but in batches {wrong} of {len(together)} are others"
        raise WorkerError("quality", problem, "This is a defect of the runtime or of its quantizer.")


def _in_words(count: int) -> str:
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)


def make_in(folder: Path, options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> OnnxModel:
    """Make the workload of its options.

    `file` and `sha256` must be there; further `origin`, `licence` and `address` (where it is fetched from), `shapes`
    (["x=1x3x224x224", "sequence=64"]), `inputs`, `labels` and `pixels` (see `own.given`), `metric` (error, argmax),
    `output`, `tolerance` (0.01), `samples` (64 drawn ones), `timed` (16 of them), `seed` (0), `rows` (none; [33, 64]).

    Raises:
        DefinitionError: when an option is unknown, out of bounds, or leads out of the folder.
    """
    where = f"workload '{KIND}'"
    chosen = Options(where, options).only(
        *("file", "sha256", "origin", "licence", "address", "shapes", "inputs", "labels", "pixels"),
        *("metric", "output", "tolerance", "samples", "timed", "seed", "rows"),
    )
    paths = {name: chosen.text(name) for name in ("file", "inputs", "labels")}
    problems = [
        Problem(f"option '{name}' leads out of the measurement's folder", "Put the file there.")
        for name, path in paths.items()
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path or ":" in path
    ]
    problems += [
        Problem(f"the option '{name}' is missing", "Write it.") for name in ("file", "sha256") if not chosen.text(name)
    ]
    if (address := chosen.text("address")) and not address.startswith("https://"):
        problems.append(Problem("option 'address' is no address of https", "Write https://..."))
    if problems:
        raise DefinitionError(where, problems)
    return OnnxModel(
        cache=cache,
        folder=folder,
        file=paths["file"],
        sha256=chosen.text("sha256"),
        origin=chosen.text("origin"),
        licence=chosen.text("licence"),
        address=address,
        shapes=chosen.words("shapes"),
        inputs=paths["inputs"],
        labels=paths["labels"],
        metric=chosen.word("metric", ERROR, ARGMAX),
        output=chosen.text("output"),
        tolerance=chosen.real("tolerance", TOLERANCE, 0.0, 1.0),
        drawn=chosen.whole("samples", DRAWN_SAMPLES, 1, 10_000),
        timed=chosen.whole("timed", TIMED_SAMPLES, 1, 1000),
        seed=chosen.whole("seed", 0, 0, 2**31 - 3),
        rows=chosen.wholes("rows", ()),
        pixels=chosen.word("pixels", *PIXELS),
        progress=progress,
    )
