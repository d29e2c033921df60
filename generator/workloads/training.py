"""A forecaster trained with a fixed seed: the same data, recipe, seed and version of torch give the same weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from generator.workloads.networks import Recipe
from generator.workloads.windows import Floats, Windows

_TOLD_EVERY = 50
"""Steps between two signs of progress."""


def train(
    build: Callable[[], nn.Module], windows: Windows, recipe: Recipe, seed: int, told: Callable[[int], None]
) -> nn.Module:
    """Train a network on the windows before the test; the test's are not looked at.

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
    threads = torch.get_num_threads()
    # One thread: sums are then taken in one order, and nets this small gain nothing from more.
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = build()
            _descend(module, inputs, targets, recipe, np.random.default_rng(seed), told)
    finally:
        torch.set_num_threads(threads)
    return module.eval()


def _descend(
    module: nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: Recipe,
    chance: np.random.Generator,
    told: Callable[[int], None],
) -> None:
    optimizer = torch.optim.AdamW(module.parameters(), recipe.largest_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.largest_rate, recipe.steps)
    module.train()
    for step in range(recipe.steps):
        chosen = torch.from_numpy(chance.choice(len(inputs), recipe.batch))
        loss = nn.functional.l1_loss(module(inputs[chosen]), targets[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        if (step + 1) % _TOLD_EVERY == 0 or step + 1 == recipe.steps:
            told(step + 1)


def forecasts(module: nn.Module, inputs: Floats) -> Floats:
    """Forecasts, (windows, horizon), of inputs, (windows, channels, history)."""
    with torch.inference_mode():
        given: Floats = module(torch.from_numpy(inputs)).numpy()
    return given
