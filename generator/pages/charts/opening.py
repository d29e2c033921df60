"""The picture that the article opens with: how far apart the ratios lie, by what is held fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Look, Span, SpanGroup, Spans
from generator.pages.charts.factors import CLAIMED, LOOKS, PUBLISHED
from generator.pages.charts.formats import key
from generator.pages.views.published_figure import FigureView
from generator.pages.views.ratio import RatioView
from generator.results.quality import Gate
from generator.words.language import Language
from generator.words.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the ratios of a series of ours, or figures of others."""

    label: str
    ours: tuple[RatioView, ...] = ()
    theirs: tuple[FigureView, ...] = ()

    @property
    def values(self) -> list[float]:
        """What the bar reaches over: all ratios but gains that cost too much quality."""
        ours = [found.speedup.point for view in self.ours if view.speaks and (found := view.ratio)]
        return ours + [end for view in self.theirs for end in view.figure.in_two_years or ()]

    def range(self, language: Language) -> str:
        """Both ends: "×0,97–1,16"."""
        return language.factor_range(min(self.values), max(self.values))


def opening(bars: Sequence[Bar], phrases: Phrases) -> Chart | None:
    """From which to which factor does each kind of progress reach? None where no bar has a number yet."""
    bars = [bar for bar in bars if bar.values]
    if not bars:
        return None
    say, rows = phrases.say, tuple(_row(bar, phrases) for bar in bars)
    ours = [view.found.variant for bar in bars for view in bar.ours if not isinstance(view.found, str)]
    failed = next((one.variant.precision for one in ours if one.gate is Gate.FAILED), None)
    entries = key({one.variant.precision for one in ours}, failed, phrases, colour=0)
    if any(bar.theirs for bar in bars):
        entries.append((Look(1, PUBLISHED), say("chart.key_published")))
    marks = "; ".join(say("alt.mark", label=row.label, number=row.number) for row in rows)
    return Chart(
        name="opening",
        title=say("chart.opening"),
        description=say("alt.opening", marks=marks),
        note=say("note.opening"),
        picture=Spans((SpanGroup("", rows),), say("chart.worse"), say("chart.better"), CLAIMED),
        table=Table(_columns(phrases), tuple(_cells(bar) for bar in bars)),
        key=tuple(entries),
    )


def _row(bar: Bar, phrases: Phrases) -> Span:
    low, high, language = min(bar.values), max(bar.values), phrases.language
    points = [(found.speedup.point, _look(view)) for view in bar.ours if (found := view.ratio)]
    for view in bar.theirs:
        look = Look(LOOKS[view.figure.metric], PUBLISHED)
        points += [(end, look) for end in dict.fromkeys(view.figure.in_two_years or ())]
    colour = LOOKS[bar.theirs[0].figure.metric] if bar.theirs else 0
    return Span(bar.label, Look(colour, PUBLISHED), tuple(points), low, high, bar.range(language))


def _look(view: RatioView) -> Look:
    variant = view.comparison.variant if view.comparison else None
    marker = MARKERS[variant.variant.precision] if variant else PUBLISHED
    return Look(0, marker, hollow=not view.counts)


def _columns(phrases: Phrases) -> tuple[Column, ...]:
    say = phrases.say
    return (
        Column("what", say("column.what")),
        Column("origin", say("column.origin")),
        Column("low", say("column.least"), "ratio"),
        Column("high", say("column.most"), "ratio"),
        Column("count", say("column.numbers"), "count"),
    )


def _cells(bar: Bar) -> tuple[Cell, ...]:
    origin = "measured here" if bar.ours else "published"
    return (bar.label, origin, tidy(min(bar.values)), tidy(max(bar.values)), len(bar.ours) + len(bar.theirs))
