"""Chart of what else ran while a record was measured."""

from __future__ import annotations

from generator.core import protocol
from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Bar, Strip
from generator.pages.charts.subject import Subject
from generator.results.findings import BlockHealth


def health(subject: Subject) -> Chart | None:
    """In which blocks did other work take the processor?"""
    found = subject.workload.health
    if not found:
        return None
    say, language = subject.phrases.say, subject.language
    threshold = language.decimal(protocol.DISTURBED_FOREIGN_CORES, 1)
    picture = Strip(
        bars=tuple(Bar(str(one.index + 1), one.foreign_cpu_cores, one.disturbed) for one in found),
        threshold=protocol.DISTURBED_FOREIGN_CORES,
        threshold_label=say("chart.threshold", cores=threshold),
        x_label=say("chart.block_axis"),
        y_label=say("chart.foreign_axis"),
        disturbed=say("chart.disturbed"),
    )
    columns = (
        Column("block", say("column.block"), "count"),
        Column("foreign_cpu_cores", say("column.foreign"), "cores"),
        Column("lowest_cpu_share", say("column.cpu_share"), "cores"),
        Column("disturbed", say("column.disturbed")),
    )
    description = say(
        "alt.health",
        blocks=len(found),
        disturbed=sum(one.disturbed for one in found),
        most=language.decimal(max(one.foreign_cpu_cores or 0.0 for one in found), 2),
        threshold=threshold,
    )
    return subject.chart(
        "health",
        picture,
        Table(columns, tuple(_row(one) for one in found)),
        title=say("chart.health"),
        description=description,
        note=say("note.health"),
    )


def _row(one: BlockHealth) -> tuple[Cell, ...]:
    foreign = None if one.foreign_cpu_cores is None else tidy(one.foreign_cpu_cores)
    return (one.index + 1, foreign, tidy(one.lowest_cpu_share), one.disturbed)
