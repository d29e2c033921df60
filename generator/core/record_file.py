"""A record's file: sealed when it is written, verified when it is read, found by its name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from generator.core.definition import Measurement
from generator.core.errors import RecordError
from generator.core.files import Unreadable, is_ours, read_plain
from generator.core.record import SCHEMA_VERSION, Record, SystemDescription

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""A larger record is refused unread: records come from strangers too."""


def record_id(measurement: str, started_at: datetime, system: SystemDescription, machine: str = "") -> str:
    """Name of a record, and of its file without the ending: measurement, UTC time, machine.

    Args:
        measurement: its name.
        started_at: when the run began.
        system: what it ran on.
        machine: in a fleet, where many of one kind may begin in the same second, what this one is called; it enters
            as six digits, for a host's name is nobody else's business.
    """
    which = f"-{hashlib.sha256(machine.encode()).hexdigest()[:6]}" if machine else ""
    return f"{measurement}-{started_at:%Y%m%dt%H%M%Sz}-{system.fingerprint()}{which}"


def sealed(fields: dict[str, Any]) -> Record:
    """Make a record of its fields, adding the hash over them.

    Raises:
        pydantic.ValidationError: when the fields are no record.
    """
    unsealed = Record.model_validate({**fields, "sha256": "0" * 64})
    data = json.loads(unsealed.model_dump_json())
    return Record.model_validate_json(json.dumps({**data, "sha256": seal_of(data)}))


def dump_record(record: Record) -> str:
    """The record as JSON text: readable, a round a line, the same bytes for the same record.

    A field that an older record does not have is not added to it: its hash is over what was measured then.
    """
    data = json.loads(record.model_dump_json(exclude_unset=True))
    text = json.dumps(data, ensure_ascii=False, indent=1)
    # A list of numbers stands on one line: records are read and diffed by people, a number a line is neither.
    return re.sub(r"\[\s+(-?[\d.][^\[\]{}\"]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text) + "\n"


def load_record(path: Path) -> Record:
    """Read and verify one record.

    Raises:
        RecordError: when it is truncated, edited, too large, or of another schema.
    """
    where = "/".join(path.parts[-3:])
    again = "Restore the file (git checkout), or delete it and measure again."
    try:
        data = decoded(read_plain(path, MAX_RECORD_BYTES))
    except FileNotFoundError as error:
        raise RecordError(where, "there is no such record", "List what there is: python -m generator list") from error
    except Unreadable as error:
        raise RecordError(where, f"the record {error.problem}", again) from error
    except (ValueError, RecursionError) as error:
        raise RecordError(where, f"the record is no complete JSON ({error})", again, line_of(error)) from error
    return parse_record(data, where)


def decoded(text: str) -> Any:
    """JSON of a record, strictly: no NaN, no infinity, no key twice.

    Raises:
        ValueError: when it is none.
        RecursionError: when it is nested beyond reason.
    """
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_key_twice)


def line_of(error: Exception) -> int | None:
    """Line of the text that `decoded` could not read; None where the decoder names none."""
    return error.lineno if isinstance(error, json.JSONDecodeError) else None


def parse_record(data: Any, where: str) -> Record:
    """Verify the decoded JSON of a record; see `load_record`."""
    again = "Restore the file (git checkout), or delete it and measure again."
    if not isinstance(data, dict):
        raise RecordError(where, "the record is no JSON object", again)
    if data.get("kind") == "browser":
        problem = "it was made in a browser, and such records are kept apart from native ones"
        raise RecordError(where, problem, "Move it from records/ to browser/, beside it.")
    if data.get("schema_version") != SCHEMA_VERSION:
        found = str(data.get("schema_version"))[:40]
        raise RecordError(
            where,
            f"the record's schema version is {found}, this generator reads {SCHEMA_VERSION}",
            "Use a generator of that version, or measure again.",
        )
    try:
        record = Record.model_validate_json(json.dumps(data, allow_nan=False))
    except ValueError as error:
        if not isinstance(error, ValidationError):  # a number too large for 64 bits, as 1e999
            raise RecordError(where, f"the record holds what is no JSON ({error})", again) from error
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        more = f" (and {error.error_count() - 1} more problems)" if error.error_count() > 1 else ""
        raise RecordError(where, f"{field}: {first['msg']}{more}", again) from error
    if seal_of(data) != record.sha256:
        problem = "the record's contents do not match its sha256: it was edited after it was measured"
        raise RecordError(where, problem, again)
    return record


def records_folder(measurements: Path, measurement: Measurement) -> Path:
    """Where the records of a measurement lie."""
    return measurements / measurement.name / "records"


def record_files(folder: Path) -> tuple[Path, ...]:
    """Files of the records in a folder, by name.

    Raises:
        RecordError: when the folder is a link.
    """
    if folder.is_symlink():
        raise RecordError("/".join(folder.parts[-2:]), "the folder is a link", "Put the folder itself there.")
    return tuple(sorted(path for path in folder.glob("*.json") if is_ours(path.name))) if folder.is_dir() else ()


def load_named(path: Path) -> Record:
    """Read and verify a record that must lie under its own name.

    Raises:
        RecordError: as `load_record` does, and when the file bears another name.
    """
    record = load_record(path)
    if path.stem != record.record_id:
        where = "/".join(path.parts[-3:])
        raise RecordError(where, f"the file holds record '{record.record_id}'", f"Name it {record.record_id}.json.")
    return record


def load_records(folder: Path) -> tuple[Record, ...]:
    """Read every record of a folder, oldest first; where there may be thousands, `load_named` reads one at a time.

    Raises:
        RecordError: for the first file that is no sound record.
    """
    return tuple(sorted(map(load_named, record_files(folder)), key=lambda r: (r.started_at, r.record_id)))


def outline(record: Record) -> Record:
    """What was run, where and when: the record without its blocks and its samples' quality, nearly all of its bytes.

    Its seal is still the whole's.
    """
    variants = tuple(one.model_copy(update={"quality": ()}) for one in record.variants)
    return record.model_copy(update={"blocks": (), "variants": variants})


def seal_of(data: Mapping[str, Any]) -> str:
    """SHA-256 over everything in a record's JSON but its seal: keys sorted, no blanks, ASCII only."""
    rest = {key: value for key, value in data.items() if key != "sha256"}
    return hashlib.sha256(
        json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    ).hexdigest()


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key '{next(key for key in keys if keys.count(key) > 1)[:40]}' stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
