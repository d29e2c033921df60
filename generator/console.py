"""What a person sees in the terminal: the plan, the progress of a run, the lists. Prints, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from generator.definition import Measurement
from generator.measure import events
from generator.measure.plan import SUITE_LIMITS_S, PlannedRun, Total, total
from generator.record import Record, StopReason, SystemDescription

REASONS: Mapping[StopReason, str] = {
    StopReason.GOAL: "precise enough",
    StopReason.BLOCKS: "the most blocks reached; the interval is shown as it is",
    StopReason.BUDGET: "the time is spent; the interval is shown as it is",
    StopReason.FAILED: "nothing left to compare",
}


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
    if any(run.core and run.variants != run.measurement.variants for run in runs):
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


def print_took(console: Console, run: PlannedRun, record: Record) -> None:
    """Say how long a run took, beside what was expected."""
    if record.sittings == 1:
        took_s = (record.finished_at - record.started_at).total_seconds()
        console.print(f"{run.measurement.name} took {duration(took_s)}; {duration(run.expected_s)} were expected.")


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


def progress_rows(console: Console) -> Progress:
    """Rows of progress: what, how far, and what there is to say of it."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
    )


class RunDisplay:
    """Progress of the runs: what happens now, how wide the intervals are, how long it will still take.

    Args:
        console: where to print.
        progress: rows of which this is one; its own when left out.
        machine: put before the names of runs where several machines measure.
    """

    def __init__(self, console: Console, progress: Progress | None = None, machine: str = "") -> None:
        self._console = console
        self._progress = progress or progress_rows(console)
        self._before = f"{machine}: " if machine else ""
        self._task: TaskID | None = None
        self._name = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str) -> None:
        """A run begins."""
        self._name = escape(f"{self._before}{name}")
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(self._name, total=None, state="")

    def rest(self, state: str) -> None:
        """No run goes on for now."""
        self._name = escape(self._before.rstrip(": "))
        if self._task is None:
            self._task = self._progress.add_task(self._name, total=1, state="")
        self._progress.update(self._task, description=self._name, completed=1, total=1, state=escape(state))

    def __call__(self, event: events.Event) -> None:
        """Draw one event."""
        match event:
            case events.Preparing(text, done, total):
                self._show(f"{self._name}: preparing", done, total or None, escape(text))
            case events.Answering(variant, done, total):
                self._show(f"{self._name}: quality", done, total, variant)
            case events.Resumed(blocks):
                self._say(f"{self._name}: goes on where it was interrupted, {blocks} blocks are kept")
            case events.BlockStarted(workload, index, most):
                self._show(f"{self._name}: {workload}", index, most, f"block {index + 1} of at most {most}")
            case events.BlockFinished():
                self._block(event)
            case events.VariantLacking(variant, message):
                self._say(f"{self._name}: {variant} is not measured: {escape(message)}")
            case events.VariantFailed(variant, message):
                self._say(f"[red]{self._name}: {variant} failed:[/] {escape(message)}")
            case events.WorkloadFinished(workload, reason):
                self._say(f"{self._name}: {workload} done: {REASONS[reason]}")

    def _block(self, event: events.BlockFinished) -> None:
        widest = max(event.half_widths.items(), key=lambda item: item[1], default=None)
        state = f"about {duration(event.remaining_s)} to go"
        if widest:
            state = f"±{widest[1]:.1%} ({widest[0]}), goal ±{event.goal:.1%}; {state}"
        if event.disturbed:
            state += f"; block {event.index + 1} was disturbed"
        self._show(f"{self._name}: {event.workload}", event.index + 1, event.most, state)

    def _show(self, what: str, done: int, total: int | None, state: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, description=what, completed=done, total=total, state=state)
        if not self._console.is_terminal and (done == 0 or "±" in state):
            self._say(f"{what}: {state}")

    def _say(self, text: str) -> None:
        self._progress.console.print(text, highlight=False)
