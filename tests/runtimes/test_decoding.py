"""Ways of decoding, on a graph whose right answer is known without it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from generator.runtimes import decoding
from generator.runtimes.decoding import Floats, Graph, Ids, decode, guessed

VOCABULARY = 7
PROMPTS = [[1, 2, 3, 4], [4, 4, 1, 0], [0, 0, 0, 0]]


def successor(text: Sequence[int]) -> int:
    """The right next token depends on the whole text, so that forgetting any of it shows."""
    return sum((place + 1) * token for place, token in enumerate(text)) % VOCABULARY


def periodic(text: Sequence[int]) -> int:
    """The text repeats itself: what lookup lives on."""
    return text[-4] if len(text) >= 4 else 0


class Counting:
    """A graph whose keys are the tokens themselves; it counts its passes and the tokens of each."""

    def __init__(self, rule: Any = successor) -> None:
        self.rule, self.passes = rule, list[int]()

    def run(self, ids: Ids, keys: Floats, values: Floats, places: Ids) -> list[Any]:
        self.passes.append(ids.shape[1])
        np.testing.assert_array_equal(keys, values)
        known = keys[:, :, 0, 0, 0].astype(int)
        logits = np.zeros((*places.shape, VOCABULARY), np.float32)
        for row, asked in enumerate(places):
            text = [*known[row].tolist(), *ids[row].tolist()]
            for column, place in enumerate(asked):
                logits[row, column, self.rule(text[: known.shape[1] + int(place) + 1])] = 1
        new = ids.astype(np.float32)[:, :, np.newaxis, np.newaxis, np.newaxis]
        return [logits, new, new]

    @property
    def graph(self) -> Graph:
        return Graph(self.run, (1, 1, 1))


def right(prompt: Sequence[int], wanted: int, rule: Any = successor) -> list[int]:
    text = list(prompt)
    for _ in range(wanted):
        text.append(rule(text))
    return text[len(prompt) :]


@pytest.mark.parametrize("way", decoding.WAYS)
@pytest.mark.parametrize("rule", [successor, periodic])
@pytest.mark.parametrize("wanted", [1, 2, 13])
def test_every_way_gives_the_most_probable_tokens(way: str, rule: Any, wanted: int) -> None:
    """They differ in what they compute anew, never in the answer."""
    counting = Counting(rule)
    answer = decode(counting.graph, way, np.array(PROMPTS), wanted)
    assert answer["tokens"].tolist() == [right(prompt, wanted, rule) for prompt in PROMPTS]
    assert answer["passes"].tolist() == [len(counting.passes)]


PASSES = [
    pytest.param("cached", [4, 1, 1], id="the prompt once, then a token a pass"),
    pytest.param("recomputed", [4, 5, 6], id="the whole text each time"),
]


@pytest.mark.parametrize(("way", "tokens"), PASSES)
def test_what_a_pass_reads(way: str, tokens: list[int]) -> None:
    counting = Counting()
    decode(counting.graph, way, np.array(PROMPTS[:1]), 3)
    assert counting.passes == tokens


def test_together_reads_all_requests_in_the_same_passes() -> None:
    counting = Counting()
    decode(counting.graph, "together", np.array(PROMPTS), 3)
    assert counting.passes == [4, 1, 1]


def test_lookup_saves_passes_where_the_text_repeats_itself() -> None:
    """Every right guess saves a pass; wrong ones cost none."""
    repeating, other = Counting(periodic), Counting(successor)
    prompt = np.array([[1, 2, 3, 4, 1, 2, 3, 4]])
    decode(repeating.graph, "lookup", prompt, 19)
    assert repeating.passes == [8, 5, 9, 4]
    decode(other.graph, "lookup", prompt, 19)
    assert len(repeating.passes) < len(other.passes) <= 19


def test_lookup_never_guesses_beyond_what_is_wanted() -> None:
    counting = Counting(periodic)
    answer = decode(counting.graph, "lookup", np.array([[1, 2, 3, 4, 1, 2, 3, 4]]), 3)
    assert answer["tokens"].shape == (1, 3)
    assert counting.passes == [8, 2]


GUESSES = [
    pytest.param([1, 2, 3, 9, 1, 2, 3], 2, [9, 1], id="what followed the last three"),
    pytest.param([5, 3, 8, 1, 2, 3], 8, [8, 1, 2, 3], id="the last one alone, as far as the text goes"),
    pytest.param([3, 7, 3, 8, 3], 1, [7], id="the first place counts"),
    pytest.param([1, 2, 3], 8, [], id="nothing was said before"),
    pytest.param([1, 1], 0, [], id="nothing may be guessed"),
    pytest.param([1], 8, [], id="a single token"),
]


@pytest.mark.parametrize(("text", "most", "guess"), GUESSES)
def test_guesses(text: list[int], most: int, guess: list[int]) -> None:
    assert guessed(text, most) == guess


def test_a_prompt_of_which_nothing_is_wanted_is_scored() -> None:
    """The probability of each token given those before it: one logit is 1, the others 0."""
    text = [1, 2, *right([1, 2], 3), 0]
    found = decode(Counting().graph, "cached", np.array([text]), 0)["surprisal"]
    total = np.log(np.e + VOCABULARY - 1)
    expected = [total - (successor(text[: place + 1]) == token) for place, (_, token) in enumerate(pairwise(text))]
    np.testing.assert_allclose(found, [expected], rtol=1e-6)  # type: ignore[arg-type]


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="no way of decoding called 'beam'; known: cached"):
        decode(Counting().graph, "beam", np.array(PROMPTS), 1)
