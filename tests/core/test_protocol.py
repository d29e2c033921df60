"""protocol: the statistic and the rules, with data whose right answer is known."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from scipy import stats

from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.record import Block, Health, Round


def make_block(
    latencies: dict[str, Sequence[int]], *, disturbed: bool = False, samples: int = 1, index: int = 0
) -> Block:
    """A block in which each variant has one query a cycle, with the latencies given."""
    rounds = [
        Round(variant=name, cycle=cycle, samples_per_query=samples, latencies_ns=(ns,), wall_ns=ns, cpu_ns=ns, involuntary_switches=0)
        for name, values in latencies.items()
        for cycle, ns in enumerate(values)
    ]  # fmt: skip
    health = Health(
        wall_ns=1, foreign_cpu_cores=0.0, lowest_cpu_share=1.0, psi_cpu_some=None, steal_cores=None, load_1min=None
    )
    return Block(
        workload="w",
        index=index,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        cores=(0,),
        workers=(),
        rounds=tuple(rounds),
        health=health,
        disturbed=disturbed,
    )


def test_block_value_is_the_log_of_baseline_over_variant() -> None:
    """Above 0 is faster: a variant of half the latency has log 2."""
    block = make_block({"base": [200] * 4, "fast": [100] * 4})
    assert block_times(block).log_ratio("fast", "base") == pytest.approx(math.log(2))
    assert block_times(block).log_ratio("base", "fast") == pytest.approx(-math.log(2))


def test_block_value_is_the_median_over_pairs_of_cycles() -> None:
    """One slow cycle in six does not carry the block: its pair is one of three."""
    block = make_block({"base": [200] * 6, "fast": [100, 100, 100, 5000, 100, 100]})
    assert block_times(block).log_ratio("fast", "base") == pytest.approx(math.log(2))


@pytest.mark.parametrize("first", [0, 1, 2])
def test_few_samples_that_gain_differently_weigh_alike(first: int) -> None:
    """One text in three gains nothing by guessing: the value is the mean of all three, wherever the block begins."""
    gains = [1.0, 1.5, 1.5]
    fast = [round(900 / gains[(first + cycle) % 3]) for cycle in range(6)]
    block = make_block({"base": [900] * 6, "fast": fast})
    turn = protocol.turn_cycles(len(gains))
    assert block_times(block, turn).log_ratio("fast", "base") == pytest.approx(2 / 3 * math.log(1.5))


def test_last_cycles_that_make_no_whole_turn_count_only_alone() -> None:
    block = make_block({"base": [200] * 4, "fast": [100, 100, 100, 50]})
    assert block_times(block, 3).log_ratio("fast", "base") == pytest.approx(math.log(2))
    assert block_times(block, 5).log_ratio("fast", "base") == pytest.approx(math.log(2))


def test_a_turn_asks_each_of_a_few_samples_once() -> None:
    assert [protocol.turn_cycles(count) for count in (0, 1, 2, 3, 4, 5, 20)] == [2, 2, 2, 3, 4, 2, 2]


def test_block_value_compares_within_cycles_only() -> None:
    """A machine that slows down in the middle slows both: the ratio stays exact."""
    block = make_block({"base": [200, 200, 600, 600], "fast": [100, 100, 300, 300]})
    assert block_times(block).log_ratio("fast", "base") == pytest.approx(math.log(2))


def test_block_value_without_the_variant_is_none() -> None:
    """A failed variant has no value; it is not 0."""
    assert block_times(make_block({"base": [200]})).log_ratio("fast", "base") is None


def test_a_batch_counts_a_sample() -> None:
    """Latency is per sample, so that batches of different size can be compared."""
    assert protocol.round_statistic(make_block({"a": [800]}, samples=8).rounds[0], "p50") == 100


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("count", [1, 10, 63, 64, 662, 5000])
def test_early_stopping_discards_as_many_as_the_binomial_distribution_allows(count: int, share: float) -> None:
    discarded = protocol.early_stopping_discard(count, share)
    assert stats.binom.cdf(discarded, count, 1 - share) <= 0.01 < stats.binom.cdf(discarded + 1, count, 1 - share)


def test_half_width_is_student_t_with_the_floor_in_quadrature() -> None:
    """Six values of standard deviation s: t(0.975, 5) = 2.5706; the floor of 0.5 % is added in quadrature."""
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    s = math.sqrt(sum((v - 0.35) ** 2 for v in values) / 5)
    assert protocol.half_width(values) == pytest.approx(math.hypot(2.570582 * s / math.sqrt(6), 0.005), rel=1e-6)


def test_no_run_is_more_certain_than_the_floor() -> None:
    """What stays constant through one run cannot be seen by its blocks."""
    assert protocol.half_width([0.5] * 20) == protocol.SESSION_FLOOR


def test_more_verdicts_ask_for_wider_intervals() -> None:
    """Bonferroni: three verdicts from one run use the level 1 - 0.05 / 3."""
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert protocol.half_width(values, comparisons=3) > protocol.half_width(values)


def test_one_block_has_no_interval() -> None:
    """A single value says nothing about its spread."""
    assert protocol.log_interval([0.3]) is None


@pytest.mark.parametrize(
    ("disturbed", "kept", "noisy"),
    [(0, 6, False), (2, 4, False), (3, 6, True), (6, 6, True)],
    ids=["none", "a third", "more than a third", "all"],
)
def test_disturbed_blocks_are_left_out_up_to_a_third(disturbed: int, kept: int, noisy: bool) -> None:
    """At most a third is left out; with more, nothing is, and the run is noisy."""
    blocks = [make_block({"a": [1]}, disturbed=i < disturbed, index=i) for i in range(6)]
    assert len(protocol.kept_blocks(blocks)) == kept
    assert protocol.is_noisy(blocks) is noisy


@pytest.mark.slow
def test_interval_covers_the_truth_in_simulated_runs() -> None:
    """The promise of the whole site: over 1,000 simulated runs, the 95 % interval misses the truth at most 5 in 100.

    Latencies drift (a slow random walk shared by both variants), jump between fresh processes, and have rare stalls.
    """
    chance = random.Random(20261123)
    truth, misses, runs = math.log(1.10), 0, 1000
    for _ in range(runs):
        values = [v for _ in range(6) if (v := _simulated_block(chance, truth)) is not None]
        found = protocol.log_interval(values)
        assert found is not None
        misses += abs(found.mean - truth) > found.half_width
    assert misses / runs <= 0.05


def _simulated_block(chance: random.Random, truth: float) -> float | None:
    speed, fresh = 0.0, chance.gauss(0, 0.006)
    base, fast = list[int](), list[int]()
    for _ in range(12):
        for values, log_ratio in ((base, 0.0), (fast, fresh - truth)):
            speed += chance.gauss(0, 0.01)
            stall = 1.5 if chance.random() < 0.03 else 1.0
            values.append(max(1, round(1e6 * math.exp(speed + log_ratio + chance.gauss(0, 0.01)) * stall)))
    return block_times(make_block({"base": base, "fast": fast})).log_ratio("fast", "base")
