"""Continuous integration: a stranger's pull request is data, not a program, and sees no secret."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import LIGHT_WITHOUT

ROOT = Path(__file__).parents[1]
NEWEST_PYTHON = 14
NEVER_IMPORTED = {
    *("asv", "mypy", "pandas-stubs", "pillow", "pyperf", "scipy-stubs", "types-psutil"),
}
"""Programs, type stubs, and Pillow, which matplotlib brings."""

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def _loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_a_workflow_has_no_secrets_and_no_more_rights_than_reading(path: Path) -> None:
    text, data = path.read_text("utf-8"), _loaded(path)
    assert not re.search(r"\$\{\{\s*secrets", text)
    assert "pull_request_target" not in text
    assert data["permissions"] == {"contents": "read"}
    for name, job in data["jobs"].items():
        writes = [right for right, value in job.get("permissions", {}).items() if value == "write"]
        assert not writes or name == "deploy"
        assert job["runs-on"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_no_text_of_a_stranger_is_put_into_a_shell(path: Path) -> None:
    """Titles, branch names and the like reach a script through its environment only."""
    for job in _loaded(path)["jobs"].values():
        assert not [step for step in job["steps"] if re.search(r"\$\{\{", step.get("run", ""))]


def test_a_pull_request_runs_the_base_branchs_generator() -> None:
    steps = _loaded(ROOT / ".github/workflows/check.yml")["jobs"]["contribution"]["steps"]
    assert steps[0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    commands = [step["run"] for step in steps if "run" in step]
    taken = re.search(r"for folder in ([a-z ]+); do", commands[0])
    assert taken
    for folder in taken[1].split():
        assert not [path for path in (ROOT / folder).rglob("*.py") if path.name != "workload.py"]
    assert commands[-2:] == ["python -m generator check", "python -m generator build --measure none"]


def test_only_the_code_of_this_repository_is_tested() -> None:
    # YAML 1.1 reads the key "on" as true.
    assert list(_loaded(ROOT / ".github/workflows/test.yml")[True]) == ["push"]


def _stated_pythons() -> list[str]:
    """From the oldest that pyproject.toml takes to the newest that is promised."""
    least = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    return [f"3.{minor}" for minor in range(int(least.removeprefix(">=3.")), NEWEST_PYTHON + 1)]


def test_every_python_and_system_is_tested() -> None:
    """All of them though one fails; and both services run the one script."""
    job = _loaded(ROOT / ".github/workflows/test.yml")["jobs"]["test"]
    assert job["strategy"]["fail-fast"] is False
    matrix = job["strategy"]["matrix"]
    assert matrix["python"] == _stated_pythons()
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}
    assert (job["runs-on"], job["steps"][1]["with"]["python-version"]) == (
        "${{ matrix.os }}",
        "${{ matrix.python }}",
    )
    assert job["steps"][-1]["run"] == ".ci/run"
    gitlab = _loaded(ROOT / ".gitlab-ci.yml")["test"]
    assert gitlab["parallel"]["matrix"] == [{"PYTHON": _stated_pythons()}]
    assert gitlab["image"] == "python:$PYTHON"
    assert gitlab["script"] == [".ci/run"]


def test_the_test_command_runs_without_this_machines_data(tmp_path: Path) -> None:
    """Neither shared data nor another cache reaches the tests, and a service's old caches are emptied."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("make", "chromium", "npm"):
        (programs / name).write_text('#!/bin/sh\necho "$1 ${GENERATOR_DATA-unset} ${GENERATOR_CACHE-unset}"\n', "utf-8")
        (programs / name).chmod(0o755)
    variables = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "GENERATOR_DATA": "/data",
        "GENERATOR_CACHE": "/cache",
        "CI": "true",
    }
    done = subprocess.run([tmp_path / ".ci" / "run"], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["clean unset unset", "test unset unset"]


def test_quick_and_light_agree() -> None:
    """What `--light` hides is what the extra `quick` leaves out of the packages that measure and test."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    quick = {Requirement(one).name for one in extras["quick"]}
    named = {Requirement(one).name for extra in ("measure", "test", "benchmark") for one in extras[extra]}
    modules = {"mlcommons-loadgen": "mlperf_loadgen", "scikit-learn": "sklearn"}
    installed = {"PyYAML", "requests"}  # MkDocs and its theme need them, so that every installation has them
    hidden = {modules.get(name, name.replace("-", "_")) for name in named - quick - NEVER_IMPORTED - installed}
    assert hidden <= set(LIGHT_WITHOUT)
    assert {"torch", "onnxruntime"} <= hidden


def test_gitlab_and_pre_commit_do_the_same() -> None:
    gitlab = _loaded(ROOT / ".gitlab-ci.yml")
    assert gitlab["check"]["script"][-2:] == ["python -m generator check", "python -m generator build --measure none"]
    hooks = _loaded(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format", "check"}
