"""cli: what contributors call, as a person and as a script read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import contribute
from generator.cli import main as cli
from generator.core.definition_file import load_measurement
from generator.core.record import Record, SystemDescription
from generator.core.record_file import dump_record, load_records
from generator.draw import gallery
from generator.draw.gallery import Drawn
from tests.browser.test_browser_record import sealed

Make = Callable[..., Any]
TEXTS = ("--title-ru", "Проба", "--title-en", "Trial", "--question-ru", "Быстрее ли?", "--question-en", "Is it faster?")


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> None:
    """The machine of the tests, whatever they run on; and no drawing."""
    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)


def _run(root: Path, *arguments: str, answers: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, [*arguments, "--root", str(root)], input=answers)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def record(checkout: Make, measured_trial: Record) -> Record:
    """A record of this machine, in a checkout."""
    path = checkout() / "measurements/trial/records" / f"{measured_trial.record_id}.json"
    path.parent.mkdir()
    path.write_text(dump_record(measured_trial), "utf-8")
    return measured_trial


@pytest.mark.slow
def test_a_new_measurement_goes_through_every_command(tmp_path: Path) -> None:
    """What the guide says, from an empty folder."""
    status, said = _run(tmp_path, "new", "my-trial", *TEXTS)
    assert status == 0
    assert "python -m generator check my-trial" in said
    assert _run(tmp_path, "check", "my-trial")[0] == 0
    assert _run(tmp_path, "measure", "my-trial", "--tier", "standard")[0] == 0
    assert _run(tmp_path, "check")[0] == 0
    assert len(load_records(tmp_path / "measurements/my-trial/records")) == 1


def test_new_asks_for_what_no_option_says(tmp_path: Path) -> None:
    status, said = _run(tmp_path, "new", "asked", *TEXTS[:4], answers="Быстрее ли?\nIs it faster?\n")
    assert status == 0
    assert "Question in Russian" in said
    assert load_measurement(tmp_path / "measurements/asked").question.en == "Is it faster?"


def test_new_without_answers_makes_nothing(tmp_path: Path) -> None:
    assert _run(tmp_path, "new", "unasked", answers="")[0] == 1
    assert not (tmp_path / "measurements").exists()


def test_check_says_what_is_wrong_and_where(checkout: Make, definition: str) -> None:
    root = checkout(trial=definition.replace('kind = "synthetic"', 'kind = "syntetic"'))
    status, said = _run(root, "check")
    assert status == 1
    assert "error measurements/trial/measurement.toml:10: workloads 'numbers': unknown workload 'syntetic'" in said
    assert "1 to mend: 1 measurements, 0 sound records" in said
    status, said = _run(root, "check", "--json")
    (problem,) = json.loads(said)["problems"]
    assert (problem["line"], problem["level"]) == (10, "error")
    assert problem["remedy"].startswith("Did you mean 'synthetic'?")


def test_check_reads_a_record_that_a_browser_saved(tmp_path: Path) -> None:
    """Wherever it lies; the exit status tells a script."""
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(sealed()), "utf-8")
    status, said = _run(tmp_path, "check", str(path))
    assert (status, "1 made in browsers" in said) == (0, True)
    path.write_text("{", "utf-8")
    status, said = _run(tmp_path, "check", str(path))
    assert status == 1
    assert "saved.json:1: the record is no complete JSON" in said


@pytest.mark.slow
def test_reproduce_measures_again_and_compares(record: Record, tmp_path: Path) -> None:
    status, said = _run(tmp_path, "reproduce", record.record_id[:15])
    assert status == 0
    assert "It agrees within 0" in said
    assert "fast: 2 [1.99, 2.01] there, 2 [1.99, 2.01] here" in said
    assert len(load_records(tmp_path / "measurements/trial/records")) == 2


@pytest.mark.slow
def test_reproduce_as_data(record: Record, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["reproduce", record.record_id, "--json", "--root", str(tmp_path)])
    data = json.loads(done.stdout)
    assert (done.exit_code, data["outcome"], data["first"]) == (0, "agrees", record.record_id)


def test_reproduce_refuses_another_definition(record: Record, tmp_path: Path) -> None:
    """Running something else would not be that result."""
    path = tmp_path / "measurements/trial/measurement.toml"
    path.write_text(path.read_text("utf-8").replace("1_000_000", "900_000"), "utf-8")
    status, said = _run(tmp_path, "reproduce", record.record_id)
    assert status == 1
    assert "its definition has changed since. It names no commit" in said


def test_list_stale_says_why(record: Record, tmp_path: Path) -> None:
    assert _run(tmp_path, "list", "--stale")[1] == "No result is stale."
    path = tmp_path / "measurements/trial/measurement.toml"
    path.write_text(path.read_text("utf-8").replace("1_000_000", "900_000"), "utf-8")
    assert _run(tmp_path, "list", "--stale")[1] == f"{record.record_id}: its definition has changed"
    (data,) = json.loads(_run(tmp_path, "list", "--json")[1])
    assert (data["record"], data["stale"], data["definition_changed"]) == (record.record_id, True, True)


def test_export_writes_what_it_says(record: Record, tmp_path: Path) -> None:
    status, said = _run(tmp_path, "export", "--to", str(tmp_path / "out"), "--format", "csv")
    assert status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"dictionary.json", "results.csv", "rounds.csv"}
    assert "results.csv" in said


def test_schema_writes_all(tmp_path: Path) -> None:
    assert _run(tmp_path, "schema")[0] == 0
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {
        "measurement.schema.json",
        "record.schema.json",
        "browser-record.schema.json",
    }


def test_a_shell_completes_names(checkout: Make, definition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout(trial=definition, other=definition))
    assert contribute.known_names("") == ["other", "trial"]
    assert contribute.known_names("tr") == ["trial"]
