"""Ratios from everywhere on one axis: ours and published ones apart, the published ones by what became better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from generator.cited.evidence import Metric
from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Entry, Forest, Group, Look, Mark
from generator.pages.charts.formats import GREY, key
from generator.pages.views.published_figure import FigureView
from generator.pages.views.ratio import RatioView
from generator.results.quality import Gate
from generator.words.phrases import Phrases

LOOKS: Mapping[Metric, int] = MappingProxyType(
    {Metric.SPEED: 1, Metric.ENERGY: 2, Metric.PRICE: 5, Metric.SIZE: 3, Metric.TRAINING: 4}
)
"""Colour of published figures by what became better; our own are blue."""

PUBLISHED, OTHER_WINDOW = "p", ">"
"""Marks of published figures: over two years, and over another time. Ours have the mark of their number format."""

CLAIMED = (2.0, 3.0)
"""What the post says: its title "twice", its text "by 200 per cent"."""

Row = tuple[Mark, tuple[Cell, ...]]


def factors(
    name: str, title: str, ours: Sequence[RatioView], theirs: Sequence[FigureView], phrases: Phrases
) -> Chart | None:
    """By what factor did it become better: one mark a ratio; None where there is no number at all.

    Args:
        name: of the chart's files.
        title: what is to be seen.
        ours: ratios of our records; those without a number are left out.
        theirs: published figures; those that have no place among factors of two years are left out.
        phrases: the words.
    """
    say = phrases.say
    groups = [(say("chart.measured_here"), [row for view in ours if (row := _ours(view))])]
    for metric in Metric:
        rows = [row for view in theirs if view.figure.metric is metric and (row := _theirs(view))]
        groups.append((say("chart.published", metric=phrases.of("better", metric)), rows))
    filled = [(heading, rows) for heading, rows in groups if rows]
    if not filled:
        return None
    tabled = filled[:1] if groups[0][1] else filled
    marks = [mark for _, rows in filled for mark, _ in rows]
    words = "; ".join(say("alt.mark", label=mark.label, number=mark.number) for mark in marks)
    return Chart(
        name=name,
        title=title,
        description=say("alt.factors", marks=words),
        note=" ".join(_notes(groups[0][1], [row for _, rows in groups[1:] for row in rows], phrases)),
        picture=Forest(
            tuple(Group(heading, tuple(mark for mark, _ in rows)) for heading, rows in filled),
            slower=say("chart.worse"),
            faster=say("chart.better"),
            guides=CLAIMED,
        ),
        key=_key(ours, [mark.look for mark in marks], phrases),
        # Ours and MLPerf's never share a table: where a chart has both, its files hold ours.
        table=Table(_columns(phrases), tuple(cells for _, rows in tabled for _, cells in rows)),
    )


def _ours(view: RatioView) -> Row | None:
    found = view.comparison.found if view.comparison else None
    if view.comparison is None or found is None:
        return None
    variant, interval = view.comparison.variant, found.speedup.interval
    look = Look(0, MARKERS[variant.variant.precision], hollow=variant.gate is Gate.FAILED)
    mark = Mark(view.title, look, found.speedup.point, interval.low, interval.high, view.factor)
    ratios = [tidy(value) for value in (found.speedup.point, interval.low, interval.high)]
    years = view.pick.window_years
    return mark, (view.title, "measured here", str(Metric.SPEED), *ratios, years, view.pick.measurement)


def _theirs(view: FigureView) -> Row | None:
    place = view.figure.in_two_years
    if place is None:
        return None
    low, high = place
    look = Look(LOOKS[view.figure.metric], PUBLISHED if view.figure.covers_two_years else OTHER_WINDOW)
    mark = Mark(view.label, look, math.sqrt(low * high), low, high, view.observed)
    source = " ".join(view.figure.addresses) or view.figure.source
    values = [tidy(value) for value in (math.sqrt(low * high), low, high)]
    return mark, (view.label, "published", str(view.figure.metric), *values, view.figure.window_years, source)


def _key(ours: Sequence[RatioView], looks: Sequence[Look], phrases: Phrases) -> tuple[Entry, ...]:
    """What the shapes of the marks mean, of those that are there."""
    variants = [view.comparison.variant for view in ours if view.comparison and view.comparison.found]
    failed = next((one.variant.precision for one in variants if one.gate is Gate.FAILED), None)
    entries = key({one.variant.precision for one in variants}, failed, phrases, colour=0)
    for marker, words in ((PUBLISHED, "chart.key_two_years"), (OTHER_WINDOW, "chart.key_other_window")):
        if any(look.marker == marker for look in looks):
            entries.append((Look(GREY, marker), phrases.say(words)))
    return tuple(entries)


def _notes(ours: Sequence[Row], theirs: Sequence[Row], phrases: Phrases) -> list[str]:
    """What the marks mean, of those that are there."""
    keys = ["note.factors"]
    if ours:
        keys.append("note.factors_ours")
    if any(mark.look.hollow for mark, _ in ours):
        keys.append("note.hollow")
    if theirs:
        keys.append("note.factors_published")
    if ours and theirs:
        keys.append("note.factors_files")
    return [phrases.say(key) for key in keys]


def _columns(phrases: Phrases) -> tuple[Column, ...]:
    say = phrases.say
    return (
        Column("what", say("column.what")),
        Column("origin", say("column.origin")),
        Column("metric", say("column.metric")),
        Column("factor", say("column.ratio"), "ratio"),
        Column("low", say("column.low"), "ratio"),
        Column("high", say("column.high"), "ratio"),
        Column("window_years", say("column.window"), "value", "year"),
        Column("source", say("column.source")),
    )
