"""Windows, naive forecasts and errors, on series whose right answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.workloads.sources.series import Series
from generator.workloads.sources.windows import TASKS, Windows

DAYS = np.arange(100.0)


def _windows(name: str, values: np.ndarray, test_from: int, history: int) -> Windows:
    return Windows(Series(values[np.newaxis] if values.ndim == 1 else values, test_from), TASKS[name], history)


def test_nothing_of_the_test_is_trained_on() -> None:
    """The last training target ends where the first test target begins; the history may reach back."""
    windows = _windows("stock", DAYS, 60, 16)
    assert (windows.training[0], windows.training[-1] + windows.task.horizon) == (16, 60)
    assert (windows.test[0], windows.test[-1] + windows.task.horizon <= 100) == (60, True)


def test_test_targets_do_not_overlap_and_do_not_depend_on_the_history() -> None:
    """Errors of overlapping windows would be counted several times, and the interval would be too narrow."""
    for name, task in TASKS.items():
        short, long = (_windows(name, np.sin(np.arange(4032.0)), 2688, h) for h in (task.history, 2 * task.history))
        assert short.test == long.test
        assert short.test.step >= task.horizon
        assert np.array_equal(short.targets(short.test), long.targets(long.test))


def test_demand_is_forecast_at_all_times_of_the_day() -> None:
    """26 forecasts of four weeks, begun at 16 different half-hours."""
    windows = _windows("demand", np.arange(4032.0), 2688, 336)
    assert (len(windows.test), len({start % 48 for start in windows.test})) == (26, 16)


def test_what_is_seen_ends_where_the_target_begins() -> None:
    """No forecaster sees what it has to forecast."""
    windows = _windows("weather", np.stack([DAYS, -DAYS]), 60, 28)
    seen, target = windows.inputs(range(60, 61)), windows.targets(range(60, 61))
    assert (seen.shape, target.shape, seen.dtype) == ((1, 2, 28), (1, 7), np.float32)
    back = seen * windows.scale + windows.centre
    assert back[0, 0].tolist() == pytest.approx(list(range(32, 60)), rel=1e-5)
    assert back[0, 1, -1] == pytest.approx(-59, rel=1e-5)
    assert (target[0] * windows.scale[0] + windows.centre[0]).tolist() == pytest.approx(list(range(60, 67)), rel=1e-5)


def test_the_scale_is_of_what_was_known_before_the_test() -> None:
    """A later rise does not leak into training; of prices it is the scale of their changes."""
    values = np.concatenate([np.tile([0.0, 2.0], 30), np.full(40, 1000.0)])
    assert _windows("weather", values, 60, 28).scale.item() == 1
    rising = _windows("stock", np.concatenate([np.tile([0.0, 1, 4, 9, 16], 12), np.full(40, 9e9)]), 60, 16)
    assert rising.scale.item() == 0  # five days later the price is the same
    assert replace(rising, task=replace(rising.task, scale_lag=0)).scale.item() > 1


@pytest.mark.parametrize(
    ("name", "moment", "expected"),
    [("demand", 0, 336), ("stock", 0, 1), ("stock", 4, 5), ("weather", 6, 7)],
    ids=["a week ago", "yesterday", "the last price stays", "the last day stays"],
)
def test_the_naive_forecast_of_a_straight_line(name: str, moment: int, expected: float) -> None:
    """Of a series that rises by 1 a moment, its error is the distance to what it repeats."""
    values = np.arange(4032.0)
    windows = _windows(name, values, 2688, TASKS[name].history)
    windows = replace(windows, task=replace(windows.task, logarithmic=False, scale_lag=0))
    gaps = windows.gaps(windows.naive(windows.test), windows.targets(windows.test))
    assert gaps[:, moment] == pytest.approx(expected, rel=1e-3)


def test_errors_have_their_unit() -> None:
    """Plain differences in the series' own unit; of logarithms per cent of the other value."""
    values = np.tile([100.0, 300.0], 100)
    plain = _windows("weather", values, 150, 28)
    assert plain.gaps(np.array([[0.5]]), np.array([[-0.5]])).item() == pytest.approx(100)
    logs = replace(plain, series=Series(np.log(values)[np.newaxis], 150), task=TASKS["stock"])
    logs = replace(logs, task=replace(logs.task, scale_lag=0))
    step = np.log(1.1) / logs.scale.item()
    assert logs.gaps(np.array([[step]]), np.array([[0.0]])).item() == pytest.approx(10)
