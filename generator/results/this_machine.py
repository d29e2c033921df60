"""What the machine that builds the site says: each of its answers beside the published one, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from generator.core.attempt import Attempt, NotMeasured
from generator.core.definition import Measurement
from generator.core.record import Record, SystemDescription
from generator.results.collection import Collection, Own
from generator.results.comparability import Difference, Forbids, why_not
from generator.results.confirmation import Outcome, packages
from generator.results.findings import Findings


class Standing(StrEnum):
    """How a measurement stands on this machine."""

    AGREES = "agrees"
    DIFFERS = "differs"
    CANNOT_TELL = "cannot_tell"
    NOT_MEASURED = "not_measured"


class Doubt(StrEnum):
    """Why two answers cannot be held against each other."""

    FIRST_LOOK = "first_look"
    """The run here is too short to be a result."""

    ALONE = "alone"
    """No other record may be published."""

    NO_ANSWER = "no_answer"
    """One of the two does not answer the question: a variant failed, or was left out."""

    OTHER_CONDITIONS = "other_conditions"
    """They did not compute the same thing in the same way."""


REASONS = (
    *("protocol_version", "scenario", "threads", "latency_bound_ns", "kind", "model", "data_sha256", "precision"),
    *("runtime", "transforms", "host_processor_model_name", "host_processor_logical_count", "accelerator_model_name"),
    *("architecture", "isa_here", "isa_there", "core_only", "full_here", "definition"),
)
"""Keys of what two records can differ in, but for packages: first what forbids a comparison."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing in which two records differ: the key of its phrase, and what it is in each."""

    key: str
    ours: str
    theirs: str
    name: str = ""
    """Of the package, where it is one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One measurement of the suite on this machine."""

    measurement: Measurement
    own: Own | None
    """None where this machine has no record."""

    published: Findings | None
    """The published answer: of the record that it is held against, or of the one that speaks; None where there is
    none."""

    attempt: Attempt | None
    """A run of this machine, later than any record, that could not measure it."""

    @property
    def standing(self) -> Standing:
        """Whether this machine agrees."""
        if self.own is None:
            return Standing.NOT_MEASURED
        match self.own.outcome:
            case Outcome.AGREES:
                return Standing.AGREES
            case Outcome.DIFFERS:
                return Standing.DIFFERS
            case Outcome.INCOMPARABLE:
                return Standing.CANNOT_TELL

    @property
    def doubt(self) -> Doubt | None:
        """Why it cannot be told; None where it can."""
        if self.own is None or self.standing is not Standing.CANNOT_TELL:
            return None
        if not self.own.here.record.publishable:
            return Doubt.FIRST_LOOK
        if self.published is None:
            return Doubt.ALONE
        if self.own.here.headline is None or self.published.headline is None:
            return Doubt.NO_ANSWER
        return Doubt.OTHER_CONDITIONS

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the two records differ in, what weighs most first; nothing where one of them is missing."""
        if self.own is None or self.published is None:
            return ()
        return tuple(_reasons(self.own.here, self.published))

    @property
    def failed(self) -> tuple[NotMeasured, ...]:
        """What failed here: of the attempt, or of the variants of the record. What was left out is no failure."""
        if self.attempt:
            return self.attempt.not_measured
        record = self.own.here.record if self.own else None
        return tuple(
            NotMeasured(measurement=self.measurement.name, workload=one.workload, variant=one.name, failure=one.failure)
            for one in (record.variants if record else ())
            if one.failure and one.failed
        )

    @property
    def expected_s(self) -> float | None:
        """Seconds that the blocks of the published record took, preparing not counted; None where there is none."""
        return sum(one.duration_s for one in self.published.record.blocks) if self.published else None

    @property
    def one_kind(self) -> bool:
        """Whether the published answer is of a machine of this kind."""
        return bool(
            self.own
            and self.published
            and self.own.here.record.system.fingerprint() == self.published.record.system.fingerprint()
        )


@dataclass(frozen=True, slots=True)
class ThisMachine:
    """Every measurement of the suite on the machine that builds the site."""

    system: SystemDescription | None
    """None where the packages that describe it are not installed."""

    answers: tuple[Answer, ...]

    def of(self, *standings: Standing) -> tuple[Answer, ...]:
        """Answers that stand so, in the suite's order."""
        return tuple(one for one in self.answers if one.standing in standings)

    @property
    def measured(self) -> tuple[Answer, ...]:
        """Answers that this machine has a record of."""
        return tuple(one for one in self.answers if one.own)


def this_machine(
    suite: Iterable[Measurement],
    collection: Collection,
    system: SystemDescription | None,
    attempts: Sequence[Attempt] = (),
) -> ThisMachine:
    """Hold what this machine measured against what is published.

    Args:
        suite: all measurements.
        collection: what all records say, read for this machine.
        system: this machine; None where it is not known.
        attempts: runs that made no record, of any machine.
    """
    fingerprint = system.fingerprint() if system else None
    tried = {one.measurement: one for one in attempts if one.system == fingerprint}
    return ThisMachine(system, tuple(_answer(one, collection, tried) for one in suite))


def _answer(measurement: Measurement, collection: Collection, tried: Mapping[str, Attempt]) -> Answer:
    own, attempt = collection.own.get(measurement.name), tried.get(measurement.name)
    speaks = next((one for one in collection.shown.get(measurement.name, ()) if one.record.publishable), None)
    if own and attempt and own.here.record.finished_at > attempt.at:
        attempt = None
    return Answer(measurement, own, own.published if own else speaks, attempt)


def _reasons(here: Findings, published: Findings) -> Iterator[Reason]:
    ours, theirs = here.record, published.record
    for one in _differences(here, published):
        if not one.field.startswith("system."):
            yield Reason(one.field.rsplit(".", 1)[-1], one.ours, one.theirs)
    yield from _of_the_machines(ours.system, theirs.system)
    for key, known in (("core_only", ours.core_only), ("full_here", theirs.core_only)):
        if known and ours.core_only is not theirs.core_only:
            yield Reason(key, "", "")
    if ours.provenance.definition_sha256 != theirs.provenance.definition_sha256:
        yield Reason("definition", "", "")
    for package in packages(ours, theirs):
        yield Reason("package", package.ours, package.theirs, package.field.removeprefix("provenance.packages."))


def _differences(here: Findings, published: Findings) -> tuple[Difference, ...]:
    """What forbids the ratio, of the answers' variants where both records have them."""
    found, ours, theirs = here.headline or published.headline, here.record, published.record
    if found is None:
        return ()
    names = {found.variant, found.against}
    if not (names <= _names(ours) and names <= _names(theirs)):
        return ()
    every = why_not(ours, theirs, found.variant, against=found.against)
    return tuple(one for one in every if one.forbids is Forbids.RATIO)


def _names(record: Record) -> set[str]:
    return {one.name for one in record.variants}


def _of_the_machines(ours: SystemDescription, theirs: SystemDescription) -> Iterator[Reason]:
    for key in ("host_processor_model_name", "host_processor_logical_count", "accelerator_model_name", "architecture"):
        here, there = getattr(ours, key), getattr(theirs, key)
        if here != there:
            yield Reason(key, _text(here), _text(there))
    flags, others = set(ours.host_processor_isa), set(theirs.host_processor_isa)
    if flags - others:
        yield Reason("isa_here", ", ".join(sorted(flags - others)), "")
    if others - flags:
        yield Reason("isa_there", "", ", ".join(sorted(others - flags)))


def _text(value: object) -> str:
    return "—" if value is None else str(value)
