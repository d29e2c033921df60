"""A round of a fast query keeps some of its latencies, and says of how many; nothing that is summed is lost."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from generator.core import protocol
from generator.core.record import Round
from generator.measure.scenario import round_command
from generator.measure.worker import thinned


@pytest.mark.parametrize("count", [1, 49, 50])
def test_a_round_of_few_queries_keeps_them_all(count: int) -> None:
    """Nothing changes for queries that take more than a fraction of a millisecond."""
    assert thinned(list(range(count)), 50, 16) == {"latencies_ns": list(range(count)), "queries": None}
    assert thinned(list(range(500)), None, 16)["queries"] is None


def test_of_many_queries_evenly_spaced_ones_are_kept() -> None:
    """At most as many as asked for, with the number of all."""
    for count in (51, 100, 1499, 30_000):
        kept = thinned(list(range(count)), 50, 16)
        steps = {b - a for a, b in zip(kept["latencies_ns"], kept["latencies_ns"][1:], strict=False)}
        assert (len(steps), kept["queries"]) == (1, count)
        assert len(kept["latencies_ns"]) <= 50


@pytest.mark.parametrize("samples", [1, 2, 15, 16, 26])
def test_every_sample_remains_among_them(samples: int) -> None:
    """Queries take the samples in turn: a step of 16 through 16 samples would keep one sample only."""
    for count in range(60, 3000, 37):
        kept = thinned(list(range(count)), 50, samples)["latencies_ns"]
        assert len({query % samples for query in kept}) == min(samples, len(kept))


def test_rounds_are_told_how_many_to_keep() -> None:
    """The number is the protocol's."""
    assert round_command()["most_kept"] == protocol.MOST_KEPT


def _round(**changes: object) -> Round:
    fields = {"variant": "a", "cycle": 0, "samples_per_query": 1, "latencies_ns": (1, 2, 3), "wall_ns": 9, "cpu_ns": 9}
    return Round.model_validate({**fields, "involuntary_switches": None, **changes})


def test_a_round_counts_what_it_answered() -> None:
    """Throughput is of all queries, kept or not."""
    assert (_round().answered, _round(queries=90).answered) == (3, 90)
    with pytest.raises(ValidationError, match="cannot keep more latencies"):
        _round(queries=2)
