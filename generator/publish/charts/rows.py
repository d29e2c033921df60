"""Rows of a chart: label, place on a common axis, number; and the marks that variants are known by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from generator.publish.charts import palette
from generator.publish.charts.picture import Deviation, Look, Mark, Reach, Rung
from generator.publish.charts.sheet import Lettering, Shape, Sheet, fitting, text_width, wrapped_in

ROW = 32.0
"""Height of a row whose label stands beside it."""

STACKED_ROW = 48.0
"""Height of a row whose label stands above it."""

LINE = 14.0
"""Height of one more line above a stacked row."""

HEADING = 24.0
AXIS = 34.0
"""Height of ticks and the words under them."""

GAP = 10.0

Row = TypeVar("Row", Mark, Reach, Deviation, Rung)


@dataclass(frozen=True, slots=True)
class Section(Generic[Row]):
    """Rows of one group, and where they stand."""

    top: float
    bottom: float
    places: tuple[tuple[float, Row], ...]
    """Centre of each row's drawing, points from the sheet's top, and the row."""


class Rows(Generic[Row]):
    """Rows with a label, a place on one common axis, and a number; in a narrow shape label and number stand above."""

    def __init__(self, shape: Shape, lettering: Lettering, groups: Sequence[tuple[str, Sequence[Row]]]) -> None:
        self.shape = shape
        rows = [one for _, group in groups for one in group]
        numbers = max(text_width(one.number, shape.text, "bold") for one in rows)
        labels = max(text_width(one.label, shape.text) for one in rows)
        self.crowded = shape.narrow and labels + numbers > shape.width - 44 - GAP
        """Whether label and number need a line each."""

        self.height = (STACKED_ROW + LINE * self.crowded) if shape.narrow else ROW
        self.label_width = min(labels, 0.33 * shape.width) + 2
        body = sum(self.height * len(group) + HEADING * bool(heading) for heading, group in groups)
        self.sheet = Sheet(shape, body + AXIS + 4, lettering)
        self.edge, self.far = self.sheet.margin + 16, shape.width - self.sheet.margin
        self.left = self.edge - 10 if shape.narrow else self.edge + self.label_width + GAP
        self.right = self.far - 6 if shape.narrow else self.far - numbers - GAP
        self.sections: tuple[Section[Row], ...] = tuple(self._sections(groups))

    def _sections(self, groups: Sequence[tuple[str, Sequence[Row]]]) -> Iterator[Section[Row]]:
        y = self.sheet.top
        centre = self.height - 13 if self.shape.narrow else self.height / 2
        for heading, group in groups:
            if heading:
                self.sheet.text(self.edge - 16, y + 16, heading, size=self.shape.small, colour="muted")
                y += HEADING
            bottom = y + self.height * len(group)
            yield Section(y, bottom, tuple((y + self.height * k + centre, one) for k, one in enumerate(group)))
            y = bottom

    def axes(self, section: Section[Row], low: float, high: float, scale: str) -> Axes:
        """Axes of one section, whose y is the sheet's."""
        axes = self.sheet.axes(self.left, section.top, self.right, section.bottom)
        axes.set_xscale(scale)
        axes.set_xlim(low, high)
        axes.set_ylim(section.bottom, section.top)  # y in points from the top, as on the sheet
        axes.yaxis.set_major_locator(NullLocator())
        return axes

    def ticks(
        self,
        axes: Axes,
        section: Section[Row],
        ticks: Sequence[float],
        labels: Sequence[str],
        first: Sequence[float] = (0, 1),
    ) -> None:
        """Write ticks under the last section, and draw their lines; those whose labels have no room are left out.

        `first` are the ticks that are left out last.
        """
        kept = with_room(axes, ticks, labels, self.shape.small, first)
        axes.xaxis.set_major_locator(FixedLocator([tick for tick, _ in kept]))
        last = section is self.sections[-1]
        axes.xaxis.set_major_formatter(FixedFormatter([label for _, label in kept] if last else []))
        axes.xaxis.set_minor_locator(NullLocator())
        for tick, _ in kept:
            self._line(axes, section, tick, color=palette.light()["grid"], lw=0.8, zorder=0.5)

    def guide(self, axes: Axes, section: Section[Row], x: float, dashed: bool = False) -> None:
        """Draw the line that marks are compared with."""
        style = (0, (4, 3)) if dashed else "-"
        self._line(axes, section, x, color=palette.light()["fg"], lw=1.1, zorder=1, ls=style, dash_capstyle="butt")

    def _line(self, axes: Axes, section: Section[Row], x: float, **look: Any) -> None:
        """Draw a vertical line; in a narrow shape in pieces, that do not run through the labels."""
        ends = [(y - 11, y + 11) for y, _ in section.places] if self.shape.narrow else [(section.top, section.bottom)]
        for top, bottom in ends:
            axes.plot([x, x], [top, bottom], solid_capstyle="butt", **look)

    def caption(self, text: str) -> None:
        """Write what the axis shows."""
        middle = (self.left + self.right) / 2
        self.sheet.text(middle, self.sheet.bottom - 4, text, size=self.shape.small, colour="muted", ha="center")

    def label(self, y: float, label: str, number: str, look: Look) -> None:
        """Write a row's label and number; the mark before the label repeats the row's mark."""
        size = self.shape.text
        if self.shape.narrow:
            above = y - 18 - LINE * self.crowded
            swatch(self.sheet, self.edge - 8, above - 4, look)
            self.sheet.text(self.edge, above, fitting(label, size, self.far - self.edge))
            self.sheet.text(self.far, y - 18, number, weight="bold", ha="right")
            return
        swatch(self.sheet, self.edge - 10, y, look)
        self.sheet.lines(self.edge, y, wrapped_in(label, size, self.label_width, 2))
        self.sheet.text(self.far, y + 0.36 * size, number, weight="bold", ha="right")


def with_room(
    axes: Axes, ticks: Sequence[float], labels: Sequence[str], size: float, first: Sequence[float] = (0, 1)
) -> list[tuple[float, str]]:
    """Ticks whose labels do not touch one another; those named `first`, where they are, come first."""
    places = [float(axes.transData.transform((tick, 0))[0]) for tick in ticks]
    halves = [text_width(label, size) / 2 + 3 for label in labels]
    kept = list[int]()
    for index in sorted(range(len(ticks)), key=lambda i: (ticks[i] not in first, i)):
        if all(abs(places[index] - places[other]) >= halves[index] + halves[other] for other in kept):
            kept.append(index)
    return [(ticks[index], labels[index]) for index in sorted(kept)]


def swatch(sheet: Sheet, x: float, y: float, look: Look) -> None:
    """Repeat a variant's mark beside its name."""
    place = ([x / sheet.width], [1 - y / sheet.height])
    sheet.figure.add_artist(Line2D(*place, transform=sheet.figure.transFigure, **_mark(look)))


def colour_of(look: Look) -> str:
    """Colour of a variant's marks; grey where its speed does not count."""
    return palette.light()["c7"] if look.hollow else palette.light().series(look.colour)


def draw_marker(axes: Axes, x: float, y: float, look: Look) -> None:
    """Draw a variant's mark."""
    axes.plot([x], [y], clip_on=False, zorder=5, **_mark(look))


def _mark(look: Look) -> dict[str, Any]:
    colour = colour_of(look)
    face = palette.light()["bg"] if look.hollow else colour
    return {"ls": "none", "marker": look.marker, "ms": 6.5, "mfc": face, "mec": colour, "mew": 1.6}
