"""Drawing of ranges: a bar from the least to the greatest value of a row, and a mark for each."""

from __future__ import annotations

from matplotlib.figure import Figure

from generator.draw.picture import Span, Spans
from generator.draw.ratio_axis import ratio_axis
from generator.draw.rows import GUIDE_HEAD, Rows
from generator.draw.sheet import Lettering, Shape, colour_of
from generator.words.language import Language


def spans(data: Spans, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """From which to which factor does each row reach?"""
    rows = Rows(shape, lettering, [(group.heading, group.rows) for group in data.groups], GUIDE_HEAD)
    every = [row for group in data.groups for row in group.rows]
    drawn = [(min(row.low, *_values(row)), max(row.high, *_values(row))) for row in every]
    x = ratio_axis(drawn, data.guides, rows.left, rows.right)
    rows.ratio_axis(x, data.guides, language.factor)
    for y, row in (place for section in rows.sections for place in section.places):
        rows.label(y, row.label, row.number, None)
        ends, colour = (x(row.low), x(row.high)), colour_of(row.look)
        if len(row.points) > 1:
            rows.sheet.stroke([(end, y) for end in ends], colour=colour, width=11, alpha=0.35)
        elif row.low < row.high:
            rows.sheet.stroke([(end, y) for end in ends], colour=colour, width=2.2)
            rows.sheet.stroke(*([(end, y - 6), (end, y + 6)] for end in ends), colour=colour, width=1.5)
        for value, look in row.points:
            rows.sheet.mark(look, (x(value), y))
    rows.ends(data.slower, data.faster)
    return rows.sheet.figure


def _values(row: Span) -> list[float]:
    return [value for value, _ in row.points]
