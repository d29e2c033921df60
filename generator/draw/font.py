"""How wide a text is, and its outline, in DejaVu Sans, which comes with matplotlib: the same everywhere.

Each letter is measured and outlined once and then put together: to lay out a whole text takes matplotlib a hundred
times as long. So letters of scripts that join them stand apart; only a PNG shows that, in an SVG text is text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font, Kerning, LoadFlags
from matplotlib.path import Path

if TYPE_CHECKING:
    from matplotlib.ft2font import GlyphIndexType

_FILES = MappingProxyType({"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"})

_SIZE = 100.0
"""Points, at 72 dots an inch: large enough that rounding of outlines does not show."""

SLACK = 1.03
"""What rasterizing may add to a text's width."""


@dataclass(frozen=True, slots=True)
class _Letter:
    index: GlyphIndexType
    advance: float
    """To where the next one begins, in points at `_SIZE`."""

    vertices: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int8]


@lru_cache(maxsize=8192)  # the same labels stand in several charts, each of which is drawn in three shapes
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line, in points, with some slack."""
    return SLACK * _starts(text, weight)[-1] * size / _SIZE


def outline(text: str, size: float, weight: str = "normal") -> Path:
    """Outline of one line whose baseline begins at (0, 0); y grows upwards, in points."""
    if not text:
        return Path(np.empty((0, 2)))
    letters = [_letter(character, weight) for character in text]
    starts = np.repeat(_starts(text, weight)[:-1], [len(one.codes) for one in letters])
    vertices = np.concatenate([one.vertices for one in letters])
    vertices[:, 0] += starts
    return Path(vertices * (size / _SIZE), np.concatenate([one.codes for one in letters]))


def _starts(text: str, weight: str) -> list[float]:
    """Where each letter begins, and where the last one ends."""
    starts = [0.0]
    for index, character in enumerate(text):
        following = text[index + 1 : index + 2]
        closer = _kerning(character, following, weight) if following else 0.0
        starts.append(starts[-1] + _letter(character, weight).advance + closer)
    return starts


@cache
def _letter(character: str, weight: str) -> _Letter:
    font = _font(weight)
    index = font.get_char_index(ord(character))  # 0, an empty box, for a letter that the font lacks
    loaded = font.load_glyph(index, LoadFlags.NO_HINTING)
    vertices, codes = font.get_path()
    return _Letter(index, loaded.linearHoriAdvance / 65536, vertices, codes)


@cache
def _kerning(left: str, right: str, weight: str) -> float:
    first, second = _letter(left, weight).index, _letter(right, weight).index
    return _font(weight).get_kerning(first, second, Kerning.UNFITTED) / 64


@cache
def _font(weight: str) -> FT2Font:
    font = FT2Font(str(FilePath(get_data_path(), "fonts", "ttf", _FILES[weight])))
    font.set_size(_SIZE, 72)
    return font
