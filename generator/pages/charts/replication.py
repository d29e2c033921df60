"""The chart of one answer in several runs: the same ratio from each record, by machine, never joined into one."""

from __future__ import annotations

from collections.abc import Sequence

from generator.core.cell import tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Forest, Group, Look, Mark
from generator.pages.sentences import Sentences
from generator.pages.views.system import machine_name
from generator.results.findings import Findings
from generator.results.quality import Gate
from generator.results.summary import Ratio, Summary

MOST_RUNS = 24
"""Rows that anybody reads: the newest runs."""


def replication(findings: Findings, others: Sequence[Summary], sentences: Sentences) -> Chart | None:
    """Do other runs give the same ratio? None where fewer than two runs answer the question in the same way.

    Args:
        findings: of the record that the page shows.
        others: summaries of all of the measurement's records, that one among them, newest first.
        sentences: of the language.
    """
    runs = _runs(findings, others)
    if len(runs) < 2:
        return None
    say, language = sentences.phrases.say, sentences.language
    workload = findings.workload_of(runs[0][1].variant)
    titles = {one.variant.name: sentences.title(one) for one in workload.variants}
    marker = MARKERS[workload.variant(runs[0][1].variant).variant.precision]
    groups = dict[str, list[Mark]]()
    for one, answer in runs:
        machine = machine_name(one.processor, one.isa, one.accelerator, one.system_type, sentences.phrases)
        found, day = answer.speedup, language.date(one.finished_at.date())
        label = say("chart.run_shown", day=day) if one.record_id == findings.record.record_id else day
        look, number = Look(0, marker, hollow=answer.gate is Gate.FAILED), language.factor_estimate(found)
        mark = Mark(label, look, found.point, found.interval.low, found.interval.high, number)
        groups.setdefault(machine, []).append(mark)
    against = findings.headline.against if findings.headline else ""
    words = "; ".join(
        say("alt.mark", label=f"{machine}, {mark.label}", number=mark.number)
        for machine, marks in groups.items()
        for mark in marks
    )
    return Chart(
        name="replication",
        title=say("chart.replication", variant=titles[runs[0][1].variant], against=titles[against]),
        description=say("alt.replication", marks=words),
        note=say("note.replication"),
        picture=Forest(
            tuple(Group(machine, tuple(marks)) for machine, marks in groups.items()),
            slower=say("chart.slower"),
            faster=say("chart.faster"),
        ),
        table=Table(
            (
                Column("record", say("column.record")),
                Column("system", say("column.system")),
                *(Column(name, say(f"column.{name}"), "ratio") for name in ("factor", "low", "high")),
            ),
            tuple(
                (
                    one.record_id,
                    machine_name(one.processor, one.isa, one.accelerator, one.system_type, sentences.phrases),
                    *map(tidy, (a.speedup.point, a.speedup.interval.low, a.speedup.interval.high)),
                )
                for one, a in runs
            ),
        ),
    )


def _runs(findings: Findings, others: Sequence[Summary]) -> list[tuple[Summary, Ratio]]:
    """Runs whose answer may be held against the shown one's, that one among them; the newest of them."""
    shown = next((one.answer for one in others if one.record_id == findings.record.record_id), None)
    if shown is None or not findings.record.publishable:
        return []
    answered = [(one, answer) for one in others if one.publishable and (answer := one.answer)]
    return [(one, answer) for one, answer in answered if answer.comparable(shown)][:MOST_RUNS]
