"""plan: what a run is expected to take is told before, and beside it what it took."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from generator.cli.console import print_plan
from generator.core import protocol
from generator.core.definition import Measurement, Scenario
from generator.core.definition_file import load_measurement
from generator.core.record import Ceilings, Record, SystemDescription, Tier
from generator.measure import pace, plan
from generator.measure.pace import Pace, WorkloadTime, block_s, likely_blocks, quality_s
from generator.measure.plan import MeasurePolicy, PlannedRun, is_missing, plan_runs, plan_suites, plan_within, total
from generator.measure.run import run_measurement

Make = Callable[..., Any]


def _measured_on_one_core(root: Path, run_context: Make, patch: pytest.MonkeyPatch) -> tuple[Measurement, Record]:
    _with_cores(1, patch)
    measurement = load_measurement(root / "measurements/trial")
    return measurement, run_measurement(measurement, Tier.STANDARD, run_context(root))


@pytest.fixture
def trial(checkout: Make, measured_trial: Record) -> tuple[Measurement, Record]:
    """A measurement and a standard run of it."""
    return load_measurement(checkout() / "measurements/trial"), measured_trial


def _planned(
    measurement: Measurement, system: SystemDescription, *records: Record, tier: Tier = Tier.STANDARD
) -> PlannedRun:
    (run,) = plan_runs([measurement], {measurement.name: records}, system, tier, MeasurePolicy.ALL)
    return run


def test_the_expectation_rests_on_pace_and_blocks_not_on_the_time_it_took(
    trial: tuple[Measurement, Record], system: SystemDescription
) -> None:
    """Or else it would agree with what it is compared with, whatever the protocol does."""
    measurement, record = trial
    longer = record.model_copy(update={"finished_at": record.finished_at + timedelta(hours=1)})
    one, other = _planned(measurement, system, record), _planned(measurement, system, longer)
    assert one.expected_s == other.expected_s
    assert one.took_s is not None
    assert other.took_s == one.took_s + 3600


def test_a_block_is_starts_warm_ups_and_cycles_of_all_participants() -> None:
    """Fast queries fill rounds of 30 ms; slow ones take one query and refill by another: the cycle grows by them."""
    fast = Pace(start_s=1.0, warm_up_s=0.5, query_ns=1e6)
    slow = Pace(start_s=0.0, warm_up_s=0.0, query_ns=60e6)
    cycles = 1_200 / 30
    single = Scenario.SINGLE_STREAM
    assert block_s([fast], 1_200_000_000, single) == pytest.approx(1.5 + cycles * (0.030 + 0.003))
    assert block_s([fast, slow], 1_200_000_000, single) == pytest.approx(1.5 + cycles * (0.033 + 0.060 + 0.060))
    tests = pace._SERVER_TESTS * protocol.SERVER_QUERIES
    assert block_s([fast], 1_200_000_000, Scenario.SERVER) == pytest.approx(1.5 + tests * 1e-3)


@pytest.mark.parametrize(
    ("budget_s", "limit_s", "likely", "expected_s", "most_s"),
    [
        (1000.0, None, 9, 5 + 90, 5 + 200),
        (100.0, None, 13, 5 + 100, 5 + 110),
        (1000.0, 80.0, 9, 5 + 80, 5 + 90),
        (1000.0, 0.0, 9, 5 + 60, 5 + 60),
        (40.0, 0.0, 9, 5 + 40, 5 + 40),
        (12.0, None, 9, 5 + 20, 5 + 22),
    ],
    ids=["no limit", "the tier's budget", "one's own limit", "the least blocks", "a tier too short", "never one block"],
)
def test_blocks_end_at_their_number_or_with_the_time(
    budget_s: float, limit_s: float | None, likely: int, expected_s: float, most_s: float
) -> None:
    """Ten seconds a block after five of questions: at least six blocks, at most twenty, one begun is finished."""
    time = WorkloadTime(5.0, 10.0, likely, budget_s, protocol.TIERS[Tier.STANDARD])
    assert (time.expected_s(limit_s), time.most_s(limit_s)) == (expected_s, most_s)


def test_without_a_record_blocks_lie_halfway_and_nothing_was_taken(
    checkout: Make, system: SystemDescription, definition: str
) -> None:
    measurement = load_measurement(checkout(trial=definition) / "measurements/trial")
    run = _planned(measurement, system)
    assert run.took_s is None
    assert run.percentiles == {}
    assert 0 < run.expected_s < run.most_s
    assert likely_blocks("numbers", (), Tier.STANDARD) == 13


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("another tier", {"tier": Tier.FULL}),
        ("an interrupted run", {"sittings": 2}),
        ("another machine", {"system": {"host_processor_model_name": "Other"}}),
        ("another definition", {"provenance": {"definition_sha256": "0" * 64}}),
    ],
)
def test_only_a_whole_run_of_the_same_thing_says_what_it_takes(
    trial: tuple[Measurement, Record], system: SystemDescription, what: str, change: dict[str, Any]
) -> None:
    measurement, record = trial
    parts = {k: getattr(record, k).model_copy(update=v) if isinstance(v, dict) else v for k, v in change.items()}
    assert _planned(measurement, system, record.model_copy(update=parts)).took_s is None, what


def test_variants_that_the_machine_cannot_measure_cost_no_time(
    checkout: Make, system: SystemDescription, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the baseline gone nothing of its workload is run."""
    measurement = load_measurement(checkout(trial=definition) / "measurements/trial")
    lack = plan.needs._lack("amx")
    monkeypatch.setattr(plan.needs, "lacking", lambda variant, system: lack if variant.baseline else None)
    run = _planned(measurement, system)
    assert run.lacking == {"slow": "the processor has no AMX"}
    assert run.expected_s == run.most_s == 0


def test_the_plan_compares_both_suites_with_what_they_took(
    checkout: Make, measured_trial: Record, system: SystemDescription, definition: str
) -> None:
    """The core suite and the whole one: expected, at most, taken, and the time in which each is to end."""
    root = checkout(trial=definition, other=definition.replace('suite = "core"', 'suite = "extended"'))
    measurement, record = load_measurement(root / "measurements/trial"), measured_trial
    suite = [measurement, load_measurement(root / "measurements/other")]
    runs = plan_runs(suite, {"trial": [record]}, system, Tier.STANDARD, MeasurePolicy.ALL)
    file = io.StringIO()
    console = Console(file=file, width=200)
    print_plan(console, runs[:1], plan_suites(suite, {"trial": [record]}, system))
    text = file.getvalue()
    found = total(runs)
    assert (found.runs, found.taken, found.took_s) == (2, 1, runs[0].took_s)
    core, every = (line for line in text.splitlines() if line.startswith("Suite "))
    assert core.startswith("Suite core, measurements: 1: about ")
    assert core.endswith("here. It is to end within 10 min.")
    assert "1 of them took" in every
    assert every.endswith("It is to end within 2 h 0 min.")
    assert "not yet" not in text


def test_a_suite_gets_the_longest_limit_with_which_it_ends_in_time(
    checkout: Make, system: SystemDescription, definition: str
) -> None:
    """The same for every measurement; one more tenth of a minute each would be too long."""
    root = checkout(trial=definition, other=definition)
    suite = [load_measurement(root / "measurements" / name) for name in ("trial", "other")]
    runs = plan_runs(suite, {}, system, Tier.STANDARD, MeasurePolicy.ALL)
    least = total(plan_runs(suite, {}, system, Tier.STANDARD, MeasurePolicy.ALL, 0.0)).most_s
    longest = total(runs).most_s
    limit_s = (least + longest) / 2
    limited, each_s = plan_within(limit_s, runs)
    assert each_s is not None
    planned_s = limit_s * (1 - plan.SPARE)
    assert total(limited).most_s <= planned_s
    assert total(plan_runs(suite, {}, system, Tier.STANDARD, MeasurePolicy.ALL, each_s + 6)).most_s > planned_s
    assert plan_within(1.01 * longest / (1 - plan.SPARE), runs) == (runs, None)
    shortest, _ = plan_within(least / 2, runs)
    assert total(shortest).most_s == pytest.approx(least), "the tier's least blocks are measured all the same"


def _with_cores(cores: int, patch: pytest.MonkeyPatch) -> None:
    for room in ("run", "pace"):
        patch.setattr(f"generator.measure.{room}.available_cores", lambda: tuple(range(cores)))


def test_the_quality_pass_is_expected_by_pace_or_by_what_it_took(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples at the pace of timed ones, those alone where answers mean nothing; or a share of an unbroken run's."""
    measurement, record = _measured_on_one_core(checkout(), run_context, monkeypatch)
    first, workload = record.blocks[0].started_at, record.workloads[0]

    def expected_s(*variants: str, took_s: float = 0.0, **changes: Any) -> float:
        begun = {"sittings": 1 if took_s else 2, "started_at": first - timedelta(seconds=took_s)}
        many = {"workloads": (workload.model_copy(update={"samples": 2000, "timed_samples": 10}),)}
        earlier = record.model_copy(update={**begun, **many, **changes})
        return quality_s([measurement.variant(name) for name in variants], [earlier])

    slow_s, both_s = expected_s("slow"), expected_s("slow", "fast")
    meaningless = {"quality": (), "quality_unknown": "random-weights"}
    unjudged = tuple(one.model_copy(update=meaningless) for one in record.variants)
    assert both_s - expected_s("slow", "fast", variants=unjudged) == pytest.approx(1990 * (0.002 + 0.001))
    assert both_s > 2000 * (0.002 + 0.001)
    assert expected_s("slow", "fast", took_s=4.0) == pytest.approx(4.0)
    assert expected_s("slow", took_s=4.0) == pytest.approx(4.0 * slow_s / both_s)
    ceilings = Ceilings(measured_at=first - timedelta(seconds=3), found=())
    assert expected_s("slow", "fast", took_s=60.0, ceilings=ceilings) == pytest.approx(3.0)
    _with_cores(3, monkeypatch)
    assert both_s - expected_s("slow", "fast") == pytest.approx(2000 * (0.002 + 0.001) * 2 / 3)
    assert expected_s("slow", "fast", took_s=4.0) < 3.0, "that run's samples were answered by one worker"


@pytest.fixture
def core_and_whole(checkout: Make, run_context: Make, core_definition: str) -> tuple[Measurement, Record, Record]:
    root = checkout(trial=core_definition)
    measurement = load_measurement(root / "measurements/trial")
    later = run_context(root).now() + timedelta(days=1)
    core = run_measurement(measurement, Tier.SMOKE, run_context(root, core=True))
    whole = run_measurement(measurement, Tier.SMOKE, run_context(root, now=lambda: later))
    return measurement, core, whole


def test_a_record_of_the_core_is_enough_for_the_core_alone(
    core_and_whole: tuple[Measurement, Record, Record], system: SystemDescription
) -> None:
    """A second build measures nothing again, and the whole suite measures what the core left out."""
    measurement, core, whole = core_and_whole
    missing = {
        (name, part): is_missing(measurement, records, system, Tier.SMOKE, measurement.part(part))
        for name, records in {"none": (), "core": (core,), "whole": (whole,)}.items()
        for part in (True, False)
    }
    assert missing == {
        ("none", True): True,
        ("none", False): True,
        ("core", True): False,
        ("core", False): True,
        ("whole", True): False,
        ("whole", False): False,
    }
    grown = measurement.model_copy(update={"core": ("slow", "fast", "third")})
    assert is_missing(grown, (core,), system, Tier.SMOKE, grown.part(core=True)), "the core has grown since"


def test_the_plan_of_the_core_is_of_its_part(
    core_and_whole: tuple[Measurement, Record, Record], system: SystemDescription
) -> None:
    """Fewer variants take less time; each part is compared with what it took itself; paces come from any record."""
    measurement, core, whole = core_and_whole
    plans = [
        plan_runs([measurement], {"trial": (whole, core)}, system, Tier.SMOKE, MeasurePolicy.ALL, core=part)[0]
        for part in (True, False)
    ]
    assert [[one.name for one in run.variants] for run in plans] == [
        ["slow", "fast"],
        ["slow", "fast", "third", "other-slow", "other-fast"],
    ]
    assert plans[0].expected_s < plans[1].expected_s
    assert [run.took_s for run in plans] == [
        (one.finished_at - one.started_at).total_seconds() for one in (core, whole)
    ]
    assert plans[1].percentiles.keys() == measurement.variant_names
    assert plans[0].most_s < plans[1].most_s


@pytest.mark.parametrize(("width", "named", "variants"), [(80, False, False), (80, True, True), (200, False, True)])
def test_a_plan_can_be_read_in_a_narrow_terminal(
    checkout: Make, system: SystemDescription, core_definition: str, width: int, named: bool, variants: bool
) -> None:
    """A row a measurement, no name broken; variants stand below where there is room or measurements were named."""
    long = "runtime-history-of-sequences"
    root = checkout(**{long: core_definition})
    measurement = load_measurement(root / "measurements" / long)
    runs = plan_runs([measurement], {}, system, Tier.STANDARD, MeasurePolicy.ALL, core=True)
    file = io.StringIO()
    print_plan(Console(file=file, width=width), runs, {}, named=named)
    lines = file.getvalue().splitlines()
    row = next(line.split() for line in lines if long in line)
    assert row[:4] == [long, "2", "of", "5"]
    assert row[-2:] == ["not", "yet"]
    assert any(line.split()[-2:] == ["fast", "?"] for line in lines) is variants
    assert not any("third" in line for line in lines)
    assert max(map(len, lines)) <= width


def test_audits_are_expected_by_the_rules_of_now_whatever_an_earlier_run_did(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of before took thirty pairs of rounds for each variant; its time is scaled down to the pairs of now."""
    measurement, record = _measured_on_one_core(checkout(), run_context, monkeypatch)
    first = record.blocks[0].started_at

    def expected_s(pairs: int) -> float:
        audits = [one.audit for one in record.variants]
        longer = tuple(
            one.model_copy(update={"audit": audit and audit.model_copy(update={"repeated_ns": (1,) * pairs})})
            for one, audit in zip(record.variants, audits, strict=True)
        )
        begun = {"sittings": 1, "started_at": first - timedelta(seconds=10), "variants": longer}
        return quality_s(list(measurement.variants), [record.model_copy(update=begun)])

    assert expected_s(protocol.AUDIT_PAIRS) == pytest.approx(10.0)
    assert expected_s(3 * protocol.AUDIT_PAIRS) < 10.0
