"""Text generation: SmolLM2-135M continues texts, or is asked to shorten them.

A query is one prompt (or several, with the option `requests`) and a fixed number of tokens that follow it, each the
most probable one. Prompts are cut to one length, so that all queries read as much. Quality is measured on texts that
the model reads (perplexity) and by whether the same tokens follow as with the baseline. How good a summary is, nobody
has measured here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.assets.fetch import Progress
from generator.core.cache import Cache
from generator.core.definition import Option
from generator.core.errors import AssetError
from generator.core.record import Observations, Source
from generator.workloads.metrics.file_likelihood import observe_file_likelihood
from generator.workloads.metrics.generated import SURPRISAL, observe_generation
from generator.workloads.networks import smollm2
from generator.workloads.options import Options
from generator.workloads.question_answering import squad
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.workload import Arrays, Artifact

KIND = "text_generation"
DATA, BRITANNICA = "squad2-dev", "shakespeare-britannica"
CONTINUE, SHORTEN = "continue", "shorten"

TIMED_SAMPLES = 3
"""Few, for a query takes up to a second; each cycle of a block asks the next one of them."""

GENERATED_SAMPLES = 9
SCORED_TEXTS, SCORED_TOKENS = 16, 129
"""Texts that perplexity is measured on, and the tokens of each; the first token is read and not scored."""

PUBLISHED_IN_4_BITS_NOTE = "published-in-4-bits"
"""The weights were rounded before anybody measured here: fp32 is fp32 of weights that had 4 bits."""

NOT_JUDGED_NOTE = "summaries-not-judged"
"""Summaries are timed; how good they are is not claimed."""

BRITANNICA_NOTE = "texts-of-one-article"
"""All texts are of one article of an old encyclopedia, read by a machine that misread some letters."""

PIECE_WORDS = 110
"""Least length of a piece of the article: about 140 tokens, as much as a paragraph of SQuAD's has."""

_MISREAD = re.compile(r"""[^\w ,.;:'"’“”()?!*-]|_|\s[.,:;*-]|[a-z]- [a-z]|[a-z][0-9]""")
"""What a machine made of a smudge, a divided word or a letter; a piece that has it is left out."""

_MESSAGE = ("<|im_start|>user\nShorten this text to one sentence:\n", "<|im_end|>\n<|im_start|>assistant\n")
"""What stands before and after a text that shall be shortened, in the model's own form of a conversation."""

_SEED = 20261123


def pieces_of(article: Path) -> tuple[str, ...]:
    """Pieces of whole sentences out of an article's paragraphs, without headings, page numbers and bibliography.

    Raises:
        AssetError: when it has no piece.
    """
    try:
        text = article.read_text("utf-8")
    except (OSError, ValueError) as error:
        problem = f"'{article.name}' is no text ({type(error).__name__})"
        raise AssetError(BRITANNICA, problem, "Delete it, so that it is fetched again.") from error
    text = re.sub(r"^#.*$|^p\.\d+:\d+$", "", text.partition("\nBIBLIOGRAPHY")[0], flags=re.M)
    found, words = list[str](), list[str]()
    for sentence in re.split(r"(?<=[a-z][.?!])\s+(?=[A-Z])|\n\s*\n", text):
        words += sentence.split()
        if len(words) >= PIECE_WORDS:
            found.append(" ".join(words))
            words = []
    found = [piece for piece in found if not _MISREAD.search(piece)]
    if not found:
        raise AssetError(BRITANNICA, f"'{article.name}' has no sentences", "Delete it, so that it is fetched again.")
    return tuple(found)


SETS = (
    DataSet(DATA, (DATA,), lambda files: squad(files[0]).paragraphs),
    DataSet(BRITANNICA, (BRITANNICA,), lambda files: pieces_of(files[0])),
)


@dataclass(frozen=True)
class TextGeneration:
    """SmolLM2-135M, paragraphs of an encyclopedia, perplexity."""

    cache: Cache
    task: str = CONTINUE
    """`continue`: a text's beginning is the prompt. `shorten`: a request to shorten it is."""

    prompt_tokens: int = 64
    new_tokens: int = 16
    requests: int = 1
    """Prompts of one query."""

    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Name and size."""
        return smollm2.MODEL_NAME

    @property
    def notes(self) -> Sequence[str]:
        """That the weights were published in 4 bits, that nobody judges summaries, and what the texts are."""
        summaries = (NOT_JUDGED_NOTE,) if self.task == SHORTEN else ()
        texts = (BRITANNICA_NOTE,) if self.data_set == BRITANNICA else ()
        return (PUBLISHED_IN_4_BITS_NOTE, *summaries, *texts)

    @property
    def sources(self) -> Sequence[Source]:
        """Model and texts."""
        return (smollm2.source(), *self._taken.sources)

    @property
    def data_set(self) -> str:
        """Paragraphs of SQuAD, or an article of the Britannica."""
        return self._taken.name

    @cached_property
    def _taken(self) -> Taken[tuple[str, ...]]:
        return first_to_be_had(SETS, self.cache, KIND, self.progress)

    @property
    def labels_unknown(self) -> str | None:
        """None: whatever the task, the model is judged by texts whose own next token is known."""
        return None

    @property
    def tokens_per_sample(self) -> int:
        """Tokens that a query generates, of all its requests."""
        return self.requests * self.new_tokens

    @cached_property
    def _gguf(self) -> Path:
        return smollm2.published(self.cache, self.progress)

    def model(self) -> Artifact:
        """The published weights in fp32.

        Raises:
            AssetError: when the weights are not to be had.
            MissingPackage: when torch, safetensors or gguf is not installed.
        """
        return smollm2.model(self._gguf, self.cache, self.progress)

    def graph_samples(self) -> Sequence[Arrays]:
        """Inputs of one pass: random tokens after others whose keys and values are random, and none before."""
        from generator.workloads.networks.decoder import SMOLLM2_135M

        return graph_samples(SMOLLM2_135M.vocabulary, self._remembered(), _SEED)

    def _remembered(self) -> tuple[int, int, int]:
        from generator.workloads.networks.decoder import SMOLLM2_135M as SHAPE

        return SHAPE.layers, SHAPE.key_heads, SHAPE.head_width

    def samples(self) -> Sequence[Arrays]:
        """Prompts, arrays "prompt" (requests, tokens) and "wanted" (1, 1), both int64; then texts of which nothing is
        wanted: they are scored.
        """
        return (*self._prompts, *self._texts)

    @cached_property
    def _prompts(self) -> tuple[Arrays, ...]:
        whole = self._shortened() if self.task == SHORTEN else (text[: self.prompt_tokens] for text in self._long_texts)
        rows = list(whole)
        if self.task == CONTINUE and len(rows) < TIMED_SAMPLES * self.requests:
            rows = self._joined()
        count = min(GENERATED_SAMPLES, len(rows) // self.requests)
        if not count:
            problem = f"no {self.requests} texts are as long as {self.prompt_tokens} tokens"
            raise AssetError(self.data_set, problem, "Ask for shorter prompts, or fewer requests.")
        groups = (rows[index * self.requests : (index + 1) * self.requests] for index in range(count))
        return tuple(query(group, self.new_tokens) for group in groups)

    @cached_property
    def _texts(self) -> tuple[Arrays, ...]:
        # From the other end, so that few of them were prompts.
        long = [text[:SCORED_TOKENS] for text in reversed(self._tokens) if len(text) >= SCORED_TOKENS]
        return tuple(query([text], 0) for text in long[:SCORED_TEXTS])

    @property
    def _long_texts(self) -> list[list[int]]:
        return [text for text in self._tokens if len(text) >= self.prompt_tokens]

    def _joined(self) -> list[list[int]]:
        """Texts one after another, cut into prompts: for those that are longer than enough texts are."""
        every = [token for text in self._tokens for token in text]
        size = self.prompt_tokens
        return [every[first : first + size] for first in range(0, len(every) - size + 1, size)]

    def _shortened(self) -> Iterator[list[int]]:
        """Requests to shorten a text, each cut to the same length inside the text."""
        before, after = smollm2.encoded(_MESSAGE, self._gguf)
        room = self.prompt_tokens - len(before) - len(after)
        if room < 1:
            problem = f"{self.prompt_tokens} tokens leave no room for a text"
            raise AssetError(self.data_set, problem, "Ask for longer prompts.")
        yield from ([*before, *text[:room], *after] for text in self._tokens if len(text) >= room)

    @cached_property
    def _tokens(self) -> list[list[int]]:
        """One paragraph in seven, so that few are from the same article."""
        paragraphs = self._taken.data
        return smollm2.encoded(
            [paragraphs[index] for start in range(7) for index in range(start, len(paragraphs), 7)], self._gguf
        )

    def timed_samples(self) -> Sequence[Arrays]:
        """The first three prompts."""
        return self._prompts[:TIMED_SAMPLES]

    def calibration(self, count: int) -> Sequence[Arrays]:
        """None: the graph's inputs depend on what it gave before."""
        return ()

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Perplexity of each text, tokens of each pass, and against a baseline whether the same tokens follow.

        Raises:
            WorkerError: when an answer is missing, has another shape, or is not finite.
        """
        return observe_generation(outputs, self.samples(), baseline)

    def observe_file(self, artifact: Artifact, outputs: Sequence[Arrays]) -> tuple[Observations, ...]:
        """How far the likelihood of the scored texts lies from that of a GGUF file's own weights in fp32.

        Raises:
            WorkerError: when a text was not scored.
        """
        if artifact.format != "gguf":
            return ()
        scored = [one[SURPRISAL][0] for one in outputs if SURPRISAL in one]
        return observe_file_likelihood(scored, self._file_surprisals(artifact))

    def _file_surprisals(self, artifact: Artifact) -> Sequence[NDArray[np.generic]]:
        """What the scored texts cost the file's weights; computed once and kept."""
        texts = [text["prompt"][0] for text in self._texts]

        def write(path: Path) -> Mapping[str, str]:
            if self.progress:
                self.progress(f"{artifact.path.name}: likelihood of {len(texts)} texts in fp32", 0, 1)
            with path.open("wb") as file:
                np.savez(file, *smollm2.surprisals(artifact.path, texts))
            return {}

        told = hashlib.sha256(b"".join(text.tobytes() for text in texts)).hexdigest()
        path, _ = self.cache.built("likelihoods", {"file": artifact.sha256, "texts": told}, ".npz", write)
        with np.load(path, allow_pickle=False) as stored:
            return [stored[name] for name in stored.files]


def query(prompts: Sequence[Sequence[int]], wanted: int) -> Arrays:
    """One query's arrays."""
    return {"prompt": np.array(prompts, np.int64), "wanted": np.array([[wanted]], np.int64)}


def graph_samples(vocabulary: int, remembered: tuple[int, int, int], seed: int) -> tuple[Arrays, ...]:
    """Inputs of single passes of a decoder; no two lengths are equal, so that none is taken for another.

    Args:
        vocabulary: how many tokens there are.
        remembered: layers, key heads and head width.
        seed: of the random numbers.
    """
    chance = np.random.default_rng(seed)
    return tuple(
        {
            "ids": chance.integers(vocabulary, size=(1, tokens)),
            "keys": chance.standard_normal((1, known, *remembered), np.float32),
            "values": chance.standard_normal((1, known, *remembered), np.float32),
            "places": np.arange(tokens - asked, tokens, dtype=np.int64)[np.newaxis],
        }
        for tokens, known, asked in ((5, 3, 2), (1, 7, 1), (6, 0, 1))
    )


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> TextGeneration:
    """Make the workload of its options: `task` (continue, shorten), `prompt_tokens` (64), `new_tokens` (16) and
    `requests` (1), the prompts of a query.

    Raises:
        DefinitionError: when an option is wrong.
    """
    chosen = Options(f"workload '{KIND}'", options).only("task", "prompt_tokens", "new_tokens", "requests")
    return TextGeneration(
        cache,
        chosen.word("task", CONTINUE, SHORTEN),
        chosen.whole("prompt_tokens", 64, 1, 8000),
        chosen.whole("new_tokens", 16, 1, 1024),
        chosen.whole("requests", 1, 1, 64),
        progress,
    )
