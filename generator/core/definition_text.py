"""A `Measurement` written as the text of `measurement.toml`: what `load_measurement` reads is what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from generator.core.definition import Measurement

_TABLES = ("workloads", "variants")


def definition_text(measurement: Measurement) -> str:
    """The definition's TOML: what has its default is left out; the name is the folder's."""
    data = measurement.model_dump(exclude={"name"}, exclude_defaults=True)
    data = {"schema_version": measurement.schema_version, **data}
    return "\n".join([*_keys(data, leave=_TABLES), *_entries(data)]) + "\n"


def toml_value(value: Any) -> str:
    """One value as TOML writes it; tables stand on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # JSON's strings are TOML's too, once DEL is written as an escape.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case date():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(f"{_key(key)} = {toml_value(one)}" for key, one in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(toml_value, value)) + "]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _key(key: str) -> str:
    plain = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return key if plain else toml_value(key)


def _keys(data: Mapping[str, Any], leave: tuple[str, ...] = ()) -> Iterator[str]:
    for key, value in data.items():
        if key not in leave:
            yield f"{_key(key)} = {toml_value(value)}"


def _entries(data: Mapping[str, Any]) -> Iterator[str]:
    for table in _TABLES:
        for entry in data.get(table, ()):
            yield f"\n[[{table}]]"
            yield from _keys(entry)
