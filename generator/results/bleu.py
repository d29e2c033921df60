"""BLEU of a text, from the counts of its sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.results.estimate import Estimate, Interval, mean


def bleu(counts: Sequence[Sequence[int]]) -> Estimate:
    """BLEU, 0 to 100, with a jackknife interval over the sentences.

    Args:
        counts: for each sentence, as `record.BleuCounts` has them.

    The geometric mean of the shares of n-grams of 1 to 4 words that the right translation has too, less where the text
    is shorter than the right one; without smoothing, so that it is 0 when no n-gram of some length is right. Sources:
    K. Papineni and others, "BLEU: a method for automatic evaluation of machine translation", ACL 2002; B. Efron,
    C. Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
    """
    table = np.asarray(counts, np.float64)
    together = table.sum(axis=0)
    score, without_one = float(_scores(together)), _scores(together - table)
    spread = mean([float(value) for value in len(table) * score - (len(table) - 1) * without_one])
    half = spread.interval.high - spread.point
    return Estimate(score, Interval(score - half, score + half), len(table))


def _scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores, (...), of summed counts, (..., 10)."""
    right, written = sums[..., :4], np.maximum(sums[..., 4:8], 1)
    length, expected = np.maximum(sums[..., 8], 1), sums[..., 9]
    with np.errstate(divide="ignore"):
        precision = np.exp(np.log(right / written).mean(axis=-1))
    score: NDArray[np.float64] = 100 * precision * np.exp(np.minimum(0, 1 - expected / length))
    return score
