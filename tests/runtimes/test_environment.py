"""environment: exactly what is pinned, made once, whole or not at all; a failure says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.errors import IsolationError, StorageError
from generator.runtimes import environment
from generator.runtimes.environment import isolated, uv_variables, without_foreign

PINS = ("python==3.11", "numpy==1.26.4", "onnxruntime==1.16.3")


class Installer:
    """Stands for uv, pip, venv and the interpreter of the environment that they make."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.environment: dict[str, str] = {}
        self.fails: dict[str, str] = {}
        """Standard error of the step that has this word."""

        self.versions = {"python": "3.11.7", "numpy": "1.26.4", "onnxruntime": "1.16.3"}
        self.interrupted = False

    def run(self, command: Sequence[str], variables: Any, wanted: Any) -> CompletedProcess[str]:
        self.commands.append(list(command))
        return self._answer(list(command), dict(variables))

    def pip(self, *arguments: str) -> CompletedProcess[str]:
        self.commands.append(["pip", *arguments])
        return self._answer(["pip", *arguments], {})

    def _answer(self, command: list[str], variables: dict[str, str]) -> CompletedProcess[str]:
        for word, stderr in self.fails.items():
            if word in command:
                return CompletedProcess(command, 1, "", stderr)
        if "venv" in command:
            interpreter = environment._interpreter(Path(command[-1]))
            interpreter.parent.mkdir(parents=True)
            interpreter.write_text("", "utf-8")
        if "install" in command:
            self.environment = variables
            if self.interrupted:
                raise KeyboardInterrupt
        if "config" in command:
            return CompletedProcess(command, 0, "global.index-url='https://mirror/simple'\n", "")
        return CompletedProcess(command, 0, json.dumps(self.versions) + "\n", "")

    def made(self) -> int:
        return sum("venv" in command for command in self.commands)


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    fake = Installer()
    monkeypatch.setattr(environment, "_run", fake.run)
    monkeypatch.setattr(environment, "run_pip", fake.pip)
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(environment, "_RUNNING", "3.12")
    for name in environment._INDEX_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _left(cache: Cache) -> list[str]:
    return [path.name for path in cache.root.rglob("*") if path.is_file()]


def test_holds_exactly_the_pins_and_says_what_it_holds(installer: Installer, cache: Cache) -> None:
    """Wheels only, no dependencies, the pinned Python: the same pins give the same environment in any year."""
    told = list[tuple[str, int, int]]()
    found = isolated(PINS, cache, lambda *step: told.append(step))
    assert found.packages == ("python==3.11.7", "numpy==1.26.4", "onnxruntime==1.16.3")
    assert found.interpreter.is_relative_to(cache.root / "environments")
    venv, install = (next(c for c in installer.commands if word in c) for word in ("venv", "install"))
    assert venv[venv.index("--python") + 1] == "3.11"
    assert {"--no-deps", "--only-binary", "--compile-bytecode"} < set(install)
    assert install[-2:] == ["numpy==1.26.4", "onnxruntime==1.16.3"]
    assert installer.environment["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert [step[1:] for step in told] == [(0, 1), (1, 1)]


def test_is_made_once_and_the_order_of_pins_does_not_matter(installer: Installer, cache: Cache) -> None:
    """The second variant of the same pins finds it; it is imported again, not installed again."""
    first = isolated(PINS, cache)
    assert isolated(tuple(reversed(PINS)), cache) == first
    assert installer.made() == 1
    assert isolated(("python==3.11", "numpy==1.26.4"), cache).interpreter != first.interpreter


def test_the_running_python_is_used_where_it_is_the_pinned_one(
    installer: Installer, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another build of the same version must not be chosen, nor fetched."""
    monkeypatch.setattr(environment, "_RUNNING", "3.11")
    isolated(PINS, cache)
    venv = next(command for command in installer.commands if "venv" in command)
    assert venv[venv.index("--python") + 1] == sys.executable


@pytest.mark.parametrize("harm", ["interpreter gone", "version changed"])
def test_a_damaged_environment_is_made_anew(installer: Installer, cache: Cache, harm: str) -> None:
    """The Python it links to was removed, or somebody installed something into it."""
    found = isolated(PINS, cache)
    if harm == "interpreter gone":
        found.interpreter.unlink()
    else:
        stale = {**installer.versions, "numpy": "2.0.0"}
        answers = [stale, installer.versions, installer.versions]
        real = installer._answer

        def answer(command: list[str], variables: dict[str, str]) -> CompletedProcess[str]:
            checking = "-c" in command
            return (
                CompletedProcess(command, 0, json.dumps(answers.pop(0)), "") if checking else real(command, variables)
            )

        installer._answer = answer  # type: ignore[method-assign]
    assert isolated(PINS, cache) == found
    assert installer.made() == 2


FAILURES = [
    ("no wheel, uv", "install", "× No solution found: onnxruntime==1.16.3 has no wheels with a matching Python ABI tag", "no such wheel for Python 3.11"),
    ("no wheel, pip", "install", "ERROR: No matching distribution found for onnxruntime==1.16.3", "no such wheel"),
    ("no network, uv", "install", "error: Failed to fetch: `https://user:secret@host/simple/`", "no network"),
    ("no network, pip", "install", "WARNING: Retrying (Retry(total=4))\nERROR: No matching distribution", "no network"),
    ("disk full", "install", "error: No space left on device (os error 28)", "the disk is full"),
    ("no Python", "venv", "error: No interpreter found for Python 3.11 in managed installations", "no Python 3.11"),
    ("something else", "install", "error: it broke at https://user:secret@host/x", r"cannot be made \(error: it broke at <address>\)"),
    ("does not import", "-c", "ImportError: numpy.core.multiarray failed to import", "cannot be imported .*multiarray"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "stderr", "message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_what_fails_is_said_and_leaves_nothing(
    installer: Installer, cache: Cache, word: str, stderr: str, message: str
) -> None:
    """Each cause has its own sentence and remedy, no password is shown, and the cache holds no half environment."""
    installer.fails = {word: stderr}
    with pytest.raises((IsolationError, StorageError), match=message) as caught:
        isolated(PINS, cache)
    assert "secret" not in str(caught.value)
    assert caught.value.remedy
    assert _left(cache) == []


def test_an_interruption_leaves_nothing(installer: Installer, cache: Cache) -> None:
    """Ctrl-C in the middle of an installation must not leave an environment that looks whole."""
    installer.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        isolated(PINS, cache)
    assert _left(cache) == []


def test_another_version_than_the_pinned_one_is_refused(installer: Installer, cache: Cache) -> None:
    """1.16.31 is not 1.16.3: the record would name a version that was not measured."""
    installer.versions["onnxruntime"] = "1.16.31"
    with pytest.raises(IsolationError, match=r"it holds onnxruntime 1\.16\.31"):
        isolated(PINS, cache)


@pytest.mark.parametrize("python", ["there", "not there"])
def test_without_uv_venv_and_pip_do_it(
    installer: Installer, cache: Cache, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    """The person's configuration of pip is read by pip itself; a Python that is not there is said, with the remedy."""
    there = {"python3.11": "/usr/bin/python3.11"} if python == "there" else {}
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: there.get(name))
    if python == "not there":
        with pytest.raises(IsolationError, match=r"no Python 3\.11 on this machine\. Install uv"):
            isolated(PINS, cache)
        return
    isolated(PINS, cache)
    assert installer.commands[0][:4] == ["/usr/bin/python3.11", "-m", "venv", "--without-pip"]
    assert installer.commands[1][:2] == ["pip", "--python"]
    assert "--no-deps" in installer.commands[1]


PIP_SETTINGS = [
    ("nothing", "", {}, {}),
    ("index", "global.index-url='https://m/simple'", {}, {"UV_DEFAULT_INDEX": "https://m/simple"}),
    (
        "several indexes",
        "global.extra-index-url='file:///a file:///b'",
        {},
        {"UV_EXTRA_INDEX_URL": "file:///a file:///b", "UV_INDEX_STRATEGY": "unsafe-best-match"},
    ),
    ("lines", "global.extra-index-url='\\nhttps://a\\nhttps://b'", {}, {"UV_EXTRA_INDEX_URL": "https://a https://b", "UV_INDEX_STRATEGY": "unsafe-best-match"}),
    ("folders", "global.find-links='/a /b'", {}, {"UV_FIND_LINKS": "/a,/b"}),
    ("its variables count most", ":env:.cert='/env'\nglobal.cert='/file'\ninstall.cert='/install'", {}, {"SSL_CERT_FILE": "/env"}),
    ("then what is said of install", "install.proxy='http://i'\nglobal.proxy='http://g'", {}, {"ALL_PROXY": "http://i"}),
    ("other commands' settings", "download.index-url='https://d'", {}, {}),
    ("a person who speaks to uv", "global.index-url='https://m'\nglobal.cert='/c'", {"UV_INDEX_URL": "https://own"}, {"SSL_CERT_FILE": "/c"}),
    ("a person's certificate", "global.cert='/c'", {"SSL_CERT_FILE": "/own"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("listing", "own", "added"), [row[1:] for row in PIP_SETTINGS], ids=[row[0] for row in PIP_SETTINGS]
)
def test_uv_fetches_as_pip_would(listing: str, own: dict[str, str], added: dict[str, str]) -> None:
    """A mirror, a proxy or a certificate that pip knows must not have to be set up again for uv."""
    assert uv_variables(listing, own) == added


def test_pips_no_index_is_kept(installer: Installer, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that fetches from a folder only must not be sent to the network."""
    real = installer.pip

    def pip(*arguments: str) -> CompletedProcess[str]:
        return (
            CompletedProcess(arguments, 0, "global.no-index='true'\n", "")
            if "config" in arguments
            else real(*arguments)
        )

    monkeypatch.setattr(environment, "run_pip", pip)
    isolated(PINS, cache)
    assert "--no-index" in next(command for command in installer.commands if "install" in command)


def test_no_variable_leads_out_of_an_environment() -> None:
    """PYTHONPATH would put other packages before the pinned ones."""
    assert without_foreign({"PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "HOME": "/h"}) == {"HOME": "/h"}


@pytest.mark.slow
def test_a_real_environment_runs_a_real_worker(tmp_path: Path) -> None:
    """Made through the index that is configured here, and measured in: NumPy alone is enough for the fake runtime."""
    from generator.measure.process import Job, WorkerProcess

    pins = (f"numpy=={np.__version__}",)
    make: Callable[[], environment.Environment] = lambda: isolated(pins, Cache(tmp_path / "cache"))  # noqa: E731
    try:
        found = make()
    except IsolationError as error:
        pytest.skip(str(error))
    assert make() == found
    assert found.packages[1] == pins[0]
    np.savez(tmp_path / "in.npz", **{"000000/x": np.eye(4, dtype=np.float32)[:1]})  # type: ignore[arg-type]
    inputs = tmp_path / "in.npz"
    job = Job("v", "fake", inputs, inputs, inputs, 1, {}, interpreter=str(found.interpreter))
    with WorkerProcess(job, (), 60) as worker:
        assert worker.load(inputs)["samples"] == 1


def test_a_package_of_which_only_a_library_is_loaded_is_not_imported(installer: Installer, cache: Cache) -> None:
    """What it would import is not in the environment; its version is read all the same."""
    found = isolated(PINS, cache, unimported={"onnxruntime"})
    (check, *_) = (command for command in installer.commands if "-c" in command)
    assert check[check.index("-c") + 2 :] == ["numpy", "-onnxruntime"]
    assert "onnxruntime==1.16.3" in found.packages


def test_the_check_reads_versions_of_what_it_does_not_import() -> None:
    """Run by an interpreter: a module that does not exist is only imported where it is to be."""
    command = [sys.executable, "-c", environment._CHECK]
    assert json.loads(subprocess.run([*command, "numpy", "-pip"], capture_output=True, check=True).stdout)["pip"]
    assert subprocess.run([*command, "no-such-module"], capture_output=True, check=False).returncode != 0
