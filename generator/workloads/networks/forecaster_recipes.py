"""Which forecasters there are, their sizes, and how each is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.workloads.sources.windows import Task
from generator.workloads.workload import Training


@dataclass(frozen=True, slots=True)
class Network:
    """One forecaster."""

    title: str
    """What a reader knows it by."""

    architecture: str
    """Key of `ARCHITECTURES`."""

    config: Callable[[Task, int, int], Mapping[str, object]]
    """Makes the architecture's arguments of the task, the number of channels and the length of history."""

    recipes: Mapping[str, Training]
    """How it is trained for each series: chosen among a few by the error on the last weeks, years before the test."""


def _shape(task: Task, channels: int, history: int) -> dict[str, object]:
    return {"channels": channels, "history": history, "horizon": task.horizon, "anchored": task.anchored}


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "linear": Network(
            "DLinear",
            "forecast_linear",
            lambda task, channels, history: {**_shape(task, channels, history), "smoothing": task.smoothing},
            {"demand": Training(800, 1e-2), "stock": Training(400, 3e-3), "weather": Training(400, 1e-2)},
        ),
        "lstm": Network(
            "LSTM",
            "forecast_lstm",
            lambda task, channels, history: {**_shape(task, channels, history), "token": task.token, "width": 64},
            {"demand": Training(800, 1e-2), "stock": Training(300, 1e-3), "weather": Training(300, 4e-3)},
        ),
        "transformer": Network(
            "PatchTST",
            "forecast_transformer",
            lambda task, channels, history: {
                **_shape(task, channels, history),
                "token": task.token,
                "width": 64,
                "layers": 2,
            },
            {"demand": Training(500, 3e-3), "stock": Training(300, 1e-3), "weather": Training(300, 1e-3)},
        ),
    }
)
"""Forecasters by the names that definitions use."""
