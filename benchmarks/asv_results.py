"""The results of synthetic measurements as airspeed velocity (asv) keeps them, so that `asv publish` can show them.

Source of the format: asv 0.6.5, `asv/results.py` and `asv/benchmarks.py` (version 2), `asv/machine.py` (version 1).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MACHINE = "machine"
ENVIRONMENT = "existing-python"


def write_asv_project(root: Path, names: Sequence[str], seconds: Mapping[str, tuple[float, float, float]]) -> Path:
    """Write a project of one commit and one machine, with a result for each variant of each measurement.

    Args:
        root: an empty folder.
        names: the measurements; each becomes a benchmark with the variants as its parameter.
        seconds: median of each variant, and the least and the most of it, which stand where asv has its interval.

    Returns:
        The configuration for `asv publish`.
    """
    commit = _repository(root / "project")
    _json(
        root / "asv.conf.json",
        {
            "version": 1,
            "project": "synthetic",
            "repo": str(root / "project"),
            "branches": ["main"],
            "results_dir": str(root / "results"),
            "html_dir": str(root / "html"),
            "environment_type": "existing",
        },
    )
    _json(root / "results" / MACHINE / "machine.json", {"version": 1, "machine": MACHINE})
    _json(
        root / "results" / "benchmarks.json",
        {"version": 2, **{name: _benchmark(name, list(seconds)) for name in names}},
    )
    _json(
        root / "results" / MACHINE / f"{commit[:8]}-{ENVIRONMENT}.json",
        {
            "version": 2,
            "commit_hash": commit,
            "env_name": ENVIRONMENT,
            "date": 1_764_547_200_000,
            "params": {"machine": MACHINE, "python": "3.11"},
            "python": "3.11",
            "requirements": {},
            "env_vars": {},
            "result_columns": ["result", "params", "version", "stats_ci_99_a", "stats_ci_99_b"],
            "results": {name: _result(name, seconds) for name in names},
            "durations": {},
        },
    )
    return root / "asv.conf.json"


def _benchmark(name: str, variants: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "pretty_name": name,
        "type": "time",
        "unit": "seconds",
        "version": name,
        "code": "",
        "param_names": ["variant"],
        "params": [[repr(one) for one in variants]],
        "timeout": 60.0,
    }


def _result(name: str, seconds: Mapping[str, tuple[float, float, float]]) -> list[Any]:
    medians, lows, highs = (list(column) for column in zip(*seconds.values(), strict=True))
    return [medians, [[repr(one) for one in seconds]], name, lows, highs]


def _repository(path: Path) -> str:
    """A repository of one empty commit, whose hash is returned."""
    path.mkdir(parents=True)

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        command = ["git", "-C", str(path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "Synthetic")
    return git("rev-parse", "HEAD")


def _json(path: Path, data: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), "utf-8")
