"""Chart of what a longer input costs and brings: latency and quality over its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Curve, Panels, Point, any_hollow
from generator.pages.charts.formats import key
from generator.pages.charts.latency import middle
from generator.pages.charts.quality import quality_axis
from generator.pages.charts.subject import Subject
from generator.pages.sentences import Sentences
from generator.results.findings import Findings, LatencyFindings, VariantFindings, accuracy_metric
from generator.results.quality import Gate, Quality

LENGTHS = ("history",)
"""Options of workloads that say how long an input is; each has its phrases."""

LEAST_LENGTHS = 3
"""Fewer lengths than this are no curve."""

Measured = tuple[float, Subject, VariantFindings, LatencyFindings, Quality]


def length(findings: Findings, sentences: Sentences) -> Chart | None:
    """How does latency grow with the length of the input, and what does the length bring?

    Of workloads that differ in nothing but their length; a series is what has the same title in all of them.
    """
    option = next((one for one in LENGTHS if _only_difference(findings, one)), None)
    if option is None or findings.served:
        return None
    series = _series([Subject(findings, one, sentences) for one in findings.workloads], option)
    if max((len(found) for found in series.values()), default=0) < LEAST_LENGTHS:
        return None
    if any(quality.estimate.interval.low <= 0 for found in series.values() for *_, quality in found):
        return None  # its scale is logarithmic
    say, language = sentences.phrases.say, sentences.language
    everything = [one for found in series.values() for one in found]
    scale, unit = language.duration_unit(middle([latency.p50_ns.median for *_, latency, _ in everything]))
    *_, metric = everything[0]
    title = sentences.phrases.of("length", option)
    curves = tuple(_curve(sentences, name, found) for name, found in series.items())
    formats = {variant.variant.precision for _, _, variant, *_ in everything}
    marks = "; ".join(say("alt.mark", label=one.label, number=one.number) for one in curves)
    return Chart(
        name="length",
        title=title,
        description=say("alt.length", title=title, marks=marks),
        note=" ".join([say("note.length"), *([say("note.hollow")] if any_hollow(curves) else [])]),
        picture=Panels(
            curves,
            y_labels=(say("chart.latency_axis", unit=unit), quality_axis(sentences, metric)),
            y_units=(scale, 0.01 if metric.kind == "proportion" else 1.0),
            x_label=sentences.phrases.of("length_axis", option),
            x_ticks=tuple(sorted({one[0] for one in everything})),
        ),
        table=Table(_columns(sentences, metric, option), tuple(map(_row, everything))),
        key=tuple(key(formats, min(formats) if any_hollow(curves) else None, sentences.phrases)),
        names=tuple(name for one in findings.workloads for name in Subject(findings, one, sentences).titles.items()),
    )


def _only_difference(findings: Findings, option: str) -> bool:
    """Whether the workloads are the same but for this option."""
    choices = [one.choice for one in findings.workloads]
    same = {repr((one.kind, sorted((k, v) for k, v in one.options.items() if k != option))) for one in choices}
    return len(same) == 1 and all(option in one.options for one in choices)


def _series(subjects: Sequence[Subject], option: str) -> dict[str, list[Measured]]:
    """What was measured under each title, the shortest first."""
    found = dict[str, list[Measured]]()
    for subject in subjects:
        value, metric = float(str(subject.workload.choice.options[option])), accuracy_metric(subject.baseline)
        for variant, latency in subject.timed:
            if metric and (known := variant.quality_of(metric.metric)):
                title = subject.titles[variant.variant.name]
                found.setdefault(title, []).append((value, subject, variant, latency, known))
    return {title: sorted(one, key=lambda measured: measured[0]) for title, one in found.items()}


def _curve(sentences: Sentences, title: str, found: Sequence[Measured]) -> Curve:
    times, values = list[Point](), list[Point]()
    for x, _, variant, latency, quality in found:
        p50, estimate = latency.p50_ns, quality.estimate
        failed = variant.gate is Gate.FAILED
        times.append(Point(x, p50.median, p50.least, p50.most, failed))
        values.append(Point(x, estimate.point, estimate.interval.low, estimate.interval.high, failed))
    _, subject, variant, *_ = found[0]
    first, last = (sentences.language.duration(point.y) for point in (times[0], times[-1]))
    return Curve(
        title, replace(subject.look(variant), hollow=False), (tuple(times), tuple(values)), f"{first} → {last}"
    )


def _columns(sentences: Sentences, metric: Quality, option: str) -> tuple[Column, ...]:
    say, kind = sentences.phrases.say, "share" if metric.kind == "proportion" else "value"
    return (
        Column("variant", say("column.variant")),
        Column(option, sentences.phrases.of("length_axis", option), "count"),
        Column("p50_ns", say("column.p50"), "ns"),
        Column(metric.metric.replace("-", "_"), sentences.metric(metric.metric), kind, metric.unit),
        Column("low", say("column.low"), kind, metric.unit),
        Column("high", say("column.high"), kind, metric.unit),
    )


def _row(one: Measured) -> tuple[Cell, ...]:
    value, _, variant, latency, quality = one
    estimate = quality.estimate
    numbers = (latency.p50_ns.median, estimate.point, estimate.interval.low, estimate.interval.high)
    return (variant.variant.name, round(value), *map(tidy, numbers))
