"""A reader's file says what the site says of it: the page's scripts over every committed record, run by Node.js."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from generator.core import protocol
from generator.core.block_times import times_of
from generator.core.definition_file import load_measurement
from generator.core.record import Record
from generator.core.record_file import load_record
from generator.pages.your_record import published
from generator.results.comparability import baseline_of, forbids_ratios, why_not
from generator.results.findings import Findings, analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.browser.conftest import REPOSITORY, Run
from tests.pages import imaginary

COMPARED = "return data.records.map(record => all.compared(record, data.rules, 'mine'))"
SERVER = "rate"
MEASUREMENTS = sorted({path.parents[1] for path in REPOSITORY.glob("measurements/*/records/*.json")})

Change = Callable[[dict[str, Any]], object]


def own_values(record: Record, workload: str, variant: str) -> protocol.LogInterval | None:
    """What the generator finds, without anything that pages do."""
    statistic = protocol.STATISTICS[record.scenario]
    kept = protocol.kept_blocks(times_of(record, workload))
    values = (one.log_ratio(variant, baseline_of(record, workload).name, statistic) for one in kept)
    return protocol.log_interval([value for value in values if value is not None])


@pytest.mark.parametrize("folder", MEASUREMENTS, ids=lambda folder: folder.name)
@pytest.mark.slow
def test_intervals_are_the_protocols(run: Run, folder: Any) -> None:
    """Of every variant of every workload of every committed record; server tests are not this page's."""
    records = [load_record(path) for path in sorted(folder.glob("records/*.json"))]
    records = [one for one in records if protocol.STATISTICS[one.scenario] != SERVER]
    body = """
        return data.records.map(({ blocks, asked, statistic }) => asked.map(({ workload, timed, variant, baseline }) => {
          const turn = all.turnCycles(timed, data.rules), of = blocks.filter(block => block.workload === workload)
          return all.logInterval(of, variant, baseline, data.rules, { statistic, turn })
        }))
    """
    asked = [
        [
            {
                "workload": w.name,
                "timed": w.timed_samples or 0,
                "variant": v.name,
                "baseline": baseline_of(r, w.name).name,
            }
            for w in r.workloads
            for v in r.variants
            if v.workload == w.name and not v.baseline
        ]
        for r in records
    ]
    data = [
        {"blocks": r.model_dump(mode="json")["blocks"], "asked": ask, "statistic": protocol.STATISTICS[r.scenario]}
        for r, ask in zip(records, asked, strict=True)
    ]
    rules = json.loads(published({}, phrases(Language.EN)))
    found = run("statistics.js", body, {"records": data, "rules": rules})
    for record, ask, intervals in zip(records, asked, found, strict=True):
        for one, ours in zip(ask, intervals, strict=True):
            theirs = own_values(record, str(one["workload"]), str(one["variant"]))
            if theirs is None:
                assert ours is None
            else:
                assert ours["centre"] == pytest.approx(theirs.mean, rel=1e-9, abs=1e-12)
                assert ours["half"] == pytest.approx(theirs.half_width, rel=1e-5)


@pytest.mark.parametrize("name", ["generation", "architecture-vision", "two-years-ladder-others", "batching"])
@pytest.mark.slow
def test_a_committed_record_gives_what_the_site_says(run: Run, name: str) -> None:
    """Rows of the file and of the published records: the same numbers, and beside it exactly what may stand there."""
    folder = REPOSITORY / "measurements" / name
    records = [load_record(path) for path in sorted(folder.glob("records/*.json"))]
    findings = [analyse(load_measurement(folder), one) for one in records]
    for record, shown in zip(records, compared(run, records, findings), strict=True):
        own = {row["of"]: row["estimate"] for row in shown["found"] if row["own"]}
        (ours,) = (one for one in findings if one.record is record)
        defined = {name: own[name] for name in own if name in site(ours)}  # a file may hold what is no longer asked
        assert defined == {name: pytest.approx(estimate, rel=1e-5) for name, estimate in site(ours).items()}
        expected = [
            (variant, estimate)
            for variant in own
            for other in findings
            if (estimate := site(other).get(variant)) and not forbids_ratios(why_not(record, other.record, variant))
        ]
        beside = [(row["of"], row["estimate"]) for row in shown["found"] if not row["own"]]
        assert beside == [(variant, pytest.approx(estimate, rel=1e-5)) for variant, estimate in expected]


def compared(
    run: Run, records: list[Record], findings: list[Findings], change: Change = lambda data: None
) -> list[Any]:
    """What the page shows of each record, changed, beside the findings."""
    rules = json.loads(published({findings[0].measurement.name: findings}, phrases(Language.EN)))
    files = [one.model_dump(mode="json") for one in records]
    for data in files:
        change(data)
    return list(run("your-record/comparison.js", COMPARED, {"records": files, "rules": rules}))


def site(findings: Findings) -> Mapping[str, tuple[float, float, float]]:
    """Speedups over the baseline as pages have them."""
    every = {v.variant.name: v.against_baseline for w in findings.workloads for v in w.variants if v.against_baseline}
    speedups = {name: found.speedup for name, found in every.items()}
    return {name: (one.point, one.interval.low, one.interval.high) for name, one in speedups.items()}


def of_workload(**fields: Any) -> Change:
    return lambda data: data["workloads"][0].update(fields)


VARIANT = "onnxruntime-fp32"
OTHER_DATA = {"data_sha256": "0" * 64}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param(lambda data: None, None, id="nothing"),
        pytest.param(of_workload(**OTHER_DATA), None, id="other data of one size"),
        pytest.param(of_workload(**OTHER_DATA, timed_inputs="9 x 9"), "data_sha256", id="other data of another size"),
        pytest.param(of_workload(**OTHER_DATA, timed_inputs=None), "data_sha256", id="other data of a size unknown"),
        pytest.param(of_workload(model="other"), "model", id="other model"),
        pytest.param(of_workload(kind="other"), "kind", id="other kind"),
        pytest.param(lambda data: data["controls"].update(threads=7), "controls.threads", id="other threads"),
        pytest.param(lambda data: data.update(protocol_version=9), "protocol_version", id="other protocol"),
    ],
)
def test_what_may_stand_beside_it_is_what_compare_permits(run: Run, change: Change, field: str | None) -> None:
    """Other data are no obstacle where the timed inputs are of one size: ratios of speed may be compared then."""
    record = imaginary.record()
    workloads = tuple(one.model_copy(update={"timed_inputs": "1 x 8"}) for one in record.workloads)
    record = record.model_copy(update={"workloads": workloads})
    (shown,) = compared(run, [record], [analyse(imaginary.measurement(), record)], change)
    beside = {row["of"] for row in shown["found"] if not row["own"]}
    assert {row["of"] for row in shown["found"] if row["own"]} >= {VARIANT}
    assert (VARIANT in beside) is (field is None)
    assert any(field is not None and field in name for one in shown["refused"] for name in one["fields"]) is bool(field)
    assert all(one["whole"] for one in shown["refused"])


def test_two_unknown_sizes_are_not_one(run: Run) -> None:
    record = imaginary.record()
    assert all(one.timed_inputs is None for one in record.workloads)
    (shown,) = compared(run, [record], [analyse(imaginary.measurement(), record)], of_workload(**OTHER_DATA))
    assert all(row["own"] for row in shown["found"])
    assert ["data_sha256" in one["fields"][0] for one in shown["refused"]] == [True]


def test_one_variant_of_another_precision_keeps_the_others(run: Run) -> None:
    """What forbids one variant's ratio is said, and the rest of that record stays."""
    record = imaginary.record()

    def other_precision(data: dict[str, Any]) -> None:
        next(one for one in data["variants"] if one["name"] == VARIANT)["precision"] = "fp16"

    (shown,) = compared(run, [record], [analyse(imaginary.measurement(), record)], other_precision)
    beside = {row["of"] for row in shown["found"] if not row["own"]}
    assert VARIANT not in beside
    assert beside
    (refused,) = shown["refused"]
    assert refused["fields"] == [f"variants.{VARIANT}.precision"]
    assert refused["whole"] is False


@pytest.mark.slow
def test_rows_of_several_workloads_name_theirs(run: Run) -> None:
    """Two workloads may have variants of one title; a single workload needs no name."""
    one = imaginary.record()
    (shown,) = compared(run, [one], [analyse(imaginary.measurement(), one)])
    assert not any(" · " in row["title"] for row in shown["found"])
    folder = REPOSITORY / "measurements" / "architecture-vision"
    several = [load_record(path) for path in sorted(folder.glob("records/*.json"))]
    measurement = load_measurement(folder)
    titles = {str(each.title.en) for each in measurement.workloads}
    for each in compared(run, several, [analyse(measurement, record) for record in several]):
        assert {row["title"].split(" · ")[0] for row in each["found"]} == titles


def test_turns_are_the_protocols(run: Run) -> None:
    rules = json.loads(published({}, phrases(Language.EN)))
    body = "return [...Array(30).keys()].map(count => all.turnCycles(count, data))"
    assert run("statistics.js", body, rules) == [protocol.turn_cycles(count) for count in range(30)]
