"""Commands about records that there are: list them, compare two, and run one of them again here."""

from __future__ import annotations

import contextlib
import json as json_text
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from generator.cli import console as show
from generator.cli import measure as measuring
from generator.cli import publish as publishing
from generator.cli.console_failures import print_not_measured
from generator.cli.measure import RunOptions
from generator.cli.options import Root
from generator.core.definition import Measurement
from generator.core.definition_file import load_sound
from generator.core.errors import GeneratorError, RecordError
from generator.core.record import Record, SystemDescription
from generator.core.record_file import load_record
from generator.measure.plan import MeasurePolicy

if TYPE_CHECKING:
    from generator.results.freshness import Freshness
    from generator.results.reference import Reference

out, err = Console(), Console(stderr=True)


def list_measurements(
    stale: Annotated[bool, typer.Option("--stale", help="Only results worth measuring again, and why.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the records as data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """List measurements, their variants, and which records exist for this machine."""
    from generator.cli import console_confirm as words

    root = root.resolve()
    suite, broken = load_sound(root / "measurements")
    problems = list[GeneratorError](broken.values())
    records = _records(root, suite, problems)
    if json:
        data = [words.freshness_data(one) for one in _freshness(root, suite, records) if one.stale or not stale]
        typer.echo(json_text.dumps(data, ensure_ascii=False, indent=1))
    elif stale:
        words.print_stale(out, _freshness(root, suite, records))
    else:
        show.print_suite(out, suite, records, measuring.this_system())
    measuring.exit_with_failures((), problems)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Record, RECORD:VARIANT or MEASUREMENT:VARIANT.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same; a record is an id, the start of one, a file.")],
    json: Annotated[bool, typer.Option("--json", help="Print data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """Compare two variants of a run, or two runs by their ratios; refuse what cannot be compared, and say why."""
    from generator.cli import console_compare as words
    from generator.results.across import Across, compared

    root = root.resolve()
    records, here = _records(root, load_sound(root / "measurements")[0]), measuring.this_system()
    found = compared(*(_reference(root, text, records, here) for text in (first, second)))
    if json:
        typer.echo(words.as_json(found))
    else:
        words.print_comparisons(out, found)
    if any(isinstance(one, Across) and one.refused for one in found):
        raise typer.Exit(1)


def reproduce(
    record_id: Annotated[str, typer.Argument(metavar="RECORD-ID", help="A record's id, or the start of one.")],
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """Run exactly that result here, and say whether it agrees, or what differs."""
    from generator.cli import console_confirm as words
    from generator.results.confirmation import confirmation
    from generator.results.reference import resolve

    root = root.resolve()
    suite, _ = load_sound(root / "measurements")
    records = _records(root, suite)
    first = _whole(root, resolve(record_id, records, None).record)
    measurement = next(one for one in suite if one.name == first.measurement)
    if measurement.fingerprint() != first.provenance.definition_sha256:
        commit = first.provenance.generator_commit or "of that time"
        raise RecordError(first.record_id, "its definition has changed since", f"Check out the commit {commit}.")
    # A script reads the outcome alone from the standard output.
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        failed = measuring.measure(root, [measurement], first.tier, MeasurePolicy.ALL, RunOptions(core=first.core_only))
    known = {one.record_id for one in records[measurement.name]}
    after = _records(root, [measurement])[measurement.name]
    fresh = [one for one in after if one.record_id not in known]
    if not fresh:
        measuring.exit_with_failures(failed)
    found = confirmation(first, _whole(root, fresh[0]))
    if json:
        typer.echo(words.confirmation_json(first, found))
    else:
        words.print_confirmation(out, first, found)
    print_not_measured(err, failed)
    measuring.exit_with_failures(failed)


def _records(
    root: Path, suite: Sequence[Measurement], problems: list[GeneratorError] | None = None
) -> Mapping[str, tuple[Record, ...]]:
    """All records, oldest first, without their raw latencies; those that cannot be read are left out, and are told."""
    from generator.results.store import outlines

    return outlines(root / "measurements", suite, passed_over=problems if problems is not None else [])


def _whole(root: Path, record: Record) -> Record:
    """A record with its raw latencies."""
    from generator.results.store import whole

    return whole(root / "measurements", record.record_id)


def _freshness(root: Path, suite: Sequence[Measurement], records: Mapping[str, Sequence[Record]]) -> list[Freshness]:
    """Of the newest record of each measurement on each machine."""
    from generator.results.freshness import freshness

    available, now = publishing.pinned(root), datetime.now(UTC)
    newest = {(one.name, record.system.fingerprint()): (one, record) for one in suite for record in records[one.name]}
    return [freshness(record, one.fingerprint(), available, now) for one, record in newest.values()]


def _reference(
    root: Path, text: str, records: Mapping[str, Sequence[Record]], here: SystemDescription | None
) -> Reference:
    """What a word of `compare` names; a record that lies elsewhere is named by its file."""
    from generator.results.reference import Reference, known_variant, resolve

    name, colon, variant = text.rpartition(":") if text.rpartition(":")[0] else (text, "", "")
    if not name.endswith(".json"):
        found = resolve(text, records, here.fingerprint() if here else None)
        return replace(found, record=_whole(root, found.record))
    record = load_record(Path(name))
    return Reference(record, known_variant(record, variant, text) if colon else None)
