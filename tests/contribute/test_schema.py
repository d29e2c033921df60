"""JSON Schemas: current, and saying what the generator says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.contribute.schema import BROWSER_RECORD_SCHEMA, DEFINITION_SCHEMA, RECORD_SCHEMA, schemas
from generator.core.registry import RUNTIMES, TRANSFORMS, WORKLOADS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", [DEFINITION_SCHEMA, RECORD_SCHEMA, BROWSER_RECORD_SCHEMA])
def test_the_committed_schema_is_current(name: str) -> None:
    """After a change of a model: python -m generator schema."""
    assert (ROOT / name).read_text("utf-8") == schemas()[name]


def test_an_editor_is_offered_the_vocabulary() -> None:
    schema = json.loads(schemas()[DEFINITION_SCHEMA])
    tables = schema["$defs"]
    assert tables["Variant"]["properties"]["runtime"]["enum"] == sorted(RUNTIMES)
    assert tables["TransformStep"]["properties"]["name"]["enum"] == sorted(TRANSFORMS)
    assert tables["WorkloadChoice"]["properties"]["kind"]["enum"] == sorted({*WORKLOADS, "workload.py"})
    assert "name" not in schema["properties"]
    assert schema["additionalProperties"] is False
    assert tables["Variant"]["properties"]["baseline"]["description"]


def test_a_record_of_another_form_is_none() -> None:
    schema = json.loads(schemas()[RECORD_SCHEMA])
    assert schema["additionalProperties"] is False
    assert {"schema_version", "record_id", "blocks", "sha256"} <= set(schema["required"])
    assert schema["$defs"]["Round"]["properties"]["latencies_ns"]["items"]["exclusiveMinimum"] == 0
