"""The calculator in a browser: the reader's price, the page's rates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Visit

pytestmark = pytest.mark.slow

Open = Callable[..., Visit]
PAGE = "measurements/quantization-image/"


def number(text: str) -> float:
    """A number as either language writes it."""
    found = re.match(r"[\d\s,.]+", text)
    assert found, text
    return float(re.sub(r"\s", "", found[0]).replace(",", "."))


def filled(page: Any, **values: str) -> Any:
    form = page.locator(".calculator form").first
    for name, value in values.items():
        form.locator(f"input[name={name}]").fill(value)
    return page.locator(".calculator").first


@pytest.mark.parametrize("base", ["", "en/"])
def test_a_million_samples_cost_price_over_rate(visit: Open, base: str) -> None:
    """Price / (rate x 3600 s x utilisation) x a million, for every row, between what its slowest and fastest block cost."""
    calculator = filled(visit(base + PAGE).page, price="0,9", utilisation="50")
    for row in calculator.locator("tbody tr").all():
        rate = float(row.get_attribute("data-rate"))
        shown = row.locator("[data-cell=million]").inner_text()
        assert number(shown) == pytest.approx(0.9 / 3600 / 0.5 / rate * 1e6, rel=0.006)
        low, high = (number(part) for part in re.findall(r"[\d,.\s]+", shown.partition("(")[2]))
        assert low <= number(shown) <= high
    assert ("." in shown) is (base == "en/"), "the decimal sign is the language's"


@pytest.mark.parametrize(
    ("base", "typed", "samples"),
    [("", "1 000 000 000", 1e9), ("en/", "1,000,000,000", 1e9), ("en/", "2000", 2000.0)],
)
def test_a_months_load_takes_whole_machines(visit: Open, base: str, typed: str, samples: float) -> None:
    """A machine is rented whole, and the month's price is that of the machines, not of the samples."""
    calculator = filled(visit(base + PAGE).page, price="2", samples=typed)
    for row in calculator.locator("tbody tr").all():
        rate = float(row.get_attribute("data-rate"))
        machines = -(-samples // (rate * 3600 * 730))
        assert number(row.locator("[data-cell=machines]").inner_text().replace(",", "")) == machines
        month = row.locator("[data-cell=month]").inner_text()
        assert number(month.replace(",", "") if base else month) == pytest.approx(machines * 730 * 2, rel=0.006)


def test_nothing_is_filled_in_before_the_reader_types(visit: Open) -> None:
    """No price is invented: neither in the field nor in the table."""
    page = visit(PAGE).page
    assert page.locator("input[name=price]").first.input_value() == ""
    assert page.locator("[data-cell]:visible").count() == 0
    assert page.locator(".calculator__answer").first.inner_text() == ""


@pytest.mark.parametrize("typed", ["abc", "-1", "0", "1e3", "<img src=x onerror=alert(1)>"])
def test_what_is_no_price_is_refused(visit: Open, typed: str) -> None:
    """The field is marked, the error is told to screen readers, and no cost is shown."""
    page = visit(PAGE).page
    filled(page, price=typed)
    assert page.locator("input[name=price]").first.get_attribute("aria-invalid") == "true"
    assert page.locator(".calculator__error[role=alert]").first.is_visible()
    assert page.locator("[data-cell]:visible").count() == 0


def test_only_variants_that_keep_their_quality_are_called_cheapest(visit: Open) -> None:
    """The sentence names the cheapest row among those that count."""
    calculator = filled(visit(PAGE).page, price="1")
    costs = {
        row.locator("th").inner_text(): number(row.locator("[data-cell=million]").inner_text())
        for row in calculator.locator("tbody tr[data-counts]").all()
    }
    assert min(costs, key=lambda title: costs[title]) in calculator.locator(".calculator__answer").inner_text()


def test_without_javascript_the_rates_stand_alone(visit: Open) -> None:
    """The formula and the measured rates are there; a form that could do nothing is not."""
    page = visit(PAGE, java_script_enabled=False).page
    assert page.locator(".calculator tbody tr").count() >= 2
    assert page.locator(".calculator form").first.is_hidden()
    assert "3600" in page.locator("#price + p").inner_text()
