"""scenario: how queries arrive, with the fake runtime's exact latencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generator.core import protocol
from generator.core.definition import Precision, Scenario
from generator.core.definition_file import load_measurement
from generator.core.record import Round, Tier
from generator.measure.run import run_measurement
from generator.measure.scenario import best_batch
from generator.results.findings import analyse

Make = Callable[..., Any]


def _with_scenario(definition: str, scenario: str) -> str:
    return definition.replace('suite = "core"', f'suite = "core"\nscenario = "{scenario}"')


def test_multi_stream_queries_carry_eight_samples(checkout: Make, run_context: Make, definition: str) -> None:
    """Eight samples of 1 ms each are one query of 8 ms; throughput counts samples."""
    root = checkout(trial=_with_scenario(definition, "multi_stream"))
    measurement = load_measurement(root / "measurements/trial")
    record = run_measurement(measurement, Tier.SMOKE, run_context(root))
    fast = analyse(measurement, record).workloads[0].variant("fast")
    assert fast.latency is not None
    assert fast.latency.samples_per_query == 8
    assert fast.latency.p50_ns.median == 8_000_000
    assert fast.latency.samples_per_second.median == pytest.approx(1000)
    assert fast.against_baseline is not None
    assert fast.against_baseline.speedup.point == pytest.approx(2)


def test_offline_tries_batches_and_says_which(checkout: Make, run_context: Make, definition: str) -> None:
    """The fake gains nothing by batching, so the smallest batch wins, after two larger ones were tried in vain."""
    root = checkout(trial=_with_scenario(definition, "offline"))
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    assert record.scenario is Scenario.OFFLINE
    assert record.variant("fast").samples_per_query == 1
    assert record.variant("fast").batches_tried == pytest.approx({1: 1000, 2: 1000, 4: 1000})


def test_offline_takes_the_batch_that_a_variant_names_and_the_threads(
    checkout: Make, run_context: Make, definition: str
) -> None:
    """Nothing is tried; the record says how many samples a query carried and how many threads answered."""
    fixed = definition.replace('name = "fast"', 'name = "fast"\nsamples_per_query = 4\nthreads = 2')
    root = checkout(trial=_with_scenario(fixed, "offline"))
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    fast, slow = record.variant("fast"), record.variant("slow")
    assert (fast.samples_per_query, fast.threads, fast.batches_tried) == (4, 2, {})
    assert (slow.threads, slow.batches_tried) == (None, pytest.approx({1: 500, 2: 500, 4: 500}))
    assert {one.samples_per_query for one in record.blocks[0].rounds if one.variant == "fast"} == {4}


@pytest.mark.parametrize(("wrong", "differing"), [(0, 0), (7, 9)], ids=["sound", "wrong in batches"])
def test_answers_in_a_batch_are_compared_too(
    checkout: Make, run_context: Make, definition: str, wrong: int, differing: int
) -> None:
    """Each of the 16 timed samples alone, and in batches of four. Of ten queries the fake answers the first seven
    wrongly: the 17th, which is the first batch, and the samples 0 to 6 and 10 to 15; 4 to 6 and 10 to 15 of them
    come out otherwise in their batches.
    """
    fixed = definition.replace('name = "fast"', 'name = "fast"\nsamples_per_query = 4')
    fixed = fixed.replace("outputs = 1}", f"outputs = {wrong}}}")
    root = checkout(trial=_with_scenario(fixed, "offline"))
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    audit, alone = record.variant("fast").audit, record.variant("slow").audit
    assert audit is not None
    assert alone is not None
    assert (audit.answers_compared, audit.answers_differing) == (32, differing)
    assert alone.answers_compared == 16


def test_formats_of_few_digits_may_differ_more_in_a_batch() -> None:
    """But never those of whole numbers."""
    assert protocol.audit_tolerance(Precision.BF16) > protocol.audit_tolerance(Precision.FP32)
    assert protocol.audit_tolerance(Precision.INT8) == protocol.AUDIT_TOLERANCE


class _Batching:
    """A worker whose query takes 1 ms plus 0.1 ms a sample, up to 16 samples, and 1 ms a sample beyond."""

    def __init__(self) -> None:
        self.samples = 1

    def ask(self, what: str, **command: Any) -> dict[str, Any]:
        if what == "batch":
            self.samples = command["samples"]
            return {}
        slow = max(0, self.samples - 16)
        query_ns = 1_000_000 + 100_000 * min(self.samples, 16) + 1_000_000 * slow
        return {"latencies_ns": [query_ns] * 10, "wall_ns": 10 * query_ns}


def test_best_batch_is_the_one_with_most_samples_per_second() -> None:
    """It goes on past small gains and stops when two sizes in a row bring none."""
    best, tried = best_batch(_Batching())
    assert best == 16
    assert list(tried) == [1, 2, 4, 8, 16, 32, 64]
    assert tried[16] == pytest.approx(16 / 2.6e-3)


@pytest.fixture
def served(definition: str) -> str:
    """Latencies of 2 ms and 1 ms, and a bound of 20 ms."""
    return _with_scenario(definition, "server").replace('suite = "core"', 'suite = "core"\nlatency_bound_ms = 20', 1)


def test_server_finds_the_rate_that_queueing_permits(checkout: Make, run_context: Make, served: str) -> None:
    """The rate stays under that of back-to-back answers, and the faster variant is served about twice as often."""
    root = checkout(trial=served)
    measurement = load_measurement(root / "measurements/trial")
    found = analyse(measurement, run_measurement(measurement, Tier.SMOKE, run_context(root))).workloads[0]
    slow, fast = found.variant("slow").latency, found.variant("fast").latency
    assert slow is not None
    assert fast is not None
    assert slow.rate_served is not None
    assert fast.rate_served is not None
    assert 350 < slow.rate_served.median < 500
    assert 850 < fast.rate_served.median < 1000
    comparison = found.variant("fast").against_baseline
    assert comparison is not None
    assert comparison.speedup.point == pytest.approx(fast.rate_served.median / slow.rate_served.median, rel=0.05)


def test_latency_counts_from_the_scheduled_time(checkout: Make, run_context: Make, served: str) -> None:
    """At a rate near the limit queries wait, so latencies exceed the time of an answer."""
    root = checkout(trial=served)
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    tests = [one for one in record.blocks[0].rounds if one.variant == "slow"]
    assert all(len(one.latencies_ns) == protocol.SERVER_QUERIES for one in tests)
    assert all(min(one.latencies_ns) >= 2_000_000 for one in tests)
    busiest = max(tests, key=lambda one: one.offered_per_second or 0)
    assert max(busiest.latencies_ns) > 6_000_000


def _test(rate: float, latency: int) -> Round:
    latencies = (latency,) * protocol.SERVER_QUERIES
    return Round(
        variant="v", cycle=0, samples_per_query=1, latencies_ns=latencies, wall_ns=1, cpu_ns=1,
        involuntary_switches=None, offered_per_second=rate,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tests", "rate"),
    [
        ([(100, 5)] * 3, 100),
        ([(100, 5), (100, 5), (100, 50)], 100),
        ([(100, 5), (100, 50), (100, 50)], None),
        ([(200, 5), (100, 5), (100, 5), (100, 5)], 100),
        ([(200, 5)] * 3 + [(100, 5)] * 3, 200),
    ],
    ids=["three passed", "most passed", "most failed", "a rate passed once is luck", "the highest that holds"],
)
def test_served_rate_needs_most_of_three_tests(tests: list[tuple[float, int]], rate: float | None) -> None:
    """A rate counts when at least three tests were made and most passed."""
    from tests.core.test_protocol import make_block

    block = make_block({}).model_copy(update={"rounds": tuple(_test(*one) for one in tests), "latency_bound_ns": 10})
    assert protocol.served_rate(block, "v") == rate


def test_bound_belongs_to_the_server_scenario(checkout: Make, definition: str) -> None:
    """A server without a bound, and a bound without a server, are each one message."""
    from generator.core.errors import DefinitionError

    for name, text in {
        "a": _with_scenario(definition, "server"),
        "b": definition.replace('suite = "core"', 'suite = "core"\nlatency_bound_ms = 5'),
    }.items():
        with pytest.raises(DefinitionError, match="Give both or neither"):
            load_measurement(checkout(**{name: text}) / "measurements" / name)


def test_blocks_are_made_of_whole_turns_through_a_few_samples(
    checkout: Make, run_context: Make, definition: str
) -> None:
    """Three timed samples: as many cycles as ask each of them equally often."""
    few = definition.replace("samples = 20", "samples = 3").replace("latency_ns = 1_000_000", "latency_ns = 60_000_000")
    root = checkout(trial=few)
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    assert {one.timed_samples for one in record.workloads} == {3}
    for block in record.blocks:
        assert (1 + max(one.cycle for one in block.rounds)) % 3 == 0
