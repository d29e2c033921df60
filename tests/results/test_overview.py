"""Overviews: each system speaks for itself, and no gain is credited to the wrong change."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from generator.core.definition import Measurement
from generator.measure.needs import LEFT_OUT
from generator.results.comparison import Comparison, Verdict
from generator.results.estimate import Estimate, Interval
from generator.results.findings import Findings, analyse
from generator.results.overview import Outcome, by_system, outcome, pairs
from generator.results.quality import Gate
from generator.results.speaking import by_machine
from generator.results.summary import summarise
from tests.pages import imaginary

ESTIMATE = Estimate(1.5, Interval(1.4, 1.6), 8)


def compared(verdict: Verdict) -> Comparison:
    return Comparison("a", "b", ESTIMATE, ESTIMATE, verdict, ())


OUTCOMES = [
    (Verdict.FASTER, Gate.PASSED, Outcome.GAIN),
    (Verdict.FASTER, Gate.UNKNOWN, Outcome.GAIN),
    (Verdict.FASTER, Gate.FAILED, Outcome.GATE_FAILED),
    (Verdict.SLOWER, Gate.FAILED, Outcome.SLOWER),
    (Verdict.NO_DIFFERENCE, Gate.PASSED, Outcome.NO_DIFFERENCE),
    (Verdict.CANNOT_TELL, Gate.PASSED, Outcome.CANNOT_TELL),
]


@pytest.mark.parametrize(("verdict", "gate", "expected"), OUTCOMES)
def test_speed_that_costs_quality_is_no_gain(verdict: Verdict, gate: Gate, expected: Outcome) -> None:
    assert outcome(compared(verdict), gate) is expected


@pytest.mark.parametrize(
    ("verdict", "asked", "gate", "expected"),
    [
        (Verdict.FASTER, 2, Gate.PASSED, Outcome.NOT_REACHED),
        (Verdict.FASTER, 2, Gate.FAILED, Outcome.NOT_REACHED),
        (Verdict.CANNOT_TELL, 2, Gate.PASSED, Outcome.NOT_REACHED),
        (Verdict.NO_DIFFERENCE, 2, Gate.PASSED, Outcome.NO_DIFFERENCE),
        (Verdict.SLOWER, 2, Gate.PASSED, Outcome.SLOWER),
        (Verdict.FASTER, 1.4, Gate.PASSED, Outcome.GAIN),
        (Verdict.FASTER, 1.4, Gate.FAILED, Outcome.GATE_FAILED),
        (Verdict.FASTER, 1.5, Gate.PASSED, Outcome.CANNOT_TELL),
    ],
)
def test_a_question_of_a_factor_is_answered(verdict: Verdict, asked: float, gate: Gate, expected: Outcome) -> None:
    """The interval goes from 1.4 to 1.6: below 2, above 1.4, and around 1.5."""
    assert outcome(replace(compared(verdict), asked=asked), gate) is expected


def test_what_was_not_compared_has_no_verdict() -> None:
    assert outcome(None, Gate.PASSED) is Outcome.NOT_MEASURED


def found(record_id: str, day: int, processor: str = "Imaginary Xeon 8000", **changes: Any) -> Findings:
    """Findings of a machine, on a day of December."""
    system = {**imaginary.system(), "host_processor_model_name": processor}
    times = {"started_at": f"2026-12-{day:02}T09:00:00Z", "finished_at": f"2026-12-{day:02}T09:04:00Z"}
    record = imaginary.record(record_id=record_id, system=system, **times, **changes)
    return analyse(imaginary.measurement(), record)


def test_each_system_is_represented_by_its_newest_publishable_record() -> None:
    old, new, other, smoke = map(
        summarise,
        (found("a-1", 1), found("a-2", 3), found("b-1", 2, "Other"), found("a-3", 4, tier="smoke")),
    )
    assert by_machine([old, smoke, other, new]) == (new, other)
    assert by_machine([smoke]) == (smoke,)


def test_a_record_of_the_core_alone_takes_no_whole_one_s_place() -> None:
    """On no machine, and not even where the whole one was measured to a former definition."""
    core = {"variants": [imaginary.variant(n, failure=LEFT_OUT.model_dump()) for n in imaginary.LATENCIES]}
    changed = {"provenance": {**imaginary.fields()["provenance"], "definition_sha256": "f" * 64}}
    runs = (found("a-1", 1), found("a-2", 3, **core), found("b-1", 2, "Other"), found("a-0", 1, **changed))  # type: ignore[arg-type]
    whole, newer, other, old = map(summarise, runs)
    assert by_machine([whole, newer, other]) == (other, whole)
    assert by_machine([newer, other]) == (other, newer)
    assert by_machine([old, newer]) == (old,)


def test_the_system_with_most_measurements_comes_first_and_first_looks_do_not_count() -> None:
    ours, theirs, smoke = found("a-1", 1), found("b-1", 5, "Other"), found("c-1", 6, "Third", tier="smoke")
    second = replace(ours, measurement=ours.measurement.model_copy(update={"name": "second"}))
    grouped = by_system({"first": [ours, theirs], "second": [second], "third": [smoke]})
    assert list(grouped) == [ours.record.system.fingerprint(), theirs.record.system.fingerprint()]
    assert grouped[ours.record.system.fingerprint()] == (ours, second)


def test_a_variant_stands_against_what_the_question_names() -> None:
    """An int8 variant against fp32 in its own runtime, that one against the baseline, each once."""
    findings = found("a-1", 1)
    shown = [(one.variant.name, one.against.name) for one in pairs(findings, findings.workloads[0])]
    assert shown == [
        ("onnxruntime-int8-static", "onnxruntime-fp32"),
        ("onnxruntime-fp32", "pytorch-fp32"),
        ("onnxruntime-int8-dynamic", "onnxruntime-fp32"),
    ]


def shown(**changes: Any) -> set[tuple[str, str]]:
    """Names of the pairs of a measurement that was defined otherwise."""
    fields = {**imaginary.measurement().model_dump(mode="json"), **changes}
    findings = analyse(Measurement.model_validate(fields), imaginary.record())
    return {(one.variant.name, one.against.name) for one in pairs(findings, findings.workloads[0])}


def test_number_formats_are_compared_in_one_runtime_even_where_the_question_is_another() -> None:
    """The answer is there as well: it is what the page of the measurement says."""
    found = shown(headline={"variant": "onnxruntime-int8-static", "against": "pytorch-fp32"})
    assert found == {
        ("onnxruntime-int8-static", "pytorch-fp32"),
        ("onnxruntime-int8-static", "onnxruntime-fp32"),
        ("onnxruntime-fp32", "pytorch-fp32"),
        ("onnxruntime-int8-dynamic", "onnxruntime-fp32"),
    }


def test_a_step_stands_against_the_step_before() -> None:
    workload = imaginary.measurement().model_dump(mode="json")["workloads"][0]
    steps = ["pytorch-fp32", "onnxruntime-fp32", "onnxruntime-int8-dynamic", "onnxruntime-int8-static"]
    found = shown(headline=None, workloads=[{**workload, "steps": steps}])
    whole_way = ("onnxruntime-int8-static", "pytorch-fp32")
    assert found == {(after, before) for before, after in pairwise(steps)} | {whole_way}
