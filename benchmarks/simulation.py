"""A machine of numbers: drifts, jumps between fresh processes, noise and stalls, and a ratio that is known exactly.

The sizes are those that experiments of 23 November 2026 found on the project's own kind of machine: rounds of 20 ms
have a standard deviation of 9 to 22 % within 100 s and an autocorrelation of 0.5 to 0.7, after 2 s still 0.2 to 0.35;
fresh processes of one program differ by 0.5 % even when they share a core, and what stays constant through a run by
about 0.2 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from generator.core.record import Block, Health, Round

ROUND_S = 0.03
QUERIES = 12
FAST_S, FAST_SD = 0.05, 0.08
SLOW_S, SLOW_SD = 4.0, 0.06
FRESH_SD, RUN_SD = 0.005, 0.002
ROUND_SD, QUERY_SD = 0.01, 0.03
STALL_SHARE, STALL_LOG = 0.005, 1.0
GAP_S = 0.5
"""Time in which a worker starts and warms up."""

_HEALTH = Health.model_construct(wall_ns=1, foreign_cpu_cores=0.0, lowest_cpu_share=1.0)  # type: ignore[call-arg]


class Machine:
    """One run's machine.

    Args:
        chance: decides everything.
        levels: log latency of each participant.
    """

    def __init__(self, chance: np.random.Generator, levels: Mapping[str, float]) -> None:
        self._chance = chance
        self._levels = {name: level + chance.normal(0, RUN_SD) for name, level in levels.items()}
        self._slow = chance.normal(0, SLOW_SD)

    def block(self, cycles: int = 40, *, interleaved: bool = True) -> Block:
        """Fresh processes of all participants: rounds in random order within each cycle, or one after another."""
        chance, names = self._chance, sorted(self._levels)
        fresh = {name: level + chance.normal(0, FRESH_SD) for name, level in self._levels.items()}
        order = [name for _ in range(cycles) for name in chance.permutation(names)] if interleaved else []
        order = order or [name for name in names for _ in range(cycles)]
        state = self._state(len(order)) + chance.normal(0, ROUND_SD, len(order))
        done, rounds = dict.fromkeys(names, 0), list[Round]()
        for name, now in zip(order, state, strict=True):
            rounds.append(self._round(str(name), done[name], fresh[name] + now))
            done[name] += 1
        return Block.model_construct(
            workload="simulated",
            index=0,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            cores=(0,),
            workers=(),
            rounds=tuple(rounds),
            latency_bound_ns=None,
            health=_HEALTH,
            disturbed=False,
        )

    def _round(self, name: str, cycle: int, log_ratio: float) -> Round:
        chance = self._chance
        logs = log_ratio + chance.normal(0, QUERY_SD, QUERIES) + STALL_LOG * (chance.random(QUERIES) < STALL_SHARE)
        latencies = tuple(int(ns) for ns in 500_000 * np.exp(logs))
        return Round.model_construct(variant=name, cycle=cycle, samples_per_query=1, latencies_ns=latencies)  # type: ignore[call-arg]

    def _state(self, count: int) -> NDArray[np.float64]:
        """What the machine does to everyone: two decaying memories, one of 50 ms and one of seconds."""
        decay = float(np.exp(-GAP_S / SLOW_S))
        self._slow = decay * self._slow + self._chance.normal(0, SLOW_SD * np.sqrt(1 - decay**2))
        slow = self._memory(count, SLOW_S, SLOW_SD, self._slow)
        self._slow = float(slow[-1])
        return self._memory(count, FAST_S, FAST_SD, self._chance.normal(0, FAST_SD)) + slow

    def _memory(self, count: int, seconds: float, spread: float, start: float) -> NDArray[np.float64]:
        decay = float(np.exp(-ROUND_S / seconds))
        shocks = self._chance.normal(0, spread * np.sqrt(1 - decay**2), count)
        series, _ = lfilter([1.0], [1.0, -decay], shocks, zi=[decay * start])
        return np.asarray(series, dtype=np.float64)
