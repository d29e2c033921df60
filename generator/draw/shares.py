"""Drawing of shares against a promised one: how often is each way wrong?"""

from __future__ import annotations

from matplotlib.figure import Figure

from generator.draw.axes import linear_ticks, nice_step
from generator.draw.picture import Shares
from generator.draw.rows import GUIDE_HEAD, Rows
from generator.draw.sheet import Lettering, Shape, colour_of
from generator.words.language import Language

APART = 12.0
"""Points between two marks of one row."""


def shares(data: Shares, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """Which shares keep to what was promised?"""
    rows = Rows(shape, lettering, data.groups, GUIDE_HEAD)
    high = max(end for _, group in data.groups for row in group for _, _, end, _ in row.parts)
    far = max(1.15 * data.promised, 1.04 * high)
    x = rows.scale(0.0, far, linear=True)
    ticks = linear_ticks(0.0, far, nice_step(0.0, far, 5))
    rows.ticks(x, ticks, [language.percent(tick, 0) for tick in ticks])
    rows.guide(x(data.promised), dashed=True)
    size = shape.small
    promised = language.percent(data.promised, 0)
    rows.sheet.text(x(data.promised), rows.sheet.top + 0.9 * size, promised, size=size, ha="center")
    for y, row in (place for section in rows.sections for place in section.places):
        rows.label(y, row.label, row.number, None)
        top = y - APART * (len(row.parts) - 1) / 2
        for index, (share, low, end, look) in enumerate(row.parts):
            level, colour = top + APART * index, colour_of(look)
            rows.sheet.stroke([(x(low), level), (x(end), level)], colour=colour, width=2.2)
            rows.sheet.mark(look, (x(share), level))
    rows.caption(data.label)
    return rows.sheet.figure
