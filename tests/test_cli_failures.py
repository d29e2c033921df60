"""cli: one measurement's trouble costs that measurement; the command goes on, says it once and ends with status 3."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import main as cli
from generator.core.attempt import attempt_file, load_attempt, load_attempts
from generator.core.errors import AssetError, GeneratorError, PreparationError
from generator.core.record import SystemDescription
from generator.core.record_file import load_records
from generator.measure import run as running
from tests.conftest import published

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> None:
    """The machine of the tests, whatever they run on."""
    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)
    monkeypatch.setattr(cli.publishing, "prepare_kit_if_possible", lambda _: [])


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, list(arguments))


def _words(text: str) -> str:
    return " ".join(text.split())


def _failing(monkeypatch: pytest.MonkeyPatch, error: Exception, name: str = "first") -> None:
    """Let every workload of one measurement raise when it is loaded."""
    real = running.load_workload

    def load(choice: Any, folder: Path, *arguments: Any) -> Any:
        if folder.name == name:
            raise error
        return real(choice, folder, *arguments)

    monkeypatch.setattr(running, "load_workload", load)


@pytest.mark.slow
def test_a_measurement_without_its_data_leaves_an_attempt_and_the_others_their_records(
    checkout: Make, definition: str, monkeypatch: pytest.MonkeyPatch, system: SystemDescription
) -> None:
    """The first of two cannot be had: the second is measured, the site is built, and a later run forgets it."""
    root = checkout(first=definition, second=definition)
    built = list[Path]()
    monkeypatch.setattr(cli.publishing, "publish", lambda root, *_, **__: built.append(root) or published(root))
    with monkeypatch.context() as patched:
        _failing(patched, AssetError("squad2-dev", "there is no network", "Try again later."))
        done = _run("build", "--tier", "smoke", "--root", str(root))
    assert (done.exit_code, built) == (3, [root, root]), done.output
    assert "first: numbers" in done.stderr
    assert load_records(root / "measurements/second/records")
    assert not (root / "measurements/first/records").exists()
    (attempt,) = load_attempts(root / ".cache")
    assert (attempt.measurement, attempt.system) == ("first", system.fingerprint())
    assert [(one.workload, one.failure.cause) for one in attempt.not_measured] == [("numbers", "download")]
    again = _run("build", "--tier", "smoke", "--root", str(root))
    assert again.exit_code == 0, again.output
    assert len(load_records(root / "measurements/second/records")) == 1
    assert load_attempts(root / ".cache") == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (AssetError("squad2-dev", "there is no network", "Try again later."), True),
        (PreparationError("numbers", "the model cannot be exported"), False),
    ],
)
def test_what_was_out_of_reach_is_tried_again_and_measured_only_when_it_is_there(
    checkout: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch, error: Exception, retried: bool
) -> None:
    """While nothing has changed there is no second record, and the status says that something is not measured."""
    root = checkout(first=two_workloads)
    monkeypatch.setattr(cli.publishing, "publish", lambda root, *_, **__: published(root))
    real, folder = running.load_workload, root / "measurements/first/records"

    def load(choice: Any, *arguments: Any) -> Any:
        if choice.name == "others":
            raise error
        return real(choice, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(running, "load_workload", load)
        statuses = [_run("build", "--tier", "smoke", "--root", str(root)).exit_code for _ in range(3)]
        assert (statuses, len(load_records(folder))) == ([3, 3, 3] if retried else [3, 0, 0], 1)
    assert _run("build", "--tier", "smoke", "--root", str(root)).exit_code == 0
    records = load_records(folder)
    assert len(records) == (2 if retried else 1)
    assert retried is not any(one.failed for one in records[-1].variants)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (ZeroDivisionError("division by zero"), "unexpected"),
        (MemoryError(), "unexpected"),
    ],
)
def test_whatever_ends_a_run_costs_that_run(
    checkout: Make, definition: str, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    """Our own code fails outside of every workload: the next measurement goes on."""
    root = checkout(first=definition, second=definition)
    real = running.describe_provenance

    def failing(measurement: Any, *arguments: Any) -> Any:
        if measurement.name == "first":
            raise error
        return real(measurement, *arguments)

    monkeypatch.setattr(running, "describe_provenance", failing)
    done = _run("measure", "--tier", "smoke", "--root", str(root))
    assert done.exit_code == 3
    assert "Not measured (1), and how to mend it:\n" in done.stderr
    assert "\n  first (" in done.stderr
    assert load_records(root / "measurements/second/records")
    (attempt,) = load_attempts(root / ".cache")
    assert attempt.not_measured[0].workload is None
    assert attempt.not_measured[0].failure.cause == cause


def test_a_file_that_is_no_attempt_is_as_if_there_were_none(tmp_path: Path) -> None:
    """It lies beside the cache: whatever is wrong with it is no reason to fail."""
    path = attempt_file(tmp_path, "trial")
    assert load_attempts(tmp_path) == ()
    path.parent.mkdir()
    for text in ("", "{}", "[", '{"schema_version": 2}'):
        path.write_text(text, "utf-8")
        assert load_attempt(path) is None
    assert load_attempts(tmp_path) == ()


BROKEN = {
    "no TOML": lambda text: "[[",
    "nonsense": lambda text: text.replace("schema_version = 1", "schema_version = 7"),
}


@pytest.fixture(params=sorted(BROKEN))
def broken(request: pytest.FixtureRequest, checkout: Make, definition: str) -> Path:
    """A checkout of a sound measurement and one whose definition cannot be read."""
    root: Path = checkout(sound=definition, broken=definition)
    (root / "measurements/broken/measurement.toml").write_text(BROKEN[request.param](definition), "utf-8")
    return root


@pytest.mark.slow
def test_a_definition_that_cannot_be_read_costs_itself(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`measure`, `list` and `build` go on with the others, say it once and end with status 3; `check` refuses it."""
    built = list[list[GeneratorError]]()
    monkeypatch.setattr(
        cli.publishing, "publish", lambda root, problems, **_: built.append(problems) or published(root)
    )
    for command in (("measure", "--tier", "smoke"), ("list",), ("build", "--tier", "smoke")):
        done = _run(*command, "--root", str(broken))
        assert done.exit_code == 3, done.output
        assert done.stderr.count("measurements/broken/measurement.toml") == 1
    assert len(load_records(broken / "measurements/sound/records")) == 1
    assert len(built) == 1
    assert _run("check", "--root", str(broken)).exit_code == 1


def test_a_definition_that_is_named_must_be_sound(broken: Path) -> None:
    """Whoever asks for it is told what is wrong with it, and not that there is none."""
    done = _run("measure", "broken", "--root", str(broken))
    assert done.exit_code == 1
    assert "measurements/broken/measurement.toml" in done.stderr
    assert "there is no measurement" not in done.stderr


@pytest.mark.slow
def test_a_record_that_cannot_be_read_costs_itself(checkout: Make) -> None:
    """Planning and the list go on with the other records."""
    root = checkout()
    assert _run("measure", "--tier", "smoke", "--root", str(root)).exit_code == 0
    (path,) = (root / "measurements/trial/records").glob("*.json")
    path.with_name("bad.json").write_text("{", "utf-8")
    for command in ("list", "measure"):
        done = _run(command, *(("--tier", "smoke") if command == "measure" else ()), "--root", str(root))
        assert done.exit_code == 3, done.output
        assert _words(done.stderr).count("trial/records/bad.json") == 1
    assert "2, latest" in _words(_run("list", "--root", str(root)).output)


def test_a_browser_s_models_cost_one_line(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised while they are made."""
    monkeypatch.undo()

    def failing(_: Path) -> None:
        raise RuntimeError("a model that nobody expected")

    monkeypatch.setattr(cli.publishing, "prepare_models", failing)
    cli.publishing.prepare_kit_if_possible(checkout())
