"""What a person sees of a fleet: its machines, what each would run, a row of progress each. Prints, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape

from generator import console as show
from generator.measure import news
from generator.measure.plan import Planned


def print_fleet(console: Console, machines: Sequence[news.Machine], plans: Mapping[str, Planned]) -> None:
    """Say which machines there are, and what each is going to measure.

    Args:
        console: where to print.
        machines: those that are there.
        plans: by a system's fingerprint: machines of one kind have one plan.
    """
    for fingerprint, plan in plans.items():
        alike = [one for one in machines if one.system.fingerprint() == fingerprint]
        if alike:
            names, system = ", ".join(one.name for one in alike), alike[0].system
            about = f"{system.host_processor_model_name or 'unknown processor'}, {system.operating_system}"
            console.print(f"\n[bold]{escape(names)}[/] ({escape(about)})", highlight=False)
            show.print_plan(console, plan.runs, {}, plan.each_s)


class FleetDisplay:
    """Progress of all machines, a row each, and a line for whatever a person should know."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = show.progress_rows(console)
        self._rows = dict[str, show.RunDisplay]()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, happened: news.News) -> None:
        """Draw what happened."""
        match happened:
            case news.Joined(machine, again):
                self._say(f"{machine.name}: {'is back' if again else 'is there'}")
                if machine.modified and not again:
                    self._say(f"{machine.name}: its checkout has changes that are not committed; its records say so")
                self._row(machine.name).rest("waits")
            case news.Refused(worker, reason):
                self._warn(f"{worker}: may not measure: {reason}")
            case news.Left(machine):
                self._warn(f"{machine}: has left; its finished blocks are kept there, and it goes on when it is back")
                self._row(machine).rest("has left")
            case news.Began(machine, measurement):
                self._row(machine).begin(measurement)
            case news.Told(machine, event):
                self._row(machine)(event)
            case news.Arrived(machine, record, remaining):
                self._say(f"{machine}: {record.measurement}: the record {record.record_id} has come and is verified")
                self._row(machine).rest(f"{remaining} to go" if remaining else "done")
            case news.NotMeasured(machine, measurement, reason):
                self._warn(f"{machine}: {measurement}: not measured: {reason}")
                self._row(machine).rest("not measured")

    def _row(self, machine: str) -> show.RunDisplay:
        if machine not in self._rows:
            self._rows[machine] = show.RunDisplay(self._console, self._progress, machine)
        return self._rows[machine]

    def _say(self, text: str) -> None:
        self._progress.console.print(escape(text), highlight=False, soft_wrap=True)

    def _warn(self, text: str) -> None:
        self._progress.console.print(f"[red]{escape(text)}[/]", highlight=False, soft_wrap=True)
