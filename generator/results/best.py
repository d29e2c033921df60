"""Which variants cannot be told from the best: never "the fastest", for whoever picks the largest estimate picks luck.

The set is Hsu's (J. C. Hsu, "Simultaneous confidence intervals for all distances from the 'best'", Annals of Statistics
9, 1981; "Multiple Comparisons", Chapman & Hall 1996, chapter 4: multiple comparisons with the best): a variant is left
out when, with that variant as the control, one-sided simultaneous intervals show another one to be better. So the best
variant is in the set in at least 95 of 100 runs, whichever it is. Hsu's quantiles (Dunnett's) ask for equal variances,
which runtimes and thread counts do not have: here each pair has its own variance, over blocks that hold both, and
Bonferroni's inequality stands for Dunnett's quantile: the set is a little larger for it, and never less sure.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scipy import special

from generator.core import protocol
from generator.core.block_times import BlockTimes
from generator.results.estimate import Estimate, Interval


@dataclass(frozen=True, slots=True)
class Behind:
    """A variant that is not among the best: what shows it."""

    variant: str
    better: str
    """The one that is shown to be better."""

    slower: Estimate
    """Time of the variant over that of the better one; the interval is one-sided, its high end has no meaning."""


@dataclass(frozen=True, slots=True)
class Best:
    """The set that holds the best variant at 95 %, and what is advised."""

    members: tuple[str, ...]
    """Variants that cannot be told from the best; the fastest estimate first."""

    behind: tuple[Behind, ...]
    recommended: str
    """The simplest member."""

    blocks: int
    """Blocks that it rests on."""


def best_of(
    blocks: Sequence[BlockTimes], variants: Sequence[str], simplicity: Callable[[str], object], statistic: str = "p50"
) -> Best | None:
    """Find the variants that cannot be told from the best.

    Args:
        blocks: times of the blocks of one workload of one run.
        variants: names of those that count: timed, and known to keep the quality.
        simplicity: sorts the simplest first.
        statistic: what ratios are of: see `protocol.STATISTICS`.

    Returns:
        The set, or None when nothing counts. One variant alone is the best of itself, whatever the blocks.
    """
    names = list(dict.fromkeys(variants))
    if not names:
        return None
    kept = protocol.kept_blocks(blocks)
    ratios = dict[tuple[str, str], list[float]]()
    for one, other in itertools.combinations(names, 2):
        ratios[one, other] = _values(kept, one, other, statistic)
        ratios[other, one] = [-value for value in ratios[one, other]]
    behind = [found for one in names if (found := _shown_behind(one, names, ratios))]
    left = {one.variant for one in behind}
    members = [name for name in names if name not in left]
    centre = _speeds(names, ratios)
    members.sort(key=lambda name: -centre[name])
    return Best(
        members=tuple(members),
        behind=tuple(behind),
        recommended=min(members, key=simplicity),  # type: ignore[arg-type]
        blocks=len(kept),
    )


def _values(blocks: Sequence[BlockTimes], one: str, other: str, statistic: str) -> list[float]:
    return [value for block in blocks if (value := block.log_ratio(one, other, statistic)) is not None]


def _shown_behind(one: str, names: Sequence[str], ratios: Mapping[tuple[str, str], Sequence[float]]) -> Behind | None:
    """The comparison that shows most clearly that another variant is better; None where none does."""
    found = list[tuple[float, Behind]]()
    for other in names:
        values = ratios.get((other, one), ())
        if other == one or len(values) < 2:
            continue
        mean, half = statistics.fmean(values), one_sided(values, len(names) - 1)
        if mean - half > 0:
            estimate = Estimate(math.exp(mean), Interval(math.exp(mean - half), math.inf), len(values))
            found.append((mean - half, Behind(one, other, estimate)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def one_sided(values: Sequence[float], comparisons: int) -> float:
    """How far the mean of block values must lie above 0 to be shown to: Student's t, and the protocol's floor.

    Args:
        values: one log ratio a block; at least 2.
        comparisons: how many variants the same one is compared with (Bonferroni).
    """
    count = len(values)
    quantile = float(special.stdtrit(count - 1, 1 - (1 - protocol.CONFIDENCE) / max(1, comparisons)))
    return math.hypot(quantile * statistics.stdev(values) / math.sqrt(count), protocol.SESSION_FLOOR)


def _speeds(names: Sequence[str], ratios: Mapping[tuple[str, str], Sequence[float]]) -> dict[str, float]:
    """Mean log speed of each against the first."""
    first = names[0]
    return {name: statistics.fmean(ratios.get((name, first)) or [0.0]) for name in names}
