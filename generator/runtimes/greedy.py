"""Greedy decoding by libraries that read tokens and remember them by themselves.

A query and its answer are those of `decoding`: a prompt, how many tokens shall follow, each the most probable one, and
none of them ends the answer. What differs is who remembers: here the library does, there our own loop.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.runtimes import decoding
from generator.runtimes.session import Arrays, Generated, Session

Tokens = NDArray[np.int32]
Logits = NDArray[np.float32]

ROOM = 256
"""Contexts are as long as the longest query, rounded up to so many tokens."""


@dataclass(frozen=True, slots=True)
class Query:
    """Prompts of one length, and how many tokens shall follow each."""

    prompts: Tokens
    """(requests, tokens)."""

    wanted: int


class GreedySession(Session):
    """A library that holds a model and one text."""

    generates = True

    def __init__(self) -> None:
        self.context_tokens = 0

    @abstractmethod
    def make_room(self, tokens: int) -> None:
        """Let a text have so many tokens; what was read before is forgotten."""

    @abstractmethod
    def forget(self) -> None:
        """Begin another text."""

    @abstractmethod
    def read(self, tokens: Tokens) -> Logits:
        """Read further tokens; logits of the last one's successor, (vocabulary,), good until the next call."""

    @abstractmethod
    def read_all(self, tokens: Tokens) -> Logits:
        """Read a text from its beginning; logits of each token's successor, (tokens, vocabulary)."""

    def prepare(self, sample: Arrays) -> Query:
        """The prompts; a context that holds them and their answers is made where there is none yet."""
        prompts, wanted = sample[decoding.PROMPT].astype(np.int32), int(sample[decoding.WANTED][0, 0])
        needed = -(-(prompts.shape[1] + wanted) // ROOM) * ROOM
        if needed > self.context_tokens:
            self.make_room(needed)
            self.context_tokens = needed
        return Query(np.ascontiguousarray(prompts), wanted)

    def run(self, query: Query) -> Any:
        """Generate for one request after the other, or score where no token is wanted."""
        if query.wanted == 0:
            return {decoding.SURPRISAL: np.stack([self._surprisal(prompt) for prompt in query.prompts])}
        answers = [self._answer(prompt, query.wanted) for prompt in query.prompts]
        tokens, moments = zip(*answers, strict=True)
        passes = len(answers) * query.wanted
        return {
            decoding.TOKENS: np.array(tokens, np.int64),
            decoding.PASSES: np.array([passes], np.int64),
            decoding.ARRIVALS: np.array(moments, np.int64),
        }

    def to_arrays(self, answer: Any) -> Arrays:
        """Arrays by the names that `decoding` gives them; the moments are no part of what was answered."""
        return {name: array for name, array in answer.items() if name != decoding.ARRIVALS}

    def generated(self, query: Query, answer: Any) -> Sequence[Generated]:
        """When each token was known."""
        return decoding.generated(answer, query.prompts.shape[1])

    def _answer(self, prompt: Tokens, wanted: int) -> tuple[list[int], list[int]]:
        """Tokens, and the moment at which each was known."""
        self.forget()
        token = np.empty(1, np.int32)
        token[0] = self.read(prompt).argmax()
        tokens, moments = [int(token[0])], [time.perf_counter_ns()]
        while len(tokens) < wanted:
            token[0] = self.read(token).argmax()
            moments.append(time.perf_counter_ns())
            tokens.append(int(token[0]))
        return tokens, moments

    def _surprisal(self, text: Tokens) -> NDArray[np.float32]:
        logits = self.read_all(np.ascontiguousarray(text[:-1])).astype(np.float64)
        return decoding.surprisal_of(logits, text[1:]).astype(np.float32)
