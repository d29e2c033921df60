"""Seconds until a ratio is known to ±2 %, and whether the interval then holds the truth: ours against other tools.

    python -m benchmarks.time_to_precision             5 trials of each tool: about 8 minutes
    python -m benchmarks.time_to_precision --quick     one trial of each; nothing is saved

The two programs are one ONNX Runtime session called 10 and 11 times a query: the true ratio is 1.10. Each tool is used
as its manual shows, and stops as soon as its own 95 % interval is narrower than ±2 %: pyperf (20 processes of A, then
of B; Welch's t over its values), LoadGen (single-stream runs of 1 s, A and B in turns, which it cannot do by itself;
Welch's t over their medians, for it gives no interval), timeit (repeats of A, then of B; t over repeats). Finished
trials are kept in the cache: after Ctrl-C, or with more --trials, the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from scipy import stats

from benchmarks import designs
from benchmarks.designs import Pair
from benchmarks.models import ROOT, job
from benchmarks.other_tools import MODEL
from benchmarks.report import save
from generator.core.cache import Cache
from generator.core.record import Block
from generator.measure.block import BlockPlan, measure_block
from generator.measure.cores import available_cores
from generator.measure.health import SystemProbe
from generator.measure.journal import Journal

TRUTH = math.log(10 / 11)
GOAL = math.log(1.02)
LEAST_RUNS, MOST_RUNS = 3, 15


@dataclass(frozen=True, slots=True)
class Trial:
    """One use of one tool."""

    seconds: float
    """Until its interval was narrower than the goal, or until it gave up."""

    estimate: float
    half_width: float

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.half_width < GOAL

    @property
    def covers(self) -> bool:
        """Whether the interval holds the true ratio."""
        return abs(self.estimate - TRUTH) <= self.half_width


def ours() -> Trial:
    """A standard run with its A/A control."""
    jobs = {name: job(MODEL, name, times) for name, times in (("a", 10), ("control", 10), ("b", 11))}
    pairs = [Pair("b", "a", TRUTH), Pair("control", "a", 0.0)]
    begin, blocks = time.monotonic(), list[Block]()
    while not designs.has_ended(blocks, pairs):
        now = datetime.now(UTC).replace(microsecond=0)
        seed = f"{random.getrandbits(32)}"
        plan = BlockPlan("time", len(blocks), now, available_cores(), designs.RULES.block_ns, seed, 120.0)
        blocks.append(measure_block(jobs, plan, SystemProbe()))
    found = designs.ours(blocks, pairs[0])
    return Trial(time.monotonic() - begin, found.estimate, found.half_width)


def pyperf() -> Trial:
    """Both programs with pyperf's defaults; the time is that of the processes used until the goal."""
    import pyperf as tool

    logs, seconds = list[list[list[float]]](), 0.0
    for times in (10, 11):
        with tempfile.TemporaryDirectory() as folder:
            path, begin = Path(folder) / "out.json", time.monotonic()
            _run(["benchmarks/pyperf_case.py", "--times", str(times), "--quiet", "-o", str(path)])
            seconds += time.monotonic() - begin
            runs = tool.BenchmarkSuite.load(str(path)).get_benchmarks()[0].get_runs()
        logs.append([[math.log(value) for value in run.values] for run in runs if run.values])
    count = min(len(one) for one in logs)
    for used in range(LEAST_RUNS, count + 1):
        samples = [[value for run in one[:used] for value in run] for one in logs]
        estimate, half = _welch(*samples)
        if half < GOAL:
            break
    return Trial(seconds * used / count, estimate, half)


def loadgen() -> Trial:
    """Runs of LoadGen in processes of their own, A and B in turns."""
    begin, logs = time.monotonic(), ([list[float](), list[float]()])
    estimate, half = 0.0, math.inf
    while half >= GOAL and len(logs[1]) < MOST_RUNS:
        for kept, times in zip(logs, (10, 11), strict=True):
            answer = _run(["-m", "benchmarks.other_tools", "loadgen", str(times)])
            kept.append(math.log(answer["p50_ns"]))
        if len(logs[1]) >= LEAST_RUNS:
            estimate, half = _welch(*logs)
    return Trial(time.monotonic() - begin, estimate, half)


def naive_timeit() -> Trial:
    """A loop around timeit in one process."""
    begin = time.monotonic()
    answer = _run(["-m", "benchmarks.other_tools", "timeit", str(GOAL)])
    return Trial(time.monotonic() - begin, answer["estimate"], answer["half_width"])


TOOLS: Mapping[str, Callable[[], Trial]] = MappingProxyType(
    {"this generator": ours, "pyperf": pyperf, "LoadGen": loadgen, "timeit": naive_timeit}
)


def trials(count: int, progress: Progress) -> dict[str, list[Trial]]:
    """So many trials of each tool, in turns, those of earlier sittings included."""
    journal = Journal(
        Cache.default(ROOT).root / "benchmarks" / "time_to_precision.jsonl", {"model": MODEL, "version": 1}
    )
    kept = {name: [Trial(**part["trial"]) for part in journal.parts(name)][:count] for name in TOOLS}
    task = progress.add_task("trials", total=count * len(TOOLS), completed=sum(len(one) for one in kept.values()))
    for index in range(count):
        for name, tool in TOOLS.items():
            if len(kept[name]) <= index:
                progress.update(task, description=name)
                kept[name].append(tool())
                journal.add(name, {"trial": asdict(kept[name][-1])})
                progress.advance(task)
    return kept


def _run(arguments: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    lines = done.stdout.splitlines()
    return dict(json.loads(lines[-1])) if lines and lines[-1].startswith("{") else {}


def _told(one: Trial) -> dict[str, Any]:
    return {**asdict(one), "reached": one.reached, "covers": one.covers}


def _welch(theirs: Sequence[float], our: Sequence[float]) -> tuple[float, float]:
    errors = [statistics.variance(values) / len(values) for values in (theirs, our)]
    degrees = sum(errors) ** 2 / sum(e**2 / (len(v) - 1) for e, v in zip(errors, (theirs, our), strict=True))
    half = float(stats.t.ppf(0.975, degrees)) * math.sqrt(sum(errors))
    return statistics.fmean(theirs) - statistics.fmean(our), half


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trials", type=int, default=5)
    arguments.add_argument("--quick", action="store_true", help="one trial of each; nothing is saved")
    chosen = arguments.parse_args()
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        found = trials(1 if chosen.quick else chosen.trials, progress)
    table = Table(
        "tool", "seconds to ±2 %", "against ours", "reached", "holds 1.10", "worst error", title="time to ±2 %"
    )
    base = statistics.median(one.seconds for one in found["this generator"])
    for name, many in found.items():
        seconds, count = statistics.median(one.seconds for one in many), len(many)
        table.add_row(
            name,
            f"{seconds:.1f}",
            f"{seconds / base:.2f}",
            f"{sum(one.reached for one in many)} of {count}",
            f"{sum(one.covers for one in many)} of {count}",
            f"{max(abs(math.exp(one.estimate - TRUTH) - 1) for one in many):.1%}",
        )
    console.print(table)
    console.print(f"Ours takes {base:.0f} s; a tool is worth its time only as far as its intervals hold the truth.")
    if not chosen.quick:
        command = f"python -m benchmarks.time_to_precision --trials {chosen.trials}"
        save(
            "time-to-precision",
            command,
            {"tools": {name: [_told(one) for one in many] for name, many in found.items()}},
        )


if __name__ == "__main__":
    main()
