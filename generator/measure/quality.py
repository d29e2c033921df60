"""What the variants answer: accuracy, fidelity, and the batch that each one is best at.

The answers come from the same worker code that is timed later, so that no variant is fast at computing something else.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from generator import protocol
from generator.definition import Measurement, Scenario, Variant
from generator.errors import WorkerError
from generator.measure.events import Answering, Listener
from generator.measure.needs import UNCACHED
from generator.measure.prepare import PreparedWorkload, failure
from generator.measure.process import Job, WorkerProcess
from generator.measure.scenario import best_batch
from generator.measure.system import core_groups
from generator.record import ArtifactRecord, Audit, Failure, Observations, VariantRecord
from generator.transforms import operator_counts
from generator.workloads.workload import Arrays, SeveralModels

ANSWERS_AT_ONCE = 32
"""Samples answered between two signs of progress, at most."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What one variant's worker gave."""

    outputs: Sequence[Arrays]
    """One query's outputs a sample, in the order of the workload's samples."""

    version: str
    details: Mapping[str, str]
    operators: Mapping[str, int]
    """Of the graph that the runtime really ran, where it tells."""

    first_call_ns: int
    workers: int
    """How many answered side by side."""


def measure_quality(
    prepared: PreparedWorkload,
    measurement: Measurement,
    cores: Sequence[int],
    tell: Listener,
    timeout_s: float,
    keep: Callable[[VariantRecord], None],
    done: Mapping[str, VariantRecord],
) -> None:
    """Answer every sample with every variant and observe the answers.

    Args:
        prepared: the workload.
        measurement: the definition.
        cores: cores to run on.
        tell: gets the progress.
        timeout_s: longest wait for one answer of a worker.
        keep: gets each variant's part of the record as soon as it is known.
        done: parts that an interrupted run has kept; they are not measured again.
    """
    variants = measurement.variants_of(prepared.choice.name)
    missing = [variant for variant in variants if variant.name not in done]
    baseline: Sequence[Arrays] | None = None
    for variant in variants if missing else ():
        if variant in missing or variant.baseline:
            try:
                found, outputs = _observed(prepared, variant, measurement, baseline, cores, tell, timeout_s)
            except WorkerError as error:
                found, outputs = _unanswered(prepared, variant, failure("quality", error)), None
            baseline = outputs if variant.baseline else baseline
            if variant in missing:
                keep(found)


def _observed(
    prepared: PreparedWorkload,
    variant: Variant,
    measurement: Measurement,
    baseline: Sequence[Arrays] | None,
    cores: Sequence[int],
    tell: Listener,
    timeout_s: float,
) -> tuple[VariantRecord, Sequence[Arrays] | None]:
    if problem := prepared.failures.get(variant.name):
        return _unanswered(prepared, variant, problem), None
    if baseline is None and not variant.baseline:
        reason = "The baseline failed, so there is nothing to compare with."
        return _unanswered(prepared, variant, Failure(stage="quality", message=reason)), None
    job, samples = prepared.jobs[variant.name], prepared.workload.samples()
    if meaningless := _unknown(prepared, variant):
        # Nobody judges such answers; those of the timed inputs are enough for the audit.
        job, samples = replace(job, quality_inputs=job.timed_inputs), prepared.workload.timed_samples()
    compiles = bool(job.options.get("compile"))
    first = replace(job, variables={**job.variables, **UNCACHED}) if compiles else job
    # A first call that compiles is told of, so nothing goes on beside it.
    given = answers(first, cores[: job.threads] if compiles else cores, tell, timeout_s)
    batch, tried = _batch(job, variant, measurement.scenario, cores, timeout_s)
    places = _positions(prepared.workload.timed_samples(), samples)
    expected = [None if place is None else given.outputs[place] for place in places]
    audit = audited(job, expected, batch, protocol.audit_tolerance(variant.precision), cores, timeout_s)
    found = _unanswered(prepared, variant).model_copy(
        update={
            "runtime_version": given.version,
            "runtime_details": dict(given.details),
            "quality": () if meaningless else _judged(prepared, variant, given.outputs, baseline),
            "artifact": _artifact_record(prepared, variant, given.operators),
            "samples_per_query": batch,
            "audit": audit,
            "batches_tried": tried,
            "answering_workers": given.workers,
            "uncached_first_call_ns": given.first_call_ns if compiles else None,
        }
    )
    return found, given.outputs


def _judged(
    prepared: PreparedWorkload, variant: Variant, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """What the workload says of a variant's answers, and of its model whatever computes it."""
    workload = prepared.workload
    of_answers = workload.observe(outputs, None if variant.baseline else baseline)
    if isinstance(workload, SeveralModels):
        return (*of_answers, *workload.observe_model(prepared.artifacts[variant.name]))
    return of_answers


def _unknown(prepared: PreparedWorkload, variant: Variant) -> str | None:
    """Why the answers of a variant's model mean nothing; None where they mean something, or there is no model."""
    artifact, workload = prepared.artifacts.get(variant.name), prepared.workload
    return workload.quality_unknown(artifact) if artifact and isinstance(workload, SeveralModels) else None


def answers(job: Job, cores: Sequence[int], tell: Listener, timeout_s: float) -> Answers:
    """Let one variant answer every sample, by several fresh workers side by side where there are cores for them.

    Nothing is timed here, and no answer depends on the ones before it: audits see to that.

    Raises:
        WorkerError: when a worker crashes, hangs or reports an error.
    """
    folder, own = job.artifact.parent, _own_name(job)
    optimized = folder / f"optimized-{own}.onnx"
    try:
        with ThreadPoolExecutor(protocol.ANSWERING_WORKERS) as pool, ExitStack() as stack:
            groups = core_groups(cores, job.threads, protocol.ANSWERING_WORKERS)
            workers = [stack.enter_context(WorkerProcess(job, group, timeout_s)) for group in groups]
            optimizing = [optimized if job.runtime == "onnxruntime" else None, *[None] * (len(workers) - 1)]
            starts = list(pool.map(lambda worker, path: worker.load(job.quality_inputs, path), workers, optimizing))
            total = int(starts[0]["samples"])
            size = min(ANSWERS_AT_ONCE, math.ceil(total / len(workers))) or 1
            idle = SimpleQueue[WorkerProcess]()
            for worker in workers:
                idle.put(worker)

            def some(first: int) -> list[Arrays]:
                """Answers to a few samples, by whoever has nothing to do."""
                worker, into = idle.get(), folder / f"answers-{own}-{first}.npz"
                try:
                    worker.ask("answer", first=first, count=size, into=str(into))
                    return _read_answers(into)
                finally:
                    into.unlink(missing_ok=True)
                    idle.put(worker)

            outputs: list[Arrays] = []
            for answered in pool.map(some, range(0, total, size)):
                tell(Answering(job.variant, len(outputs), total))
                outputs += answered
            tell(Answering(job.variant, total, total))
            operators = dict(workers[0].ask("operators")["operators"])
        operators = operator_counts(optimized) if optimized.exists() else operators
        first = starts[0]
        return Answers(
            outputs, str(first["version"]), first["details"], operators, int(first["first_call_ns"]), len(workers)
        )
    finally:
        for path in folder.glob(f"{optimized.name}*"):
            path.unlink(missing_ok=True)


def audited(
    job: Job,
    expected: Sequence[Arrays | None],
    batch: int,
    batch_tolerance: float,
    cores: Sequence[int],
    timeout_s: float,
) -> Audit:
    """Check that timed queries give the answers that quality was measured on, and that repeating one is not faster.

    Like TEST01 and TEST04 of MLPerf's audits, on a fresh worker that runs the timed samples one by one, and then in
    batches where it is batches that are timed.

    Args:
        job: the variant.
        expected: the answers to the timed samples that quality was measured on; None for one that was not answered.
        batch: samples that a timed query carries.
        batch_tolerance: difference at which a sample's answer is the same in a batch, over the largest output.
        cores: cores to run on.
        timeout_s: longest wait for one answer of the worker.

    Raises:
        WorkerError: when the worker crashes, hangs or reports an error.
    """
    into = job.artifact.parent / f"audit-{_own_name(job)}.npz"
    try:
        with WorkerProcess(job, cores[: job.threads], timeout_s) as worker:
            worker.load(job.timed_inputs)
            timed = worker.ask(
                "audit",
                pairs=protocol.AUDIT_PAIRS,
                least_pairs=protocol.AUDIT_LEAST_PAIRS,
                long_ns=protocol.AUDIT_LONG_NS,
                round_ns=protocol.ROUND_NS,
                into=str(into),
            )
            again = _read_answers(into)
            batches = list[Arrays]()
            if batch > 1:
                worker.ask("batch", samples=batch)
                worker.ask("answer", first=0, count=len(expected), into=str(into))
                batches = _read_answers(into)
    finally:
        into.unlink(missing_ok=True)
    alone = [_difference(one, other) for one, other in zip(again, expected, strict=True) if other is not None]
    # Batches follow one another through the samples, and the last one goes on with the first sample.
    rows = zip((row for one in batches for row in _rows(one, batch)), itertools.cycle(expected), strict=False)
    together = [_difference(row, other) for row, other in rows if other is not None]
    differing = sum(not one <= protocol.AUDIT_TOLERANCE for one in alone)
    return Audit(
        answers_compared=len(alone) + len(together),
        answers_differing=differing + sum(not one <= batch_tolerance for one in together),
        largest_difference=float(f"{max((*alone, *together), default=0.0):.3g}"),
        **timed,
    )


def _rows(answer: Arrays, batch: int) -> list[Arrays]:
    """A batch's answer, a sample each; where that cannot be told all of it for each, which equals none of theirs."""
    if any(not np.ndim(array) or len(array) % batch for array in answer.values()):
        return [answer] * batch
    parts = {name: np.split(np.asarray(array), batch) for name, array in answer.items()}
    return [{name: rows[index] for name, rows in parts.items()} for index in range(batch)]


def _positions(timed: Sequence[Arrays], samples: Sequence[Arrays]) -> list[int | None]:
    """Where each timed sample stands among the samples that quality is measured on."""
    places = {_content(sample): position for position, sample in enumerate(samples)}
    return [places.get(_content(sample)) for sample in timed]


def _content(sample: Arrays) -> bytes:
    parts = (f"{name}/{array.dtype.str}/{array.shape}".encode() + array.tobytes() for name, array in sample.items())
    return hashlib.sha256(b"".join(parts)).digest()


def _difference(one: Arrays, other: Arrays) -> float:
    """Largest difference of any output, over the largest output; 1 where shapes or whole numbers differ."""
    for name, array in other.items():
        ours, theirs = np.asarray(one[name]), np.asarray(array)
        if ours.shape != theirs.shape or (theirs.dtype.kind in "iub" and not np.array_equal(ours, theirs)):
            return 1.0
    largest = max((float(np.abs(np.asarray(array)).max(initial=0)) for array in other.values()), default=0.0)
    gaps = [
        float(np.abs(np.asarray(one[name], float) - np.asarray(other[name], float)).max(initial=0)) for name in other
    ]
    return max(gaps, default=0.0) / (largest or 1.0)


def _batch(
    job: Job, variant: Variant, scenario: Scenario, cores: Sequence[int], timeout_s: float
) -> tuple[int, dict[int, float]]:
    """Samples that each timed query of a variant shall carry, and the batch sizes that were tried."""
    if variant.samples_per_query:
        return variant.samples_per_query, {}
    if scenario is Scenario.MULTI_STREAM:
        return protocol.MULTI_STREAM_SAMPLES, {}
    if scenario is not Scenario.OFFLINE:
        return 1, {}
    with WorkerProcess(job, cores[: job.threads], timeout_s) as worker:
        worker.load(job.timed_inputs)
        return best_batch(worker)


def _own_name(job: Job) -> str:
    """Nobody else's: machines of a fleet may share the cache, and another's answers must not be taken for ours."""
    return f"{job.variant}-{secrets.token_hex(4)}"


def _read_answers(path: Path) -> list[Arrays]:
    answered: dict[str, dict[str, Any]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            index, _, name = key.partition("/")
            answered.setdefault(index, {})[name] = stored[key]
    return [answered[index] for index in sorted(answered)]


def _artifact_record(
    prepared: PreparedWorkload, variant: Variant, operators: Mapping[str, int]
) -> ArtifactRecord | None:
    artifact = prepared.artifacts.get(variant.name)
    if artifact is None:
        return None
    return ArtifactRecord(
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        format=artifact.format,
        operators=dict(operators),
        notes=dict(artifact.notes),
    )


def _unanswered(prepared: PreparedWorkload, variant: Variant, problem: Failure | None = None) -> VariantRecord:
    """What is known of a variant before it answered anything."""
    steps = {f"{step.name}.{key}": value for step in variant.transforms for key, value in step.options.items()}
    environment = prepared.environments.get(variant.name)
    return VariantRecord(
        name=variant.name,
        workload=variant.workload,
        runtime=variant.runtime,
        runtime_version=None,
        environment=environment.packages if environment else (),
        precision=variant.precision,
        baseline=variant.baseline,
        threads=variant.threads,
        transforms=tuple(step.name for step in variant.transforms),
        options={**variant.options, **steps},
        artifact=_artifact_record(prepared, variant, {}),
        work=prepared.work.get(variant.name),
        quality=(),
        quality_unknown=prepared.workload.labels_unknown or _unknown(prepared, variant),
        variables=dict(prepared.jobs[variant.name].variables) if variant.name in prepared.jobs else {},
        failure=problem,
    )
