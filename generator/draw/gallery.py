"""Drawn charts, kept under the hash of everything that they depend on: drawing is the slowest part of a build."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from generator.draw.card import Card
from generator.draw.chart import Chart
from generator.draw.palette import PALETTE_FILE
from generator.site.staging import write_whole
from generator.words.language import Language

_DRAWN_BY = (
    *("axis.py", "card.py", "card_drawing.py", "drawing.py", "font.py", "frame.py", "gallery.py", "ink.py", "key.py"),
    *("legend.py", "palette.py", "picture.py", "pixels.py", "roofline_drawing.py", "rows.py", "scale.py"),
    *("shares_drawing.py", "sheet.py", "spans_drawing.py", "stacks_drawing.py", "svg.py"),
)


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
    """Where drawn charts are kept; may be deleted at any time."""

    def drawn(self, chart: Chart, prefix: str, language: Language) -> Drawn:
        """Draw a chart, or take it from the folder.

        Args:
            chart: what it shows.
            prefix: of all ids in it; unique in the page.
            language: of its words.
        """
        path = self._chart_path(chart, prefix, language)
        kept = _read(path)
        if kept is None:
            kept = _draw(chart, prefix, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _packed(kept))
        return kept

    def card(self, card: Card) -> bytes:
        """Draw a page's card as PNG, or take it from the folder."""
        path = self._card_path(card)
        if not path.is_file():
            from generator.draw.card_drawing import draw_card

            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, draw_card(card))
        return path.read_bytes()

    def _chart_path(self, chart: Chart, prefix: str, language: Language) -> Path:
        return self.folder / f"{_key(chart, prefix, language)}.json"

    def _card_path(self, card: Card) -> Path:
        return self.folder / f"{_hash(card)}.png"


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
    return _hash(chart.picture, chart.key, chart.title, chart.description, chart.note, prefix, language.value)


def _hash(*depends: object) -> str:
    """Hash over data that `repr` writes in full, and over what draws it."""
    return hashlib.sha256(repr((*depends, _drawn_by())).encode()).hexdigest()[:40]


@cache
def _drawn_by() -> str:
    """Hash over the code that draws, the colours, and matplotlib's version."""
    digest = hashlib.sha256(version("matplotlib").encode())
    for path in (*(Path(__file__).with_name(name) for name in _DRAWN_BY), PALETTE_FILE):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _packed(drawn: Drawn) -> bytes:
    files = {name: base64.b64encode(getattr(drawn, name)).decode() for name in ("svg", "png")}
    return json.dumps({"wide": drawn.wide, "narrow": drawn.narrow, **files}, ensure_ascii=False).encode()


def _read(path: Path) -> Drawn | None:
    """What was kept, or None; a file that somebody damaged is drawn anew."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        files = {name: base64.b64decode(kept[name], validate=True) for name in ("svg", "png")}
        return Drawn(wide=str(kept["wide"]), narrow=str(kept["narrow"]), **files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
