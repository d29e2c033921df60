"""Continuous integration: a stranger's pull request is data, not a program, and sees no secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
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


def test_gitlab_and_pre_commit_do_the_same() -> None:
    gitlab = _loaded(ROOT / ".gitlab-ci.yml")
    assert gitlab["check"]["script"][-2:] == ["python -m generator check", "python -m generator build --measure none"]
    hooks = _loaded(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format", "check"}
