"""record: immutable, verified, and clear about what is wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition_file import load_measurement
from generator.core.errors import RecordError
from generator.core.record import Record, Tier
from generator.core.record_file import dump_record, load_record, load_records, parse_record, seal_of, sealed
from generator.measure.run import run_measurement
from generator.measure.run_context import RunContext

Make = Callable[..., Any]


@pytest.fixture
def record(measured_trial: Record) -> Record:
    """A record of a real run with the fake runtime."""
    return measured_trial


@pytest.fixture
def path(checkout: Make, record: Record) -> Path:
    """Its file."""
    path: Path = checkout() / "measurements/trial/records" / f"{record.record_id}.json"
    path.parent.mkdir()
    path.write_text(dump_record(record), "utf-8")
    return path


def test_file_gives_the_record_back(checkout: Make, run_context: Callable[..., RunContext]) -> None:
    """What is read is what the run wrote, to the byte."""
    root = checkout()
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    path = root / "measurements/trial/records" / f"{record.record_id}.json"
    assert load_record(path) == record
    assert path.read_text("utf-8") == dump_record(record)


def test_lists_of_numbers_stand_on_one_line(path: Path) -> None:
    """Records are read and diffed by people: a round's latencies are one line."""
    lines = [line for line in path.read_text("utf-8").splitlines() if "latencies_ns" in line]
    assert lines
    assert all(line.rstrip(",").endswith("]") for line in lines)


def test_edited_record_is_refused(path: Path) -> None:
    """A changed latency does not go unnoticed."""
    text = path.read_text("utf-8")
    assert "2000000" in text
    path.write_text(text.replace("2000000", "1999999", 1), "utf-8")
    with pytest.raises(RecordError, match=r"it was edited after it was measured.*Restore the file"):
        load_record(path)


def test_truncated_record_is_refused(path: Path) -> None:
    """A half file is named, with the remedy; it is not read in part."""
    text = path.read_text("utf-8")
    path.write_text(text[: len(text) // 2], "utf-8")
    with pytest.raises(RecordError, match=r"trial/records/.*no complete JSON.*git checkout"):
        load_record(path)


HOSTILE = [
    ("not an object", lambda d: [d], "no JSON object"),
    ("another version", lambda d: {**d, "schema_version": 99}, "schema version is 99"),
    ("no version", lambda d: {k: v for k, v in d.items() if k != "schema_version"}, "schema version is None"),
    ("unknown field", lambda d: {**d, "extra": 1}, "extra"),
    ("missing field", lambda d: {k: v for k, v in d.items() if k != "system"}, "system"),
    ("zero latency", lambda d: _with_latency(d, 0), "greater than 0"),
    ("negative latency", lambda d: _with_latency(d, -5), "greater than 0"),
    ("latency of years", lambda d: _with_latency(d, 10**18), "less than or equal"),
    ("text for a number", lambda d: _with_latency(d, "fast"), "valid integer"),
    ("stray variant", lambda d: _with_round(d, variant="nobody"), "unknown variants: nobody"),
    ("path in the id", lambda d: {**d, "record_id": "../../etc/passwd"}, "record_id"),
    ("clock backwards", lambda d: {**d, "finished_at": "2020-01-01T00:00:00Z"}, "finished before it started"),
    ("two of a name", lambda d: {**d, "variants": [*d["variants"], d["variants"][0]]}, "same name"),
]


def _with_round(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data["blocks"][0]["rounds"][0].update(changes)
    return data


def _with_latency(data: dict[str, Any], value: Any) -> dict[str, Any]:
    return _with_round(data, latencies_ns=[value])


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_wrong_record_is_refused(path: Path, change: Callable[[Any], Any], message: str) -> None:
    """Each kind of wrong content is one error that names the field."""
    with pytest.raises(RecordError, match=message):
        parse_record(change(json.loads(path.read_text("utf-8"))), "x.json")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(path: Path, constant: str) -> None:
    """JSON has no NaN; Python's reader would let it pass."""
    text = path.read_text("utf-8").replace('"lowest_cpu_share": 1.0', f'"lowest_cpu_share": {constant}', 1)
    path.write_text(text, "utf-8")
    with pytest.raises(RecordError, match="is no number"):
        load_record(path)


def test_missing_and_non_utf8_files(tmp_path: Path) -> None:
    """Neither is a traceback."""
    with pytest.raises(RecordError, match="no such record"):
        load_record(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match="not UTF-8"):
        load_record(tmp_path / "bytes.json")


def test_a_file_bears_its_records_name(path: Path) -> None:
    """Two copies of one record under two names would count twice."""
    path.rename(path.with_name("copy.json"))
    with pytest.raises(RecordError, match=r"Name it .*\.json"):
        load_records(path.parent)


def test_sealing_is_stable(record: Record) -> None:
    """The same fields give the same hash."""
    assert sealed(record.model_dump(mode="json", exclude={"sha256"})) == record


def test_records_cannot_be_changed(record: Record) -> None:
    """A record is immutable."""
    with pytest.raises(ValueError, match="frozen"):
        record.tier = Tier.FULL  # type: ignore[misc]


def test_a_record_from_before_a_field_existed_is_written_as_it_was_read(path: Path) -> None:
    """Its hash is over what was measured then: published with fields of today it would be refused as edited."""
    data = json.loads(path.read_text("utf-8"))
    for variant in data["variants"]:
        del variant["environment"]
    data["sha256"] = seal_of(data)
    old = parse_record(data, "old.json")
    assert old.variants[0].environment == ()
    assert json.loads(dump_record(old)) == data
    assert parse_record(json.loads(dump_record(old)), "old.json") == old
