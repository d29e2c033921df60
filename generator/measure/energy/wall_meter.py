"""Readings of a meter at the wall, as a file: a header `time,watts`, then a row a reading, times in ISO 8601 and UTC.

    time,watts
    2026-11-23T10:00:00.0Z,41.5
    2026-11-23T10:00:01.0Z,41.7

Power between two readings is taken to change evenly, so the energy of a window is a sum of trapezia.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from generator.core.errors import MeterError

HEADER = ["time", "watts"]
MOST_WATTS = 1e6

LONGEST_GAP_S = 2.0
"""Readings of a window may not be further apart."""

WINDOW_NS = 6_000_000_000
"""Length of a window for a meter that reads once a second."""


@dataclass(frozen=True, slots=True)
class Readings:
    """A meter's readings, in the order of their times."""

    where: str
    times: tuple[float, ...]
    """Seconds since 1970, UTC."""

    watts: tuple[float, ...]

    def joules(self, start: datetime, seconds: float) -> float:
        """Energy between a moment and so many seconds later.

        Raises:
            MeterError: when the readings do not reach over the window, or leave a gap in it.
        """
        begin, end = start.timestamp(), start.timestamp() + seconds
        first, last = bisect_right(self.times, begin) - 1, bisect_left(self.times, end)
        if first < 0 or last >= len(self.times):
            raise self._uncovered(begin, end)
        for k in range(first, last):
            if self.times[k + 1] - self.times[k] > LONGEST_GAP_S:
                gap = f"nothing was read between {_clock(self.times[k])} and {_clock(self.times[k + 1])}"
                remedy = f"Let the meter read at least every {LONGEST_GAP_S:g} s, and measure again."
                raise MeterError(self.where, f"{gap}, while a variant ran", remedy)
        inner = [(self.times[k], self.watts[k]) for k in range(first + 1, last) if begin < self.times[k] < end]
        points = [(begin, self._at(begin)), *inner, (end, self._at(end))]
        return math.fsum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))

    def _at(self, moment: float) -> float:
        k = min(max(bisect_right(self.times, moment) - 1, 0), len(self.times) - 2)
        share = (moment - self.times[k]) / (self.times[k + 1] - self.times[k])
        return self.watts[k] + share * (self.watts[k + 1] - self.watts[k])

    def _uncovered(self, begin: float, end: float) -> MeterError:
        has = f"{_clock(self.times[0])} to {_clock(self.times[-1])}"
        problem = f"the readings ({has}) do not cover the run, which needs {_clock(begin)} to {_clock(end)}"
        remedy = "Let the meter log from before the run until it has ended, and measure again."
        return MeterError(self.where, problem, remedy)


def read(path: Path) -> Readings:
    """Read a meter's file.

    Raises:
        MeterError: when it is absent, is no such file, has fewer than two readings, or its clock goes backwards.
    """
    where = path.name
    try:
        rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    except FileNotFoundError as error:
        raise MeterError(where, "there is no such file", "Start the meter's logger first, then measure.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MeterError(where, f"the file cannot be read as text ({error})", "Save it as CSV in UTF-8.") from error
    if not rows or [cell.strip().lower() for cell in rows[0]] != HEADER:
        found = ",".join(rows[0])[:80] if rows else ""
        raise MeterError(where, f"its first line is '{found}'", "Write 'time,watts' there.")
    readings = [_reading(where, number, row) for number, row in enumerate(rows[1:], 2) if row]
    if len(readings) < 2:
        raise MeterError(where, "it has fewer than two readings", "Let the meter log while the measurement runs.")
    for number, (earlier, later) in enumerate(pairwise(readings), 3):
        if later[0] <= earlier[0]:
            problem = f"line {number}: its time is not after that of the line before: the clock went backwards"
            raise MeterError(where, problem, "Give times in UTC, in their order, each once.")
    return Readings(where, tuple(time for time, _ in readings), tuple(watts for _, watts in readings))


def _reading(where: str, number: int, row: list[str]) -> tuple[float, float]:
    example = "Write it as 2026-11-23T10:00:00Z,41.5."
    if len(row) != len(HEADER):
        raise MeterError(where, f"line {number} has {len(row)} values instead of {len(HEADER)}", example)
    try:
        moment, watts = datetime.fromisoformat(row[0].strip()), float(row[1])
    except ValueError as error:
        raise MeterError(where, f"line {number} is no time with watts ({error})", example) from error
    if moment.utcoffset() != timedelta(0):
        raise MeterError(where, f"line {number}: the time '{row[0][:40]}' is not in UTC", f"End it with Z. {example}")
    if not 0 <= watts <= MOST_WATTS:
        raise MeterError(where, f"line {number}: {row[1][:40]} W cannot be", example)
    return moment.timestamp(), watts


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
