"""Chart of the roofline: how much of what the machine can do does each variant get, and what bounds it?"""

from __future__ import annotations

from collections.abc import Sequence

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import RoofLine, RooflinePicture, RoofMark
from generator.pages.charts.subject import Subject
from generator.results.findings import VariantFindings
from generator.results.roofline import Bound, Roof, Roofline

GIGA = 1e9


def roofline(subject: Subject) -> Chart | None:
    """How much of what the machine can do does each variant get, and what bounds it?"""
    found = [(v, v.roofline) for v in subject.workload.variants if isinstance(v.roofline, Roofline)]
    if not found:
        return None
    say = subject.phrases.say
    marks = tuple(_mark(subject, variant, one) for variant, one in found)
    picture = RooflinePicture(
        marks=marks,
        slopes=_lines(subject, [one.bandwidth for _, one in found], "chart.roof_memory"),
        levels=_lines(subject, [one.compute for _, one in found], "chart.roof_compute"),
        x_label=say("chart.roofline_x"),
        y_label=say("chart.roofline_y"),
        y_unit=GIGA,
    )
    return subject.chart(
        "roofline",
        picture,
        Table(_columns(subject), tuple(_row(variant, one) for variant, one in found)),
        title=say("chart.roofline"),
        description=say("alt.roofline", marks=subject.listed([(mark.label, mark.number) for mark in marks])),
        note=say("note.roofline"),
    )


def _mark(subject: Subject, variant: VariantFindings, found: Roofline) -> RoofMark:
    language = subject.language
    number = subject.phrases.say(
        "chart.roofline_memory" if found.bound is Bound.MEMORY else "chart.roofline_compute",
        share=language.percent(found.share.median, 0),
        achieved=language.number(found.flops_per_second.median / GIGA),
        attainable=language.number(found.attainable / GIGA),
    )
    return RoofMark(
        label=subject.titles[variant.variant.name],
        look=subject.look(variant),
        intensity=found.intensity,
        achieved=found.flops_per_second.median,
        achieved_low=found.flops_per_second.least,
        achieved_high=found.flops_per_second.most,
        attainable=found.attainable,
        number=number,
    )


def _lines(subject: Subject, roofs: Sequence[Roof], key: str) -> tuple[RoofLine, ...]:
    """Each ceiling once, the lowest first."""
    distinct = {(roof.ceiling.precision, roof.per_second.median): roof for roof in roofs}
    return tuple(
        RoofLine(
            subject.phrases.say(
                key,
                precision=roof.ceiling.precision.value if roof.ceiling.precision else "",
                size=subject.language.size(roof.ceiling.working_set_bytes),
                number=subject.language.number(roof.per_second.median / GIGA),
            ),
            roof.per_second.median,
        )
        for roof in sorted(distinct.values(), key=lambda one: one.per_second.median)
    )


def _columns(subject: Subject) -> tuple[Column, ...]:
    say = subject.phrases.say
    return (
        Column("variant", say("column.variant")),
        Column("intensity_flop_per_byte", say("column.intensity")),
        Column("achieved_flop_per_second", say("column.achieved"), "count"),
        Column("attainable_flop_per_second", say("column.attainable"), "count"),
        Column("share", say("column.roof_share"), "share"),
        Column("bound", say("column.roof_bound")),
        Column("compute_flop_per_second", say("column.roof_compute"), "count"),
        Column("bandwidth_bytes_per_second", say("column.roof_bandwidth"), "count"),
    )


def _row(variant: VariantFindings, found: Roofline) -> tuple[Cell, ...]:
    numbers = (found.flops_per_second.median, found.attainable, found.share.median)
    roofs = (found.compute.per_second.median, found.bandwidth.per_second.median)
    return (variant.variant.name, tidy(found.intensity), *map(tidy, numbers), str(found.bound), *map(tidy, roofs))
