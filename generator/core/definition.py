"""A `Measurement`: one question, its workloads and its variants, in the words of `measurement.toml`.

The names that it may give stand in `core/registry.py`: a definition is checked without importing any runtime.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from generator.core.address import address_problem
from generator.core.errors import suggest
from generator.core.problem import Location, Problem
from generator.core.refusal import refused
from generator.core.registry import RUNTIMES, TRANSFORMS, WORKLOADS, Runtime, Transform

CONTROL = "control"
"""Name under which the baseline takes part a second time (A/A control); no variant may bear it."""

OPTION_VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "api": frozenset({"chat", "completions"}),
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
        if kind == "runtime" and option == "address" and (fault := address_problem(options[option])):
            remedy = 'Write it as "http://127.0.0.1:8080/v1"; a key belongs into the environment, see key_variable.'
            raise refused(Problem(f"option 'address' {fault}", remedy, ("options", option)))


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
        if missing := sorted(RUNTIMES[self.runtime].required - self.options.keys()):
            named = ", ".join(f"'{name}'" for name in missing)
            raise refused(Problem(f"runtime '{self.runtime}' needs the option {named}", "Add it.", ("options",)))
        if problem := _environment_problem(self.runtime, self.environment):
            raise refused(problem)
        return self


class Headline(_Part):
    """The comparison that answers the measurement's question."""

    variant: Name
    against: Name


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

    @model_validator(mode="after")
    def _consistent(self) -> Measurement:
        if problems := list(_inconsistencies(self)):
            raise refused(*problems)
        return self

    def variants_of(self, workload: str) -> tuple[Variant, ...]:
        """Variants that compute this workload, the baseline first."""
        chosen = (v for v in self.variants if v.workload == workload)
        return tuple(sorted(chosen, key=lambda v: not v.baseline))

    def variant(self, name: str) -> Variant:
        """The variant of this name; KeyError when there is none."""
        return {v.name: v for v in self.variants}[name]

    def part(self, core: bool) -> frozenset[str]:
        """Names of the variants that a run measures: all of them, or those that the core suite does."""
        return frozenset(self.core) if core and self.core else self.variant_names

    def at(self, addresses: Mapping[str, str]) -> Measurement:
        """The definition with its servers elsewhere.

        Args:
            addresses: by variant's name; "" stands for all variants that a server computes.
        """
        moved = tuple(
            one.model_copy(update={"options": {**one.options, "address": address}})
            if RUNTIMES[one.runtime].remote and (address := addresses.get(one.name, addresses.get("")))
            else one
            for one in self.variants
        )
        return self.model_copy(update={"variants": moved})

    def of_run(self, core: bool) -> Measurement:
        """The definition as a run takes it, with the baselines of what it measures.

        Its fingerprint is another one where a baseline is; records keep that of the definition.
        """
        if not core or not self.core:
            return self
        kept = {v.workload for v in self.variants if v.baseline and v.name in self.core}
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
        Where a server is does not count either: whoever has one of their own measures the same.
        """
        later = ("environment", "threads", "samples_per_query")
        kept_out = [
            {"title": True, **{key: True for key in later if not getattr(one, key)}, **_whereabouts(one)}
            for one in self.variants
        ]
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


def _whereabouts(variant: Variant) -> dict[str, Any]:
    """What of a server's variant says where it is, for `model_dump`."""
    return {"options": {"address": True, "key_variable": True}} if RUNTIMES[variant.runtime].remote else {}


def _with_baseline(variant: Variant, baseline: bool) -> Variant:
    return variant.model_copy(update={"baseline": baseline})


_PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post)\d+)?)")
_PYTHON_PIN = re.compile(r"3\.(1[1-9]|[2-9]\d)")
"""The measuring process needs 3.11; which 3.11.x it is, the machine decides."""


def _environment_problem(runtime: str, pins: Iterable[str]) -> Problem | None:
    """What is wrong with a variant's environment; None when it is sound, or not named and not needed."""
    needed = RUNTIMES[runtime].pins
    example = ", ".join(f'"{name}==VERSION"' for name in sorted(needed))
    versions = dict[str, str]()
    for index, pin in enumerate(pins):
        here = ("environment", index)
        if not needed:
            return Problem(f"environment: runtime '{runtime}' cannot be isolated", "Delete the key.", here[:1])
        match = _PIN.fullmatch(pin)
        if not match:
            return Problem(f"environment: '{pin}' is no exact pin", f"Write it as {example}.", here)
        if match[1] not in needed | {"python"}:
            reason = f"environment: runtime '{runtime}' has no package '{match[1]}'"
            return Problem(reason, suggest(match[1], needed | {"python"}), here)
        if match[1] in versions:
            return Problem(f"environment: '{match[1]}' is pinned twice", "Keep one.", here)
        versions[match[1]] = match[2]
    if not _PYTHON_PIN.fullmatch(versions.get("python", "3.11")):
        remedy = 'Pin a minor version from 3.11 on: "python==3.11".'
        here = ("environment", list(versions).index("python"))
        return Problem(f"environment: Python {versions['python']} cannot measure", remedy, here)
    if (versions or RUNTIMES[runtime].always_isolated) and not needed <= versions.keys():
        missing = ", ".join(f"'{name}'" for name in sorted(needed - versions.keys()))
        return Problem(f"environment: {missing} must be pinned", f"Write environment = [{example}].", ("environment",))
    return None


def _repeated(table: str, names: list[str]) -> Iterator[Problem]:
    for name in sorted({n for n in names if names.count(n) > 1}):
        reason = f"{names.count(name)} {table} are called '{name}'"
        yield Problem(reason, "Give each one a name of its own.", (table, names.index(name, names.index(name) + 1)))


def _inconsistencies(m: Measurement) -> Iterator[Problem]:
    yield from _repeated("workloads", [w.name for w in m.workloads])
    yield from _repeated("variants", [v.name for v in m.variants])
    workloads = {w.name for w in m.workloads}
    for index, variant in enumerate(m.variants):
        if not variant.workload:
            known = f"Known: {', '.join(sorted(workloads))}."
            yield Problem(f"variant '{variant.name}' names no workload", known, ("variants", index))
        elif variant.workload not in workloads:
            reason = f"variant '{variant.name}' names the unknown workload '{variant.workload}'"
            yield Problem(reason, suggest(variant.workload, workloads), ("variants", index, "workload"))
    for name in sorted(workloads):
        yield from _unsound_baselines(name, m)
    if (m.scenario is Scenario.SERVER) != (m.latency_bound_ms is not None):
        reason = "the key 'latency_bound_ms' belongs to the scenario 'server', which needs it"
        key = "scenario" if m.latency_bound_ms is None else "latency_bound_ms"
        yield Problem(reason, "Give both or neither.", (key,))
    for index, workload in enumerate(m.workloads):
        yield from _unsound_steps(workload, m, ("workloads", index))
    yield from _stray_batches(m)
    yield from _stray_card_options(m)
    yield from _unknown_in_headline(m)
    yield from _unsound_core(m)


def _unsound_baselines(workload: str, m: Measurement) -> Iterator[Problem]:
    baselines = [(index, v.name) for index, v in enumerate(m.variants) if v.workload == workload and v.baseline]
    if not baselines:
        place = ("workloads", [w.name for w in m.workloads].index(workload))
        remedy = "Write 'baseline = true' in one of its variants."
        yield Problem(f"workload '{workload}' has no baseline", remedy, place)
    elif len(baselines) > 1:
        names = ", ".join(name for _, name in baselines)
        reason = f"workload '{workload}' has {len(baselines)} baselines ({names})"
        yield Problem(reason, "Keep one.", ("variants", baselines[1][0], "baseline"))


def _unsound_steps(workload: WorkloadChoice, m: Measurement, table: Location) -> Iterator[Problem]:
    steps, own = workload.steps, [v.name for v in m.variants_of(workload.name)]
    said, place = f"workloads '{workload.name}'", (*table, "steps")
    for index, name in enumerate(steps):
        if name not in own:
            yield Problem(f"{said}: steps name the unknown variant '{name}'", suggest(name, own), (*place, index))
    for name in sorted({name for name in steps if steps.count(name) > 1}):
        again = (*place, steps.index(name, steps.index(name) + 1))
        yield Problem(f"{said}: '{name}' stands twice among the steps", "Keep one.", again)
    if len(steps) == 1:
        yield Problem(f"{said}: one step is no ladder", "Name the variants in their order, or none.", place)
    if steps and own and steps[0] in own and steps[0] != own[0]:
        yield Problem(f"{said}: steps must begin with the baseline '{own[0]}'", "Put it first.", place)


def _stray_batches(m: Measurement) -> Iterator[Problem]:
    for index, variant in enumerate(m.variants):
        if variant.samples_per_query and m.scenario is not Scenario.OFFLINE:
            key = "the key 'samples_per_query', which belongs to the scenario 'offline'"
            remedy = "Delete it, or change the scenario."
            yield Problem(f"variant '{variant.name}' has {key}", remedy, ("variants", index, "samples_per_query"))


def _stray_card_options(m: Measurement) -> Iterator[Problem]:
    for index, variant in enumerate(m.variants):
        place = ("variants", index, "options")
        asked = [f"'{name}'" for name in ("graph", "pinned") if variant.options.get(name)]
        asked += ["precision = 'tf32'"] if variant.options.get("precision") == "tf32" else []
        if asked and variant.options.get("device") != "cuda":
            options = f"the options {', '.join(asked)}, which need the option device = 'cuda'"
            yield Problem(f"variant '{variant.name}' has {options}", "Add it, or delete them.", place)
        if variant.options.get("graph") and variant.options.get("compile"):
            options = "the options 'graph' and 'compile', of which one excludes the other"
            yield Problem(f"variant '{variant.name}' has {options}", "", place)


def _unknown_in_headline(m: Measurement) -> Iterator[Problem]:
    if m.headline:
        for role, chosen in (("variant", m.headline.variant), ("against", m.headline.against)):
            if chosen not in m.variant_names:
                reason = f"headline.{role} names the unknown variant '{chosen}'"
                yield Problem(reason, suggest(chosen, m.variant_names), ("headline", role))


def _unsound_core(m: Measurement) -> Iterator[Problem]:
    if m.core and m.suite != "core":
        reason = f"the key 'core' belongs to the suite 'core', this is '{m.suite}'"
        yield Problem(reason, "Delete it, or change the suite.", ("core",))
    for index, name in enumerate(m.core):
        if name not in m.variant_names:
            reason = f"core names the unknown variant '{name}'"
            yield Problem(reason, suggest(name, m.variant_names), ("core", index))
    for workload in (one.name for one in m.workloads) if m.core else ():
        own = [v for v in m.variants_of(workload) if v.name in m.core]
        if len(own) == 1:
            reason = f"core names of workload '{workload}' one variant alone, '{own[0].name}'"
            yield Problem(reason, "Add what is compared with it, or delete it.", ("core", m.core.index(own[0].name)))
    for name in (m.headline.variant, m.headline.against) if m.core and m.headline else ():
        if name in m.variant_names and name not in m.core:
            reason = f"core leaves out '{name}' of the headline, so that it answers no question"
            yield Problem(reason, "Add it.", ("core",))
