"""A cell of a table that leaves the program: in a file of numbers or beside a chart."""

from __future__ import annotations

Cell = str | int | float | bool | None


def tidy(value: float) -> float:
    """Six significant digits: more than a timing can mean, and the same text on every machine."""
    return float(f"{value:.6g}")
