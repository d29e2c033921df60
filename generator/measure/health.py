"""What the operating system tells of a block. None of it looks at latencies, so nothing is filtered by its result."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generator.core.protocol import DISTURBED_CPU_SHARE, DISTURBED_FOREIGN_CORES
from generator.core.record import Health


@dataclass(frozen=True, slots=True)
class Counters:
    """Readings at one moment; null where the system has no such counter."""

    wall_ns: int
    busy_s: float | None
    """Processor time of all processes, all cores."""

    steal_s: float | None
    psi_cpu_us: int | None


class Probe(Protocol):
    """Watches one block."""

    def start(self) -> None:
        """Begin the block."""

    def finish(self, own_cpu_s: float, lowest_cpu_share: float) -> Health:
        """End it, given what the workers themselves used."""


class SystemProbe:
    """Reads /proc where there is one; elsewhere the counters are null."""

    def __init__(self) -> None:
        self._before = _read()

    def start(self) -> None:
        """Take the first readings."""
        self._before = _read()

    def finish(self, own_cpu_s: float, lowest_cpu_share: float) -> Health:
        """Take the second readings and subtract.

        Args:
            own_cpu_s: processor time of the block's workers and of this process since `start`.
            lowest_cpu_share: see `Health`.
        """
        before, now = self._before, _read()
        wall_s = (now.wall_ns - before.wall_ns) / 1e9
        foreign = _difference(before.busy_s, now.busy_s)
        stolen = _difference(before.steal_s, now.steal_s)
        waited = _difference(before.psi_cpu_us, now.psi_cpu_us)
        return Health(
            wall_ns=max(1, now.wall_ns - before.wall_ns),
            foreign_cpu_cores=None if foreign is None else round(max(0.0, foreign - own_cpu_s) / wall_s, 3),
            lowest_cpu_share=round(lowest_cpu_share, 4),
            psi_cpu_some=None if waited is None else round(min(1.0, max(0.0, waited / 1e6 / wall_s)), 4),
            steal_cores=None if stolen is None else round(max(0.0, stolen) / wall_s, 4),
            load_1min=_load(),
            temperature_celsius=_temperature(),
            frequency_mhz=_frequency(),
        )


class SimulatedProbe:
    """For the fake runtime: nothing was computed, so nothing could disturb it."""

    def start(self) -> None:
        """Nothing to read."""

    def finish(self, own_cpu_s: float, lowest_cpu_share: float) -> Health:
        """A block of one second in which nobody else ran."""
        return Health(
            wall_ns=1_000_000_000,
            foreign_cpu_cores=0.0,
            lowest_cpu_share=round(lowest_cpu_share, 4),
            psi_cpu_some=0.0,
            steal_cores=0.0,
            load_1min=0.0,
        )


def is_disturbed(health: Health) -> bool:
    """Whether a block should be repeated: others took more than half a core, or a worker did not get its own."""
    foreign = health.foreign_cpu_cores or 0.0
    return foreign > DISTURBED_FOREIGN_CORES or health.lowest_cpu_share < DISTURBED_CPU_SHARE


def _read() -> Counters:
    busy = steal = None
    try:
        fields = [int(x) for x in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]]
        tick = os.sysconf("SC_CLK_TCK")
        # user, nice, system, irq, softirq; idle and iowait are not work, steal and guest are counted elsewhere.
        busy, steal = sum(fields[i] for i in (0, 1, 2, 5, 6)) / tick, fields[7] / tick
    except (OSError, ValueError, IndexError):
        pass
    return Counters(time.monotonic_ns(), busy, steal, _psi_cpu_us())


def _psi_cpu_us() -> int | None:
    try:
        some = Path("/proc/pressure/cpu").read_text("ascii").splitlines()[0]
    except (OSError, ValueError, IndexError):
        return None
    total = re.search(r"total=(\d+)", some)
    return int(total[1]) if total else None


def _temperature() -> float | None:
    """Degrees Celsius of the first zone that tells a temperature that can be."""
    for zone in sorted(Path("/sys/class/thermal").glob("thermal_zone*/temp")):
        value = _sensor(zone)
        if value is not None and -273_150 < value < 1_000_000:
            return value / 1000
    return None


def _frequency() -> float | None:
    """MHz; some machines show a frequency of 0, and that is none."""
    value = _sensor(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"))
    return value / 1000 if value is not None and value > 0 else None


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    except OSError:
        return None


def _sensor(path: Path) -> int | None:
    """What a file says; None where it cannot be read, or holds no number."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _difference(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before
