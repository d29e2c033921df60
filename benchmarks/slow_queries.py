"""What slow queries need before they are timed: how soon a worker is warm, and whether it must refill its caches.

    python -m benchmarks.slow_queries             real models of 40 ms to 1 s a query: about 4 minutes
    python -m benchmarks.slow_queries --quick     one pair, two workers; nothing is saved

The protocol's warm-up and its uncounted queries were found with queries of 50 µs to 10 ms. A query of half a second
makes as many passes over its model as fifty of those, so it may need fewer. Here each variant answers many queries in
several fresh workers, and then in turns with a worker of another variant on the same core, two queries a turn:

- after how many queries the slowest of the rest is settled: each query's latency over the median of the last nine;
- what the first query of a turn costs over the one that follows, the caches being another's.

Both by the protocol's own interval: Student's t over fresh workers, and its floor.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.models import ROOT
from benchmarks.report import save
from generator.core import protocol
from generator.core.cache import Cache
from generator.core.definition_file import load_suite
from generator.core.record import Tier
from generator.measure.events import silent
from generator.measure.prepare import prepare
from generator.measure.process import Job, WorkerProcess
from generator.measure.system import available_cores, describe_system
from generator.measure.workload_run import workload_runs
from generator.workloads.load import load_workload

PAIRS: Sequence[tuple[str, str, str]] = (
    ("object-detection", "onnxruntime-fp32", "onnxruntime-int8-static"),
    ("object-detection", "pytorch-fp32", "onnxruntime-fp32"),
    ("generation", "continue-int4", "continue-int8"),
    ("summarization", "fp32", "fp32-lookup"),
)
"""A measurement and two variants of one of its workloads, that take turns; faster models first."""

WORKERS = 3
TRACED = 16
"""Queries of a fresh worker whose latencies are kept one by one."""

SETTLED = 9
"""The last of them are what the others are compared with."""

TURNS, TURN_QUERIES = 9, 2
"""No divisor in common with the language model's three samples: or else each turn would begin with the same one."""


def jobs_of(measurement: str, names: Sequence[str]) -> dict[str, Job]:
    """Jobs of some variants, prepared as a run prepares them."""
    suite = {one.name: one for one in load_suite(ROOT / "measurements")}
    found, cache, wanted = suite[measurement], Cache.default(ROOT), set(names)
    workloads = {one.workload for one in found.variants if one.name in wanted}
    prepared = dict[str, Job]()
    for run in workload_runs(found, Tier.STANDARD, found.part(core=False)):
        if run.name in workloads:
            workload = load_workload(run.choice, ROOT / "measurements" / measurement, cache)
            prepared |= prepare(run, workload, cache, describe_system(), silent).jobs
    return {name: prepared[name] for name in names}


def asked(worker: WorkerProcess, queries: int) -> list[int]:
    """Latencies of so many queries in a row, none of them uncounted."""
    command = {"round_ns": 0, "uncounted_queries": 0, "uncounted_ns": 0}
    return [latency for _ in range(queries) for latency in worker.ask("round", **command)["latencies_ns"]]


def one_block(jobs: Mapping[str, Job], order: random.Random) -> dict[str, Any]:
    """Fresh workers on one core: a trace of each, then turns."""
    traces, turns = dict[str, list[int]](), {name: list[list[int]]() for name in jobs}
    with ExitStack() as stack:
        core, workers = [order.choice(available_cores())], dict[str, WorkerProcess]()
        for name in order.sample(sorted(jobs), len(jobs)):
            workers[name] = stack.enter_context(WorkerProcess(jobs[name], core, 600.0))
            workers[name].load(jobs[name].timed_inputs)
        for name, worker in workers.items():
            traces[name] = asked(worker, TRACED)
        for _ in range(TURNS):
            for name in order.sample(sorted(workers), len(workers)):
                turns[name].append(asked(workers[name], TURN_QUERIES))
    return {"traces": traces, "turns": turns}


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Ratio with its interval from log ratios, one a fresh worker."""
    found = protocol.log_interval(values)
    mean, half = (found.mean, found.half_width) if found else (values[0], math.inf)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def early(traces: Sequence[Sequence[int]], samples: int, place: int) -> tuple[float, float, float]:
    """Latency of the query at a place over the later ones of the same sample, over fresh workers."""
    values = []
    for trace in traces:
        later = [one for index, one in enumerate(trace) if index >= TRACED - SETTLED and (index - place) % samples == 0]
        values.append(math.log(trace[place] / statistics.median(later)))
    return interval(values)


def first_of_turn(turns: Sequence[Sequence[Sequence[int]]], samples: int) -> tuple[float, float, float]:
    """First query of a turn over the others, each over the median of its own sample; over fresh workers."""
    values = []
    for worker in turns:
        latencies = [latency for turn in worker for latency in turn]
        own = [statistics.median(latencies[index % samples :: samples]) for index in range(len(latencies))]
        logs = [math.log(latency / typical) for latency, typical in zip(latencies, own, strict=True)]
        first = statistics.median(logs[::TURN_QUERIES])
        rest = statistics.median(one for index, one in enumerate(logs) if index % TURN_QUERIES)
        values.append(first - rest)
    return interval(values)


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one pair, two workers; nothing is saved")
    quick = parser.parse_args().quick
    console, results = Console(), list[dict[str, Any]]()
    pairs, workers = (PAIRS[:1], 2) if quick else (PAIRS, WORKERS)
    table = Table("variant", "query, ms", *(f"query {place + 1}" for place in range(6)), "first of a turn")
    with Progress(console=console) as progress:
        task = progress.add_task("", total=len(pairs) * workers)
        for measurement, *names in pairs:
            progress.update(task, description=f"{measurement}: {', '.join(names)}")
            jobs, order = jobs_of(measurement, names), random.Random(f"{measurement}/{names}")
            blocks = list[dict[str, Any]]()
            for _ in range(workers):
                blocks.append(one_block(jobs, order))
                progress.advance(task)
            for name in names:
                traces = [block["traces"][name] for block in blocks]
                samples = _samples(jobs[name])
                median_ms = statistics.median(one for trace in traces for one in trace[-SETTLED:]) / 1e6
                places = [early(traces, samples, place) for place in range(6)]
                turn = first_of_turn([block["turns"][name] for block in blocks], samples)
                table.add_row(f"{measurement}: {name}", f"{median_ms:.0f}", *map(_shown, places), _shown(turn))
                results.append(
                    {
                        "measurement": measurement,
                        "variant": name,
                        "query_ms": round(median_ms, 1),
                        "early_over_settled": [[round(one, 4) for one in place] for place in places],
                        "first_of_turn_over_rest": [round(one, 4) for one in turn],
                    }
                )
    console.print(table)
    if not quick:
        path = save("slow_queries", "python -m benchmarks.slow_queries", {"workers": workers, "variants": results})
        console.print(f"Saved {path}.")


def _samples(job: Job) -> int:
    """Timed samples, which queries take in turn and which take their own time each; 1 for images, all of one size."""
    with np.load(job.timed_inputs) as stored:
        count = len({key.partition("/")[0] for key in stored.files})
    return count if count <= SETTLED // 3 else 1


def _shown(one: tuple[float, float, float]) -> str:
    return f"{one[0]:.3f} [{one[1]:.3f}–{one[2]:.3f}]"


if __name__ == "__main__":
    main()
