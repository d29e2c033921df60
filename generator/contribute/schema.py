"""JSON Schema of definitions and records, for editors and for whoever reads records with another program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from generator.browser.record import BrowserRecord
from generator.core.definition import Measurement
from generator.core.record import Record
from generator.core.registry import RUNTIMES, TRANSFORMS, WORKLOADS

DEFINITION_SCHEMA = "schemas/measurement.schema.json"
RECORD_SCHEMA = "schemas/record.schema.json"
BROWSER_RECORD_SCHEMA = "schemas/browser-record.schema.json"

_VOCABULARIES: Mapping[tuple[str, str], Iterable[str]] = MappingProxyType(
    {
        ("TransformStep", "name"): TRANSFORMS,
        ("Variant", "runtime"): RUNTIMES,
        ("WorkloadChoice", "kind"): {*WORKLOADS, "workload.py"},
    }
)
"""Keys whose values a definition takes from the generator's tables; an editor offers them."""


def schemas() -> Mapping[str, str]:
    """Text of each schema by its path in the checkout: the same bytes for the same generator."""
    return {
        DEFINITION_SCHEMA: _text(_definition()),
        RECORD_SCHEMA: _text(_record(Record, "Record of a measurement")),
        BROWSER_RECORD_SCHEMA: _text(_record(BrowserRecord, "Record of a measurement in a browser")),
    }


def _definition() -> dict[str, Any]:
    schema = Measurement.model_json_schema()
    # The folder's name is the measurement's; the file does not say it.
    del schema["properties"]["name"]
    schema["required"].remove("name")
    for (table, key), words in _VOCABULARIES.items():
        schema["$defs"][table]["properties"][key]["enum"] = sorted(words)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "measurement.toml"}


def _record(kind: type[BaseModel], title: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **kind.model_json_schema(),
        "title": title,
    }


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
