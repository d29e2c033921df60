"""Chart of a runtime's history: how many times as fast each of its releases is as the oldest one."""

from __future__ import annotations

from packaging.version import Version

from generator.core.cell import Cell
from generator.core.definition import Variant
from generator.draw.chart import Chart, Column, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Course, Curve, Look, Point, any_hollow
from generator.pages.charts.formats import key
from generator.pages.charts.speed import ratio_columns, ratio_row
from generator.pages.sentences import Sentences
from generator.results.comparison import Comparison
from generator.results.findings import Findings, WorkloadFindings
from generator.results.quality import Gate

LEAST_RELEASES = 3
"""Fewer releases than this are a pair, not a history."""

DOUBLED = 2.0

Measured = tuple[str, Comparison]
"""A release, and how it compares with the oldest one."""


def releases(findings: Findings, sentences: Sentences) -> Chart | None:
    """How many times as fast is each release of a runtime as the oldest one, a line a workload?

    Of workloads whose variants differ in nothing but the pinned release of one runtime.
    """
    series = [(one, found) for one in findings.workloads if (found := _history(one))]
    runtimes = {one.baseline.variant.runtime for one, _ in series}
    if not series or len(runtimes) > 1:
        return None
    say, language = sentences.phrases.say, sentences.language
    runtime = sentences.phrases.of("runtime", runtimes.pop())
    first = {release_of(one.baseline.variant) for one, _ in series}
    names = sorted(first | {name for _, found in series for name, _ in found}, key=Version)
    if first != {names[0]} or len(names) < LEAST_RELEASES:
        return None
    curves = tuple(
        Curve(
            sentences.workload(workload),
            Look(index, MARKERS[workload.baseline.variant.precision]),
            ((Point(0.0, 1.0, 1.0, 1.0), *(_point(workload, names.index(name), one) for name, one in found)),),
            f"{found[-1][0]}: {language.factor_estimate(found[-1][1].speedup)}",
        )
        for index, (workload, found) in enumerate(series)
    )
    formats = {one.baseline.variant.precision for one, _ in series}
    marks = "; ".join(
        say("alt.mark", label=f"{sentences.workload(workload)}, {name}", number=language.factor_estimate(one.speedup))
        for workload, found in series
        for name, one in found
    )
    title = say("chart.releases", runtime=runtime)
    return Chart(
        name="releases",
        title=title,
        description=say("alt.releases", title=title, first=names[0], marks=marks),
        note=" ".join([say("note.releases", first=names[0]), *([say("note.hollow")] if any_hollow(curves) else [])]),
        picture=Course(
            curves,
            steps=tuple(names),
            x_label=say("chart.releases_axis", runtime=runtime),
            y_label=say("chart.releases_value", first=names[0]),
            guides=(DOUBLED,),
        ),
        table=Table(_columns(sentences), tuple(_row(workload, *one) for workload, found in series for one in found)),
        key=tuple(key(formats, min(formats) if any_hollow(curves) else None, sentences.phrases)),
        names=tuple((variant.variant.name, sentences.title(variant)) for one, _ in series for variant in one.variants),
    )


def release_of(variant: Variant) -> str:
    """The release that a variant pins of its own runtime; empty where it runs what is installed."""
    pins = dict(pin.split("==") for pin in variant.environment)
    return pins.get(variant.runtime, "")


def _history(workload: WorkloadFindings) -> list[Measured]:
    """Later releases by age, each against the oldest; nothing where variants differ in anything else."""
    found = [(release_of(one.variant), one.against_baseline) for one in workload.variants[1:]]
    if not all(release_of(one.variant) for one in workload.variants):
        return []
    if len({_but_for_the_release(one.variant) for one in workload.variants}) > 1:
        return []
    return sorted(((name, one) for name, one in found if name and one), key=lambda one: Version(one[0]))


def _but_for_the_release(variant: Variant) -> str:
    release = release_of(variant)
    pins = sorted(pin for pin in variant.environment if not pin.endswith(f"=={release}"))
    same = (variant.runtime, variant.precision, variant.transforms, variant.threads, variant.samples_per_query)
    return repr((*same, sorted(variant.options.items()), pins))


def _point(workload: WorkloadFindings, place: int, one: Comparison) -> Point:
    interval, failed = one.speedup.interval, workload.variant(one.variant).gate is Gate.FAILED
    return Point(float(place), one.speedup.point, interval.low, interval.high, failed)


def _columns(sentences: Sentences) -> tuple[Column, ...]:
    say = sentences.phrases.say
    return (
        Column("workload", say("column.workload")),
        Column("release", say("column.release")),
        *ratio_columns(sentences.phrases),
    )


def _row(workload: WorkloadFindings, name: str, one: Comparison) -> tuple[Cell, ...]:
    return (workload.choice.name, name, *ratio_row(one))
