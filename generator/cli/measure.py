"""What `build`, `measure` and `reproduce` do when they measure: choose, plan, run, show the progress."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from generator.cli import console as show
from generator.cli.console_progress import RunDisplay
from generator.core.attempt import Attempt, NotMeasured
from generator.core.definition import Measurement
from generator.core.definition_file import load_sound
from generator.core.errors import DefinitionError, GeneratorError, MissingPackage, suggest
from generator.core.problem import Problem
from generator.core.record import Record, SystemDescription, Tier
from generator.measure.plan import MeasurePolicy

if TYPE_CHECKING:
    from generator.measure.plan import Planned, PlannedRun
    from generator.measure.run_context import RunContext

out, err = Console(), Console(stderr=True)

FAILURES = 3
"""Exit status when something was measured and some of it failed."""


class SuiteChoice(StrEnum):
    """Which measurements take part."""

    core = "core"
    all = "all"


@dataclass(frozen=True, slots=True)
class RunOptions:
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


def run_options(suite: SuiteChoice | None, only: Sequence[str] | None) -> RunOptions:
    """What a person asked for by a suite and names: a suite ends in its time, what is named takes what it needs."""
    if only:
        return RunOptions(core=suite is SuiteChoice.core)
    return RunOptions(suite=suite or SuiteChoice.core, core=suite is not SuiteChoice.all)


def chosen_by(
    suite: Sequence[Measurement],
    which: SuiteChoice | None,
    only: Sequence[str] | None,
    broken: Mapping[str, DefinitionError] = MappingProxyType({}),
) -> tuple[Measurement, ...]:
    """The measurements of a suite, or those that are named.

    Args:
        suite: all that can be read.
        which: the suite that is asked for.
        only: names that are asked for.
        broken: why the other definitions cannot be read.

    Raises:
        DefinitionError: for a name that there is not, that the core suite has not, or whose definition cannot be read.
    """
    known = {one.name: one for one in suite}
    for name in only or ():
        if name in broken:
            raise broken[name]
        if name not in known:
            problem = Problem(f"there is no measurement '{name}'", suggest(name, known))
            raise DefinitionError("measurements/", [problem])
        if which is SuiteChoice.core and known[name].suite != "core":
            problem = Problem(f"'{name}' is not part of the core suite", "Leave --suite out.")
            raise DefinitionError("measurements/", [problem])
    if only:
        return tuple(known[name] for name in only)
    return tuple(one for one in suite if which is SuiteChoice.all or one.suite == "core")


def this_system() -> SystemDescription | None:
    """This machine; None where the packages that describe it are not installed."""
    from generator.measure.system import describe_system

    try:
        return describe_system()
    except MissingPackage:
        return None


def measure_if_possible(
    root: Path,
    chosen: Sequence[Measurement],
    tier: Tier,
    policy: MeasurePolicy,
    options: RunOptions,
    problems: list[GeneratorError] | None = None,
) -> list[NotMeasured]:
    """Measure; without the packages for it, say so in one line and go on with the records that are there."""
    try:
        return measure(root, chosen, tier, policy, options, problems=problems)
    except MissingPackage as error:
        err.print(
            f"Nothing is measured: {escape(str(error))} The site is made of the committed records.", soft_wrap=True
        )
        return []


def measure(
    root: Path,
    chosen: Sequence[Measurement],
    tier: Tier,
    policy: MeasurePolicy,
    options: RunOptions,
    only_plan: bool = False,
    problems: list[GeneratorError] | None = None,
) -> list[NotMeasured]:
    """Run what the policy asks for. What keeps one measurement from being made costs that one, and no other.

    Args:
        root: the checkout.
        chosen: measurements to choose from.
        tier: how thoroughly.
        policy: what to measure of them.
        options: what a person gave for this run alone.
        only_plan: only say what would run.
        problems: gets why a record cannot be read; without it, that is raised.

    Returns:
        What could not be measured, in the order of the runs.

    Raises:
        MissingPackage: when what measuring anything at all needs is not installed.
        MeterError: when the file of a wall meter's readings is none.
    """
    from generator.measure import plan as planning

    planning.require_packages()

    from generator.measure.system import describe_system
    from generator.results.store import outlines

    system, (suite, _) = describe_system(), load_sound(root / "measurements")
    records = outlines(root / "measurements", suite, system.fingerprint(), problems)
    planned = _planned(chosen, records, system, tier, policy, options)
    if not planned.runs:
        out.print("Nothing to measure: every measurement has a record of this machine.")
        return []
    if only_plan or out.is_terminal:
        suites = planning.plan_suites(suite, records, system)
        show.print_plan(out, planned.runs, suites, planned.each_s, named=options.suite is None)
    else:
        show.print_plan_in_short(out, planned.runs)
    return [] if only_plan else _run_all(root, planned, system, options)


def _run_all(root: Path, planned: Planned, system: SystemDescription, options: RunOptions) -> list[NotMeasured]:
    """Make every run, while this machine is held."""
    from generator.core.cache import Cache
    from generator.measure.energy.meter import find_meter
    from generator.measure.plan import only_run
    from generator.measure.roofline.ceilings import machine_ceilings
    from generator.measure.run_context import RunContext

    cache, failed = Cache.default(root), list[NotMeasured]()
    with only_run(cache.root), RunDisplay(out, planned.runs) as display:
        context = RunContext(
            root,
            cache,
            system,
            tell=display,
            meter=find_meter(options.wall_meter),
            watts_per_core=options.watts_per_core,
            most_s=planned.most_s,
            core=options.core,
            ceilings=lambda threads: machine_ceilings(threads, cache, system, display),
        )
        for run in planned.runs:
            display.begin(run.measurement.name)
            failed += _run(run, replace(context, seed=secrets.randbits(32), again_for=run.again_for), display)
    return failed


def _run(run: PlannedRun, context: RunContext, display: RunDisplay) -> tuple[NotMeasured, ...]:
    """Make one run, and say what it could not measure; without a record, an attempt keeps that."""
    from generator.measure import outcome
    from generator.measure.run import run_measurement

    name = run.measurement.name
    try:
        record = run_measurement(run.measurement, run.tier, context)
    except outcome.NothingNew as error:
        display.not_measured(name, error.found[0].failure.message)
        return error.found  # the record that there is says it too
    except outcome.NothingMeasured as error:
        found = error.found
    except Exception as error:  # whatever it is, the other measurements and the site are worth more
        found = (outcome.whole_failure(name, "record", error),)
    else:
        display.finished(run.measurement, record)
        outcome.forget_attempt(context.cache, name)
        return tuple(outcome.not_measured(name, record.variants))
    display.not_measured(name, found[0].failure.message)
    attempt = Attempt(
        measurement=name,
        tier=run.tier,
        core=run.part.core,
        at=datetime.now(UTC),
        system=context.system.fingerprint(),
        definition_sha256=run.measurement.fingerprint(),
        not_measured=found,
    )
    outcome.keep_attempt(context.cache, attempt)
    return found


def _planned(
    chosen: Sequence[Measurement],
    records: Mapping[str, Sequence[Record]],
    system: SystemDescription,
    tier: Tier,
    policy: MeasurePolicy,
    options: RunOptions,
) -> Planned:
    """What a machine is to run, and how long each may take."""
    from generator.measure import plan as planning

    most_s = options.minutes * 60 if options.minutes else None
    runs = planning.plan_runs(chosen, records, system, tier, policy, most_s, options.core)
    if options.suite and options.minutes is None and tier is Tier.STANDARD:
        runs, each_s = planning.plan_within(planning.SUITE_LIMITS_S[options.suite], runs)
        return planning.Planned(runs, each_s, each_s)
    return planning.Planned(runs, most_s, None)


def measure_on_cluster(
    root: Path, address: str, chosen: Sequence[Measurement], tier: Tier, options: RunOptions, only_plan: bool
) -> None:
    """Measure on every machine of a cluster, and exit with failures when something was not measured somewhere."""
    from generator.cli import cluster as clustered
    from generator.results.store import outlines

    if options.wall_meter or options.watts_per_core:
        raise typer.BadParameter("a meter and the watts of a core are one machine's, and --cluster is many")
    records = outlines(root / "measurements", chosen, passed_over=[])
    complete = clustered.measure(
        root,
        address,
        [one.name for one in chosen],
        lambda system: _planned(chosen, records, system, tier, MeasurePolicy.ALL, options),
        patience_s=options.patience_s,
        only_plan=only_plan,
    )
    if not complete:
        err.print("[red]Not everything was measured everywhere[/]; the lines above and the records say why.")
        raise typer.Exit(FAILURES)


def exit_with_failures(failed: Sequence[NotMeasured], problems: Sequence[GeneratorError] = ()) -> None:
    """End with the status that says so when something was not measured, or could not be read or published.

    Args:
        failed: what was not measured.
        problems: definitions and records that could not be read, and pages that could not be written; each is said
            once.
    """
    for problem in dict.fromkeys(map(str, problems)):
        err.print(f"[red]passed over:[/] {escape(problem)}", highlight=False, soft_wrap=True)
    if failed or problems:
        raise typer.Exit(FAILURES)
