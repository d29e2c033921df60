"""One thing to mend, and what a faulty record is to be told of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from generator.contribute.lines import line_in_json
from generator.core.errors import RecordError
from generator.core.files import read_plain
from generator.core.record_file import MAX_RECORD_BYTES

MOST_SHOWN = 20
"""Problems of one file that are listed; a damaged one has thousands of the same."""

_JSON_LINE = re.compile(r"line (\d+) column \d+")


class Level(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """Nothing of it is published before it is mended."""

    ADVICE = "advice"
    """It may stay, but a reader will ask."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend."""

    file: str
    """Relative to the checkout, with slashes."""

    line: int | None
    """From 1; None where the fault is no line's."""

    reason: str
    remedy: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}." + (f" {self.remedy}" if self.remedy else "")


def of_record(file: str, path: Path, error: RecordError) -> Iterator[Problem]:
    """What is wrong with a record, field by field where it can be told.

    Args:
        file: how the problem calls it.
        path: the record, native or a browser's.
        error: what its reader says.
    """
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        said = _JSON_LINE.search(error.problem)
        yield Problem(file, int(said[1]) if said else None, error.problem.rstrip("."), error.remedy)
        return
    text = read_plain(path, MAX_RECORD_BYTES)
    details = cause.errors(include_input=False, include_url=False)
    for detail in details[:MOST_SHOWN]:
        place = ".".join(str(part) for part in detail["loc"]) or "record"
        line = line_in_json(text, detail["loc"]) if detail["loc"] else None
        yield Problem(file, line, f"{place}: {detail['msg'].rstrip('.')}", error.remedy)
    if len(details) > MOST_SHOWN:
        yield Problem(file, None, f"{len(details) - MOST_SHOWN} more fields are wrong", error.remedy)
