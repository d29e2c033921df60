"""Chart of what gathering samples into queries brings and costs: throughput and latency over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Curve, Panels, Point
from generator.pages.charts.latency import middle
from generator.pages.charts.subject import Subject
from generator.results.estimate import Spread
from generator.results.findings import LatencyFindings, VariantFindings

LEAST_BATCHES = 3
"""Fewer sizes than this in every series are no curve."""

Measured = tuple[VariantFindings, LatencyFindings]
Way = tuple[str, str, int, bool]


def batching(subject: Subject) -> Chart | None:
    """How many more samples a second does a larger batch bring, and how much longer does its answer take?"""
    ways = _ways(subject)
    batches = [len({latency.samples_per_query for _, latency in found}) for _, found in ways]
    if max(batches, default=0) < LEAST_BATCHES:
        return None
    say = subject.phrases.say
    latencies = [latency.p50_ns.median for _, found in ways for _, latency in found]
    scale, unit = subject.language.duration_unit(middle(latencies))
    curves = tuple(_curve(subject, way, found, [one for one, _ in ways]) for way, found in ways)
    sizes = sorted({float(latency.samples_per_query) for _, found in ways for _, latency in found})
    return subject.chart(
        "batching",
        Panels(
            curves,
            y_labels=(say("chart.throughput_axis"), say("chart.latency_axis", unit=unit)),
            y_units=(1.0, scale),
            x_label=say("chart.batch_axis"),
            x_ticks=tuple(sizes),
        ),
        Table(_columns(subject), tuple(_row(one) for _, found in ways for one in found)),
        title=say("chart.batching"),
        description=say("alt.batching", marks=subject.listed([(curve.label, curve.number) for curve in curves])),
        note=say("note.batching"),
    )


def _ways(subject: Subject) -> list[tuple[Way, list[Measured]]]:
    """Variants that differ in nothing but the batch, smallest batch first; in the definition's order."""
    order = list(dict.fromkeys(_way(subject, variant) for variant, _ in subject.timed))
    timed = sorted(subject.timed, key=lambda one: (order.index(_way(subject, one[0])), one[1].samples_per_query))
    return [(way, list(found)) for way, found in groupby(timed, key=lambda one: _way(subject, one[0]))]


def _way(subject: Subject, variant: VariantFindings) -> Way:
    record = variant.record
    threads = record.threads or subject.findings.record.controls.threads
    return record.runtime, str(record.precision), threads, bool(record.options.get("spinning"))


def _curve(subject: Subject, way: Way, found: Sequence[Measured], ways: Sequence[Way]) -> Curve:
    throughput = tuple(_point(latency, latency.samples_per_second) for _, latency in found)
    latencies = tuple(_point(latency, latency.p50_ns) for _, latency in found)
    best = max(found, key=lambda one: one[1].samples_per_second.median)[1]
    number = subject.phrases.say(
        "chart.best_batch",
        rate=subject.language.number(best.samples_per_second.median),
        batch=subject.language.decimal(best.samples_per_query, 0),
    )
    return Curve(_label(subject, way, ways), subject.look(found[0][0]), (throughput, latencies), number)


def _label(subject: Subject, way: Way, ways: Sequence[Way]) -> str:
    """What tells one series from the others: always its threads; runtime and number format where they differ."""
    runtime, precision, threads, spinning = way
    parts = [subject.phrases.of("runtime", runtime)] if len({one[0] for one in ways}) > 1 else []
    parts += [precision] if len({one[1] for one in ways}) > 1 else []
    parts.append(subject.phrases.say("count.threads", n=threads))
    parts += [subject.phrases.say("chart.spinning")] if spinning else []
    return ", ".join(parts)


def _point(latency: LatencyFindings, value: Spread) -> Point:
    return Point(float(latency.samples_per_query), value.median, value.least, value.most)


def _columns(subject: Subject) -> tuple[Column, ...]:
    say = subject.phrases.say
    return (
        Column("variant", say("column.variant")),
        Column("samples_per_query", say("column.samples_per_query"), "count"),
        Column("samples_per_second", say("column.throughput"), "value", "1/s"),
        Column("p50_ns", say("column.p50"), "ns"),
        Column("cpu_ns_per_sample", say("column.cpu"), "ns"),
    )


def _row(one: Measured) -> tuple[Cell, ...]:
    variant, latency = one
    values = (latency.samples_per_second.median, latency.p50_ns.median, 1e9 * latency.cpu_s_per_sample.median)
    return (variant.variant.name, latency.samples_per_query, *map(tidy, values))
