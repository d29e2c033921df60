"""Question answering by retrieval: all-MiniLM-L6-v2 finds the paragraph that answers a question.

Embeddings of all paragraphs and of all questions are compared; the nearest paragraph is the answer. A query is one
text of 128 tokens (or a question, where the options say so), a sample any of the texts, at its own length.

Where SQuAD is not to be had, the passages are answers of ChatterBot's corpus, and windows over the model's description,
which answer nothing and are as long as SQuAD's paragraphs: these are timed, so that the queries cost alike.

Calibration is on SQuAD's unanswerable questions, or on unused texts of the other sets, one by one and joined to texts
as long as paragraphs; quality is not measured on them.
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

from generator.assets.fetch import Progress
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import AssetError
from generator.core.record import Observations, Source
from generator.workloads.metrics.retrieval import observe_retrieval
from generator.workloads.networks import minilm
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.tokens import inputs, of_one_length, tokenized
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "question_answering"
DATA, CHATTERBOT, DESCRIPTION = "squad2-dev", "chatterbot-corpus", "own-description"
TIMED_SAMPLES, TIMED_QUESTION_TOKENS = 16, 14
"""The length is the most frequent one of SQuAD's questions."""

QUESTIONS_A_PARAGRAPH = 4
"""Of a paragraph's first so many questions the answerable ones are asked, so that no paragraph weighs too much."""

SQUAD_NOTE = "squad-questions"
"""Questions were written with the paragraph in view, and several of them ask for the same one."""

CHATTERBOT_NOTE = "chatterbot-questions"
"""Questions of everyday knowledge with short answers, looked for among all answers and texts that answer nothing."""

_WINDOW_WORDS, _STEP_WORDS = 110, 10
"""Without SQuAD: windows over the model's own description, of about 140 tokens each."""


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


def chatterbot(files: Sequence[Path], card: str) -> Corpus:
    """Questions that stand once in ChatterBot's corpus, each with its answer; and windows over a description.

    Args:
        files: of the corpus, in YAML: `conversations` are lists that begin with a question and its answer.
        card: the model's description, whose windows are searched too and answer nothing.

    Raises:
        AssetError: when a file has another form.
    """
    import yaml

    asked = dict[str, list[tuple[str, str]]]()
    for path in files:
        try:
            conversations = yaml.safe_load(path.read_text("utf-8"))["conversations"]
            pairs = [(str(talk[0]).strip(), str(talk[1]).strip()) for talk in conversations if len(talk) > 1]
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
            problem = f"'{path.name}' is not in the form of ChatterBot's corpus ({type(error).__name__})"
            raise AssetError(CHATTERBOT, problem, "Delete it, so that it is fetched again.") from error
        for question, answer in pairs:
            asked.setdefault(question.casefold(), []).append((question, answer))
    # A question with several answers has no one right answer.
    answers = {question: {answer for _, answer in pairs} for question, pairs in asked.items()}
    single = [pairs[0] for question, pairs in asked.items() if len(answers[question]) == 1]
    several = [pairs for question, pairs in asked.items() if len(answers[question]) > 1]
    description = described(card)
    passages = tuple(dict.fromkeys(answer for _, answer in single)) + description.paragraphs
    places = {passage: place for place, passage in reversed(list(enumerate(passages)))}
    return Corpus(
        paragraphs=passages,
        questions=tuple(question for question, _ in single),
        answers=tuple(places[answer] for _, answer in single),
        unused=(*dict.fromkeys(chain.from_iterable(chain.from_iterable(several))), *description.unused),
    )


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
        notes = {DATA: (SQUAD_NOTE,), CHATTERBOT: (CHATTERBOT_NOTE,)}
        return notes.get(self.data_set, ())

    @property
    def sources(self) -> Sequence[Source]:
        """Model, and the data set where one was to be had."""
        return (minilm.source(), *self._taken.sources)

    @property
    def labels_unknown(self) -> str | None:
        """That no data set is to be had, where none is."""
        return NO_DATA if self.corpus.answers is None else None

    @property
    def data_set(self) -> str:
        """SQuAD, or ChatterBot's corpus, or the model's own description."""
        return self._taken.name

    @property
    def corpus(self) -> Corpus:
        """The data set, or the model's own description where none is to be had.

        Raises:
            AssetError: when not even that is.
        """
        return self._taken.data

    @cached_property
    def _taken(self) -> Taken[Corpus]:
        sets = (
            DataSet(DATA, (DATA,), lambda files: squad(files[0])),
            DataSet(CHATTERBOT, (CHATTERBOT,), lambda files: chatterbot(files, self._card)),
            DataSet(DESCRIPTION, (), lambda _: described(self._card)),
        )
        return first_to_be_had(sets, self.cache, KIND, self.progress)

    @property
    def _card(self) -> str:
        return self._published.card.read_text("utf-8")

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
        """16 paragraphs that fill all 128 tokens, or 16 questions of one length, alike for all data sets."""
        if self.timed == "questions":
            return of_one_length(self._questions, TIMED_SAMPLES, TIMED_QUESTION_TOKENS)
        return of_one_length(self._paragraphs, TIMED_SAMPLES, minilm.MOST_TOKENS)

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
