"""Translation from English to Portuguese: a "tiny" Marian student on short sentences, greedily, word by word.

A query is one sentence, end to end: the encoder once and the decoder a step a token. How many steps that takes is part
of the answer, so that timed sentences are chosen by their length and by that of their published translation.

The weights are published in 8 bits; the baseline multiplies the same numbers in fp32. What rounding them once cost is
therefore in the baseline already. The published engine also limits the words to choose from to a short list a sentence;
here all 32,000 are looked at.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from generator.assets.asset import asset, source_of
from generator.assets.cache import Cache, file_sha256
from generator.assets.fetch import Progress, fetch
from generator.assets.packages import required
from generator.definition import Option
from generator.errors import AssetError, WorkerError
from generator.record import Observations, Source
from generator.workloads.architectures import save_weights
from generator.workloads.marian_file import END, named, read_weights
from generator.workloads.observations import OUTPUT, floats, proportion
from generator.workloads.options import Options
from generator.workloads.tokens import IDS, detokenized, inputs, tokenized, usual_length
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "translation"
ARCHITECTURE = "marian_translator"
MODEL, DATA = "marian-en-pt", "tatoeba-en-pt"

SENTENCES = 300
"""Quality is measured on the first so many of 1,000 pairs; further ones are for calibration."""

TIMED_SAMPLES = 16
MOST_TOKENS = 128
CHRF_METRIC, BLEU_METRIC = "chrf", "bleu"
IDENTICAL = "same-translation"

ROUNDED_NOTE = "published-in-8-bits"
"""The published weights have 8 bits, so that the baseline's are rounded already."""

_VERSION = 1
"""Raised when the file made of the published weights changes."""

OWN_SENTENCES = (
    "The train leaves at half past seven.",
    "I have not seen my brother since last summer.",
    "She opened the window and looked at the sea.",
    "Can you tell me where the library is?",
    "We bought bread, cheese and two bottles of water.",
    "The children were playing happily in the garden.",
    "It rained all day, so we stayed at home.",
    "He speaks three languages, but he writes only one.",
    "This road is closed until next week.",
    "Please turn off the light when you leave.",
    "My grandmother grows tomatoes behind the house.",
    "The museum is free on the first Sunday of the month.",
    "I will call you when I arrive at the station.",
    "Nobody knew the answer to the last question.",
    "The doctor told him to drink more water.",
    "They are building a new bridge over the river.",
    "Why did you not write to me?",
    "The cat is sleeping under the table.",
    "There is a small bakery near our school.",
    "The book that you gave me is very good.",
    "Tomorrow we are going to visit our neighbours.",
    "The water in the lake was cold and clear.",
    "Have you already decided what to cook?",
    "He forgot his keys and had to wait outside.",
)
"""Written for this project, for where the data set is not to be had: speed and fidelity can still be measured."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Sentences and their published translations."""

    sources: tuple[str, ...]
    references: tuple[str, ...] | None
    """A translation for each of `sources`; None where there are none."""

    further: tuple[str, ...]
    """Sentences that quality is not measured on."""


def pairs_of(english: Path, portuguese: Path) -> Pairs:
    """Read two files whose lines are translations of one another.

    Raises:
        AssetError: when they are no such files.
    """
    try:
        lines = [path.read_text("utf-8").splitlines() for path in (english, portuguese)]
    except (OSError, ValueError) as error:
        raise AssetError(DATA, f"the sentences cannot be read ({type(error).__name__})", "Fetch them again.") from error
    if len(lines[0]) != len(lines[1]) or not lines[0]:
        problem = f"{len(lines[0])} sentences have {len(lines[1])} translations"
        raise AssetError(DATA, problem, "Delete the files, so that they are fetched again.")
    return Pairs(tuple(lines[0][:SENTENCES]), tuple(lines[1][:SENTENCES]), tuple(lines[0][SENTENCES:]))


@dataclass(frozen=True)
class Translation:
    """A Marian student, sentences of Tatoeba, chrF and BLEU."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "Marian tiny student English to Portuguese, 16.9 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """How the weights were published."""
        return (ROUNDED_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """Model, and the data set where it was to be had."""
        data = () if self.pairs.references is None else (source_of(asset(DATA)),)
        return (source_of(asset(MODEL)), *data)

    @property
    def labels_unknown(self) -> str | None:
        """That the data set is not to be had, where it is not."""
        return NO_DATA if self.pairs.references is None else None

    @cached_property
    def pairs(self) -> Pairs:
        """The data set, or sentences of our own without translations where it is not to be had."""
        try:
            english, portuguese = fetch(asset(DATA), self.cache, self.progress)
            return pairs_of(english, portuguese)
        except AssetError as error:
            if self.progress:
                self.progress(f"Going on without published translations. {error}", 0, 1)
            return Pairs(OWN_SENTENCES, None, ())

    @cached_property
    def _published(self) -> tuple[Path, Path]:
        weights, tokenizer = fetch(asset(MODEL), self.cache, self.progress)
        return weights, tokenizer

    def model(self) -> Artifact:
        """The published weights, widened to fp32.

        Raises:
            AssetError: when the weights are not to be had.
            MissingPackage: when torch, safetensors or sacrebleu is not installed.
        """
        required(KIND, torch="torch", safetensors="safetensors", sacrebleu="sacrebleu")
        key = {"architecture": ARCHITECTURE, "weights": asset(MODEL).sha256, "version": _VERSION}
        path, notes = self.cache.built("models", key, ".safetensors", self._convert)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def _convert(self, to: Path) -> Mapping[str, str]:
        import torch

        from generator.workloads.marian import TINY

        state = named(read_weights(self._published[0]), TINY.encoder_layers, TINY.decoder_layers)
        weights = {name: torch.from_numpy(array) for name, array in state.items()}
        save_weights(weights, to, ARCHITECTURE, TINY.config())
        return {}

    def samples(self) -> Sequence[Arrays]:
        """Arrays "ids" and "mask", (1, tokens) int64: the sentences, each with the token that ends it."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Arrays, ...]:
        return inputs(self._tokens(self.pairs.sources))

    def _tokens(self, sentences: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        return tuple((*ids, END) for ids in tokenized(sentences, self._published[1], MOST_TOKENS - 1))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 sentences of the most frequent length, those whose published translation is nearest to its usual length.

        So the queries take about as many steps of the decoder; without translations the length alone decides.
        """
        usual = usual_length(self._samples)
        alike = [index for index, sample in enumerate(self._samples) if sample[IDS].shape[1] == usual]
        if self.pairs.references is not None:
            translations = self._tokens([self.pairs.references[index] for index in alike])
            steps = {index: len(ids) for index, ids in zip(alike, translations, strict=True)}
            middle = statistics.median_low(steps.values())
            alike.sort(key=lambda index: abs(steps[index] - middle))
        return tuple(self._samples[index] for index in sorted(alike[:TIMED_SAMPLES]))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Further sentences of the data set; none of them is a sample."""
        known = {tuple(sample[IDS][0].tolist()) for sample in self._samples}
        return inputs([ids for ids in self._tokens(self.pairs.further[:count]) if ids not in known])

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """chrF, BLEU, and against a baseline the share of equal translations."""
        words = written(outputs, len(self._samples))
        observed = list[Observations]()
        if self.pairs.references is not None:
            texts = detokenized(words, self._published[1])
            observed += observe_translations(texts, self.pairs.references)
        if baseline is not None:
            same = [ours == theirs for ours, theirs in zip(words, written(baseline, len(words)), strict=True)]
            observed.append(proportion(IDENTICAL, "baseline", np.array(same)))
        return tuple(observed)


def written(outputs: Sequence[Arrays], count: int) -> tuple[tuple[int, ...], ...]:
    """Tokens of each translation, without the end's and what comes after it.

    Raises:
        WorkerError: when an answer is missing or is no row of whole numbers.
    """
    if len(outputs) != count:
        raise WorkerError("quality", f"there are {len(outputs)} answers to {count} samples")
    found = list[tuple[int, ...]]()
    for index, output in enumerate(outputs):
        row = output.get(OUTPUT)
        if row is None or row.ndim != 2 or row.shape[0] != 1 or row.dtype.kind != "i":
            answer = "no array 'y'" if row is None else f"'y' of shape {row.shape} and type {row.dtype}"
            raise WorkerError("quality", f"the answer to sample {index} has {answer}, not (1, tokens) of whole numbers")
        tokens = [int(number) for number in row[0]]
        found.append(tuple(tokens[: tokens.index(END)] if END in tokens else tokens))
    return tuple(found)


def observe_translations(texts: Sequence[str], references: Sequence[str]) -> tuple[Observations, ...]:
    """Compare translations with published ones, as sacrebleu's own settings have it.

    Args:
        texts: what was written.
        references: one published translation each.

    Returns:
        chrF of each sentence, 0 to 100; and of each sentence the counts that BLEU of all of them is made of, for of one
        sentence it says next to nothing.
    """
    from sacrebleu import BLEU, CHRF

    chrf, bleu = CHRF(), BLEU()
    pairs = list(zip(texts, references, strict=True))
    letters = np.array([chrf.sentence_score(text, [right]).score for text, right in pairs])
    words = [bleu.corpus_score([text], [[right]]) for text, right in pairs]
    counts = tuple((*one.counts, *one.totals, one.sys_len, one.ref_len) for one in words)
    return (
        Observations(metric=CHRF_METRIC, kind="mean", reference="label", values=floats(letters)),
        Observations(metric=BLEU_METRIC, kind="bleu", reference="label", values=(), counts=counts),
    )


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> Translation:
    """Make the workload; it has no options.

    Raises:
        DefinitionError: when there is one nevertheless.
    """
    Options(f"workload '{KIND}'", options).only()
    return Translation(cache, progress)
