"""What a script demands of a model is told by interval: a speed-up that is shown, a regression that is more than noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli.console_trial import answer, unmet
from generator.cli.trial import block_costs, time_spent
from generator.core.definition_file import load_measurement
from generator.core.errors import RecordError
from generator.core.record import Record
from generator.results.findings import analyse
from generator.results.screening import Screening
from generator.results.trial import Trial, trial
from tests.conftest import DEFINITION

PATH = Path("before.json")


@pytest.fixture
def tried(measured_trial: Record, tmp_path: Path) -> Trial:
    """2 ms against 1 ms, and all answers right: a record whose wrong answers are mended."""
    folder = tmp_path / "measurements" / "trial"
    folder.mkdir(parents=True)
    (folder / "measurement.toml").write_text(DEFINITION, "utf-8")
    variants = tuple(
        one.model_copy(update={"quality": tuple(q.model_copy(update={"values": (1.0,) * 20}) for q in one.quality)})
        for one in measured_trial.variants
    )
    found = analyse(load_measurement(folder), measured_trial.model_copy(update={"variants": variants}))
    return trial(found, found, Screening(("slow", "fast"), (), 1.0), {})


def _quicker(record: Record, times: float) -> Record:
    """The same run with every latency divided."""
    blocks = []
    for block in record.blocks:
        rounds = [
            one.model_copy(update={"latencies_ns": tuple(max(1, round(ns / times)) for ns in one.latencies_ns)})
            for one in block.rounds
        ]
        blocks.append(block.model_copy(update={"rounds": tuple(rounds)}))
    return record.model_copy(update={"blocks": tuple(blocks)})


@pytest.mark.parametrize(("factor", "met"), [(0.5, True), (1.0, True), (1.9, True), (2.1, False)])
def test_a_speed_up_must_be_shown(factor: float, met: bool, tried: Trial) -> None:
    assert (unmet(tried, factor, None, None) == []) is met


def test_a_speed_up_without_quality_does_not_count(measured_trial: Record, tried: Trial) -> None:
    found = analyse(tried.findings.measurement, measured_trial)
    lost = trial(found, found, Screening(("slow", "fast"), (), 1.0), {})
    assert unmet(lost, 1.2, None, None)
    assert lost.best
    assert lost.best.members == ("slow",)


@pytest.mark.parametrize(("times", "slower"), [(1.0, False), (1.05, False), (1.3, True)])
def test_slower_than_before_is_more_than_two_runs_differ_by(times: float, slower: bool, tried: Trial) -> None:
    said = unmet(tried, None, _quicker(tried.record, times), PATH)
    assert bool(said) is slower


def test_times_of_another_machine_or_of_other_inputs_do_not_compare(tried: Trial) -> None:
    system = tried.record.system.model_copy(update={"host_processor_model_name": "Another"})
    with pytest.raises(RecordError, match="another machine"):
        unmet(tried, None, tried.record.model_copy(update={"system": system}), PATH)
    workloads = tuple(one.model_copy(update={"data_sha256": "0" * 64}) for one in tried.record.workloads)
    with pytest.raises(RecordError, match="its inputs were others"):
        unmet(tried, None, tried.record.model_copy(update={"workloads": workloads}), PATH)


def test_the_answer_names_the_best_and_what_is_advised(tried: Trial) -> None:
    said = " ".join(answer(tried))
    assert "The best: Fast" in said
    assert "2.00× as fast" in said


def test_a_block_of_a_variant_costs_its_start_and_its_rounds(measured_trial: Record) -> None:
    """By the record alone: a trial that was interrupted chooses the same again."""
    costs = block_costs(measured_trial)
    assert costs.keys() == {"slow", "fast", "control"}
    assert min(costs.values()) > 1.2
    assert time_spent(measured_trial, 97) > sum(block.duration_s for block in measured_trial.blocks)
