"""A trial's folder: a measurement like any other, made of a model file and what a person said."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from generator.core.cache import Cache, file_sha256
from generator.core.definition import Measurement, Option, Text, WorkloadChoice
from generator.core.definition_file import DEFINITION_FILE, load_measurement
from generator.core.definition_text import definition_text
from generator.core.errors import DefinitionError, PreparationError, StorageError
from generator.core.problem import Problem
from generator.core.record import SystemDescription
from generator.core.registry import RUNTIMES
from generator.measure.cores import available_cores
from generator.measure.trial.probe import Probed, probe
from generator.measure.trial.request import Request
from generator.measure.trial.variants import PINS, RUNTIME_TITLES, WHY, WORKLOAD, Choice, choose
from generator.runtimes.environment import made
from generator.workloads.metrics.likeness import ARGMAX, ERROR
from generator.workloads.onnx_model import KIND, OWN, OnnxModel, kept_name, make_in

FOLDER = "trials"
"""Where trials lie in the cache: a folder each, laid out like a checkout."""

PREFIX = "try-"
"""Begins every trial's name, so that none can be taken for a measurement of the suite."""

_LONGEST_NAME = 50


@dataclass(frozen=True, slots=True)
class Staged:
    """A trial that is ready to be run."""

    measurement: Measurement
    root: Path
    """Stands for the checkout: `measurements/` lies in it."""

    workload: OnnxModel
    probed: Probed
    left_out: Mapping[str, str]
    """What is not tried, and why: keys of `WHY`."""

    @property
    def folder(self) -> Path:
        """The measurement's folder: definition, model, inputs, labels."""
        return self.root / "measurements" / self.measurement.name


def stage(request: Request, cache: Cache, system: SystemDescription, today: date) -> Staged:
    """Look at the file, let it answer once, choose what to try, and write the measurement's folder.

    Raises:
        PreparationError: when the file is no model that can be run, with the remedy.
        DefinitionError: when shapes, inputs or labels do not fit it.
        StorageError: when the folder cannot be written.
    """
    name = trial_name(request.model)
    folder = staged_folder(name, cache)
    options = _filled(request, folder)
    workload = make_in(folder, options, cache)
    workload.sizes  # noqa: B018 - what does not fit is told before anything is started
    threads = _threads(request)
    workload.samples()
    probed = probe(workload, cache, threads[0], _metric(request, workload))
    options |= {"metric": probed.metric, "output": probed.output, "rows": probed.rows, "timed": probed.timed}
    if not request.inputs:
        options["samples"] = probed.samples
    runtimes, absent = _runtimes(request, cache)
    choice = choose(workload.graph, runtimes, request.changes, threads, system.host_processor_isa)
    if len(choice.variants) < 2:
        reasons = "; ".join(f"{what}: {WHY[why]}" for what, why in {**absent, **choice.left_out}.items())
        problem = f"there is nothing to compare the file with ({reasons})" if reasons else "there is one variant alone"
        raise PreparationError(request.model.name, problem, "Ask for more: --threads, --precision, --runtime.")
    measurement = _measurement(name, request, options, choice, workload, today)
    write_definition(folder, measurement)
    loaded = load_measurement(folder)
    staged = make_in(folder, loaded.workloads[0].options, cache)
    return Staged(loaded, folder.parents[1], staged, probed, {**absent, **choice.left_out})


def narrowed(staged: Staged, kept: Sequence[str]) -> Staged:
    """The trial of some of its variants, written into its folder; the others are no part of its definition any more."""
    variants = tuple(one for one in staged.measurement.variants if one.name in kept)
    measurement = staged.measurement.model_copy(update={"variants": variants})
    write_definition(staged.folder, measurement)
    return replace(staged, measurement=load_measurement(staged.folder))


def write_definition(folder: Path, measurement: Measurement) -> None:
    """Write `measurement.toml`, over the one of an earlier trial of the same name."""
    try:
        (folder / DEFINITION_FILE).write_text(definition_text(measurement), "utf-8")
    except OSError as error:
        raise StorageError(str(folder), f"it cannot be written: {error.strerror}", "Make room.") from error


def staged_folder(name: str, cache: Cache) -> Path:
    """Folder of a trial's measurement, by its name; it may have been deleted with the cache."""
    return cache.root / FOLDER / name / "measurements" / name


def keep_model(folder: Path, staged: Path, cache: Cache) -> None:
    """Keep the model's file of a new measurement in the cache: it does not lie in the folder, which is committed.

    Args:
        folder: the new measurement's.
        staged: where the file lies now; where it does not, the measurement says where to get it.
        cache: keeps it.
    """
    for workload in load_measurement(folder).workloads:
        file, sha256 = str(workload.options["file"]), str(workload.options["sha256"])
        if (staged / file).is_file():
            cache.pinned(OWN, kept_name(sha256, file), sha256, lambda to, path=staged / file: _put(path, to))  # type: ignore[misc]


def trial_name(model: Path) -> str:
    """Name of the trial of a file: "try-" and the file's, in a-z, 0-9 and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", model.stem.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    generic = plain in ("model", "model-quantized", "model-int8", "saved-model", "network", "")
    parent = re.sub(r"[^a-z0-9]+", "-", model.resolve().parent.name.lower()).strip("-") if generic else ""
    return PREFIX + "-".join(part for part in (parent[: _LONGEST_NAME - 20].strip("-"), plain) if part)


def _filled(request: Request, folder: Path) -> dict[str, Option]:
    """Put model, inputs and labels into the folder; the options that name them."""
    from generator.workloads.own.graph import read_graph

    graph = read_graph(request.model)  # refuses what is none before anything is written
    for path in (one for one in (request.inputs, request.labels) if one):
        if not path.exists():
            raise DefinitionError(path.name, [Problem("there is no such file", "Look at the path.")])
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        file = plain_name(request.model)
        _put(request.model, folder / file)
        for path in graph.external:
            _put(path, folder / path.relative_to(request.model.parent))
        options: dict[str, Option] = {"file": file, "sha256": file_sha256(request.model)}
        for key, given in (("inputs", request.inputs), ("labels", request.labels)):
            if given:
                name = f"{key}{'' if given.is_dir() else given.suffix}"
                _put(given, folder / name)
                options[key] = name
    except OSError as error:
        raise StorageError(str(folder), f"it cannot be written: {error.strerror}", "Make room.") from error
    options |= {"shapes": request.shapes, "pixels": request.pixels, "tolerance": request.tolerance}
    return options


def plain_name(path: Path) -> str:
    """The file's name without what a path, a terminal or a page could stumble over."""
    return re.sub(r"[^\w.+-]", "_", path.name)


def _put(path: Path, to: Path) -> None:
    """A file or folder at another place: the same bytes where the disk allows it, a copy elsewhere."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, to)
        return
    try:
        os.link(path.resolve(), to)
    except OSError:
        shutil.copyfile(path, to)


def _metric(request: Request, workload: OnnxModel) -> str | None:
    labels = workload.judged_labels
    if request.metric is None and labels is not None:
        return ARGMAX if labels.dtype.kind in "iu" else ERROR
    return request.metric


def _threads(request: Request) -> tuple[int, ...]:
    """Numbers of threads that the machine has cores for."""
    cores = len(available_cores()) or os.cpu_count() or 1
    return tuple(dict.fromkeys(count for count in request.threads if count <= cores)) or (1,)


def _runtimes(request: Request, cache: Cache) -> tuple[tuple[str, ...], dict[str, str]]:
    """Runtimes that can be used, and why the others cannot: keys of `WHY`."""
    asked = request.runtimes or tuple(RUNTIME_TITLES)
    found, absent = list[str](), dict[str, str]()
    for name in asked:
        if RUNTIMES[name].always_isolated and not request.install and not made(PINS[name], cache):
            absent[RUNTIME_TITLES[name]] = "no-environment"
        else:
            found.append(name)
    return tuple(found), absent


def _measurement(
    name: str, request: Request, options: Mapping[str, Option], choice: Choice, workload: OnnxModel, today: date
) -> Measurement:
    model = plain_name(request.model)
    return Measurement(
        schema_version=1,
        name=name,
        suite="extended",
        published=today,
        title=Text(ru=f"Модель {model}: что её ускоряет", en=f"The model {model}: what makes it faster"),
        question=Text(
            ru=f"Чем быстрее всего вычислять {model} на этой машине, не теряя качества?",
            en=f"What computes {model} fastest on this machine without losing quality?",
        ),
        workloads=(
            WorkloadChoice(
                name=WORKLOAD,
                kind=KIND,
                title=Text(ru=model, en=model),
                options={key: one for key, one in options.items() if one not in ("", ())},
            ),
        ),
        variants=choice.variants,
    )
