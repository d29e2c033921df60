"""What is wrong with a sound record as a result of its measurement: definition, checkout, licences, clock.

Asked of a contributed file, and of a record that another machine has just sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from generator.core.definition import Measurement
from generator.core.problem import Level, Problem
from generator.core.record import Record

_NO_LICENCE = frozenset({"", "?", "-", "none", "null", "unknown", "todo", "n/a"})


def faults(record: Record, measurement: Measurement, now: datetime) -> Iterator[Problem]:
    """What is wrong with a record; the problems name no file.

    Args:
        record: it was read and verified.
        measurement: the definition that it belongs to.
        now: records that end a day later have a wrong clock.
    """
    if record.provenance.definition_sha256 != measurement.fingerprint():
        remedy = "Measure again, unless the old definition is what you mean."
        yield Problem("it was measured to another definition", remedy, level=Level.ADVICE)
    if record.provenance.generator_modified:
        remedy = "Commit or undo the changes, and measure again."
        yield Problem("it was measured from a checkout with changes", remedy, level=Level.ADVICE)
    for source in record.provenance.sources:
        if source.licence.strip().lower() in _NO_LICENCE:
            remedy = "Name it in generator/assets/catalogue.toml, and measure again."
            yield Problem(f"'{source.name}' has no licence", remedy)
    yield from _faults_of_clock(record, now)


def _faults_of_clock(record: Record, now: datetime) -> Iterator[Problem]:
    remedy = "Set the machine's clock, and measure again."
    if record.finished_at > now + timedelta(days=1):
        yield Problem("it ends in the future", remedy)
    moments = [block.started_at for block in record.blocks]
    outside = [one for one in moments if not record.started_at <= one <= record.finished_at]
    if outside:
        yield Problem(f"{len(outside)} blocks began outside the run", remedy)
    for workload in record.workloads:
        own = [block.started_at for block in record.blocks if block.workload == workload.name]
        if own != sorted(own):
            yield Problem(f"the clock went backwards between blocks of '{workload.name}'", remedy)
