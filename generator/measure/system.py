"""Describes the machine. What it does not tell is null, with the reason."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from generator.core.errors import MissingPackage
from generator.core.record import SystemDescription

_FLAGS_X86 = ("sse4_1", "sse4_2", "ssse3", "f16c", "fma", "avx", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512vl")
_FLAGS_X86_AI = ("avx512dq", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16")
_FLAGS_ARM = ("asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2")

INFERENCE_FLAGS = frozenset(_FLAGS_X86 + _FLAGS_X86_AI + _FLAGS_ARM)
"""Instruction-set flags that decide which kernels a runtime chooses."""


@cache
def describe_system() -> SystemDescription:
    """Read what the system tells about itself.

    Raises:
        MissingPackage: when py-cpuinfo or psutil is not installed.
    """
    try:
        import cpuinfo
        import psutil
    except ImportError as error:
        raise MissingPackage(error.name or "psutil", "measure", "describing this machine") from error
    cpu: dict[str, Any] = cpuinfo.get_cpu_info()
    hypervisor = _hypervisor(cpu)
    container = _container()
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    smt = _read("/sys/devices/system/cpu/smt/active")
    frequency = psutil.cpu_freq()
    known = {
        "system_type": "container" if container else "virtual machine" if hypervisor else None,
        "host_processor_model_name": cpu.get("brand_raw"),
        "host_processor_vendor": cpu.get("vendor_id_raw"),
        "host_processor_family_model_stepping": _family(cpu),
        "host_processor_core_count": psutil.cpu_count(logical=False),
        "host_processor_logical_count": psutil.cpu_count(logical=True),
        "host_processor_frequency_mhz": round(frequency.max or frequency.current, 1) if frequency else None,
        "host_processor_caches": _caches(),
        "host_memory_capacity_bytes": psutil.virtual_memory().total,
        "accelerator_model_name": _accelerator(),
        "hypervisor": hypervisor,
        "container": container,
        "frequency_governor": governor,
        "smt_active": None if smt is None else smt == "1",
    }
    known = {key: value or None if key != "smt_active" else value for key, value in known.items()}
    return SystemDescription.model_validate(
        {
            **known,
            "host_processor_isa": tuple(sorted(INFERENCE_FLAGS & set(cpu.get("flags", ())))),
            "accelerators_per_node": 1 if known["accelerator_model_name"] else 0,
            "operating_system": _operating_system(),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "unknown": {key: _REASONS.get(key, "the system does not tell") for key, v in known.items() if v is None},
        }
    )


_REASONS = {
    "system_type": "neither a hypervisor nor a container was found; desktop, laptop and server cannot be told apart",
    "accelerator_model_name": "no accelerator was found",
    "hypervisor": "no hypervisor was found",
    "container": "no container was found",
    "frequency_governor": "the system shows no frequency control, as in most virtual machines",
}


def host_name() -> str:
    """What this machine is called, as a word that may stand in a file's name."""
    return plain_name(platform.node())


def plain_name(name: str) -> str:
    """A name that may stand in a file's: letters, digits, full stops inside, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "unnamed"


def boot_id() -> str:
    """What all processes and containers of one running kernel have in common; nothing where the system has no such."""
    return _read("/proc/sys/kernel/random/boot_id") or ""


def available_cores() -> tuple[int, ...]:
    """Cores that this process may use; empty where the system does not let a process choose."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def core_groups(cores: Sequence[int], threads: int, most: int) -> list[Sequence[int]]:
    """Cores for processes of so many threads that run side by side, no core for two of them.

    Args:
        cores: those to share out; empty: nobody chooses, and one process runs.
        threads: of each process.
        most: how many processes at most.

    Returns:
        A group of cores for each process; where there are fewer cores than threads one, of all.
    """
    firsts = range(0, len(cores) - threads + 1, threads)
    return [cores[first : first + threads] for first in firsts][:most] or [cores]


def address_randomisation() -> str | None:
    """Linux's setting, as it stands."""
    return {"0": "off", "1": "partly on", "2": "on"}.get(_read("/proc/sys/kernel/randomize_va_space") or "")


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _family(cpu: dict[str, Any]) -> str | None:
    numbers = [cpu.get(key) for key in ("family", "model", "stepping")]
    return "-".join(str(n) for n in numbers) if any(n is not None for n in numbers) else None


def _caches() -> str | None:
    sizes = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_read(str(index / name)) for name in ("level", "type", "size"))
        if level and size:
            sizes.append(f"L{level}{'d' if kind == 'Data' else 'i' if kind == 'Instruction' else ''} {size}")
    return ", ".join(sizes) or None


def _hypervisor(cpu: dict[str, Any]) -> str | None:
    if "hypervisor" not in cpu.get("flags", ()):
        return None
    vendor = _read("/sys/hypervisor/type") or _read("/sys/devices/virtual/dmi/id/sys_vendor")
    return vendor or "present, its name is hidden"


def _container() -> str | None:
    if Path("/.dockerenv").exists():
        return "Docker"
    if Path("/run/.containerenv").exists():
        return "Podman"
    return os.environ.get("container") or None  # noqa: SIM112 - systemd spells it so


def _operating_system() -> str:
    if platform.system() == "Linux":
        try:
            return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
        except OSError:
            return "Linux"
    return f"{platform.system()} {platform.mac_ver()[0] or platform.version()}".strip()


def _accelerator() -> str | None:
    """The card that workers will use: the first, or the first that CUDA is allowed to see."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0].strip()
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader", *(["-i", chosen] if chosen else [])]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.splitlines()[0].strip() if found.returncode == 0 and found.stdout.strip() else None
