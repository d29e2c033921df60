"""Three published series, read as numbers: electricity demand, a share's price, a city's weather.

Nothing of the packages that carry them is run: a Python file is parsed, a table is read out of its archive.
"""

from __future__ import annotations

import ast
import csv
import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import AssetError

HALF_HOURS_A_DAY = 48
HALF_HOURS_A_WEEK = 7 * HALF_HOURS_A_DAY
DAYS_A_YEAR = 365.25

_LARGEST_TABLE_BYTES = 4 * 1024 * 1024
"""The largest table here has 0.5 MB; an archive may claim anything."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """A series, and where its test begins."""

    values: Values
    """(channels, moments); the first channel is what is forecast."""

    test_from: int
    """Moment from which on nothing is trained on."""


def read_demand(path: Path) -> Series:
    """Half-hourly electricity demand of England and Wales, MW: 12 weeks from 5 June 2000; the last 4 are the test.

    Source: J. W. Taylor, "Short-term electricity demand forecasting using double seasonal exponential smoothing",
    Journal of the Operational Research Society 54 (2003), 799-805.
    """
    values = numbers_in(path.read_text("utf-8"))
    return _checked(path, Series(values[np.newaxis], 8 * HALF_HOURS_A_WEEK), 12 * HALF_HOURS_A_WEEK)


def read_stock(path: Path) -> Series:
    """Logarithm of Microsoft's daily closing price from 1996 on; the test begins with 2012."""
    with tarfile.open(path) as archive:
        member = archive.extractfile("msft.csv")
        text = member.read(_LARGEST_TABLE_BYTES).decode("utf-8") if member else ""
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["Date"] >= "1996"]
    prices = np.array([float(row["Close"]) for row in rows])
    return _checked(path, Series(np.log(prices)[np.newaxis], sum(row["Date"] < "2012" for row in rows)), 5_000)


def read_weather(path: Path) -> Series:
    """Daily weather of Seattle, 2012 to 2015: maximum and minimum in °C, rain in mm, wind in m/s, and the season as
    sine and cosine; the test is 2015.
    """
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    names = ("temp_max", "temp_min", "precipitation", "wind")
    measured = [[float(row[name]) for row in rows] for name in names]
    days = (date.fromisoformat(row["date"].replace("/", "-")) for row in rows)
    season = np.array([day.timetuple().tm_yday for day in days]) * 2 * np.pi / DAYS_A_YEAR
    values = np.array([*measured, np.sin(season), np.cos(season)])
    return _checked(path, Series(values, sum(row["date"] < "2015" for row in rows)), 4 * 365)


READERS: Mapping[str, Callable[[Path], Series]] = MappingProxyType(
    {"demand": read_demand, "stock": read_stock, "weather": read_weather}
)
"""Series, and what reads its file."""


def numbers_in(source: str) -> Values:
    """Numbers of the longest list that a Python file writes out; the file is parsed, not run."""
    lists = (node.elts for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List))
    return np.array(max((list(_constants(one)) for one in lists), key=len, default=[]), np.float64)


def _constants(nodes: Iterable[ast.expr]) -> Iterable[float]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield float(node.value)


def _checked(path: Path, series: Series, least: int) -> Series:
    """The series itself when it is as long as it should be and has no gaps."""
    moments = series.values.shape[1]
    if moments < least or not 0 < series.test_from < moments or not np.isfinite(series.values).all():
        problem = f"'{path.name}' holds {moments} moments, some of them perhaps no numbers; at least {least} are needed"
        raise AssetError("series", problem, "Delete the file, so that it is fetched again.")
    return series
