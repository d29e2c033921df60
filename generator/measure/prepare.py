"""What happens before the clock runs: downloads, exports, quantization, inputs, and the quality of answers."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from generator.core.cache import Cache
from generator.core.definition import Measurement, Variant, WorkloadChoice
from generator.core.errors import MissingPackage
from generator.core.record import Failure, SystemDescription, Work, WorkloadRecord
from generator.core.registry import RUNTIMES
from generator.measure.events import Listener, Preparing
from generator.measure.needs import lacking, left_out, variables
from generator.measure.outcome import failure
from generator.measure.process import Job
from generator.measure.roofline.flops import counted_work, unknown
from generator.runtimes.environment import Environment, isolated
from generator.transforms import apply
from generator.workloads.workload import Arrays, Artifact, SeveralDataSets, Stepwise, Workload


@dataclass(frozen=True, slots=True)
class PreparedWorkload:
    """A workload with its inputs on disk and its variants' artifacts ready."""

    choice: WorkloadChoice
    workload: Workload | None
    """None where it could not be prepared at all."""

    record: WorkloadRecord
    jobs: Mapping[str, Job]
    """Jobs of the variants that could be prepared, the baseline first."""

    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, Failure]
    environments: Mapping[str, Environment] = field(default_factory=lambda: MappingProxyType({}))
    """Of the variants that run in an isolated one."""

    work: Mapping[str, Work] = field(default_factory=lambda: MappingProxyType({}))
    """FLOPs and bytes of a sample, of the variants that could be prepared."""


def prepare(
    measurement: Measurement,
    choice: WorkloadChoice,
    workload: Workload,
    cache: Cache,
    system: SystemDescription,
    tell: Listener,
    core: bool = False,
) -> PreparedWorkload:
    """Fetch, install, export and quantize what the variants of one workload need.

    A variant that cannot be prepared, that this machine lacks something for, or that the core suite leaves out where
    `core` asks for that suite, becomes a failure; the others go on.

    Raises:
        GeneratorError: when the workload's inputs are not to be had; so does any other exception of its code. See
            `unprepared`.
    """
    tell(Preparing(f"{choice.name}: inputs"))
    samples, timed = workload.samples(), workload.timed_samples()
    quality_inputs, data_sha256 = _stored(samples, cache)
    timed_inputs, _ = _stored(timed, cache)
    jobs, artifacts, failures = dict[str, Job](), dict[str, Artifact](), dict[str, Failure]()
    environments, work = dict[str, Environment](), dict[str, Work]()
    for variant in measurement.variants_of(choice.name):
        if lack := left_out(variant, measurement, core):
            failures[variant.name] = lack
            continue
        tell(Preparing(f"{choice.name}: {variant.name}"))
        try:
            _require(variant)
            if lack := lacking(variant, system):
                failures[variant.name] = lack
                continue
            artifact = None if RUNTIMES[variant.runtime].remote else _artifact(variant, workload, cache)
            if variant.environment:
                environments[variant.name] = isolated(
                    variant.environment,
                    cache,
                    lambda *p: tell(Preparing(*p)),
                    RUNTIMES[variant.runtime].unimported,
                )
        except Exception as error:  # a transform may raise anything, and the other variants are worth more
            failures[variant.name] = failure("prepare", error)
            continue
        if artifact:
            artifacts[variant.name] = artifact
        work[variant.name] = _work(artifact, workload, timed, cache)
        jobs[variant.name] = Job(
            variant=variant.name,
            runtime=variant.runtime,
            artifact=artifact.path if artifact else timed_inputs,
            timed_inputs=timed_inputs,
            quality_inputs=quality_inputs,
            threads=variant.threads or measurement.threads,
            options=variant.options,
            interpreter=_interpreter(environments.get(variant.name)),
            variables=variables(variant.options),
        )
    record = WorkloadRecord(
        name=choice.name,
        kind=choice.kind,
        model=workload.model_name,
        data_sha256=data_sha256,
        samples=len(samples),
        timed_samples=len(timed),
        notes=tuple(workload.notes),
        tokens_per_sample=workload.tokens_per_sample if isinstance(workload, Stepwise) else None,
        timed_inputs=_size(timed) if isinstance(workload, SeveralDataSets) else None,
        data_set=workload.data_set if isinstance(workload, SeveralDataSets) else None,
    )
    return PreparedWorkload(choice, workload, record, jobs, artifacts, failures, environments, work)


def unprepared(
    measurement: Measurement, choice: WorkloadChoice, error: Exception, system: SystemDescription, core: bool = False
) -> PreparedWorkload:
    """What is left of a workload that cannot be prepared: why, for every variant that would have been measured.

    Args:
        measurement: the definition.
        choice: the workload.
        error: what kept it from being prepared.
        system: this machine.
        core: whether the run is of the core suite.
    """
    why, failures = failure("prepare", error), dict[str, Failure]()
    for variant in measurement.variants_of(choice.name):
        failures[variant.name] = left_out(variant, measurement, core) or lacking(variant, system) or why
    record = WorkloadRecord(
        name=choice.name, kind=choice.kind, model=None, data_sha256=None, samples=None, timed_samples=None
    )
    return PreparedWorkload(choice, None, record, {}, {}, failures)


def _size(timed: Sequence[Arrays]) -> str | None:
    """Sizes of a timed query's arrays: "ids int64 1x20, mask int64 1x20"; None where queries differ in them."""
    sizes = {
        ", ".join(f"{name} {array.dtype} {'x'.join(map(str, array.shape))}" for name, array in sorted(sample.items()))
        for sample in timed
    }
    return sizes.pop() if len(sizes) == 1 else None


def _artifact(variant: Variant, workload: Workload, cache: Cache) -> Artifact:
    artifact = workload.model()
    for step in variant.transforms:
        artifact = apply(step, artifact, workload, cache)
    return artifact


def _work(artifact: Artifact | None, workload: Workload, timed: Sequence[Arrays], cache: Cache) -> Work:
    if artifact is None:
        return unknown("a server computes it, and does not say how")
    if isinstance(workload, Stepwise):
        return unknown("a query is many passes of the model, and how many depends on the variant and the answer")
    return counted_work(artifact, timed, cache)


def _interpreter(environment: Environment | None) -> str:
    return str(environment.interpreter) if environment else sys.executable


def _require(variant: Variant) -> None:
    package = RUNTIMES[variant.runtime].package
    if package and not variant.environment and importlib.util.find_spec(package) is None:
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
