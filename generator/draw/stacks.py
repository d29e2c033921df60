"""Drawing of a heap of dots: how many values fell between the limits, and how many beyond."""

from __future__ import annotations

from matplotlib.figure import Figure

from generator.draw import palette
from generator.draw.axes import Frame, Scale
from generator.draw.picture import Look, Stacks
from generator.draw.sheet import Lettering, Shape, Sheet
from generator.words.language import Language

WITHIN, BEYOND = Look(0, "o"), Look(1, "D")

MOST_STEP = 8.0
"""Points between two dots of a heap, at most."""

BODY = 120.0


def stacks(data: Stacks, shape: Shape, language: Language, lettering: Lettering) -> Figure:
    """How many lie between the limits?"""
    sheet = Sheet(shape, 18 + BODY + 34, lettering)
    top = sheet.top + 18
    x = Scale(data.stacks[0].low, data.stacks[-1].high, 14.0, shape.width - 14.0, linear=True)
    frame = Frame(sheet, x, Scale(0.0, 1.0, top + BODY, top, linear=True))
    step = min(MOST_STEP, (BODY - 8) / max(1, *(one.count for one in data.stacks)))
    colours = palette.light()
    sheet.stroke([(x.start, top + BODY), (x.end, top + BODY)], colour=colours["grid"], width=0.8)
    for limit in (-1.0, 1.0):
        sheet.stroke([(x(limit), top), (x(limit), top + BODY)], colour=colours["fg"], width=1.1, dashes=(4, 3))
    for one in data.stacks:
        middle = x((one.low + one.high) / 2)
        places = [(middle, top + BODY - 5 - step * index) for index in range(one.count)]
        sheet.mark(BEYOND if one.outside else WITHIN, *places) if places else None
    frame.x_labels([(value, language.decimal(value, 0)) for value in (-1.0, 0.0, 1.0)])
    size = shape.small
    sheet.text(x(0.0), sheet.top + 10, data.within, size=size, colour="muted", ha="center")
    if any(one.count for one in data.stacks if one.outside):
        sheet.text(x.end, sheet.top + 10, data.beyond, size=size, colour="muted", ha="right")
    sheet.text((x.start + x.end) / 2, sheet.bottom - 4, data.x_label, size=size, colour="muted", ha="center")
    return sheet.figure
