"""What a person sees of a fleet: its machines, what each would run, a row of progress each. Prints, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from generator.cli.console import duration, print_plan
from generator.cli.console_progress import Board, Row, in_short, outcome
from generator.core.definition import Measurement
from generator.core.record import Record
from generator.measure.fleet import events
from generator.measure.plan import Planned, PlannedRun


def print_fleet(console: Console, machines: Sequence[events.Machine], plans: Mapping[str, Planned]) -> None:
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
            print_plan(console, plan.runs, {}, plan.each_s)


class FleetDisplay(Board):
    """Progress of all machines, a bar each with the time left there, and a line for whatever a person should know.

    Args:
        console: where to print.
        runs: what a machine is going to measure.
    """

    def __init__(self, console: Console, runs: Callable[[events.Machine], Sequence[PlannedRun]]) -> None:
        super().__init__(console)
        self._runs = runs
        self._machines = dict[str, tuple[Row, Mapping[str, Measurement]]]()

    def __call__(self, happened: events.News) -> None:
        """Draw what happened."""
        match happened:
            case events.Joined(machine, again):
                self._joined(machine, again)
            case events.Refused(worker, reason):
                self.say(f"{worker}: may not measure: {reason}", "red")
            case events.Left(machine):
                self.say(
                    f"{machine}: has left; its finished blocks are kept there, and it goes on when it is back", "red"
                )
                self._row(machine).now = "has left"
            case events.Began(machine, measurement):
                self._row(machine).begin(measurement)
            case events.Told(machine, event):
                self._row(machine).heard(event)
            case events.Arrived(machine, record, _):
                self._arrived(machine, record)
            case events.NotMeasured(machine, measurement, reason):
                self.say(f"{machine}: {measurement}: not measured: {in_short(reason)}", "red")
                self._row(machine).end(measurement)

    def _joined(self, machine: events.Machine, again: bool) -> None:
        if machine.name not in self._machines:
            runs = self._runs(machine)
            row = Row(runs, machine.name)
            self._machines[machine.name] = row, {run.measurement.name: run.measurement for run in runs}
            self.rows.append(row)
        self.say(f"{machine.name}: {'is back' if again else 'is there'}")
        if machine.modified and not again:
            self.say(f"{machine.name}: its checkout has changes that are not committed; its records say so")

    def _arrived(self, machine: str, record: Record) -> None:
        (row, measurements), name = self._machines[machine], record.measurement
        took_s = row.end(name)
        said = f"{machine}: {name}: {outcome(measurements[name], record)}, {duration(took_s)}"
        self.say(f"{said}; the record {record.record_id} has come and is verified")

    def _row(self, machine: str) -> Row:
        return self._machines[machine][0]
