"""Charts of speed: the ratios with their intervals, and the blocks that they rest on."""

from __future__ import annotations

from collections.abc import Iterable

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Deviation, Deviations, Forest, Group, Look, Mark
from generator.pages.charts.subject import Subject
from generator.results.comparison import Comparison
from generator.results.findings import VariantFindings
from generator.results.quality import Gate
from generator.words.phrases import Phrases


def speedup(subject: Subject) -> Chart | None:
    """How many times as fast is each variant, and how sure is that? All against one: what the answer compares with."""
    against = subject.headline.against if subject.headline else subject.baseline.variant.name
    compared = subject.against(against)
    if not compared:
        return None
    say = subject.phrases.say
    marks = tuple(_mark(subject, variant, found) for variant, found in compared)
    note = say("note.speedup")
    if any(mark.look.hollow for mark in marks):
        note = f"{note} {say('note.hollow')}"
    group = Group(say("chart.baseline_group", against=subject.titles[against]), marks)
    return subject.chart(
        "speedup",
        Forest((group,), slower=say("chart.slower"), faster=say("chart.faster")),
        Table(ratio_columns(subject.phrases), tuple(ratio_row(found) for _, found in compared)),
        title=_finding(subject),
        description=say("alt.speedup", marks=subject.listed([(mark.label, mark.number) for mark in marks])),
        note=note,
    )


def _mark(subject: Subject, variant: VariantFindings, found: Comparison) -> Mark:
    interval, number = found.speedup.interval, subject.language.factor_estimate(found.speedup)
    title, look = subject.titles[variant.variant.name], subject.look(variant)
    return Mark(title, look, found.speedup.point, interval.low, interval.high, number)


def _finding(subject: Subject) -> str:
    """What the reader is to see: the answer, or the fastest variant whose speed counts; its interval is drawn."""
    found = subject.headline
    if found is None:
        compared = subject.compared
        sound = [c for v, c in compared if v.gate is not Gate.FAILED] or [c for _, c in compared]
        found = max(sound, key=lambda one: one.speedup.point)
    variant, against = subject.titles[found.variant], subject.titles[found.against]
    return subject.sentences.comparison(found, variant, against, interval=False).rstrip(".")


def ratio_columns(phrases: Phrases, first: str = "variant") -> tuple[Column, ...]:
    """Columns of ratios with their intervals."""
    return (
        Column(first, phrases.of("column", first)),
        *((Column("variant", phrases.say("column.variant")),) if first != "variant" else ()),
        Column("against", phrases.say("column.against")),
        Column("speedup", phrases.say("column.factor"), "ratio"),
        Column("low", phrases.say("column.low"), "ratio"),
        Column("high", phrases.say("column.high"), "ratio"),
        Column("verdict", phrases.say("column.verdict")),
    )


def ratio_row(found: Comparison, *first: str) -> tuple[Cell, ...]:
    """One ratio with its interval."""
    speedup = found.speedup
    ratios = [tidy(value) for value in (speedup.point, speedup.interval.low, speedup.interval.high)]
    return (*first, found.variant, found.against, *ratios, str(found.verdict))


def blocks(subject: Subject) -> Chart | None:
    """What does each estimate rest on: how far is each block from it?"""
    found = [(subject.look(variant), comparison) for variant, comparison in subject.compared]
    if subject.workload.control:
        found.append((subject.look(subject.baseline), subject.workload.control))
    if not found:
        return None
    say, rows = subject.phrases.say, tuple(_deviation(subject, look, one) for look, one in found)
    columns = (
        Column("variant", say("column.variant")),
        Column("block", say("column.block"), "count"),
        Column("speedup", say("column.factor"), "ratio"),
        Column("deviation", say("column.deviation"), "points"),
    )
    return subject.chart(
        "blocks",
        Deviations(rows, say("chart.deviation_axis")),
        Table(columns, tuple(_block_rows(one for _, one in found))),
        title=say("chart.blocks"),
        description=say("alt.blocks", marks="; ".join(_range(subject, row) for row in rows)),
        note=say("note.blocks"),
    )


def _deviation(subject: Subject, look: Look, found: Comparison) -> Deviation:
    point, interval = found.speedup.point, found.speedup.interval
    return Deviation(
        label=subject.titles[found.variant],
        look=look,
        low=interval.low / point - 1,
        high=interval.high / point - 1,
        blocks=tuple(value / point - 1 for value in found.block_values),
        number=subject.language.factor_estimate(found.speedup),
    )


def _range(subject: Subject, row: Deviation) -> str:
    low, high = (subject.language.signed_percent(end) for end in (min(row.blocks), max(row.blocks)))
    return subject.phrases.say("alt.block_range", label=row.label, low=low, high=high)


def _block_rows(compared: Iterable[Comparison]) -> Iterable[tuple[Cell, ...]]:
    for found in compared:
        for index, value in enumerate(found.block_values):
            yield (found.variant, index + 1, tidy(value), tidy(value / found.speedup.point - 1))
