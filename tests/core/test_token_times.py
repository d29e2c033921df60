"""Times of tokens: every number is chosen, so the truth is known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from generator.core.record import Generation, Round
from generator.core.token_times import (
    end_ns,
    first_token_ns,
    gaps_ns,
    per_token_ns,
    prefill_ns,
    token_count,
    token_statistics,
)

MS = 1_000_000


def answer(at_ms: list[int], tokens: Any = (), prompt: int | None = 100, query: int = 0) -> Generation:
    """An answer whose tokens came at these moments."""
    return Generation(query=query, prompt_tokens=prompt, arrivals_ns=tuple(ms * MS for ms in at_ms), tokens=tokens)


PLAIN = answer([200 + 20 * place for place in range(40)])
"""The first of 40 tokens after 200 ms, then one every 20 ms."""

PAIRS = answer([200 + 40 * place for place in range(20)], (2,) * 20)
FOURS = answer([200 + 80 * place for place in range(10)], (4,) * 10)
RAGGED = answer([200, 260, 280], (1, 3, 1))


@pytest.mark.parametrize(
    ("given", "count", "last_ms"),
    [(PLAIN, 40, 980), (PAIRS, 40, 960), (FOURS, 40, 920), (RAGGED, 5, 280)],
    ids=["one each", "two a piece", "four a piece", "pieces of different sizes"],
)
def test_times_are_true_however_many_tokens_come_at_once(given: Generation, count: int, last_ms: int) -> None:
    """Pieces are no tokens: a server that sends two at a time is not twice as slow between them."""
    assert token_count(given) == count
    assert first_token_ns(given) == 200 * MS
    assert end_ns(given) == last_ms * MS
    assert per_token_ns(given) == pytest.approx(20 * MS)
    assert gaps_ns(given) == pytest.approx([20 * MS] * (count - (given.tokens or (1,))[0]))
    assert prefill_ns(given) == 2 * MS


NO_GAPS = [
    pytest.param(answer([200]), 1, id="one token"),
    pytest.param(answer([200], (40,)), 40, id="all in one piece"),
    pytest.param(answer([200, 240, 300], None), None, id="pieces of unknown size"),
]


@pytest.mark.parametrize(("given", "count"), NO_GAPS)
def test_what_nothing_tells_is_none_and_never_zero(given: Generation, count: int | None) -> None:
    assert (token_count(given), per_token_ns(given), gaps_ns(given)) == (count, None, [])


def test_a_prompt_of_unknown_length_has_no_rate() -> None:
    assert prefill_ns(answer([200], prompt=None)) is None


def _round(*answers: Generation) -> Round:
    return Round(
        variant="a", cycle=0, samples_per_query=1, latencies_ns=(MS,) * 2, wall_ns=MS, cpu_ns=MS,
        involuntary_switches=None, answers=answers,
    )  # fmt: skip


def test_a_round_says_medians_of_its_answers() -> None:
    found = token_statistics(_round(answer([100, 110, 120]), answer([300, 330, 360], query=1)))
    assert found["ttft"] == 200 * MS
    assert found["tpot"] == 20 * MS
    assert found["end"] == 240 * MS
    assert (found["itl-p50"], found["itl-p90"]) == (20 * MS, 30 * MS)
    assert found["prefill"] == 2 * MS


def test_a_round_with_an_answer_that_does_not_tell_has_no_median_of_the_others() -> None:
    found = token_statistics(_round(PLAIN, answer([200, 300], None, query=1)))
    assert "tpot" not in found
    assert found["ttft"] == 200 * MS


def test_a_round_without_generated_text_says_nothing() -> None:
    assert token_statistics(_round()) == {}


WRONG = [
    pytest.param({"arrivals_ns": (2, 1)}, "before those that they follow", id="backwards"),
    pytest.param({"arrivals_ns": ()}, "at least 1 item", id="no token"),
    pytest.param({"tokens": (1,)}, "a number of tokens for each arrival", id="counts of another length"),
    pytest.param({"tokens": (1, 0)}, "greater than or equal to 1", id="an arrival of nothing"),
]


@pytest.mark.parametrize(("changes", "problem"), WRONG)
def test_a_record_cannot_hold_what_no_clock_shows(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Generation.model_validate({"query": 0, "prompt_tokens": 1, "arrivals_ns": (1, 2), **changes})


def test_an_answer_belongs_to_a_query_whose_latency_is_kept() -> None:
    with pytest.raises(ValidationError, match="none of those whose latencies are kept"):
        _round(answer([1], query=2))
