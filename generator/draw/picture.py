"""What charts show: numbers with their places and words, nothing of how they are drawn.

A picture is plain frozen data, so that its hash tells whether it was drawn before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How one variant's marks look, in every chart."""

    colour: int
    """Index of its series colour."""

    marker: str
    hollow: bool = False
    """Whether its speed does not count, because it failed the quality gate."""


Entry = tuple[Look, str]
"""A mark, and what it means: of a chart's key."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One point with its interval on an axis of its row."""

    label: str
    look: Look
    point: float
    low: float
    high: float
    number: str
    """The numbers as they are written beside the mark."""

    beside: Mark | None = None
    """Another mark of the same row, drawn under this one; its label and number are not written."""


@dataclass(frozen=True, slots=True)
class Group:
    """Marks that are compared with the same thing; the heading names it."""

    heading: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """Ratios with their intervals, a row each."""

    groups: tuple[Group, ...]
    slower: str
    faster: str
    """What lies to the left and to the right of 1."""

    guides: tuple[float, ...] = ()
    """Other ratios that marks are compared with: a tick and a dashed line each."""


@dataclass(frozen=True, slots=True)
class Span:
    """Several values of one kind on an axis of their row: a bar from the least to the greatest, and a mark each."""

    label: str
    look: Look
    """Of the bar."""

    points: tuple[tuple[float, Look], ...]
    """Values and their marks."""

    low: float
    high: float
    """Ends of the bar; of a single value, of its interval."""

    number: str


@dataclass(frozen=True, slots=True)
class SpanGroup:
    """Rows of one kind; the heading names it."""

    heading: str
    rows: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Spans:
    """Ranges of ratios, a row each."""

    groups: tuple[SpanGroup, ...]
    slower: str
    faster: str
    guides: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Shares of one kind, each with its interval, below one another in a row."""

    label: str
    parts: tuple[tuple[float, float, float, Look], ...]
    """Share, ends of its interval, mark."""

    number: str


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares against the one that was promised, a row each."""

    groups: tuple[tuple[str, tuple[Share, ...]], ...]
    """Heading and rows."""

    promised: float
    label: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Dots of one bin: how many values fell between its ends."""

    low: float
    high: float
    count: int
    outside: bool
    """Whether they lie beyond the limits."""


@dataclass(frozen=True, slots=True)
class Stacks:
    """How many values fell where, a dot each; the limits are at −1 and +1."""

    stacks: tuple[Stack, ...]
    x_label: str
    within: str
    beyond: str
    """What lies between the limits, and what outside."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: a bar from where the step before it ended."""

    label: str
    look: Look
    start: float
    point: float
    """Where it ends."""

    low: float
    high: float
    number: str


@dataclass(frozen=True, slots=True)
class Rungs:
    """Factors that lead from 1 upwards (or down), a row each; the last row is the whole way."""

    rows: tuple[Rung, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Deviation:
    """One estimate's blocks, relative to the estimate: 0.01 is 1 % above."""

    label: str
    look: Look
    low: float
    high: float
    blocks: tuple[float, ...]
    """In the order measured."""

    number: str


@dataclass(frozen=True, slots=True)
class Deviations:
    """What each estimate rests on, a row each."""

    rows: tuple[Deviation, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Spot:
    """One variant in a plane of two quantities."""

    label: str
    look: Look
    x: float
    x_low: float
    x_high: float
    y: float
    y_low: float
    y_high: float
    number: str


@dataclass(frozen=True, slots=True)
class Plane:
    """Quality against latency, with the front that nothing beats in both."""

    spots: tuple[Spot, ...]
    x_label: str
    y_label: str
    faster: str
    """What lies to the left."""

    x_unit: float
    """What an x value is divided by for the axis, e.g. 1e6 for milliseconds."""

    y_unit: float
    front: tuple[int, ...]
    """Indices of the spots that no other beats in both, from left to right."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How one variant's latencies are spread."""

    label: str
    look: Look
    quarter: float
    median: float
    three_quarters: float
    low: float
    """5th percentile."""

    tail: tuple[tuple[str, float], ...]
    """Name and value of the upper percentiles that the number of queries permits, lowest first."""

    number: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """Latencies of all variants, a row each."""

    rows: tuple[Reach, ...]
    unit: float
    """What a value is divided by for the axis."""

    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One block's disturbance by others."""

    label: str
    value: float | None
    disturbed: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """Health of all blocks, in their order."""

    bars: tuple[Bar, ...]
    threshold: float
    threshold_label: str
    x_label: str
    y_label: str
    disturbed: str
    """What a hatched bar means."""


@dataclass(frozen=True, slots=True)
class RoofMark:
    """One variant at its intensity, with the roof above it."""

    label: str
    look: Look
    intensity: float
    achieved: float
    achieved_low: float
    achieved_high: float
    attainable: float
    number: str


@dataclass(frozen=True, slots=True)
class RoofLine:
    """One measured ceiling."""

    label: str
    per_second: float
    """FLOP/s of a level one, bytes/s of a sloping one."""


@dataclass(frozen=True, slots=True)
class RooflinePicture:
    """FLOP/s over FLOP a byte, both logarithmic, under sloping and level roofs."""

    marks: tuple[RoofMark, ...]
    slopes: tuple[RoofLine, ...]
    levels: tuple[RoofLine, ...]
    x_label: str
    y_label: str
    y_unit: float


@dataclass(frozen=True, slots=True)
class Point:
    """One measured value on a curve, with its range over blocks."""

    x: float
    y: float
    low: float
    high: float
    hollow: bool = False
    """Whether its speed does not count, because it failed the quality gate."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One series over x, in every panel."""

    label: str
    look: Look
    panels: tuple[tuple[Point, ...], ...]
    """Points of each panel, by rising x."""

    number: str


def any_hollow(curves: Iterable[Curve]) -> bool:
    """Whether a point's speed does not count."""
    return any(point.hollow for curve in curves for panel in curve.panels for point in panel)


@dataclass(frozen=True, slots=True)
class Panels:
    """Quantities over the same x, one panel above the other, all axes logarithmic."""

    curves: tuple[Curve, ...]
    y_labels: tuple[str, ...]
    """Of each panel."""

    y_units: tuple[float, ...]
    """What a panel's values are divided by for its axis."""

    x_label: str
    x_ticks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """Ratios over steps in their order, a line each, on a logarithmic axis; all begin at 1."""

    curves: tuple[Curve, ...]
    """Each with one panel; x is a step's index."""

    steps: tuple[str, ...]
    x_label: str
    y_label: str
    guides: tuple[float, ...]
    """Other ratios that the lines are compared with: a tick and a dashed line each."""


Bars = Forest | Rungs | Deviations | Distribution | Spans | Shares
"""Pictures with a row for each thing."""

Picture = Bars | Plane | Panels | RooflinePicture | Strip | Course | Stacks
