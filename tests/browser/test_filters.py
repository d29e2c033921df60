"""The list of measurements and the table of published figures: filtered by hand or by address, whole without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Visit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CARDS = ".verdict[data-technology]"
SHOWN = f"{CARDS}:visible"

Open = Callable[..., Visit]


@pytest.mark.parametrize("page", ["measurements/", "en/measurements/"])
def test_a_filter_leaves_what_fits_and_says_how_many(visit: Open, page: str) -> None:
    """Cards that do not fit go, the address keeps the choice, and the reset brings everything back."""
    opened = visit(page).page
    all_cards = opened.locator(CARDS).count()
    opened.select_option("select[name=technology]", "quantization")
    shown = opened.locator(SHOWN)
    assert 0 < shown.count() < all_cards
    words = [shown.nth(i).get_attribute("data-technology").split() for i in range(shown.count())]
    assert all("quantization" in one for one in words)
    assert f"{shown.count()}" in opened.locator("[data-filters-state]").inner_text()
    assert opened.url.endswith("?technology=quantization")
    opened.locator(".filters button").click()
    opened.wait_for_function(f"document.querySelectorAll('{CARDS}[hidden]').length === 0")
    assert opened.url.endswith(page)


def test_an_address_chooses_and_nonsense_in_it_does_not(visit: Open) -> None:
    """A link can lead to a filtered list; a word that is no choice is left alone."""
    opened = visit("measurements/?technology=quantization&verdict=nonsense&other=1").page
    assert opened.locator("select[name=technology]").input_value() == "quantization"
    assert opened.locator("select[name=verdict]").input_value() == ""
    assert opened.locator(SHOWN).count() > 0


def test_without_scripts_the_list_is_whole(visit: Open) -> None:
    """A form that could do nothing is not shown."""
    opened = visit("measurements/", java_script_enabled=False).page
    assert not opened.locator("form.filters").is_visible()
    assert opened.locator(SHOWN).count() == opened.locator(CARDS).count() > 0


@pytest.mark.parametrize("page", ["evidence/", "en/evidence/"])
def test_published_figures_are_filtered_by_what_got_better(visit: Open, page: str) -> None:
    """Two choices at once: what got better, and how the number came about."""
    opened = visit(page).page
    every = opened.locator("#figures tbody tr").count()
    opened.select_option("select[name=metric]", "energy")
    energy = opened.locator("#figures tbody tr:visible").count()
    opened.select_option("select[name=basis]", "measured")
    shown = opened.locator("#figures tbody tr:visible")
    assert 0 < shown.count() < energy < every
    assert {shown.nth(i).get_attribute("data-metric") for i in range(shown.count())} == {"energy"}
