"""Drawing of the roofline chart: roofs that slope with bandwidth and lie level at compute, and marks under them."""

from __future__ import annotations

from matplotlib.figure import Figure

from generator.draw import palette
from generator.draw.axes import Frame, Scale, padded, value_ticks
from generator.draw.picture import RoofLine, RooflinePicture
from generator.draw.rows import AXIS, Key
from generator.draw.sheet import Lettering, Shape, Sheet, colour_of
from generator.words.language import Language

LEAST_SPAN = 30.0
"""Ratio that both axes reach over at least, so that the bend of the roof is seen."""


def roofline(data: RooflinePicture, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How much of what the machine can do does each variant get, and what bounds it?"""
    lines = (*data.slopes, *data.levels)
    body, key = 230.0 if shape.narrow else 240.0, Key(shape, data.marks)
    sheet = Sheet(shape, 16 + body + AXIS + 8 + 14.0 * len(lines) + key.height + 6, lettering)
    left, right, top = 50.0, shape.width - 14.0, sheet.top + 20
    x, y = ends(data)
    frame = Frame(sheet, Scale(*x, left, right), Scale(*y, top + body, top))
    _ticks(frame, language)
    _roofs(frame, data)
    for index, line in enumerate(lines):
        _named(sheet, line, top + body + AXIS + 12 + 14 * index, index < len(data.slopes))
    for mark in data.marks:
        values = (mark.achieved, mark.attainable, mark.achieved_low, mark.achieved_high)
        places = [frame.place(mark.intensity, min(value / data.y_unit, y[1])) for value in values]
        sheet.stroke(places[:2], colour=colour_of(mark.look), width=0.9, dashes=(1, 3))
        sheet.stroke(places[2:], colour=colour_of(mark.look), width=1.8)
    for mark in data.marks:
        sheet.mark(mark.look, frame.place(mark.intensity, mark.achieved / data.y_unit))
    sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
    sheet.text(right, top + body + AXIS - 6, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, top + body + AXIS + 12 + 14.0 * len(lines))
    return sheet.figure


def ends(data: RooflinePicture) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of both axes: all marks, the bend of the lowest roof, and the highest roof."""
    steepest, highest = data.slopes[-1].per_second, data.levels[-1].per_second
    bends = [data.levels[0].per_second / steepest, highest / data.slopes[0].per_second]
    x_low, x_high = padded([*(mark.intensity for mark in data.marks), *bends], 0.08)
    x_high = max(x_high, LEAST_SPAN * x_low)
    values = [mark.achieved_low for mark in data.marks] + [highest, data.slopes[0].per_second * x_low]
    y_low, y_high = padded([value / data.y_unit for value in values], 0.06)
    return (x_low, x_high), (min(y_low, y_high / LEAST_SPAN), y_high)


def _ticks(frame: Frame, language: Language) -> None:
    xs = value_ticks(frame.x.low, frame.x.high, 5 if frame.sheet.shape.narrow else 8)
    ys = value_ticks(frame.y.low, frame.y.high, 7)
    frame.grid(xs, ys)
    frame.x_labels([(tick, language.number(tick)) for tick in xs])
    frame.y_labels([(tick, language.number(tick)) for tick in ys])


def _roofs(frame: Frame, data: RooflinePicture) -> None:
    """Slopes up to the highest level that they reach, levels from the steepest slope on."""
    colours, unit, low, high = palette.light(), data.y_unit, frame.x.low, frame.x.high
    for slope in data.slopes:
        end = min(high, data.levels[-1].per_second / slope.per_second)
        line = [frame.place(place, slope.per_second * place / unit) for place in (low, end)]
        frame.sheet.stroke(line, colour=colours["muted"], width=1.3, dashes=(5, 3))
    for level in data.levels:
        begin = max(low, level.per_second / data.slopes[-1].per_second)
        line = [frame.place(place, level.per_second / unit) for place in (begin, high)]
        frame.sheet.stroke(line, colour=colours["fg"], width=1.3, cap="projecting")


def _named(sheet: Sheet, line: RoofLine, y: float, sloping: bool) -> None:
    sheet.text(12, y, f"{'╌' if sloping else '─'} {line.label}", size=sheet.shape.small, colour="muted")
