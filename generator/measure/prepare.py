"""What happens before the clock runs: downloads, exports, quantization, inputs, and the quality of answers."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.assets.cache import Cache
from generator.definition import Measurement, Variant, WorkloadChoice
from generator.errors import GeneratorError, MissingPackage, WorkerError
from generator.measure.events import Answering, Listener, Preparing
from generator.measure.process import Job, WorkerProcess
from generator.record import ArtifactRecord, Failure, Observations, VariantRecord, WorkloadRecord
from generator.runtimes import PACKAGES
from generator.transforms import apply, operator_counts
from generator.workloads.workload import Arrays, Artifact, Workload

ANSWERS_AT_ONCE = 32
"""Samples answered between two signs of progress."""


@dataclass(frozen=True, slots=True)
class PreparedWorkload:
    """A workload with its inputs on disk and its variants' artifacts ready."""

    choice: WorkloadChoice
    workload: Workload
    record: WorkloadRecord
    jobs: Mapping[str, Job]
    """Jobs of the variants that could be prepared, the baseline first."""

    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, Failure]


def prepare(
    measurement: Measurement, choice: WorkloadChoice, workload: Workload, cache: Cache, tell: Listener
) -> PreparedWorkload:
    """Fetch, export and quantize what the variants of one workload need.

    A variant that cannot be prepared becomes a failure; the others go on.

    Raises:
        MissingPackage: when a runtime that a variant names is not installed.
        AssetError: when the workload's model or inputs are not to be had.
    """
    tell(Preparing(f"{choice.name}: inputs"))
    samples, timed = workload.samples(), workload.timed_samples()
    quality_inputs, data_sha256 = _stored(samples, cache)
    timed_inputs, _ = _stored(timed, cache)
    jobs, artifacts, failures = dict[str, Job](), dict[str, Artifact](), dict[str, Failure]()
    for variant in measurement.variants_of(choice.name):
        _require(variant)
        tell(Preparing(f"{choice.name}: {variant.name}"))
        try:
            artifacts[variant.name] = artifact = _artifact(variant, workload, cache)
        except MissingPackage:
            raise
        except GeneratorError as error:
            failures[variant.name] = failure("prepare", error)
            continue
        jobs[variant.name] = Job(
            variant=variant.name,
            runtime=variant.runtime,
            artifact=artifact.path,
            timed_inputs=timed_inputs,
            quality_inputs=quality_inputs,
            threads=measurement.threads,
            options=variant.options,
        )
    record = WorkloadRecord(
        name=choice.name,
        kind=choice.kind,
        model=workload.model_name,
        data_sha256=data_sha256,
        samples=len(samples),
        timed_samples=len(timed),
        notes=tuple(workload.notes),
    )
    return PreparedWorkload(choice, workload, record, jobs, artifacts, failures)


def measure_quality(
    prepared: PreparedWorkload,
    measurement: Measurement,
    cores: Sequence[int],
    tell: Listener,
    timeout_s: float,
    keep: Callable[[VariantRecord], None],
    done: Mapping[str, VariantRecord],
) -> None:
    """Answer every sample with every variant, through the worker that is timed later, and observe the answers.

    Args:
        prepared: the workload.
        measurement: the definition.
        cores: cores to run on.
        tell: gets the progress.
        timeout_s: longest wait for one answer of a worker.
        keep: gets each variant's part of the record as soon as it is known.
        done: parts that an interrupted run has kept; they are not measured again.
    """
    baseline: list[Arrays] | None = None
    variants = measurement.variants_of(prepared.choice.name)
    if all(variant.name in done for variant in variants):
        return
    for variant in variants:
        if variant.name in done and not variant.baseline:
            continue
        problem = prepared.failures.get(variant.name)
        if baseline is None and not variant.baseline:
            problem = problem or Failure(
                stage="quality", message="The baseline failed, so there is nothing to compare with."
            )
        if problem:
            keep(_variant_record(prepared, variant, None, (), problem))
            continue
        try:
            outputs, start, operators = answers(prepared.jobs[variant.name], cores, tell, timeout_s)
        except WorkerError as error:
            keep(_variant_record(prepared, variant, None, (), failure("quality", error)))
            continue
        if variant.baseline:
            baseline = outputs
        if variant.name not in done:
            observations = prepared.workload.observe(outputs, None if variant.baseline else baseline)
            keep(_variant_record(prepared, variant, start, observations, None, operators))


def answers(
    job: Job, cores: Sequence[int], tell: Listener, timeout_s: float
) -> tuple[list[Arrays], dict[str, Any], dict[str, int]]:
    """Outputs of one variant for every sample, what its worker said of itself, and its graph's operators.

    Raises:
        WorkerError: when the worker crashes, hangs or reports an error.
    """
    outputs: list[Arrays] = []
    folder = job.artifact.parent
    into, optimized = folder / f"answers-{job.variant}.npz", folder / f"optimized-{job.variant}.onnx"
    try:
        with WorkerProcess(job, cores[: job.threads], timeout_s) as worker:
            start = worker.load(job.quality_inputs, optimized if job.runtime == "onnxruntime" else None)
            total = int(start["samples"])
            for first in range(0, total, ANSWERS_AT_ONCE):
                tell(Answering(job.variant, first, total))
                worker.ask("answer", first=first, count=ANSWERS_AT_ONCE, into=str(into))
                outputs += _read_answers(into)
            tell(Answering(job.variant, total, total))
        return outputs, start, operator_counts(optimized) if optimized.exists() else {}
    finally:
        for path in (into, optimized, *folder.glob(f"{optimized.name}*")):
            path.unlink(missing_ok=True)


def failure(stage: str, error: GeneratorError) -> Failure:
    """What the record keeps of an error."""
    lines = error.last_lines if isinstance(error, WorkerError) else ""
    message = f"{error.problem}. {error.remedy}".strip().replace("\n", " ")
    return Failure.model_validate({"stage": stage, "message": message[:1000], "last_lines": lines[-4000:]})


def _artifact(variant: Variant, workload: Workload, cache: Cache) -> Artifact:
    artifact = workload.model()
    for step in variant.transforms:
        artifact = apply(step, artifact, workload, cache)
    return artifact


def _require(variant: Variant) -> None:
    package = PACKAGES[variant.runtime]
    if package and importlib.util.find_spec(package) is None:
        raise MissingPackage(package, "measure", f"variant '{variant.name}'")


def _stored(samples: Sequence[Arrays], cache: Cache) -> tuple[Path, str]:
    """Write inputs where workers read them; the hash is over names, shapes, types and bytes in their order."""
    digest = hashlib.sha256()
    arrays = dict[str, Any]()
    for index, sample in enumerate(samples):
        for name, array in sample.items():
            digest.update(f"{index}/{name}/{array.dtype.str}/{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
            arrays[f"{index:06d}/{name}"] = array

    def write(path: Path) -> dict[str, str]:
        with path.open("wb") as file:
            np.savez(file, **arrays)
        return {}

    path, _ = cache.built("inputs", {"data": digest.hexdigest()}, ".npz", write)
    return path, digest.hexdigest()


def _read_answers(path: Path) -> list[Arrays]:
    answered: dict[str, dict[str, Any]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            index, _, name = key.partition("/")
            answered.setdefault(index, {})[name] = stored[key]
    return [answered[index] for index in sorted(answered)]


def _variant_record(
    prepared: PreparedWorkload,
    variant: Variant,
    start: Mapping[str, Any] | None,
    quality: tuple[Observations, ...],
    problem: Failure | None,
    operators: Mapping[str, int] | None = None,
) -> VariantRecord:
    artifact = prepared.artifacts.get(variant.name)
    return VariantRecord(
        name=variant.name,
        workload=variant.workload,
        runtime=variant.runtime,
        runtime_version=str(start["version"]) if start else None,
        precision=variant.precision,
        baseline=variant.baseline,
        transforms=tuple(step.name for step in variant.transforms),
        options={
            **variant.options,
            **{f"{s.name}.{key}": v for s in variant.transforms for key, v in s.options.items()},
        },
        artifact=ArtifactRecord(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            format=artifact.format,
            operators=dict(operators or {}),
            notes=dict(artifact.notes),
        )
        if artifact
        else None,
        quality=quality,
        quality_unknown=prepared.workload.labels_unknown,
        runtime_details=dict(start["details"]) if start else {},
        failure=problem,
    )
