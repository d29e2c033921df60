"""The axis of ratios: what marks are compared with is always labelled, and what is empty for long is left out."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from matplotlib.text import Text

from generator.draw import drawing
from generator.draw.font import text_width
from generator.draw.picture import (
    Course,
    Curve,
    Forest,
    Group,
    Look,
    Mark,
    Point,
    Share,
    Shares,
    Span,
    SpanGroup,
    Spans,
)
from generator.draw.ratio_axis import labelled, ratio_axis, written
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.words.language import Language

RU = Language.RU
GUIDES = (2.0, 3.0)
SPANS = {
    "near one": [(0.98, 1.02)],
    "between": [(1.9, 2.1), (0.5, 3.2)],
    "far": [(0.3, 1.1), (200.0, 300.0)],
    "long and full": [(0.01, 0.5), (0.5, 1000.0)],
    "a point": [(7.0, 7.0)],
}


@pytest.mark.parametrize("spans", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("width", [120.0, 240.0, 420.0])
def test_every_guide_has_a_label_that_touches_no_other(spans: list[tuple[float, float]], width: float) -> None:
    axis = ratio_axis(spans, GUIDES, 0.0, width)
    ticks = sorted({*axis.ticks(7), *GUIDES})
    shown = labelled(axis, ticks, written(ticks, RU.factor), GUIDES, 8.5)
    assert {1.0, *GUIDES} <= {tick for tick, _, _ in shown}
    halves = [(place, text_width(label, 8.5) / 2) for _, place, label in shown]
    assert all(b - a >= one + other for (a, one), (b, other) in pairwise(halves))
    assert [tick for tick, _, _ in shown] == sorted(tick for tick, _, _ in shown)


def test_an_empty_stretch_is_left_out_and_the_order_stays() -> None:
    axis = ratio_axis([(0.3, 1.1), (1.0, 5.7), (100.0, 429.0)], GUIDES, 0.0, 400.0)
    ((low, high),) = axis.breaks
    places = [axis(value) for value in (0.3, 1.0, 2.0, 5.7, 100.0, 429.0)]
    assert places == sorted(places)
    assert places[3] < low < high < places[4]
    assert axis(5.7) - axis(1.0) > 100, "what lies near one is not squeezed"


@pytest.mark.parametrize(
    "spans", [[(0.3, 1.1), (5.0, 5.2)], [(0.3, 400.0), (300.0, 500.0)], [(0.3, 9.0), (20.0, 80.0)]]
)
def test_a_short_or_a_full_axis_is_whole(spans: list[tuple[float, float]]) -> None:
    assert not ratio_axis(spans, GUIDES, 0.0, 400.0).breaks


def _forest(point: float) -> Forest:
    mark = Mark("Отметка", Look(0, "o"), point, point, point, "×")
    return Forest((Group("Группа", (mark,)),), "медленнее", "быстрее", GUIDES)


def _spans(point: float) -> Spans:
    row = Span("Полоса", Look(0, "o"), ((point, Look(0, "o")), (1.0, Look(0, "s"))), 1.0, point, "×")
    return Spans((SpanGroup("", (row,)),), "хуже", "лучше", GUIDES)


def _course(point: float) -> Course:
    curve = Curve("Нагрузка", Look(0, "o"), ((Point(0, 1, 1, 1), Point(1, point, point, point)),), "×")
    return Course((curve,), ("1", "2"), "выпуск", "во сколько раз", GUIDES)


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=lambda shape: shape.name)
@pytest.mark.parametrize("point", [1.01, 2.6, 72.0, 900.0])
@pytest.mark.parametrize("make", [_forest, _spans, _course])
def test_no_dashed_line_stands_without_its_number(make: object, point: float, shape: object) -> None:
    figure = drawing.draw(make(point), shape, RU, Lettering())  # type: ignore[operator, arg-type]
    words = {text.get_text() for text in figure.findobj(Text)}
    assert {"×2", "×3"} <= words


def test_the_promised_share_is_named() -> None:
    row = Share("Способ", ((0.5, 0.4, 0.6, Look(0, "o")),), "50 %")
    figure = drawing.draw(Shares((("", (row,)),), 0.05, "доля"), WIDE, RU, Lettering())
    assert RU.percent(0.05, 0) in {text.get_text() for text in figure.findobj(Text)}


def test_a_key_stands_under_the_chart_line_by_line() -> None:
    """Its entries do not touch, and the paper grows by them."""
    entries = tuple((Look(index, "o"), f"объяснение знака номер {index}") for index in range(5))
    bare, keyed = (drawing.draw(_forest(1.5), NARROW, RU, Lettering(key=key)) for key in ((), entries))
    assert keyed.get_size_inches()[1] > bare.get_size_inches()[1]
    places = [text.get_position() for text in keyed.findobj(Text) if "номер" in text.get_text()]
    assert len(places) == len(entries)
    wide = text_width(entries[0][1], NARROW.small)
    assert all(abs(a[1] - b[1]) > 10 or abs(a[0] - b[0]) > wide for a, b in combinations(places, 2))
