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
from generator.core.definition import Variant
from generator.core.errors import MissingPackage
from generator.core.record import Failure, SystemDescription, Work, WorkloadRecord
from generator.core.registry import RUNTIMES
from generator.measure.events import Listener, Preparing
from generator.measure.needs import lacking, left_out, variables
from generator.measure.outcome import failure
from generator.measure.process import Job
from generator.measure.roofline.flops import counted_work, unknown
from generator.measure.workload_run import WorkloadRun
from generator.runtimes.environment import Environment, isolated
from generator.transforms import apply
from generator.workloads.workload import Arrays, Artifact, SeveralDataSets, Stepwise, Workload


@dataclass(frozen=True, slots=True)
class PreparedWorkload:
    """A workload with its inputs on disk and its variants' artifacts ready."""

    asked: WorkloadRun
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
    asked: WorkloadRun, workload: Workload, cache: Cache, system: SystemDescription, tell: Listener
) -> PreparedWorkload:
    """Fetch, install, export and quantize what the variants of one workload need.

    A variant that cannot be prepared, that this machine lacks something for, or that the run leaves out becomes a
    failure; the others go on.

    Raises:
        GeneratorError: when the workload's inputs are not to be had; so does any other exception of its code. See
            `unprepared`.
    """
    tell(Preparing(f"{asked.name}: inputs"))
    timed = workload.timed_samples()
    quality_inputs, data_sha256 = _stored(workload.samples(), cache)
    inputs = _Inputs(_stored(timed, cache)[0], quality_inputs)
    jobs, artifacts, failures = dict[str, Job](), dict[str, Artifact](), dict[str, Failure]()
    environments, work = dict[str, Environment](), dict[str, Work]()
    for variant in asked.variants:
        name = variant.name
        if lack := left_out(variant, asked.part):
            failures[name] = lack
            continue
        tell(Preparing(f"{asked.name}: {name}"))
        try:
            _require(variant)
            if lack := lacking(variant, system):
                failures[name] = lack
                continue
            artifacts[name] = artifact = _artifact(variant, workload, cache)
            if variant.environment:
                environments[name] = isolated(variant.environment, cache, lambda *p: tell(Preparing(*p)))
        except Exception as error:  # a transform may raise anything, and the other variants are worth more
            failures[name] = failure("prepare", error)
            continue
        work[name] = _work(artifact, workload, timed, cache)
        jobs[name] = _job(asked, variant, artifact, inputs, environments.get(name))
    record = _record(asked, workload, data_sha256)
    return PreparedWorkload(asked, workload, record, jobs, artifacts, failures, environments, work)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Files of them, where workers read them."""

    timed: Path
    quality: Path


def _job(
    asked: WorkloadRun, variant: Variant, artifact: Artifact, inputs: _Inputs, environment: Environment | None
) -> Job:
    return Job(
        variant=variant.name,
        runtime=variant.runtime,
        artifact=artifact.path,
        timed_inputs=inputs.timed,
        quality_inputs=inputs.quality,
        threads=variant.threads or asked.threads,
        options=variant.options,
        interpreter=str(environment.interpreter) if environment else sys.executable,
        variables=variables(variant.options),
    )


def _record(asked: WorkloadRun, workload: Workload, data_sha256: str) -> WorkloadRecord:
    timed = workload.timed_samples()
    return WorkloadRecord(
        name=asked.name,
        kind=asked.choice.kind,
        model=workload.model_name,
        data_sha256=data_sha256,
        samples=len(workload.samples()),
        timed_samples=len(timed),
        notes=tuple(workload.notes),
        tokens_per_sample=workload.tokens_per_sample if isinstance(workload, Stepwise) else None,
        timed_inputs=_size(timed) if isinstance(workload, SeveralDataSets) else None,
        data_set=workload.data_set if isinstance(workload, SeveralDataSets) else None,
    )


def unprepared(asked: WorkloadRun, error: Exception, system: SystemDescription) -> PreparedWorkload:
    """What is left of a workload that cannot be prepared: why, for every variant that would have been measured.

    Args:
        asked: the workload.
        error: what kept it from being prepared.
        system: this machine.
    """
    why, failures = failure("prepare", error), dict[str, Failure]()
    for variant in asked.variants:
        failures[variant.name] = left_out(variant, asked.part) or lacking(variant, system) or why
    record = WorkloadRecord(
        name=asked.name, kind=asked.choice.kind, model=None, data_sha256=None, samples=None, timed_samples=None
    )
    return PreparedWorkload(asked, None, record, {}, {}, failures)


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


def _work(artifact: Artifact, workload: Workload, timed: Sequence[Arrays], cache: Cache) -> Work:
    if isinstance(workload, Stepwise):
        return unknown("a query is many passes of the model, and how many depends on the variant and the answer")
    return counted_work(artifact, timed, cache)


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
