"""One block: all workers started afresh on the same cores, warmed up, then cycles of rounds in random order."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from generator.core import protocol
from generator.core.definition import Scenario
from generator.core.record import Block, Health, Round, WorkerStart
from generator.measure.cores import drawn
from generator.measure.energy.meter import Meter, NoMeter
from generator.measure.health import Probe, is_disturbed
from generator.measure.process import Job, WorkerProcess
from generator.measure.scenario import play


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """What a block needs to know beside its jobs."""

    workload: str
    index: int
    started_at: datetime
    cores: tuple[int, ...]
    """Cores that the machine lets us use; the block draws as many as a variant has threads."""

    block_ns: int
    seed: str
    """Decides the cores, the order of starting and the order within each cycle."""

    timeout_s: float
    scenario: Scenario = Scenario.SINGLE_STREAM
    latency_bound_ns: int | None = None
    batches: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Samples of each participant's queries; those left out have 1."""

    turn: int = protocol.PAIR
    """Cycles of a turn: see `protocol.turn_cycles`."""

    meter: Meter = field(default_factory=NoMeter)
    """Measures energy after the rounds."""


def measure_block(jobs: Mapping[str, Job], plan: BlockPlan, probe: Probe) -> Block:
    """Measure one block.

    Args:
        jobs: job of each participant; the baseline's second start is the participant `control`.
        plan: where, how long, in which random order.
        probe: watches the system meanwhile.

    Raises:
        WorkerError: when a participant crashes, hangs or reports an error; the block is lost.
    """
    order = random.Random(plan.seed)
    # The same cores for all, one worker running at a time: each on cores of its own has its own neighbours too, and one
    # block errs by 4 to 8 % instead of 0.5 to 0.7 %. Drawn anew for each block, so that no run rests on one lucky core.
    threads = max(job.threads for job in jobs.values())
    cores = drawn(plan.cores, threads, order)
    with ExitStack() as stack:
        workers, starts = dict[str, WorkerProcess](), dict[str, dict[str, Any]]()
        for name in order.sample(sorted(jobs), len(jobs)):
            worker = stack.enter_context(WorkerProcess(jobs[name], cores[: jobs[name].threads], plan.timeout_s))
            starts[name] = worker.load(jobs[name].timed_inputs)
            workers[name] = worker
        for name, worker in workers.items():
            if (samples := plan.batches.get(name, 1)) > 1:
                worker.ask("batch", samples=samples)
            starts[name] |= worker.ask("warm_up", **_warm_up_command())
        rounds, health = _play(workers, starts, plan, order, probe)
        energy = plan.meter.windows(workers, plan.batches, order)
        for name, worker in workers.items():
            starts[name] |= worker.ask("stop")
    return Block(
        workload=plan.workload,
        index=plan.index,
        started_at=plan.started_at,
        cores=tuple(sorted(cores)),
        workers=tuple(_worker_start(name, start) for name, start in starts.items()),
        rounds=rounds,
        latency_bound_ns=plan.latency_bound_ns,
        health=health,
        disturbed=is_disturbed(health),
        energy=energy,
    )


def _play(
    workers: Mapping[str, WorkerProcess],
    starts: Mapping[str, Mapping[str, Any]],
    plan: BlockPlan,
    order: random.Random,
    probe: Probe,
) -> tuple[tuple[Round, ...], Health]:
    """Run the scenario while the probe watches the system."""
    rounds = list[Round]()
    used_ns = {name: int(start["process_cpu_ns"]) for name, start in starts.items()}
    begin_ns = sum(used_ns.values()) + time.process_time_ns()
    probe.start()
    for one, used in play(plan.scenario, workers, plan.batches, plan.block_ns, plan.turn, plan.latency_bound_ns, order):
        rounds.append(one)
        used_ns[one.variant] = used
    own_cpu_s = (sum(used_ns.values()) + time.process_time_ns() - begin_ns) / 1e9
    # A server idles between queries, so its share of a core says nothing about disturbance.
    share = 1.0 if plan.scenario is Scenario.SERVER else _lowest_cpu_share(rounds)
    return tuple(rounds), probe.finish(own_cpu_s, share)


def _lowest_cpu_share(rounds: Sequence[Round]) -> float:
    """Smallest CPU time over wall time; above one core it counts as one.

    A worker of several threads that do not spin keeps them busy only in part, and that is no disturbance; that it
    does not get even one core is one.
    """
    cpu_ns, wall_ns = Counter[str](), Counter[str]()
    for one in rounds:
        cpu_ns[one.variant] += one.cpu_ns
        wall_ns[one.variant] += one.wall_ns
    return min(min(1.0, cpu_ns[name] / wall_ns[name]) for name in wall_ns)


def _warm_up_command() -> dict[str, float]:
    return {
        "window_ns": protocol.WARM_UP_WINDOW_NS,
        "window_queries": protocol.WARM_UP_WINDOW_QUERIES,
        "least_queries": protocol.WARM_UP_LEAST_QUERIES,
        "least_ns": protocol.WARM_UP_LEAST_NS,
        "most_ns": protocol.WARM_UP_MOST_NS,
        "gain": protocol.WARM_UP_GAIN,
    }


def _worker_start(name: str, start: Mapping[str, Any]) -> WorkerStart:
    return WorkerStart(variant=name, **{key: start[key] for key in WorkerStart.model_fields if key != "variant"})


def starts_slowly(load_times_ns: Sequence[int]) -> bool:
    """Whether starting takes so long that blocks should be longer and the budget larger."""
    return max(load_times_ns, default=0) > protocol.SLOW_START_NS
