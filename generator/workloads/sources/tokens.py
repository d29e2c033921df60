"""Texts become the numbers of their tokens: one query's inputs a text, at its own length, without padding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import AssetError
from generator.core.packages import required
from generator.workloads.workload import Arrays

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IDS, MASK = "ids", "mask"
"""Names of a text model's inputs: numbers of tokens, and 1 for each of them; both (1, tokens) int64."""


def tokenized(texts: Sequence[str], tokenizer: Path, most: int) -> tuple[tuple[int, ...], ...]:
    """Numbers of each text's tokens, special ones included; what is longer than `most` is cut off.

    Args:
        texts: what to tokenize.
        tokenizer: a `tokenizer.json` in the form of the package `tokenizers`.
        most: longest result.

    Raises:
        AssetError: when the file is no tokenizer.
        MissingPackage: when the package is not installed.
    """
    loaded = _loaded(tokenizer)
    loaded.no_padding()
    loaded.enable_truncation(most)
    return tuple(tuple(encoded.ids) for encoded in loaded.encode_batch(list(texts)))


def detokenized(texts: Sequence[Sequence[int]], tokenizer: Path) -> tuple[str, ...]:
    """The texts that these numbers of tokens stand for; see `tokenized`."""
    loaded = _loaded(tokenizer)
    return tuple(loaded.decode(list(text)) for text in texts)


def _loaded(tokenizer: Path) -> Tokenizer:
    required("tokenizer", tokenizers="tokenizers")
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(tokenizer))
    except Exception as error:
        # The package raises Exception itself.
        problem = f"the file '{tokenizer.name}' is no tokenizer ({str(error)[:200]})"
        raise AssetError("tokenizer", problem, "Delete it, so that it is fetched again.") from error


def inputs(texts: Sequence[Sequence[int]]) -> tuple[Arrays, ...]:
    """Inputs of each text. No token is padding, so the mask has ones only."""
    return tuple(_input(np.array([ids], np.int64)) for ids in texts)


def _input(ids: NDArray[np.int64]) -> Arrays:
    return {IDS: ids, MASK: np.ones_like(ids)}


def usual_length(samples: Sequence[Arrays]) -> int:
    """The most frequent length in tokens; of equal frequencies the longest."""
    lengths = Counter(int(sample[IDS].shape[1]) for sample in samples)
    return max(lengths, key=lambda length: (lengths[length], length))


def of_one_length(samples: Sequence[Arrays], count: int, tokens: int | None = None) -> tuple[Arrays, ...]:
    """Up to `count` samples of the most frequent length, spread evenly over those; of equal frequencies the longest.

    Queries of one length cost alike, so that a median over a few of them does not depend on which ones they were.

    Args:
        samples: what to choose from.
        count: how many at most.
        tokens: the length instead, where `count` samples have it, so that the queries of several data sets cost alike.
    """
    lengths = [int(sample[IDS].shape[1]) for sample in samples]
    chosen = tokens if tokens is not None and lengths.count(tokens) >= count else usual_length(samples)
    alike = [sample for sample, length in zip(samples, lengths, strict=True) if length == chosen]
    count = min(count, len(alike))
    return tuple(alike[index * len(alike) // count] for index in range(count))
