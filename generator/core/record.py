"""The record: immutable JSON of one run on one system, the only thing that measuring and publishing share.

It holds raw observations, never statistics: a better estimator improves old records. What is unknown is null,
and `unknown` says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from generator.core.definition import CONTROL, Name, Precision, Scenario
from generator.core.errors import FailureCause
from generator.core.registry import RUNTIMES

SCHEMA_VERSION = 1
"""Version of the JSON's form; a reader of this version reads no other."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Line = Annotated[str, StringConstraints(max_length=1000)]
"""One line of text; pages escape it."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Latency = Annotated[int, Field(gt=0, le=86_400_000_000_000)]
"""Nanoseconds; zero, negative and longer than a day are no latencies."""

BleuCounts = Annotated[tuple[Count, ...], Field(min_length=10, max_length=10)]
"""Of one translation: its n-grams of 1, 2, 3 and 4 words that the right one has too, all its n-grams of these lengths,
its words, and the right one's words."""

Unit = Annotated[str, StringConstraints(pattern=r"^([a-z]+(-[a-z]+)*)?$", max_length=40)]
"""Key of a unit's phrase: megawatt, celsius, percent; nothing for shares and bare numbers."""

NanoSeconds = Annotated[int, Field(ge=0, le=31_536_000_000_000_000)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Value = Annotated[float, Field(ge=-1e39, le=1e39)]
"""What a metric says of a sample: anything that 32 bits can hold, so that no sum of them overflows."""

MOST_ARRIVALS = 100_000
"""Moments at which the tokens of one answer came, at most."""

MOST_LATENCIES = 1_000_000
"""Of one round. Rounds of today keep fifty; those of the first records hold every one."""

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


class Tier(StrEnum):
    """How thorough a run is; the method page, under "Tiers", says which may be published."""

    SMOKE = "smoke"
    """Two short blocks: a first look, never published as a result."""

    STANDARD = "standard"
    """The protocol: publishable ratios with intervals."""

    FULL = "full"
    """Standard, and as long as LoadGen's runs."""


class StopReason(StrEnum):
    """Why no further block was measured."""

    GOAL = "goal"
    """Every variant's interval is narrower than the goal."""

    BLOCKS = "blocks"
    """The most blocks that the tier allows."""

    BUDGET = "budget"
    """The time is spent."""

    FAILED = "failed"
    """The baseline or all other variants failed."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class SystemDescription(_Part):
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


class Source(_Part):
    """Where a weight file or a data set came from, and on what terms."""

    name: Line
    origin: Line
    """Package and version, or address with commit."""

    sha256: Sha256
    licence: Line
    note: Line = ""


class Provenance(_Part):
    """Who made the numbers, with what."""

    generator_version: Line
    generator_commit: Line | None
    """Commit of this checkout; null outside a git checkout."""

    generator_modified: bool | None
    """Whether tracked files differed from that commit."""

    code_sha256: Sha256
    """Over the measuring arm's Python files."""

    definition_sha256: Sha256
    """`Measurement.fingerprint()` of the definition that was run."""

    python: Line
    packages: dict[str, Line]
    """Versions of the packages that matter."""

    sources: tuple[Source, ...]
    command: Line
    """What repeats this run."""


class Controls(_Part):
    """What was set alike for every variant."""

    environment: dict[str, Line]
    """Environment variables of every worker."""

    threads: Annotated[int, Field(ge=1)]
    garbage_collection: Literal["frozen and disabled", "left on"]
    spinning: Line = "off, unless a variant's options ask for it"
    """Whether idle threads of a runtime wait by burning their core."""

    denormals: Line = "counted as zero by every runtime"
    runtime_seed: Count = 0
    """Seed of the runtimes' own random numbers and of Python's hashes."""

    address_randomisation: Line | None
    affinity: Line
    """How cores were chosen."""

    seed: Count
    """Seed of the random order of workers, cycles and cores."""


class WorkloadRecord(_Part):
    """What the variants computed."""

    name: Name
    kind: Line
    model: Line | None
    """Null where the workload could not be prepared; so are the next three, and its variants say why."""

    data_sha256: Sha256 | None
    """Over the inputs in the order used."""

    samples: Count | None
    """Samples that quality was measured on."""

    timed_samples: Count | None
    """Samples that the timed queries took in turn."""

    notes: tuple[Line, ...] = ()
    """What must be said wherever the quality is shown (keys of the phrases)."""

    tokens_per_sample: Annotated[int, Field(ge=1)] | None = None
    """Tokens that a timed sample generates; null where samples generate none."""

    timed_inputs: Line | None = None
    """Names, number formats and sizes of the arrays of a timed query, so that timed inputs of two data sets can be told
    to cost alike; null where there is no choice of data sets, and where timed inputs are not all of one size."""

    data_set: Name | None = None
    """Which set of those that the workload could take its inputs are from, by the key of its phrases; null where it
    knows only one, and in records from before there was a choice."""


class Observations(_Part):
    """One quality metric's values, a sample each, in the order of the workload's samples."""

    metric: Name
    kind: Literal["proportion", "mean", "maximum", "bleu"]
    """proportion: values are 0 or 1. mean, maximum: what the values are summarised by. bleu: counts, and no values."""

    reference: Literal["label", "baseline", "file"]
    """What the answers were compared with: labels (accuracy), the baseline's own outputs (fidelity), or what the model
    file itself says when its weights are computed with in fp32."""

    better: Literal["higher", "lower"] = "higher"
    """Whether a larger value is a gain; of an error it is a loss."""

    unit: Unit = ""
    """Unit of the values, by the key of its phrase; nothing where they are shares or bare numbers."""

    values: tuple[Value, ...]

    counts: tuple[BleuCounts, ...] = ()
    """BLEU is a score of a whole text: instead of its own value, a sample has what it adds to the text's counts."""

    @model_validator(mode="after")
    def _proportions_are_binary(self) -> Self:
        if self.kind == "proportion" and any(v not in (0, 1) for v in self.values):
            raise ValueError(f"'{self.metric}' is a proportion but has values other than 0 and 1")
        return self

    @model_validator(mode="after")
    def _only_bleu_has_counts(self) -> Self:
        if self.values if self.kind == "bleu" else self.counts:
            raise ValueError(f"'{self.metric}' must have counts if it is BLEU, and values if it is not")
        return self


COMPRESSED_NOTE = "compressed bytes"
"""Key of an artifact's note: its size after gzip, which shows how much of it are zeros and repetitions."""


READ_NOTE = "bytes read a token"
"""Key of an artifact's note: bytes of the weights that each generated token needs, a table of which one row is read
left out."""


class ArtifactRecord(_Part):
    """The model file that a variant ran."""

    sha256: Sha256
    size_bytes: Count
    format: Line
    operators: dict[str, Count] = Field(default_factory=dict)
    """How often each operator stands in the graph that the runtime really ran, where it tells."""

    notes: dict[str, Line] = Field(default_factory=dict)
    """What the transforms report: calibration samples, opset, operators left in fp32."""


class Audit(_Part):
    """Whether the timed answers were real: checks like MLPerf's TEST01 and TEST04."""

    answers_compared: Count
    """Answers of timed queries that were compared with those that quality was measured on, one by one, and in batches
    where batches are timed."""

    answers_differing: Count
    """Those that differ by more than `protocol.AUDIT_TOLERANCE` of the largest output; in batches
    `protocol.audit_tolerance`."""

    largest_difference: Annotated[float, Field(ge=0)]
    """Largest difference of any output, over the largest output."""

    repeated_ns: tuple[Latency, ...]
    """Median latency of rounds that repeat one sample."""

    varied_ns: tuple[Latency, ...]
    """Median latency of the same sample in the rounds between them, which take all timed samples in turn."""


class Work(_Part):
    """Arithmetic and memory traffic of one sample, counted from the model and not measured.

    A multiplication with the addition of its product counts as 2 FLOP, whatever the number format. Operators that do
    a few operations an element (activations, normalization, pooling, quantizing) count with their bytes only.
    """

    flops_per_sample: Count | None
    flops_by_operator: dict[Line, Count] = Field(default_factory=dict)
    """The same by operator."""

    weight_bytes: Count | None
    """Constants that a query needs, read once a query."""

    activation_bytes_per_sample: Count | None
    """The input read once, the output written once, and what lies between them written once and read once. What an
    operator with a single input does element by element is done in passing, and moves nothing."""

    bytes_only: dict[Line, Count] = Field(default_factory=dict)
    """Operators that count with their bytes only, and how often they stand in the model."""

    counted_by: Line | None
    """What counted: "ONNX graph, onnx 1.23.2"."""

    unknown: Line | None = None
    """Why it could not be counted; then the numbers are null."""

    def least_bytes_per_sample(self, samples_per_query: int) -> float | None:
        """Least memory traffic of a sample: its own activations, and its share of the weights that its query reads."""
        if self.weight_bytes is None or self.activation_bytes_per_sample is None:
            return None
        return self.activation_bytes_per_sample + self.weight_bytes / samples_per_query


class Failure(_Part):
    """Why a variant has no (further) numbers."""

    stage: Literal["suite", "machine", "prepare", "quality", "timing", "record"]
    """suite: the run was of the core suite, which leaves the variant out. machine: this machine lacks what the variant
    needs. Neither is an error. record: it was measured, and the record could not be written."""

    message: Line
    """The technical detail, in English."""

    cause: FailureCause | None = None
    """What kind of trouble it was, by the key of its phrase; null where it was none, and in records from before it was
    told."""

    lacks: Line | None = None
    """What the machine or the suite lacks, by the key of its phrase: "avx512", "cuda", "core"."""

    last_lines: Annotated[str, StringConstraints(max_length=4000)] = ""


class VariantRecord(_Part):
    """One variant as it was run."""

    name: Name
    workload: Name
    runtime: Line
    runtime_version: Line | None
    environment: tuple[Line, ...] = ()
    """What the isolated environment held that it ran in, "name==version"; empty: the installed packages."""

    precision: Precision
    baseline: bool
    transforms: tuple[Line, ...]
    options: dict[str, Any] = Field(default_factory=dict)
    artifact: ArtifactRecord | None
    quality: tuple[Observations, ...]
    quality_unknown: Line | None = None
    """Why accuracy on labels was not measured, when it was not."""

    samples_per_query: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Samples that each timed query carried."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """Threads that it might use; null: as many as `Controls` says of all."""

    work: Work | None = None
    """FLOPs and bytes of a sample; null in records from before they were counted."""

    audit: Audit | None = None
    """Null in records from before there were audits."""

    answering_workers: Annotated[int, Field(ge=1)] = 1
    """Workers that answered its samples side by side when its quality was measured."""

    batches_tried: dict[int, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Offline: samples per second at each batch size that was tried in search of the best."""

    runtime_details: dict[str, Line] = Field(default_factory=dict)
    """What the runtime says of itself: providers, instruction set, kernels."""

    variables: dict[str, Line] = Field(default_factory=dict)
    """Environment variables of this variant's workers beside those of all workers: limits on instructions, devices."""

    uncached_first_call_ns: Latency | None = None
    """First call of a worker that found nothing compiled before; null where a runtime keeps nothing from one process
    to the next, so that every first call is such a one."""

    failure: Failure | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether a server computed, whose process nobody watched."""
        return self.runtime in RUNTIMES and RUNTIMES[self.runtime].remote

    @property
    def failed(self) -> bool:
        """Whether something went wrong; that the machine lacks what it needs is not that."""
        return self.failure is not None and self.failure.lacks is None

    @property
    def left_out(self) -> bool:
        """Whether the run was of the core suite, which measures only some variants, and this is none of them."""
        return self.failure is not None and self.failure.stage == "suite"


class WorkerStart(_Part):
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


class Generation(_Part):
    """One text that a timed query generated: when its tokens came, from the moment at which the query was issued.

    What follows of it (time to first token, between tokens, rates) is in `core/token_times.py`.
    """

    query: Count
    """Place of its query among the round's latencies."""

    prompt_tokens: Count | None
    """Tokens that were read; null where a server does not tell."""

    arrivals_ns: Annotated[tuple[Latency, ...], Field(min_length=1, max_length=MOST_ARRIVALS)]
    """Each moment at which tokens came: after a pass of the model, or with a piece of a stream."""

    tokens: tuple[Annotated[int, Field(ge=1, le=MOST_ARRIVALS)], ...] | None = ()
    """Tokens of each arrival; empty: one each; null: the server does not tell how many tokens a piece carries."""

    finished_ns: Latency | None = None
    """When a server said that the answer is complete; null where nothing says so but the last token. The end of the
    stream is the query's latency."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(later < earlier for earlier, later in pairwise(self.arrivals_ns)):
            raise ValueError("tokens arrived before those that they follow")
        if self.tokens and len(self.tokens) != len(self.arrivals_ns):
            raise ValueError("there must be a number of tokens for each arrival, or none at all")
        return self


class Round(_Part):
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

    answers: tuple[Generation, ...] = ()
    """When the tokens of the kept queries' answers came; empty where no text is generated, where the runtime does not
    tell, and in records from before it was asked."""

    @property
    def answered(self) -> int:
        """How many queries the round answered, kept or not."""
        return self.queries or len(self.latencies_ns)

    @model_validator(mode="after")
    def _kept_are_some_of_them(self) -> Self:
        if self.queries is not None and self.queries < len(self.latencies_ns):
            raise ValueError("a round cannot keep more latencies than it answered queries")
        return self

    @model_validator(mode="after")
    def _answers_are_of_kept_queries(self) -> Self:
        if any(one.query >= len(self.latencies_ns) for one in self.answers):
            raise ValueError("an answer's query is none of those whose latencies are kept")
        return self


Joules = Annotated[float, Field(ge=0, le=1e15)]
Watts = Annotated[float, Field(ge=0, le=1e7)]


class EnergyWindow(_Part):
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


class EnergyCounter(_Part):
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
    """Why it is not trusted; null where every busy second took more than every idle one."""


class EnergyRecord(_Part):
    """Where the run's energy comes from. Only counters count; nothing here is estimated."""

    counters: tuple[EnergyCounter, ...] = ()
    unknown: Line | None
    """Why no energy was measured; null where a counter is trusted."""

    watts_per_core: Annotated[float, Field(gt=0, le=1000)] | None = None
    """What a person gave for one busy core: enters an estimate that is labelled so, and never a ratio."""


class Health(_Part):
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


class Block(_Part):
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


class Ceiling(_Part):
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


class Ceilings(_Part):
    """What bounds every variant on this machine; measured once a machine and kept."""

    measured_at: Moment
    found: tuple[Ceiling, ...]
    unknown: dict[Line, Line] = Field(default_factory=dict)
    """Reason for each that could not be measured."""


class Record(_Part):
    """One run of one measurement on one system."""

    schema_version: Literal[1]
    protocol_version: Annotated[int, Field(ge=1)]
    record_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
    kind: Literal["native"] = "native"
    measurement: Name
    tier: Tier
    scenario: Scenario
    started_at: Moment
    finished_at: Moment
    sittings: Annotated[int, Field(ge=1)]
    """How many times the run was taken up; more than 1 when it was interrupted and resumed."""

    stop_reason: dict[Name, StopReason]
    """For each workload that was measured."""

    system: SystemDescription
    provenance: Provenance
    controls: Controls
    workloads: Annotated[tuple[WorkloadRecord, ...], Field(min_length=1)]
    variants: Annotated[tuple[VariantRecord, ...], Field(min_length=2)]
    blocks: tuple[Block, ...]
    energy: EnergyRecord | None = None
    """Null in records from before energy was measured."""

    ceilings: Ceilings | None = None
    """Null where they were not measured."""

    sha256: Sha256
    """Over everything else, so that an edited record is noticed."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = {v.name for v in self.variants} | {CONTROL}
        if len(names) != len(self.variants) + 1:
            raise ValueError("two variants bear the same name")
        workloads = {w.name for w in self.workloads}
        if stray := {b.workload for b in self.blocks} - workloads:
            raise ValueError(f"blocks name unknown workloads: {', '.join(sorted(stray))}")
        if stray := {r.variant for b in self.blocks for r in b.rounds} - names:
            raise ValueError(f"rounds name unknown variants: {', '.join(sorted(stray))}")
        if self.finished_at < self.started_at:
            raise ValueError("it finished before it started")
        if problem := next(_contradictions(self), None):
            raise ValueError(problem)
        return self

    @property
    def publishable(self) -> bool:
        """Whether the method lets the tier be published as a result."""
        return self.tier is not Tier.SMOKE

    @property
    def core_only(self) -> bool:
        """Whether the run was of the core suite and left variants out."""
        return any(one.left_out for one in self.variants)

    def compared(self, workload: str) -> int:
        """How many variants of a workload stood against its baseline; those that the suite left out did not."""
        return sum(one.workload == workload and not one.baseline and not one.left_out for one in self.variants)

    def variant(self, name: str) -> VariantRecord:
        """The variant of this name; KeyError when there is none."""
        return {v.name: v for v in self.variants}[name]


def _contradictions(record: Record) -> Iterator[str]:
    """What no run can have left behind; without it, whoever reads a record need not ask."""
    workloads = [one.name for one in record.workloads]
    if len(set(workloads)) != len(workloads):
        yield "two workloads bear the same name"
    if stray := {one.workload for one in record.variants} - set(workloads):
        yield f"variants name unknown workloads: {', '.join(sorted(stray))}"
    if stray := set(record.stop_reason) - set(workloads):
        yield f"stop_reason names unknown workloads: {', '.join(sorted(stray))}"
    for name in workloads:
        own = [one for one in record.variants if one.workload == name]
        if own and sum(one.baseline for one in own) != 1:
            yield f"workload '{name}' has not exactly one baseline"
    for block in record.blocks:
        yield from _contradictions_of(block, {one.name for one in record.variants if one.workload == block.workload})


def _contradictions_of(block: Block, variants: set[str]) -> Iterator[str]:
    started, where = {one.variant for one in block.workers}, f"block {block.index} of '{block.workload}'"
    if stray := started - variants - {CONTROL}:
        yield f"{where} started workers of other workloads' variants: {', '.join(sorted(stray))}"
    if stray := {one.variant for one in block.rounds} - started:
        yield f"{where} has rounds of variants that it did not start: {', '.join(sorted(stray))}"
    if stray := {one.variant for one in block.energy if one.variant} - started:
        yield f"{where} has energy of variants that it did not start: {', '.join(sorted(stray))}"
