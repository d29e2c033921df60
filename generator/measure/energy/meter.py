"""Energy: from counters only, over steady windows, and only from counters that follow the machine's load.

A meter is one of three objects that are used alike: `NoMeter` measures nothing and says why, `SteadyMeter` reads
counters, `WallMeter` adds the readings of a meter at the wall to what another one measures.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from generator.core.errors import MeterError
from generator.core.record import Block, EnergyCounter, EnergyRecord, EnergyWindow
from generator.measure.energy import wall_meter
from generator.measure.energy.counters import Counter, Load, find_counters
from generator.measure.energy.load import burning
from generator.measure.scenario import Asks

CHECK_SECONDS = 5
"""Length of the idle and of the busy half of a counter's check."""

LATEST_READING_S = 5
"""So long the readings of a wall meter may lag behind: those of one that reads and writes once a second."""

SETTLE_S = 1.0
"""Between the start of a load and its first reading."""

SETTLE_QUERIES_NS = 300_000_000
"""A worker answers for so long before its window begins: counters that average look back."""

NO_COUNTER = "no counter on this system"
NOT_ASKED = "this run was not asked to measure energy"
WALL, WALL_SOURCE = "wall", "wall meter"


class Meter(Protocol):
    """Measures the energy of a run."""

    def check(self, cores: Sequence[int]) -> None:
        """Find out which counters follow the load; once a sitting, before its first block.

        Raises:
            MeterError: when a wall meter's file is absent or no such file.
        """

    def windows(
        self, workers: Mapping[str, Asks], batches: Mapping[str, int], order: random.Random
    ) -> tuple[EnergyWindow, ...]:
        """Measure one block's windows: one of each warm worker, and one in which all sleep, in random order."""

    def completed(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks with what is known only after the run; see then what `description` says."""

    def description(self) -> EnergyRecord:
        """Where the energy comes from, or why there is none."""


@dataclass(frozen=True, slots=True)
class NoMeter:
    """Measures nothing, takes no time, and says why."""

    reason: str = NOT_ASKED

    def check(self, cores: Sequence[int]) -> None:
        """Nothing to check."""

    def windows(
        self, workers: Mapping[str, Asks], batches: Mapping[str, int], order: random.Random
    ) -> tuple[EnergyWindow, ...]:
        """None."""
        return ()

    def completed(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks as they are."""
        return tuple(blocks)

    def description(self) -> EnergyRecord:
        """The reason."""
        return EnergyRecord(unknown=self.reason[:1000])


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and load as a meter sees them; tests bring their own."""

    now: Callable[[], datetime] = _utc_now
    elapsed_ns: Callable[[], int] = time.monotonic_ns
    sleep_s: Callable[[float], None] = time.sleep
    burning: Callable[[frozenset[Load], Sequence[int]], contextlib.AbstractContextManager[None]] = burning


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a check."""

    busy: bool
    started_at: datetime
    wall_ns: int
    joules: Mapping[str, float]

    def watts(self, domain: str) -> float:
        """Mean power."""
        return max(0.0, self.joules[domain]) / (self.wall_ns / 1e9)


@dataclass(slots=True)
class SteadyMeter:
    """Reads counters before and after steady windows."""

    counters: Sequence[Counter]
    clock: Clock = field(default_factory=Clock)
    least_window_ns: int = 0
    """Above 0, windows are this long even where no counter is trusted: somebody else reads them later."""

    loads: frozenset[Load] = frozenset()
    """What the check loads beside what the counters need."""

    seconds: list[Second] = field(default_factory=list)
    """Of the check, idle ones first."""

    lost: dict[str, str] = field(default_factory=dict)
    """Why a counter can be read no longer, by its domain."""

    def check(self, cores: Sequence[int]) -> None:
        """Watch every counter for five idle seconds and five busy ones."""
        kinds = self.loads | {counter.load for counter in self.counters}
        self.seconds = [self._second(busy=False) for _ in range(CHECK_SECONDS)]
        with self.clock.burning(kinds, cores):
            self.clock.sleep_s(SETTLE_S)
            self.seconds += [self._second(busy=True) for _ in range(CHECK_SECONDS)]

    def windows(
        self, workers: Mapping[str, Asks], batches: Mapping[str, int], order: random.Random
    ) -> tuple[EnergyWindow, ...]:
        """One window of each worker and one of none; no window where nobody would read it."""
        trusted = [one for one in self.counters if self._judged(one.domain, one.source).refused is None]
        length_ns = max([self.least_window_ns, *(counter.window_ns for counter in trusted)])
        if not length_ns:
            return ()
        names: list[str | None] = [*sorted(workers), None]
        return tuple(
            self._window(name, workers, batches, length_ns, trusted) for name in order.sample(names, len(names))
        )

    def completed(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks as they are: counters leave nothing for later."""
        return tuple(blocks)

    def description(self) -> EnergyRecord:
        """Every counter with its check; refused ones too."""
        judged = tuple(self._judged(counter.domain, counter.source) for counter in self.counters)
        refused = "; ".join(f"{one.domain}: {one.refused}" for one in judged)
        trusted = any(one.refused is None for one in judged)
        return EnergyRecord(counters=judged, unknown=None if trusted else (refused or NO_COUNTER)[:1000])

    def _judged(self, domain: str, source: str) -> EnergyCounter:
        watts = [(one.busy, one.watts(domain)) for one in self.seconds if domain in one.joules]
        found, why = judged(domain, source, watts), self.lost.get(domain)
        return found.model_copy(update={"refused": why}) if why else found

    def _joules(self, counters: Sequence[Counter]) -> dict[str, float]:
        """What counters stand at. One that fails is not asked again, and costs nothing else: neither block nor run."""
        found = dict[str, float]()
        for counter in counters:
            if counter.domain not in self.lost:
                try:
                    found[counter.domain] = counter.joules()
                except Exception as error:  # drivers' bindings raise dozens of types
                    self.lost[counter.domain] = f"it could not be read: {error or type(error).__name__}"[:300]
        return found

    def _window(
        self,
        name: str | None,
        workers: Mapping[str, Asks],
        batches: Mapping[str, int],
        length_ns: int,
        trusted: Sequence[Counter],
    ) -> EnergyWindow:
        if name is not None:
            _answer(workers[name], SETTLE_QUERIES_NS)
        samples, started_at, begin_ns = 0, self.clock.now(), self.clock.elapsed_ns()
        before = self._joules(trusted)
        if name is None:
            self.clock.sleep_s(length_ns / 1e9)
        else:
            samples = _answer(workers[name], length_ns) * batches.get(name, 1)
        joules = {domain: max(0.0, now - before[domain]) for domain, now in self._joules(trusted).items()}
        wall_ns = self.clock.elapsed_ns() - begin_ns
        return EnergyWindow(variant=name, started_at=started_at, wall_ns=wall_ns, samples=samples, joules=joules)

    def _second(self, busy: bool) -> Second:
        started_at, begin_ns = self.clock.now(), self.clock.elapsed_ns()
        before = self._joules(self.counters)
        self.clock.sleep_s(1.0)
        joules = {domain: now - before[domain] for domain, now in self._joules(self.counters).items()}
        return Second(busy, started_at, self.clock.elapsed_ns() - begin_ns, joules)


class WallMeter:
    """Adds a wall meter's file to what counters measure. The file is written by others while the run goes on."""

    def __init__(self, path: Path, inner: SteadyMeter) -> None:
        self.path, self._inner = path, inner
        self._wall = judged(WALL, WALL_SOURCE, [])
        inner.least_window_ns = max(inner.least_window_ns, wall_meter.WINDOW_NS)
        inner.loads |= {"processor"}

    def check(self, cores: Sequence[int]) -> None:
        """See that the file is one, before hours are spent on blocks that it cannot serve."""
        wall_meter.read(self.path)
        self._inner.check(cores)

    def windows(
        self, workers: Mapping[str, Asks], batches: Mapping[str, int], order: random.Random
    ) -> tuple[EnergyWindow, ...]:
        """Windows of several readings each."""
        return self._inner.windows(workers, batches, order)

    def completed(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks with the wall meter's energy; as they are when it does not follow the load, or has gaps.

        A logger that stopped in the middle costs the energy and not the run: the blocks are worth more.
        """
        ends = [_end(window.started_at, window.wall_ns) for block in blocks for window in block.energy]
        ends += [_end(second.started_at, second.wall_ns) for second in self._inner.seconds]
        try:
            readings = self._readings(ends)
            self._wall = self._judged(readings)
            if self._wall.refused is None:
                return tuple(_with_wall(block, readings) for block in blocks)
        except MeterError as error:
            self._wall = self._wall.model_copy(update={"refused": str(error)[:1000]})
        return tuple(blocks)

    def _readings(self, moments: Sequence[datetime]) -> wall_meter.Readings:
        """What the file has, after waiting a little for the last reading that is needed: a logger writes late."""
        for _ in range(LATEST_READING_S):
            readings = wall_meter.read(self.path)
            if not moments or readings.times[-1] >= max(moments).timestamp():
                break
            self._inner.clock.sleep_s(1.0)
        return readings

    def description(self) -> EnergyRecord:
        """The counters, and the wall meter as one more, as `completed` found it."""
        inner, wall = self._inner.description(), self._wall
        unknown = None if wall.refused is None or inner.unknown is None else f"{WALL}: {wall.refused}"[:1000]
        return EnergyRecord(counters=(*inner.counters, wall), unknown=unknown)

    def _judged(self, readings: wall_meter.Readings) -> EnergyCounter:
        watts = [
            (s.busy, readings.joules(s.started_at, s.wall_ns / 1e9) / (s.wall_ns / 1e9)) for s in self._inner.seconds
        ]
        return judged(WALL, WALL_SOURCE, watts)


def judged(domain: str, source: str, seconds: Sequence[tuple[bool, float]]) -> EnergyCounter:
    """Trust a counter whose every busy second takes more than every idle one.

    Five seconds each: by chance alone that happens once in 252 times.

    Args:
        domain: what the counter covers.
        source: what reads it.
        seconds: whether the machine was busy, and its power in watts.
    """
    idle = [round(watts, 4) for busy, watts in seconds if not busy]
    busy = [round(watts, 4) for busy, watts in seconds if busy]
    refused = None
    if not idle or not busy:
        refused = "it was never checked"
    elif min(busy) <= max(idle):
        took = f"{min(busy):.3g} to {max(busy):.3g} W under load, {min(idle):.3g} to {max(idle):.3g} W without"
        refused = f"it does not follow the load: {took}"
    return EnergyCounter(domain=domain, source=source, idle_watts=tuple(idle), busy_watts=tuple(busy), refused=refused)


def find_meter(wall_file: Path | None = None) -> Meter:
    """The meter of this machine: what counters it has, and a wall meter's file where one is given."""
    search = find_counters()
    if wall_file is not None:
        return WallMeter(wall_file, SteadyMeter(search.counters))
    if not search.counters:
        return NoMeter(f"{NO_COUNTER} ({'; '.join(search.missing)})")
    return SteadyMeter(search.counters)


def _answer(worker: Asks, length_ns: int) -> int:
    """Let a worker answer back to back, and count its queries."""
    answer = worker.ask("round", round_ns=length_ns, uncounted_queries=0, uncounted_ns=0, most_kept=1)
    return int(answer.get("queries") or len(answer["latencies_ns"]))


def _with_wall(block: Block, readings: wall_meter.Readings) -> Block:
    def added(window: EnergyWindow) -> EnergyWindow:
        wall = readings.joules(window.started_at, window.wall_ns / 1e9)
        return window.model_copy(update={"joules": {**window.joules, WALL: wall}})

    return block.model_copy(update={"energy": tuple(map(added, block.energy))})


def _end(started_at: datetime, wall_ns: int) -> datetime:
    return started_at + timedelta(microseconds=wall_ns / 1000)
