"""cli: one message for each thing a person can mend, and an exit status that says what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import main as cli
from generator.core.attempt import NotMeasured
from generator.core.errors import FailureCause, MissingPackage
from generator.core.record import Failure, SystemDescription
from generator.core.record_file import load_records
from generator.measure import plan
from generator.site.staging import Page
from tests.conftest import published

Make = Callable[..., Any]
FAILED = NotMeasured(
    measurement="quantization-image",
    workload="image-classification",
    failure=Failure(stage="prepare", message="no way there", cause=FailureCause.DOWNLOAD),
)


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> None:
    """The machine of the tests, whatever they run on."""
    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.mark.slow
def test_measure_writes_a_record_and_list_shows_it(checkout: Make) -> None:
    """What was measured is listed for this machine."""
    root = checkout()
    done = _run("measure", "trial", "--tier", "smoke", "--root", str(root))
    assert (done.exit_code, done.exception) == (0, None), done.output
    assert len(load_records(root / "measurements/trial/records")) == 1
    listed = _run("list", "--root", str(root))
    assert "1, latest" in " ".join(listed.output.split())


def test_plan_measures_nothing(checkout: Make) -> None:
    """`measure --plan` says what would run and how long."""
    root = checkout()
    done = _run("measure", "--plan", "--root", str(root))
    assert done.exit_code == 0
    assert "trial" in done.output
    assert not (root / "measurements/trial/records").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [(("trial", "--suite", "core"), 3), (("trial",), 0), ((), 3), (("--suite", "all"), 0)],
    ids=["core of a name", "name", "nothing", "everything"],
)
def test_a_suite_measures_its_part_and_a_name_everything(
    checkout: Make, core_definition: str, arguments: tuple[str, ...], left_out: int
) -> None:
    """What is named is measured whole, unless the core is asked for; the list says which it was."""
    root = checkout(trial=core_definition)
    done = _run("measure", *arguments, "--tier", "smoke", "--root", str(root))
    assert (done.exit_code, done.exception) == (0, None), done.output
    (record,) = load_records(root / "measurements/trial/records")
    assert sum(one.left_out for one in record.variants) == left_out
    listed = " ".join(_run("list", "--root", str(root)).output.split())
    assert ("smoke, core" in listed) is (left_out > 0)


def test_what_is_not_in_the_core_suite_has_no_core_part(checkout: Make, definition: str) -> None:
    root = checkout(trial=definition.replace('"core"', '"extended"'))
    done = _run("measure", "trial", "--suite", "core", "--plan", "--root", str(root))
    assert done.exit_code == 1
    assert "'trial' is not part of the core suite. Leave --suite out." in " ".join(done.stderr.split())


@pytest.mark.slow
def test_failed_variants_give_status_3(checkout: Make, definition: str) -> None:
    """Measured, but not everything: a script can tell."""
    bad = definition.replace("outputs = 1", 'fail_after = 1, fail_how = "crash"')
    root = checkout(trial=bad)
    done = _run("measure", "--tier", "smoke", "--root", str(root))
    assert done.exit_code == 3
    assert "trial: fast\n" in done.stderr


def test_an_unknown_measurement_gives_status_1_with_a_suggestion(checkout: Make) -> None:
    """A mistyped name is answered with the nearest one."""
    done = _run("measure", "trail", "--root", str(checkout()))
    assert done.exit_code == 1
    assert "there is no measurement 'trail'. Did you mean 'trial'?" in " ".join(done.stderr.split())


@pytest.mark.parametrize("arguments", [("measure", "--tier", "quick"), ("biuld",), ("build", "--port")])
def test_wrong_usage_gives_status_2(arguments: tuple[str, ...]) -> None:
    """The command was used wrongly: not the same as something to mend."""
    assert _run(*arguments).exit_code == 2


def test_interruption_gives_status_130_and_says_that_blocks_are_kept(
    checkout: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is no traceback."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("generator.measure.run.run_measurement", interrupted)
    done = _run("measure", "--root", str(checkout()))
    assert done.exit_code == 130
    assert "Finished blocks are kept" in done.stderr


def test_a_full_disk_is_one_message(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the operating system refuses, the person reads where and why."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "/somewhere/file")

    monkeypatch.setattr("generator.measure.run.run_measurement", full)
    done = _run("measure", "--root", str(checkout()))
    assert done.exit_code == 3
    assert "trial: not measured: OSError: [Errno 28] No space left on device: '/somewhere/file'" in done.stdout
    assert "Free some space" in done.stderr


def _without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = plan.importlib.util.find_spec
    monkeypatch.setattr(plan.importlib.util, "find_spec", lambda name: None if name == package else real(name))


def test_measure_names_the_extra_that_is_missing(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psutil nothing can be measured; the message has the command that installs it."""
    _without(monkeypatch, "psutil")
    done = _run("measure", "--root", str(checkout()))
    assert done.exit_code == 1
    assert "pip install -e '.[measure]' -c constraints.txt" in done.stderr


def test_build_without_the_extra_says_so_in_one_line_and_builds(
    checkout: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site is made of the committed records."""
    _without(monkeypatch, "psutil")
    root = checkout()
    monkeypatch.setattr(cli.publishing, "publish", lambda root, *_, **__: published(root))
    done = _run("build", "--root", str(root))
    assert done.exit_code == 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Nothing is measured" in done.stderr
    assert "package 'psutil' is not installed" in done.stderr


@pytest.mark.slow
def test_second_build_measures_nothing(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of this machine, definition and tier is enough; another definition or `all` is not."""
    root = checkout()
    monkeypatch.setattr(cli.publishing, "publish", lambda root, *_, **__: published(root))
    assert _run("build", "--tier", "smoke", "--root", str(root)).exit_code == 0
    again = _run("build", "--tier", "smoke", "--root", str(root))
    assert "Nothing to measure" in again.output
    folder = root / "measurements/trial/records"
    assert len(load_records(folder)) == 1
    path = root / "measurements/trial/measurement.toml"
    path.write_text(path.read_text("utf-8").replace("1_000_000", "900_000"), "utf-8")
    assert "Going to measure" in _run("build", "--tier", "smoke", "--root", str(root)).output
    assert len(load_records(folder)) == 2


def test_two_runs_at_once_are_refused(checkout: Make) -> None:
    """Two would measure each other; the second says so and leaves."""
    root = checkout()
    with plan.only_run(root / ".cache"):
        done = _run("measure", "--tier", "smoke", "--root", str(root))
    assert done.exit_code == 1
    assert "another process is measuring in this checkout" in done.stderr


def test_missing_package_is_mended_by_its_remedy() -> None:
    """The error names the package, what needs it, and the command."""
    text = str(MissingPackage("torch", "measure", "variant 'x'"))
    assert text.startswith("variant 'x': the package 'torch' is not installed. Install the extra 'measure'")


def test_the_browsers_models_are_prepared_alone(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """`browser-kit` measures nothing, and what hinders it is its failure; `build` goes on without the models."""
    root, asked = checkout(), list[Path]()

    def prepare(*arguments: Any) -> list[NotMeasured]:
        asked.append(arguments[2])
        if len(asked) > 2:
            raise MissingPackage("torch", "measure", "the page")
        return [FAILED][: len(asked) - 1]

    monkeypatch.setattr("generator.measure.browser_kit.prepare_kit", prepare)
    assert _run("browser-kit", "--root", str(root)).exit_code == 0
    failed = _run("browser-kit", "--root", str(root))
    assert failed.exit_code == 3
    assert "Not measured (1), and how to mend it:\nquantization-image: image-classification\n" in failed.stderr
    done = _run("browser-kit", "--root", str(root))
    assert (done.exit_code, asked) == (1, [root] * 3)
    assert "the package 'torch' is not installed" in done.stderr
    assert not (root / "measurements/trial/records").exists()


def test_without_npm_the_site_is_built_and_says_what_is_missing(
    checkout: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line on the standard error, no trace in the exit status; the page itself has a note in place of its button."""
    root, written = checkout(), list[Page]()

    def built(pages: list[Page], *_: Any, **__: Any) -> Any:
        written.extend(pages)
        return SimpleNamespace(path=root / "site")

    monkeypatch.setattr("generator.browser.kit.load_groups", lambda *_: ())
    monkeypatch.setattr("generator.assets.installers.shutil.which", lambda _: None)
    monkeypatch.setattr("generator.pages.edition.pages", lambda *given: [Page("en", "kit", repr(given[5]).encode())])
    monkeypatch.setattr("generator.site.build.build_site", built)
    done = _run("build", "--measure", "none", "--root", str(root))
    assert (done.exit_code, done.exception) == (0, None), done.output
    (said,) = done.stderr.strip().splitlines()
    assert "The page 'Measure on your own device' is built without its button" in said
    assert "is fetched by npm, which this machine does not have. Install Node.js" in said
    assert [page.content for page in written] == [b"None"]
