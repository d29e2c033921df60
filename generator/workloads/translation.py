"""Translation from English to Portuguese: a "tiny" Marian student on short sentences, greedily, word by word.

A query is one sentence, end to end: the encoder once and the decoder a step a token. How many steps that takes is part
of the answer, so that timed sentences are chosen by their length and by that of their published translation.

The weights are published in 8 bits; the baseline multiplies the same numbers in fp32. What rounding them once cost is
therefore in the baseline already. The published engine also limits the words to choose from to a short list a sentence;
here all 32,000 are looked at.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

import numpy as np

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import AssetError, WorkerError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import OUTPUT, floats, proportion
from generator.workloads.networks.architectures import save_weights
from generator.workloads.networks.marian_file import END, named, read_weights
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.tokens import IDS, detokenized, inputs, tokenized, usual_length
from generator.workloads.workload import NO_DATA, Arrays, Artifact

KIND = "translation"
ARCHITECTURE = "marian_translator"
MODEL, DATA, CATALOGUES, OWN = "marian-en-pt", "tatoeba-en-pt", "django-pt-br", "own-sentences"

SENTENCES = 300
"""Quality is measured on the first so many of 1,000 pairs; further ones are for calibration."""

TIMED_SAMPLES, TIMED_TOKENS = 16, 8
"""The length is Tatoeba's most frequent one."""

LEAST_WORDS = 4
"""Of a text of a program, to be a sentence rather than a label."""

MOST_TOKENS = 128
CHRF_METRIC, BLEU_METRIC = "chrf", "bleu"
IDENTICAL = "same-translation"

ROUNDED_NOTE = "published-in-8-bits"
"""The published weights have 8 bits, so that the baseline's are rounded already."""

CATALOGUES_NOTE = "texts-of-a-program"
"""Messages of a program, fewer and more uniform than everyday sentences."""

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


def catalogues_of(files: Sequence[Path]) -> Pairs:
    """Read gettext catalogues whose texts are English: those of one plain line, four words or more.

    Left out is what no translator writes as a sentence: placeholders, markup, plurals, and what is not sure ("fuzzy").

    Raises:
        AssetError: when a file is no catalogue.
    """
    from babel.messages.pofile import PoFileError, read_po

    pairs = dict[str, str]()
    for path in files:
        try:
            # Plurals are left out, and Django has more of them than its catalogues declare: Babel prints that.
            with path.open("rb") as file, redirect_stdout(StringIO()):
                messages = list(read_po(file))
        except (OSError, ValueError, PoFileError) as error:
            problem = f"'{path.name}' is no catalogue of translations ({type(error).__name__})"
            raise AssetError(CATALOGUES, problem, "Delete it, so that it is fetched again.") from error
        for message in messages:
            if not message.fuzzy and _plain(message.id) and _plain(message.string):
                pairs.setdefault(str(message.id), str(message.string))
    if not pairs:
        raise AssetError(CATALOGUES, "the catalogues have no plain sentences", "Mend the catalogue of assets.")
    return Pairs(tuple(pairs), tuple(pairs.values()), OWN_SENTENCES)


def _plain(text: object) -> bool:
    return isinstance(text, str) and len(text.split()) >= LEAST_WORDS and not re.search(r"[%{}<>&\n\\]", text)


SETS = (
    DataSet(DATA, (DATA,), lambda files: pairs_of(files[0], files[1])),
    DataSet(CATALOGUES, (CATALOGUES,), catalogues_of),
    DataSet(OWN, (), lambda _: Pairs(OWN_SENTENCES, None, ())),
)


@dataclass(frozen=True)
class Translation:
    """A Marian student, sentences with published translations, chrF and BLEU."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "Marian tiny student English to Portuguese, 16.9 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """How the weights were published, and what the sentences are."""
        return (ROUNDED_NOTE, CATALOGUES_NOTE) if self.data_set == CATALOGUES else (ROUNDED_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """Model, and the data set where one was to be had."""
        return (source_of(asset(MODEL)), *self._taken.sources)

    @property
    def labels_unknown(self) -> str | None:
        """That no data set is to be had, where none is."""
        return NO_DATA if self.pairs.references is None else None

    @property
    def data_set(self) -> str:
        """Tatoeba, or Django's catalogues, or sentences of our own."""
        return self._taken.name

    @property
    def pairs(self) -> Pairs:
        """The data set, or sentences of our own without translations where none is to be had."""
        return self._taken.data

    @cached_property
    def _taken(self) -> Taken[Pairs]:
        return first_to_be_had(SETS, self.cache, KIND, self.progress)

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

        from generator.workloads.networks.marian import TINY

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
        """16 sentences of one length, those whose published translation is nearest to its usual length.

        The length is alike for all data sets that have it. So the queries take about as many steps of the decoder;
        without translations the length alone decides.
        """
        lengths = [int(sample[IDS].shape[1]) for sample in self._samples]
        one = TIMED_TOKENS if lengths.count(TIMED_TOKENS) >= TIMED_SAMPLES else usual_length(self._samples)
        alike = [index for index, length in enumerate(lengths) if length == one]
        if self.pairs.references is not None:
            translations = self._tokens([self.pairs.references[index] for index in alike])
            steps = {index: len(ids) for index, ids in zip(alike, translations, strict=True)}
            middle = statistics.median_low(steps.values())
            alike.sort(key=lambda index: abs(steps[index] - middle))
        return tuple(self._samples[index] for index in sorted(alike[:TIMED_SAMPLES]))

    def calibration(self, count: int) -> Sequence[Arrays]:
        """Further sentences of the data set, or of our own; none of them is a sample."""
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
