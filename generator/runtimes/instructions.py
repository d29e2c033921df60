"""One processor as several generations: its libraries are told to leave newer instructions alone.

A library picks its kernels by what the processor can do, when it is loaded; these variables limit what it sees. oneDNN
obeys `ONEDNN_MAX_CPU_ISA` (in PyTorch and in OpenVINO, which brings a copy of its own), PyTorch's own kernels obey
`ATEN_CPU_CAPABILITY`, and MKL, which multiplies PyTorch's matrices, obeys `MKL_ENABLE_INSTRUCTIONS`. ONNX Runtime's
kernels (MLAS) obey none, so its variants do not have the option.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Level:
    """One generation."""

    flags: frozenset[str]
    """What a processor must have, all of it, by the names of `SystemDescription.host_processor_isa`."""

    onednn: str
    aten: str
    mkl: str

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that a process needs before it imports its runtime."""
        return dict(zip(VARIABLES, (self.onednn, self.aten, self.mkl), strict=True))


VARIABLES = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
"""Of oneDNN, of PyTorch's own kernels, of MKL. A worker has them from its variant or not at all."""

_AVX2 = frozenset({"avx2", "fma"})
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
_AMX = _AVX512 | {"avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"}

LEVELS: Mapping[str, Level] = MappingProxyType(
    {
        "sse41": Level(frozenset({"sse4_1"}), "SSE41", "default", "SSE4_2"),
        "avx2": Level(_AVX2, "AVX2", "avx2", "AVX2"),
        "avx2_vnni": Level(_AVX2 | {"avx_vnni"}, "AVX2_VNNI", "avx2", "AVX2"),
        "avx512": Level(_AVX512, "AVX512_CORE", "avx512", "AVX512"),
        "avx512_vnni": Level(_AVX512 | {"avx512_vnni"}, "AVX512_CORE_VNNI", "avx512", "AVX512"),
        "avx512_bf16": Level(_AVX512 | {"avx512_vnni", "avx512_bf16"}, "AVX512_CORE_BF16", "avx512", "AVX512"),
        "amx": Level(_AMX, "AVX512_CORE_AMX", "avx512", "AVX512"),
    }
)
"""Values of the option `instructions`, oldest first."""
