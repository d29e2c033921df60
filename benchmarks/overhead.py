"""What our worker's loop adds to a bare perf_counter loop over the same ONNX Runtime session.

    python -m benchmarks.overhead             about 90 s
    python -m benchmarks.overhead --quick     about 15 s; nothing is saved

Both loops run in one process on one session, in short rounds in random order, in several fresh processes: so whatever
the machine does, it does to both. Aims: at most 1.05 at 50 µs, 1.01 at 1 ms, 1.00 (that is below 1.005) at 10 ms.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.models import MODELS, job
from benchmarks.report import save
from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.record import Block, Health, Round
from generator.measure.cores import available_cores
from generator.measure.scenario import round_command
from generator.measure.worker import Worker

AIMS: Mapping[str, float] = MappingProxyType({"50 us": 1.05, "1 ms": 1.01, "10 ms": 1.005})
BLOCKS, BLOCK_NS = 12, 1_200_000_000
OURS, BARE = "ours", "bare"


def bare_round(session: Any, queries: itertools.cycle[Any]) -> dict[str, Any]:
    """What anybody would write: read the clock, run, read the clock, for 30 ms."""
    clock = time.perf_counter_ns
    begin, uncounted = clock(), 0
    while uncounted < protocol.UNCOUNTED_QUERIES or clock() - begin < protocol.ROUND_NS * protocol.UNCOUNTED_SHARE:
        session.run(None, next(queries))
        uncounted += 1
        if clock() - begin >= protocol.ROUND_NS:
            break
    latencies = list[int]()
    begin = clock()
    end = begin + protocol.ROUND_NS
    while True:
        query = next(queries)
        start = clock()
        session.run(None, query)
        stop = clock()
        latencies.append(stop - start)
        if stop >= end:
            break
    return {"latencies_ns": latencies, "wall_ns": clock() - begin}


def child(model: str, core: int, seed: int) -> None:
    """Measure both loops in this process and print their rounds as JSON."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    plain = job(model, OURS)
    command = {"runtime": "onnxruntime", "artifact": str(plain.artifact), "threads": 1, "options": {}}
    worker = Worker({**command, "inputs": str(plain.timed_inputs), "spawned_ns": time.monotonic_ns()})
    session, queries = worker._session._session, itertools.cycle(worker._queries)  # type: ignore[attr-defined]
    chance, found, spent = random.Random(seed), list[dict[str, Any]](), 0
    loops = {OURS: lambda: worker.round(round_command()), BARE: lambda: bare_round(session, queries)}
    for name in loops:
        for _ in range(5):
            loops[name]()
    for cycle in itertools.count():
        if spent >= 2 * BLOCK_NS and cycle % 2 == 0:
            break
        for name in chance.sample(sorted(loops), 2):
            answer = loops[name]()
            spent += answer["wall_ns"]
            kept = {key: answer.get(key) for key in ("latencies_ns", "wall_ns", "queries")}
            found.append({"variant": name, "cycle": cycle, **kept})
    sys.stdout.write(json.dumps(found))


def measured(model: str, index: int) -> tuple[Block, Block]:
    """One fresh process: its rounds, and the same with wall time over queries in place of the latencies."""
    core = random.choice(available_cores() or (-1,))
    command = [sys.executable, "-m", "benchmarks.overhead", "--child", model, str(core), str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    rounds = json.loads(done.stdout)
    whole = [{**one, "latencies_ns": [_per_query_ns(one)]} for one in rounds]
    return _block(rounds, index), _block(whole, index)


def _per_query_ns(one: dict[str, Any]) -> int:
    """Wall time over queries; a worker may keep the latencies of some of them only."""
    return round(one["wall_ns"] / (one["queries"] or len(one["latencies_ns"])))  # type: ignore[no-any-return]


def overhead(blocks: list[Block]) -> tuple[float, float, float]:
    """Ours over the bare loop, with its 95 % interval."""
    values = [v for block in blocks if (v := block_times(block).log_ratio(BARE, OURS)) is not None]
    interval = protocol.log_interval(values)
    if interval is None:
        raise SystemExit("at least two blocks are needed")
    low, high = interval.mean - interval.half_width, interval.mean + interval.half_width
    return math.exp(interval.mean), math.exp(low), math.exp(high)


def _block(rounds: list[dict[str, Any]], index: int) -> Block:
    health = Health(
        wall_ns=1, foreign_cpu_cores=None, lowest_cpu_share=1, psi_cpu_some=None, steal_cores=None, load_1min=None
    )
    return Block(
        workload="overhead",
        index=index,
        started_at=datetime.now(UTC),
        cores=(),
        workers=(),
        rounds=tuple(Round(samples_per_query=1, cpu_ns=0, involuntary_switches=None, **one) for one in rounds),
        health=health,
        disturbed=False,
    )


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="two processes a model; nothing is saved")
    arguments.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.child:
        child(chosen.child[0], int(chosen.child[1]), int(chosen.child[2]))
        return
    console, results = Console(), dict[str, Any]()
    table = Table("query", "latency", "whole loop", "aim", "", title="our loop over a bare perf_counter loop")
    for model in MODELS:
        count = 2 if chosen.quick else BLOCKS
        pairs = [measured(model, index) for index in track(range(count), f"{model}", console=console)]
        latency, whole = (overhead([pair[which] for pair in pairs]) for which in (0, 1))
        bare = [ns for block, _ in pairs for one in block.rounds if one.variant == BARE for ns in one.latencies_ns]
        kept = whole[0] <= AIMS[model]
        shown = (f"{point:.4f} [{low:.4f}, {high:.4f}]".replace("[", "\\[") for point, low, high in (latency, whole))
        table.add_row(
            f"{statistics.median(bare) / 1e3:.0f} µs", *shown, f"<= {AIMS[model]}", "kept" if kept else "NOT kept"
        )
        results[model] = {
            "bare_p50_ns": statistics.median(bare),
            "latency": latency,
            "whole_loop": whole,
            "aim": AIMS[model],
            "processes": count,
        }
    console.print(table)
    verdict = all(one["whole_loop"][0] <= one["aim"] for one in results.values())
    console.print(f"The aims are {'kept' if verdict else 'NOT kept'}.")
    if not chosen.quick:
        save("overhead", "python -m benchmarks.overhead", {"models": results})


if __name__ == "__main__":
    main()
