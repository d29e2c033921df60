"""Chart of a ladder: what each step brought, and how far all of them lead."""

from __future__ import annotations

from generator.core.cell import tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Rung, Rungs
from generator.pages.charts.speed import ratio_columns, ratio_row
from generator.pages.charts.subject import Subject
from generator.results.ladder import Step
from generator.results.pair_kind import PairKind, pair_kind


def ladder(subject: Subject) -> Chart | None:
    """Which step gave how much?"""
    steps = subject.workload.ladder
    if not steps:
        return None
    say, language, top = subject.phrases.say, subject.language, steps[-1].total.speedup
    rungs = [_rung(subject, one) for one in steps]
    whole = Rung(
        label=say("chart.ladder_total"),
        look=subject.look(subject.workload.variant(steps[-1].variant)),
        start=1.0,
        point=top.point,
        low=top.interval.low,
        high=top.interval.high,
        number=language.factor_estimate(top),
    )
    foot = subject.titles[steps[0].total.against]
    note = say("note.ladder")
    if any(rung.look.hollow for rung in rungs):
        note = f"{note} {say('note.hollow')}"
    columns = (
        *ratio_columns(subject.phrases),
        Column("total", say("column.total"), "ratio"),
        Column("total_low", say("column.total_low"), "ratio"),
        Column("total_high", say("column.total_high"), "ratio"),
        Column("share", say("column.step_share"), "share"),
    )
    return subject.chart(
        "ladder",
        Rungs((*rungs, whole), say("chart.ladder_axis", against=foot)),
        Table(columns, tuple((*ratio_row(one.step), *_totals(one)) for one in steps)),
        title=say("chart.ladder"),
        description=say("alt.ladder", marks=subject.listed([(one.label, one.number) for one in (*rungs, whole)])),
        note=note,
    )


def _rung(subject: Subject, one: Step) -> Rung:
    """One step's bar: from where the step before it stood."""
    speedup, end = one.step.speedup, one.total.speedup.point
    start = end / speedup.point
    title, measurement = subject.titles[one.variant], subject.findings.measurement
    kind = pair_kind(measurement.variant(one.variant), measurement.variant(one.step.against))
    return Rung(
        label=subject.phrases.say("chart.ladder_time", title=title) if kind is PairKind.RELEASE else title,
        look=subject.look(subject.workload.variant(one.variant)),
        start=start,
        point=end,
        low=start * speedup.interval.low,
        high=start * speedup.interval.high,
        number=subject.language.factor_estimate(speedup),
    )


def _totals(one: Step) -> tuple[float | None, ...]:
    total = one.total.speedup
    share = None if one.share is None else tidy(one.share)
    return (*(tidy(value) for value in (total.point, total.interval.low, total.interval.high)), share)
