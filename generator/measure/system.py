"""Describes the machine. What it does not tell is null, with the reason."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from generator.core.errors import MissingPackage
from generator.core.record import SystemDescription
from generator.measure.guest import container_of, hypervisor_of
from generator.measure.processor import Processor, read_processor, sysctl


@cache
def describe_system() -> SystemDescription:
    """Read what the system tells about itself. Nothing that it says, or fails to say, ends a run.

    Raises:
        MissingPackage: when psutil is not installed.
    """
    try:
        import psutil
    except ImportError as error:
        raise MissingPackage(error.name or "psutil", "measure", "describing this machine") from error
    return described(read_processor(), psutil)


def described(processor: Processor, psutil: Any, root: Path = Path("/")) -> SystemDescription:
    """The description of a machine.

    Args:
        processor: what its system tells of the processor.
        psutil: counts cores and memory; it raises what it likes where a system is strange.
        root: where /proc, /sys and /run are looked for.
    """
    (hypervisor, no_hypervisor), (container, no_container) = hypervisor_of(processor, root), container_of(root)
    smt, cpu = _read(root / "sys/devices/system/cpu/smt/active"), root / "sys/devices/system/cpu/cpu0"
    accelerator = _accelerator()
    known = {
        "system_type": "container" if container else "virtual machine" if hypervisor else None,
        "host_processor_model_name": processor.name,
        "host_processor_vendor": processor.vendor,
        "host_processor_family_model_stepping": processor.family,
        "host_processor_core_count": _told(lambda: psutil.cpu_count(logical=False)),
        "host_processor_logical_count": _told(lambda: psutil.cpu_count(logical=True)),
        "host_processor_frequency_mhz": _told(lambda: _frequency_mhz(psutil)),
        "host_processor_caches": _caches(cpu / "cache"),
        "host_memory_capacity_bytes": _told(lambda: psutil.virtual_memory().total),
        "accelerator_model_name": accelerator,
        "hypervisor": hypervisor,
        "container": container,
        "frequency_governor": _read(cpu / "cpufreq/scaling_governor"),
        "smt_active": None if smt is None else smt == "1",
    }
    known = {key: value or None if key != "smt_active" else value for key, value in known.items()}
    reasons = {**_REASONS, "hypervisor": no_hypervisor, "container": no_container}
    unknown = {key: reasons.get(key, "the system does not tell") for key, value in known.items() if value is None}
    if processor.untold:
        unknown["host_processor_isa"] = f"the system does not tell of {', '.join(sorted(processor.untold))}"
    return SystemDescription.model_validate(
        {
            **{key: value[:1000] if isinstance(value, str) else value for key, value in known.items()},
            "host_processor_isa": tuple(sorted(processor.flags)),
            "accelerators_per_node": 1 if accelerator else 0,
            "operating_system": _operating_system(),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "unknown": unknown,
        }
    )


_REASONS = {
    "system_type": "neither a hypervisor nor a container was found; desktop, laptop and server cannot be told apart",
    "accelerator_model_name": "no accelerator was found",
    "frequency_governor": "the system shows no frequency control, as in most virtual machines",
}


def _told(ask: Callable[[], float | None]) -> float | None:
    """What a sensor says; None where it raises, or says what cannot be."""
    try:
        value = ask()
    except Exception:  # psutil raises RuntimeError, NotImplementedError and others, each on another system
        return None
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _frequency_mhz(psutil: Any) -> float | None:
    frequency = psutil.cpu_freq()
    return round(frequency.max or frequency.current, 1) if frequency else None


def host_name() -> str:
    """What this machine is called, as a word that may stand in a file's name."""
    return plain_name(platform.node())


def plain_name(name: str) -> str:
    """A name that may stand in a file's: letters, digits, full stops inside, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "unnamed"


def boot_id() -> str:
    """What all processes and containers of one running kernel have in common; nothing where the system has no such."""
    return _read(Path("/proc/sys/kernel/random/boot_id")) or sysctl("kern.bootsessionuuid") or ""


def this_boot() -> str:
    """This machine since it was started, as a word that may stand in a file's name.

    Equal nodes that share a checkout have other names or other kernels, and a cache copied from one is not the other's.
    """
    return f"{host_name()}-{hashlib.sha256(boot_id().encode()).hexdigest()[:8]}"


def address_randomisation() -> str | None:
    """Linux's setting, as it stands."""
    return {"0": "off", "1": "partly on", "2": "on"}.get(_read(Path("/proc/sys/kernel/randomize_va_space")) or "")


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _caches(folder: Path) -> str | None:
    sizes = []
    for index in sorted(folder.glob("index*")):
        level, kind, size = (_read(index / name) for name in ("level", "type", "size"))
        if level and size:
            sizes.append(f"L{level}{'d' if kind == 'Data' else 'i' if kind == 'Instruction' else ''} {size}")
    return ", ".join(sizes) or None


def _operating_system() -> str:
    if platform.system() == "Linux":
        try:
            return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
        except OSError:
            return "Linux"
    return f"{platform.system()} {platform.mac_ver()[0] or platform.version()}".strip()


def _accelerator() -> str | None:
    """The card that workers will use: the first, or the first that CUDA is allowed to see."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = (allowed or "").partition(",")[0].strip()
    # CUDA counts the devices up to the first that there is not: an empty list, -1 and "none" hide all of them.
    if allowed is not None and not re.fullmatch(r"\d+|(GPU|MIG)-\S+", chosen):
        return None
    program = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/bin:/usr/local/bin:/usr/lib/wsl/lib")
    if program is None:
        return None
    # A slice of a card (MIG) has no row of its own in this list: its card is asked for by all rows.
    which = ["-i", chosen] if chosen and not chosen.startswith("MIG-") else []
    command = [program, "--query-gpu=name", "--format=csv,noheader", *which]
    try:
        found = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.splitlines()[0].strip() if found.returncode == 0 and found.stdout.strip() else None
