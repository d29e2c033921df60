"""The program's commands: what each takes, and which room does it. Only this room prints or exits.

Exit status: 0 fine, 1 a person must mend something, 2 the command was used wrongly, 3 done, but something was not
measured, not read or not published, or some machines of a cluster did not measure, 130 interrupted (finished blocks are
kept).
"""

from __future__ import annotations

import contextlib
import json as json_text
import sys
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from generator.cli import console as show
from generator.cli import contribute as contributing
from generator.cli import measure as measuring
from generator.cli import publish as publishing
from generator.cli.console_failures import print_not_measured
from generator.cli.measure import MeasureChoice, RunOptions, SuiteChoice
from generator.core.attempt import NotMeasured
from generator.core.definition import Measurement
from generator.core.definition_file import load_sound
from generator.core.errors import GeneratorError, RecordError
from generator.core.record import Record, SystemDescription, Tier
from generator.core.record_file import load_record

if TYPE_CHECKING:
    from generator.results.freshness import Freshness
    from generator.results.reference import Reference

out, err = Console(), Console(stderr=True)

INTERRUPTED = 130


class Commands(typer.core.TyperGroup):
    """Turns everything that a person can mend into one message, and an interruption into one sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GeneratorError as error:
            err.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        except OSError as error:
            where = error.filename or "the file system"
            err.print(f"[red]error:[/] {escape(str(where))}: {escape(error.strerror or str(error))}.", soft_wrap=True)
        except KeyboardInterrupt:
            err.print("\nInterrupted. Finished blocks are kept: the same command goes on from there.")
            raise typer.Exit(INTERRUPTED) from None
        raise typer.Exit(1)


app = typer.Typer(
    cls=Commands,
    help="Measures the efficiency of AI inference, writes the articles and builds the site.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


Root = Annotated[Path, typer.Option("--root", help="The checkout to work in.", hidden=True)]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this measurement; may be given several times.")]
TierOption = Annotated[Tier, typer.Option(help="How thoroughly: smoke is a first look, standard may be published.")]
WallMeterOption = Annotated[
    Path | None,
    typer.Option(help="CSV of a meter at the wall, time,watts in UTC, that is being written while this runs."),
]
WattsOption = Annotated[
    float | None,
    typer.Option(help="Your own watts a busy core, for an estimate that is labelled so.", min=0.01, max=1000),
]
MinutesOption = Annotated[
    float | None,
    typer.Option(help="Stop each measurement after about so long, with the interval as it is then.", min=0.1),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Measure on every machine of a Dask cluster: its scheduler's address, or scheduler file.",
    ),
]
PatienceOption = Annotated[
    float, typer.Option(help="With --cluster: minutes to wait for a machine that has left, or for the first.", min=0)
]
EndpointOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Address of the server that is asked, http://HOST:PORT/v1; VARIANT=ADDRESS for one variant of several."
    ),
]
SuiteOption = Annotated[
    SuiteChoice | None,
    typer.Option(
        help="core: the variants that take ten minutes in all; all: everything, within two hours. core when left out, "
        "but of measurements that are named everything."
    ),
]


@app.command()
def build(
    measure: Annotated[MeasureChoice, typer.Option(help="What to measure first.")] = MeasureChoice.missing,
    suite: SuiteOption = None,
    tier: TierOption = Tier.STANDARD,
    only: Only = None,
    minutes: MinutesOption = None,
    open_site: Annotated[bool, typer.Option("--open", help="Open the site in a browser afterwards.")] = False,
    root: Root = Path(),
) -> None:
    """Build the site from the records that are there, measure what this machine has not measured yet, build again."""
    from generator.cli.console_machine import print_machine

    root = root.resolve()
    measurements, broken = load_sound(root / "measurements")
    chosen = measuring.chosen_by(measurements, suite, only, broken)
    options = replace(measuring.run_options(suite, only), minutes=minutes)
    failed, problems = list[NotMeasured](), list[GeneratorError](broken.values())
    before = publishing.ingredients(root)
    published = publishing.publish(root, problems, fetching=measure is MeasureChoice.none)
    site = published.path
    show.print_site(out, site)
    if open_site:
        webbrowser.open(show.address(site))
    try:
        if measure is not MeasureChoice.none:
            with _standing(site):
                failed += measuring.measure_if_possible(root, chosen, tier, measure, options, problems)
                publishing.prepare_kit_if_possible(root)
                if publishing.ingredients(root) != before:
                    published = publishing.publish(root, problems, fetching=False)
                    show.print_site(out, published.path, again=True)
        print_machine(out, published.machine)
    finally:
        print_not_measured(err, failed)
    measuring.exit_with_failures(failed, problems)


@app.command()
def measure(  # noqa: PLR0913 - a command takes what its options give
    names: Annotated[
        list[str] | None, typer.Argument(help="Measurements; all of the suite when none is named.")
    ] = None,
    suite: SuiteOption = None,
    tier: TierOption = Tier.STANDARD,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would run and how long.")] = False,
    minutes: MinutesOption = None,
    wall_meter: WallMeterOption = None,
    watts_per_core: WattsOption = None,
    cluster: ClusterOption = None,
    patience: PatienceOption = 2.0,
    endpoint: EndpointOption = None,
    root: Root = Path(),
) -> None:
    """Measure here and now, or on a cluster, whatever records there are, and write a record each."""
    root = root.resolve()
    measurements, broken = load_sound(root / "measurements")
    chosen, problems = measuring.chosen_by(measurements, suite, names, broken), list[GeneratorError](broken.values())
    chosen = measuring.at_endpoints(chosen, endpoint or ())
    options = replace(
        measuring.run_options(suite, names),
        minutes=minutes,
        wall_meter=wall_meter,
        watts_per_core=watts_per_core,
        cluster=cluster,
        patience_s=patience * 60,
    )
    if options.cluster is not None:
        measuring.measure_on_cluster(root, options.cluster, chosen, tier, options, plan)
        return
    failed = measuring.measure(root, chosen, tier, MeasureChoice.all, options, plan, problems)
    print_not_measured(err, failed)
    measuring.exit_with_failures(failed, problems)


@app.command("browser-kit")
def browser_kit(root: Root = Path()) -> None:
    """Prepare the models that a reader measures in the browser; measure nothing. `build --measure none` takes them."""
    publishing.prepare_models(root.resolve())


@app.command("list")
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


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    open_site: Annotated[bool, typer.Option("--open", help="Open the site in a browser.")] = False,
    root: Root = Path(),
) -> None:
    """Build without measuring, serve, and rebuild when a template, a definition, a record or a page changes."""
    from generator.site.serve import serve as serve_site

    serve_site(
        root.resolve(), partial(publishing.all_pages, root.resolve()), host=host, port=port, open_browser=open_site
    )


@app.command()
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


@app.command()
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
        failed = measuring.measure(root, [measurement], first.tier, MeasureChoice.all, RunOptions(core=first.core_only))
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


for command in (contributing.check, contributing.new, contributing.export, contributing.schema):
    app.command()(command)


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """Say what this machine can and cannot measure, how noisy it is now, and how to make it quieter."""
    from generator.cli import console_doctor as words
    from generator.measure.doctor.diagnosis import examine

    with words.Watching(err) as watching:
        diagnosis = examine(root.resolve(), watching)
    if json:
        typer.echo(words.diagnosis_json(diagnosis))
    else:
        words.print_diagnosis(out, diagnosis)
    if not diagnosis.can_measure:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line, as `python -m generator` or as the script whose words a shell can complete."""
    called = Path(sys.argv[0]).stem
    app(prog_name=called if called == "inference-report" else "python -m generator")


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


@contextlib.contextmanager
def _standing(site: Path) -> Iterator[None]:
    """Whatever ends the command from here on, there is a site, and the person learns where."""
    try:
        yield
    except BaseException:
        err.print(f"\nThe site is where it was: {show.address(site)}", highlight=False, soft_wrap=True, markup=False)
        raise
