"""Counters of energy that this machine has: RAPL (Linux powercap), NVML and AMD SMI and Apple through `zeus`.

RAPL is read here, not through `zeus`: that starts a polling process for each domain, and nothing but the workers shall
run while something is measured. A counter that is found is not trusted yet; see `energy`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, Protocol

POWERCAP = Path("/sys/class/powercap")

RAPL_WINDOW_NS = 1_000_000_000
"""RAPL counts anew about every millisecond: a window of a second is good to 0.1 %."""

SLOW_WINDOW_NS = 2_500_000_000
"""NVML and Apple count anew every 20 to 100 ms: windows of 2.5 s are good to 4 %, and over six blocks to 2 %."""

Load = Literal["processor", "accelerator"]


class Counter(Protocol):
    """Counts energy upwards from some moment in the past."""

    @property
    def domain(self) -> str:
        """What it covers: "package-0", "gpu-0"."""

    @property
    def source(self) -> str:
        """What reads it."""

    @property
    def load(self) -> Load:
        """What must be kept busy for it to rise faster."""

    @property
    def window_ns(self) -> int:
        """How long a window must be for the counter's steps not to matter."""

    def joules(self) -> float:
        """Energy so far."""


class Powercap:
    """One RAPL domain of Linux; it wraps around, and is read often enough to see that once."""

    source = "RAPL (Linux powercap)"
    load: Load = "processor"
    window_ns = RAPL_WINDOW_NS

    def __init__(self, zone: Path, domain: str) -> None:
        self._path, self.domain = zone / "energy_uj", domain
        self._range_uj = int((zone / "max_energy_range_uj").read_text("ascii"))
        self._last_uj = self._read()
        self._wrapped_uj = 0

    def joules(self) -> float:
        """Energy since the domain last stood at zero."""
        now_uj = self._read()
        if now_uj < self._last_uj:
            self._wrapped_uj += self._range_uj
        self._last_uj = now_uj
        return (now_uj + self._wrapped_uj) / 1e6

    def _read(self) -> int:
        return int(self._path.read_text("ascii"))


@dataclass(frozen=True, slots=True)
class ZeusCounter:
    """A counter that `zeus` reads."""

    domain: str
    source: str
    load: Load
    read_millijoules: Callable[[], float]
    window_ns: int = SLOW_WINDOW_NS

    def joules(self) -> float:
        """Energy since the driver was loaded."""
        return self.read_millijoules() / 1000


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, and why the rest was not."""

    counters: tuple[Counter, ...]
    missing: tuple[str, ...]
    """One clause a source."""


def find_counters(powercap: Path = POWERCAP) -> Search:
    """Look for every counter that may be read here. What is there but may not be read is named among the missing."""
    found, missing = list[Counter](), list[str]()
    for look in (partial(_powercap, powercap), _zeus_accelerators, _zeus_apple):
        try:
            found += look()
        except _Missing as absent:
            missing.append(str(absent))
    return Search(tuple(found), tuple(missing))


class _Missing(Exception):
    """Why a source has no counter."""


def _powercap(root: Path) -> list[Counter]:
    # One counter may be shown twice, by registers of the processor (intel-rapl) and by memory (intel-rapl-mmio), under
    # one name: the registers come first, and a name that was read is not read again.
    zones = sorted(
        (zone.parent for zone in root.glob("intel-rapl*/name")), key=lambda zone: ("mmio" in zone.name, zone)
    )
    found, refused = dict[str, Counter](), list[str]()
    for zone in zones:
        try:
            domain = _domain(zone)
            if domain not in found:
                found[domain] = Powercap(zone, domain)
        except PermissionError:
            refused.append(domain)
        except (OSError, ValueError):
            continue
    if refused and not found:
        raise _Missing(
            f"RAPL: {', '.join(dict.fromkeys(refused))} may be read by root only (chmod a+r {zones[0]}/energy_uj)"
        )
    if not found:
        raise _Missing(f"RAPL: {root} has no domain")
    return list(found.values())


def _domain(zone: Path) -> str:
    """Name of a domain, "package-0"; a part of it is "package-0/dram"."""
    name = (zone / "name").read_text("ascii").strip()
    parent = zone.with_name(zone.name.rpartition(":")[0])
    return f"{(parent / 'name').read_text('ascii').strip()}/{name}" if zone.name.count(":") > 1 else name


def _zeus_accelerators() -> list[Counter]:
    devices = _zeus("gpu", "get_gpus")
    # `type` tells the library: NVIDIAGPUs reads NVML, AMDGPUs reads AMD SMI.
    library = "AMD SMI" if "AMD" in type(devices).__name__ else "NVML"

    def counter(index: int) -> ZeusCounter:
        source = f"{library} through zeus {version('zeus')}"
        return ZeusCounter(
            f"gpu-{index}", source, "accelerator", lambda: float(devices.get_total_energy_consumption(index))
        )

    return [counter(k) for k in range(len(devices)) if devices.supports_get_total_energy_consumption(k)]


def _zeus_apple() -> list[Counter]:
    chip = _zeus("soc", "get_soc")
    now = chip.get_total_energy_consumption()

    def counter(field: str, domain: str, load: Load) -> ZeusCounter:
        source = f"Apple energy counters through zeus {version('zeus')}"
        return ZeusCounter(domain, source, load, lambda: float(getattr(chip.get_total_energy_consumption(), field)))

    fields: Iterator[tuple[str, str, Load]] = iter(
        (("cpu_total_mj", "cpu", "processor"), ("dram_mj", "dram", "processor"), ("gpu_mj", "gpu", "accelerator"))
    )
    return [counter(*one) for one in fields if getattr(now, one[0], None) is not None]


def _zeus(device: str, function: str) -> Any:
    """A manager of `zeus.device`. Asked for directly: without a device, zeus's own totals are 0 and nothing is raised.

    Raises:
        _Missing: when zeus is not installed, or has no such device here.
    """
    try:
        version("zeus")
    except PackageNotFoundError:
        raise _Missing(f"{device}: the package 'zeus' is not installed (extra 'energy')") from None
    import importlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(importlib.import_module(f"zeus.device.{device}"), function)()
        except Exception as error:  # drivers' bindings raise dozens of types, and none of them may end a run
            raise _Missing(f"{device}: {error}".rstrip(".")[:300]) from error
