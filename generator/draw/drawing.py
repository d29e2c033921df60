"""Charts: each function answers one question and returns a `Figure`; saving is elsewhere.

Drawn once for a wide column and once for a phone. Colour never stands alone: marks differ in shape, rows have labels,
and the number stands beside the mark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from generator.draw import palette
from generator.draw.axes import (
    Frame,
    Scale,
    around,
    linear_ticks,
    nice_step,
    padded,
    ratio_ticks,
    value_ticks,
    widened,
    with_room,
)
from generator.draw.ink import Place
from generator.draw.picture import (
    Bar,
    Course,
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
    Shares,
    Spans,
    Stacks,
    Strip,
)
from generator.draw.ratio_axis import ratio_axis, written
from generator.draw.roofline import roofline
from generator.draw.rows import AXIS, GUIDE_HEAD, Key, Rows
from generator.draw.shares import shares
from generator.draw.sheet import Lettering, Shape, Sheet, colour_of
from generator.draw.spans import spans
from generator.draw.stacks import stacks
from generator.words.language import Language

BESIDE = 0.045
"""Part of a step by which lines stand beside one another, so that no interval hides another."""


TWIN = 6.5
"""Points by which two marks of one row stand above and below its middle."""


def draw(picture: Picture, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """Draw any picture."""
    return DRAWINGS[type(picture)](picture, shape, language, lettering)


def forest(data: Forest, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How many times as fast is each variant, and how sure is that?"""
    head = GUIDE_HEAD if data.guides else 0.0
    rows = Rows(shape, lettering, [(group.heading, group.marks) for group in data.groups], head)
    every = [mark for group in data.groups for one in group.marks for mark in (one, one.beside) if mark]
    x = ratio_axis([(mark.low, mark.high) for mark in every], data.guides, rows.left, rows.right)
    rows.ratio_axis(x, data.guides, language.factor)
    for y, mark in (place for section in rows.sections for place in section.places):
        rows.label(y, mark.label, mark.number, mark.look)
        placed = [(y, mark)] if mark.beside is None else [(y - TWIN, mark), (y + TWIN, mark.beside)]
        for height, one in placed:
            interval(rows.sheet, x, one, height)
            rows.sheet.mark(one.look, (x(one.point), height))
    rows.ends(data.slower, data.faster)
    return rows.sheet.figure


def rungs(data: Rungs, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """Which step gave how much, and how far do all of them lead?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    section = rows.sections[0]
    low, high = around(*padded([1.0, *(end for r in data.rows for end in (r.start, r.low, r.high))]))
    x = rows.scale(low, high)
    ticks = ratio_ticks(low, high, 5 if shape.narrow else 7)
    rows.ticks(x, ticks, written(ticks, language.factor))
    rows.guide(x(1.0))
    for index, (y, rung) in enumerate(section.places):
        rows.label(y, rung.label, rung.number, rung.look)
        whole, bar = index == len(data.rows) - 1, [(x(rung.start), y), (x(rung.point), y)]
        rows.sheet.stroke(bar, colour=colour_of(rung.look), width=11, alpha=0.8 if whole else 0.45)
        interval(rows.sheet, x, rung, y)
        if not whole:  # where the next step begins
            below = section.places[index + 1][0]
            ends = (y + 8, below - 8) if not shape.narrow else (y + 8, y + 12)
            line = [(x(rung.point), end) for end in ends]
            rows.sheet.stroke(line, colour=palette.light()["muted"], width=0.9, dashes=(2, 2))
    rows.caption(data.label)
    return rows.sheet.figure


def distribution(data: Distribution, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How long do answers take, and how far does the tail reach?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    low, high = padded([v / data.unit for r in data.rows for v in (r.low, r.three_quarters, *(t for _, t in r.tail))])
    x = rows.scale(low, high)
    ticks = value_ticks(low, high, 5 if shape.narrow else 8)
    rows.ticks(x, ticks, written(ticks, language.decimal))
    for y, reach in rows.sections[0].places:
        rows.label(y, reach.label, reach.number, reach.look)
        _reach(rows.sheet, x, reach, y, data.unit)
    rows.caption(data.label)
    return rows.sheet.figure


def deviations(data: Deviations, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """What does each estimate rest on: how far is each block from it?"""
    rows = Rows(shape, lettering, [("", data.rows)])
    far = 1.08 * max(abs(v) for row in data.rows for v in (row.low, row.high, *row.blocks, 0.005))
    x = rows.scale(-far, far, linear=True)
    ticks = linear_ticks(-far, far, nice_step(-far, far, 4 if shape.narrow else 6))
    rows.ticks(x, ticks, [language.signed_percent(tick) for tick in ticks])
    rows.guide(x(0.0))
    for y, row in rows.sections[0].places:
        rows.label(y, row.label, row.number, row.look)
        step = 18 / max(1, len(row.blocks) - 1)
        # The first block above: a drift shows as a slope.
        rows.sheet.dots(colour_of(row.look), [(x(value), y - 9 + step * k) for k, value in enumerate(row.blocks)])
        interval(rows.sheet, x, row, y)
    rows.caption(data.label)
    return rows.sheet.figure


def plane(data: Plane, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """What does speed cost in quality, and which variants does no other beat in both?"""
    key = Key(shape, data.spots)
    body = 190.0 if not shape.narrow else 210.0
    sheet = Sheet(shape, 16 + body + AXIS + 8 + key.height, lettering)
    left, right, top = 46.0, shape.width - 14.0, sheet.top + 20
    x = Scale(*padded([v / data.x_unit for s in data.spots for v in (s.x_low, s.x_high)], 0.09), left, right)
    low, high = widened([v / data.y_unit for s in data.spots for v in (s.y_low, s.y_high)])
    frame = Frame(sheet, x, Scale(low, high, top + body, top, linear=True))
    xs = value_ticks(x.low, x.high, 5 if shape.narrow else 8)
    kept = with_room(x, xs, written(xs, language.decimal), shape.small)
    ys = linear_ticks(low, high, nice_step(low, high, 5))
    frame.grid([tick for tick, _ in kept], ys)
    frame.x_labels(kept)
    frame.y_labels(list(zip(ys, written(ys, language.decimal), strict=True)))

    def place(x: float, y: float) -> Place:
        return frame.place(x / data.x_unit, y / data.y_unit)

    front = sorted((data.spots[i] for i in data.front), key=lambda spot: spot.x)
    steps = [(spot.x, y) for before, spot in pairwise(front[:1] + front) for y in (before.y, spot.y)]
    sheet.stroke([place(*one) for one in steps], colour=palette.light()["muted"], width=1.0, dashes=(4, 3))
    for spot in data.spots:
        upright = [place(spot.x, spot.y_low), place(spot.x, spot.y_high)]
        level = [place(spot.x_low, spot.y), place(spot.x_high, spot.y)]
        sheet.stroke(upright, level, colour=colour_of(spot.look), width=1.6)
    for spot in data.spots:
        sheet.mark(spot.look, place(spot.x, spot.y))
    sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
    sheet.text(left, top + body + AXIS - 6, f"← {data.faster}", size=shape.small, colour="muted")
    sheet.text(right, top + body + AXIS - 6, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, top + body + AXIS + 8)
    return sheet.figure


def panels(data: Panels, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How do several quantities depend on one?"""
    key, body, heading = Key(shape, data.curves), 128.0, 22.0
    sheet = Sheet(shape, (heading + body) * len(data.y_labels) + AXIS + key.height, lettering)
    left, right = 46.0, shape.width - 14.0
    for index, (label, unit) in enumerate(zip(data.y_labels, data.y_units, strict=True)):
        top = sheet.top + (heading + body) * index + heading
        values = [end / unit for curve in data.curves for p in curve.panels[index] for end in (p.low, p.high)]
        x, y = padded(data.x_ticks, 0.04), padded(values, 0.12)
        frame = Frame(sheet, Scale(*x, left, right), Scale(*y, top + body, top))
        ticks = value_ticks(*y, 5)
        frame.grid(data.x_ticks, ticks)
        frame.y_labels(list(zip(ticks, written(ticks, language.decimal), strict=True)))
        if index == len(data.y_labels) - 1:
            frame.x_labels(list(zip(data.x_ticks, written(data.x_ticks, language.decimal), strict=True)))
        for curve in data.curves:
            _curve(frame, curve.panels[index], curve.look, unit)
        sheet.text(4, top - 8, label, size=shape.small, colour="muted")
    foot = sheet.top + (heading + body) * len(data.y_labels) + AXIS - 6
    sheet.text(right, foot, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, foot + 10)
    return sheet.figure


def course(data: Course, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How far does each step lead from where all began?"""
    key, body, heading = Key(shape, data.curves), 190.0, 22.0
    sheet = Sheet(shape, heading + body + AXIS + 8 + key.height, lettering)
    left, right, top = 46.0, shape.width - 14.0, sheet.top + heading
    ends = [end for curve in data.curves for p in curve.panels[0] for end in (p.low, p.high)]
    low, high = padded([1.0, *data.guides, *ends])
    x = Scale(-0.35, len(data.steps) - 0.65, left, right, linear=True)
    frame = Frame(sheet, x, Scale(low, high, top + body, top))
    ticks = sorted({*ratio_ticks(low, high), *data.guides})
    frame.grid([], ticks)
    frame.y_labels(list(zip(ticks, written(ticks, language.factor), strict=True)))
    frame.x_labels(with_room(x, range(len(data.steps)), data.steps, shape.small))
    muted = palette.light()["muted"]
    sheet.stroke([(left, frame.y(1.0)), (right, frame.y(1.0))], colour=palette.light()["fg"], width=1.1)
    for guide in data.guides:
        sheet.stroke([(left, frame.y(guide)), (right, frame.y(guide))], colour=muted, width=1.1, dashes=(4, 3))
        sheet.text(right, frame.y(guide) - 4, language.factor(guide, 0), size=shape.small, ha="right")
    for index, curve in enumerate(data.curves):
        aside = (index - (len(data.curves) - 1) / 2) * BESIDE
        points = [replace(point, x=point.x + aside) for point in curve.panels[0]]
        _curve(frame, points, curve.look, 1.0)
    sheet.text(4, top - 8, data.y_label, size=shape.small, colour="muted")
    foot = top + body + AXIS - 6
    sheet.text(right, foot, data.x_label, size=shape.small, colour="muted", ha="right")
    key.draw(sheet, foot + 14)
    return sheet.figure


def strip(data: Strip, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """In which blocks did other work take the processor?"""
    body = 74.0
    sheet = Sheet(shape, 18 + body + AXIS + 4, lettering)
    top = sheet.top + 20
    values = [bar.value or 0.0 for bar in data.bars]
    high = max(*values, data.threshold) * 1.15
    x = Scale(-0.6, len(values) - 0.4, 34, shape.width - 8, linear=True)
    frame = Frame(sheet, x, Scale(0, high, top + body, top, linear=True))
    for index, bar in enumerate(data.bars):
        _bar(frame, index, bar)
    ends = [(x.start, frame.y(data.threshold)), (x.end, frame.y(data.threshold))]
    sheet.stroke(ends, colour=palette.light()["fg"], width=0.9, dashes=(4, 3))
    ticks = linear_ticks(0, high, nice_step(0, high, 3))
    frame.y_labels(list(zip(ticks, written(ticks, language.decimal), strict=True)))
    step = 1 if len(values) <= 24 else 5
    frame.x_labels([(index, data.bars[index].label) for index in range(0, len(values), step)])
    sheet.text(4, sheet.top + 10, data.y_label, size=shape.small, colour="muted")
    sheet.text(shape.width - 8, sheet.bottom - 4, data.x_label, size=shape.small, colour="muted", ha="right")
    place = 1 - data.threshold / high
    sheet.text(shape.width - 8, top + body * place - 4, data.threshold_label, size=shape.small, ha="right")
    if any(bar.disturbed for bar in data.bars):
        sheet.text(34, sheet.bottom - 4, f"▨ {data.disturbed}", size=shape.small, colour="muted")
    return sheet.figure


def interval(sheet: Sheet, x: Callable[[float], float], mark: Mark | Deviation | Rung, y: float) -> None:
    colour = colour_of(mark.look)
    if mark.low == mark.high:
        return  # a figure that came without an interval
    ends = (x(mark.low), x(mark.high))
    sheet.stroke([(end, y) for end in ends], colour=colour, width=2.2)
    sheet.stroke(*([(end, y - 6), (end, y + 6)] for end in ends), colour=colour, width=1.5)


def _reach(sheet: Sheet, x: Scale, reach: Reach, y: float, unit: float) -> None:
    colour = colour_of(reach.look)
    tail = [x(value / unit) for _, value in reach.tail]
    quarter, three_quarters = x(reach.quarter / unit), x(reach.three_quarters / unit)
    sheet.stroke([(x(reach.low / unit), y), (max([three_quarters, *tail]), y)], colour=colour, width=1.3)
    sheet.stroke([(quarter, y), (three_quarters, y)], colour=colour, width=6, alpha=0.45, cap="projecting")
    if tail:
        sheet.stroke(*([(end, y - 5), (end, y + 5)] for end in tail), colour=colour, width=1.6, cap="projecting")
    sheet.mark(reach.look, (x(reach.median / unit), y))


def _curve(frame: Frame, points: Sequence[Point], look: Look, unit: float) -> None:
    colour, places = colour_of(look), [frame.place(p.x, p.y / unit) for p in points]
    frame.sheet.stroke(places, colour=colour, width=1.4, cap="projecting")
    ranges = ([frame.place(p.x, p.low / unit), frame.place(p.x, p.high / unit)] for p in points)
    frame.sheet.stroke(*ranges, colour=colour, width=1.6)
    for hollow in (False, True):
        some = [place for place, point in zip(places, points, strict=True) if point.hollow is hollow]
        if some:
            frame.sheet.mark(replace(look, hollow=look.hollow or hollow), *some)


def _bar(frame: Frame, index: int, bar: Bar) -> None:
    """One block's bar, hatched where it is disturbed: 66 % as wide as its place."""
    colour = palette.light()["c1" if bar.disturbed else "c7"]
    left, bottom = frame.place(index - 0.33, 0.0)
    right, top = frame.place(index + 0.33, bar.value or 0.0)
    if bar.disturbed:
        hatch = [
            [(max(left, both - bottom), min(bottom, both - left)), (min(right, both - top), max(top, both - right))]
            for both in range(math.ceil(left + top), math.floor(right + bottom) + 1, 6)  # x + y is the same on a line
        ]
        frame.sheet.stroke(*hatch, colour=colour, width=1.0)
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    frame.sheet.stroke(corners, colour=colour, width=1.0, face=None if bar.disturbed else colour)


DRAWINGS: Mapping[type[Picture], Callable[[Any, Shape, Language, Lettering], Figure]] = MappingProxyType(
    {
        Forest: forest,
        Rungs: rungs,
        Plane: plane,
        Deviations: deviations,
        Distribution: distribution,
        Panels: panels,
        RooflinePicture: roofline,
        Strip: strip,
        Course: course,
        Spans: spans,
        Shares: shares,
        Stacks: stacks,
    }
)
"""What draws each kind of picture."""

__all__ = ["course", "distribution", "draw", "forest", "panels", "plane", "strip"]
