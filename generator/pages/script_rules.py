"""The protocol's constants for the site's scripts: assets/js/statistics.js has its rules, and none of its numbers."""

from __future__ import annotations

from typing import Any

from generator.core import protocol
from generator.core.cell import tidy


def statistic(most_blocks: int, most_comparisons: int = 1) -> dict[str, Any]:
    """What the scripts' intervals, turns and verdicts need.

    Args:
        most_blocks: blocks up to which Student's quantiles are given.
        most_comparisons: verdicts up to which they are given.
    """
    return {
        "session_floor": protocol.SESSION_FLOOR,
        "most_disturbed": protocol.MOST_DISTURBED,
        "smallest_effect": protocol.SMALLEST_EFFECT,
        "no_difference": protocol.NO_DIFFERENCE,
        "pair": protocol.PAIR,
        "longest_turn": protocol.LONGEST_TURN,
        "quantiles": [_quantiles(most_blocks, count) for count in range(1, most_comparisons + 1)],
    }


def _quantiles(most_blocks: int, comparisons: int) -> list[float | None]:
    """Student's quantiles by the number of blocks."""
    counts = range(most_blocks + 1)
    return [tidy(protocol.t_quantile(count, comparisons)) if count > 1 else None for count in counts]
