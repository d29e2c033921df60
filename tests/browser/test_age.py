"""How old a record is: the page is the same every day, the reader's browser knows the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from .conftest import Visit

pytestmark = pytest.mark.slow

AGES = [
    ("", timedelta(days=100), "На сегодня ей 3 месяца."),
    ("", timedelta(days=5, hours=1), "На сегодня ей 5 дней."),
    ("en/", timedelta(days=100), "Today it is 3 months old."),
    ("en/", timedelta(days=1, hours=1), "Today it is 1 day old."),
    ("en/", timedelta(hours=1), ""),
]


@pytest.mark.parametrize(("language", "age", "expected"), AGES, ids=["ru-months", "ru-days", "months", "day", "hour"])
def test_the_age_is_that_of_the_day_of_reading(
    visit: Callable[..., Visit], language: str, age: timedelta, expected: str
) -> None:
    page = visit(f"{language}measurements/quantization-image/").page
    since = datetime.fromisoformat(page.locator(".age").first.get_attribute("data-since") or "")
    page.clock.set_fixed_time(since + age)
    page.reload(wait_until="load")
    assert (page.locator(".age").first.text_content() or "").replace("\u00a0", " ") == expected
