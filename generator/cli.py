"""The program on one screen, and the only place that prints or exits.

Exit status: 0 fine, 1 a person must mend something, 2 the command was used wrongly, 3 measured, but some variants
failed or some machines of a cluster did not measure, 130 interrupted (finished blocks are kept).
"""

from __future__ import annotations

import contextlib
import json as json_text
import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from generator import cli_contribute as contributing
from generator import console as show
from generator.definition import Measurement, load_suite
from generator.errors import (
    AssetError,
    DefinitionError,
    GeneratorError,
    MissingPackage,
    PreparationError,
    RecordError,
    StorageError,
    suggest,
)
from generator.prices import PRICES_FILE, load_prices
from generator.record import Record, SystemDescription, Tier, load_record

if TYPE_CHECKING:
    from generator.analysis.collection import Collection
    from generator.analysis.freshness import Freshness
    from generator.analysis.reference import Reference
    from generator.browser.kit import Kit
    from generator.measure.plan import Planned
    from generator.publish.site import Page

out, err = Console(), Console(stderr=True)

FAILURES = 3
INTERRUPTED = 130

STEPS = {
    "wait": "Waiting: another build is going on in this checkout",
    "stage": "Writing the pages, drawing the charts",
    "ru": "Building the Russian site",
    "en": "Building the English site",
    "finish": "Finishing",
    "check": "Checking every link",
}
"""What a person reads while each step of `build_site` goes on."""


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


class MeasureChoice(StrEnum):
    """What `build` measures."""

    none = "none"
    missing = "missing"
    all = "all"


class SuiteChoice(StrEnum):
    """Which measurements take part."""

    core = "core"
    all = "all"


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
SuiteOption = Annotated[
    SuiteChoice | None,
    typer.Option(
        help="core: the variants that take ten minutes in all; all: everything, within two hours. core when left out, "
        "but of measurements that are named everything."
    ),
]


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave for this run alone."""

    minutes: float | None = None
    wall_meter: Path | None = None
    watts_per_core: float | None = None
    suite: SuiteChoice | None = None
    """The suite that is to end in its time; None where measurements were named and take as long as they need."""

    core: bool = False
    """Only what the core suite measures."""

    cluster: str | None = None
    """Scheduler's address or file, where other machines are to measure."""

    patience_s: float = 0.0
    """How long to wait for one of them."""


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
    """Measure what this machine has not measured yet, write the articles, build the site."""
    root = root.resolve()
    measurements = load_suite(root / "measurements")
    chosen, given = _chosen(measurements, suite, only), replace(_given(suite, only), minutes=minutes)
    failed = list[str]()
    if measure is not MeasureChoice.none:
        failed = _measure_if_possible(root, chosen, tier, measure, given)
        _prepare_kit_if_possible(root)
    site = _publish(root)
    out.print(f"\nThe site is in [bold]{escape(str(site / 'index.html'))}[/] (English: en/index.html).")
    out.print(f"Look at it: python -m http.server --directory {escape(_shown(site))} 8000, then http://localhost:8000")
    if open_site:
        webbrowser.open((site / "index.html").as_uri())
    _exit_with_failures(failed)


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
    root: Root = Path(),
) -> None:
    """Measure here and now, or on a cluster, whatever records there are, and write a record each."""
    root = root.resolve()
    chosen = _chosen(load_suite(root / "measurements"), suite, names)
    given = replace(
        _given(suite, names),
        minutes=minutes,
        wall_meter=wall_meter,
        watts_per_core=watts_per_core,
        cluster=cluster,
        patience_s=patience * 60,
    )
    if given.cluster is not None:
        _measure_on_cluster(root, given.cluster, chosen, tier, given, plan)
        return
    failed = _measure(root, chosen, tier, MeasureChoice.all, given, plan)
    _exit_with_failures(failed)


@app.command("browser-kit")
def browser_kit(root: Root = Path()) -> None:
    """Prepare the models that a reader measures in the browser; measure nothing. `build --measure none` takes them."""
    _prepare_kit(root.resolve())


@app.command("list")
def list_measurements(
    stale: Annotated[bool, typer.Option("--stale", help="Only results worth measuring again, and why.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the records as data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """List measurements, their variants, and which records exist for this machine."""
    from generator import console_confirm as words

    root = root.resolve()
    suite = load_suite(root / "measurements")
    records = _records(root, suite)
    if json:
        data = [words.freshness_data(one) for one in _freshness(root, suite, records) if one.stale or not stale]
        typer.echo(json_text.dumps(data, ensure_ascii=False, indent=1))
    elif stale:
        words.print_stale(out, _freshness(root, suite, records))
    else:
        show.print_suite(out, suite, records, _this_system())


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    open_site: Annotated[bool, typer.Option("--open", help="Open the site in a browser.")] = False,
    root: Root = Path(),
) -> None:
    """Build without measuring, serve, and rebuild when a template, a definition, a record or a page changes."""
    from generator.publish.serve import serve as serve_site

    serve_site(root.resolve(), partial(_pages, root.resolve()), host=host, port=port, open_browser=open_site)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Record, RECORD:VARIANT or MEASUREMENT:VARIANT.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same; a record is an id, the start of one, a file.")],
    json: Annotated[bool, typer.Option("--json", help="Print data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """Compare two variants of a run, or two runs by their ratios; refuse what cannot be compared, and say why."""
    from generator import console_compare as words
    from generator.analysis.across import Across, compared

    root = root.resolve()
    records, here = _records(root, load_suite(root / "measurements")), _this_system()
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
    from generator import console_confirm as words
    from generator.analysis.confirmation import confirmation
    from generator.analysis.reference import resolve

    root = root.resolve()
    suite = load_suite(root / "measurements")
    records = _records(root, suite)
    first = _whole(root, resolve(record_id, records, None).record)
    measurement = next(one for one in suite if one.name == first.measurement)
    if measurement.fingerprint() != first.provenance.definition_sha256:
        commit = first.provenance.generator_commit or "of that time"
        raise RecordError(first.record_id, "its definition has changed since", f"Check out the commit {commit}.")
    # A script reads the outcome alone from the standard output.
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        failed = _measure(root, [measurement], first.tier, MeasureChoice.all, Given(core=first.core_only))
    known = {one.record_id for one in records[measurement.name]}
    after = _records(root, [measurement])[measurement.name]
    found = confirmation(first, _whole(root, next(one for one in after if one.record_id not in known)))
    if json:
        typer.echo(words.confirmation_json(first, found))
    else:
        words.print_confirmation(out, first, found)
    _exit_with_failures(failed)


for command in (contributing.check, contributing.new, contributing.export, contributing.schema):
    app.command()(command)


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print data instead of words.")] = False,
    root: Root = Path(),
) -> None:
    """Say what this machine can and cannot measure, how noisy it is now, and how to make it quieter."""
    from generator import console_doctor as words
    from generator.measure.doctor import examine

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


def _given(suite: SuiteChoice | None, only: Sequence[str] | None) -> Given:
    """What a person asked for by a suite and names: a suite ends in its time, what is named takes what it needs."""
    if only:
        return Given(core=suite is SuiteChoice.core)
    return Given(suite=suite or SuiteChoice.core, core=suite is not SuiteChoice.all)


def _chosen(
    suite: Sequence[Measurement], which: SuiteChoice | None, only: Sequence[str] | None
) -> tuple[Measurement, ...]:
    known = {one.name: one for one in suite}
    for name in only or ():
        if name not in known:
            raise DefinitionError("measurements/", [f"there is no measurement '{name}'. {suggest(name, known)}"])
        if which is SuiteChoice.core and known[name].suite != "core":
            raise DefinitionError("measurements/", [f"'{name}' is not part of the core suite. Leave --suite out."])
    if only:
        return tuple(known[name] for name in only)
    return tuple(one for one in suite if which is SuiteChoice.all or one.suite == "core")


def _records(root: Path, suite: Sequence[Measurement]) -> Mapping[str, tuple[Record, ...]]:
    """All records, oldest first, without their raw latencies."""
    from generator.store import outlines

    return outlines(root / "measurements", suite)


def _whole(root: Path, record: Record) -> Record:
    """A record with its raw latencies."""
    from generator.store import whole

    return whole(root / "measurements", record.record_id)


def _freshness(root: Path, suite: Sequence[Measurement], records: Mapping[str, Sequence[Record]]) -> list[Freshness]:
    """Of the newest record of each measurement on each machine."""
    from generator.analysis.freshness import freshness

    available, now = _pins(root), datetime.now(UTC)
    newest = {(one.name, record.system.fingerprint()): (one, record) for one in suite for record in records[one.name]}
    return [freshness(record, one.fingerprint(), available, now) for one, record in newest.values()]


def _pins(root: Path) -> Mapping[str, str]:
    from generator.analysis.freshness import pins

    path = root / "constraints.txt"
    return pins(path.read_text("utf-8")) if path.is_file() else {}


def _reference(
    root: Path, text: str, records: Mapping[str, Sequence[Record]], here: SystemDescription | None
) -> Reference:
    """What a word of `compare` names; a record that lies elsewhere is named by its file."""
    from generator.analysis.reference import Reference, known_variant, resolve

    name, colon, variant = text.rpartition(":") if text.rpartition(":")[0] else (text, "", "")
    if not name.endswith(".json"):
        found = resolve(text, records, here.fingerprint() if here else None)
        return replace(found, record=_whole(root, found.record))
    record = load_record(Path(name))
    return Reference(record, known_variant(record, variant, text) if colon else None)


def _this_system() -> SystemDescription | None:
    from generator.measure.system import describe_system

    try:
        return describe_system()
    except MissingPackage:
        return None


def _measure_if_possible(
    root: Path, chosen: Sequence[Measurement], tier: Tier, policy: MeasureChoice, given: Given
) -> list[str]:
    """Measure; without the packages for it, say so in one line and go on with the records that are there."""
    try:
        return _measure(root, chosen, tier, policy, given)
    except MissingPackage as error:
        err.print(
            f"Nothing is measured: {escape(str(error))} The site is made of the committed records.", soft_wrap=True
        )
        return []


def _measure(
    root: Path,
    chosen: Sequence[Measurement],
    tier: Tier,
    policy: MeasureChoice,
    given: Given,
    only_plan: bool = False,
) -> list[str]:
    """Run what the policy asks for.

    Returns:
        "measurement: variant" for each variant that failed.
    """
    from generator.measure import plan as planning

    planning.require_packages(chosen)

    from generator.assets.cache import Cache
    from generator.measure.ceilings import machine_ceilings
    from generator.measure.energy import find_meter
    from generator.measure.run import Surroundings, run_measurement
    from generator.measure.system import describe_system
    from generator.store import outlines

    system, suite = describe_system(), load_suite(root / "measurements")
    records = outlines(root / "measurements", suite, system.fingerprint())
    planned = _planned(chosen, records, system, tier, policy, given)
    if not planned.runs:
        out.print("Nothing to measure: every measurement has a record of this machine.")
        return []
    suites = planning.plan_suites(suite, records, system)
    show.print_plan(out, planned.runs, suites, planned.each_s, named=given.suite is None)
    if only_plan:
        return []
    cache, failed = Cache.default(root), list[str]()
    with planning.only_run(cache.root), show.RunDisplay(out) as display:
        where = Surroundings(
            root,
            cache,
            system,
            tell=display,
            meter=find_meter(given.wall_meter),
            watts_per_core=given.watts_per_core,
            most_s=planned.most_s,
            core=given.core,
            ceilings=lambda threads: machine_ceilings(threads, cache, system, display),
        )
        for run in planned.runs:
            display.begin(run.measurement.name)
            record = run_measurement(run.measurement, run.tier, replace(where, seed=secrets.randbits(32)))
            show.print_took(out, run, record)
            failed += [f"{record.measurement}: {one.name}" for one in record.variants if one.failed]
    return failed


def _planned(
    chosen: Sequence[Measurement],
    records: Mapping[str, Sequence[Record]],
    system: SystemDescription,
    tier: Tier,
    policy: MeasureChoice,
    given: Given,
) -> Planned:
    """What a machine is to run, and how long each may take."""
    from generator.measure import plan as planning

    most_s = given.minutes * 60 if given.minutes else None
    runs = planning.plan_runs(chosen, records, system, tier, planning.MeasurePolicy(policy), most_s, given.core)
    if given.suite and given.minutes is None and tier is Tier.STANDARD:
        runs, each_s = planning.plan_within(planning.SUITE_LIMITS_S[given.suite], runs)
        return planning.Planned(runs, each_s, each_s)
    return planning.Planned(runs, most_s, None)


def _measure_on_cluster(
    root: Path, address: str, chosen: Sequence[Measurement], tier: Tier, given: Given, only_plan: bool
) -> None:
    """Measure on every machine of a cluster, and exit with failures when something was not measured somewhere."""
    from generator import cli_cluster as clustered
    from generator.store import outlines

    if given.wall_meter or given.watts_per_core:
        raise typer.BadParameter("a meter and the watts of a core are one machine's, and --cluster is many")
    records = outlines(root / "measurements", chosen)
    complete = clustered.measure(
        root,
        address,
        [one.name for one in chosen],
        lambda system: _planned(chosen, records, system, tier, MeasureChoice.all, given),
        patience_s=given.patience_s,
        only_plan=only_plan,
    )
    if not complete:
        err.print("[red]Not everything was measured everywhere[/]; the lines above and the records say why.")
        raise typer.Exit(FAILURES)


def _collection(root: Path) -> tuple[tuple[Measurement, ...], Collection]:
    """All definitions, and what the records say about them."""
    from generator.store import collect

    measurements = root / "measurements"
    suite, prices = load_suite(measurements), load_prices(measurements / PRICES_FILE)
    return suite, collect(measurements, suite, prices, root / ".cache" / "records")


def _prepare_kit(root: Path) -> None:
    """Prepare the models that a reader measures in the browser."""
    from generator.assets.cache import Cache
    from generator.measure.browser_kit import prepare_kit

    suite, collection = _collection(root)
    published = {name: {sha for one in every for sha in one.artifacts} for name, every in collection.every.items()}
    with show.RunDisplay(out) as display:
        prepare_kit(suite, published, root, Cache.default(root), display)


def _prepare_kit_if_possible(root: Path) -> None:
    """Prepare them; when that fails, say so in one line: the site is built without them."""
    try:
        _prepare_kit(root)
    except GeneratorError as error:
        err.print(f"No models for the page 'Measure on your own device': {escape(str(error))}", soft_wrap=True)


def _kit(root: Path, suite: Sequence[Measurement]) -> Kit | None:
    """What the page "Measure on your own device" needs; None, and a line that says why, when it is not to be had."""
    from generator.assets.asset import asset
    from generator.assets.cache import Cache
    from generator.assets.fetch import fetch
    from generator.browser.kit import RUNTIME, Engine, Kit, load_groups

    cache = Cache.default(root)
    try:
        groups, runtime = load_groups(suite, cache.root), asset(RUNTIME)
        script, binary, gpu_script, gpu_binary = fetch(runtime, cache)
    except (AssetError, PreparationError, StorageError) as error:
        reason = escape(str(error))
        err.print(f"The page 'Measure on your own device' is built without its button: {reason}", soft_wrap=True)
        return None
    version = runtime.origin.rpartition("@")[2]
    return Kit(version, Engine(script, binary), Engine(gpu_script, gpu_binary), groups, cache.root)


def _pages(root: Path) -> Iterator[Page]:
    """Write every page; a module's function, for `serve` runs it in a fresh process."""
    return _written(root, *_collection(root))


def _written(
    root: Path, suite: Sequence[Measurement], collection: Collection, drawn: Callable[[int, int], None] | None = None
) -> Iterator[Page]:
    from generator.publish.freshness import Today
    from generator.publish.pages import pages

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    today = Today(datetime.fromtimestamp(int(epoch), UTC) if epoch else None, _pins(root))
    beside = os.environ.get("SITE_URL"), _kit(root, suite), today
    return pages(collection, suite, root / ".cache" / "charts", root / "measurements", *beside, drawn)


def _publish(root: Path) -> Path:
    """Build the site; the newest record's time stands for "now", so that the same records give the same bytes."""
    from generator.publish.site import build_site

    with out.status("Reading the records") as status:

        def drawn(done: int, count: int) -> None:
            status.update(f"Drawing charts: {done} of {count}")

        suite, collection = _collection(root)
        written = _written(root, suite, collection, drawn)
        epoch = max((int(one.finished_at.timestamp()) for one in collection.summaries), default=None)
        return build_site(written, root, lambda step: status.update(STEPS[step]), epoch=epoch).path


def _exit_with_failures(failed: Sequence[str]) -> None:
    if failed:
        err.print(f"[red]Some variants failed[/]: {escape(', '.join(failed))}. The record and the page say why.")
        raise typer.Exit(FAILURES)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
