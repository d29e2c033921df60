"""comparability, reference, across: what may be joined, what a name means, and what two runs say of each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.core.errors import RecordError
from generator.core.record import Record, SystemDescription
from generator.core.record_file import sealed
from generator.results.across import Across, Within, across, compared, within
from generator.results.comparability import Forbids, forbids_ratios, why_not
from generator.results.comparison import Verdict, difference
from generator.results.estimate import Estimate, Interval
from generator.results.quality import Gate
from generator.results.reference import Reference, resolve

Make = Callable[..., Any]


@pytest.fixture
def record(measured_trial: Record) -> Record:
    """2 ms against 1 ms; the fast one answers one sample in ten wrongly."""
    return measured_trial


def _with(record: Record, **changes: Any) -> Record:
    """The record with other fields, sealed anew."""
    return sealed({**record.model_dump(mode="json", exclude={"sha256"}), **changes})


def _elsewhere(record: Record, **changes: Any) -> Record:
    """The record of another processor."""
    system = record.system.model_copy(update={"host_processor_model_name": "Other Processor", **changes})
    return _with(record, record_id="trial-other", system=system.model_dump(mode="json"))


def _slower(record: Record, variant: str, factor: float) -> Record:
    blocks = record.model_dump(mode="json")["blocks"]
    for block in blocks:
        for one in block["rounds"]:
            if one["variant"] == variant:
                one["latencies_ns"] = [round(ns * factor) for ns in one["latencies_ns"]]
    return _with(record, record_id="trial-slower", blocks=blocks)


# ---- comparability -------------------------------------------------------------------------------------------------


def test_a_record_can_be_joined_with_another_of_the_same_machine_and_definition(record: Record) -> None:
    """Nothing stands in the way of two runs of the same thing."""
    assert why_not(record, _with(record, record_id="trial-again")) == ()


def _changed(part: str, index: int, **changes: Any) -> Callable[[Record], Mapping[str, Any]]:
    def change(record: Record) -> Mapping[str, Any]:
        fields = record.model_dump(mode="json")[part]
        fields[index].update(changes)
        return {part: fields}

    return change


def _system(**changes: Any) -> Callable[[Record], Mapping[str, Any]]:
    return lambda record: {"system": {**record.system.model_dump(mode="json"), **changes}}


GUARDED = [
    ("protocol", lambda r: {"protocol_version": 2}, "protocol_version", Forbids.RATIO),
    ("scenario", lambda r: {"scenario": "offline"}, "scenario", Forbids.RATIO),
    (
        "threads",
        lambda r: {"controls": {**r.controls.model_dump(mode="json"), "threads": 2}},
        "controls.threads",
        Forbids.RATIO,
    ),
    ("kind", _changed("workloads", 0, kind="other"), "workloads.numbers.kind", Forbids.RATIO),
    ("model", _changed("workloads", 0, model="other"), "workloads.numbers.model", Forbids.RATIO),
    ("data", _changed("workloads", 0, data_sha256="0" * 64), "workloads.numbers.data_sha256", Forbids.RATIO),
    ("precision", _changed("variants", 1, precision="bf16"), "variants.fast.precision", Forbids.RATIO),
    ("baseline's precision", _changed("variants", 0, precision="bf16"), "variants.slow.precision", Forbids.RATIO),
    ("baseline's runtime", _changed("variants", 0, runtime="other"), "variants.slow.runtime", Forbids.RATIO),
    ("baseline's model", _changed("variants", 0, transforms=["x"]), "variants.slow.transforms", Forbids.RATIO),
    (
        "processor",
        _system(host_processor_model_name="Other"),
        "system.host_processor_model_name",
        Forbids.ABSOLUTE,
    ),
    ("instructions", _system(host_processor_isa=["avx2"]), "system.host_processor_isa", Forbids.ABSOLUTE),
    (
        "stepping",
        _system(host_processor_family_model_stepping="9"),
        "system.host_processor_family_model_stepping",
        Forbids.ABSOLUTE,
    ),
    ("architecture", _system(architecture="arm64"), "system.architecture", Forbids.ABSOLUTE),
    ("accelerator", _system(accelerator_model_name="X"), "system.accelerator_model_name", Forbids.ABSOLUTE),
]


@pytest.mark.parametrize(("change", "field", "forbids"), [row[1:] for row in GUARDED], ids=[row[0] for row in GUARDED])
def test_guard_names_the_field_and_what_it_forbids(
    record: Record, change: Callable[[Record], Mapping[str, Any]], field: str, forbids: Forbids
) -> None:
    """Results join only when each of these agrees; a ratio may cross machines, an absolute value may not."""
    found = why_not(record, _with(record, **change(record)))
    assert [(one.field, one.forbids) for one in found] == [(field, forbids)]
    assert found[0].ours != found[0].theirs
    assert forbids_ratios(found) is (forbids is Forbids.RATIO)


def test_guard_says_which_instructions_are_missing(record: Record) -> None:
    """Two lists of thirty flags would hide the one that matters."""
    found = why_not(record, _with(record, **_system(host_processor_isa=["avx2"])(record)))
    assert found[0].theirs == "no avx512_vnni"


def test_guard_takes_no_unknown_processor_for_another(record: Record) -> None:
    """Two processors that do not tell their names may be any two."""
    unknown = _with(record, **_system(host_processor_model_name=None)(record))
    assert [one.field for one in why_not(unknown, unknown)] == ["system.host_processor_model_name"]


def test_guard_refuses_records_that_have_no_workload_or_variant_in_common(record: Record) -> None:
    """There is nothing that both measured."""
    fields = record.model_dump(mode="json")
    fields["variants"][0]["name"], fields["variants"][1]["name"] = "old", "new"
    other = _with(record, variants=fields["variants"], blocks=[])
    assert [(one.field, one.theirs) for one in why_not(record, other)] == [("variants", "old, new")]


def test_guard_puts_what_forbids_most_first(record: Record) -> None:
    """A person mends from the top."""
    other = _with(record, scenario="offline", **_system(architecture="arm64")(record))
    assert [one.field for one in why_not(record, other)] == ["scenario", "system.architecture"]


# ---- references ----------------------------------------------------------------------------------------------------


@pytest.fixture
def records(record: Record, system: SystemDescription) -> Mapping[str, tuple[Record, ...]]:
    """An older and a newer record of this machine, and one of another."""
    older = _with(record, record_id="trial-20250101t000000z-aaa", started_at=datetime(2025, 1, 1, tzinfo=UTC))
    return {"trial": (older, record, _elsewhere(record))}


@pytest.mark.parametrize(
    ("text", "expected", "variant"),
    [
        ("trial-2025", "trial-20250101t000000z-aaa", None),
        ("trial-2025:fast", "trial-20250101t000000z-aaa", "fast"),
        ("trial-other", "trial-other", None),
        ("trial", None, None),
        ("trial:slow", None, "slow"),
    ],
    ids=["prefix", "variant of a prefix", "other machine by id", "newest here", "variant of the newest here"],
)
def test_reference_finds_a_record(
    record: Record, records: Any, system: SystemDescription, text: str, expected: str | None, variant: str | None
) -> None:
    """An id, its beginning, or a measurement: its newest record of this machine."""
    found = resolve(text, records, system.fingerprint())
    assert (found.record.record_id, found.variant) == (expected or record.record_id, variant)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trail", r"no record and no measurement bears this name\. Did you mean 'trial'"),
        ("trial-", r"3 records begin so: .*\. Write more"),
        ("trial:fats", r"has no variant 'fats'\. Did you mean 'fast'"),
        ("", "no record and no measurement"),
    ],
    ids=["mistyped", "ambiguous", "mistyped variant", "empty"],
)
def test_reference_that_names_nothing_is_one_message(
    records: Any, system: SystemDescription, text: str, message: str
) -> None:
    """Where, what, and the nearest name."""
    with pytest.raises(RecordError, match=message):
        resolve(text, records, system.fingerprint())


def test_reference_to_a_measurement_without_a_record_of_this_machine(records: Any) -> None:
    """Another machine's record is never taken silently."""
    with pytest.raises(RecordError, match=r"no record of this machine \(3 of other machines.*Measure it: python -m"):
        resolve("trial", records, "somewhere else")


# ---- across --------------------------------------------------------------------------------------------------------


def test_within_one_run_the_ratio_has_verdict_and_quality_difference(record: Record) -> None:
    """2 ms against 1 ms is exactly 2; two of 20 answers fewer are 10 points, paired by sample."""
    (found,) = compared(Reference(record, "fast"), Reference(record, "slow"))
    assert isinstance(found, Within)
    assert found.comparison is not None
    assert found.comparison.speedup.point == pytest.approx(2)
    assert found.comparison.verdict is Verdict.FASTER
    top1 = next(one for one in found.quality if one.metric == "top-1")
    assert top1.difference is not None
    assert top1.difference.point == pytest.approx(-0.1)
    assert top1.difference.interval.low < -0.1 < top1.difference.interval.high
    assert (found.ours.gate, found.theirs.gate) == (Gate.FAILED, Gate.PASSED)
    back = within(record, "slow", "fast")
    assert back.comparison is not None
    assert back.comparison.speedup.point == pytest.approx(0.5)


def test_across_machines_ratios_stand_side_by_side_and_absolute_values_do_not(record: Record) -> None:
    """2.0 here, 2.0 / 1.25 = 1.6 there: the gain here is 1.25 times as large; half-widths add in quadrature."""
    other = _elsewhere(_slower(record, "fast", 1.25))
    (found,) = compared(Reference(record, None), Reference(other, None))
    assert isinstance(found, Across)
    assert (found.refused, found.absolute_allowed) == (False, False)
    assert found.ratio_of_ratios is not None
    assert found.ratio_of_ratios.point == pytest.approx(1.25)
    assert found.ratio_of_ratios.interval.high == pytest.approx(1.25 * math.exp(0.005 * math.sqrt(2)))
    assert found.verdict is Verdict.FASTER


def test_across_runs_of_one_machine_absolute_values_are_allowed(record: Record) -> None:
    """Same machine, same everything: 1 ms and 1.25 ms may stand side by side, with their ranges."""
    found = across(record, "fast", _slower(record, "fast", 1.25), "fast")
    assert found.absolute_allowed
    assert found.ours.absolute is not None
    assert found.theirs.absolute is not None
    assert (found.ours.absolute.spread.median, found.theirs.absolute.spread.median) == (1e6, 1.25e6)
    assert found.ours.absolute.unit == "ns"


def test_across_what_is_refused_has_no_ratio(record: Record) -> None:
    """Other data, no ratio of ratios."""
    other = _with(record, record_id="trial-data", **_changed("workloads", 0, data_sha256="0" * 64)(record))
    found = across(record, "fast", other, "fast")
    assert found.refused
    assert (found.ratio_of_ratios, found.verdict) == (None, None)


def test_across_another_data_set_of_one_size_has_a_ratio_and_no_quality(record: Record) -> None:
    """A network's speed does not ask what a sentence says, but what is right in it is another question."""
    ours, theirs = (
        _with(record, record_id=f"trial-{set_}", **_changed("workloads", 0, timed_inputs=size, **data)(record))
        for set_, size, data in (("first", "x float32 1x3", {}), ("second", "x float32 1x3", {"data_sha256": "0" * 64}))
    )
    found = across(ours, "fast", theirs, "fast")
    assert not found.refused
    assert found.ratio_of_ratios is not None
    assert not found.absolute_allowed
    assert [one.forbids for one in found.differences] == [Forbids.QUALITY]
    longer = _with(
        record,
        record_id="trial-longer",
        **_changed("workloads", 0, timed_inputs="x float32 1x9", data_sha256="0" * 64)(record),
    )
    assert across(ours, "fast", longer, "fast").refused


def test_across_a_baseline_has_no_ratio_of_its_own(record: Record) -> None:
    """Nothing is divided by itself."""
    found = across(record, "slow", _elsewhere(record), "slow")
    assert found.ours.against_baseline is None
    assert found.ratio_of_ratios is None


def test_difference_of_independent_ratios_adds_half_widths_in_quadrature() -> None:
    """±3 % and ±4 % are ±5 %, in log."""
    one, other = (Estimate(p, Interval(p * math.exp(-h), p * math.exp(h)), 6) for p, h in ((2.0, 0.03), (1.0, 0.04)))
    found = difference(one, other)
    assert (found.mean, found.half_width) == pytest.approx((math.log(2), 0.05))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (("fast", 0), (None, 1), "only one of the two names a variant"),
        ((None, 0), (None, 0), "not compared with itself.*Name two of its variants: slow, fast"),
        (("fast", 0), ("fast", 0), "'fast' is not compared with itself"),
    ],
    ids=["one variant", "same record", "same variant"],
)
def test_compared_refuses_what_makes_no_pair(record: Record, first: Any, second: Any, message: str) -> None:
    """Each is one message with its remedy."""
    pair = (record, _elsewhere(record))
    with pytest.raises(RecordError, match=message):
        compared(*(Reference(pair[which], name) for name, which in (first, second)))


def test_sides_are_immutable(record: Record) -> None:
    """Findings are facts."""
    found = within(record, "fast", "slow")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.comparison = None  # type: ignore[misc]
