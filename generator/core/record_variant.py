"""A workload and its variants as they were run: what each was made of, what it answered, why it has no numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from generator.core.definition import Name, Precision
from generator.core.errors import FailureCause
from generator.core.record_types import BleuCounts, Count, Latency, Line, RecordPart, Sha256, Unit, Value


class WorkloadRecord(RecordPart):
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


class Observations(RecordPart):
    """One quality metric's values, a sample each, in the order of the workload's samples."""

    metric: Name
    kind: Literal["proportion", "mean", "maximum", "bleu"]
    """proportion: values are 0 or 1. mean, maximum: what the values are summarised by. bleu: counts, and no values."""

    reference: Literal["label", "baseline"]
    """What the answers were compared with: labels (accuracy) or the baseline's own outputs (fidelity)."""

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


class ArtifactRecord(RecordPart):
    """The model file that a variant ran."""

    sha256: Sha256
    size_bytes: Count
    format: Line
    operators: dict[str, Count] = Field(default_factory=dict)
    """How often each operator stands in the graph that the runtime really ran, where it tells."""

    notes: dict[str, Line] = Field(default_factory=dict)
    """What the transforms report: calibration samples, opset, operators left in fp32."""


class Audit(RecordPart):
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


class Work(RecordPart):
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


class Failure(RecordPart):
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


class VariantRecord(RecordPart):
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
    def failed(self) -> bool:
        """Whether something went wrong; that the machine lacks what it needs is not that."""
        return self.failure is not None and self.failure.lacks is None

    @property
    def left_out(self) -> bool:
        """Whether the run was of the core suite, which measures only some variants, and this is none of them."""
        return self.failure is not None and self.failure.stage == "suite"
