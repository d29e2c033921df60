"""Letters that are measured one by one stand where matplotlib would put them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath, text_to_path

from generator.draw import font

TEXTS = ("ONNX Runtime int8 (статическое)", "×2,0 [1,9; 2,1]", "Тула AVATAR Wo.", "— 0,5 мкс", " ")


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_as_wide_as_matplotlib_says(text: str, weight: str) -> None:
    known = FontProperties(family="DejaVu Sans", size=9.5, weight=weight)
    width = text_to_path.get_text_width_height_descent(text, known, ismath=False)[0]
    assert font.text_width(text, 9.5, weight) / font.SLACK == pytest.approx(width, abs=0.02)


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("text", TEXTS[:-1])
def test_outlines_are_matplotlib_s(text: str, weight: str) -> None:
    known = TextPath((0, 0), text, prop=FontProperties(family="DejaVu Sans", size=9.5, weight=weight))
    made = font.outline(text, 9.5, weight)
    assert np.abs(made.vertices - known.vertices).max() < 0.02
    assert list(made.codes) == list(known.codes)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "日本", "\u0301"])
def test_nothing_and_letters_that_the_font_lacks_are_no_error(text: str) -> None:
    assert font.text_width(text, 9.5) >= 0
    assert len(font.outline(text, 9.5).vertices) >= 0  # type: ignore[arg-type]
