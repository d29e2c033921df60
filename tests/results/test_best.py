"""The set of variants that cannot be told from the best holds the best one 95 times in 100, and seldom one alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from generator.core.block_times import BlockTimes
from generator.results.best import Best, best_of

NOISE = 0.01
BLOCKS = 8


def _blocks(log_times: Sequence[float], chance: np.random.Generator, noise: Sequence[float]) -> list[BlockTimes]:
    """Blocks in each of which all variants share what the machine does, and differ by noise of their own."""
    names = [f"v{index}" for index in range(len(log_times))]
    found = []
    for index in range(BLOCKS):
        shared = chance.normal(0, 0.1)
        times = {
            name: {0: float(np.exp(time + shared + chance.normal(0, own)))}
            for name, time, own in zip(names, log_times, noise, strict=True)
        }
        found.append(BlockTimes("w", index, False, times, times))
    return found


def _found(log_times: Sequence[float], seed: int, noise: Sequence[float] | None = None) -> Best:
    noise = noise or [NOISE] * len(log_times)
    blocks = _blocks(log_times, np.random.default_rng(seed), noise)
    found = best_of(blocks, [f"v{index}" for index in range(len(log_times))], simplicity=lambda name: name)
    assert found
    return found


@pytest.mark.parametrize("noise", [[NOISE] * 4, [0.002, 0.03, 0.01, 0.05]], ids=["alike", "unlike"])
def test_of_equal_variants_none_is_called_the_best_alone(noise: list[float]) -> None:
    """Today's way, the largest estimate, names one in every run; the set names one alone hardly ever."""
    runs = 120
    found = [_found([0.0] * 4, seed, noise) for seed in range(runs)]
    assert sum(len(one.members) == 1 for one in found) <= 0.01 * runs
    # Each of them is the best, and each is in the set in at least 95 of 100 runs, but for chance.
    for index in range(4):
        assert sum(f"v{index}" in one.members for one in found) >= 0.93 * runs


def test_the_best_is_in_the_set_though_another_is_close() -> None:
    runs = 120
    found = [_found([0.0, 0.01, 0.02, 0.3], seed) for seed in range(runs)]
    assert sum("v0" in one.members for one in found) >= 0.94 * runs
    assert all("v3" not in one.members for one in found)


def test_a_difference_that_blocks_show_leaves_one() -> None:
    found = _found([0.0, 0.2, 0.5], 1)
    assert found.members == ("v0",)
    assert {one.variant for one in found.behind} == {"v1", "v2"}
    assert 1 < found.behind[0].slower.interval.low < found.behind[0].slower.point


def test_the_simplest_member_is_recommended() -> None:
    blocks = _blocks([0.0, 0.0, 0.4], np.random.default_rng(2), [NOISE] * 3)
    found = best_of(blocks, ["v0", "v1", "v2"], simplicity=lambda name: {"v2": 0, "v1": 1, "v0": 2}[name])
    assert found
    assert set(found.members) == {"v0", "v1"}
    assert found.recommended == "v1"


def test_what_does_not_count_has_no_best() -> None:
    blocks = _blocks([0.0, 0.1], np.random.default_rng(3), [NOISE] * 2)
    assert best_of(blocks, [], simplicity=str) is None
    alone = best_of(blocks, ["v1"], simplicity=str)
    assert alone
    assert alone.members == ("v1",)
