"""Published series become numbers; nothing that is downloaded is run, and a gap is an error."""

from __future__ import annotations

import io
import math
import tarfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from generator.core.errors import AssetError
from generator.workloads.sources.series import READERS, numbers_in, read_demand, read_stock, read_weather


def test_numbers_are_read_out_of_a_python_file_without_running_it() -> None:
    """The longest list is the series; what the file would do when run is not done."""
    source = "raise SystemExit\nsmall = [9, 9]\ndef load():\n    return np.array([22262, 21756.5,\n 22247])\n"
    assert numbers_in(source).tolist() == [22262.0, 21756.5, 22247.0]
    assert numbers_in("x = 1").tolist() == []


def test_demand_is_twelve_weeks(tmp_path: Path) -> None:
    """The test is the last four of them: nothing is trained on from the 2,688th half-hour on."""
    path = tmp_path / "taylor.py"
    path.write_text(f"rslt = np.array({list(range(4032))}).astype(dtype)\n", "utf-8")
    series = read_demand(path)
    assert (series.values.shape, series.values[0, -1], series.test_from) == ((1, 4032), 4031, 2688)


def _archive(path: Path, rows: list[tuple[str, float]]) -> Path:
    text = "Date,Open,High,Low,Close,Volume,OpenInt\n" + "".join(f"{d},0,0,0,{c},0,0\n" for d, c in rows)
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("msft.csv")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return path


def test_prices_are_logarithms_from_1996_on(tmp_path: Path) -> None:
    """Earlier prices have two significant digits; the test begins with 2012."""
    days = [date(1995, 6, 1) + timedelta(days=i) for i in range(8000)]
    series = read_stock(_archive(tmp_path / "msft.tar.gz", [(day.isoformat(), math.e) for day in days]))
    before = sum(day < date(1996, 1, 1) for day in days)
    assert series.values.shape == (1, 8000 - before)
    assert series.test_from == (date(2012, 1, 1) - date(1996, 1, 1)).days
    assert series.values[0, 0] == pytest.approx(1)


def _weather(path: Path, days: int, gap: bool = False) -> Path:
    lines = ["date,precipitation,temp_max,temp_min,wind,weather"]
    for index in range(days):
        day = date(2012, 1, 1) + timedelta(days=index)
        lines.append(f"{day:%Y/%m/%d},0.5,{'nan' if gap and index == 9 else 12.5},5.0,4.7,rain")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_weather_has_the_season_as_sine_and_cosine(tmp_path: Path) -> None:
    """The maximum comes first, for that is forecast; a year later the season is the same."""
    series = read_weather(_weather(tmp_path / "w.csv", 1461))
    assert (series.values.shape, series.test_from) == ((6, 1461), 1096)
    assert series.values[:4, 0].tolist() == [12.5, 5.0, 0.5, 4.7]
    assert series.values[4:, 0] == pytest.approx(series.values[4:, 366], abs=1e-9)
    assert np.allclose((series.values[4:] ** 2).sum(axis=0), 1)


def test_a_short_series_or_one_with_gaps_is_refused(tmp_path: Path) -> None:
    """A cut file does not become a worse model."""
    for path in (_weather(tmp_path / "cut.csv", 400), _weather(tmp_path / "gap.csv", 1461, gap=True)):
        with pytest.raises(AssetError, match=rf"'{path.name}' holds .* Delete the file"):
            read_weather(path)
    (tmp_path / "taylor.py").write_text("x = [1, 2]", "utf-8")
    with pytest.raises(AssetError, match="holds 2 moments"):
        READERS["demand"](tmp_path / "taylor.py")
