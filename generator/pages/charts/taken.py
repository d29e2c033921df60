"""Chart of how much of what the machine can do each variant takes: the roofline for those who do not read rooflines."""

from __future__ import annotations

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Share, Shares
from generator.pages.charts.subject import Subject
from generator.results.findings import VariantFindings
from generator.results.roofline import Bound, Roofline


def taken(subject: Subject) -> Chart | None:
    """How much of the possible does each variant take, and what is its limit?"""
    found = [(v, v.roofline) for v in subject.workload.variants if isinstance(v.roofline, Roofline)]
    if not found:
        return None
    say = subject.phrases.say
    rows = tuple(_row(subject, variant, one) for variant, one in found)
    columns = (
        Column("variant", say("column.variant")),
        Column("share", say("column.roof_share"), "share"),
        Column("share_least", say("column.least"), "share"),
        Column("share_most", say("column.most"), "share"),
        Column("bound", say("column.roof_bound")),
    )
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (v.variant.name, *map(tidy, (one.share.median, one.share.least, one.share.most)), str(one.bound))
        for v, one in found
    )
    return subject.chart(
        "taken",
        Shares((("", rows),), 1.0, say("chart.taken_axis")),
        Table(columns, cells),
        title=say("chart.taken"),
        description=say("alt.taken", marks=subject.listed([(row.label, row.number) for row in rows])),
        note=say("note.taken"),
    )


def _row(subject: Subject, variant: VariantFindings, found: Roofline) -> Share:
    share, limit = found.share, "chart.taken_memory" if found.bound is Bound.MEMORY else "chart.taken_compute"
    number = subject.phrases.say(limit, share=subject.language.percent(share.median, 0))
    part = share.median, share.least, share.most, subject.look(variant)
    return Share(subject.titles[variant.variant.name], (part,), number)
