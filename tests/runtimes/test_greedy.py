"""Greedy decoding by a library that remembers by itself, with one whose right answer is known without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from generator.runtimes.greedy import ROOM, GreedySession, Logits, Tokens
from tests.runtimes.test_decoding import PROMPTS, VOCABULARY, right, successor


class Remembering(GreedySession):
    """A library that notes what it is asked to read."""

    version = "1"

    def __init__(self) -> None:
        super().__init__()
        self.text, self.reads, self.rooms = list[int](), list[int](), list[int]()

    def make_room(self, tokens: int) -> None:
        self.rooms.append(tokens)

    def forget(self) -> None:
        self.text = []

    def read(self, tokens: Tokens) -> Logits:
        assert tokens.dtype == np.int32
        self.text += tokens.tolist()
        self.reads.append(len(tokens))
        return self._logits(self.text)

    def read_all(self, tokens: Tokens) -> Logits:
        self.forget()
        return np.stack([self.read(tokens[place : place + 1]) for place in range(len(tokens))])

    def _logits(self, text: Sequence[int]) -> Logits:
        found = np.zeros(VOCABULARY, np.float32)
        found[successor(text)] = 1
        return found


def sample(wanted: int, prompts: Sequence[Sequence[int]] = PROMPTS) -> dict[str, Any]:
    return {"prompt": np.array(prompts, np.int64), "wanted": np.array([[wanted]], np.int64)}


@pytest.mark.parametrize("wanted", [1, 2, 13])
def test_tokens_are_the_most_probable_ones_and_each_has_its_moment(wanted: int) -> None:
    session = Remembering()
    query = session.prepare(sample(wanted))
    begin = session.clock_ns()
    answer = session.run(query)
    arrays = session.to_arrays(answer)
    assert arrays["tokens"].tolist() == [right(prompt, wanted) for prompt in PROMPTS]
    assert arrays["passes"].tolist() == [3 * wanted]
    assert set(arrays) == {"tokens", "passes"}
    assert session.reads == [4, *[1] * (wanted - 1)] * 3
    for one in session.generated(query, answer):
        assert one.prompt_tokens == 4
        assert one.tokens == [1] * wanted
        assert begin < one.arrivals_ns[0]
        assert list(one.arrivals_ns) == sorted(one.arrivals_ns)


def test_a_query_is_answered_alike_each_time() -> None:
    """Nothing of an earlier text is left when the next begins."""
    session = Remembering()
    query = session.prepare(sample(5))
    first, again = session.to_arrays(session.run(query)), session.to_arrays(session.run(query))
    assert first["tokens"].tolist() == again["tokens"].tolist()


def test_a_text_of_which_nothing_is_wanted_is_scored() -> None:
    """Of seven tokens with logits 0 and one 1, as softmax has it; no token's moment is told."""
    session = Remembering()
    text = [1, 2, 3, successor([1, 2, 3])]
    query = session.prepare(sample(0, [text]))
    answer = session.run(query)
    (found,) = session.to_arrays(answer)["surprisal"]
    total = np.log(np.e + VOCABULARY - 1)
    expected = [total - (successor(text[:place]) == text[place]) for place in (1, 2, 3)]
    assert found == pytest.approx(expected, abs=1e-6)
    assert session.generated(query, answer) == []


def test_room_is_made_once_for_the_longest_query() -> None:
    session = Remembering()
    for wanted in (8, 3, ROOM, 4):
        session.prepare(sample(wanted))
    assert session.rooms == [ROOM, 2 * ROOM]
