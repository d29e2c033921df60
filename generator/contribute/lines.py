"""Finds the line of a file that a problem is about, so that an editor can go there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_TOML_LINE = re.compile(r"at line (\d+)")
_HEADER = re.compile(r"^[ \t]*\[+\s*([A-Za-z0-9_.-]+)\s*\]+", re.MULTILINE)
_ENTRY = re.compile(r"\b(workload|variant)s? (?:'([^']+)'|no\. (\d+))")
_WORD = re.compile(r"'([^'\n]+)'|\[([a-z_]+)\]|\b([a-z_]+)(?=[.:])")


def line_in_json(text: str, place: Sequence[str | int]) -> int | None:
    """Line on which the value at a place begins; that of the innermost value that is there, when it is missing.

    Args:
        text: sound JSON.
        place: keys and indices from the outermost value inwards.

    Returns:
        A number from 1; None for text that is no JSON.
    """
    decoder, start = json.JSONDecoder(), _skip(text, 0)
    try:
        for step in place:
            inner = _member(decoder, text, start, step)
            if inner is None:
                break
            start = inner
    except (ValueError, IndexError, RecursionError):
        return None
    return text.count("\n", 0, start) + 1


def _member(decoder: json.JSONDecoder, text: str, start: int, wanted: str | int) -> int | None:
    """Where a member of the object or array at `start` begins; None when there is no such member."""
    if text[start] not in ("{" if isinstance(wanted, str) else "["):
        return None
    position, index = _skip(text, start + 1), 0
    while text[position] not in "}]":
        found: str | int = index
        if isinstance(wanted, str):
            found, position = decoder.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        if found == wanted:
            return position
        _, position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
        index += 1
    return None


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def line_in_toml(text: str, problem: str) -> int | None:
    """Line of a definition that one of its problems is about: as near as the words of the problem lead.

    Args:
        text: the definition.
        problem: one of `DefinitionError.problems`.

    Returns:
        A number from 1; None where the problem names nothing that stands in the file.
    """
    if said := _TOML_LINE.search(problem):
        return int(said[1])
    start, end = _section(text, problem)
    # The name of the workload or variant has led to its table; the words after it lead further.
    entry = _ENTRY.match(problem)
    for found in _WORD.finditer(problem, entry.end() if entry else 0):
        word = next(one for one in found.groups() if one)
        stands = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text[start:end])
        if stands:
            return text.count("\n", 0, start + stands.start()) + 1
    return text.count("\n", 0, start) + 1 if start else None


def _section(text: str, problem: str) -> tuple[int, int]:
    """Where the table of the workload or variant that a problem names begins and ends; else the whole file."""
    entry = _ENTRY.match(problem)
    if not entry:
        return 0, len(text)
    table, headers = f"{entry[1]}s", list(_HEADER.finditer(text))
    starts = [one.start() for one in headers if one[1] == table]
    ends = [next((o.start() for o in headers if o.start() > s and "." not in o[1]), len(text)) for s in starts]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        named = entry[2] and re.search(rf"""^\s*name\s*=\s*["']{re.escape(entry[2])}["']""", text[start:end], re.M)
        if named or (entry[3] and number == int(entry[3])):
            return start, end
    return 0, len(text)
