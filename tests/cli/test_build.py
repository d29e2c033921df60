"""cli build: the site first, then measuring, then the site again; whatever happens later, there is a site."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import main as cli
from generator.cli.publish import Published
from generator.core.attempt import NotMeasured
from generator.core.errors import Busy, FailureCause, PublishError
from generator.core.record import Failure, SystemDescription
from tests.conftest import published

Make = Callable[..., Any]
FAILED = NotMeasured(
    measurement="trial", failure=Failure(stage="prepare", message="no way there", cause=FailureCause.DOWNLOAD)
)


@pytest.fixture
def done(checkout: Make, monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> list[str]:
    """What a build does, in order; measuring leaves a record and publishing a site, both of nothing."""
    steps, root, numbers = list[str](), checkout(), itertools.count()

    def publish(root: Path, *_: Any, fetching: bool = True) -> Published:
        steps.append("publish" + (", fetching" if fetching else ""))
        (root / "site").mkdir(exist_ok=True)
        return published(root)

    def measure(root: Path, *_: Any, **__: Any) -> list[NotMeasured]:
        steps.append("measure")
        record = root / "measurements/trial/records" / f"{next(numbers)}.json"
        record.parent.mkdir(exist_ok=True)
        record.write_text("{}", "utf-8")
        return []

    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)
    monkeypatch.setattr(cli.publishing, "publish", publish)
    monkeypatch.setattr(cli.measuring, "measure", measure)
    monkeypatch.setattr(cli.publishing, "prepare_kit_if_possible", lambda _: steps.append("kit") or [])
    monkeypatch.chdir(root)
    return steps


def _build(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, ["build", *arguments])


def _address() -> str:
    return (Path.cwd() / "site/index.html").as_uri()


def test_the_site_stands_before_anything_is_measured(done: list[str]) -> None:
    """Its address is a link, said when it stands and again when it has what was measured; no network is waited for."""
    found = _build()
    assert (found.exit_code, done) == (0, ["publish", "measure", "kit", "publish"])
    lines = found.output.splitlines()
    assert lines[0] == f"The site: {_address()}"
    assert f"The site has it now: {_address()}" in lines[1:]
    assert "-m http.server --directory site 8000" in found.output


def test_where_nothing_is_measured_it_is_published_once(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.measuring, "measure", lambda *_, **__: done.append("measure") or [])
    assert _build().exit_code == 0
    assert done == ["publish", "measure", "kit"]


def test_build_of_the_records_alone_measures_and_prepares_nothing(done: list[str]) -> None:
    assert _build("--measure", "none").exit_code == 0
    assert done == ["publish, fetching"]


def test_models_for_the_browser_alone_are_published_too(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was prepared is on a page after the same command, though there was nothing to measure."""

    def prepare(root: Path) -> list[NotMeasured]:
        (root / ".cache/browser").mkdir(parents=True)
        (root / ".cache/browser/group.json").write_text("{}", "utf-8")
        return []

    monkeypatch.setattr(cli.measuring, "measure", lambda *_, **__: [])
    monkeypatch.setattr(cli.publishing, "prepare_kit_if_possible", prepare)
    assert _build().exit_code == 0
    assert done == ["publish", "publish"]


def test_models_for_the_browser_that_fail_stand_in_the_table(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.publishing, "prepare_kit_if_possible", lambda _: [FAILED])
    found = _build()
    assert (found.exit_code, done) == (3, ["publish", "measure", "publish"])
    assert "Not measured (1), and how to mend it:" in found.stderr


def test_what_failed_stands_in_a_table_at_the_end(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt without a record is on a page too; the exit status says that something is missing."""

    def fail(root: Path, *_: Any, **__: Any) -> list[NotMeasured]:
        (root / ".cache/attempts").mkdir(parents=True)
        (root / ".cache/attempts/trial.json").write_text("{}", "utf-8")
        return [FAILED]

    monkeypatch.setattr(cli.measuring, "measure", fail)
    found = _build()
    assert (found.exit_code, done) == (3, ["publish", "kit", "publish"])
    assert found.output.index("The site has it now") < found.output.index("Not measured (1), and how to mend it:")
    assert "Connect to the network and run the same command again" in found.stderr


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(KeyboardInterrupt(), 130), (Busy("here", "another one measures"), 1), (OSError(28, "full", "x"), 1)],
    ids=lambda value: type(value).__name__,
)
def test_whatever_ends_measuring_there_is_a_site(
    done: list[str], monkeypatch: pytest.MonkeyPatch, trouble: BaseException, status: int
) -> None:
    def end(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(cli.measuring, "measure", end)
    found = _build()
    assert (found.exit_code, done) == (status, ["publish"])
    assert f"The site is where it was: {_address()}" in found.stderr


def test_a_crash_shows_where_it_was_and_where_the_site_is(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody expected it")

    monkeypatch.setattr(cli.measuring, "measure", crash)
    found = _build()
    assert isinstance(found.exception, RuntimeError)
    assert f"The site is where it was: {_address()}" in found.stderr


def test_pages_that_cannot_be_written_again_leave_the_site_and_the_table(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli.publishing.publish

    def publish(root: Path, *_: Any, fetching: bool = True) -> Published:
        if "kit" in done:
            raise PublishError("the page", "its sentence contradicts the record", "Mend it.")
        return first(root, fetching=fetching)

    measure = cli.measuring.measure
    monkeypatch.setattr(cli.measuring, "measure", lambda *given, **_: [*measure(*given), FAILED])
    monkeypatch.setattr(cli.publishing, "publish", publish)
    found = _build()
    assert found.exit_code == 1
    assert f"The site is where it was: {_address()}" in found.stderr
    assert "Not measured (1), and how to mend it:" in found.stderr
    assert "its sentence contradicts the record" in found.stderr


@pytest.mark.parametrize("trouble", [RuntimeError("out of memory"), OSError(28, "full"), PublishError("a", "b", "C.")])
def test_the_browsers_models_fail_no_build(
    checkout: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Exception
) -> None:
    """Whatever the exception is: one line, and what was measured is published."""

    def prepare(*_: Any) -> None:
        raise trouble

    root = checkout()
    (root / "measurements/trial").rename(root / "measurements/quantization-image")
    monkeypatch.setattr(cli.publishing, "prepare_models", prepare)
    cli.publishing.prepare_kit_if_possible(root)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"The page 'Measure on your own device' has no button: {trouble}"
