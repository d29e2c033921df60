"""Addresses from titles."""

from __future__ import annotations

import pytest

from generator.site.slug import slug


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Как мы измеряем", "kak-my-izmeryaem", id="russian"),
        pytest.param("Ещё щётка: объём, съезд", "eshche-shchetka-obem-sezd", id="hard letters"),
        pytest.param("How we measure", "how-we-measure", id="english"),
        pytest.param("Café, naïve", "cafe-naive", id="accents"),
        pytest.param("  p99 ≤ 15 мс!  ", "p99-15-ms", id="figures and signs"),
        pytest.param("и\N{COMBINING BREVE}од", "yod", id="decomposed letter"),
        pytest.param("≤≥", "section", id="nothing left"),
    ],
)
def test_slug_is_lower_case_ascii(title: str, expected: str) -> None:
    """An address is readable ASCII whatever the title's language, and never empty."""
    assert slug(title) == expected


def test_slug_takes_the_separator_that_markdown_asks_for() -> None:
    """Python-Markdown passes its own separator."""
    assert slug("a b", "_") == "a_b"
