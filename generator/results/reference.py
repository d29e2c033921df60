"""What a person means by "A" and "B": a record, or a variant of one. Looks names up; reads no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.core.errors import RecordError, suggest
from generator.core.record import Record

LIST = "List what there is: python -m generator list"


@dataclass(frozen=True, slots=True)
class Reference:
    """A record, and a variant of it when one was named."""

    record: Record
    variant: str | None


def resolve(text: str, records: Mapping[str, Sequence[Record]], here: str | None) -> Reference:
    """Find what a word names.

    Args:
        text: RECORD, RECORD:VARIANT, MEASUREMENT or MEASUREMENT:VARIANT. RECORD is a record's id or the beginning of
            one; of a measurement, the newest record of this machine is meant.
        records: records of each measurement by its name, oldest first.
        here: fingerprint of this machine; None when it is unknown.

    Raises:
        RecordError: when nothing bears the name, or several records begin with it.
    """
    name, colon, variant = text.partition(":")
    record = _newest(name, records[name], here) if name in records else _by_prefix(name, records)
    if not colon:
        return Reference(record, None)
    return Reference(record, known_variant(record, variant, text))


def known_variant(record: Record, variant: str, where: str) -> str:
    """The variant's name, when the record has it.

    Raises:
        RecordError: when it does not, with the nearest that it has.
    """
    names = [one.name for one in record.variants]
    if variant not in names:
        problem = f"the record {record.record_id} has no variant '{variant}'"
        raise RecordError(where, problem, suggest(variant, names))
    return variant


def _newest(measurement: str, records: Sequence[Record], here: str | None) -> Record:
    ours = [one for one in records if one.system.fingerprint() == here]
    if not ours:
        elsewhere = f" ({len(records)} of other machines: name one by its id)" if records else ""
        problem = f"the measurement has no record of this machine{elsewhere}"
        raise RecordError(measurement, problem, f"Measure it: python -m generator measure {measurement}")
    return ours[-1]


def _by_prefix(name: str, records: Mapping[str, Sequence[Record]]) -> Record:
    known = {one.record_id: one for many in records.values() for one in many}
    if name in known:
        return known[name]
    found = sorted(one for one in known if name and one.startswith(name))
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise RecordError(name, f"{len(found)} records begin so: {', '.join(found)}", "Write more of the one you mean.")
    names = [*known, *records]
    problem = "no record and no measurement bears this name"
    raise RecordError(name or "''", problem, suggest(name, names) if names else LIST)
