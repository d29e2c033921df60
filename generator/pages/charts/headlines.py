"""The chart of all answers: by what factor faster, a row a measurement, grouped by what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.cited.pair import ratio_of
from generator.core.cell import Cell
from generator.draw.chart import Chart, Column, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Look, Span, SpanGroup, Spans
from generator.pages.charts.factors import CLAIMED
from generator.pages.charts.formats import key
from generator.pages.charts.speed import ratio_columns, ratio_row
from generator.pages.sentences import Sentences, localized
from generator.results.comparison import Comparison
from generator.results.findings import Findings, VariantFindings
from generator.results.pair_kind import PairKind, counterparts, pair_kind
from generator.results.quality import Gate

Measured = tuple[VariantFindings, Comparison]


@dataclass(frozen=True)
class Answer:
    """One measurement's answer: its headline, and the same change in its other workloads."""

    findings: Findings
    found: tuple[Measured, ...]
    """The headline first."""

    sentences: Sentences

    @property
    def kind(self) -> PairKind:
        """What was changed."""
        _, headline = self.found[0]
        measurement = self.findings.measurement
        return pair_kind(measurement.variant(headline.variant), measurement.variant(headline.against))

    @property
    def counted(self) -> list[float]:
        """Factors whose quality counts; all of them where none does."""
        every = [(found.speedup.point, variant.gate) for variant, found in self.found]
        return [one for one, gate in every if gate is not Gate.FAILED] or [one for one, _ in every]

    @property
    def label(self) -> str:
        """The measurement's title, with the workload that is meant where the answer says nothing of the others."""
        title = localized(self.findings.measurement.title, self.sentences.language)
        if len(self.findings.workloads) < 2 or len(self.found) > 1:
            return title
        workload = self.findings.workload_of(self.found[0][1].variant)
        return self.sentences.phrases.say("chart.headline_of", title=title, workload=self.sentences.workload(workload))

    def row(self) -> Span:
        """The answer as a row of the chart."""
        counted, language = self.counted, self.sentences.language
        _, first = self.found[0]
        alone = len(self.found) == 1
        low, high = (first.speedup.interval.low, first.speedup.interval.high) if alone else (min(counted), max(counted))
        number = language.factor_estimate(first.speedup) if alone else language.factor_range(low, high)
        points = tuple((found.speedup.point, _look(variant)) for variant, found in self.found)
        look = points[0][1] if alone else Look(0, points[0][1].marker)
        return Span(self.label, look, points, low, high, number)


def headlines(all_findings: Sequence[Findings], sentences: Sentences) -> Chart | None:
    """By what factor faster: the answers of all measurements, a row each; None where there is no answer yet."""
    answers = [answer for findings in all_findings if (answer := _answer(findings, sentences))]
    if not answers:
        return None
    say, language = sentences.phrases.say, sentences.language
    groups = []
    for kind in PairKind:
        own = sorted((one for one in answers if one.kind is kind), key=lambda one: -max(one.counted))
        if own:
            groups.append(SpanGroup(say(f"pair_kind.{kind}"), tuple(one.row() for one in own)))
    rows = [row for group in groups for row in group.rows]
    names = [(a.findings.measurement.name, localized(a.findings.measurement.title, language)) for a in answers]
    titles = [(v.name, localized(v.title, language)) for a in answers for v in a.findings.measurement.variants]
    measured = [one for answer in answers for one in answer.found]
    failed = next((one.variant.precision for one, _ in measured if one.gate is Gate.FAILED), None)
    return Chart(
        name="headlines",
        title=say("chart.headlines"),
        description=say(
            "alt.headlines", marks="; ".join(say("alt.mark", label=row.label, number=row.number) for row in rows)
        ),
        note=say("note.headlines"),
        picture=Spans(tuple(groups), say("chart.slower"), say("chart.faster"), CLAIMED),
        table=Table(_columns(sentences), tuple(row for answer in answers for row in _rows(answer))),
        names=(*names, *titles),
        key=tuple(key({one.variant.precision for one, _ in measured}, failed, sentences.phrases, colour=0)),
    )


def _answer(findings: Findings, sentences: Sentences) -> Answer | None:
    headline = findings.headline
    if headline is None:
        return None
    pairs = counterparts(findings.measurement, headline.variant, headline.against)
    compared = [headline, *(found for pair in pairs if (found := _measured(findings, *pair)))]
    measured = [(findings.workload_of(one.variant).variant(one.variant), one) for one in compared]
    return Answer(findings, tuple(measured), sentences)


def _measured(findings: Findings, variant: str, against: str) -> Comparison | None:
    """How two variants compare; None where the record has not both."""
    known = {one.variant.name for workload in findings.workloads for one in workload.variants}
    return ratio_of(findings, variant, against) if {variant, against} <= known else None


def _look(variant: VariantFindings) -> Look:
    return Look(0, MARKERS[variant.variant.precision], hollow=variant.gate is Gate.FAILED)


def _columns(sentences: Sentences) -> tuple[Column, ...]:
    measurement, *others = ratio_columns(sentences.phrases, "measurement")
    return measurement, Column("workload", sentences.phrases.say("column.workload")), *others


def _rows(answer: Answer) -> list[tuple[Cell, ...]]:
    rows = []
    for variant, found in answer.found:
        name, *others = ratio_row(found, answer.findings.measurement.name)
        rows.append((name, variant.variant.workload, *others))
    return rows
