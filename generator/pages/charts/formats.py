"""The key of charts whose marks are shaped by number format; grey and hollow means the same in all of them."""

from __future__ import annotations

from collections.abc import Collection

from generator.core.definition import Precision
from generator.draw.palette import MARKERS
from generator.draw.picture import Entry, Look
from generator.words.phrases import Phrases

GREY = 7
"""Colour of a shape that stands for any variant."""


def key(formats: Collection[Precision], failed: Precision | None, phrases: Phrases, colour: int = GREY) -> list[Entry]:
    """What the shapes mean, where there are several, and that a hollow grey one does not count.

    Args:
        formats: number formats of the marks.
        failed: that of a mark which failed the quality gate; None where none did.
        phrases: the words.
        colour: index of the series whose marks they are, where all have one colour.
    """
    shown = [one for one in Precision if one in formats]
    entries = [(Look(colour, MARKERS[one]), str(one)) for one in shown] if len(shown) > 1 else []
    if failed:
        entries.append((Look(colour, MARKERS[failed], hollow=True), phrases.say("chart.key_failed")))
    return entries
