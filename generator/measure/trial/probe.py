"""The file's own first answers, in a process of their own: whether it runs, how long it takes, what its answers are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.core.cache import Cache
from generator.core.errors import HungWorker, PreparationError, WorkerError
from generator.core.packages import required
from generator.measure.cores import available_cores
from generator.measure.prepare import stored
from generator.measure.process import Job, WorkerProcess
from generator.workloads.metrics.likeness import ARGMAX, ERROR, check_answers
from generator.workloads.onnx_model import DRAWN_SAMPLES, ROWS, TIMED_SAMPLES, OnnxModel
from generator.workloads.own.graph import Graph
from generator.workloads.workload import Arrays

TIMEOUT_S = 300.0

QUALITY_PASS_NS = 3_000_000_000
"""What all samples of one variant may take; fewer are drawn where they would take longer."""

LEAST_SAMPLES = 8
TIMED_NS = 1_000_000_000
LEAST_TIMED = 2
BATCH_NS = 5_000_000_000
BATCH_BYTES = 2**26
"""A batch that takes longer or is larger is not asked."""

_VERSION = 2

_CLASSES = re.compile(r"logit|prob|score|class|label|softmax", re.IGNORECASE)
_TELLING = frozenset({"Softmax", "LogSoftmax", "ArgMax"})

_REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
        "its format is of IR version {0}, and the installed ONNX Runtime reads up to {1}",
        "Update it (pip install -U onnxruntime), or export the model with an older version of onnx.",
    ),
    (
        r"Opset (\d+) is under development.*?till opset (\d+)",
        "its operator set is version {0}, and the installed ONNX Runtime knows up to {1}",
        "Update it (pip install -U onnxruntime), or export the model with an older opset.",
    ),
    (
        r"Could not find an implementation for (\w+)",
        "ONNX Runtime has no code for its operator {0} on a processor",
        "Export the model in fp32, or without that operator.",
    ),
    (r"No Op registered for (\w+)", "ONNX Runtime does not know its operator {0}", "Export it with ONNX's operators."),
    (
        r"Fatal error: (\S+) is not a registered function/op",
        "ONNX Runtime does not know its operator {0}",
        "Export it with ONNX's operators.",
    ),
)
"""What ONNX Runtime says, what a person is told, and the remedy."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What the first answers showed."""

    latency_ns: int
    samples: int
    """Samples to draw: as many as all variants answer in a few seconds."""

    timed: int
    """Samples to time: a query of each takes about a second together, for the audit asks them all again and again."""

    rows: tuple[int, ...]
    """Numbers of samples that the graph answers side by side."""

    rows_refused: str
    """Why it answers none side by side although its axis is free; nothing otherwise."""

    metric: str
    output: str


def probe(workload: OnnxModel, cache: Cache, threads: int, metric: str | None) -> Probed:
    """Let the file answer one sample, then several side by side; asked again, the same is answered.

    So a trial that was interrupted goes on: what is chosen by a latency would be chosen otherwise another time.

    Args:
        workload: the file and its inputs.
        cache: keeps the inputs.
        threads: of the baseline.
        metric: what a person asked for; by the answers where it is None.

    Raises:
        PreparationError: when ONNX Runtime cannot run it, with the remedy.
        DefinitionError: when the inputs do not fit.
    """
    key = {
        "first": stored([workload.single[0]], cache)[1],
        "threads": threads,
        "metric": metric,
        "output": workload.output,
        "inputs": workload.inputs,
        "model": workload.sha256,
        "shapes": workload.shapes,
        "packages": required("trial", onnxruntime="onnxruntime", numpy="numpy"),
        "version": _VERSION,
    }

    def write(path: Path) -> Mapping[str, str]:
        path.write_text(json.dumps(asdict(_probed(workload, cache, threads, metric))), "utf-8")
        return {}

    found = json.loads(cache.built("probes", key, ".json", write).path.read_text("utf-8"))
    return Probed(**{**found, "rows": tuple(found["rows"])})


def _probed(workload: OnnxModel, cache: Cache, threads: int, metric: str | None) -> Probed:
    graph, artifact = workload.graph, workload.model()
    first = workload.single[0]
    job = Job("probe", "onnxruntime", artifact.path, stored([first], cache)[0], stored([first], cache)[0], threads, {})
    (answer,), latency_ns = _answers(job, cache, graph)
    try:
        check_answers([answer], 1)
    except WorkerError as error:
        problem = error.problem.replace("the answer to sample 1", "its own answer")
        raise PreparationError(graph.path.name, problem, error.remedy) from error
    how, output = (metric, workload.output) if metric else _metric(graph, answer, workload)
    size = sum(array.nbytes for array in first.values())
    wanted = [count for count in ROWS if count * latency_ns <= BATCH_NS and count * size <= BATCH_BYTES]
    rows, refused = tuple(wanted) if workload.sizes.free else (), ""
    if rows:
        try:
            for count in rows:
                path = stored([workload.together(count)], cache)[0]
                _answers(Job("probe", "onnxruntime", artifact.path, path, path, threads, {}), cache, graph)
        except PreparationError as error:
            rows, refused = (), error.problem
    samples = max(LEAST_SAMPLES, min(DRAWN_SAMPLES, QUALITY_PASS_NS // max(1, latency_ns)))
    timed = max(LEAST_TIMED, min(TIMED_SAMPLES, TIMED_NS // max(1, latency_ns)))
    return Probed(latency_ns, int(samples), int(timed), rows, refused, how, output)


def _answers(job: Job, cache: Cache, graph: Graph) -> tuple[list[Arrays], int]:
    """Answers to the job's inputs, and how long the second query took."""
    with cache.workspace() as folder:
        into = folder / "answers.npz"
        try:
            with WorkerProcess(job, available_cores()[: job.threads], TIMEOUT_S) as worker:
                worker.load(job.quality_inputs)
                taken = worker.ask("round", round_ns=1, uncounted_queries=0, uncounted_ns=0)
                worker.ask("answer", first=0, count=1, into=str(into))
        except WorkerError as error:
            raise _explained(graph, error) from error
        with np.load(into, allow_pickle=False) as kept:
            answer = {name.partition("/")[2]: kept[name] for name in kept.files}
        return [answer], int(taken["latencies_ns"][0])


def _explained(graph: Graph, error: WorkerError) -> PreparationError:
    """What ONNX Runtime could not do, in a sentence."""
    name, said = graph.path.name, f"{error.problem} {error.last_lines}"
    if isinstance(error, HungWorker):
        return PreparationError(name, f"one answer took more than {TIMEOUT_S:.0f} s", "Give smaller inputs: --shape.")
    for pattern, problem, remedy in _REASONS:
        if match := re.search(pattern, said, re.DOTALL):
            return PreparationError(name, problem.format(*match.groups()), remedy)
    shapes = ", ".join(f"{port.name} {port.shown}" for port in graph.inputs)
    reason = " ".join(re.sub(r"\[ONNXRuntimeError\] : \d+ : ", "", error.problem).split())[:300].rstrip(".")
    return PreparationError(
        name,
        f"ONNX Runtime cannot run it with these inputs ({reason})",
        f"Say their sizes (--shape) or give some (--inputs); its inputs are {shapes}.",
    )


def _metric(graph: Graph, answer: Arrays, workload: OnnxModel) -> tuple[str, str]:
    """Whether the largest element of an output is the answer, and of which; see `likeness`."""
    tables = {port.table for port in graph.inputs if port.table}
    for name, array in answer.items():
        if workload.output not in ("", name) or array.ndim < 2 or array.shape[-1] < 2:
            continue
        telling = graph.last_operators.get(name) in _TELLING or _CLASSES.search(name) or _sums_to_one(array)
        if telling or array.shape[-1] in tables:
            return ARGMAX, name
    return ERROR, workload.output


def _sums_to_one(array: NDArray[Any]) -> bool:
    if array.dtype.kind != "f":
        return False
    return bool((array >= 0).all() and np.allclose(array.astype(np.float64).sum(-1), 1, atol=1e-3))
