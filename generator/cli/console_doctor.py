"""What `doctor` says: finding by finding with its remedy, then one sentence."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from generator.measure.doctor.diagnosis import Diagnosis, Level

MARKS: Mapping[Level, str] = MappingProxyType(
    {Level.FINE: "[green]fine[/]", Level.NOTE: "[yellow]note[/]", Level.MEND: "[red]mend[/]"}
)
AREAS: Mapping[str, str] = MappingProxyType(
    {
        "packages": "Packages and runtimes",
        "processor": "Processor",
        "room": "Disk and memory",
        "counters": "Counters",
        "noise": "Noise now",
    }
)


class Watching:
    """Says that the noise check goes on, and how far it is."""

    def __init__(self, console: Console) -> None:
        self._status = Status("Looking at this machine", console=console)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def __call__(self, done: int, total: int) -> None:
        """A block is done."""
        self._status.update(f"Measuring a program against itself: block {min(done + 1, total)} of {total}")


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """Print every finding under its area."""
    for area, title in AREAS.items():
        found = [one for one in diagnosis.findings if one.area == area]
        if found:
            console.print(f"[bold]{title}[/]")
        for one in found:
            console.print(f"  {MARKS[one.level]}  {escape(one.text)}", highlight=False, soft_wrap=True)
            if one.remedy:
                console.print(f"        {escape(one.remedy)}", style="dim", highlight=False, soft_wrap=True)
    if diagnosis.can_measure:
        console.print("\nThis machine can measure to the standard tier now.")
    else:
        mend = sum(one.level is Level.MEND for one in diagnosis.findings)
        console.print(f"\n[red]Not to the standard tier now[/]: {mend} of the findings must be mended first.")


def diagnosis_json(diagnosis: Diagnosis) -> str:
    """The same as data."""
    return json.dumps(
        {
            "can_measure": diagnosis.can_measure,
            "findings": [dataclasses.asdict(one) for one in diagnosis.findings],
            "noise": dataclasses.asdict(diagnosis.noise) if diagnosis.noise else None,
            "system": diagnosis.system.model_dump(mode="json") if diagnosis.system else None,
        },
        indent=1,
        ensure_ascii=False,
    )
