"""Text classification: is a sentence of a film review friendly? all-MiniLM-L6-v2, frozen, with a linear head.

The head is fitted at preparation, by logistic regression on the embeddings of the data set's training phrases, and
becomes a part of the model: what is timed is what is scored. Calibration is on training phrases.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset
from generator.assets.fetch import Progress
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option
from generator.core.errors import AssetError
from generator.core.packages import required
from generator.core.record import Observations, Source
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.networks import minilm
from generator.workloads.options import Options
from generator.workloads.sources.data_sets import DataSet, Taken, first_to_be_had
from generator.workloads.sources.tokens import inputs, of_one_length, tokenized
from generator.workloads.workload import Arrays, Artifact

KIND = "text_classification"
DATA, RATED = "sst-2", "vader-film-reviews"
TIMED_SAMPLES, TIMED_TOKENS = 16, 20
"""The length is SST-2's most frequent one."""

FROZEN_NOTE = "frozen-encoder"
"""Only the head was trained on the task, so that the accuracy is below that of a model trained as a whole."""

RATED_NOTE = "labels-from-ratings"
"""Labels are the signs of ratings, and sentences that were rated near zero are left out."""

RATED_MEMBER = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
"""Of the archive: lines of number, mean rating from -4 to 4, and sentence, with tabulators between."""

CLEAR_RATING = 0.5
"""A sentence counts as friendly from here on, as unfriendly from minus this. The mean of 20 people's ratings, whose
standard deviation is about 1, has a standard error of a quarter: nearer to zero its sign may be chance."""

RATED_TEST, RATED_TRAINING = 1000, 4000
"""Sentences to test on, and others to train on."""

STRENGTH = 4.0
"""Weight of the errors against the squared weights (scikit-learn's C); fixed before any result was seen."""

_HEAD_VERSION = 1
"""Raised when the head made of the same data changes."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Sentences and their labels."""

    sentences: tuple[str, ...]
    labels: tuple[int, ...]
    """1 is friendly, 0 is not."""


def labelled(path: Path) -> Labelled:
    """Read a file in SST-2's form: a line of headings, then sentence, tabulator, label.

    Raises:
        AssetError: when it has another form.
    """
    try:
        rows = [line.rsplit("\t", 1) for line in path.read_text("utf-8").splitlines()[1:] if line.strip()]
        labels = tuple({"0": 0, "1": 1}[label.strip()] for _, label in rows)
    except (OSError, ValueError, KeyError) as error:
        problem = f"'{path.name}' is not in SST-2's form ({type(error).__name__})"
        raise AssetError(DATA, problem, "Delete it, so that it is fetched again.") from error
    return Labelled(tuple(sentence.strip() for sentence, _ in rows), labels)


@dataclass(frozen=True, slots=True)
class Divided:
    """A data set in two parts that have no sentence in common."""

    training: Labelled
    test: Labelled


def rated(archive: Path) -> Divided:
    """Read the film reviews of VADER's archive: labels are the signs of the ratings that are clear.

    Which sentence is in which part follows from the sentence alone: they are sorted by their SHA-256.

    Raises:
        AssetError: when the archive has another form.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            member = opened.extractfile(RATED_MEMBER)
            lines = member.read().decode("utf-8").splitlines() if member else []
        rows = [line.split("\t", 2) for line in lines if line.strip()]
        ratings = {sentence.strip(): float(rating) for _, rating, sentence in rows}
    except (OSError, EOFError, ValueError, KeyError, tarfile.TarError, zlib.error) as error:
        problem = f"'{archive.name}' is not VADER's archive ({type(error).__name__})"
        raise AssetError(RATED, problem, "Delete it, so that it is fetched again.") from error
    clear = [sentence for sentence, rating in ratings.items() if abs(rating) >= CLEAR_RATING]
    clear.sort(key=lambda sentence: hashlib.sha256(sentence.encode()).digest())

    def part(sentences: Sequence[str]) -> Labelled:
        return Labelled(tuple(sentences), tuple(int(ratings[sentence] > 0) for sentence in sentences))

    return Divided(part(clear[RATED_TEST:][:RATED_TRAINING]), part(clear[:RATED_TEST]))


SETS = (
    DataSet(DATA, (DATA,), lambda files: Divided(labelled(files[0]), labelled(files[1]))),
    DataSet(RATED, (RATED,), lambda files: rated(files[0])),
)


def logistic_head(
    features: NDArray[np.floating], labels: Sequence[int], strength: float = STRENGTH
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a logistic regression with two classes; it has one optimum, so that nothing depends on a seed.

    Args:
        features: (samples, width).
        labels: 0 or 1 for each sample.
        strength: weight of the errors against the squared weights.

    Returns:
        Weights, (2, width), and biases, (2,), whose difference is the log odds.
    """
    from scipy.optimize import minimize

    columns = np.hstack([features, np.ones((len(features), 1))]).astype(np.float64)
    signs = 2.0 * np.asarray(labels) - 1

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (columns @ weights)
        free = np.append(weights[:-1], 0.0)  # the bias costs nothing
        slope = -signs / (1 + np.exp(margins))
        errors = strength * float(np.logaddexp(0, -margins).sum())
        return errors + float(free @ free) / 2, strength * (columns.T @ slope) + free

    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    both = np.stack([-found / 2, found / 2])
    return both[:, :-1], both[:, -1]


@dataclass(frozen=True)
class TextClassification:
    """all-MiniLM-L6-v2 with a head, sentences of film reviews, accuracy."""

    cache: Cache
    progress: Progress | None = None

    @property
    def model_name(self) -> str:
        """Architecture and size."""
        return "all-MiniLM-L6-v2 with a linear head, 22.6 M parameters"

    @property
    def notes(self) -> Sequence[str]:
        """How the head was trained, and where the labels come from."""
        return (FROZEN_NOTE, RATED_NOTE) if self.data_set == RATED else (FROZEN_NOTE,)

    @property
    def sources(self) -> Sequence[Source]:
        """Model and data set."""
        return (minilm.source(), *self._taken.sources)

    @property
    def labels_unknown(self) -> str | None:
        """None: without labels there is no head, and `samples` raises."""
        return None

    @property
    def data_set(self) -> str:
        """SST-2, or the rated sentences of a package where it is not to be had."""
        return self._taken.name

    @cached_property
    def _taken(self) -> Taken[Divided]:
        return first_to_be_had(SETS, self.cache, KIND, self.progress)

    @property
    def training(self) -> Labelled:
        """What the head is fitted to: of SST-2 the 6,735 phrases of its training set.

        Raises:
            AssetError: when no data set is to be had.
        """
        return self._taken.data.training

    @property
    def test(self) -> Labelled:
        """What quality is measured on: of SST-2 its development set, the one whose labels are public.

        Raises:
            AssetError: when no data set is to be had.
        """
        return self._taken.data.test

    @cached_property
    def _published(self) -> minilm.Published:
        return minilm.published(self.cache, self.progress)

    def model(self) -> Artifact:
        """The published weights, and the head fitted to their embeddings.

        Raises:
            AssetError: when weights or data are not to be had.
            MissingPackage: when torch, safetensors or tokenizers is not installed.
        """
        versions = required(KIND, torch="torch", safetensors="safetensors", tokenizers="tokenizers")
        data = {"data": asset(self.data_set).sha256, "strength": STRENGTH, "head": _HEAD_VERSION, **versions}
        path, notes = self.cache.built("models", {**minilm.weights_key(), **data}, ".safetensors", self._fit)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)

    def _fit(self, to: Path) -> Mapping[str, str]:
        import torch

        if self.progress:
            self.progress("Fitting the classifier's head", 0, 1)
        module = minilm.loaded(self._published.weights, KIND)
        weight, bias = logistic_head(minilm.embeddings(module, self._tokens(self.training)), self.training.labels)
        head = {"weight": torch.from_numpy(weight).float(), "bias": torch.from_numpy(bias).float()}
        minilm.save(module, head, to)
        return {"head": f"logistic regression on {len(self.training.labels)} phrases"}

    def _tokens(self, of: Labelled) -> tuple[tuple[int, ...], ...]:
        return tokenized(of.sentences, self._published.tokenizer, minilm.MOST_TOKENS)

    def samples(self) -> Sequence[Arrays]:
        """Arrays "ids" and "mask", (1, tokens) int64: the test sentences."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Arrays, ...]:
        return inputs(self._tokens(self.test))

    def timed_samples(self) -> Sequence[Arrays]:
        """16 sentences of one length, alike for all data sets where they have it."""
        return of_one_length(self._samples, TIMED_SAMPLES, TIMED_TOKENS)

    def calibration(self, count: int) -> Sequence[Arrays]:
        """The longest training phrases: whole sentences, as the test's are. None of the test's is among them."""
        known = set(self._tokens(self.test))
        phrases = [phrase for phrase in self._tokens(self.training) if phrase not in known]
        return inputs(sorted(phrases, key=len, reverse=True)[:count])

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        """Top-1, and against a baseline agreement and deviations; see `observe_classification`."""
        return observe_classification(outputs, self.test.labels, baseline)


def make(options: Mapping[str, Option], cache: Cache, progress: Progress | None = None) -> TextClassification:
    """Make the workload; it has no options.

    Raises:
        DefinitionError: when there is one nevertheless.
    """
    Options(f"workload '{KIND}'", options).only()
    return TextClassification(cache, progress)
