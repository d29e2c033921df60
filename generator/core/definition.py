"""A `Measurement`: one question, its workloads and its variants, in the words of `measurement.toml`.

The names that it may give stand in `core/registry.py`: a definition is checked without importing any runtime. What its
parts must have to do with each other stands in `core/definition_rules.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from generator.core.errors import suggest
from generator.core.pins import pins_problem
from generator.core.problem import Problem
from generator.core.refusal import refused
from generator.core.registry import RUNTIMES, TRANSFORMS, WORKLOADS, Runtime, Transform

CONTROL = "control"
"""Name under which the baseline takes part a second time (A/A control); no variant may bear it."""

OPTION_VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "device": frozenset({"cpu", "cuda"}),
        "instructions": frozenset({"sse41", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"}),
        "layout": frozenset({"channels_last"}),
    }
)
"""Options of runtimes whose values are words of a fixed list, whatever the runtime."""


class Scenario(StrEnum):
    """How queries arrive (the words are MLPerf's)."""

    SINGLE_STREAM = "single_stream"
    """The next query is issued when the one before is answered."""

    MULTI_STREAM = "multi_stream"
    """Like single_stream, but each query carries eight samples."""

    OFFLINE = "offline"
    """All samples are there from the start: batches as large as the variant is best at, samples per second."""

    SERVER = "server"
    """Queries arrive at random (Poisson); the highest rate whose p99 latency stays within the stated bound."""


class Technology(StrEnum):
    """What is said to make inference efficient; each one has a page that gathers its measurements."""

    TRANSFORMERS = "transformers"
    CONVOLUTIONAL_NETWORKS = "convolutional-networks"
    SPECIALISED_HARDWARE = "specialised-hardware"
    QUANTIZATION = "quantization"
    COMPRESSION = "compression"
    RUNTIMES = "runtimes"
    BATCHING = "batching"


class Application(StrEnum):
    """What a model is used for; each one has a page that gathers its workloads."""

    IMAGE_CLASSIFICATION = "image-classification"
    FACE_RECOGNITION = "face-recognition"
    OBJECT_DETECTION = "object-detection"
    TRANSLATION = "translation"
    GENERATION = "generation"
    QUESTION_ANSWERING = "question-answering"
    TEXT_CLASSIFICATION = "text-classification"
    DEMAND = "demand"
    STOCK_PRICES = "stock-prices"
    WEATHER = "weather"


class Precision(StrEnum):
    """Number format in which a variant computes most of its work."""

    FP32 = "fp32"
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
"""Kebab-case: it stands in file names, addresses and anchors."""

Option = str | int | float | bool | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of the text after them."""


class Text(_Part):
    """The same words in both languages; neither may be missing."""

    ru: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

    @field_validator("ru", "en")
    @classmethod
    def _visible(cls, text: str) -> str:
        if found := _INVISIBLE.search(text):
            raise refused(Problem(f"the invisible character U+{ord(found[0]):04X} stands in it", "Delete it."))
        return text


def _check_options(
    kind: str, name: str, options: Mapping[str, object], known: Mapping[str, Runtime] | Mapping[str, Transform]
) -> None:
    if name not in known:
        raise refused(
            Problem(f"unknown {kind} '{name}'", suggest(name, known), ("name" if kind == "transform" else kind,))
        )
    permitted = known[name].options
    for option in options:
        if option not in permitted:
            hint = suggest(option, permitted) if permitted else "It takes none."
            reason = f"unknown option '{option}' of {kind} '{name}'"
            raise refused(Problem(reason, hint, ("options", option)))
        if kind == "runtime" and option in OPTION_VALUES and options[option] not in OPTION_VALUES[option]:
            hint = suggest(str(options[option]), OPTION_VALUES[option])
            reason = f"unknown value '{options[option]}' of option '{option}'"
            raise refused(Problem(reason, hint, ("options", option)))


class TransformStep(_Part):
    """One transform and its options, as a variant asks for it."""

    name: str
    """Key of `TRANSFORMS`."""

    options: dict[str, Option] = Field(default_factory=dict)
    """Options of the transform; those left out have its defaults."""

    @model_validator(mode="after")
    def _known(self) -> TransformStep:
        _check_options("transform", self.name, self.options, TRANSFORMS)
        return self


class WorkloadChoice(_Part):
    """Model, data and quality metric that the variants have to compute."""

    name: Name
    """Name by which variants refer to it."""

    kind: str
    """Key of `WORKLOADS`, or "workload.py" for the folder's own."""

    title: Text
    """What a reader sees."""

    options: dict[str, Option] = Field(default_factory=dict)
    """Options of the workload."""

    steps: Annotated[tuple[Name, ...], Field(max_length=16)] = ()
    """Variants of which each changes something in the one before it, baseline first: a ladder."""

    application: Application | None = None
    """What it stands for: the page of that application shows its results."""

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in (known := {*WORKLOADS, "workload.py"}):
            raise refused(Problem(f"unknown workload '{kind}'", suggest(kind, known)))
        return kind


class Variant(_Part):
    """One way to compute a workload: transforms, runtime and options."""

    name: Name
    workload: Name = ""
    """Workload that it computes; may be left out when the measurement has only one."""

    runtime: str
    """Key of `RUNTIMES`."""

    precision: Precision
    title: Text
    """What a reader sees in tables and charts; short."""

    baseline: bool = False
    """Whether the others of its workload are compared with this one."""

    transforms: tuple[TransformStep, ...] = ()
    """Applied in this order to the workload's own model."""

    options: dict[str, Option] = Field(default_factory=dict)
    """Options of the runtime."""

    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Threads that this variant may use; the measurement's when left out."""

    samples_per_query: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Offline: samples that each query carries; the number that the variant is best at when left out."""

    environment: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Exact pins, "onnxruntime==1.16.3": the variant runs with these packages instead of the installed ones."""

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name == CONTROL:
            reason = f"a variant may not be called '{CONTROL}': the second start of the baseline bears that name"
            raise refused(Problem(reason))
        return name

    @model_validator(mode="after")
    def _known(self) -> Variant:
        _check_options("runtime", self.runtime, self.options, RUNTIMES)
        if problem := pins_problem(self.runtime, self.environment):
            raise refused(problem)
        return self


class Headline(_Part):
    """The comparison that answers the measurement's question."""

    variant: Name
    against: Name
    asked: Annotated[float, Field(gt=1, le=1000)] | None = None
    """Factor that the question asks about: "twice as fast?" asks for 2. None where it asks for no number."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of a measurement one run measures."""

    core: bool
    """Whether it is what the core suite measures: blocks are shorter then; all of the measurement otherwise."""

    names: frozenset[str]
    """Variants of it."""

    def __contains__(self, variant: str) -> bool:
        return variant in self.names


class Measurement(_Part):
    """One question, its workloads and its variants; one folder in `measurements/`."""

    schema_version: Literal[1]
    """Version of this file's form."""

    name: Name
    """Name of the folder; not written in the file."""

    suite: Literal["core", "extended"]
    """`core` is what a fresh machine measures by default."""

    core: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Variants that the core suite measures; all of them when left out. A run by name measures all in any case.

    Of a workload whose baseline is not among them, the first one named is the baseline of such a run.
    """

    published: date
    """Day of the article's first publication."""

    title: Text
    question: Text
    scenario: Scenario = Scenario.SINGLE_STREAM
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads that each variant may use, unless it names a number of its own."""

    latency_bound_ms: Annotated[float, Field(gt=0, le=60_000)] | None = None
    """Bound of the 99th percentile from the scheduled time; the server scenario needs it, no other has it."""

    technologies: Annotated[tuple[Technology, ...], Field(max_length=8)] = ()
    """What the question is about: the pages of these technologies show the results."""

    headline: Headline | None = None
    """Comparison that answers the question; the fastest variant against the baseline when left out."""

    workloads: Annotated[tuple[WorkloadChoice, ...], Field(min_length=1, max_length=32)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=2, max_length=64)]

    @model_validator(mode="before")
    @classmethod
    def _only_workload_by_default(cls, data: Any) -> Any:
        workloads = data.get("workloads") if isinstance(data, dict) else None
        if isinstance(workloads, list) and len(workloads) == 1 and isinstance(workloads[0], dict):
            variants = data.get("variants")
            if isinstance(variants, list):
                only = workloads[0].get("name", "")
                data["variants"] = [{"workload": only, **v} if isinstance(v, dict) else v for v in variants]
        return data

    def variants_of(self, workload: str) -> tuple[Variant, ...]:
        """Variants that compute this workload, the baseline first."""
        chosen = (v for v in self.variants if v.workload == workload)
        return tuple(sorted(chosen, key=lambda v: not v.baseline))

    def variant(self, name: str) -> Variant:
        """The variant of this name; KeyError when there is none."""
        return {v.name: v for v in self.variants}[name]

    def asked_of(self, variant: str, against: str) -> float | None:
        """Factor that the question asks about this pair; None where it asks for none.

        It is asked of the pair that answers the question, and of the same two runtimes in other workloads.
        """
        asked = self.headline
        if asked is None or asked.asked is None:
            return None
        pair, named = (self.variant(variant), self.variant(against)), (asked.variant, asked.against)
        alike = all(
            (one.runtime, one.environment) == (other.runtime, other.environment)
            for one, other in zip(pair, map(self.variant, named), strict=True)
        )
        steps = pair[0].precision is pair[1].precision and pair[0].environment != pair[1].environment
        return asked.asked if (variant, against) == named or (alike and steps) else None

    def part(self, core: bool) -> Part:
        """What a run measures: all variants, or those that the core suite does."""
        return Part(core, frozenset(self.core) if core and self.core else self.variant_names)

    def of_run(self, part: Part) -> Measurement:
        """The definition as a run takes it, with the baselines of what it measures.

        Its fingerprint is another one where a baseline is; records keep that of the definition.
        """
        if part.names == self.variant_names:
            return self
        kept = {v.workload for v in self.variants if v.baseline and v.name in part}
        first = {self.variant(name).workload: name for name in reversed(self.core)}
        moved = [
            v if v.workload in kept or v.workload not in first else _with_baseline(v, v.name == first[v.workload])
            for v in self.variants
        ]
        return self.model_copy(update={"variants": tuple(moved)})

    @property
    def applications(self) -> tuple[Application, ...]:
        """What its workloads stand for, each once, in their order."""
        return tuple(dict.fromkeys(one.application for one in self.workloads if one.application))

    @property
    def variant_names(self) -> frozenset[str]:
        """Names of all variants."""
        return frozenset(v.name for v in self.variants)

    def fingerprint(self) -> str:
        """SHA-256 of what is measured and how; texts, dates, topics, suites do not count: an article can be reworded.

        Keys of a variant that came later do not count where they are left out: records from before stay current.
        """
        later = ("environment", "threads", "samples_per_query")
        kept_out = [{"title", *(key for key in later if not getattr(one, key))} for one in self.variants]
        measured = self.model_dump_json(
            exclude={
                "title": True,
                "question": True,
                "published": True,
                "suite": True,
                "core": True,
                "headline": True,
                "technologies": True,
                "workloads": {"__all__": {"title", "steps", "application"}},
                "variants": dict(enumerate(kept_out)),
            }
        )
        return hashlib.sha256(measured.encode()).hexdigest()


def _with_baseline(variant: Variant, baseline: bool) -> Variant:
    return variant.model_copy(update={"baseline": baseline})
