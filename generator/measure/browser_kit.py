"""Models for the page "Measured on your own device", and what native ONNX Runtime answers with them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from generator.browser.kit import CHOICES, SAMPLES, VERSION, Array, Choice, Group, Model, group_file, load_group
from generator.core.attempt import NotMeasured
from generator.core.cache import Cache
from generator.core.definition import Measurement
from generator.core.errors import MissingPackage
from generator.core.packages import required
from generator.measure.events import Listener, Preparing
from generator.measure.outcome import failure
from generator.runtimes.session import Spec
from generator.transforms import apply
from generator.workloads.load import load_workload
from generator.workloads.workload import Arrays, Artifact, Workload

PAGE = "the page 'Measure on your own device'"


def prepare_kit(
    suite: Sequence[Measurement],
    published: Mapping[str, Collection[str]],
    root: Path,
    cache: Cache,
    tell: Listener,
) -> list[NotMeasured]:
    """Prepare every group of `CHOICES` that is not there, mostly out of what measuring has left in the cache.

    A group whose models the records do not name is prepared again when the packages or the records are other ones
    than when it was made. On a machine that makes other models than the published ones that happens once; the page
    then says that its files are others.

    Args:
        suite: all measurements; a choice whose measurement is not among them is passed over.
        published: SHA-256 of the artifacts that the records of each measurement name.
        root: the checkout.
        cache: where models are, and where groups go.
        tell: told what is being prepared.

    Returns:
        Groups that could not be prepared, and why: one costs no other.

    Raises:
        MissingPackage: when PyTorch or ONNX Runtime is not installed, and there is no group yet.
    """
    known, failed = {one.name: one for one in suite}, list[NotMeasured]()
    for choice in CHOICES:
        group, hashes = load_group(choice, suite, cache.root), published.get(choice.measurement, ())
        if choice.measurement not in known or (group and all(one.sha256 in hashes for one in group.models)):
            continue
        stamp = _stamp(hashes, group)
        if group and group.stamp == stamp:
            continue
        try:
            _keep(prepare_group(known[choice.measurement], choice, stamp, root, cache, tell), choice, cache)
        except Exception as error:  # what makes a model may raise anything
            why = failure("prepare", error, f"for {PAGE}: ")
            failed.append(NotMeasured(measurement=choice.measurement, workload=choice.workload, failure=why))
    return failed


def _keep(group: Group, choice: Choice, cache: Cache) -> None:
    with cache.workspace() as folder:
        written, path = folder / "group.json", group_file(choice, cache.root)
        written.write_text(group.model_dump_json(indent=1) + "\n", "utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        written.replace(path)


def _stamp(published: Collection[str], group: Group | None) -> str:
    """Hash over what a group is made with; the group's own where nothing can be made here."""
    try:
        versions = required(PAGE, torch="torch", onnxruntime="onnxruntime")
    except MissingPackage:
        if group:
            return group.stamp
        raise
    return hashlib.sha256(json.dumps([versions, sorted(published)], sort_keys=True).encode()).hexdigest()


def prepare_group(
    measurement: Measurement, choice: Choice, stamp: str, root: Path, cache: Cache, tell: Listener
) -> Group:
    """Make the models of one choice, and let ONNX Runtime answer the samples with them, on one thread.

    Samples are inputs for calibration: those photographs may be passed on, unlike those that quality is measured on.

    Raises:
        AssetError: when weights or inputs are not to be had.
        PreparationError: when a model cannot be made.
    """
    chosen = next(one for one in measurement.workloads if one.name == choice.workload)
    folder = root / "measurements" / measurement.name
    workload = load_workload(chosen, folder, cache, lambda *p: tell(Preparing(*p)))
    samples = workload.calibration(SAMPLES)
    models = []
    for name in choice.variants:
        tell(Preparing(f"browser: {name}"))
        artifact = _artifact(measurement, name, workload, cache)
        models.append(_model(measurement, name, artifact, samples, cache))
    return Group(
        version=VERSION,
        measurement=measurement.name,
        workload=choice.workload,
        definition_sha256=measurement.fingerprint(),
        stamp=stamp,
        native=importlib.metadata.version("onnxruntime"),
        models=tuple(models),
        samples=tuple(_packed(sample) for sample in samples),
    )


def _artifact(measurement: Measurement, name: str, workload: Workload, cache: Cache) -> Artifact:
    artifact = workload.model()
    for step in measurement.variant(name).transforms:
        artifact = apply(step, artifact, workload, cache)
    return artifact


def _model(measurement: Measurement, name: str, artifact: Artifact, samples: Sequence[Arrays], cache: Cache) -> Model:
    session = importlib.import_module("generator.runtimes.ort").load(Spec(str(artifact.path), 1, {}))
    answers = [session.to_arrays(session.run(session.prepare(sample))) for sample in samples]
    return Model(
        variant=name,
        precision=measurement.variant(name).precision,
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        cached=artifact.path.relative_to(cache.root).as_posix(),
        outputs=tuple(_packed(answer) for answer in answers),
    )


def _packed(arrays: Arrays) -> tuple[Array, ...]:
    return tuple(Array.of(name, np.asarray(array)) for name, array in arrays.items())
