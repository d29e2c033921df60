"""The page that says how often our intervals are wrong: A/A controls of all records, and a benchmark of designs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from generator.errors import PublishError
from generator.publish import markdown
from generator.publish.markdown import Markdown
from generator.publish.phrases import Phrases

RESULTS = Path("benchmarks") / "results" / "validity.json"
"""Written by `python -m benchmarks.validity`."""

DESIGNS: Mapping[str, str] = MappingProxyType(
    {
        "blocks of fresh workers, rounds in turns, t over blocks (this generator)": "blocks",
        "all of A, then all of B; t over samples": "sequential-samples",
        "all of A, then all of B; t over rounds": "sequential-rounds",
        "rounds in turns, one start each; bootstrap over 10 rounds": "bootstrap-rounds",
        "one fresh process a measurement, 8 + 8; t over processes": "processes",
        "one fresh process a measurement, 8 + 8; bootstrap over processes": "bootstrap-processes",
    }
)
"""Designs as the benchmark names them, and the keys of their phrases."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Design(_Part):
    """How one way of comparing two programs fared."""

    aa_runs: Annotated[int, Field(ge=1)]
    aa_alarms: Annotated[int, Field(ge=0)]
    """Runs in which the 95 % interval of a program against itself excluded 1."""

    ratio_runs: Annotated[int, Field(ge=1)]
    ratio_covered: Annotated[int, Field(ge=0)]
    """Runs in which the interval of two programs of known ratio covered the ratio."""

    half_width_median: Annotated[float, Field(ge=0)]


class Designs(_Part):
    """Designs on the same runs."""

    designs: dict[str, Design]


class Validity(_Part):
    """The benchmark's results."""

    finished_at: AwareDatetime
    command: str
    real: Designs
    simulated: Designs


def load_validity(root: Path) -> Validity | None:
    """Read the benchmark's results; None when it was never run.

    Raises:
        PublishError: when the file is not what the benchmark writes.
    """
    path = root / RESULTS
    if not path.is_file():
        return None
    try:
        return Validity.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise PublishError(RESULTS.as_posix(), problem, "Run it again: python -m benchmarks.validity.") from error


def table(found: Designs, phrases: Phrases) -> Markdown:
    """Designs with their shares of false alarms and of covered truths."""
    head = [phrases.say(f"column.{name}") for name in ("design", "false_alarms", "covered", "half_width")]
    rows = []
    for name, key in DESIGNS.items():
        if design := found.designs.get(name):
            alarms = _share(design.aa_alarms, design.aa_runs, phrases)
            covered = _share(design.ratio_covered, design.ratio_runs, phrases)
            width = phrases.language.plus_minus(design.half_width_median)
            rows.append([phrases.of("design", key), alarms, covered, width])
    return markdown.table(head, rows)


def _share(count: int, runs: int, phrases: Phrases) -> str:
    share = phrases.language.percent(count / runs)
    return phrases.say("cell.share_of", share=share, count=count, runs=runs)
