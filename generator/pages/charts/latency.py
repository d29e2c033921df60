"""Chart of how latencies are spread."""

from __future__ import annotations

from collections.abc import Sequence

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Distribution, Reach
from generator.pages.charts.subject import Subject
from generator.results.findings import LatencyFindings, VariantFindings
from generator.results.percentile import percentile_key
from generator.words.language import Language


def latency(subject: Subject) -> Chart | None:
    """How long do answers take, and how far does the tail reach? None of a server, whose load was varied."""
    timed = subject.timed
    if not timed or subject.findings.served:
        return None
    say = subject.phrases.say
    scale, unit = subject.language.duration_unit(middle([found.p50_ns.median for _, found in timed]))
    rows = tuple(_reach(subject, variant, found) for variant, found in timed)
    shares = sorted({one.share for _, found in timed for one in found.percentiles if one.share > 0.5})
    names = [percentile_name(share, subject.language) for share in shares]
    columns = (
        Column("variant", say("column.variant")),
        Column("queries", say("column.queries"), "count"),
        Column("p50_ns", say("column.p50"), "ns"),
        Column("mean_ns", say("column.mean"), "ns"),
        *(Column(f"{percentile_key(share)}_ns", name, "ns") for share, name in zip(shares, names, strict=True)),
    )
    return subject.chart(
        "latency",
        Distribution(rows, unit=scale, label=say("chart.latency_axis", unit=unit)),
        Table(columns, tuple(_row(variant, found, shares) for variant, found in timed)),
        title=say("chart.latency"),
        description=say("alt.latency", marks=subject.listed([(row.label, row.number) for row in rows])),
        note=say("note.latency", tail=subject.language.listing(names)) if names else say("note.latency_plain"),
    )


def middle(values: Sequence[float]) -> float:
    """The value in the middle, whose unit suits the axis."""
    return sorted(values)[len(values) // 2]


def percentile_name(share: float, language: Language) -> str:
    """Name of a percentile as people write it: "p99", "p99,9"."""
    percent = 100 * share
    return "p" + language.decimal(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)


def _reach(subject: Subject, variant: VariantFindings, found: LatencyFindings) -> Reach:
    language, say = subject.language, subject.phrases.say
    upper = [one for one in found.percentiles if one.share > 0.5]
    tail = tuple((percentile_name(one.share, language), float(one.value_ns)) for one in upper)
    centre = found.p50_ns.median
    median = language.duration(centre)
    number = say("chart.reach_number", median=median)
    if tail:
        name, value = tail[-1]
        number = say("chart.reach_tail", median=median, name=name, tail=language.duration(value))
    return Reach(
        label=subject.titles[variant.variant.name],
        look=subject.look(variant),
        low=found.p5_ns,
        quarter=found.p25_ns,
        median=centre,
        three_quarters=found.p75_ns,
        tail=tail,
        number=number,
    )


def _row(variant: VariantFindings, found: LatencyFindings, shares: Sequence[float]) -> tuple[Cell, ...]:
    known = {one.share: one.value_ns for one in found.percentiles}
    centre = (tidy(found.p50_ns.median), tidy(found.mean_ns.median))
    return (variant.variant.name, found.queries, *centre, *(known.get(share) for share in shares))
