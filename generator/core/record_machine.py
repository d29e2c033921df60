"""The machine of a run: what it is, what bounds it, and which of its counters of energy are trusted."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field

from generator.core.definition import Precision
from generator.core.record_types import Count, Line, Moment, RecordPart, Watts


class SystemDescription(RecordPart):
    """The machine, with MLPerf's words where it has them. Null where the system does not tell; `unknown` says why."""

    system_type: Literal["desktop", "laptop", "server", "virtual machine", "container"] | None
    host_processor_model_name: Line | None
    host_processor_vendor: Line | None
    host_processor_family_model_stepping: Line | None
    host_processor_core_count: Count | None
    """Physical cores that the system sees."""

    host_processor_logical_count: Count | None
    host_processor_frequency_mhz: Annotated[float, Field(gt=0, le=1e9)] | None
    host_processor_caches: Line | None
    host_processor_isa: tuple[Line, ...]
    """Instruction-set flags that matter to inference, sorted: avx2, avx512f, avx512_vnni, amx_int8, ..."""

    host_memory_capacity_bytes: Count | None
    accelerator_model_name: Line | None
    accelerators_per_node: Count
    operating_system: Line
    kernel: Line
    architecture: Line
    hypervisor: Line | None
    container: Line | None
    frequency_governor: Line | None
    smt_active: bool | None
    unknown: dict[str, Line] = Field(default_factory=dict)
    """Reason for each null field."""

    def fingerprint(self) -> str:
        """Twelve hex digits that stay the same while the machine does: processor, ISA, memory, accelerator."""
        parts = (
            self.host_processor_model_name,
            self.host_processor_family_model_stepping,
            self.host_processor_logical_count,
            self.host_processor_isa,
            round((self.host_memory_capacity_bytes or 0) / 2**30),
            self.accelerator_model_name,
            self.architecture,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


class EnergyCounter(RecordPart):
    """One counter of energy, and whether it is to be trusted."""

    domain: Line
    """What it covers: "package-0", "dram-0", "gpu-0", "wall"."""

    source: Line
    """What reads it: "RAPL (Linux powercap)", "NVML through zeus 0.16.0", "wall meter"."""

    idle_watts: tuple[Watts, ...]
    """Each second of the check in which the machine was left alone."""

    busy_watts: tuple[Watts, ...]
    """Each second of the check in which all its cores (or its accelerator) were kept busy."""

    refused: Line | None = None
    """Why it is not trusted; null where every busy second took more than every idle one, and it could be read to the
    end of the run."""

    @property
    def failed_check(self) -> bool:
        """Whether it did not follow the load; one that is refused all the same could not be read to the end."""
        return bool(self.idle_watts and self.busy_watts) and min(self.busy_watts) <= max(self.idle_watts)


class EnergyRecord(RecordPart):
    """Where the run's energy comes from. Only counters count; nothing here is estimated."""

    counters: tuple[EnergyCounter, ...] = ()
    unknown: Line | None
    """Why no energy was measured; null where a counter is trusted."""

    watts_per_core: Annotated[float, Field(gt=0, le=1000)] | None = None
    """What a person gave for one busy core: enters an estimate that is labelled so, and never a ratio."""


class Ceiling(RecordPart):
    """The most that this machine was seen to do of one thing, with plain code that does nothing else."""

    kind: Literal["matrix product", "copy", "triad"]
    """copy: b = a; triad: c = a + s b (STREAM's words). Bytes count as STREAM counts them: read and written."""

    precision: Precision | None
    """Number format of a matrix product's factors."""

    threads: Annotated[int, Field(ge=1)]
    runtime: Line
    """Package and version that ran it."""

    kernel: Line | None
    """Library and kernel, where the runtime tells."""

    size: Line
    working_set_bytes: Count
    """Bytes of all arrays together; it decides which cache they fit in."""

    per_second: Annotated[tuple[Annotated[float, Field(gt=0, le=1e24)], ...], Field(min_length=1)]
    """FLOP/s or bytes/s: the best repetition of each fresh process."""


class Ceilings(RecordPart):
    """What bounds every variant on this machine; measured once a machine and kept."""

    measured_at: Moment
    found: tuple[Ceiling, ...]
    unknown: dict[Line, Line] = Field(default_factory=dict)
    """Reason for each that could not be measured."""
