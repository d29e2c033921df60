"""Progress of runs: rows at the terminal's foot, and above them a line for each measurement that has ended.

In a pipe there are the lines alone: whoever reads a log wants to know what came out, not each block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from generator.cli.console import duration
from generator.core.definition import Measurement
from generator.core.record import Record
from generator.measure import events
from generator.measure.countdown import Countdown
from generator.measure.plan import PlannedRun
from generator.results.comparison import Comparison, Verdict
from generator.results.findings import analyse
from generator.results.quality import Gate

REDRAWN_PER_S = 2
"""Seldom: whoever draws does it on the machine that is being measured."""

BAR = 24
"""Columns."""

MOST_LINE = 200
"""Characters of one reason."""


class Row:
    """How far the runs of one machine have come, and what goes on there now.

    Args:
        runs: what is going to be measured there; nothing where only models are prepared.
        machine: its name, where there are several.
        clock: seconds, from anywhere, that never go back.
    """

    def __init__(
        self, runs: Sequence[PlannedRun] = (), machine: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.machine, self.countdown = machine, Countdown(runs, clock)
        self.now = ""
        self.name = ""
        self._spinner = Spinner("dots")

    def begin(self, name: str) -> None:
        """A run begins."""
        self.name, self.now = name, f"{name}: preparing"
        self.countdown.begin(name)

    def end(self, name: str) -> float:
        """It is over; seconds that it took, preparation included."""
        self.now = ""
        return self.countdown.end(name)

    def heard(self, event: events.Event) -> None:
        """What goes on now is what the run told last."""
        self.countdown.heard(event)
        if text := _now(event):
            self.now = ": ".join(part for part in (self.name, text) if part)

    @property
    def cells(self) -> tuple[RenderableType, ...]:
        """Of the table at the terminal's foot."""
        count = self.countdown.count
        if not count:
            return (self._spinner, Text(self.machine), ProgressBar(pulse=True, width=BAR), "", "")
        bar = ProgressBar(total=1.0, completed=self.countdown.share, width=BAR)
        left = f"about {duration(self.countdown.left_s)} to go" if self.countdown.ended < count else ""
        return (self._spinner, Text(self.machine), bar, f"{self.countdown.ended} of {count}", left)


class Board:
    """Rows that are drawn anew twice a second while a `with` block lasts, and lines above them that stay.

    Args:
        console: where to print; where it is no terminal, rows are not drawn.
    """

    def __init__(self, console: Console) -> None:
        self.console, self.rows = console, list[Row]()
        # A line of another console, of a warning on the standard error, goes above the rows too.
        self._live = Live(console=console, get_renderable=self._drawn, refresh_per_second=REDRAWN_PER_S, transient=True)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str, style: str = "") -> None:
        """A line that stays. One line of a log is one line of a pipe, however long."""
        self.console.print(Text(text, style), soft_wrap=not self.console.is_terminal)

    def _drawn(self) -> RenderableType:
        table = Table.grid(padding=(0, 1, 0, 0))
        for row in self.rows:
            table.add_row(*row.cells)
        now = (Text(": ".join(part for part in (one.machine, one.now) if part)) for one in self.rows if one.now)
        return Group(table, *(_one_line(text) for text in now))


class RunDisplay(Board):
    """The progress of this machine's runs: one bar for all of them, with the time left, and what happens now.

    Args:
        console: where to print.
        runs: what is going to be measured; nothing where models are prepared alone.
        clock: seconds, from anywhere, that never go back.
    """

    def __init__(
        self, console: Console, runs: Sequence[PlannedRun] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(console)
        self._row = Row(runs, clock=clock)
        self.rows.append(self._row)

    def begin(self, name: str) -> None:
        """A run begins."""
        self._row.begin(name)

    def __call__(self, event: events.Event) -> None:
        """Draw one event."""
        self._row.heard(event)

    def finished(self, measurement: Measurement, record: Record) -> None:
        """A run has made its record."""
        took_s = self._row.end(measurement.name)
        try:
            said = outcome(measurement, record)
        except Exception as error:  # a line is worth no other measurement; the record's page says what is wrong with it
            said = f"measured, but not understood ({in_short(str(error))})"
        self.say(f"{measurement.name}: {said}, {duration(took_s)}")

    def not_measured(self, name: str, reason: str) -> None:
        """A run has made none."""
        self._row.end(name)
        self.say(f"{name}: not measured: {in_short(reason)}", "red")


def outcome(measurement: Measurement, record: Record) -> str:
    """What a record answers to its measurement's question, in one line, and which variants failed."""
    findings = analyse(measurement, record)
    found = findings.headline
    gates = {one.gate for workload in findings.workloads for one in workload.variants if one.against_baseline}
    said = [ratio(found) if found else "no variant kept the quality" if gates == {Gate.FAILED} else "no ratio"]
    if found and findings.workload_of(found.variant).variant(found.variant).gate is Gate.FAILED:
        said.append("the quality was not kept")
    if failed := [one.name for one in record.variants if one.failed]:
        said.append(f"failed: {', '.join(failed)}")
    if record.sittings > 1:
        said.append("finished after an interruption")
    return "; ".join(said)


def ratio(found: Comparison) -> str:
    """2.16× as fast [2.11, 2.22]; what the interval does not tell is not told."""
    numbers = (found.speedup.point, found.speedup.interval.low, found.speedup.interval.high)
    digits = max(0, 2 - math.floor(math.log10(found.speedup.point)))
    point, low, high = (f"{one:.{digits}f}" for one in numbers)
    asked = f"{found.asked:g}×" if found.asked else ""
    said = {
        Verdict.REACHED: f"{asked} or more, {point}× [{low}, {high}]",
        Verdict.NOT_REACHED: f"not {asked}, {point}× [{low}, {high}]",
        Verdict.NO_DIFFERENCE: f"no difference shown, {point}× [{low}, {high}]",
        Verdict.CANNOT_TELL: f"cannot tell, {point}× [{low}, {high}]",
    }
    return said.get(found.answer, f"{point}× as fast [{low}, {high}]")


def in_short(reason: str) -> str:
    """A reason as one line: the table at the end has all of it."""
    line = " ".join(reason.split())
    return line if len(line) <= MOST_LINE else f"{line[: MOST_LINE - 1]}…"


def _now(event: events.Event) -> str:
    """What is going on, in a few words; nothing where the event says that something is over."""
    match event:
        case events.Preparing(text, done, total):
            return f"preparing: {text}" + (f", {done} of {total}" if total else "")
        case events.Answering(variant, done, total):
            return f"quality of {variant}, {done} of {total}"
        case events.Resumed(blocks):
            return f"goes on where it was interrupted, {blocks} blocks are kept"
        case events.BlockStarted(workload, index, most):
            return f"{workload}, block {index + 1} of at most {most}"
        case events.BlockFinished():
            return _block(event)
        case events.VariantFailed(variant, message):
            return f"{variant} failed: {message}"
        case events.WorkloadFinished(workload, _):
            return f"{workload} is done"
    return ""


def _block(event: events.BlockFinished) -> str:
    text = f"{event.workload}, block {event.index + 1} of at most {event.most}"
    if widest := max(event.half_widths.items(), key=lambda item: item[1], default=None):
        text += f", ±{widest[1]:.1%} (goal ±{event.goal:.0%})"
    return text + (", was disturbed" if event.disturbed else "")


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow, text.style = True, "ellipsis", "dim"
    return text
