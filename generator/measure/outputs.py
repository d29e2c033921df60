"""Answers of one variant's workers to every sample, and the audit that timed queries give the same ones.

The answers come from the same worker code that is timed later, so that no variant is fast at computing something else.
"""

from __future__ import annotations

import itertools
import math
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from generator.core import protocol
from generator.core.record import Audit
from generator.measure.cores import core_groups
from generator.measure.events import Answering, Listener
from generator.measure.process import Job, WorkerProcess
from generator.transforms import operator_counts
from generator.workloads.workload import Arrays

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
            outputs = _outputs(job, own, workers, int(starts[0]["samples"]), pool, tell)
            operators = dict(workers[0].ask("operators")["operators"])
        operators = operator_counts(optimized) if optimized.exists() else operators
        first = starts[0]
        return Answers(
            outputs, str(first["version"]), first["details"], operators, int(first["first_call_ns"]), len(workers)
        )
    finally:
        for path in (*folder.glob(f"{optimized.name}*"), *folder.glob(f"answers-{own}-*")):
            path.unlink(missing_ok=True)


def _outputs(
    job: Job, own: str, workers: Sequence[WorkerProcess], total: int, pool: ThreadPoolExecutor, tell: Listener
) -> list[Arrays]:
    """Answers to all samples in their order, of loaded workers side by side."""
    size = min(ANSWERS_AT_ONCE, math.ceil(total / len(workers))) or 1
    idle = SimpleQueue[WorkerProcess]()
    for worker in workers:
        idle.put(worker)

    def some(first: int) -> Path:
        """The file of answers to a few samples, by whoever has nothing to do."""
        worker, into = idle.get(), job.artifact.parent / f"answers-{own}-{first}.npz"
        try:
            worker.ask("answer", first=first, count=size, into=str(into))
        finally:
            idle.put(worker)
        return into

    outputs: list[Arrays] = []
    for into in pool.map(some, range(0, total, size)):
        tell(Answering(job.variant, len(outputs), total))
        # One file after the other: NumPy parses their headers, and Python 3.11 fails when two threads parse at once
        # (CPython issue 106905).
        outputs += _read_answers(into)
        into.unlink()
    tell(Answering(job.variant, total, total))
    return outputs


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
    together = _differences_in_batches(batches, expected, batch)
    differing = sum(not one <= protocol.AUDIT_TOLERANCE for one in alone)
    return Audit(
        answers_compared=len(alone) + len(together),
        answers_differing=differing + sum(not one <= batch_tolerance for one in together),
        largest_difference=float(f"{max((*alone, *together), default=0.0):.3g}"),
        **timed,
    )


def _differences_in_batches(batches: Sequence[Arrays], expected: Sequence[Arrays | None], batch: int) -> list[float]:
    """How far each sample's answer in a batch lies from the expected one; nothing where no batches were answered."""
    # Batches follow one another through the samples, and the last one goes on with the first sample.
    rows = zip((row for one in batches for row in _rows(one, batch)), itertools.cycle(expected), strict=False)
    return [_difference(row, other) for row, other in rows if other is not None]


def _rows(answer: Arrays, batch: int) -> list[Arrays]:
    """A batch's answer, a sample each; where that cannot be told all of it for each, which equals none of theirs."""
    if any(not np.ndim(array) or len(array) % batch for array in answer.values()):
        return [answer] * batch
    parts = {name: np.split(np.asarray(array), batch) for name, array in answer.items()}
    return [{name: rows[index] for name, rows in parts.items()} for index in range(batch)]


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


def apart(ours: Sequence[Arrays], theirs: Sequence[Arrays]) -> float | None:
    """Largest difference of two runtimes' answers, over their largest output; None where no output is a real number.

    Chosen tokens and classes are left out: where two are as likely, rounding alone decides.
    """
    gaps = []
    for one, other in zip(ours, theirs, strict=True):
        real = {name: array for name, array in other.items() if np.asarray(array).dtype.kind == "f"}
        if real:
            gaps.append(_difference(one, real) if real.keys() <= one.keys() else 1.0)
    found = max(gaps, default=None)
    return None if found is None else float(f"{min(found, 1e39):.3g}")


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
