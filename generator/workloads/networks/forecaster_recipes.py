"""Which forecasters there are, their sizes, and how each is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.workloads.sources.windows import Task


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained: AdamW on the absolute error, the learning rate rising and falling once (OneCycle)."""

    steps: int
    largest_rate: float
    batch: int = 32
    weight_decay: float = 1e-2
    clip: float = 1.0
    """Largest norm of a step's gradients."""


@dataclass(frozen=True, slots=True)
class Network:
    """One forecaster."""

    title: str
    """What a reader knows it by."""

    architecture: str
    """Key of `ARCHITECTURES`."""

    config: Callable[[Task, int, int], Mapping[str, object]]
    """Makes the architecture's arguments of the task, the number of channels and the length of history."""

    recipes: Mapping[str, Recipe]
    """How it is trained for each series: chosen among a few by the error on the last weeks, years before the test."""


def _shape(task: Task, channels: int, history: int) -> dict[str, object]:
    return {"channels": channels, "history": history, "horizon": task.horizon, "anchored": task.anchored}


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "linear": Network(
            "DLinear",
            "forecast_linear",
            lambda task, channels, history: {**_shape(task, channels, history), "smoothing": task.smoothing},
            {"demand": Recipe(800, 1e-2), "stock": Recipe(400, 3e-3), "weather": Recipe(400, 1e-2)},
        ),
        "lstm": Network(
            "LSTM",
            "forecast_lstm",
            lambda task, channels, history: {**_shape(task, channels, history), "token": task.token, "width": 64},
            {"demand": Recipe(800, 1e-2), "stock": Recipe(300, 1e-3), "weather": Recipe(300, 4e-3)},
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
            {"demand": Recipe(500, 3e-3), "stock": Recipe(300, 1e-3), "weather": Recipe(300, 1e-3)},
        ),
    }
)
"""Forecasters by the names that definitions use."""
