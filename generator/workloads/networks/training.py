"""Training with a fixed seed: the same data, recipe, seed and version of torch give the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from generator.workloads.sources.windows import Floats, Windows
from generator.workloads.workload import Training

_TOLD_EVERY = 50
"""Steps between two signs of progress."""

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Makes a step's loss of the network's answers and of the positions of the inputs that it answered."""


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Draw torch's random numbers from this seed, on one thread; afterwards all is as it was.

    One thread: sums are then taken in one order, and nets this small gain nothing from more.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def train(
    build: Callable[[], nn.Module], windows: Windows, recipe: Training, seed: int, told: Callable[[int], None]
) -> nn.Module:
    """Train a forecaster on the windows before the test; the test's are not looked at.

    Args:
        build: makes the network; its weights are drawn after the seed is set.
        windows: the data.
        recipe: how.
        seed: decides the first weights and which windows a step takes.
        told: gets the number of steps done.

    Returns:
        The network, ready for inference.
    """
    inputs = torch.from_numpy(windows.inputs(windows.training))
    targets = torch.from_numpy(windows.targets(windows.training))

    def loss(answers: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return nn.functional.l1_loss(answers, targets[chosen])

    with repeatable(seed):
        module = build()
        descend(module, inputs, loss, recipe, seed, told)
    return module


def descend(
    module: nn.Module, inputs: torch.Tensor, loss: Loss, recipe: Training, seed: int, told: Callable[[int], None]
) -> None:
    """Train a network in its place, and leave it ready for inference; to be called inside of `repeatable`.

    Args:
        module: the network.
        inputs: everything that it may be trained on, batch axis first.
        loss: of the answers.
        recipe: how.
        seed: decides which inputs a step takes.
        told: gets the number of steps done.
    """
    chance = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(module.parameters(), recipe.largest_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.largest_rate, recipe.steps)
    module.train()
    for step in range(recipe.steps):
        chosen = torch.from_numpy(chance.choice(len(inputs), recipe.batch))
        lost = loss(module(inputs[chosen]), chosen)
        optimizer.zero_grad()
        lost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        if (step + 1) % _TOLD_EVERY == 0 or step + 1 == recipe.steps:
            told(step + 1)
    module.eval()


def right_answer(labels: NDArray[np.int64]) -> Loss:
    """Loss of a classifier that is to give these labels: cross-entropy."""
    wanted = torch.from_numpy(labels)
    return lambda answers, chosen: nn.functional.cross_entropy(answers, wanted[chosen])


def forecasts(module: nn.Module, inputs: Floats) -> Floats:
    """Forecasts, (windows, horizon), of inputs, (windows, channels, history)."""
    with torch.inference_mode():
        given: Floats = module(torch.from_numpy(inputs)).numpy()
    return given
