"""A block as it was measured: starts, latencies, energy, and what the system told of it meanwhile."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from generator.core.definition import Name
from generator.core.record_types import Count, Fraction, Joules, Latency, Line, Moment, NanoSeconds, RecordPart

MOST_LATENCIES = 1_000_000
"""Of one round. Rounds of today keep fifty; those of the first records hold every one."""


class WorkerStart(RecordPart):
    """How one fresh worker of a block came up."""

    variant: Name
    """Name of the variant, or `control` for the baseline's second start."""

    load_ns: NanoSeconds
    """From the start of the process to the model in memory, imports included."""

    first_call_ns: Latency
    warm_up_ns: NanoSeconds
    warm_up_queries: Count
    peak_rss_bytes: Count | None
    """High-water mark of the process at the block's end."""

    rss_before_load_bytes: Count | None
    """Resident memory with the runtime imported and no model loaded."""

    pss_before_load_bytes: Count | None = None
    """The same as proportional set size: a page that k processes share counts a k-th. Null where the system does not
    tell (Linux does)."""

    pss_bytes: Count | None = None
    """Proportional set size at the block's end; the system keeps no high-water mark of it."""

    device_peak_bytes: Count | None = None
    """Most memory taken on an accelerator; null where the variant computed on the processor."""


class Round(RecordPart):
    """Latencies of one variant's queries in one round of one block."""

    variant: Name
    cycle: Count
    samples_per_query: Annotated[int, Field(ge=1, le=1_000_000)]
    """Samples that each query carries; throughput counts samples, not queries."""

    latencies_ns: Annotated[tuple[Latency, ...], Field(min_length=1, max_length=MOST_LATENCIES)]
    """Latency of each query in the order issued, uncounted ones excluded; see `queries`."""

    queries: Annotated[int, Field(ge=1, le=2**53)] | None = None
    """Queries that the round answered, where so many fitted into it that only the latencies of some are kept, evenly
    spaced; null: those of all."""

    wall_ns: Latency
    cpu_ns: NanoSeconds
    """CPU time of the worker over the round, all threads."""

    involuntary_switches: Count | None
    offered_per_second: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Server: rate at which queries were scheduled to arrive; latencies count from the scheduled time."""

    @property
    def answered(self) -> int:
        """How many queries the round answered, kept or not."""
        return self.queries or len(self.latencies_ns)

    @model_validator(mode="after")
    def _kept_are_some_of_them(self) -> Self:
        if self.queries is not None and self.queries < len(self.latencies_ns):
            raise ValueError("a round cannot keep more latencies than it answered queries")
        return self


class EnergyWindow(RecordPart):
    """Energy over a steady window of one block: one worker answers queries back to back, or all of them sleep.

    Windows stand apart from rounds: a round of 30 ms is shorter than most counters' steps, and its uncounted queries
    take energy too.
    """

    variant: Name | None
    """Variant, or `control`; null where all workers slept: the idle baseline."""

    started_at: Moment
    wall_ns: Latency
    """Between the two readings."""

    samples: Count
    """Samples answered between the readings."""

    joules: dict[Line, Joules]
    """By domain; gross, so with what the idle machine takes."""


class Health(RecordPart):
    """What the operating system told of one block. None of it looks at latencies."""

    wall_ns: Latency
    foreign_cpu_cores: Annotated[float, Field(ge=0, le=1e6)] | None
    """Processor time used by others over wall time, in cores."""

    lowest_cpu_share: Annotated[float, Field(ge=0, le=1e6)]
    """Smallest CPU time over wall time and threads among the block's workers."""

    psi_cpu_some: Fraction | None
    """Share of the time in which some task waited for a processor."""

    steal_cores: Annotated[float, Field(ge=0, le=1e6)] | None
    load_1min: Annotated[float, Field(ge=0, le=1e9)] | None
    temperature_celsius: float | None = None
    frequency_mhz: Annotated[float, Field(gt=0)] | None = None


class Block(RecordPart):
    """All workers started afresh on the same cores, then cycles: the unit of statistics."""

    workload: Name
    index: Count
    """Position among the workload's blocks, disturbed ones counted."""

    started_at: Moment
    cores: tuple[Count, ...]
    workers: tuple[WorkerStart, ...]
    """In the order in which they were started."""

    rounds: tuple[Round, ...]
    """In the order in which they were run."""

    latency_bound_ns: Latency | None = None
    """Server: bound of the 99th percentile from the scheduled time."""

    health: Health
    disturbed: bool
    """Whether the health rules say that the block should be repeated."""

    energy: tuple[EnergyWindow, ...] = ()
    """In the order measured, after the rounds; empty where no counter is trusted."""

    @property
    def duration_s(self) -> float:
        """Time that the block took: its cycles, and the starts and warm-ups before them."""
        starts = sum(one.load_ns + one.first_call_ns + one.warm_up_ns for one in self.workers)
        return (self.health.wall_ns + starts) / 1e9
