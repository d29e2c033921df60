"""plan: what a run is expected to take is told before, and beside it what it took."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from generator.console import print_plan, print_took
from generator.definition import Measurement, load_measurement
from generator.measure import plan
from generator.measure.plan import MeasurePolicy, PlannedRun, plan_runs, plan_suites, plan_within, total
from generator.measure.run import run_measurement
from generator.record import Record, SystemDescription, Tier

Make = Callable[..., Any]


def _measured(root: Path, surroundings: Make, tier: Tier = Tier.STANDARD) -> tuple[Measurement, Record]:
    measurement = load_measurement(root / "measurements/trial")
    return measurement, run_measurement(measurement, tier, surroundings(root))


def _planned(
    measurement: Measurement, system: SystemDescription, *records: Record, tier: Tier = Tier.STANDARD
) -> PlannedRun:
    (run,) = plan_runs([measurement], {measurement.name: records}, system, tier, MeasurePolicy.ALL)
    return run


def test_the_expectation_rests_on_pace_and_blocks_not_on_the_time_it_took(
    checkout: Make, surroundings: Make, system: SystemDescription
) -> None:
    """Or else it would agree with what it is compared with, whatever the protocol does."""
    measurement, record = _measured(checkout(), surroundings)
    longer = record.model_copy(update={"finished_at": record.finished_at + timedelta(hours=1)})
    one, other = _planned(measurement, system, record), _planned(measurement, system, longer)
    assert one.expected_s == other.expected_s
    assert one.took_s is not None
    assert other.took_s == one.took_s + 3600


def test_a_block_is_starts_warm_ups_and_cycles_of_all_participants() -> None:
    """Fast queries fill rounds of 30 ms; slow ones take one query and refill by another: the cycle grows by them."""
    fast = plan._Pace(start_s=1.0, warm_up_s=0.5, query_ns=1e6)
    slow = plan._Pace(start_s=0.0, warm_up_s=0.0, query_ns=60e6)
    cycles = 1_200 / 30
    single = plan.Scenario.SINGLE_STREAM
    assert plan._block_s([fast], 1_200_000_000, single) == pytest.approx(1.5 + cycles * (0.030 + 0.003))
    assert plan._block_s([fast, slow], 1_200_000_000, single) == pytest.approx(1.5 + cycles * (0.033 + 0.060 + 0.060))
    tests = plan._SERVER_TESTS * plan.protocol.SERVER_QUERIES
    assert plan._block_s([fast], 1_200_000_000, plan.Scenario.SERVER) == pytest.approx(1.5 + tests * 1e-3)


def test_without_a_record_blocks_lie_halfway_and_nothing_was_taken(
    checkout: Make, system: SystemDescription, definition: str
) -> None:
    measurement = load_measurement(checkout(trial=definition) / "measurements/trial")
    run = _planned(measurement, system)
    assert run.took_s is None
    assert run.percentiles == {}
    assert 0 < run.expected_s < run.most_s
    assert plan._likely_blocks("numbers", None, Tier.STANDARD) == 13


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
    checkout: Make, surroundings: Make, system: SystemDescription, what: str, change: dict[str, Any]
) -> None:
    measurement, record = _measured(checkout(), surroundings)
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
    checkout: Make, surroundings: Make, system: SystemDescription, definition: str
) -> None:
    """The core suite and the whole one: expected, at most, taken, and the time in which each is to end."""
    root = checkout(trial=definition, other=definition.replace('suite = "core"', 'suite = "extended"'))
    measurement, record = _measured(root, surroundings)
    suite = [measurement, load_measurement(root / "measurements/other")]
    runs = plan_runs(suite, {"trial": [record]}, system, Tier.STANDARD, MeasurePolicy.ALL)
    file = io.StringIO()
    console = Console(file=file, width=200)
    print_plan(console, runs[:1], plan_suites(suite, {"trial": [record]}, system))
    print_took(console, runs[0], record)
    text = file.getvalue()
    found = total(runs)
    assert (found.runs, found.taken, found.took_s) == (2, 1, runs[0].took_s)
    core, every = (line for line in text.splitlines() if line.startswith("Suite "))
    assert core.startswith("Suite core, measurements: 1: about ")
    assert core.endswith("here. It is to end within 10 min.")
    assert "1 of them took" in every
    assert every.endswith("It is to end within 2 h 0 min.")
    assert "trial took " in text
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
    limited, each_s = plan_within(limit_s, runs, {}, system)
    assert each_s is not None
    assert total(limited).most_s <= limit_s
    assert total(plan_runs(suite, {}, system, Tier.STANDARD, MeasurePolicy.ALL, each_s + 6)).most_s > limit_s
    assert plan_within(longest, runs, {}, system) == (runs, None)
    shortest, _ = plan_within(least / 2, runs, {}, system)
    assert total(shortest).most_s == pytest.approx(least), "the tier's least blocks are measured all the same"
