"""What this machine can and cannot measure, how noisy it is now, and how to make it quieter."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from generator.core import protocol
from generator.core.cache import Cache
from generator.core.errors import Busy, GeneratorError, MissingPackage
from generator.core.pool import cpu_quota
from generator.core.record import SystemDescription, Tier
from generator.core.registry import RUNTIMES
from generator.measure.doctor.neighbours import busiest, largest, process_times
from generator.measure.doctor.noise import Noise, check_noise, reference_jobs
from generator.measure.energy.counters import find_counters
from generator.measure.health import SystemProbe
from generator.measure.plan import only_run
from generator.measure.system import available_cores, describe_system

NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "numpy": "every worker",
        "scipy": "the intervals",
        "psutil": "describing this machine",
        "cpuinfo": "describing this machine",
        "onnx": "export and quantization",
        "onnxruntime": "the runtime of most variants",
        "torch": "the models' own runtime, and their export",
        "safetensors": "weights",
        "pooch": "downloads",
        "PIL": "photographs",
    }
)
"""Modules of the extra `measure`, and what needs each."""

OPTIONAL: Mapping[str, str] = MappingProxyType(
    {"openvino": "variants of the runtime openvino", "zeus": "energy of NVIDIA, AMD and Apple devices"}
)
DISTRIBUTIONS: Mapping[str, str] = MappingProxyType({"cpuinfo": "py-cpuinfo", "PIL": "pillow"})
"""Distributions that are not named as their modules are."""

INSTALL = "pip install -e '.[measure]' -c constraints.txt"
LEAST_DISK_BYTES, LEAST_MEMORY_BYTES = 3 * 2**30, 2 * 2**30
UNSTEADY = 1.1
"""Largest over smallest block median from which absolute latencies are called unsteady here."""


class Level(StrEnum):
    """What a finding means."""

    FINE = "fine"
    NOTE = "note"
    """Measuring works; something is unknown, wider or slower than it could be."""

    MEND = "mend"
    """Measuring to the standard tier does not work until a person mends it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    """packages, processor, room, counters, noise."""

    level: Level
    text: str
    remedy: str = ""
    """What to do; empty only where all is fine or nothing can be done."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at."""

    system: SystemDescription | None
    """None when a package that describes it is missing."""

    findings: tuple[Finding, ...]
    noise: Noise | None
    """None when it could not be checked; a finding says why."""

    @property
    def can_measure(self) -> bool:
        """Whether the standard tier can be measured here and now."""
        return not any(one.level is Level.MEND for one in self.findings)


def examine(root: Path, tell: Callable[[int, int], None] = lambda done, total: None) -> Diagnosis:
    """Look at everything.

    Args:
        root: the checkout.
        tell: gets the progress of the noise check.
    """
    cache = Cache.default(root)
    try:
        system = describe_system()
    except MissingPackage:
        system = None
    findings = [*_packages(), *(_processor(system) if system else ()), *_room(cache.root), _held(cache), *_counters()]
    noise, about = _noise(cache, tell)
    return Diagnosis(system, (*findings, *about), noise)


def _packages() -> Iterator[Finding]:
    found, missing = list[str](), list[str]()
    for module, purpose in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            missing.append(f"{DISTRIBUTIONS.get(module, module)} ({purpose})")
        else:
            found.append(_with_version(module))
    yield Finding("packages", Level.FINE, f"installed: {', '.join(found)}")
    if missing:
        yield Finding("packages", Level.MEND, f"missing: {', '.join(missing)}", INSTALL)
    for module, purpose in OPTIONAL.items():
        if importlib.util.find_spec(module) is None:
            yield Finding("packages", Level.NOTE, f"without {module}: no {purpose}", f"pip install {module}")
        else:
            yield Finding("packages", Level.FINE, f"{_with_version(module)}: {purpose}")
    runtimes = [name for name, one in RUNTIMES.items() if one.package and importlib.util.find_spec(one.package)]
    if runtimes:
        yield Finding("packages", Level.FINE, f"runtimes that can be measured: {', '.join(sorted(runtimes))}")
    else:
        yield Finding("packages", Level.MEND, "no runtime is installed, so nothing can be measured", INSTALL)


def _processor(system: SystemDescription) -> Iterator[Finding]:
    cores = available_cores()
    name = system.host_processor_model_name or "a processor that does not tell its name"
    logical = system.host_processor_logical_count or len(cores)
    yield Finding("processor", Level.FINE, f"{name}, {logical} logical processors, {system.operating_system}")
    yield from _instructions(set(system.host_processor_isa))
    yield from _pinning(cores)
    if quota := cpu_quota():
        level = Level.MEND if quota < 1 else Level.NOTE
        remedy = "Start the container without a limit on processor time (docker run without --cpus)."
        yield Finding("processor", level, f"the container is held to {quota:g} cores of processor time", remedy)
    if system.hypervisor or system.container:
        where = f"a container ({system.container})" if system.container else ""
        where += " in " * bool(where and system.hypervisor) + "a virtual machine" * bool(system.hypervisor)
        remedy = "Trust ratios, not absolute values; or measure on a machine of your own."
        yield Finding("processor", Level.NOTE, f"not alone: {where}; the host's other tenants cannot be seen", remedy)
    if (governor := system.frequency_governor) and governor != "performance":
        remedy = "sudo cpupower frequency-set -g performance"
        yield Finding("processor", Level.NOTE, f"the frequency follows the load (governor {governor})", remedy)
    if _on_battery():
        yield Finding("processor", Level.NOTE, "it runs on battery, and saves power", "Plug it in.")


def _instructions(flags: set[str]) -> Iterator[Finding]:
    fast = sorted(flags & {"avx_vnni", "avx512_vnni", "amx_int8", "i8mm", "asimddp"})
    halves = sorted(flags & {"avx512_bf16", "amx_bf16", "avx512_fp16", "bf16", "asimdhp"})
    yield Finding("processor", Level.FINE, f"vector instructions: {', '.join(sorted(flags)) or 'none known'}")
    if fast:
        yield Finding("processor", Level.FINE, f"int8 has instructions of its own here: {', '.join(fast)}")
    else:
        remedy = "Compare with a record of a processor that has VNNI or AMX before judging quantization."
        yield Finding("processor", Level.NOTE, "int8 has no instructions of its own here (no VNNI, no AMX)", remedy)
    if not halves:
        remedy = "Read results of bf16 and fp16 variants as those of an emulation."
        yield Finding("processor", Level.NOTE, "bf16 and fp16 have no instructions of their own here", remedy)


def _pinning(cores: Sequence[int]) -> Iterator[Finding]:
    if not cores:
        remedy = "Expect wider intervals: workers that sit on cores of their own err 7 to 13 times as much a block."
        yield Finding("processor", Level.NOTE, "the system lets no process choose its cores", remedy)
    elif len(cores) == 1:
        remedy = "Give it two: with one, the driver and everything else share the measured core."
        yield Finding("processor", Level.NOTE, "only one core may be used", remedy)
    else:
        yield Finding("processor", Level.FINE, f"workers can be pinned; cores that may be used: {_ranges(cores)}")


def _room(cache: Path) -> Iterator[Finding]:
    folder = next(one for one in (cache, *cache.parents) if one.exists())
    yield _enough(
        "free on the cache's disk",
        shutil.disk_usage(folder).free,
        LEAST_DISK_BYTES,
        "Make room, or name a folder on another disk in GENERATOR_CACHE.",
    )
    if importlib.util.find_spec("psutil"):
        import psutil

        free = psutil.virtual_memory().available
        yield _enough("of memory available", free, LEAST_MEMORY_BYTES, f"Close what takes most: {largest()}.")
        if psutil.swap_memory().used > 2**28:
            used = psutil.swap_memory().used / 2**30
            yield Finding(
                "room", Level.NOTE, f"{used:.1f} GiB are swapped out", "Close programs until memory suffices."
            )


def _held(cache: Cache) -> Finding:
    """What the cache holds, and how it is emptied."""
    held = cache.holdings()
    if not held:
        return Finding("room", Level.FINE, f"the cache, {cache.root}, is empty")
    parts = ", ".join(f"{name} {one.size_bytes / 2**20:.0f} MiB" for name, one in held.items())
    whole = sum(one.size_bytes for one in held.values()) / 2**20
    text = f"the cache, {cache.root}, holds {whole:.0f} MiB: {parts}"
    remedy = "To empty it, delete its folders: all is made or fetched again, but blocks of unfinished runs (runs)."
    return Finding("room", Level.FINE, text, remedy)


def _enough(what: str, bytes_free: int, least: int, remedy: str) -> Finding:
    text = f"{bytes_free / 2**30:.1f} GiB {what}"
    if bytes_free >= least:
        return Finding("room", Level.FINE, text)
    return Finding("room", Level.MEND, f"only {text}, {least / 2**30:.0f} GiB are needed", remedy)


def _counters() -> Iterator[Finding]:
    watched = {
        "/proc/stat": "processor time of others",
        "/proc/pressure/cpu": "waiting for a processor (PSI)",
        "/sys/class/thermal/thermal_zone0/temp": "temperature",
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "frequency",
        "/proc/self/smaps_rollup": "a process's share of memory (PSS)",
    }
    seen = [what for path, what in watched.items() if os.access(path, os.R_OK)]
    unseen = [what for path, what in watched.items() if not os.access(path, os.R_OK)]
    if seen:
        yield Finding("counters", Level.FINE, f"can be read: {', '.join(seen)}")
    if unseen:
        remedy = "Nothing to do in most virtual machines; the record says that they are unknown."
        yield Finding("counters", Level.NOTE, f"cannot be read: {', '.join(unseen)}", remedy)
    energy = find_counters()
    if energy.counters:
        domains = ", ".join(f"{one.domain} ({one.source})" for one in energy.counters)
        yield Finding("counters", Level.FINE, f"energy: {domains}; trusted only after an idle-against-busy check")
    else:
        remedy = "Give a wall meter's readings as a file, or measure on a machine with RAPL, NVML or Apple's counters."
        yield Finding("counters", Level.NOTE, f"energy cannot be measured: {'; '.join(energy.missing)}", remedy)


def _noise(cache: Cache, tell: Callable[[int, int], None]) -> tuple[Noise | None, list[Finding]]:
    """The A/A check, unless it would disturb a run, or there is no runtime for it."""
    try:
        jobs = reference_jobs(cache)
        with only_run(cache.root):
            begin = process_times()
            noise = check_noise(jobs, available_cores(), SystemProbe(), tell)
            return noise, list(judge(noise, busiest(begin)))
    except Busy:
        remedy = "Ask again when it is done."
        return None, [Finding("noise", Level.NOTE, "not checked: a run is measuring in this checkout", remedy)]
    except MissingPackage as error:
        text = f"not checked: {error.problem}"
        return None, [Finding("noise", Level.NOTE, text, INSTALL)]
    except GeneratorError as error:
        remedy = error.remedy or "Mend that first: measuring would fail in the same way."
        return None, [Finding("noise", Level.MEND, f"the check failed: {error.where}: {error.problem}", remedy)]


def judge(noise: Noise, busy: str) -> Iterator[Finding]:
    """What an A/A check means for a run that began now.

    Args:
        noise: what the check found.
        busy: the programs that took most processor time meanwhile; empty: none was seen.
    """
    close = f"Close or stop: {busy}." if busy else "Look which program it is (top), and stop it."
    yield from _precision(noise, close)
    if noise.spread > UNSTEADY:
        text = f"absolute latencies moved by a factor of {noise.spread:.2f} between blocks"
        remedy = "Trust ratios; an absolute value is good for this machine and hour only."
        yield Finding("noise", Level.NOTE, text, remedy)
    foreign = noise.foreign_cpu_cores
    if foreign is not None:
        much = foreign > protocol.DISTURBED_FOREIGN_CORES
        text = f"others used {foreign:.2f} cores meanwhile"
        yield Finding("noise", Level.NOTE if much else Level.FINE, text, close if much else "")
    if noise.disturbed > protocol.MOST_DISTURBED * noise.blocks:
        text = f"{noise.disturbed} of {noise.blocks} blocks were disturbed: a run now would be called noisy"
        yield Finding("noise", Level.MEND, text, close)


def _precision(noise: Noise, close: str) -> Iterator[Finding]:
    goal, expected = protocol.TIERS[Tier.STANDARD].goal_half_width, noise.expected_half_width
    text = f"a ratio would be known to ±{expected:.1%} after six blocks"
    if expected < goal:
        yield Finding("noise", Level.FINE, f"{text}, the fewest")
    else:
        remedy = f"{close} A run takes more blocks by itself, up to 20."
        yield Finding("noise", Level.NOTE, f"{text}; the goal is ±2 %", remedy)
    text = f"the same program against itself: {noise.ratio:.4f} ±{noise.half_width:.1%} (the truth is 1)"
    if noise.is_false_alarm:
        remedy = "Ask again; if it happens more often than once in 20 times, report it."
        yield Finding("noise", Level.NOTE, f"{text}: a false alarm", remedy)
    else:
        yield Finding("noise", Level.FINE, text)


def _on_battery() -> bool:
    if importlib.util.find_spec("psutil") is None:
        return False
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and not battery.power_plugged


def _with_version(module: str) -> str:
    name = DISTRIBUTIONS.get(module, module)
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return name


def _ranges(cores: Sequence[int]) -> str:
    """0-3, 8: runs of successive numbers, shortened."""
    parts, first = list[str](), cores[0]
    for core, after in zip(cores, [*cores[1:], None], strict=True):
        if after != core + 1:
            parts.append(str(first) if first == core else f"{first}-{core}")
            first = after if after is not None else core
    return ", ".join(parts)
