"""The program's commands: what each takes, and which room does it. Only this room prints or exits.

Exit status: 0 fine, 1 a person must mend something, 2 the command was used wrongly, 3 done, but something was not
measured, not read or not published, or some machines of a cluster did not measure, 130 interrupted (finished blocks are
kept).
"""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from generator.cli import console as show
from generator.cli import contribute as contributing
from generator.cli import measure as measuring
from generator.cli import publish as publishing
from generator.cli.console_failures import print_not_measured
from generator.cli.options import (
    ClusterOption,
    MinutesOption,
    Only,
    PatienceOption,
    Root,
    SuiteOption,
    TierOption,
    WallMeterOption,
    WattsOption,
)
from generator.cli.records import compare, list_measurements, reproduce
from generator.core.attempt import NotMeasured
from generator.core.definition_file import load_sound
from generator.core.errors import GeneratorError
from generator.core.record import Tier
from generator.measure.plan import MeasurePolicy

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


@app.command()
def build(
    measure: Annotated[MeasurePolicy, typer.Option(help="What to measure first.")] = MeasurePolicy.MISSING,
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
    published = publishing.publish(root, problems, fetching=measure is MeasurePolicy.NONE)
    site = published.path
    show.print_site(out, site)
    if open_site:
        webbrowser.open(show.address(site))
    try:
        if measure is not MeasurePolicy.NONE:
            with _standing(site):
                failed += measuring.measure_if_possible(root, chosen, tier, measure, options, problems)
                failed += publishing.prepare_kit_if_possible(root)
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
    root: Root = Path(),
) -> None:
    """Measure here and now, or on a cluster, whatever records there are, and write a record each."""
    root = root.resolve()
    measurements, broken = load_sound(root / "measurements")
    chosen, problems = measuring.chosen_by(measurements, suite, names, broken), list[GeneratorError](broken.values())
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
    failed = measuring.measure(root, chosen, tier, MeasurePolicy.ALL, options, plan, problems)
    print_not_measured(err, failed)
    measuring.exit_with_failures(failed, problems)


@app.command("browser-kit")
def browser_kit(root: Root = Path()) -> None:
    """Prepare the models that a reader measures in the browser; measure nothing. `build --measure none` takes them."""
    failed = publishing.prepare_models(root.resolve())
    print_not_measured(err, failed)
    measuring.exit_with_failures(failed)


app.command("list")(list_measurements)


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


for command in (compare, reproduce, contributing.check, contributing.new, contributing.export, contributing.schema):
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


@contextlib.contextmanager
def _standing(site: Path) -> Iterator[None]:
    """Whatever ends the command from here on, there is a site, and the person learns where."""
    try:
        yield
    except BaseException:
        err.print(f"\nThe site is where it was: {show.address(site)}", highlight=False, soft_wrap=True, markup=False)
        raise
