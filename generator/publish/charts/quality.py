"""Chart of what speed costs: accuracy against latency."""

from __future__ import annotations

from collections.abc import Sequence

from generator.analysis.estimate import Estimate
from generator.analysis.findings import LatencyFindings, VariantFindings
from generator.publish.charts.chart import Cell, Chart, Column, Table, tidy
from generator.publish.charts.picture import Plane, Spot
from generator.publish.charts.subject import Subject
from generator.publish.sentences import accuracy_metric

Measured = tuple[VariantFindings, LatencyFindings, Estimate]


def quality(subject: Subject) -> Chart | None:
    """What does speed cost in quality, and which variants does no other beat in both?"""
    metric = accuracy_metric(subject.baseline)
    if metric is None:
        return None
    found = [
        (variant, latency, known.estimate)
        for variant, latency in subject.timed
        if (known := variant.quality_of(metric.metric))
    ]
    if len(found) < 2:
        return None
    say, name = subject.phrases.say, subject.sentences.metric(metric.metric)
    scale, unit = subject.language.duration_unit(min(latency.p50_ns.median for _, latency, _ in found))
    spots = tuple(_spot(subject, one) for one in found)
    picture = Plane(
        spots,
        x_label=say("chart.median_axis", unit=unit),
        y_label=say("chart.share_axis", metric=name),
        faster=say("chart.faster"),
        x_unit=scale,
        y_unit=0.01,
        front=front([(spot.x, spot.y) for spot in spots]),
    )
    return subject.chart(
        "quality",
        picture,
        Table(_columns(subject, metric.metric, name), tuple(_row(*one) for one in found)),
        title=say("chart.quality"),
        description=say("alt.quality", marks=subject.listed([(spot.label, spot.number) for spot in spots])),
        note=say("note.quality"),
    )


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Indices of the points that no other beats in both: less in x, more in y."""
    return tuple(
        index
        for index, (x, y) in enumerate(points)
        if not any((a <= x and b >= y and (a, b) != (x, y)) for a, b in points)
    )


def _spot(subject: Subject, measured: Measured) -> Spot:
    variant, latency, share = measured
    language = subject.language
    number = subject.phrases.say(
        "chart.plane_number",
        latency=language.duration(latency.p50_ns.median),
        share=language.percent_estimate(share),
    )
    return Spot(
        label=subject.titles[variant.variant.name],
        look=subject.look(variant),
        x=latency.p50_ns.median,
        x_low=latency.p50_ns.least,
        x_high=latency.p50_ns.most,
        y=share.point,
        y_low=share.interval.low,
        y_high=share.interval.high,
        number=number,
    )


def _columns(subject: Subject, metric: str, name: str) -> tuple[Column, ...]:
    say = subject.phrases.say
    median = say("column.p50")
    return (
        Column("variant", say("column.variant")),
        Column("p50_ns", median, "ns"),
        Column("p50_least_ns", f"{median}, {say('column.least').lower()}", "ns"),
        Column("p50_most_ns", f"{median}, {say('column.most').lower()}", "ns"),
        Column(metric.replace("-", "_"), name, "share"),
        Column("low", say("column.low"), "share"),
        Column("high", say("column.high"), "share"),
    )


def _row(variant: VariantFindings, latency: LatencyFindings, share: Estimate) -> tuple[Cell, ...]:
    times = (latency.p50_ns.median, latency.p50_ns.least, latency.p50_ns.most)
    shares = (share.point, share.interval.low, share.interval.high)
    return (variant.variant.name, *map(tidy, times), *map(tidy, shares))
