"""Records made in a browser, as `check` reads them: those of a measurement's folder, and a file that lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from generator.browser.record import FOLDER, BrowserRecord, load_browser_record
from generator.contribute.records import of_record
from generator.core.errors import RecordError
from generator.core.files import is_ours
from generator.core.problem import Level, Problem


def in_folder(folder: Path, name: str, definition: str | None, now: datetime) -> Iterator[list[Problem]]:
    """What is wrong with each record that a measurement has of browsers, beside its native ones.

    Args:
        folder: of the measurement.
        name: how problems call that folder.
        definition: fingerprint of the measurement's definition; None where that cannot be read.
        now: records that end later have a wrong clock.
    """
    inside, known = folder / FOLDER, {folder.name: definition} if definition else {}
    if inside.is_symlink() or not inside.is_dir():
        return
    for path in sorted(inside.glob("*.json")):
        if not path.is_symlink() and is_ours(path.name):  # told of as a file
            yield list(_problems(path, f"{name}/{FOLDER}/{path.name}", known, now, folder.name))


def in_file(path: Path, known: Mapping[str, str], now: datetime) -> Iterator[Problem]:
    """What is wrong with one record, as the page saves it.

    Args:
        path: the file.
        known: fingerprints of definitions by the names of their measurements.
        now: as `in_folder` takes it.
    """
    return _problems(path, str(path), known, now, None)


def _problems(
    path: Path, file: str, known: Mapping[str, str], now: datetime, measurement: str | None
) -> Iterator[Problem]:
    try:
        record = load_browser_record(path)
    except RecordError as error:
        yield from of_record(file, path, error)
        return
    if measurement:
        yield from _about_place(path, file, record, measurement)
    if known.get(record.measurement, record.definition_sha256) != record.definition_sha256:
        remedy = "Measure again, unless the old definition is what you mean."
        yield Problem("it was measured to another definition", remedy, file=file, level=Level.ADVICE)
    if record.finished_at > now + timedelta(days=1):
        yield Problem("it ends in the future", "Set the device's clock, and measure again.", file=file)


def _about_place(path: Path, file: str, record: BrowserRecord, measurement: str) -> Iterator[Problem]:
    if path.stem != record.record_id:
        remedy = f"Name it {record.record_id}.json."
        yield Problem(f"the file holds record '{record.record_id}'", remedy, file=file)
    if record.measurement != measurement:
        remedy = f"Move it to measurements/{record.measurement}/{FOLDER}/."
        yield Problem(f"it is a record of '{record.measurement}'", remedy, file=file)
