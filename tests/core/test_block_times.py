"""A block's times say of any two variants what the block itself says."""

from __future__ import annotations

import math
import statistics
from itertools import permutations

import pytest

from generator.cited.pair import ratio_of
from generator.core import protocol
from generator.core.block_times import block_times, times_of
from generator.core.definition import CONTROL
from generator.core.record import Block
from generator.results.findings import analyse, without_rounds
from tests.pages import imaginary

NAMES = (*imaginary.LATENCIES, CONTROL, "not there")


def of_rounds(block: Block, ours: str, theirs: str, statistic: str, turn: int = 2) -> float | None:
    """The protocol's words once more, over whole rounds: a median over turns of log ratios within cycles."""
    centre = statistics.median if statistic == "p50" else statistics.fmean
    cycles = [
        {one.variant: centre(one.latencies_ns) / one.samples_per_query for one in block.rounds if one.cycle == cycle}
        for cycle in sorted({one.cycle for one in block.rounds})
    ]
    logs = [math.log(cycle[theirs] / cycle[ours]) for cycle in cycles if {ours, theirs} <= cycle.keys()]
    turns = [statistics.fmean(logs[end - turn : end]) for end in range(turn, len(logs) + 1, turn)]
    return statistics.median(turns or logs) if logs else None


@pytest.mark.parametrize("statistic", ["p50", "mean"])
def test_ratios_are_the_protocols(statistic: str) -> None:
    """The last number is the same, so that no page changes with where a ratio was formed."""
    for block in imaginary.record().blocks:
        times = block_times(block)
        for ours, theirs in permutations(NAMES, 2):
            assert times.log_ratio(ours, theirs, statistic) == of_rounds(block, ours, theirs, statistic)


def _server_block() -> Block:
    """Two variants that serve 100 and 150 queries a second within their bound, and one that serves none."""
    made = imaginary.block(0, imaginary.LATENCIES)
    rounds = []
    for cycle in range(3):
        for name, rate, milliseconds in (("pytorch-fp32", 100, 5), ("onnxruntime-fp32", 150, 5), (CONTROL, 100, 50)):
            test = {**made["rounds"][0], "variant": name, "cycle": cycle, "offered_per_second": rate}
            rounds.append({**test, "latencies_ns": [milliseconds * imaginary.MILLISECOND] * protocol.SERVER_QUERIES})
    return Block.model_validate({**made, "rounds": rounds, "latency_bound_ns": 20 * imaginary.MILLISECOND})


def test_served_rates_are_the_protocols() -> None:
    block = _server_block()
    times = block_times(block)
    assert times.rates == {"pytorch-fp32": 100, "onnxruntime-fp32": 150}
    assert times.log_ratio("onnxruntime-fp32", "pytorch-fp32", "rate") == math.log(1.5)
    assert times.log_ratio("pytorch-fp32", "onnxruntime-fp32", "rate") == math.log(100 / 150)
    assert times.log_ratio(CONTROL, "pytorch-fp32", "rate") is None
    assert times.log_ratio("pytorch-fp32", "not there", "rate") is None


def test_any_two_variants_can_be_compared_without_the_raw_latencies() -> None:
    findings = analyse(imaginary.measurement(), imaginary.record())
    light = without_rounds(findings)
    assert not any(block.rounds for block in light.record.blocks)
    for ours, theirs in permutations(imaginary.LATENCIES, 2):
        assert ratio_of(light, ours, theirs) == ratio_of(findings, ours, theirs)


def test_times_of_one_workload_leave_the_others_out() -> None:
    record = imaginary.record()
    assert len(times_of(record, imaginary.WORKLOAD)) == len(record.blocks)
    assert times_of(record, "another") == ()


@pytest.mark.parametrize(("timed", "turn"), [(1, 2), (3, 3), (4, 4), (5, 2)])
def test_a_few_timed_samples_make_a_turn(timed: int, turn: int) -> None:
    record = imaginary.record()
    workloads = tuple(one.model_copy(update={"timed_samples": timed}) for one in record.workloads)
    for times in times_of(record.model_copy(update={"workloads": workloads})):
        block = record.blocks[times.index]
        expected = of_rounds(block, "onnxruntime-fp32", "pytorch-fp32", "p50", turn)
        assert times.turn == turn
        assert times.log_ratio("onnxruntime-fp32", "pytorch-fp32", "p50") == expected
