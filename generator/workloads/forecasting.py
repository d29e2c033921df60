"""Forecasting: electricity demand, a share's price, a city's temperature, by small networks trained here.

Training takes seconds and is kept by a hash of everything that it depends on. Which training one happens to get moves
the error by several per cent, so each network is trained with several seeds: the first one's is timed, the error of
each is in the record. Windows of the test do not overlap and are never trained on. Learning rates were chosen on the
last weeks before the test, the test being left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch_one
from generator.core.cache import Built, Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import DefinitionError
from generator.core.packages import required
from generator.core.problem import Problem
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import floats, stacked
from generator.workloads.networks import architectures
from generator.workloads.networks.forecaster_recipes import NETWORKS
from generator.workloads.options import Options
from generator.workloads.sources.series import READERS
from generator.workloads.sources.windows import TASKS, Task, Windows
from generator.workloads.workload import Arrays, Artifact

if TYPE_CHECKING:
    from torch import nn

KIND = "forecasting"
TIMED_SAMPLES = 16
DEFAULT_SEEDS, MOST_SEEDS = 5, 20
LONGEST_HISTORY = 1344
"""Four weeks of half-hours: half of what there is to train on."""

ERROR = "absolute-error"
NAIVE_ERROR = "naive-absolute-error"
ERROR_BY_SEED = "absolute-error-by-seed"
LARGEST_DEVIATION = "largest-forecast-deviation"
MEAN_DEVIATION = "mean-forecast-deviation"

TRAINED_HERE_NOTE = "trained-here"
"""The network was trained here, and another training would give another error."""

_ERROR_NOTE = "error in the test"
"""Note of a trained file: mean absolute error of its forecasts, in the task's unit."""


@dataclass(frozen=True)
class Forecasting:
    """A series, a network, the absolute error."""

    cache: Cache
    series: str
    network: str
    """Key of `NETWORKS`."""

    history: int
    seeds: int = DEFAULT_SEEDS
    progress: Progress | None = None

    @property
    def task(self) -> Task:
        """What is forecast."""
        return TASKS[self.series]

    @property
    def model_name(self) -> str:
        """Network and size."""
        return f"{NETWORKS[self.network].title}, {self._trained(self.network, 0).notes['parameters']} parameters"

    @property
    def notes(self) -> Sequence[str]:
        """That it was trained here; of the share also that nothing is gained by it."""
        return (TRAINED_HERE_NOTE, *self.task.notes)

    @property
    def sources(self) -> Sequence[Source]:
        """The series."""
        return (source_of(asset(self.task.asset)),)

    @property
    def labels_unknown(self) -> str | None:
        """None: what followed is known."""
        return None

    @cached_property
    def windows(self) -> Windows:
        """The series, cut.

        Raises:
            AssetError: when the series is not to be had, or has gaps.
        """
        path = fetch_one(asset(self.task.asset), self.cache, self.progress)
        return Windows(READERS[self.series](path), self.task, self.history)

    @property
    def architectures(self) -> Sequence[str]:
        """This workload's own network first."""
        return (self.network, *(name for name in NETWORKS if name != self.network))

    def model(self) -> Artifact:
        """The network trained with the first seed.

        Raises:
            AssetError: when the series is not to be had.
            MissingPackage: when torch or safetensors is not installed.
        """
        return self.model_of(self.network)

    def model_of(self, architecture: str) -> Artifact:
        """Another network, trained on the same windows; see `model`."""
        path, notes = self._trained(architecture, 0)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def quality_unknown(self, artifact: Artifact) -> str | None:
        """None: every network is trained."""
        return None

    def observe_model(self, artifact: Artifact) -> tuple[Observations, ...]:
        """Mean absolute error in the test of each training, the timed one first."""
        network = artifact.notes["network"]
        errors = [float(self._trained(network, seed).notes[_ERROR_NOTE]) for seed in range(self.seeds)]
        return (self._error(ERROR_BY_SEED, "label", "mean", np.array(errors)),)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "x", (1, channels, history) float32: what was known before each window of the test."""
        return _inputs(self.windows.inputs(self.windows.test))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 of the samples, spread evenly; all where there are fewer."""
        samples = self.samples()
        count = min(TIMED_SAMPLES, len(samples))
        return tuple(samples[index * len(samples) // count] for index in range(count))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Windows that were trained on, spread evenly."""
        training = self.windows.training
        return _inputs(self.windows.inputs(training[:: max(1, len(training) // count)][:count]))

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Mean absolute error of each window, that of the naive forecast, and deviations from the baseline's forecast.

        Raises:
            WorkerError: when an answer is missing, has another shape, or is not finite.
        """
        windows, test = self.windows, self.windows.test
        forecast, target = stacked(outputs, len(test)), windows.targets(test)
        observed = [
            self._error(ERROR, "label", "mean", windows.gaps(forecast, target).mean(axis=1)),
            self._error(NAIVE_ERROR, "label", "mean", windows.gaps(windows.naive(test), target).mean(axis=1)),
        ]
        if baseline is not None:
            gaps = windows.gaps(forecast, stacked(baseline, len(test)))
            observed.append(self._error(LARGEST_DEVIATION, "baseline", "maximum", gaps.max(axis=1)))
            observed.append(self._error(MEAN_DEVIATION, "baseline", "mean", gaps.mean(axis=1)))
        return tuple(observed)

    def _error(self, metric: str, reference: str, kind: str, values: NDArray[np.float64]) -> Observations:
        return Observations.model_validate(
            {
                "metric": metric,
                "kind": kind,
                "reference": reference,
                "better": "lower",
                "unit": self.task.unit,
                "values": floats(values),
            }
        )

    def _trained(self, network: str, seed: int) -> Built:
        """One training's weight file and its notes, from the cache where it is there already."""
        versions = required(KIND, torch="torch", safetensors="safetensors")
        windows, chosen = self.windows, NETWORKS[network]
        recipe = chosen.recipes[self.series]
        config = chosen.config(self.task, windows.series.values.shape[0], self.history)
        made_by = (
            "networks/forecasters",
            "networks/forecaster_recipes",
            "sources/series",
            "networks/training",
            "sources/windows",
        )
        key = {
            "data": hashlib.sha256(np.ascontiguousarray(windows.series.values).tobytes()).hexdigest(),
            "task": asdict(self.task),
            "architecture": chosen.architecture,
            "config": config,
            "recipe": asdict(recipe),
            "seed": seed,
            "code": {name: file_sha256(Path(__file__).parent / f"{name}.py") for name in made_by},
            **versions,
        }

        def make(path: Path) -> Mapping[str, str]:
            from generator.workloads.networks.training import forecasts, train

            build = partial(_build, chosen.architecture, config)
            module = train(build, windows, recipe, seed, partial(self._told, network, seed))
            gaps = windows.gaps(forecasts(module, windows.inputs(windows.test)), windows.targets(windows.test))
            architectures.save_module(module, path, chosen.architecture, config)
            return {
                "network": network,
                "parameters": str(sum(parameter.numel() for parameter in module.parameters())),
                "training": f"{recipe.steps} steps of {recipe.batch} windows, seed {seed}",
                _ERROR_NOTE: f"{gaps.mean():.6g}",
            }

        return self.cache.built("models", key, ".safetensors", make)

    def _told(self, network: str, seed: int, step: int) -> None:
        if self.progress:
            steps = NETWORKS[network].recipes[self.series].steps
            self.progress(f"Training: {self.series}, {network}", seed * steps + step, self.seeds * steps)


def _build(architecture: str, config: Mapping[str, object]) -> nn.Module:
    import importlib

    module, _, function = architectures.ARCHITECTURES[architecture].partition(":")
    built: nn.Module = getattr(importlib.import_module(module), function)(**config)
    return built


def _inputs(windows: NDArray[np.float32]) -> tuple[Arrays, ...]:
    return tuple({"x": window[np.newaxis]} for window in windows)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> Forecasting:
    """Make the workload of its options.

    Options: `series` (demand, stock, weather), `model` (linear, lstm, transformer), `history` (moments that a network
    sees; 336, 128, 28 for the three series), `seeds` (5: how often each network is trained).

    Raises:
        DefinitionError: when an option is unknown or out of bounds, or the history is no whole number of tokens.
    """
    chosen = Options(f"workload '{KIND}'", options).only("series", "model", "history", "seeds")
    series, network = chosen.word("series", *TASKS), chosen.word("model", *NETWORKS)
    task = TASKS[series]
    history = chosen.whole("history", task.history, max(task.token, task.smoothing), LONGEST_HISTORY)
    if history % task.token:
        remedy = f"Write a multiple of {task.token}: the networks read the series in tokens of that many."
        raise DefinitionError(chosen.where, [Problem(f"option 'history' is {history}", remedy)])
    return Forecasting(cache, series, network, history, chosen.whole("seeds", DEFAULT_SEEDS, 1, MOST_SEEDS), progress)
