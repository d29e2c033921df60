"""What is wrong with a record, field by field where it can be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from generator.contribute.lines import line_in_json
from generator.core.errors import RecordError
from generator.core.files import read_plain
from generator.core.problem import Problem
from generator.core.record_file import MAX_RECORD_BYTES

MOST_SHOWN = 20
"""Problems of one file that are listed; a damaged one has thousands of the same."""


def of_record(file: str, path: Path, error: RecordError) -> Iterator[Problem]:
    """What is wrong with a record that cannot be read.

    Args:
        file: how the problem calls it.
        path: the record, native or a browser's.
        error: what its reader says.
    """
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        yield Problem(error.problem.rstrip("."), error.remedy, line=error.line, file=file)
        return
    text = read_plain(path, MAX_RECORD_BYTES)
    details = cause.errors(include_input=False, include_url=False)
    for detail in details[:MOST_SHOWN]:
        location = detail["loc"]
        reason = f"{'.'.join(map(str, location)) or 'record'}: {detail['msg'].rstrip('.')}"
        line = line_in_json(text, location) if location else None
        yield Problem(reason, error.remedy, location, line, file)
    if len(details) > MOST_SHOWN:
        yield Problem(f"{len(details) - MOST_SHOWN} more fields are wrong", error.remedy, file=file)
