"""Drawn charts, kept under the hash of everything that they depend on: drawing is the slowest part of a build."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from generator.core.cache import Cache
from generator.draw.card import Card, draw_card
from generator.draw.chart import Chart
from generator.draw.palette import PALETTE_FILE
from generator.words.language import Language

CHARTS = "charts"
"""Kind of what it keeps in the cache."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One chart in every form that a page offers."""

    wide: str
    """SVG for the page's column, on one line."""

    narrow: str
    """SVG for a phone, on one line."""

    svg: bytes
    """SVG as a file, with title and note."""

    png: bytes


@dataclass(frozen=True, slots=True)
class Gallery:
    """Draws charts, each one once."""

    folder: Path
    """The cache's root."""

    def drawn(self, chart: Chart, prefix: str, language: Language) -> Drawn:
        """Draw a chart, or take it from the cache.

        Args:
            chart: what it shows.
            prefix: of all ids in it; unique in the page.
            language: of its words.
        """
        cache, key = Cache(self.folder), _key(chart, prefix, language)
        drawn: Drawn | None = cache.recall(CHARTS, key)
        if drawn is None:
            drawn = _draw(chart, prefix, language)
            cache.keep(CHARTS, key, drawn)
        return drawn

    def card(self, card: Card) -> bytes:
        """Draw a page's card as PNG, or take it from the cache."""
        cache, key = Cache(self.folder), repr((card, _drawn_by()))
        drawn: bytes | None = cache.recall(CHARTS, key)
        if drawn is None:
            drawn = draw_card(card)
            cache.keep(CHARTS, key, drawn)
        return drawn


def _draw(chart: Chart, prefix: str, language: Language) -> Drawn:
    # Imported here: where every chart is in the folder, matplotlib need not load.
    from generator.draw import svg
    from generator.draw.drawing import draw
    from generator.draw.pixels import png
    from generator.draw.sheet import NARROW, WIDE, Lettering

    bare, lettering = Lettering(key=chart.key), Lettering(chart.title, chart.note, chart.key)
    words = (chart.title, chart.description, language)
    file = draw(chart.picture, WIDE, language, lettering)
    return Drawn(
        wide=svg.inline(draw(chart.picture, WIDE, language, bare), f"{prefix}-w", *words),
        narrow=svg.inline(draw(chart.picture, NARROW, language, bare), f"{prefix}-n", *words),
        svg=svg.standalone(file, *words),
        png=png(file),
    )


def _key(chart: Chart, prefix: str, language: Language) -> str:
    words = (chart.title, chart.description, chart.note, prefix, language.value)
    return repr((chart.picture, chart.key, words, _drawn_by()))


@cache
def _drawn_by() -> str:
    """Hash over this room, the colours, and matplotlib's version."""
    digest = hashlib.sha256(version("matplotlib").encode())
    for path in (*sorted(Path(__file__).parent.glob("*.py")), PALETTE_FILE):
        digest.update(path.read_bytes())
    return digest.hexdigest()
