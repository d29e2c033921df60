"""Question answering by retrieval: all-MiniLM-L6-v2 finds the paragraph that answers a question.

Embeddings of all paragraphs and of all questions are compared; the nearest paragraph is the answer. A query is one
text of 128 tokens (or a question, where the options say so), a sample any of the texts, at its own length.

Calibration is on the data set's unanswerable questions, which quality is not measured on, one by one and joined to
texts as long as paragraphs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from generator.assets.asset import asset, source_of
from generator.assets.cache import Cache, file_sha256
from generator.assets.fetch import Progress, fetch_one
from generator.definition import Option
from generator.errors import AssetError
from generator.record import Observations, Source
from generator.workloads import minilm
from generator.workloads.options import Options
from generator.workloads.retrieval import observe_retrieval
from generator.workloads.tokens import inputs, of_one_length, tokenized
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "question_answering"
DATA = "squad2-dev"
TIMED_SAMPLES = 16

QUESTIONS_A_PARAGRAPH = 4
"""Of a paragraph's first so many questions the answerable ones are asked, so that no paragraph weighs too much."""

SQUAD_NOTE = "squad-questions"
"""Questions were written with the paragraph in view, and several of them ask for the same one."""

_WINDOW_WORDS, _STEP_WORDS = 110, 10
"""Without the data set: windows over the model's own description, of about 140 tokens each."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is searched, and what for."""

    paragraphs: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[int, ...] | None
    """For each question the position of its paragraph; None when nobody knows."""

    unused: tuple[str, ...]
    """Further texts of the same kind, for calibration."""


def squad(path: Path) -> Corpus:
    """Read a file in SQuAD 2.0's form.

    Raises:
        AssetError: when it has another form.
    """
    try:
        articles = json.loads(path.read_text("utf-8"))["data"]
        return _corpus([paragraph for article in articles for paragraph in article["paragraphs"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"'{path.name}' is not in SQuAD's form ({type(error).__name__})"
        raise AssetError(DATA, problem, "Delete it, so that it is fetched again.") from error


def _corpus(paragraphs: Sequence[Mapping[str, Any]]) -> Corpus:
    asked = [
        (question["question"].strip(), position)
        for position, paragraph in enumerate(paragraphs)
        for question in paragraph["qas"][:QUESTIONS_A_PARAGRAPH]
        if not question["is_impossible"]
    ]
    every = chain.from_iterable(paragraph["qas"] for paragraph in paragraphs)
    return Corpus(
        paragraphs=tuple(paragraph["context"] for paragraph in paragraphs),
        questions=tuple(question for question, _ in asked),
        answers=tuple(position for _, position in asked),
        unused=tuple(question["question"].strip() for question in every if question["is_impossible"]),
    )


def described(card: str) -> Corpus:
    """Texts without answers, made of a model's description in Markdown: windows of its prose, and its sentences."""
    prose = re.sub(r"\A---\n.*?\n---\n|```.*?```|^[#|].*?$|https?://\S+|[`*\[\]()]", " ", card, flags=re.S | re.M)
    words = prose.split()
    windows = [" ".join(words[first : first + _WINDOW_WORDS]) for first in range(0, len(words), _STEP_WORDS)]
    full = tuple(window for window in windows if len(window.split()) == _WINDOW_WORDS)
    sentences = tuple(one.strip() for one in re.findall(r"[A-Z][^.!?]{20,200}[.!?]", " ".join(words)))
    return Corpus(full[1::2] or full, sentences[1::2], None, full[::2] + sentences[::2])


@dataclass(frozen=True)
class QuestionAnswering:
    """all-MiniLM-L6-v2, paragraphs and questions, recall."""

    cache: Cache
    timed: str = "paragraphs"
    """Which texts are timed: `paragraphs` or `questions`."""

    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "all-MiniLM-L6-v2, 22.6 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """What the questions are."""
        return (SQUAD_NOTE,) if self.corpus.answers is not None else ()

    @property
    def sources(self) -> Sequence[Source]:
        """Model, and the data set where it was to be had."""
        data = () if self.corpus.answers is None else (source_of(asset(DATA)),)
        return (minilm.source(), *data)

    @property
    def labels_unknown(self) -> str | None:
        """That the data set is not to be had, where it is not."""
        return NO_DATA if self.corpus.answers is None else None

    @cached_property
    def corpus(self) -> Corpus:
        """The data set, or the model's own description where it is not to be had.

        Raises:
            AssetError: when not even that is.
        """
        try:
            return squad(fetch_one(asset(DATA), self.cache, self.progress))
        except AssetError as error:
            if self.progress:
                self.progress(f"Going on without questions and answers. {error}", 0, 1)
            return described(self._published.card.read_text("utf-8"))

    @cached_property
    def _published(self) -> minilm.Published:
        return minilm.published(self.cache, self.progress)

    def model(self) -> Artifact:
        """The published weights under our own names.

        Raises:
            AssetError: when the weights are not to be had.
            MissingPackage: when torch or safetensors is not installed.
        """

        def convert(to: Path) -> Mapping[str, str]:
            minilm.save(minilm.loaded(self._published.weights, KIND), {}, to)
            return {}

        path, notes = self.cache.built("models", minilm.weights_key(), ".safetensors", convert)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "ids" and "mask", (1, tokens) int64: all paragraphs, then all questions."""
        return self._paragraphs + self._questions

    @cached_property
    def _paragraphs(self) -> tuple[Arrays, ...]:
        return self._inputs(self.corpus.paragraphs)

    @cached_property
    def _questions(self) -> tuple[Arrays, ...]:
        return self._inputs(self.corpus.questions)

    def _inputs(self, texts: Sequence[str]) -> tuple[Arrays, ...]:
        return inputs(tokenized(texts, self._published.tokenizer, minilm.MOST_TOKENS))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 paragraphs that fill all 128 tokens, or 16 questions of the most frequent length."""
        return of_one_length(self._questions if self.timed == "questions" else self._paragraphs, TIMED_SAMPLES)

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Unused texts, and as many joined to the length of a paragraph, in turn."""
        texts = tokenized(self.corpus.unused, self._published.tokenizer, minilm.MOST_TOKENS)
        known = {tuple(sample["ids"][0].tolist()) for sample in self.samples()}
        mixed = chain.from_iterable(zip(joined(texts, minilm.MOST_TOKENS), texts, strict=False))
        return inputs([text for text in mixed if text not in known][:count])

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Recall at 1 and reciprocal rank, and against a baseline agreement and deviations."""
        return observe_retrieval(outputs, len(self.corpus.paragraphs), self.corpus.answers, baseline)


def joined(texts: Sequence[tuple[int, ...]], length: int) -> Iterator[tuple[int, ...]]:
    """Texts of exactly `length` tokens, each of several joined: the first one's start, all inner tokens, one end."""
    inner = list[int]()
    for text in texts:
        inner += text[1:-1]
        if len(inner) >= length - 2:
            yield (text[0], *inner[: length - 2], text[-1])
            inner = []


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> QuestionAnswering:
    """Make the workload of its option `timed`: which texts are timed, `paragraphs` or `questions`.

    Raises:
        DefinitionError: when an option is unknown.
    """
    chosen = Options(f"workload '{KIND}'", options).only("timed")
    return QuestionAnswering(cache, chosen.word("timed", "paragraphs", "questions"), progress)
