"""How often a 95 % interval is right: ours and the usual designs', simulated and on this machine.

    python -m benchmarks.validity             1,000 simulated and 40 real runs: about 25 minutes
    python -m benchmarks.validity --quick     100 simulated and 4 real runs: about 3 minutes

Two questions, with a known answer each. A/A: the same program twice; an interval that excludes 1 is a false alarm.
1.10: the same session called 10 and 11 times a query; the interval should hold 1.10. Finished blocks are kept in the
cache: after Ctrl-C, or with more --runs, the same command goes on from there.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks import designs
from benchmarks.designs import Outcome, Pair
from benchmarks.models import ROOT, job
from benchmarks.report import save
from benchmarks.simulation import Machine
from generator.core.cache import Cache
from generator.core.record import Block
from generator.measure.block import BlockPlan, measure_block
from generator.measure.cores import available_cores
from generator.measure.health import SystemProbe
from generator.measure.journal import Journal
from generator.measure.process import Job

TRUTH = math.log(11 / 10)
MODEL = "50 us"
SEED = 20261123

FIRST = (Pair("a2", "a1", 0.0), Pair("b1", "a1", -TRUTH))
SECOND = (Pair("b1", "b2", 0.0), Pair("a2", "b2", TRUTH))
"""Two runs at once: each compares its baseline with its own second start and with the other program, as a real run
does. No two of the four comparisons have both participants in common."""

OURS = "blocks of fresh workers, rounds in turns, t over blocks (this generator)"
SAMPLES = "all of A, then all of B; t over samples"
ROUNDS = "all of A, then all of B; t over rounds"
BOOTSTRAP = "rounds in turns, one start each; bootstrap over 10 rounds"
PROCESSES = "one fresh process a measurement, 8 + 8; t over processes"
PROCESS_BOOTSTRAP = "one fresh process a measurement, 8 + 8; bootstrap over processes"
DESIGNS = (OURS, SAMPLES, ROUNDS, BOOTSTRAP, PROCESSES, PROCESS_BOOTSTRAP)

Found = dict[str, list[Outcome]]


def _empty() -> Found:
    return {name: [] for name in DESIGNS}


# ---- simulated ----------------------------------------------------------------------------------------------------


def simulated(runs: int, progress: Progress) -> Found:
    """Runs of every design on a machine of numbers; half the runs are A/A, half have the ratio 1.10."""
    found, chance = _empty(), random.Random(SEED)
    task = progress.add_task("simulated", total=2 * runs)
    for index in range(2 * runs):
        generator = np.random.default_rng([SEED, index])
        truth = TRUTH if index % 2 else 0.0
        pair, levels = Pair("b", "a", truth), {"a": 0.0, "b": -truth}
        machine, blocks = Machine(generator, levels), list[Block]()
        while not designs.has_ended(blocks, [pair]):
            blocks.append(machine.block())
        found[OURS].append(designs.ours(blocks, pair))
        found[BOOTSTRAP].append(designs.bootstrap_over_rounds(blocks[0], pair, chance))
        sequential = Machine(generator, levels).block(interleaved=False)
        found[SAMPLES].append(designs.t_over_samples(sequential, pair))
        found[ROUNDS].append(designs.t_over_rounds(sequential, pair))
        alone = Machine(generator, levels)
        processes = [alone.block(cycles=20) for _ in range(2 * designs.PROCESSES)]
        found[PROCESSES].append(designs.t_over_processes(processes, pair))
        found[PROCESS_BOOTSTRAP].append(designs.bootstrap_over_processes(processes, pair, chance))
        progress.advance(task)
    return found


# ---- on this machine ----------------------------------------------------------------------------------------------


def measured(runs: int, trials: int, progress: Progress) -> tuple[Found, Mapping[str, Any]]:
    """Runs of every design on this machine, from blocks that the journal keeps."""
    jobs = {name: job(MODEL, name, 10 if name.startswith("a") else 11) for name in ("a1", "a2", "b1", "b2")}
    path = Cache.default(ROOT).root / "benchmarks" / "validity.jsonl"
    journal = Journal(path, {"model": MODEL, "times": [10, 11], "version": 1})
    sequential = _sequential_blocks(journal, jobs, trials, progress)
    groups = _groups(journal, jobs, runs, progress)
    found, chance = _empty(), random.Random(SEED)
    for group in groups:
        for pairs in (FIRST, SECOND):
            used = _used(group, pairs)
            found[OURS] += [designs.ours(used, pair) for pair in pairs]
        for pair in (*FIRST, *SECOND):
            found[BOOTSTRAP].append(designs.bootstrap_over_rounds(group[0], pair, chance))
    for block in sequential:
        for pair in (Pair("a2", "a1", 0.0), Pair("b1", "a2", -TRUTH)):
            found[SAMPLES].append(designs.t_over_samples(block, pair))
            found[ROUNDS].append(designs.t_over_rounds(block, pair))
    for part in _parts([block for group in groups for block in group], 2 * designs.PROCESSES):
        for pair in (*FIRST, *SECOND):
            found[PROCESSES].append(designs.t_over_processes(part, pair))
            found[PROCESS_BOOTSTRAP].append(designs.bootstrap_over_processes(part, pair, chance))
    return found, _about(groups, sequential)


def _groups(journal: Journal, jobs: Mapping[str, Job], runs: int, progress: Progress) -> list[list[Block]]:
    """Blocks of each pair of runs: as many as the slower of the two needs to reach its goal."""
    kept = iter([Block.model_validate(part["block"]) for part in journal.parts("block")])
    index, groups = 0, list[list[Block]]()
    task = progress.add_task("real runs, two at once", total=math.ceil(runs / 2))
    while len(groups) < math.ceil(runs / 2):
        group = list[Block]()
        while not (designs.has_ended(group, FIRST) and designs.has_ended(group, SECOND)):
            block = next(kept, None)
            if block is None:
                block = measure_block(jobs, _plan("turns", index), SystemProbe())
                journal.add("block", {"block": block.model_dump(mode="json")})
            group.append(block)
            index += 1
        groups.append(group)
        progress.advance(task)
    return groups


def _used(group: Sequence[Block], pairs: Sequence[Pair]) -> Sequence[Block]:
    """Blocks of a group up to the one at which this run of the two ended."""
    return next(group[:n] for n in range(1, len(group) + 1) if designs.has_ended(group[:n], pairs))


def _sequential_blocks(journal: Journal, jobs: Mapping[str, Job], trials: int, progress: Progress) -> list[Block]:
    """A fresh worker measured for its whole time, then the next one: a1, a2, b1 on the same core."""
    blocks = [Block.model_validate(part["block"]) for part in journal.parts("sequential")][:trials]
    task = progress.add_task("real runs, one after another", total=trials, completed=len(blocks))
    while len(blocks) < trials:
        seed = f"sequential/{len(blocks)}"
        core = random.Random(seed).choice(available_cores() or (0,))
        alone = [
            measure_block({name: jobs[name]}, _plan(seed, len(blocks), (core,)), SystemProbe())
            for name in ("a1", "a2", "b1")
        ]
        together = alone[0].model_copy(
            update={
                "rounds": tuple(one for block in alone for one in block.rounds),
                "workers": tuple(one for block in alone for one in block.workers),
            }
        )
        journal.add("sequential", {"block": together.model_dump(mode="json")})
        blocks.append(together)
        progress.advance(task)
    return blocks


def _plan(workload: str, index: int, cores: tuple[int, ...] | None = None) -> BlockPlan:
    now = datetime.now(UTC).replace(microsecond=0)
    length, seed = designs.RULES.block_ns, f"{SEED}/{workload}/{index}/{now}"
    return BlockPlan("validity", index, now, available_cores() if cores is None else cores, length, seed, 120.0)


def _parts(blocks: Sequence[Block], length: int) -> Iterator[Sequence[Block]]:
    yield from (blocks[i : i + length] for i in range(0, len(blocks) - length + 1, length))


def _about(groups: Sequence[Sequence[Block]], sequential: Sequence[Block]) -> Mapping[str, Any]:
    blocks = [block for group in groups for block in group]
    medians = [
        statistics.median([ns for one in b.rounds if one.variant == "a1" for ns in one.latencies_ns]) for b in blocks
    ]
    foreign = [b.health.foreign_cpu_cores for b in blocks if b.health.foreign_cpu_cores is not None]
    return {
        "model": f"a chain of matrix products of about {MODEL}, called 10 and 11 times a query, ONNX Runtime, 1 thread",
        "first_block_at": min(b.started_at for b in blocks).isoformat(),
        "last_block_at": max(b.started_at for b in blocks).isoformat(),
        "blocks": len(blocks),
        "blocks_disturbed": sum(b.disturbed for b in blocks),
        "blocks_per_run_median": statistics.median(len(_used(g, p)) for g in groups for p in (FIRST, SECOND)),
        "sequential_trials": len(sequential),
        "foreign_cpu_cores_median": statistics.median(foreign) if foreign else None,
        "block_median_ns_least_and_most": [min(medians), max(medians)],
    }


# ---- what came of it ----------------------------------------------------------------------------------------------


def summary(found: Found) -> dict[str, Any]:
    """For each design, how many A/A intervals exclude 1 and how many 1.10 intervals hold 1.10."""
    return {name: _design_summary(outcomes) for name, outcomes in found.items() if outcomes}


def _design_summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    same, different = ([o for o in outcomes if bool(o.truth) is is_real] for is_real in (False, True))
    return {
        "aa_runs": len(same),
        "aa_alarms": sum(not o.covers for o in same),
        "ratio_runs": len(different),
        "ratio_covered": sum(o.covers for o in different),
        "half_width_median": float(f"{statistics.median(o.half_width for o in outcomes):.3g}"),
    }


def picture(found: Found) -> dict[str, list[list[float]]]:
    """A/A ratios of this machine as [point, low, high], a run each: what the methodology page draws."""
    return {
        name: [[round(math.exp(v), 5) for v in (o.estimate, o.low, o.high)] for o in outcomes if not o.truth]
        for name, outcomes in found.items()
    }


def table(title: str, rows: Mapping[str, Any]) -> Table:
    """What a person reads."""
    shown = Table("design", "A/A alarms", "holds 1.10", "median ±", title=title)
    for name, row in rows.items():
        alarms = f"{row['aa_alarms'] / row['aa_runs']:.1%} ({row['aa_alarms']} of {row['aa_runs']})"
        holds = f"{row['ratio_covered'] / row['ratio_runs']:.1%} ({row['ratio_covered']} of {row['ratio_runs']})"
        shown.add_row(name, alarms, holds, f"{row['half_width_median']:.1%}")
    return shown


def verdict(rows: Mapping[str, Any]) -> str:
    """One line: whether the aims are met."""
    row = rows[OURS]
    alarms, covered = row["aa_alarms"] / row["aa_runs"], row["ratio_covered"] / row["ratio_runs"]
    kept = alarms <= 0.05 and covered >= 0.93
    return f"{'kept' if kept else 'NOT kept'}: {alarms:.1%} alarms (aim 5 % at most), {covered:.1%} coverage (aim 93 %)"


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=40, help="real A/A runs, and as many with the ratio 1.10")
    arguments.add_argument("--simulated", type=int, default=1000, help="simulated A/A runs, and as many of 1.10")
    arguments.add_argument("--quick", action="store_true", help="a tenth of it; nothing is saved")
    chosen = arguments.parse_args()
    runs, simulations = (4, 100) if chosen.quick else (chosen.runs, chosen.simulated)
    console, begin = Console(), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        real, about = measured(runs, runs, progress)
        imagined = summary(simulated(simulations, progress))
    found = summary(real)
    console.print(table("simulated", imagined), table("on this machine", found))
    console.print(f"Simulated, the promise is {verdict(imagined)}.")
    console.print(f"On this machine, the promise is {verdict(found)}.")
    if not chosen.quick:
        command = f"python -m benchmarks.validity --runs {runs} --simulated {simulations}"
        results = {"real": {**about, "designs": found}, "simulated": {"designs": imagined}, "aa": picture(real)}
        path = save("validity", command, results)
        console.print(f"Saved {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    console.print(f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
