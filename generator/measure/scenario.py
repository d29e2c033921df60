"""How queries arrive: what a block does between its workers' warm-up and their end, a scenario each."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from generator.core import protocol
from generator.core.definition import Scenario
from generator.core.record import Round


class Asks(Protocol):
    """A worker as a scenario sees it."""

    def ask(self, what: str, **command: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""


Played = Iterator[tuple[Round, int]]
"""Each round as it is measured, with the worker's processor time so far, in nanoseconds."""


def play(
    scenario: Scenario,
    workers: Mapping[str, Asks],
    batches: Mapping[str, int],
    block_ns: int,
    turn: int,
    latency_bound_ns: int | None,
    order: random.Random,
) -> Played:
    """Measure one block's rounds.

    Args:
        scenario: how queries arrive.
        workers: warm workers of all participants.
        batches: samples of each participant's queries.
        block_ns: time for which each participant is measured; the server scenario takes what its search needs.
        turn: cycles of a turn.
        latency_bound_ns: server: bound of the 99th percentile.
        order: decides who runs when.
    """
    if scenario is Scenario.SERVER and latency_bound_ns:
        return _search_rates(workers, latency_bound_ns, order)
    return _cycles(workers, batches, block_ns, turn, order)


def _cycles(
    workers: Mapping[str, Asks], batches: Mapping[str, int], block_ns: int, turn: int, order: random.Random
) -> Played:
    """Cycles until every participant was measured for the block's time, in whole turns.

    In each cycle all begin with the same sample, the next one, and the block's first one is drawn: samples may take
    different times, and a block of few long queries does not get through all of them.
    """
    measured_ns, first = dict.fromkeys(workers, 0), order.getrandbits(16)
    for cycle in itertools.count():
        if min(measured_ns.values()) >= block_ns and cycle >= protocol.LEAST_CYCLES and cycle % turn == 0:
            return
        for name in order.sample(sorted(workers), len(workers)):
            answer = workers[name].ask("round", first_sample=first + cycle, **round_command())
            used_ns = answer.pop("process_cpu_ns")
            measured_ns[name] += answer["wall_ns"]
            yield Round(variant=name, cycle=cycle, samples_per_query=batches.get(name, 1), **answer), used_ns


def _search_rates(workers: Mapping[str, Asks], latency_bound_ns: int, order: random.Random) -> Played:
    """For each participant, in random order, the highest rate that keeps the bound."""
    for name in order.sample(sorted(workers), len(workers)):
        tests = itertools.count()

        def test(rate: float, name: str = name, tests: Iterator[int] = tests) -> tuple[Round, int]:
            seed = order.getrandbits(32)
            answer = workers[name].ask("serve", rate=rate, queries=protocol.SERVER_QUERIES, seed=seed)
            used_ns = answer.pop("process_cpu_ns")
            return Round(
                variant=name, cycle=next(tests), samples_per_query=1, offered_per_second=rate, **answer
            ), used_ns

        alone = workers[name].ask("round", **round_command())
        yield from _search_rate(test, latency_bound_ns, 1e9 * _answered(alone) / alone["wall_ns"])


def _search_rate(test: Callable[[float], tuple[Round, int]], latency_bound_ns: int, most: float) -> Played:
    """Bisect between 5 % and 100 % of the rate at which the variant answers back to back, then confirm.

    One bisection may be lucky: the rate that it ends at is tested again, and a step lower whenever it does not hold.
    """
    low, high = 0.05 * most, most
    while high / low > 1 + protocol.SERVER_STEP:
        rate = (low * high) ** 0.5
        played = test(rate)
        yield played
        low, high = (rate, high) if protocol.passes(played[0], latency_bound_ns) else (low, rate)
    while low > 0.01 * most:
        outcomes = list[bool]()
        for _ in range(protocol.SERVER_CONFIRMATIONS):
            played = test(low)
            yield played
            outcomes.append(protocol.passes(played[0], latency_bound_ns))
        if protocol.holds(outcomes):
            return
        low /= 1 + protocol.SERVER_STEP


def best_batch(worker: Asks) -> tuple[int, dict[int, float]]:
    """Batch size at which a worker answers most samples per second, and what each size tried gave.

    The search goes upwards and ends when two sizes in a row bring less than 2 % more than the best so far.
    """
    tried, best, fruitless = dict[int, float](), 1, 0
    for size in protocol.BATCHES:
        worker.ask("batch", samples=size)
        answers = [worker.ask("round", **round_command()) for _ in range(4)]
        samples = size * sum(_answered(answer) for answer in answers[1:])
        tried[size] = samples / (sum(answer["wall_ns"] for answer in answers[1:]) / 1e9)
        if size == 1 or tried[size] > 1.02 * tried[best]:
            best, fruitless = size, 0
        else:
            fruitless += 1
        if fruitless == 2:
            break
    return best, tried


def _answered(answer: Mapping[str, Any]) -> int:
    """Queries of a round, whether their latencies are kept or not."""
    return int(answer.get("queries") or len(answer["latencies_ns"]))


def round_command() -> dict[str, float]:
    """Length of a round and of what stands uncounted at its start."""
    return {
        "round_ns": protocol.ROUND_NS,
        "most_kept": protocol.MOST_KEPT,
        "uncounted_queries": protocol.UNCOUNTED_QUERIES,
        "uncounted_ns": round(protocol.ROUND_NS * protocol.UNCOUNTED_SHARE),
        "refilling_ns": protocol.REFILLING_NS,
    }
