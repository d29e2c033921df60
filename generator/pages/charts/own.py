"""The chart of the page "This machine": each answer here above the published one."""

from __future__ import annotations

from generator.core.cell import Cell
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Forest, Group, Look, Mark
from generator.pages.charts.factors import CLAIMED
from generator.pages.charts.factors import PUBLISHED as OUTSIDE
from generator.pages.charts.speed import ratio_columns, ratio_row
from generator.pages.sentences import localized
from generator.results.comparison import Comparison
from generator.results.findings import Findings
from generator.results.quality import Gate
from generator.results.this_machine import Answer, ThisMachine
from generator.words.phrases import Phrases

HERE, PUBLISHED = (0, "o"), (1, OUTSIDE)
"""Colour and mark of what was measured here, and of what is published."""


def own_answers(machine: ThisMachine, phrases: Phrases) -> Chart | None:
    """By what factor faster here, and by what factor as published; None where nothing was measured here."""
    say = phrases.say
    marks, rows, names = list[Mark](), list[tuple[Cell, ...]](), list[tuple[str, str]]()
    for answer in machine.measured:
        found = answer.own.here.headline if answer.own else None
        if answer.own is None or found is None:
            continue
        title = localized(answer.measurement.title, phrases.language)
        names.append((answer.measurement.name, title))
        names += [(one.name, localized(one.title, phrases.language)) for one in answer.measurement.variants]
        marks.append(_mark(title, answer.own.here, found, HERE, phrases, _published(answer, title, phrases)))
        rows.append(ratio_row(found, answer.measurement.name, "here"))
        if answer.published and answer.published.headline:
            rows.append(ratio_row(answer.published.headline, answer.measurement.name, "published"))
    if not marks:
        return None
    words = "; ".join(
        say("alt.own", label=one.label, number=one.number, other=one.beside.number if one.beside else say("cell.none"))
        for one in marks
    )
    first, *others = ratio_columns(phrases, "measurement")
    return Chart(
        name="answers",
        title=say("own.chart"),
        description=say("alt.own_answers", marks=words),
        note=say("own.chart_note"),
        picture=Forest((Group("", tuple(marks)),), say("chart.slower"), say("chart.faster"), guides=CLAIMED[:1]),
        table=Table((first, Column("origin", say("column.origin")), *others), tuple(rows)),
        key=((Look(*HERE), say("own.here")), (Look(*PUBLISHED), say("own.published"))),
        names=(("here", say("own.here")), ("published", say("own.published")), *names),
    )


def _published(answer: Answer, title: str, phrases: Phrases) -> Mark | None:
    published = answer.published
    if published is None or published.headline is None:
        return None
    return _mark(title, published, published.headline, PUBLISHED, phrases)


def _mark(
    title: str,
    findings: Findings,
    found: Comparison,
    look: tuple[int, str],
    phrases: Phrases,
    beside: Mark | None = None,
) -> Mark:
    variant = findings.workload_of(found.variant).variant(found.variant)
    drawn = Look(*look, hollow=variant.gate is Gate.FAILED)
    interval, number = found.speedup.interval, phrases.language.factor_estimate(found.speedup)
    return Mark(title, drawn, found.speedup.point, interval.low, interval.high, number, beside)
