"""What a person sees in the terminal: the plan, the lists, where the site is. Prints, decides nothing."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from generator.core.definition import Measurement
from generator.core.record import Record, SystemDescription
from generator.measure.plan import SUITE_LIMITS_S, PlannedRun, Total, total


def duration(seconds: float) -> str:
    """Time as a person says it: 40 s, 3 min, 1 h 20 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


WIDE = 120
"""Columns from which a plan of many measurements names their variants too."""


def print_plan(
    console: Console,
    runs: Sequence[PlannedRun],
    suites: Mapping[str, Sequence[PlannedRun]],
    each_s: float | None = None,
    named: bool = False,
) -> None:
    """Say what is going to be measured and how long that takes, here and now and for both suites.

    Args:
        console: where to print.
        runs: what is going to be measured.
        suites: all runs of each suite, as a run of it would make them.
        each_s: how long each run may measure, so that its suite ends in time; None where nothing limits them.
        named: whether the measurements were named; then their variants are, too.
    """
    table = _table("measurement", "variants", "expected", "at most", "took here")
    for run in runs:
        took = duration(run.took_s) if run.took_s is not None else "not yet"
        count, every = len(run.variants), len(run.measurement.variants)
        variants = str(count) if count == every else f"{count} of {every}"
        table.add_row(run.measurement.name, variants, duration(run.expected_s), duration(run.most_s), took)
    console.print(f"Going to measure, tier {', '.join(dict.fromkeys(run.tier for run in runs))}:", table)
    if named or console.width >= WIDE:
        _print_variants(console, runs)
    for run in runs:
        for name, reason in run.lacking.items():
            console.print(f"Not here: {name}, for {reason}.", highlight=False)
    together = total(runs)
    console.print(
        f"Together about {duration(together.expected_s)}, at most {duration(together.most_s)}, downloads and exports "
        "not counted. Ctrl-C keeps the finished blocks."
    )
    if any(run.part.core and run.variants != run.measurement.variants for run in runs):
        console.print("The core suite measures some variants of each; to measure all of one, name it.")
    if each_s is not None:
        console.print(
            f"Each gets {each_s / 60:g} min of blocks, at the least the tier's fewest, so that the suite ends in time, "
            "and with wider intervals. A measurement that is named takes as long as it needs; so does one at the tier "
            "full.",
            highlight=False,
        )
    for name, parts in suites.items():
        console.print(_suite_line(name, total(parts), SUITE_LIMITS_S[name]), highlight=False)


def print_plan_in_short(console: Console, runs: Sequence[PlannedRun]) -> None:
    """The same in one line, for a log."""
    together = total(runs)
    times = f"about {duration(together.expected_s)}, at most {duration(together.most_s)}"
    console.print(
        f"Going to measure, tier {', '.join(dict.fromkeys(run.tier for run in runs))}, measurements: {len(runs)}: "
        f"{times}, downloads and exports not counted.",
        highlight=False,
        soft_wrap=True,
    )


def print_site(console: Console, site: Path, again: bool = False) -> None:
    """Say where the site is.

    Args:
        console: where to print.
        site: its folder.
        again: whether it was said before, of what is there anew now.
    """
    if again:
        console.print(f"The site has it now: {address(site)}", highlight=False, soft_wrap=True)
        return
    console.print(f"The site: {address(site)}", highlight=False, soft_wrap=True)
    console.print(f"English:  {address(site / 'en')}", highlight=False, soft_wrap=True)
    serve = shlex.join([shown(Path(sys.executable)), "-m", "http.server", "--directory", shown(site), "8000"])
    console.print(f"With its search: {serve}\nand then http://localhost:8000", highlight=False, soft_wrap=True)


def address(site: Path) -> str:
    """What a terminal makes a link of, and a browser opens."""
    return (site / "index.html").as_uri()


def shown(path: Path) -> str:
    """A path as short as it can be said here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _print_variants(console: Console, runs: Sequence[PlannedRun]) -> None:
    """Name the variants, and how far into its tail each one's latency will be known."""
    table = _table("measurement", "variant", "up to")
    for run in runs:
        names = (run.measurement.name, *[""] * len(run.variants))
        for name, variant in zip(names, run.variants, strict=False):
            table.add_row(name, variant.name, _percentile(run.percentiles.get(variant.name)))
    note = (
        "'Up to' names the highest percentile that so many queries permit; before a first record it is not known (?)."
    )
    console.print(table, note, highlight=False)


def _suite_line(name: str, found: Total, limit_s: float) -> str:
    """One suite: what it is expected to take, what it took here, what it is to take at most."""
    took = f"took {duration(found.took_s)} here" if found.taken else "never run here"
    if 0 < found.taken < found.runs:
        took = f"{found.taken} of them {took}"
    expected = f"about {duration(found.expected_s)}, at most {duration(found.most_s)}"
    return f"Suite {name}, measurements: {found.runs}: {expected}; {took}. It is to end within {duration(limit_s)}."


def print_suite(
    console: Console,
    suite: Sequence[Measurement],
    records: Mapping[str, Sequence[Record]],
    system: SystemDescription | None,
) -> None:
    """List measurements, their variants, and the records that exist for this machine and others."""
    table = _table("measurement", "suite", "variants", "records here", "elsewhere")
    here = system.fingerprint() if system else None
    for one in suite:
        found = records.get(one.name, ())
        ours = [record for record in found if record.system.fingerprint() == here]
        stale = (
            ""
            if not ours or ours[-1].provenance.definition_sha256 == one.fingerprint()
            else " (of an older definition)"
        )
        part = ", core" if ours and ours[-1].core_only else ""
        latest = f"{len(ours)}, latest {ours[-1].started_at:%Y-%m-%d} {ours[-1].tier}{part}{stale}" if ours else "none"
        names = "\n".join(v.name + (" (baseline)" if v.baseline else "") for v in one.variants)
        table.add_row(one.name, one.suite, names, latest if system else "unknown", str(len(found) - len(ours)))
    console.print(table)


def _percentile(share: float | None) -> str:
    return "?" if share is None else f"p{share * 100:g}" if share else "none"


def _table(*columns: str) -> Table:
    """A table whose cells wrap: a name that is cut off cannot be copied."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
