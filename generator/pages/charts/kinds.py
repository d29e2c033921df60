"""Which charts there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from generator.draw.chart import Chart, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Forest, Group, Look, Mark
from generator.pages.charts.batching import batching
from generator.pages.charts.health import health
from generator.pages.charts.ladder import ladder
from generator.pages.charts.latency import latency
from generator.pages.charts.length import length
from generator.pages.charts.quality import quality
from generator.pages.charts.releases import releases
from generator.pages.charts.roofline import roofline
from generator.pages.charts.speed import blocks, ratio_columns, ratio_row, speedup
from generator.pages.charts.subject import Subject
from generator.pages.sentences import Sentences, localized
from generator.results.findings import Findings
from generator.results.quality import Gate

KINDS: dict[str, Callable[[Subject], Chart | None]] = {
    "speedup": speedup,
    "ladder": ladder,
    "quality": quality,
    "latency": latency,
    "batching": batching,
    "roofline": roofline,
    "blocks": blocks,
    "health": health,
}
"""Charts of one workload, by the name that templates use; one that has no numbers to show is None.

A package of somebody else's adds its own.
"""


WHOLE: dict[str, Callable[[Findings, Sentences], Chart | None]] = {"releases": releases, "length": length}
"""Charts of all workloads of a measurement together."""


def whole_charts(findings: Findings, sentences: Sentences) -> Iterator[Chart]:
    """All charts that a measurement's workloads make together."""
    for make in WHOLE.values():
        chart = make(findings, sentences)
        if chart is not None:
            yield chart


def charts(subject: Subject) -> Iterator[Chart]:
    """All charts for which a workload has numbers."""
    for make in KINDS.values():
        chart = make(subject)
        if chart is not None:
            yield chart


def headlines(all_findings: Sequence[Findings], sentences: Sentences) -> Chart | None:
    """By what factor faster: the answers of all measurements, a row each; None where there is no answer yet."""
    answered = [(findings, findings.headline) for findings in all_findings if findings.headline]
    if not answered:
        return None
    say, language = sentences.phrases.say, sentences.language
    marks = []
    for findings, found in answered:
        variant = findings.workload_of(found.variant).variant(found.variant)
        look = Look(0, MARKERS[variant.variant.precision], hollow=variant.gate is Gate.FAILED)
        interval, number = found.speedup.interval, language.factor_estimate(found.speedup)
        title = localized(findings.measurement.title, language)
        marks.append(Mark(title, look, found.speedup.point, interval.low, interval.high, number))
    words = "; ".join(say("alt.mark", label=mark.label, number=mark.number) for mark in marks)
    rows = tuple(ratio_row(found, findings.measurement.name) for findings, found in answered)
    names = tuple((f.measurement.name, localized(f.measurement.title, language)) for f, _ in answered)
    titles = tuple((v.name, localized(v.title, language)) for f, _ in answered for v in f.measurement.variants)
    return Chart(
        name="headlines",
        title=say("chart.headlines"),
        description=say("alt.headlines", marks=words),
        note=say("note.headlines"),
        picture=Forest((Group(say("chart.headlines_group"), tuple(marks)),), say("chart.slower"), say("chart.faster")),
        table=Table(ratio_columns(sentences.phrases, "measurement"), rows),
        names=names + titles,
    )


def controls(all_findings: Sequence[Findings], sentences: Sentences) -> Chart | None:
    """How far was the baseline from itself: the A/A control of every record, a row each; None where there is none."""
    say, language = sentences.phrases.say, sentences.language
    found = [(f, w, w.control) for f in all_findings for w in f.workloads if w.control]
    if not found:
        return None
    marks = []
    for _, workload, control in found:
        interval, number = control.speedup.interval, language.factor_estimate(control.speedup)
        look = Look(0, MARKERS[workload.baseline.variant.precision], hollow=not interval.contains(1.0))
        title = localized(workload.choice.title, language)
        marks.append(Mark(title, look, control.speedup.point, interval.low, interval.high, number))
    words = "; ".join(say("alt.mark", label=mark.label, number=mark.number) for mark in marks)
    rows = tuple(ratio_row(control, findings.record.record_id) for findings, _, control in found)
    return Chart(
        name="controls",
        title=say("chart.controls"),
        description=say("alt.controls", marks=words),
        note=say("note.controls"),
        picture=Forest((Group(say("chart.controls_group"), tuple(marks)),), say("chart.slower"), say("chart.faster")),
        table=Table(ratio_columns(sentences.phrases, "record"), rows),
    )
