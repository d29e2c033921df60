"""Charts: each function answers one question and returns a `Figure`; saving is elsewhere.

Drawn once for a wide column and once for a phone. Colour never stands alone: marks differ in shape, rows have labels,
and the number stands beside the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from generator.publish.charts import palette
from generator.publish.charts.picture import (
    Curve,
    Deviation,
    Deviations,
    Distribution,
    Forest,
    Look,
    Mark,
    Panels,
    Picture,
    Plane,
    Point,
    Reach,
    RooflinePicture,
    Rung,
    Rungs,
    Spot,
    Strip,
)
from generator.publish.charts.roofline_drawing import roofline
from generator.publish.charts.rows import AXIS, Rows, colour_of, draw_marker, swatch, with_room
from generator.publish.charts.scale import around, linear_ticks, nice_step, padded, ratio_ticks, value_ticks
from generator.publish.charts.sheet import Lettering, Shape, Sheet, fitting, settings, text_width
from generator.publish.language import Language


def draw(picture: Picture, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """Draw any picture."""
    with settings():
        match picture:
            case Forest():
                return forest(picture, shape, language, lettering)
            case Rungs():
                return rungs(picture, shape, language, lettering)
            case Plane():
                return plane(picture, shape, language, lettering)
            case Deviations():
                return deviations(picture, shape, language, lettering)
            case Distribution():
                return distribution(picture, shape, language, lettering)
            case Panels():
                return panels(picture, shape, language, lettering)
            case RooflinePicture():
                return roofline(picture, shape, language, lettering)
            case Strip():
                return strip(picture, shape, language, lettering)


def forest(data: Forest, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How many times as fast is each variant, and how sure is that?"""
    rows = Rows(shape, lettering, [(group.heading, group.marks) for group in data.groups])
    everything = [end for g in data.groups for m in g.marks for end in (m.low, m.high)]
    low, high = around(*padded([*everything, 1.0, *data.guides]))
    ticks = sorted({*ratio_ticks(low, high, 5 if shape.narrow else 7), *data.guides})
    for section in rows.sections:
        axes = rows.axes(section, low, high, "log")
        rows.ticks(axes, section, ticks, _labels(ticks, language.factor), (1.0, *data.guides))
        rows.guide(axes, section, 1.0)
        for guide in data.guides:
            rows.guide(axes, section, guide, dashed=True)
        for y, mark in section.places:
            rows.label(y, mark.label, mark.number, mark.look)
            _interval(axes, mark, y)
            draw_marker(axes, mark.point, y, mark.look)
    base = rows.sheet.bottom - 4
    rows.sheet.text(rows.left, base, f"← {data.slower}", size=shape.small, colour="muted")
    rows.sheet.text(rows.right, base, f"{data.faster} →", size=shape.small, colour="muted", ha="right")
    return rows.sheet.figure


def rungs(data: Rungs, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """Which step gave how much, and how far do all of them lead?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    section = rows.sections[0]
    low, high = around(*padded([1.0, *(end for r in data.rows for end in (r.start, r.low, r.high))]))
    axes = rows.axes(section, low, high, "log")
    ticks = ratio_ticks(low, high, 5 if shape.narrow else 7)
    rows.ticks(axes, section, ticks, _labels(ticks, language.factor))
    rows.guide(axes, section, 1.0)
    for index, (y, rung) in enumerate(section.places):
        rows.label(y, rung.label, rung.number, rung.look)
        whole, colour = index == len(data.rows) - 1, colour_of(rung.look)
        axes.plot(
            [rung.start, rung.point], [y, y], color=colour, lw=11, alpha=0.8 if whole else 0.45, solid_capstyle="butt"
        )
        _interval(axes, rung, y)
        if not whole:  # where the next step begins
            below = section.places[index + 1][0]
            ends = (y + 8, below - 8) if not shape.narrow else (y + 8, y + 12)
            axes.plot([rung.point] * 2, ends, color=palette.light()["muted"], lw=0.9, ls=(0, (2, 2)))
    rows.caption(data.label)
    return rows.sheet.figure


def distribution(data: Distribution, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How long do answers take, and how far does the tail reach?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    low, high = padded([v / data.unit for r in data.rows for v in (r.low, r.three_quarters, *(t for _, t in r.tail))])
    section = rows.sections[0]
    axes = rows.axes(section, low, high, "log")
    ticks = value_ticks(low, high, 5 if shape.narrow else 8)
    rows.ticks(axes, section, ticks, _labels(ticks, language.decimal))
    for y, reach in section.places:
        rows.label(y, reach.label, reach.number, reach.look)
        _reach(axes, reach, y, data.unit)
    rows.caption(data.label)
    return rows.sheet.figure


def deviations(data: Deviations, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """What does each estimate rest on: how far is each block from it?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    far = 1.08 * max(abs(v) for row in data.rows for v in (row.low, row.high, *row.blocks, 0.005))
    section = rows.sections[0]
    axes = rows.axes(section, -far, far, "linear")
    ticks = linear_ticks(-far, far, nice_step(-far, far, 4 if shape.narrow else 6))
    rows.ticks(axes, section, ticks, [language.signed_percent(tick) for tick in ticks])
    rows.guide(axes, section, 0.0)
    for y, row in section.places:
        rows.label(y, row.label, row.number, row.look)
        _interval(axes, row, y)
        step = 18 / max(1, len(row.blocks) - 1)
        for index, value in enumerate(row.blocks):
            place = y - 9 + step * index  # the first block above: a drift shows as a slope
            axes.plot([value], [place], ls="none", marker="o", ms=4.5, mfc=colour_of(row.look), mec="none", alpha=0.7)
    rows.caption(data.label)
    return rows.sheet.figure


def plane(data: Plane, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """What does speed cost in quality, and which variants does no other beat in both?"""
    key = _Key(shape, data.spots)
    body = 190.0 if not shape.narrow else 210.0
    sheet = Sheet(shape, 16 + body + AXIS + 8 + key.height, lettering)
    left, right, top = 46.0, shape.width - 14.0, sheet.top + 20
    axes = sheet.axes(left, top, right, top + body)
    axes.set_xscale("log")
    low, high = padded([v / data.x_unit for s in data.spots for v in (s.x_low, s.x_high)], 0.09)
    axes.set_xlim(low, high)
    _value_axis(axes, low, high, language, shape)
    _linear_axis(axes, [v / data.y_unit for s in data.spots for v in (s.y_low, s.y_high)], language)
    colours = palette.light()
    front = sorted((data.spots[i] for i in data.front), key=lambda s: s.x)
    axes.plot(
        [s.x / data.x_unit for s in front],
        [s.y / data.y_unit for s in front],
        drawstyle="steps-post",
        color=colours["muted"],
        lw=1.0,
        ls=(0, (4, 3)),
    )
    for spot in data.spots:
        x, y, ux, uy = spot.x / data.x_unit, spot.y / data.y_unit, data.x_unit, data.y_unit
        axes.plot(
            [x, x], [spot.y_low / uy, spot.y_high / uy], color=colour_of(spot.look), lw=1.6, solid_capstyle="butt"
        )
        axes.plot(
            [spot.x_low / ux, spot.x_high / ux], [y, y], color=colour_of(spot.look), lw=1.6, solid_capstyle="butt"
        )
        draw_marker(axes, x, y, spot.look)
    sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
    sheet.text(left, top + body + AXIS - 6, f"← {data.faster}", size=shape.small, colour="muted")
    sheet.text(right, top + body + AXIS - 6, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, top + body + AXIS + 8)
    return sheet.figure


def panels(data: Panels, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How do several quantities depend on one?"""
    key, body, heading = _Key(shape, data.curves), 128.0, 22.0
    sheet = Sheet(shape, (heading + body) * len(data.y_labels) + AXIS + key.height, lettering)
    left, right = 46.0, shape.width - 14.0
    for index, (label, unit) in enumerate(zip(data.y_labels, data.y_units, strict=True)):
        top = sheet.top + (heading + body) * index + heading
        axes = sheet.axes(left, top, right, top + body)
        axes.set_xscale("log", base=2)
        axes.set_xlim(*padded(data.x_ticks, 0.04))
        last = index == len(data.y_labels) - 1
        axes.xaxis.set_major_locator(FixedLocator(list(data.x_ticks)))
        axes.xaxis.set_major_formatter(FixedFormatter(_labels(data.x_ticks, language.decimal) if last else []))
        axes.xaxis.set_minor_locator(NullLocator())
        values = [end / unit for curve in data.curves for p in curve.panels[index] for end in (p.low, p.high)]
        _log_axis(axes, values, language)
        for curve in data.curves:
            _curve(axes, curve.panels[index], curve.look, unit)
        sheet.text(4, top - 8, label, size=shape.small, colour="muted")
    foot = sheet.top + (heading + body) * len(data.y_labels) + AXIS - 6
    sheet.text(right, foot, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, foot + 10)
    return sheet.figure


def strip(data: Strip, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """In which blocks did other work take the processor?"""
    body = 74.0
    sheet = Sheet(shape, 18 + body + AXIS + 4, lettering)
    top = sheet.top + 20
    axes = sheet.axes(34, top, shape.width - 8, top + body)
    colours = palette.light()
    values = [bar.value or 0.0 for bar in data.bars]
    axes.set_xlim(-0.6, len(values) - 0.4)
    high = max(*values, data.threshold) * 1.15
    axes.set_ylim(0, high)
    for index, bar in enumerate(data.bars):
        colour = colours["c1"] if bar.disturbed else colours["c7"]
        axes.bar(
            [index],
            [bar.value or 0.0],
            width=0.66,
            facecolor="none" if bar.disturbed else colour,
            edgecolor=colour,
            hatch="////" if bar.disturbed else None,
            lw=1.0,
        )
    axes.axhline(data.threshold, color=colours["fg"], lw=0.9, ls=(0, (4, 3)))
    ticks = linear_ticks(0, high, nice_step(0, high, 3))
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter(_labels(ticks, language.decimal)))
    step = 1 if len(values) <= 24 else 5
    axes.xaxis.set_major_locator(FixedLocator(list(range(0, len(values), step))))
    axes.xaxis.set_major_formatter(FixedFormatter([bar.label for bar in data.bars[::step]]))
    sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
    sheet.text(shape.width - 8, sheet.bottom - 4, data.x_label, size=shape.small, colour="muted", ha="right")
    place = 1 - data.threshold / high
    sheet.text(shape.width - 8, top + body * place - 4, data.threshold_label, size=shape.small, ha="right")
    if any(bar.disturbed for bar in data.bars):
        sheet.text(34, sheet.bottom - 4, f"▨ {data.disturbed}", size=shape.small, colour="muted")
    return sheet.figure


class _Key:
    """Rows under a chart: mark, name, numbers; the numbers below the name where there is no room beside it."""

    def __init__(self, shape: Shape, rows: Sequence[Spot | Curve]) -> None:
        self.shape, self.rows = shape, rows
        room = shape.width - 46
        widths = [text_width(one.label, shape.text) + text_width(one.number, shape.text) + 12 for one in rows]
        self.stacked = shape.narrow or max(widths) > room
        self.step = 32.0 if self.stacked else 18.0
        self.height = self.step * len(rows) + 4

    def draw(self, sheet: Sheet, top: float) -> None:
        for index, row in enumerate(self.rows):
            y = top + self.step * index + 8
            swatch(sheet, 12, y, row.look)
            sheet.text(24, y + 3.5, fitting(row.label, self.shape.text, self.shape.width - 32))
            if self.stacked:
                sheet.text(24, y + 17, row.number, colour="muted", size=self.shape.small)
            else:
                sheet.text(self.shape.width - 14, y + 3.5, row.number, ha="right")


def _interval(axes: Axes, mark: Mark | Deviation | Rung, y: float) -> None:
    colour = colour_of(mark.look)
    if mark.low == mark.high:
        return  # a figure that came without an interval
    axes.plot([mark.low, mark.high], [y, y], color=colour, lw=2.2, solid_capstyle="butt", zorder=4)
    for end in (mark.low, mark.high):
        axes.plot([end, end], [y - 6, y + 6], color=colour, lw=1.5, solid_capstyle="butt", zorder=4)


def _reach(axes: Axes, reach: Reach, y: float, unit: float) -> None:
    colour = colour_of(reach.look)
    end = max([reach.three_quarters, *(value for _, value in reach.tail)]) / unit
    axes.plot([reach.low / unit, end], [y, y], color=colour, lw=1.3, solid_capstyle="butt")
    axes.plot([reach.quarter / unit, reach.three_quarters / unit], [y, y], color=colour, lw=6, alpha=0.45)
    for _, value in reach.tail:
        axes.plot([value / unit] * 2, [y - 5, y + 5], color=colour, lw=1.6)
    draw_marker(axes, reach.median / unit, y, reach.look)


def _curve(axes: Axes, points: Sequence[Point], look: Look, unit: float) -> None:
    colour = colour_of(look)
    axes.plot([p.x for p in points], [p.y / unit for p in points], color=colour, lw=1.4)
    for p in points:
        axes.plot([p.x, p.x], [p.low / unit, p.high / unit], color=colour, lw=1.6, solid_capstyle="butt")
        draw_marker(axes, p.x, p.y / unit, look)


def _log_axis(axes: Axes, values: Sequence[float], language: Language) -> None:
    low, high = padded(values, 0.12)
    ticks = value_ticks(low, high, 5)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter(_labels(ticks, language.decimal)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="both", color=palette.light()["grid"], lw=0.8)


def _value_axis(axes: Axes, low: float, high: float, language: Language, shape: Shape) -> None:
    ticks = value_ticks(low, high, 5 if shape.narrow else 8)
    kept = with_room(axes, ticks, _labels(ticks, language.decimal), shape.small)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick, _ in kept]))
    axes.xaxis.set_major_formatter(FixedFormatter([label for _, label in kept]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=palette.light()["grid"], lw=0.8)


def _linear_axis(axes: Axes, values: list[float], language: Language) -> None:
    room = max((max(values) - min(values)) * 0.08, 1e-9)
    low, high = min(values) - room, max(values) + room
    ticks = linear_ticks(low, high, nice_step(low, high, 5))
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter(_labels(ticks, language.decimal)))
    axes.grid(axis="y", color=palette.light()["grid"], lw=0.8)


def _labels(ticks: Sequence[float], write: Callable[[float, int], str]) -> list[str]:
    """Ticks as text: alike where they are evenly spaced, with as few decimals as needed on doubling scales."""
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    most = max(map(_needed, ticks))
    return [write(tick, most if len(steps) == 1 else _needed(tick)) for tick in ticks]


def _needed(value: float) -> int:
    return next((d for d in range(6) if abs(round(value, d) - value) < 1e-9 * max(1.0, abs(value))), 6)


__all__ = ["distribution", "draw", "forest", "panels", "plane", "strip"]
