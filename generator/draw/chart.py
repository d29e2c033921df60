"""A chart before it is drawn: what it shows, in which words, and its numbers as a table."""

from __future__ import annotations

from dataclasses import dataclass

from generator.core.cell import Cell
from generator.draw.picture import Entry, Picture
from generator.words.language import Language


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart's numbers."""

    name: str
    """In files, with its unit: "p50_ns". The same in both languages."""

    title: str
    """On the page."""

    kind: str = "text"
    """text, ratio, share, points, ns, cores, count or value: how a page writes the value."""

    unit: str = ""
    """Unit in files, where the kind does not say it."""


UNITS = {"ratio": "1", "share": "1", "points": "1", "ns": "ns", "cores": "cores", "count": "1", "value": "", "text": ""}
"""Unit of each kind, as files give it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers as they are, unrounded but for what no measurement can mean."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart."""

    name: str
    """Of its files: "speedup"."""

    title: str
    """What is to be seen, as a sentence without its full stop."""

    description: str
    """The same for those who do not see it, with the numbers."""

    note: str
    """What marks and lines mean."""

    picture: Picture
    table: Table
    names: tuple[tuple[str, str], ...] = ()
    """Names in the table's cells, and what a reader knows them by."""

    key: tuple[Entry, ...] = ()
    """What the shapes of its marks mean, where they differ."""


def shown(value: Cell, kind: str, language: Language, yes: str, no: str) -> str:
    """One cell as a page writes it."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return yes if value else no
    match kind:
        case "ratio":
            return language.factor(value, 3)
        case "share":
            return language.percent(value)
        case "points":
            return language.signed_percent(value)
        case "ns":
            return language.duration(value)
        case "count":
            return language.decimal(value, 0)
        case "value":
            return language.number(value)
        case _:
            return language.decimal(value, 2)
