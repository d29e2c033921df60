"""The processor as the kernel tells it, without another program: the same answer from every shell, cron job and PATH.

    Linux     /proc/cpuinfo
    macOS     sysctl
    Windows   the registry, and IsProcessorFeaturePresent

An instruction set that a system does not tell of is unknown: nobody may conclude that the processor lacks it.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

FLAGS_X86 = frozenset(
    {"sse4_1", "sse4_2", "ssse3", "f16c", "fma", "avx", "avx2", "avx_vnni", "avx512f", "avx512bw"}
) | {*("avx512vl", "avx512dq", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16")}
FLAGS_ARM = frozenset({"asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2"})
"""Names of Linux, on every system."""

INFERENCE_FLAGS = FLAGS_X86 | FLAGS_ARM
"""Instruction-set flags that decide which kernels a runtime chooses."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What the system tells; None where it does not."""

    name: str | None = None
    vendor: str | None = None
    family: str | None = None
    """Family, model and stepping of x86; implementer, part and revision of ARM, a processor of each kind."""

    flags: frozenset[str] = frozenset()
    """Of `INFERENCE_FLAGS`, those that every core has."""

    untold: frozenset[str] = frozenset()
    """Of `INFERENCE_FLAGS`, those of which the system says neither yes nor no."""

    hypervisor: bool | None = None
    """Whether the processor itself says that it is a guest's; None: this kind of processor does not tell."""


def read_processor(root: Path = Path("/")) -> Processor:
    """What this system tells of its processor.

    Args:
        root: where /proc is looked for.
    """
    system = platform.system()
    if system == "Darwin":
        return of_sysctl(sysctl)
    if system == "Windows":
        return of_windows(_registry(), _feature_present, platform.machine())
    try:
        text = (root / "proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return Processor(untold=_possible(platform.machine()))
    return of_cpuinfo(text, platform.machine())


def of_cpuinfo(text: str, machine: str) -> Processor:
    """What Linux's /proc/cpuinfo says.

    Args:
        text: the file's, a paragraph a logical processor.
        machine: `platform.machine()`.
    """
    cores = [_fields(part) for part in re.split(r"\n\s*\n", text) if ":" in part]
    first = {key: value for core in reversed(cores) for key, value in core.items()}
    told = [core.get("flags") or core.get("Features") for core in cores if {"flags", "Features"} & core.keys()]
    sets = [frozenset(one.split()) for one in told if one]
    # Cores of one machine may differ (big.LITTLE): a thread may land on each, so only what all of them have counts.
    every = frozenset.intersection(*sets) if sets else frozenset[str]()
    return Processor(
        name=first.get("model name") or _arm_name(first) or first.get("cpu") or first.get("uarch"),
        vendor=first.get("vendor_id") or _ARM_MAKERS.get(first.get("CPU implementer", "")),
        family=_x86_family(first) or _arm_family(cores),
        flags=every & INFERENCE_FLAGS,
        untold=frozenset() if sets else _possible(machine),
        hypervisor="hypervisor" in every if sets and "flags" in first else None,
    )


def of_sysctl(ask: Callable[[str], str | None]) -> Processor:
    """What macOS says.

    Args:
        ask: value of a name, None where there is no such name.
    """
    features = " ".join(ask(f"machdep.cpu.{name}") or "" for name in ("features", "leaf7_features")).split()
    flags = {_APPLE_X86[one] for one in features if one in _APPLE_X86}
    flags |= {flag for flag, name in _APPLE_ARM.items() if ask(f"hw.optional.{name}") == "1"}
    numbers = [ask(f"machdep.cpu.{name}") for name in ("family", "model", "stepping")]
    arm = ask("hw.optional.arm64") == "1"
    guest = ask("kern.hv_vmm_present")
    return Processor(
        name=ask("machdep.cpu.brand_string"),
        vendor=ask("machdep.cpu.vendor") or ("Apple" if arm else None),
        family="-".join(one or "?" for one in numbers) if any(numbers) else ask("hw.cpufamily"),
        flags=frozenset(flags),
        untold=frozenset() if features or arm else _possible(platform.machine()),
        hypervisor=None if guest is None else guest == "1",
    )


def of_windows(registry: Mapping[str, str], present: Callable[[int], bool] | None, machine: str) -> Processor:
    """What Windows says.

    Args:
        registry: values of the first processor's key.
        present: `IsProcessorFeaturePresent`; None where it cannot be called.
        machine: `platform.machine()`.
    """
    numbers = re.findall(r"(?:Family|Model|Stepping|Revision)\s+([0-9A-Fa-f]+)", registry.get("Identifier", ""))
    asked = {flag: number for flag, number in _WINDOWS.items() if flag in _possible(machine)} if present else {}
    return Processor(
        name=registry.get("ProcessorNameString"),
        vendor=registry.get("VendorIdentifier"),
        family="-".join(numbers) or None,
        flags=frozenset(flag for flag, number in asked.items() if present and present(number)),
        untold=_possible(machine) - asked.keys(),
    )


def sysctl(name: str) -> str | None:
    """A value of the kernel of macOS and of the BSDs, as text; None where there is no such name."""
    with contextlib.suppress(Exception):  # a C library of another kind may fail in any way, and tells nothing
        library: Any = ctypes.CDLL(ctypes.util.find_library("c"))
        size = ctypes.c_size_t(0)
        if library.sysctlbyname(name.encode(), None, ctypes.byref(size), None, 0) != 0 or not size.value:
            return None
        value = ctypes.create_string_buffer(size.value)
        if library.sysctlbyname(name.encode(), value, ctypes.byref(size), None, 0) != 0:
            return None
        raw = value.raw[: size.value]
        if name.rpartition(".")[2] in _TEXTS:
            return raw.rstrip(b"\0").decode("utf-8", "replace")
        return str(int.from_bytes(raw, "little"))
    return None


_TEXTS = frozenset({"brand_string", "vendor", "features", "leaf7_features", "bootsessionuuid"})
"""Names whose value is a text; the others' are numbers of 4 or 8 bytes."""


def _fields(paragraph: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in paragraph.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon and value.strip()}


def _x86_family(fields: Mapping[str, str]) -> str | None:
    numbers = [fields.get(key) for key in ("cpu family", "model", "stepping")]
    return "-".join(str(n) for n in numbers) if numbers[0] is not None else None


_ARM = ("CPU implementer", "CPU part", "CPU variant", "CPU revision")


def _arm_family(cores: list[dict[str, str]]) -> str | None:
    """Each kind of core once, in the order of their numbers: "0x41-0xd05-1-0, 0x41-0xd0a-1-0"."""
    kinds = ["-".join(core.get(key, "?") for key in _ARM) for core in cores if _ARM[0] in core]
    return ", ".join(sorted(set(kinds))) or None


def _arm_name(fields: Mapping[str, str]) -> str | None:
    maker, part = fields.get("CPU implementer"), fields.get("CPU part", "?")
    if maker is None:
        return None
    known = _ARM_PARTS.get((maker, part))
    return f"{_ARM_MAKERS.get(maker, f'ARM implementer {maker}')} {known or f'part {part}'}"


def _possible(machine: str) -> frozenset[str]:
    """Flags that a processor of this architecture may have."""
    word = machine.lower()
    if word in {"x86_64", "amd64", "i386", "i586", "i686", "x86"}:
        return FLAGS_X86
    return FLAGS_ARM if word.startswith(("arm", "aarch64")) else INFERENCE_FLAGS


def _registry() -> dict[str, str]:
    found = dict[str, str]()
    with contextlib.suppress(Exception):  # a locked-down account may read none of it
        import winreg

        names: Any = winreg  # the module is empty to a type checker on other systems
        with names.OpenKey(names.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            for name in ("ProcessorNameString", "VendorIdentifier", "Identifier"):
                with contextlib.suppress(OSError):
                    found[name] = str(names.QueryValueEx(key, name)[0]).strip()
    return found


def _feature_present(number: int) -> bool:
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - other systems have none, and type checkers say so
    return bool(kernel.IsProcessorFeaturePresent(number))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        key, _, value = word.partition("=")
        yield key, value


# Source: sysctl(3) and the headers of XNU, machdep.cpu.features and hw.optional.arm.FEAT_*.
_APPLE_X86: Mapping[str, str] = MappingProxyType(
    dict(_pairs("SSE4.1=sse4_1 SSE4.2=sse4_2 SSSE3=ssse3 F16C=f16c FMA=fma AVX1.0=avx AVX2=avx2"))
    | dict(_pairs("AVX512F=avx512f AVX512BW=avx512bw AVX512VL=avx512vl AVX512DQ=avx512dq AVX512VNNI=avx512_vnni"))
)
_APPLE_ARM: Mapping[str, str] = MappingProxyType(
    dict(_pairs("asimd=AdvSIMD asimddp=arm.FEAT_DotProd asimdhp=arm.FEAT_FP16 i8mm=arm.FEAT_I8MM bf16=arm.FEAT_BF16"))
)

# Source: winnt.h, PF_*; what has no number there cannot be asked for.
_WINDOWS: Mapping[str, int] = MappingProxyType(
    {"ssse3": 36, "sse4_1": 37, "sse4_2": 38, "avx": 39, "avx2": 40, "avx512f": 41, "asimd": 19, "asimddp": 43}
)

# Source: Linux, arch/arm64/include/asm/cputype.h.
_ARM_MAKERS: Mapping[str, str] = MappingProxyType(
    dict(_pairs("0x41=ARM 0x42=Broadcom 0x43=Cavium 0x46=Fujitsu 0x48=HiSilicon 0x4e=NVIDIA 0x50=APM 0x51=Qualcomm"))
    | dict(_pairs("0x53=Samsung 0x61=Apple 0x6d=Microsoft 0xc0=Ampere"))
)
_ARM_PARTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("0x41", part): name
        for part, name in _pairs(
            "0xd03=Cortex-A53 0xd05=Cortex-A55 0xd07=Cortex-A57 0xd08=Cortex-A72 0xd09=Cortex-A73 0xd0a=Cortex-A75 "
            "0xd0b=Cortex-A76 0xd0c=Neoverse-N1 0xd0d=Cortex-A77 0xd40=Neoverse-V1 0xd41=Cortex-A78 0xd44=Cortex-X1 "
            "0xd49=Neoverse-N2 0xd4f=Neoverse-V2 0xd84=Neoverse-V3 0xd8e=Neoverse-N3"
        )
    }
    | {("0xc0", "0xac3"): "Ampere-1", ("0xc0", "0xac4"): "Ampere-1a"}
)
