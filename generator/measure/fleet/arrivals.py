"""Records that come from other machines: verified as if contributed, then kept, or put aside with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.core.definition import Measurement
from generator.core.errors import RecordError
from generator.core.record import Record, SystemDescription, Tier
from generator.core.record_file import (
    MAX_RECORD_BYTES,
    decoded,
    dump_record,
    line_of,
    parse_record,
    records_folder,
)
from generator.measure.fleet.remote import Checkout
from generator.measure.journal import write_whole

Doubts = Callable[[Record, Measurement], Sequence[str]]
"""What else forbids a record to be kept, a sentence each; the rooms above this one know."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One measurement that one machine is to make."""

    measurement: Measurement
    tier: Tier
    most_s: float | None = None
    core: bool = False
    """Only what the core suite measures."""


class PutAside(Exception):
    """A record was not believed; nothing of it is lost.

    Args:
        path: where it lies now, with the reason beside it.
        reason: why.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Where records of other machines are received."""

    measurements: Path
    """Folder of all measurements; a record goes to its own."""

    aside: Path
    """Folder for what is not believed."""

    ours: Checkout
    doubts: Doubts

    def keep(self, answer: bytes, errand: Errand, machine: str, system: SystemDescription) -> Record:
        """Verify a record and put it into its measurement's folder.

        Args:
            answer: its JSON as it came.
            errand: what was asked for.
            machine: what we call the machine that sent it.
            system: what that machine said that it is.

        Raises:
            PutAside: when it is no sound record, or not of what was asked for.
            StorageError: when it cannot be written.
        """
        where = f"{machine}: {errand.measurement.name}"
        try:
            record = _parsed(answer, where)
            for problem in (*self._unlike(record, errand, system), *self.doubts(record, errand.measurement)):
                raise RecordError(where, problem.rstrip("."))
            path = records_folder(self.measurements, errand.measurement) / f"{record.record_id}.json"
            text = dump_record(record)
            if path.exists():
                if path.read_text("utf-8") == text:
                    return record
                raise RecordError(where, f"another record '{record.record_id}' is there already")
        except RecordError as error:
            raise self._put_aside(answer, f"{machine}-{errand.measurement.name}", error) from error
        write_whole(path, text)
        return record

    def _unlike(self, record: Record, errand: Errand, system: SystemDescription) -> Iterator[str]:
        """In what it differs from what was asked for."""
        if record.measurement != errand.measurement.name:
            yield f"it is a record of '{record.measurement}'"
        if record.tier is not errand.tier:
            yield f"it is of the tier {record.tier}, and {errand.tier} was asked for"
        if record.provenance.definition_sha256 != errand.measurement.fingerprint():
            yield "it was measured to another definition"
        if record.provenance.code_sha256 != self.ours.code_sha256:
            yield "it was measured by other code"
        if record.system.fingerprint() != system.fingerprint():
            yield "it describes another machine than the one that sent it"

    def _put_aside(self, answer: bytes, name: str, error: RecordError) -> PutAside:
        """Write what came, and why it is not believed, where no page is made of it."""
        path = self.aside / f"{name}-{hashlib.sha256(answer).hexdigest()[:12]}.json"
        reason = error.problem.encode("utf-8", "replace").decode()  # it may quote half a character
        if not path.exists():
            write_whole(path.with_suffix(".txt"), f"{error.where}: {reason}.\n")
            write_whole(path, answer)
        return PutAside(path, reason)


def _parsed(answer: bytes, where: str) -> Record:
    """Strictly, as a file of a stranger is read."""
    if len(answer) > MAX_RECORD_BYTES:
        raise RecordError(where, f"the record is larger than {MAX_RECORD_BYTES // 2**20} MiB")
    try:
        data = decoded(answer.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordError(where, f"the record is no complete JSON ({error})", line=line_of(error)) from error
    return parse_record(data, where)
