"""What the variants answer: accuracy, fidelity, and the batch that each one is best at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from generator.core import protocol
from generator.core.definition import Scenario, Variant
from generator.core.errors import FailureCause, WorkerError, WrongAnswer, cause_of
from generator.core.record import ArtifactRecord, Failure, Observations, VariantRecord
from generator.measure.events import Listener
from generator.measure.needs import UNCACHED, without_baseline
from generator.measure.outcome import failure
from generator.measure.outputs import answers, audited
from generator.measure.prepare import PreparedWorkload
from generator.measure.process import Job, WorkerProcess
from generator.measure.scenario import best_batch
from generator.workloads.workload import Arrays, SeveralModels, Workload


def measure_quality(
    prepared: PreparedWorkload,
    cores: Sequence[int],
    tell: Listener,
    timeout_s: float,
    keep: Callable[[VariantRecord], None],
    done: Mapping[str, VariantRecord],
) -> None:
    """Answer every sample with every variant and observe the answers.

    Args:
        prepared: the workload.
        cores: cores to run on.
        tell: gets the progress.
        timeout_s: longest wait for one answer of a worker.
        keep: gets each variant's part of the record as soon as it is known.
        done: parts that an interrupted run has kept; they are not measured again.
    """
    variants = prepared.asked.variants
    missing = [variant for variant in variants if variant.name not in done]
    baseline: Sequence[Arrays] | None = None
    for variant in variants if missing else ():
        if variant in missing or variant.baseline:
            try:
                found, outputs = _observed(prepared, variant, baseline, cores, tell, timeout_s)
            except Exception as error:  # a workload's code may raise anything, and the other variants are worth more
                if cause_of(error) is FailureCause.DISK:
                    raise  # the same command measures it when there is room
                found, outputs = unanswered(prepared, variant, failure("quality", error)), None
            baseline = outputs if variant.baseline else baseline
            if variant in missing:
                keep(found)


def _observed(
    prepared: PreparedWorkload,
    variant: Variant,
    baseline: Sequence[Arrays] | None,
    cores: Sequence[int],
    tell: Listener,
    timeout_s: float,
) -> tuple[VariantRecord, Sequence[Arrays] | None]:
    problem, workload = prepared.failures.get(variant.name), prepared.workload
    if problem or workload is None:
        return unanswered(prepared, variant, problem), None
    if baseline is None and not variant.baseline:
        why = without_baseline(prepared.failures.get(prepared.asked.baseline))
        return unanswered(prepared, variant, why), None
    job, samples = prepared.jobs[variant.name], workload.samples()
    if meaningless := _unknown(prepared, variant):
        # Nobody judges such answers; those of the timed inputs are enough for the audit.
        job, samples = replace(job, quality_inputs=job.timed_inputs), workload.timed_samples()
    compiles = bool(job.options.get("compile"))
    first = replace(job, variables={**job.variables, **UNCACHED}) if compiles else job
    # A first call that compiles is told of, so nothing goes on beside it.
    given = answers(first, cores[: job.threads] if compiles else cores, tell, timeout_s)
    batch, tried = _batch(job, variant, prepared.asked.scenario, cores, timeout_s)
    places = _positions(workload.timed_samples(), samples)
    expected = [None if place is None else given.outputs[place] for place in places]
    audit = audited(job, expected, batch, protocol.audit_tolerance(variant.precision), cores, timeout_s)
    found = unanswered(prepared, variant).model_copy(
        update={
            "runtime_version": given.version,
            "runtime_details": dict(given.details),
            "quality": () if meaningless else _judged(workload, prepared, variant, given.outputs, baseline),
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
    workload: Workload,
    prepared: PreparedWorkload,
    variant: Variant,
    outputs: Sequence[Arrays],
    baseline: Sequence[Arrays] | None,
) -> tuple[Observations, ...]:
    """What the workload says of a variant's answers, and of its model whatever computes it.

    Raises:
        WrongAnswer: when they are not finite, or of another form than they must be.
    """
    try:
        of_answers = workload.observe(outputs, None if variant.baseline else baseline)
    except WorkerError as error:
        raise WrongAnswer(error.where, error.problem, error.remedy, error.last_lines, variant.name) from error
    if isinstance(workload, SeveralModels):
        return (*of_answers, *workload.observe_model(prepared.artifacts[variant.name]))
    return of_answers


def _unknown(prepared: PreparedWorkload, variant: Variant) -> str | None:
    """Why the answers of a variant's model mean nothing; None where they mean something, or there is no model."""
    artifact, workload = prepared.artifacts.get(variant.name), prepared.workload
    return workload.quality_unknown(artifact) if artifact and isinstance(workload, SeveralModels) else None


def _labels_unknown(prepared: PreparedWorkload) -> str | None:
    return prepared.workload.labels_unknown if prepared.workload else None


def _positions(timed: Sequence[Arrays], samples: Sequence[Arrays]) -> list[int | None]:
    """Where each timed sample stands among the samples that quality is measured on."""
    places = {_content(sample): position for position, sample in enumerate(samples)}
    return [places.get(_content(sample)) for sample in timed]


def _content(sample: Arrays) -> bytes:
    parts = (f"{name}/{array.dtype.str}/{array.shape}".encode() + array.tobytes() for name, array in sample.items())
    return hashlib.sha256(b"".join(parts)).digest()


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


def unanswered(prepared: PreparedWorkload, variant: Variant, problem: Failure | None = None) -> VariantRecord:
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
        quality_unknown=_labels_unknown(prepared) or _unknown(prepared, variant),
        variables=dict(prepared.jobs[variant.name].variables) if variant.name in prepared.jobs else {},
        failure=problem,
    )
