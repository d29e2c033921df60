"""Models for the page "Measured on your own device", and what native ONNX Runtime answers with them."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np

from generator.assets.cache import Cache
from generator.assets.packages import required
from generator.browser.kit import CHOICES, SAMPLES, VERSION, Array, Choice, Group, Model, group_file, load_group
from generator.definition import Measurement
from generator.measure.events import Listener, Preparing
from generator.runtimes.session import Spec
from generator.transforms import apply
from generator.workloads.load import load_workload
from generator.workloads.workload import Arrays, Artifact, Workload


def prepare_kit(
    suite: Sequence[Measurement], published: Container[str], root: Path, cache: Cache, tell: Listener
) -> None:
    """Prepare every group of `CHOICES` that is not there, mostly out of what measuring has left in the cache.

    A group that is there but has other models than the records is prepared again: packages or code may have changed.

    Args:
        suite: all measurements; a choice whose measurement is not among them is passed over.
        published: SHA-256 of the artifacts that the records name.
        root: the checkout.
        cache: where models are, and where groups go.
        tell: told what is being prepared.

    Raises:
        MissingPackage: when PyTorch or ONNX Runtime is not installed.
        AssetError: when weights or inputs are not to be had.
        PreparationError: when a model cannot be made.
    """
    known = {one.name: one for one in suite}
    for choice in CHOICES:
        group = load_group(choice, suite, cache.root)
        if choice.measurement not in known or (group and all(one.sha256 in published for one in group.models)):
            continue
        required("the page 'Measured on your own device'", torch="torch", onnxruntime="onnxruntime")
        group = prepare_group(known[choice.measurement], choice, root, cache, tell)
        with cache.workspace() as folder:
            written = folder / "group.json"
            written.write_text(group.model_dump_json(indent=1) + "\n", "utf-8")
            path = group_file(choice, cache.root)
            path.parent.mkdir(parents=True, exist_ok=True)
            written.replace(path)


def prepare_group(measurement: Measurement, choice: Choice, root: Path, cache: Cache, tell: Listener) -> Group:
    """Make the models of one choice, and let ONNX Runtime answer the samples with them, on one thread.

    Raises:
        GeneratorError: as `prepare_kit` does.
    """
    chosen = next(one for one in measurement.workloads if one.name == choice.workload)
    folder = root / "measurements" / measurement.name
    workload = load_workload(chosen, folder, cache, lambda *p: tell(Preparing(*p)))
    samples = workload.timed_samples()[:SAMPLES]
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
