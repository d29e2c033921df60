"""provenance: the commit is ours or null with a reason, and the same code has the same hash wherever it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.measure import provenance
from generator.measure.provenance import code_sha256, commit_of, way_to


def _git(root: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *settings, "-C", str(root), *arguments], check=True, capture_output=True, text=True, env=clean
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with one commit and a committed definition."""
    root = tmp_path / "ours"
    (root / "measurements/old").mkdir(parents=True)
    (root / "measurements/old/measurement.toml").write_text("a = 1\n", "utf-8")
    (root / "generator").mkdir()
    (root / "generator/a.py").write_text("", "utf-8")
    _git(tmp_path, "init", "-q", str(root))
    _git(root, "add", ".")
    _git(root, "commit", "-qm", "first")
    return root


def test_a_commit_is_that_of_the_checkout(repository: Path) -> None:
    assert commit_of(repository, "old") == (_git(repository, "rev-parse", "HEAD"), False, None)


def test_a_strangers_commit_is_not_ours(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unpacked inside another repository, or below a hook that names its own in GIT_DIR."""
    inside = repository / "unpacked"
    inside.mkdir()
    found = commit_of(inside)
    assert (found.sha, found.modified) == (None, None)
    assert found.unknown
    assert "another project" in found.unknown
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "bare"))
    (tmp_path / "bare").mkdir()
    assert commit_of(tmp_path / "bare") == (None, None, "it is no git checkout")
    assert commit_of(repository).sha


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (FileNotFoundError(), "git is not installed"),
        (subprocess.CompletedProcess((), 128, "", "fatal: detected dubious ownership in repository"), "safe.directory"),
        (subprocess.TimeoutExpired("git", 20), "does not answer"),
    ],
    ids=["no git", "another user's", "silent"],
)
def test_without_a_commit_there_is_a_reason(
    answer: Any, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(provenance.subprocess, "run", run)
    found = commit_of(tmp_path)
    assert found.sha is None
    assert found.unknown
    assert why in found.unknown


def test_a_definition_that_is_not_committed_is_a_change(repository: Path) -> None:
    """The commit does not have what `new` made; records that lie beside it are results, and no change."""
    new = repository / "measurements/new/measurement.toml"
    new.parent.mkdir()
    new.write_text("b = 1\n", "utf-8")
    records = repository / "measurements/old/records"
    records.mkdir()
    (records / "a.json").write_text("{}", "utf-8")
    assert commit_of(repository, "new").modified is True
    assert commit_of(repository, "old").modified is False
    (repository / "generator/b.py").write_text("", "utf-8")
    assert commit_of(repository, "old").modified is True, "a module that nobody committed measures too"


def test_the_way_to_a_definition_is_one_that_works(repository: Path, tmp_path: Path) -> None:
    """Here, in a shallow clone, and where the commit never had it."""
    first, file = _git(repository, "rev-parse", "HEAD"), "measurements/old/measurement.toml"
    _git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    assert way_to(repository, first, file) == f"Check out the commit: git checkout {first}."
    assert "measured before it was committed" in way_to(repository, first, "measurements/new/measurement.toml")
    assert "git fetch --all" in way_to(repository, "0" * 40, file)
    _git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(tmp_path / "shallow"))
    assert "--unshallow" in way_to(tmp_path / "shallow", first, file)


def test_ends_of_lines_do_not_change_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout with CRLF has the same hash of the measuring code, or fleets would refuse it."""
    ours = Path(provenance.__file__).parents[1]
    there = tmp_path / "generator"
    shutil.copytree(ours, there, ignore=shutil.ignore_patterns("__pycache__", "assets", "theme", "*.ttf"))
    for path in there.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setattr(provenance, "MEASURING_ROOMS", ("measure", "runtimes"))
    before = code_sha256()
    monkeypatch.setattr(provenance.generator, "__file__", str(there / "__init__.py"))
    assert code_sha256() == before
