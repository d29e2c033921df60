"""The program on one screen, and the only place that prints or exits.

Exit status: 0 fine, 1 a person must mend something, 2 the command was used wrongly, 3 measured, but some variants
failed, 130 interrupted (finished blocks are kept).
"""

from __future__ import annotations

import os
import secrets
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from generator import console as show
from generator.definition import Measurement, load_suite
from generator.errors import DefinitionError, GeneratorError, MissingPackage, suggest
from generator.prices import PRICES_FILE, load_prices
from generator.record import Record, SystemDescription, Tier, load_record, load_records, records_folder

if TYPE_CHECKING:
    from generator.analysis.findings import Findings
    from generator.analysis.reference import Reference
    from generator.publish.site import Page

out, err = Console(), Console(stderr=True)

FAILURES = 3
INTERRUPTED = 130

STEPS = {
    "stage": "Putting the pages in their places",
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
SuiteOption = Annotated[SuiteChoice, typer.Option(help="core: ten minutes at most; all: everything.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave for this run alone."""

    minutes: float | None = None
    wall_meter: Path | None = None
    watts_per_core: float | None = None


@app.command()
def build(
    measure: Annotated[MeasureChoice, typer.Option(help="What to measure first.")] = MeasureChoice.missing,
    suite: SuiteOption = SuiteChoice.core,
    tier: TierOption = Tier.STANDARD,
    only: Only = None,
    minutes: MinutesOption = None,
    open_site: Annotated[bool, typer.Option("--open", help="Open the site in a browser afterwards.")] = False,
    root: Root = Path(),
) -> None:
    """Measure what this machine has not measured yet, write the articles, build the site."""
    root = root.resolve()
    measurements = load_suite(root / "measurements")
    chosen = _chosen(measurements, suite, only)
    failed = [] if measure is MeasureChoice.none else _measure_if_possible(root, chosen, tier, measure, Given(minutes))
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
    suite: SuiteOption = SuiteChoice.core,
    tier: TierOption = Tier.STANDARD,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would run and how long.")] = False,
    minutes: MinutesOption = None,
    wall_meter: WallMeterOption = None,
    watts_per_core: WattsOption = None,
    root: Root = Path(),
) -> None:
    """Measure here and now, whatever records there are, and write a record each."""
    root = root.resolve()
    chosen = _chosen(load_suite(root / "measurements"), SuiteChoice.all if names else suite, names)
    failed = _measure(root, chosen, tier, MeasureChoice.all, Given(minutes, wall_meter, watts_per_core), plan)
    _exit_with_failures(failed)


@app.command("list")
def list_measurements(root: Root = Path()) -> None:
    """List measurements, their variants, and which records exist for this machine."""
    root = root.resolve()
    suite = load_suite(root / "measurements")
    show.print_suite(out, suite, _records(root, suite), _this_system())


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
    found = compared(*(_reference(text, records, here) for text in (first, second)))
    if json:
        typer.echo(words.as_json(found))
    else:
        words.print_comparisons(out, found)
    if any(isinstance(one, Across) and one.refused for one in found):
        raise typer.Exit(1)


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
    """Run the command line."""
    app(prog_name="python -m generator")


def _chosen(suite: Sequence[Measurement], which: SuiteChoice, only: Sequence[str] | None) -> tuple[Measurement, ...]:
    known = {one.name: one for one in suite}
    for name in only or ():
        if name not in known:
            raise DefinitionError("measurements/", [f"there is no measurement '{name}'. {suggest(name, known)}"])
    if only:
        return tuple(known[name] for name in only)
    return tuple(one for one in suite if which is SuiteChoice.all or one.suite == "core")


def _records(root: Path, suite: Sequence[Measurement]) -> Mapping[str, tuple[Record, ...]]:
    return {one.name: load_records(records_folder(root / "measurements", one)) for one in suite}


def _reference(text: str, records: Mapping[str, Sequence[Record]], here: SystemDescription | None) -> Reference:
    """What a word of `compare` names; a record that lies elsewhere is named by its file."""
    from generator.analysis.reference import Reference, known_variant, resolve

    name, colon, variant = text.rpartition(":") if text.rpartition(":")[0] else (text, "", "")
    if not name.endswith(".json"):
        return resolve(text, records, here.fingerprint() if here else None)
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

    system, suite = describe_system(), load_suite(root / "measurements")
    records = _records(root, suite)
    most_s = given.minutes * 60 if given.minutes else None
    runs = planning.plan_runs(chosen, records, system, tier, planning.MeasurePolicy(policy), most_s)
    if not runs:
        out.print("Nothing to measure: every measurement has a record of this machine.")
        return []
    show.print_plan(out, runs, planning.plan_runs(suite, records, system, tier, planning.MeasurePolicy.ALL))
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
            most_s=most_s,
            ceilings=lambda threads: machine_ceilings(threads, cache, system, display),
        )
        for run in runs:
            display.begin(run.measurement.name)
            record = run_measurement(run.measurement, run.tier, replace(where, seed=secrets.randbits(32)))
            show.print_took(out, run, record)
            failed += [f"{record.measurement}: {one.name}" for one in record.variants if one.failed]
    return failed


def _findings(root: Path) -> tuple[tuple[Measurement, ...], list[Findings]]:
    """All definitions, and what every record says about its own."""
    from generator.analysis.findings import analyse

    suite = load_suite(root / "measurements")
    records, prices = _records(root, suite), load_prices(root / "measurements" / PRICES_FILE)
    return suite, [analyse(one, record, prices) for one in suite for record in records[one.name]]


def _pages(root: Path) -> list[Page]:
    """Write every page; a module's function, for `serve` runs it in a fresh process."""
    from generator.publish.pages import pages

    suite, findings = _findings(root)
    site_url = os.environ.get("SITE_URL")
    return list(pages(findings, suite, root / ".cache" / "charts", root / "measurements", site_url))


def _publish(root: Path) -> Path:
    """Build the site; the newest record's time stands for "now", so that the same records give the same bytes."""
    from generator.publish.pages import pages
    from generator.publish.site import build_site

    with out.status("Reading the records, drawing the charts") as status:
        suite, findings = _findings(root)
        site_url = os.environ.get("SITE_URL")
        written = list(pages(findings, suite, root / ".cache" / "charts", root / "measurements", site_url))
        epoch = max((int(one.record.finished_at.timestamp()) for one in findings), default=None)
        return build_site(written, root, lambda step: status.update(STEPS[step]), epoch=epoch).path


def _exit_with_failures(failed: Sequence[str]) -> None:
    if failed:
        err.print(f"[red]Some variants failed[/]: {escape(', '.join(failed))}. The record and the page say why.")
        raise typer.Exit(FAILURES)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
