"""What could not be measured, why, and what to do about it: the last that a person reads of a run."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from generator.core.attempt import NotMeasured
from generator.core.record import Failure
from generator.words.language import Language
from generator.words.phrases import phrases

MOST_DETAIL = 300
"""Characters of the technical detail; the record, or the attempt, has all of it."""


def print_not_measured(console: Console, failures: Sequence[NotMeasured]) -> None:
    """List what could not be measured, a row a thing; nothing where everything was.

    In a pipe a row is lines of its own that are not wrapped, so that a command can be copied out of a log.

    Args:
        console: where to print.
        failures: what a run of several measurements could not do.
    """
    if not failures:
        return
    console.print(f"\nNot measured ({len(failures)}), and how to mend it:", style="red", highlight=False)
    if console.is_terminal:
        console.print(_table(failures))
        return
    for one in failures:
        for line in (one.what, *(f"  {part}" for part in (*_advice(one.failure), _detail(one.failure)))):
            console.print(Text(line), soft_wrap=True)


def _table(failures: Sequence[NotMeasured]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    table.add_column("what", overflow="fold", max_width=26)
    table.add_column("why, and what to do", overflow="fold")
    for one in failures:
        told = (*(Text(part) for part in _advice(one.failure)), Text(_detail(one.failure), "dim"))
        table.add_row(Text(one.what), Text("\n").join(told))
    return table


def _advice(failure: Failure) -> tuple[str, ...]:
    """Why, and the remedy; nothing where the cause was not told."""
    if failure.cause is None:
        return ()
    why = _plain(f"cause.{failure.cause}")
    return f"{why[:1].upper()}{why[1:]}.", _plain(f"remedy.{failure.cause}")


def _detail(failure: Failure) -> str:
    text = " ".join(failure.message.split())
    return f"({text})" if len(text) <= MOST_DETAIL else f"({text[:MOST_DETAIL]}…)"


def _plain(key: str) -> str:
    """A phrase with spaces for its no-break ones: a command that is copied with those is not found."""
    return phrases(Language("en")).say(key).replace("\u00a0", " ").replace("\u202f", " ")
