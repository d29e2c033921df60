"""Drawing of the roofline chart: roofs that slope with bandwidth and lie level at compute, and marks under them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from generator.publish.charts import palette
from generator.publish.charts.picture import RoofLine, RooflinePicture
from generator.publish.charts.rows import AXIS, colour_of, draw_marker, swatch
from generator.publish.charts.scale import padded, value_ticks
from generator.publish.charts.sheet import Lettering, Shape, Sheet, settings, text_width
from generator.publish.language import Language

LEAST_SPAN = 30.0
"""Ratio that both axes reach over at least, so that the bend of the roof is seen."""


def roofline(data: RooflinePicture, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How much of what the machine can do does each variant get, and what bounds it?"""
    with settings():
        lines = (*data.slopes, *data.levels)
        body, step = (230.0, 32.0) if shape.narrow else (240.0, 18.0)
        stacked = shape.narrow or _widest(data, shape) > shape.width - 46
        step = 32.0 if stacked else step
        foot = 14.0 * len(lines) + step * len(data.marks) + 10
        sheet = Sheet(shape, 16 + body + AXIS + 8 + foot, lettering)
        left, right, top = 50.0, shape.width - 14.0, sheet.top + 20
        axes = sheet.axes(left, top, right, top + body)
        x, y = _ends(data)
        _axes(axes, x, y, shape, language)
        _roofs(axes, data, x)
        for index, line in enumerate(lines):
            _named(sheet, line, top + body + AXIS + 12 + 14 * index, index < len(data.slopes))
        for mark in data.marks:
            colour, low, high = colour_of(mark.look), mark.achieved_low / data.y_unit, mark.achieved_high / data.y_unit
            reach = [mark.achieved / data.y_unit, mark.attainable / data.y_unit]
            axes.plot([mark.intensity] * 2, reach, color=colour, lw=0.9, ls=(0, (1, 3)))
            axes.plot([mark.intensity] * 2, [low, high], color=colour, lw=1.8, solid_capstyle="butt")
            draw_marker(axes, mark.intensity, mark.achieved / data.y_unit, mark.look)
        sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
        sheet.text(right, top + body + AXIS - 6, data.x_label, size=shape.small, colour="muted", ha="right")
        _key(sheet, data, top + body + AXIS + 8 + 14.0 * len(lines), step, stacked)
        return sheet.figure


def _widest(data: RooflinePicture, shape: Shape) -> float:
    return max(text_width(m.label, shape.text) + text_width(m.number, shape.text) + 12 for m in data.marks)


def _ends(data: RooflinePicture) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of both axes: all marks, the bend of the lowest roof, and the highest roof."""
    steepest, highest = data.slopes[-1].per_second, data.levels[-1].per_second
    bends = [data.levels[0].per_second / steepest, highest / data.slopes[0].per_second]
    x_low, x_high = padded([*(mark.intensity for mark in data.marks), *bends], 0.08)
    x_high = max(x_high, LEAST_SPAN * x_low)
    values = [mark.achieved_low for mark in data.marks] + [highest, data.slopes[0].per_second * x_low]
    y_low, y_high = padded([value / data.y_unit for value in values], 0.06)
    return (x_low, x_high), (min(y_low, y_high / LEAST_SPAN), y_high)


def _axes(axes: Axes, x: tuple[float, float], y: tuple[float, float], shape: Shape, language: Language) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*x)
    axes.set_ylim(*y)
    for axis, (low, high), most in ((axes.xaxis, x, 5 if shape.narrow else 8), (axes.yaxis, y, 7)):
        ticks = value_ticks(low, high, most)
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FixedFormatter([language.number(tick) for tick in ticks]))
        axis.set_minor_locator(NullLocator())
    axes.grid(color=palette.light()["grid"], lw=0.8)


def _roofs(axes: Axes, data: RooflinePicture, x: tuple[float, float]) -> None:
    """Slopes up to the highest level that they reach, levels from the steepest slope on."""
    colours, unit = palette.light(), data.y_unit
    for slope in data.slopes:
        end = min(x[1], data.levels[-1].per_second / slope.per_second)
        ys = [slope.per_second * place / unit for place in (x[0], end)]
        axes.plot([x[0], end], ys, color=colours["muted"], lw=1.3, ls=(0, (5, 3)))
    for level in data.levels:
        begin = max(x[0], level.per_second / data.slopes[-1].per_second)
        axes.plot([begin, x[1]], [level.per_second / unit] * 2, color=colours["fg"], lw=1.3)


def _named(sheet: Sheet, line: RoofLine, y: float, sloping: bool) -> None:
    sheet.text(12, y, f"{'╌' if sloping else '─'} {line.label}", size=sheet.shape.small, colour="muted")


def _key(sheet: Sheet, data: RooflinePicture, top: float, step: float, stacked: bool) -> None:
    """Mark, name and numbers of each variant."""
    shape = sheet.shape
    for index, mark in enumerate(data.marks):
        y = top + step * index + 12
        swatch(sheet, 12, y, mark.look)
        sheet.text(24, y + 3.5, mark.label)
        if stacked:
            sheet.text(24, y + 17, mark.number, colour="muted", size=shape.small)
        else:
            sheet.text(shape.width - 14, y + 3.5, mark.number, ha="right")
