"""Finds the line of a file that a problem is about, so that an editor can go there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from generator.contribute.toml_places import places
from generator.core.problem import Location

_SPACE = re.compile(r"[ \t\r\n]*")


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


def line_in_toml(text: str, location: Location) -> int | None:
    """Line on which the value at a location is named; that of the innermost table around it, when it is missing.

    Args:
        text: sound TOML.
        location: keys and indices from the outermost value inwards.

    Returns:
        A number from 1; None where nothing of the location stands in the text.
    """
    if not location:
        return None
    found = places(text)
    innermost = next((found[location[:n]] for n in range(len(location), 0, -1) if location[:n] in found), None)
    return None if innermost is None else text.count("\n", 0, innermost) + 1
