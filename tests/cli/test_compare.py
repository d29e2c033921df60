"""cli: `compare` and `doctor`, as a person and as a script read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import main as cli
from generator.core.record import Record, SystemDescription
from generator.core.record_file import dump_record, sealed
from generator.measure.doctor.diagnosis import Diagnosis, Finding, Level

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> None:
    """The machine of the tests, whatever they run on."""
    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)


@pytest.fixture
def root(checkout: Make) -> Path:
    """A checkout without records."""
    made: Path = checkout()
    return made


@pytest.fixture
def record(root: Path, measured_trial: Record) -> Record:
    """A record of this machine in it."""
    path = root / "measurements/trial/records" / f"{measured_trial.record_id}.json"
    path.parent.mkdir()
    path.write_text(dump_record(measured_trial), "utf-8")
    return measured_trial


def _other(root: Path, record: Record, **changes: Any) -> Path:
    fields = record.model_dump(mode="json", exclude={"sha256"})
    other = sealed({**fields, "record_id": "trial-other", **changes})
    path = root / "measurements/trial/records/trial-other.json"
    path.write_text(dump_record(other), "utf-8")
    return path


def _run(root: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, [*arguments, "--root", str(root)])
    return done.exit_code, " ".join(done.output.split()), " ".join(done.stderr.split())


def test_compare_two_variants_of_a_run(root: Path, record: Record) -> None:
    """Ratio, interval, verdict, quality; and the gate that the faster one fails."""
    status, said, _ = _run(root, "compare", "trial:fast", "trial:slow")
    assert status == 0
    assert "fast against slow: speed 2 [1.99, 2.01] times: faster (95 % interval over 6 blocks)" in said
    assert "absolute 1 ms (1 to 1 over the blocks) against 2 ms" in said
    assert "top-1: 90 % against 100 %, difference -10" in said
    assert "fast fails the quality gate" in said


def test_compare_two_machines_by_ratios_and_says_why_not_more(root: Path, record: Record) -> None:
    """Absolute values of two processors are not put side by side."""
    system = {**record.system.model_dump(mode="json"), "host_processor_model_name": "Other"}
    path = _other(root, record, system=system)
    status, said, _ = _run(root, "compare", "trial", str(path))
    assert status == 0
    assert "2 [1.99, 2.01]: faster" in said
    assert "A / B: 1 [0.993, 1.01]: no difference shown (within ±0.7%)" in said
    assert "Ratios only" in said
    assert "system.host_processor_model_name: Test Processor in A, Other in B" in said
    assert "absolute" not in said.split("Ratios only")[0]


def test_compare_two_runs_of_this_machine_shows_absolute_values(root: Path, record: Record) -> None:
    """With the warning that they move between runs."""
    _other(root, record)
    status, said, _ = _run(root, "compare", record.record_id, "trial-o")
    assert status == 0
    assert "absolute 1 ms (1 to 1 over the blocks)" in said
    assert "move by 10 to 20 %" in said


def test_compare_refuses_other_data_with_status_1(root: Path, record: Record) -> None:
    """Nothing is compared, the field is named, and a script can tell."""
    workloads = record.model_dump(mode="json")["workloads"]
    _other(root, record, workloads=[{**workloads[0], "data_sha256": "0" * 64}])
    status, said, _ = _run(root, "compare", record.record_id, "trial-other")
    assert status == 1
    assert "cannot be compared" in said
    assert "workloads.numbers.data_sha256" in said
    assert "A / B" not in said
    status, text, _ = _run(root, "compare", record.record_id, "trial-other", "--json")
    data = json.loads(text)
    assert (status, data[0]["refused"], data[0]["ratio_of_ratios"]) == (1, True, None)
    assert data[0]["differences"][0]["field"] == "workloads.numbers.data_sha256"
    assert data[0]["ours"]["against_baseline"] is None


def test_compare_as_json_says_the_same(root: Path, record: Record) -> None:
    """For scripts: every number with its interval."""
    status, text, _ = _run(root, "compare", "trial:fast", "trial:slow", "--json")
    (pair,) = json.loads(text)
    assert status == 0
    assert pair["kind"] == "within"
    assert pair["comparison"]["speedup"]["point"] == pytest.approx(2)
    assert set(pair["comparison"]["speedup"]["interval"]) == {"low", "high"}
    assert pair["comparison"]["verdict"] == "faster"
    assert pair["ours"]["gate"] == "failed"


def test_compare_suggests_the_name_that_was_meant(root: Path, record: Record) -> None:
    """One message on standard error, status 1."""
    status, _, problem = _run(root, "compare", "trial:fats", "trial:slow")
    assert status == 1
    assert "has no variant 'fats'. Did you mean 'fast'?" in problem


def _diagnosis(*findings: Finding) -> Diagnosis:
    return Diagnosis(None, findings, None)


@pytest.mark.parametrize(
    ("level", "status", "words"),
    [(Level.NOTE, 0, "can measure to the standard tier now"), (Level.MEND, 1, "1 of the findings must be mended")],
)
def test_doctor_status_says_whether_it_can_measure(
    root: Path, monkeypatch: pytest.MonkeyPatch, level: Level, status: int, words: str
) -> None:
    """0: measure; 1: mend something first."""
    finding = Finding("noise", level, "others used [0.9] cores", "Close it.")
    monkeypatch.setattr("generator.measure.doctor.diagnosis.examine", lambda *_: _diagnosis(finding))
    found, said, _ = _run(root, "doctor")
    assert found == status
    assert words in said
    assert "others used [0.9] cores Close it." in said


def test_doctor_as_json(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same findings as data."""
    monkeypatch.setattr(
        "generator.measure.doctor.diagnosis.examine", lambda *_: _diagnosis(Finding("room", Level.FINE, "enough"))
    )
    status, text, _ = _run(root, "doctor", "--json")
    data = json.loads(text)
    assert (status, data["can_measure"], data["noise"]) == (0, True, None)
    assert data["findings"] == [{"area": "room", "level": "fine", "text": "enough", "remedy": ""}]
