"""confirmation and freshness: what a second run says of a first, and what speaks for a third."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from generator.cli.console_confirm import reasons, verdict_text
from generator.core.record import Record
from generator.results.confirmation import Outcome, Tally, confirmation, tally
from generator.results.findings import analyse
from generator.results.freshness import OLD_DAYS, freshness, pins
from generator.results.summary import Summary, summarise
from tests.pages import imaginary

OTHER = "quantization-image-20261124t090000z-ba9876543210"


def _elsewhere(**changes: Any) -> Record:
    """The same measurement on another machine."""
    system = {**imaginary.system(), "host_processor_model_name": "Other Processor"}
    return imaginary.record(system=system, record_id=OTHER, **changes)


def test_the_same_ratios_elsewhere_confirm() -> None:
    found = confirmation(imaginary.record(), _elsewhere())
    assert (found.outcome, found.elsewhere) == (Outcome.AGREES, True)
    assert found.largest == pytest.approx(0)
    assert len(found.pairs) == 3
    assert verdict_text(found) == "It agrees within 0.0%."


def test_another_ratio_differs_and_the_processor_is_named() -> None:
    chosen = {**imaginary.LATENCIES, "onnxruntime-int8-static": 8.0, "control": 10.0}
    blocks = [imaginary.block(index, chosen) for index in range(9)]
    found = confirmation(imaginary.record(), _elsewhere(blocks=blocks))
    assert found.outcome is Outcome.DIFFERS
    assert found.largest == pytest.approx(1, abs=0.05)
    assert verdict_text(found).endswith("; what else differs: the processor.")


def test_versions_of_packages_are_named() -> None:
    provenance = {**imaginary.fields()["provenance"], "packages": {"onnxruntime": "1.33.0", "torch": "2.12.0"}}
    found = confirmation(imaginary.record(), imaginary.record(record_id=OTHER, provenance=provenance))
    assert [(one.field, one.ours, one.theirs) for one in found.differences] == [
        ("provenance.packages.onnxruntime", "1.32.0", "1.33.0")
    ]
    assert not found.elsewhere


def test_another_data_set_is_no_confirmation() -> None:
    workload = {**imaginary.fields()["workloads"][0], "data_sha256": "9" * 64}
    found = confirmation(imaginary.record(), _elsewhere(workloads=[workload]))
    assert (found.outcome, found.largest, found.pairs) == (Outcome.INCOMPARABLE, None, ())
    assert any(one.field.endswith("data_sha256") for one in found.differences)


def test_a_data_set_of_one_size_confirms_speed_whatever_its_gate_says() -> None:
    """Where the other set's answers all are wrong, the gate is another; the ratio of speed is the same."""
    workload = {**imaginary.fields()["workloads"][0], "timed_inputs": "x float32 1x3"}
    first = imaginary.record(workloads=[workload])
    wrong = [one | {"quality": _all_wrong(one)} for one in imaginary.fields()["variants"]]
    second = _elsewhere(workloads=[{**workload, "data_sha256": "9" * 64}], variants=wrong)
    found = confirmation(first, second)
    assert found.outcome is Outcome.AGREES
    assert any(one.field.endswith("data_sha256") for one in found.differences)
    assert tally(_summary(first), [_summary(second)]) == Tally(agree=1, elsewhere=1, differ=0)
    same_data = _elsewhere(workloads=[workload], variants=wrong)
    assert confirmation(first, same_data).outcome is Outcome.DIFFERS
    assert tally(_summary(first), [_summary(same_data)]) == Tally(agree=0, elsewhere=0, differ=1)


def _all_wrong(variant: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a variant that is no baseline, every answer on labels; those of the baseline stay."""
    if variant["baseline"]:
        return list(variant["quality"])
    return [
        one | {"values": [0.0] * len(one["values"])} if one["reference"] == "label" else one
        for one in variant["quality"]
    ]


def test_only_publishable_runs_of_others_count() -> None:
    """Not the record itself, not a first look, not what cannot be compared."""
    first = imaginary.record()
    workload = {**imaginary.fields()["workloads"][0], "data_sha256": "9" * 64}
    others = [first, _elsewhere(tier="smoke"), _elsewhere(workloads=[workload]), _elsewhere()]
    assert tally(_summary(first), map(_summary, others)) == Tally(agree=1, elsewhere=1, differ=0)


def _slower_int8(**changes: Any) -> Record:
    chosen = {**imaginary.LATENCIES, "onnxruntime-int8-static": 8.0, "control": 10.0}
    return _elsewhere(blocks=[imaginary.block(index, chosen) for index in range(9)], **changes)


OTHERS = {
    "same": _elsewhere,
    "another ratio": _slower_int8,
    "nearly the same": lambda: imaginary.record_with({"onnxruntime-int8-static": 4.08}, record_id=OTHER),
    "another quality": lambda: _elsewhere(
        variants=[
            imaginary.variant(name, **({"quality": []} if "static" in name else {})) for name in imaginary.LATENCIES
        ]
    ),
    "other threads": lambda: _elsewhere(controls={**imaginary.fields()["controls"], "threads": 2}),
    "another protocol": lambda: _elsewhere(protocol_version=2),
    "another model": lambda: _elsewhere(workloads=[{**imaginary.fields()["workloads"][0], "model": "other"}]),
    "another baseline": lambda: _elsewhere(
        variants=[
            imaginary.variant(name, **({"runtime": "jax"} if "pytorch" in name else {})) for name in imaginary.LATENCIES
        ]
    ),
    "fewer variants": lambda: _elsewhere(
        variants=[imaginary.variant(n) for n in list(imaginary.LATENCIES)[:2]], blocks=[]
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_summaries_judge_as_whole_records_do(case: str) -> None:
    """A page counts by summaries what `reproduce` says of two records."""
    first, second = imaginary.record(), OTHERS[case]()
    found = confirmation(first, second)
    expected = {
        Outcome.AGREES: Tally(1, int(found.elsewhere), 0),
        Outcome.DIFFERS: Tally(0, 0, 1),
        Outcome.INCOMPARABLE: Tally(0, 0, 0),
    }
    assert tally(_summary(first), [_summary(second)]) == expected[found.outcome]


def _summary(record: Record) -> Summary:
    return summarise(analyse(imaginary.measurement(), record))


def test_a_fresh_result_has_no_reason() -> None:
    record = imaginary.record()
    packages = {"onnxruntime": "1.32.0", "torch": "2.12.0"}
    found = freshness(record, record.provenance.definition_sha256, packages, record.finished_at)
    assert (found.stale, found.age_days, reasons(found)) == (False, 0, [])


def test_each_reason_makes_a_result_stale() -> None:
    record = imaginary.record()
    same = record.provenance.definition_sha256
    newer = freshness(record, same, {"onnxruntime": "1.33.1", "torch": "2.12.0"}, record.finished_at)
    assert reasons(newer) == ["onnxruntime 1.32.0, now 1.33.1"]
    changed = freshness(record, "0" * 64, {}, record.finished_at)
    assert reasons(changed) == ["its definition has changed"]
    old = freshness(record, same, {}, record.finished_at + timedelta(days=OLD_DAYS + 1))
    assert reasons(old) == [f"{OLD_DAYS + 1} days old"]
    assert newer.stale
    assert changed.stale
    assert old.stale


@pytest.mark.parametrize(
    ("available", "stale"),
    [
        ("1.32.0", False),
        ("1.32", False),
        ("1.31.9", False),
        ("1.9.9", False),
        ("1.32.1", True),
        ("1.100.0", True),
        ("2.0+cpu", True),
    ],
)
def test_versions_are_compared_as_numbers(available: str, stale: bool) -> None:
    record = imaginary.record()
    same = record.provenance.definition_sha256
    assert freshness(record, same, {"onnxruntime": available}, record.finished_at).stale is stale


def test_pins_are_read_from_constraints() -> None:
    text = "# comment\nJinja2==3.1.6\nonnxruntime==1.32.0 ; python_version > '3'\ntyping_extensions==4.0\nloose>=1\n"
    assert pins(text) == {"jinja2": "3.1.6", "onnxruntime": "1.32.0", "typing-extensions": "4.0"}
