"""Numbers look as each language writes them, whatever they are."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from generator.results.estimate import Estimate, Interval
from generator.words.language import Language, decimals_of, ratio_decimals

RU, EN = Language.RU, Language.EN
NBSP = "\u00a0"


def estimate(point: float, low: float, high: float) -> Estimate:
    return Estimate(point, Interval(low, high), 8)


@pytest.mark.parametrize(
    ("value", "ru", "en"),
    [
        (1.5649, "1,56", "1.56"),
        (4.0, "4,00", "4.00"),
        (9.996, "10,0", "10.0"),
        (12.34, "12,3", "12.3"),
        (1234.5, f"1{NBSP}234", "1,234"),
        (0.00123, "0,00123", "0.00123"),
        (-2.5, "−2,50", "−2.50"),
        (0, "0", "0"),
        (0.0000014981, "1,50·10⁻⁶", f"1.50{NBSP}×{NBSP}10⁻⁶"),
        (-0.00002, "−2,00·10⁻⁵", f"−2.00{NBSP}×{NBSP}10⁻⁵"),
    ],
)
def test_a_number_has_three_significant_digits(value: float, ru: str, en: str) -> None:
    assert (RU.number(value), EN.number(value)) == (ru, en)


@given(st.floats(-1e12, 1e12, allow_subnormal=False), st.integers(0, 6))
def test_digits_are_grouped_as_babel_groups_them(value: float, decimals: int) -> None:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    for language in Language:
        shown = language.decimal(abs(value), decimals)
        rounded = Decimal(repr(abs(value))).quantize(Decimal(1).scaleb(-decimals)) if decimals else round(abs(value))
        assert shown == format_decimal(rounded, pattern, locale=language.locale)


def test_nothing_is_minus_zero() -> None:
    """A change of -0.04 points is shown as 0.0, not as a loss."""
    assert RU.decimal(-0.04, 1) == "0,0"
    assert EN.points(-0.0004) == f"0.0{NBSP}percentage{NBSP}points"


@pytest.mark.parametrize(
    ("value", "decimals", "ru"),
    [
        (1.56, 2, "в 1,56 раза"),
        (4.0, 2, "в 4,00 раза"),
        (2, 0, "в 2 раза"),
        (4, 0, "в 4 раза"),
        (5, 0, "в 5 раз"),
        (11, 0, "в 11 раз"),
        (21, 0, "в 21 раз"),
        (22, 0, "в 22 раза"),
        (100, 0, "в 100 раз"),
    ],
)
def test_russian_times_agree_with_the_number_shown(value: float, decimals: int, ru: str) -> None:
    assert RU.times(value, decimals).replace(NBSP, " ") == ru


def test_a_ratio_with_its_interval() -> None:
    found = estimate(1.5612, 1.5288, 1.5937)
    assert RU.times_estimate(found) == f"в{NBSP}1,56{NBSP}раза [1,53;{NBSP}1,59]"
    assert EN.times_estimate(found) == f"1.56× [1.53,{NBSP}1.59]"
    assert RU.factor_estimate(found) == f"×1,56{NBSP}[1,53;{NBSP}1,59]"


@pytest.mark.parametrize(
    ("found", "decimals"),
    [
        (estimate(1.56, 1.53, 1.59), 2),
        (estimate(3.5, 3.3, 3.7), 1),
        (estimate(6.2, 4.2, 9.2), 1),
        (estimate(1.601, 1.592, 1.610), 2),
        (estimate(0.052, 0.051, 0.053), 3),
        (estimate(1.011, 1.002, 1.020), 3),
        (estimate(1.004, 0.995, 1.013), 2),
        (estimate(2.0, 2.0, 2.0), 2),
    ],
    ids=["usual", "wide", "very wide", "narrow", "small", "end near 1", "holds 1", "no width"],
)
def test_a_ratio_has_the_digits_that_its_interval_deserves(found: Estimate, decimals: int) -> None:
    assert ratio_decimals(found) == decimals


@given(st.floats(0.05, 50), st.floats(1.005, 1.5))
def test_rounding_never_moves_an_end_onto_one(point: float, width: float) -> None:
    """A reader who sees [1.00, 1.02] beside "faster" would see a contradiction."""
    found = estimate(point, point / width, point * width)
    decimals = ratio_decimals(found)
    if not found.interval.contains(1.0) and decimals < 4:
        assert round(found.interval.low, decimals) != 1
        assert round(found.interval.high, decimals) != 1


@given(st.floats(1e-6, 1e9), st.integers(1, 5))
def test_significant_digits_survive_rounding(value: float, significant: int) -> None:
    decimals = decimals_of(value, significant)
    digits = re.sub(r"\D", "", f"{value:.{decimals}f}").lstrip("0")
    assert len(digits) >= significant or (decimals == 0 and value < 10)


@pytest.mark.parametrize(
    ("ns", "ru", "en"),
    [
        (812, "812 нс", "812 ns"),
        (999.7, "1,00 мкс", "1.00 µs"),
        (4_000_000, "4,00 мс", "4.00 ms"),
        (1_200_000_000, "1,20 с", "1.20 s"),
        (180_000_000_000, "180 с", "180 s"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(ns: float, ru: str, en: str) -> None:
    assert RU.duration(ns) == ru.replace(" ", NBSP)
    assert EN.duration(ns) == en.replace(" ", NBSP)


def test_a_spread_is_in_one_unit_and_alike_in_decimals() -> None:
    assert RU.duration_spread(10.1e6, 9.72e6, 10.66e6) == f"10,1{NBSP}мс (9,7–10,7)"
    assert EN.duration_spread(999e6, 980e6, 1010e6) == f"999{NBSP}ms (980–1,010)"
    assert RU.duration_spread(4e6, 4e6, 4e6) == f"4,00{NBSP}мс"


def test_percent_and_points_are_told_apart() -> None:
    assert RU.percent(0.781) == f"78,1{NBSP}%"
    assert EN.percent(0.781) == "78.1%"
    assert RU.points(-0.008) == f"−0,8{NBSP}п.{NBSP}п."
    assert RU.points(0.008, signed=False) == f"0,8{NBSP}п.{NBSP}п."
    assert RU.points_interval(Interval(-0.019, 0.003)) == f"[−1,9;{NBSP}+0,3]{NBSP}п.{NBSP}п."
    assert RU.points_cell(estimate(0.004, -0.01, 0.019)) == f"+0,4 [−1,0;{NBSP}+1,9]"


def test_a_bound_is_rounded_up() -> None:
    """To say "within ±2.0 %" of an interval that reaches 2.04 % would be false."""
    assert RU.plus_minus(0.0204) == f"±2,1{NBSP}%"
    assert EN.plus_minus(0.02) == "±2.0%"


def test_sizes_dates_lists() -> None:
    assert RU.size(18_600_000) == f"18,6{NBSP}МБ"
    assert EN.size(512) == f"512{NBSP}B"
    assert EN.size(999_900) == f"1.00{NBSP}MB"
    assert RU.date(date(2026, 11, 23)) == f"23{NBSP}ноября{NBSP}2026\u202fг."
    assert EN.date(date(2026, 11, 23)) == f"23{NBSP}November{NBSP}2026"
    assert RU.listing(["p90", "p95", "p99"]) == f"p90, p95 и{NBSP}p99"
    assert EN.listing(["p90"]) == "p90"


@given(st.floats(1e-3, 1e12))
def test_no_number_breaks_from_its_unit(value: float) -> None:
    """Between a number and its unit stands a no-break space, never a plain one."""
    for language in Language:
        for text in (language.duration(value), language.size(value), language.percent(value / 1e12)):
            assert " " not in text


def test_typesetting_holds_dashes_and_units() -> None:
    assert RU.typeset("Цена — 8 бит, 99 % точности") == f"Цена{NBSP}— 8{NBSP}бит, 99{NBSP}% точности"
    assert RU.typeset("±1,5 % из 1 634 строк") == f"±1,5{NBSP}% из 1 634{NBSP}строк"
    assert RU.typeset("за 5, против 1.") == "за 5, против 1."
    assert EN.typeset("8 bits — no") == "8 bits — no"


def test_a_name_that_ends_in_digits_holds_nothing() -> None:
    """What stands in a chart's or a page's way is a line that cannot be broken."""
    for name in ("fp32", "AVX2", "H200", "0.11.1", "x86-64", "MobileNet-V2"):
        assert RU.typeset(f"{name} быстрее") == f"{name} быстрее"
