"""The end of `build`: what this machine says, beside what is published."""

from __future__ import annotations

import math

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from generator.cli.console_compare import ratio_text
from generator.results.comparison import difference
from generator.results.findings import Findings
from generator.results.quality import Gate, Quality
from generator.results.this_machine import Answer, Doubt, Standing, ThisMachine

WORDS = {
    Standing.AGREES: "[green]agrees[/]",
    Standing.DIFFERS: "[yellow]differs[/]",
    Standing.CANNOT_TELL: "cannot tell",
    Standing.NOT_MEASURED: "not measured",
}
DOUBTS = {
    Doubt.FIRST_LOOK: "only a first look here",
    Doubt.ALONE: "no other record",
    Doubt.NO_ANSWER: "one of them has no answer",
    Doubt.OTHER_CONDITIONS: "measured under other conditions",
}
PAGE = "this-machine/index.html"


def print_machine(console: Console, answers: ThisMachine) -> None:
    """Print a row for each measurement that this machine has a record of, and what it lacks in one line each.

    Args:
        console: where to.
        answers: what this machine says.
    """
    if answers.system is None:
        console.print(
            "This machine is not known: pip install -e '.\\[measure]' -c constraints.txt, then build again.",
            soft_wrap=True,
        )
        return
    if not answers.measured:
        console.print("This machine has measured nothing yet: python -m generator build does.", soft_wrap=True)
        return
    table = Table(box=box.SIMPLE_HEAD, title="This machine beside what is published", title_justify="left")
    for column in ("measurement", "here", "published", "verdict"):
        table.add_column(column, overflow="fold")
    for one in answers.measured:
        here = one.own.here if one.own else None
        table.add_row(one.measurement.name, _told(here), _told(one.published), _said(one))
    console.print(table)
    console.print(_count(answers), highlight=False, soft_wrap=True)
    if missing := [one.measurement.name for one in answers.of(Standing.NOT_MEASURED)]:
        text = f"Not measured here: {', '.join(missing)}. All of it: python -m generator build --suite all"
        console.print(escape(text), highlight=False, soft_wrap=True)
    console.print(f"Why answers differ, and what is left to measure: site/{PAGE}", highlight=False, soft_wrap=True)


def _count(answers: ThisMachine) -> str:
    agree, differ, unknown = (len(answers.of(one)) for one in (Standing.AGREES, Standing.DIFFERS, Standing.CANNOT_TELL))
    measured = len(answers.measured)
    return f"Measured: {measured} of {len(answers.answers)}. {agree} agree, {differ} differ, {unknown} cannot be told."


def _told(findings: Findings | None) -> str:
    """An answer: its ratio with the interval, and its quality."""
    found = findings.headline if findings else None
    if findings is None or found is None:
        return "none"
    variant = findings.workload_of(found.variant).variant(found.variant)
    quality = next((one for one in variant.quality if one.reference == "label"), None)
    agreement = next((one for one in variant.quality if one.kind == "proportion"), None)
    told = _quality(quality or agreement)
    gate = "" if variant.gate is Gate.UNKNOWN else f", gate {variant.gate}"
    return escape(f"{ratio_text(found.speedup)}\n{told}{gate}")


def _quality(found: Quality | None) -> str:
    return f"{found.metric} {found.estimate.point:.4g}" if found else "quality not measured"


def _said(answer: Answer) -> str:
    word = WORDS[answer.standing]
    if answer.doubt:
        return f"{word}: {DOUBTS[answer.doubt]}"
    ours = answer.own.here.headline if answer.own else None
    theirs = answer.published.headline if answer.published else None
    if ours is None or theirs is None:
        return word
    share = math.expm1(abs(difference(ours.speedup, theirs.speedup).mean))
    return f"{word}, {share:.1%} apart"
