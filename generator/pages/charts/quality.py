"""Chart of what speed costs: accuracy against latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Plane, Spot
from generator.pages.charts.latency import middle
from generator.pages.charts.subject import Subject
from generator.pages.sentences import Sentences
from generator.results.estimate import Interval
from generator.results.findings import LatencyFindings, VariantFindings, accuracy_metric, agreement_metric
from generator.results.quality import Quality

Measured = tuple[VariantFindings, LatencyFindings, Quality]


def quality(subject: Subject) -> Chart | None:
    """What does speed cost in quality, and which variants does no other beat in both?"""
    metric = accuracy_metric(subject.baseline)
    if metric is None or subject.findings.served:
        return None
    found = [
        (variant, latency, known) for variant, latency in subject.timed if (known := variant.quality_of(metric.metric))
    ]
    return _plane(subject, metric, found)


def fidelity(subject: Subject) -> Chart | None:
    """The same where there are no labels: how often is an answer the baseline's own, which agrees with itself?"""
    metric = next((known for variant, _ in subject.timed if (known := agreement_metric(variant))), None)
    if metric is None or subject.findings.served:
        return None
    itself = replace(metric, estimate=replace(metric.estimate, point=1.0, interval=Interval(1.0, 1.0)))
    found = [
        (variant, latency, known)
        for variant, latency in subject.timed
        if (known := itself if variant is subject.baseline else variant.quality_of(metric.metric))
    ]
    return _plane(subject, metric, found)


def _plane(subject: Subject, metric: Quality, found: Sequence[Measured]) -> Chart | None:
    if len(found) < 2:
        return None
    say = subject.phrases.say
    scale, unit = subject.language.duration_unit(middle([latency.p50_ns.median for _, latency, _ in found]))
    spots = tuple(_spot(subject, one) for one in found)
    sign = -1 if metric.better == "lower" else 1
    picture = Plane(
        spots,
        x_label=say("chart.median_axis", unit=unit),
        y_label=quality_axis(subject.sentences, metric),
        faster=say("chart.faster"),
        x_unit=scale,
        y_unit=0.01 if metric.kind == "proportion" else 1.0,
        front=front([(spot.x, sign * spot.y) for spot in spots]),
    )
    return subject.chart(
        "quality",
        picture,
        Table(_columns(subject, metric), tuple(_row(*one) for one in found)),
        title=say("chart.quality_lower" if metric.better == "lower" else "chart.quality"),
        description=say("alt.quality", marks=subject.listed([(spot.label, spot.number) for spot in spots])),
        note=" ".join([say("note.quality"), *([say("note.front")] if len(picture.front) > 1 else [])]),
    )


def quality_axis(sentences: Sentences, metric: Quality) -> str:
    """What an axis of this metric is called, with its unit."""
    say, name = sentences.phrases.say, sentences.metric(metric.metric)
    if metric.kind == "proportion":
        return say("chart.share_axis", metric=name)
    unit = sentences.phrases.of("unit", metric.unit) if metric.unit else ""
    return say("chart.value_axis", metric=name, unit=unit) if unit else name


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Indices of the points that no other beats in both: less in x, more in y."""
    return tuple(
        index
        for index, (x, y) in enumerate(points)
        if not any((a <= x and b >= y and (a, b) != (x, y)) for a, b in points)
    )


def _spot(subject: Subject, measured: Measured) -> Spot:
    variant, latency, found = measured
    estimate = found.estimate
    number = subject.phrases.say(
        "chart.plane_number",
        latency=subject.language.duration(latency.p50_ns.median),
        share=subject.sentences.value(found),
    )
    return Spot(
        label=subject.titles[variant.variant.name],
        look=subject.look(variant),
        x=latency.p50_ns.median,
        x_low=latency.p50_ns.least,
        x_high=latency.p50_ns.most,
        y=estimate.point,
        y_low=estimate.interval.low,
        y_high=estimate.interval.high,
        number=number,
    )


def _columns(subject: Subject, metric: Quality) -> tuple[Column, ...]:
    say = subject.phrases.say
    median, kind = say("column.p50"), "share" if metric.kind == "proportion" else "value"
    return (
        Column("variant", say("column.variant")),
        Column("p50_ns", median, "ns"),
        Column("p50_least_ns", f"{median}, {say('column.least').lower()}", "ns"),
        Column("p50_most_ns", f"{median}, {say('column.most').lower()}", "ns"),
        Column(metric.metric.replace("-", "_"), subject.sentences.metric(metric.metric), kind, metric.unit),
        Column("low", say("column.low"), kind, metric.unit),
        Column("high", say("column.high"), kind, metric.unit),
    )


def _row(variant: VariantFindings, latency: LatencyFindings, found: Quality) -> tuple[Cell, ...]:
    times = (latency.p50_ns.median, latency.p50_ns.least, latency.p50_ns.most)
    values = (found.estimate.point, found.estimate.interval.low, found.estimate.interval.high)
    return (variant.variant.name, *map(tidy, times), *map(tidy, values))
