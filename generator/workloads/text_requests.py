"""Requests in plain text, for servers whose model and tokenizer are their own.

A query is a request and how many tokens shall follow. All requests have the same number of words, so that a model reads
about as much of each. What is said of the answers is whether they are those of the baseline: nobody judges them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from generator.assets.fetch import Progress
from generator.core.cache import Cache
from generator.core.definition import Option
from generator.core.errors import AssetError, PreparationError
from generator.core.record import Observations, Source
from generator.workloads.metrics.answer_texts import TEXT, observe_answer_texts
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import Taken, first_to_be_had
from generator.workloads.text_generation import BRITANNICA, BRITANNICA_NOTE, SETS
from generator.workloads.workload import Arrays, Artifact

KIND = "text_requests"
WANTED = "wanted"

REQUESTS, TIMED_REQUESTS = 9, 3

NOT_JUDGED = "answers-not-judged"
"""Why nothing is known of the quality on labels."""

ASK = "Continue this text.\n\n"


@dataclass(frozen=True)
class TextRequests:
    """Paragraphs that a server's model is asked to continue."""

    cache: Cache
    model_name: str
    prompt_words: int = 64
    new_tokens: int = 64
    progress: Progress | None = None

    @property
    def notes(self) -> Sequence[str]:
        """What the texts are, where they are of one article."""
        return (BRITANNICA_NOTE,) if self.data_set == BRITANNICA else ()

    @property
    def sources(self) -> Sequence[Source]:
        """The texts; of the model only its server knows."""
        return self._taken.sources

    @property
    def data_set(self) -> str:
        """Paragraphs of SQuAD, or an article of the Britannica."""
        return self._taken.name

    @property
    def labels_unknown(self) -> str | None:
        """Nobody judges the answers."""
        return NOT_JUDGED

    @property
    def tokens_per_sample(self) -> int:
        """Tokens that a query asks for."""
        return self.new_tokens

    @cached_property
    def _taken(self) -> Taken[tuple[str, ...]]:
        return first_to_be_had(SETS, self.cache, KIND, self.progress)

    def model(self) -> Artifact:
        """There is none.

        Raises:
            PreparationError: always.
        """
        problem = "requests in plain text have no model of their own, a server has it"
        raise PreparationError(KIND, problem, "Use the runtime 'openai_endpoint', or another workload.")

    def graph_samples(self) -> Sequence[Arrays]:
        """None: there is no graph."""
        return ()

    def samples(self) -> Sequence[Arrays]:
        """Requests, arrays "text" (1, bytes) uint8 and "wanted" (1, 1) int64; no two begin alike."""
        return self._requests

    @cached_property
    def _requests(self) -> tuple[Arrays, ...]:
        words = " ".join(self._taken.data).split()
        texts = [" ".join(words[i : i + self.prompt_words]) for i in range(0, len(words), self.prompt_words)]
        whole = [text for text in texts if len(text.split()) == self.prompt_words]
        if not whole:
            problem = f"all texts together have fewer than {self.prompt_words} words"
            raise AssetError(self.data_set, problem, "Ask for shorter prompts.")
        step = max(1, len(whole) // REQUESTS)
        return tuple(request(ASK + text, self.new_tokens) for text in whole[::step][:REQUESTS])

    def timed_samples(self) -> Sequence[Arrays]:
        """The first three requests."""
        return self._requests[:TIMED_REQUESTS]

    def calibration(self, count: int) -> Sequence[Arrays]:
        """None: there is no model to quantize."""
        return ()

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Against a baseline: whether each answer is the same text, and the share of it before the first difference.

        Raises:
            WorkerError: when an answer is missing or empty.
        """
        return observe_answer_texts(outputs, len(self._requests), baseline)


def request(text: str, wanted: int) -> Arrays:
    """One request's arrays."""
    return {
        TEXT: np.frombuffer(text.encode(), np.uint8)[np.newaxis].copy(),
        WANTED: np.array([[wanted]], np.int64),
    }


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> TextRequests:
    """Make the workload of its options: `model` (its name, as a reader knows it), `prompt_words` (64) and `new_tokens`
    (64).

    Raises:
        DefinitionError: when an option is wrong.
    """
    chosen = Options(f"workload '{KIND}'", options).only("model", "prompt_words", "new_tokens")
    return TextRequests(
        cache,
        str(options.get("model", "a server's own")),
        chosen.whole("prompt_words", 64, 1, 100_000),
        chosen.whole("new_tokens", 64, 1, 4096),
        progress,
    )
