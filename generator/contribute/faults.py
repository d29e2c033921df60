"""What is wrong with a sound record as a result of its measurement: definition, checkout, licences, clock.

Asked of a contributed file, and of a record that another machine has just sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.contribute.problem import Level
from generator.core.definition import Measurement
from generator.core.record import Record

_NO_LICENCE = frozenset({"", "?", "-", "none", "null", "unknown", "todo", "n/a"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a record."""

    reason: str
    """Without a full stop."""

    remedy: str
    level: Level = Level.ERROR


def faults(record: Record, measurement: Measurement, now: datetime) -> Iterator[Fault]:
    """What is wrong with a record.

    Args:
        record: it was read and verified.
        measurement: the definition that it belongs to.
        now: records that end a day later have a wrong clock.
    """
    if record.provenance.definition_sha256 != measurement.fingerprint():
        remedy = "Measure again, unless the old definition is what you mean."
        yield Fault("it was measured to another definition", remedy, Level.ADVICE)
    if record.provenance.generator_modified:
        remedy = "Commit or undo the changes, and measure again."
        yield Fault("it was measured from a checkout with changes", remedy, Level.ADVICE)
    for source in record.provenance.sources:
        if source.licence.strip().lower() in _NO_LICENCE:
            remedy = "Name it in generator/assets/catalogue.toml, and measure again."
            yield Fault(f"'{source.name}' has no licence", remedy)
    yield from _faults_of_clock(record, now)


def _faults_of_clock(record: Record, now: datetime) -> Iterator[Fault]:
    remedy = "Set the machine's clock, and measure again."
    if record.finished_at > now + timedelta(days=1):
        yield Fault("it ends in the future", remedy)
    moments = [block.started_at for block in record.blocks]
    outside = [one for one in moments if not record.started_at <= one <= record.finished_at]
    if outside:
        yield Fault(f"{len(outside)} blocks began outside the run", remedy)
    for workload in record.workloads:
        own = [block.started_at for block in record.blocks if block.workload == workload.name]
        if own != sorted(own):
            yield Fault(f"the clock went backwards between blocks of '{workload.name}'", remedy)
