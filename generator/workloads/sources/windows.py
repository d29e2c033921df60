"""Windows of a series: what a forecaster sees, what it should have said, and what a rule without a model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator.workloads.sources.series import HALF_HOURS_A_DAY, HALF_HOURS_A_WEEK, Series, Values

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Task:
    """What is forecast of one series, and how it is judged."""

    asset: str
    """Name in the catalogue."""

    horizon: int
    """Moments that are forecast at once."""

    history: int
    """Moments that a forecaster sees, unless another number is asked for."""

    shift: int
    """Moments between two tests beyond the horizon. Targets never overlap, so that errors are nearly independent; a
    shift makes forecasts begin at all times of the day."""

    season: int
    """The naive forecast repeats the last so many moments: a week ago, or the last one."""

    unit: Literal["megawatt", "percent", "celsius"]
    """Unit of errors."""

    logarithmic: bool
    """Whether the series is a logarithm: errors are then relative, in per cent."""

    anchored: bool
    """See `Forecaster`."""

    scale_lag: int
    """A channel is divided by the deviation of its changes over so many moments; 0: by that of its level."""

    smoothing: int
    """Moments of the linear forecaster's moving average; odd."""

    token: int
    """Successive moments that the recurrent network and the transformer take as one token."""

    notes: tuple[str, ...] = ()
    """Keys of the phrases that must stand wherever the quality is shown."""


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "demand": Task(
            asset="taylor-electricity-demand",
            horizon=HALF_HOURS_A_DAY,
            history=HALF_HOURS_A_WEEK,
            shift=3,
            season=HALF_HOURS_A_WEEK,
            unit="megawatt",
            logarithmic=False,
            anchored=True,
            scale_lag=0,
            smoothing=25,
            token=8,
        ),
        "stock": Task(
            asset="microsoft-daily-prices",
            horizon=5,
            history=128,
            shift=0,
            season=1,
            unit="percent",
            logarithmic=True,
            anchored=True,
            scale_lag=5,
            smoothing=5,
            token=8,
            notes=("stock-no-skill",),
        ),
        "weather": Task(
            asset="seattle-weather",
            horizon=7,
            history=28,
            shift=0,
            season=1,
            unit="celsius",
            logarithmic=False,
            anchored=False,
            scale_lag=0,
            smoothing=7,
            token=1,
        ),
    }
)
"""What is forecast of each series."""


@dataclass(frozen=True, slots=True)
class Windows:
    """A series cut for one task and one length of history."""

    series: Series
    task: Task
    history: int

    @property
    def centre(self) -> Values:
        """Mean of each channel before the test, (channels, 1)."""
        mean: Values = self.series.values[:, : self.series.test_from].mean(axis=1, keepdims=True)
        return mean

    @property
    def scale(self) -> Values:
        """What each channel is divided by, (channels, 1)."""
        known, lag = self.series.values[:, : self.series.test_from], self.task.scale_lag
        spread = known[:, lag:] - known[:, :-lag] if lag else known
        deviation: Values = spread.std(axis=1, keepdims=True)
        return deviation

    @property
    def normalized(self) -> Floats:
        """The series as networks see it, (channels, moments)."""
        return ((self.series.values - self.centre) / self.scale).astype(np.float32)

    @property
    def training(self) -> range:
        """First target moments that may be trained on: history and targets lie before the test."""
        return range(self.history, self.series.test_from - self.task.horizon + 1)

    @property
    def test(self) -> range:
        """First target moments of the test; the same whatever the history."""
        last = self.series.values.shape[1] - self.task.horizon
        return range(self.series.test_from, last + 1, self.task.horizon + self.task.shift)

    def inputs(self, starts: range) -> Floats:
        """What is seen before each start, (starts, channels, history)."""
        seen = self.normalized
        return np.stack([seen[:, start - self.history : start] for start in starts])

    def targets(self, starts: range) -> Floats:
        """What follows from each start on, normalized, (starts, horizon)."""
        seen = self.normalized[0]
        return np.stack([seen[start : start + self.task.horizon] for start in starts])

    def naive(self, starts: range) -> Floats:
        """The last season repeated, normalized, (starts, horizon)."""
        seen, season = self.normalized[0], self.task.season
        steps = np.arange(self.task.horizon) % season
        return np.stack([seen[start - season + steps] for start in starts])

    def gaps(self, forecast: NDArray[np.floating], other: NDArray[np.floating]) -> Values:
        """Absolute differences of two normalized forecasts in the task's unit, same shape.

        Of logarithms it is the relative difference from the other, in per cent.
        """
        apart = (np.asarray(forecast, np.float64) - np.asarray(other, np.float64)) * float(self.scale[0, 0])
        given: Values = 100 * np.abs(np.expm1(apart)) if self.task.logarithmic else np.abs(apart)
        return given
