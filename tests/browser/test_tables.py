"""Tables that a reader sorts, with a mouse or a keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Visit

pytestmark = pytest.mark.slow


def test_a_column_is_sorted_by_value_and_not_by_text(visit: Callable[..., Visit]) -> None:
    """Press, press again: ascending, descending, by the values behind the cells; the heading says which, in ARIA too."""
    page = visit("measurements/quantization-image/").page
    table = page.locator("#results ~ * table:has(button.sort), #results ~ table:has(button.sort)").first
    button = table.locator("thead button.sort").nth(2)
    cell = "tr => [...tr.cells].filter(c => c.dataset.sort).map(c => Number(c.dataset.sort))[1]"
    for key, direction in (("Enter", "ascending"), ("Space", "descending")):
        button.focus()
        page.keyboard.press(key)
        values = [row.evaluate(cell) for row in table.locator("tbody tr").all()]
        there = [value for value in values if value is not None]
        assert len(there) >= 2
        assert there == sorted(there, reverse=direction == "descending")
        assert values[: len(there)] == there, "rows without a value stay last"
        assert button.locator("xpath=..").get_attribute("aria-sort") == direction
    assert table.locator("[aria-sort]").count() == 1
