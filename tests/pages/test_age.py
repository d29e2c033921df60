"""A page says when its record was made and what could be newer; it is the same bytes on every day."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from generator.pages.age import UNTOLD, Today, freshness
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

FINISHED = imaginary.record().finished_at
"""23 November 2026."""


def told(language: Language, today: Today) -> str:
    """The paragraph as a reader without scripts sees it."""
    text = str(freshness(imaginary.record(), today, phrases(language)))
    return re.sub(r"\s+", " ", re.sub(r"<span[^>]*>|</span>", "", text)).replace("\u00a0", " ").strip()


def test_without_a_date_of_the_build_the_page_tells_the_record_s_date_alone() -> None:
    assert told(Language.RU, UNTOLD) == "Запись сделана 23 ноября 2026 г."
    assert told(Language.EN, UNTOLD) == "The record was made on 23 November 2026."


AGES = [
    (datetime(2026, 11, 20, tzinfo=UTC), "меньше месяца", "less than a month"),
    (datetime(2026, 12, 22, tzinfo=UTC), "меньше месяца", "less than a month"),
    (datetime(2026, 12, 23, tzinfo=UTC), "1 месяц", "1 month"),
    (datetime(2027, 1, 23, tzinfo=UTC), "2 месяца", "2 months"),
    (datetime(2027, 4, 30, tzinfo=UTC), "5 месяцев", "5 months"),
    (datetime(2028, 8, 23, tzinfo=UTC), "21 месяц", "21 months"),
]


@pytest.mark.parametrize(("now", "russian", "english"), AGES, ids=[f"{row[0]:%Y-%m-%d}" for row in AGES])
def test_the_age_on_the_day_of_the_build_is_in_whole_months(now: datetime, russian: str, english: str) -> None:
    assert told(Language.RU, Today(now)).endswith(f"На день сборки сайта ей {russian}.")
    assert told(Language.EN, Today(now)).endswith(f"When the site was built, it was {english} old.")


def test_newer_runtimes_are_named_with_the_command_that_measures_again() -> None:
    today = Today(None, {"onnxruntime": "1.33.1", "torch": "2.13.0", "openvino": "2027.1"})
    for language, sentence in (
        (
            Language.RU,
            "Эта сборка сайта знает версии новее: onnxruntime 1.33.1 (измерено с 1.32.0) и torch 2.13.0",
        ),
        (
            Language.EN,
            "This build of the site knows newer versions: onnxruntime 1.33.1 (measured with 1.32.0) and torch 2.13.0",
        ),
    ):
        text = told(language, today)
        assert sentence in text
        assert "<code>python -m generator measure quantization-image</code>" in text


def test_that_nothing_is_newer_is_said_where_it_is_known() -> None:
    assert "Более новых сред" in told(Language.RU, Today(None, {"onnxruntime": "1.32.0"}))
    assert "no newer runtimes" not in told(Language.EN, Today(None, {"openvino": "2027.1"}))


def test_the_browser_is_given_what_it_needs() -> None:
    text = str(freshness(imaginary.record(), UNTOLD, phrases(Language.RU)))
    assert f'data-since="{FINISHED.isoformat()}"' in text
    assert 'data-words="На сегодня ей {age}."' in text.replace("\u00a0", " ")
