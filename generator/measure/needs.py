"""What a variant's options need: of the machine, and of its worker's environment.

A machine that lacks something is no failure, and neither is a suite that leaves a variant out. The variant is "not
measured", and the record says what is lacking.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from generator.core.definition import Part, Variant
from generator.core.errors import FailureCause
from generator.core.record import Failure, SystemDescription
from generator.runtimes.instructions import LEVELS

LACKS: Mapping[str, str] = MappingProxyType(
    {
        "sse41": "the processor has no SSE4.1",
        "avx2": "the processor has no AVX2",
        "avx2_vnni": "the processor has no AVX-VNNI",
        "avx512": "the processor has no AVX-512",
        "avx512_vnni": "the processor has no AVX512-VNNI",
        "avx512_bf16": "the processor has no AVX512-BF16",
        "amx": "the processor has no AMX",
        "bf16": "the processor has no instructions for bf16",
        "fp16": "the processor has no instructions for fp16",
        "cores": "the machine has fewer cores than the variant has threads",
        "cuda": "there is no CUDA device that the installed PyTorch can use",
        "cuda_bf16": "the CUDA device has no instructions for bf16",
        "cuda_tf32": "the CUDA device has no instructions for TF32",
        "compiler": "there is no C++ compiler",
        "baseline": "the machine cannot run the baseline, so there is nothing to compare with",
    }
)
"""What a machine may lack, by the key of its phrase."""

LEFT_OUT = Failure(stage="suite", message="it is not part of the core suite", lacks="core")
"""What the record keeps of a variant that a run of the core suite leaves out."""

SHORT_FORMATS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "bf16": frozenset({"amx_bf16", "avx512_bf16", "bf16"}),
        "fp16": frozenset({"asimdhp", "avx512_fp16"}),
    }
)
"""Values of the option `precision`, and the flags of which a processor has one where it computes in that format.

Without any of them a library converts to fp32 and back: the time would be that of an emulation.
"""

SHORT_CUDA_FORMATS: Mapping[str, tuple[int, int]] = MappingProxyType({"bf16": (8, 0), "tf32": (8, 0)})
"""Compute capability from which a CUDA device multiplies in these formats; fp16 is older than PyTorch's oldest device.

Source: CUDA C++ Programming Guide, "Compute Capabilities".
"""


def left_out(variant: Variant, part: Part) -> Failure | None:
    """Why a run of this part does not ask for a variant at all; None when it does."""
    return None if variant.name in part else LEFT_OUT


def lacking(variant: Variant, system: SystemDescription) -> Failure | None:
    """What this machine lacks of what the variant needs, as the record keeps it; None when it can be measured here."""
    options, cores = variant.options, system.host_processor_logical_count
    if variant.threads and cores and variant.threads > cores:
        return _lack("cores")
    level = LEVELS.get(str(options.get("instructions", "")))
    if level and not level.flags <= set(system.host_processor_isa):
        return _lack(str(options["instructions"]))
    short, on_processor = str(options.get("precision", "")), options.get("device", "cpu") == "cpu"
    if on_processor and short in SHORT_FORMATS and not SHORT_FORMATS[short] & set(system.host_processor_isa):
        return _lack(short)
    if options.get("device") == "cuda":
        if not _has_cuda():
            return _lack("cuda")
        if short in SHORT_CUDA_FORMATS and not _cuda_capability() >= SHORT_CUDA_FORMATS[short]:
            return _lack(f"cuda_{short}")
    if options.get("compile") and not _has_compiler():
        return _lack("compiler")
    return None


def variables(options: Mapping[str, Any]) -> dict[str, str]:
    """Environment variables that a worker needs for these options, beside those that all workers get.

    Args:
        options: the variant's.

    Returns:
        Variables that must be there before the runtime is imported; the record keeps them with the variant.
    """
    found = dict[str, str]()
    if level := LEVELS.get(str(options.get("instructions", ""))):
        found |= level.variables
    if options.get("device") == "cuda":
        # NVML, which the energy is read through, counts devices by their place on the bus; CUDA does so when told.
        found |= {
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES") or "0",
        }
    if options.get("compile"):
        # One process compiles: a pool of helpers would outlive the compilation and run beside the measuring.
        found["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    return found


UNCACHED: Mapping[str, str] = MappingProxyType({"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"})
"""Makes a compiling runtime find nothing that it compiled before."""


def without_baseline(baseline: Failure | None) -> Failure:
    """Why a variant is not measured whose baseline was not, for this reason; None: it was asked and failed."""
    if baseline and baseline.lacks:
        return _lack("baseline")
    reason = "The baseline failed, so there is nothing to compare with."
    return Failure(stage="quality", message=reason, cause=FailureCause.BASELINE)


def _lack(key: str) -> Failure:
    return Failure(stage="machine", message=LACKS[key], lacks=key)


def _has_cuda() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    try:
        import torch
    except (ImportError, OSError):  # a damaged installation: whoever loads a model with it says what is wrong
        return False
    return torch.cuda.is_available()


def _cuda_capability() -> tuple[int, int]:
    import torch

    return torch.cuda.get_device_capability()


def _has_compiler() -> bool:
    """Whether there is what `torch.compile` calls."""
    default = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX", default)) is not None
