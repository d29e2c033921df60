"""Numbers, units and dates as each language writes them.

Everything a reader sees passes through here, so that a Russian page has decimal commas, no-break spaces and the right
plural without anybody thinking of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

if TYPE_CHECKING:  # a process that only draws charts has no need of SciPy
    from generator.results.estimate import Estimate, Interval

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
RANGE = "\N{EN DASH}"
DASH = "\N{EM DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"

_BEFORE_UNIT = re.compile(rf"(?<![\w.,{NO_BREAK}-])(\d+(?:[,{NO_BREAK}]\d+)*) (?=[а-яё%])")
"""A number, and the blank between it and a Russian word: what is counted does not go to the next line alone.

A name that ends in digits (fp32, AVX2, 0.11.1) counts nothing.
"""

SMALLEST_PLAIN = 1e-4
"""Below it a number is written with a power of ten: nobody counts zeros."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

MOST_DECIMALS = 4
"""No measured ratio here deserves more digits after the point."""


_LOCALES = {"ru": Locale.parse("ru_RU"), "en": Locale.parse("en_GB")}

_SIGNS = {
    name: str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})
    for name, locale in _LOCALES.items()
}
"""Python's signs between digits to the language's: Babel takes seven times as long, and a site has 80,000 numbers."""


class Language(StrEnum):
    """A language that the site is published in; the value is its code in addresses."""

    RU = "ru"
    EN = "en"

    @property
    def code(self) -> Literal["ru", "en"]:
        """The code, as a literal."""
        return "ru" if self is Language.RU else "en"

    @property
    def locale(self) -> Locale:
        """Babel's locale; British English, as the texts are."""
        return _LOCALES[self.value]

    def number(self, value: float, significant: int = 3) -> str:
        """A number with this many significant digits: "4,00", "12,3", "1 234", "1,50·10⁻⁶"."""
        if 0 < abs(value) < SMALLEST_PLAIN:
            exponent = math.floor(math.log10(abs(value)))
            mantissa = self.decimal(value / 10.0**exponent, significant - 1)
            times = "·" if self is Language.RU else f"{NO_BREAK}{TIMES}{NO_BREAK}"
            return f"{mantissa}{times}10{str(exponent).translate(_SUPERSCRIPT)}"
        return self.decimal(value, decimals_of(value, significant))

    def decimal(self, value: float, decimals: int) -> str:
        """A number with this many digits after the point; a true minus, and none before a zero."""
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals)) if decimals else Decimal(round(value))
        text = f"{abs(rounded):,f}".translate(_SIGNS[self.value])
        return MINUS + text if rounded < 0 else text

    def plural(self, value: float | Decimal) -> str:
        """CLDR's plural form of a number as it is shown: one, few, many or other."""
        return self.locale.plural_form(value if isinstance(value, Decimal) else Decimal(str(value)))

    def factor(self, value: float, decimals: int | None = None) -> str:
        """A ratio as charts and tables show it: "×1,56" or "1.56×"."""
        digits = self.decimal(value, decimals) if decimals is not None else self.number(value)
        return f"{TIMES}{digits}" if self is Language.RU else f"{digits}{TIMES}"

    def times(self, value: float, decimals: int | None = None) -> str:
        """A ratio in prose: "в 1,56 раза", "в 5 раз"; "1.56×"."""
        if self is Language.EN:
            return self.factor(value, decimals)
        decimals = decimals_of(value, 3) if decimals is None else decimals
        shown = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals))
        word = {"one": "раз", "few": "раза", "many": "раз"}.get(self.plural(shown), "раза")
        return f"в{NO_BREAK}{self.decimal(value, decimals)}{NO_BREAK}{word}"

    def interval(self, interval: Interval, decimals: int, scale: float = 1.0) -> str:
        """A confidence interval: "[1,53; 1,59]" or "[1.53, 1.59]"."""
        low, high = (self.decimal(end * scale, decimals) for end in (interval.low, interval.high))
        return f"[{low}{self._between()}{high}]"

    def _between(self) -> str:
        return f";{NO_BREAK}" if self is Language.RU else f",{NO_BREAK}"

    def factor_range(self, low: float, high: float) -> str:
        """Two ratios as a range, as precisely as a bar shows them: "×0,97–1,16", "1.7–15×"."""
        ends = dict.fromkeys(self.decimal(one, 2 if one < 2 else 1 if one < 10 else 0) for one in (low, high))
        digits = RANGE.join(ends)
        return f"{TIMES}{digits}" if self is Language.RU else f"{digits}{TIMES}"

    def factor_estimate(self, estimate: Estimate) -> str:
        """A ratio with its interval, for charts and tables: "×1,56 [1,53; 1,59]"."""
        decimals = ratio_decimals(estimate)
        return f"{self.factor(estimate.point, decimals)}{NO_BREAK}{self.interval(estimate.interval, decimals)}"

    def times_estimate(self, estimate: Estimate) -> str:
        """A ratio with its interval, in prose: "в 1,56 раза [1,53; 1,59]"."""
        decimals = ratio_decimals(estimate)
        return f"{self.times(estimate.point, decimals)} {self.interval(estimate.interval, decimals)}"

    def percent(self, share: float, decimals: int = 1) -> str:
        """A share as a percentage: "78,1 %" in Russian, "78.1%" in English."""
        return self.decimal(100 * share, decimals) + self._percent_sign()

    def signed_percent(self, share: float) -> str:
        """A relative difference: "+2 %", "−0,5 %", "0 %"."""
        return (
            self._signed(100 * share, 0 if abs(100 * share - round(100 * share)) < 1e-6 else 1) + self._percent_sign()
        )

    def percent_estimate(self, estimate: Estimate, decimals: int = 1) -> str:
        """A share with its interval: "78,1 % [76,0; 80,1]"."""
        return f"{self.percent(estimate.point, decimals)} {self.interval(estimate.interval, decimals, 100)}"

    def _percent_sign(self) -> str:
        return f"{NO_BREAK}%" if self is Language.RU else "%"

    def plus_minus(self, share: float) -> str:
        """A bound on a relative change, rounded up so that it stays true: "±2,1 %"."""
        return f"±{self.decimal(math.ceil(share * 1000 - 1e-9) / 10, 1)}{self._percent_sign()}"

    @property
    def points_unit(self) -> str:
        """What differences of shares are counted in."""
        return f"п.{NO_BREAK}п." if self is Language.RU else f"percentage{NO_BREAK}points"

    def points(self, share: float, decimals: int = 1, signed: bool = True) -> str:
        """A difference of two shares: "−0,8 п. п."; unsigned where the words say the direction."""
        text = self._signed(100 * share, decimals) if signed else self.decimal(100 * share, decimals)
        return f"{text}{NO_BREAK}{self.points_unit}"

    def points_interval(self, interval: Interval, decimals: int = 1) -> str:
        """A difference's interval with its unit: "[−1,9; +0,3] п. п."."""
        low, high = (self._signed(100 * end, decimals) for end in (interval.low, interval.high))
        unit = f"п.{NO_BREAK}п." if self is Language.RU else "percentage points"
        return f"[{low}{self._between()}{high}]{NO_BREAK}{unit}"

    def points_cell(self, estimate: Estimate, decimals: int = 1) -> str:
        """A difference of two shares for a column that names the unit: "−0,8 [−1,9; +0,3]"."""
        low, high = (self._signed(100 * end, decimals) for end in (estimate.interval.low, estimate.interval.high))
        return f"{self._signed(100 * estimate.point, decimals)} [{low}{self._between()}{high}]"

    def _signed(self, value: float, decimals: int) -> str:
        text = self.decimal(value, decimals)
        return text if text.startswith(MINUS) or not text.strip("0.,") else f"+{text}"

    def duration(self, nanoseconds: float, significant: int = 3) -> str:
        """A time in the unit that suits it: "812 нс", "4,00 мс", "1,20 с"."""
        scale, unit = self.duration_unit(nanoseconds)
        return f"{self.number(nanoseconds / scale, significant)}{NO_BREAK}{unit}"

    def duration_spread(self, centre_ns: float, low_ns: float, high_ns: float) -> str:
        """A time and the range that it moved in, in one unit and alike in decimals: "10,1 мс (9,7–10,7)"."""
        scale, unit = self.duration_unit(centre_ns)
        decimals = decimals_of(high_ns / scale, 3)
        centre, low, high = (self.decimal(ns / scale, decimals) for ns in (centre_ns, low_ns, high_ns))
        return f"{centre}{NO_BREAK}{unit} ({low}{RANGE}{high})" if low != high else f"{centre}{NO_BREAK}{unit}"

    def duration_unit(self, nanoseconds: float) -> tuple[float, str]:
        """Nanoseconds in the unit that suits a time, and the unit's sign."""
        units = {"ru": ("нс", "мкс", "мс", "с"), "en": ("ns", "µs", "ms", "s")}[self.value]
        # 999.6 ns is shown as 1.00 µs, not as 1 000 ns.
        step = next((i for i in range(3) if nanoseconds < 999.5 * 1000**i), 3)
        return 1000.0**step, units[step]

    def size(self, count: float) -> str:
        """A number of bytes, in decimal units: "18,6 МБ"."""
        units = {"ru": ("Б", "КБ", "МБ", "ГБ", "ТБ"), "en": ("B", "kB", "MB", "GB", "TB")}[self.value]
        step = next((i for i in range(4) if count < 999.5 * 1000**i), 4)
        return f"{self.number(count / 1000**step) if step else self.decimal(count, 0)}{NO_BREAK}{units[step]}"

    def date(self, day: date) -> str:
        """A date in words: "23 ноября 2026 г.", "23 November 2026"."""
        return str(format_date(day, "long", locale=self.locale)).replace(" ", NO_BREAK)

    def typeset(self, text: str) -> str:
        """Text with the spaces that must not break: in Russian before a dash, and between a number and its unit."""
        if self is Language.EN:
            return text
        return _BEFORE_UNIT.sub(rf"\1{NO_BREAK}", text.replace(f" {DASH}", f"{NO_BREAK}{DASH}"))

    def listing(self, words: Sequence[str]) -> str:
        """Words joined as a sentence joins them: "a, b и c", "a, b and c"."""
        if len(words) < 2:
            return "".join(words)
        last = "и" if self is Language.RU else "and"
        return f"{', '.join(words[:-1])} {last}{NO_BREAK}{words[-1]}"


def decimals_of(value: float, significant: int) -> int:
    """Digits after the point that show this many significant ones."""
    if value == 0:
        return 0
    magnitude = math.floor(math.log10(abs(value)))
    # Rounding may carry into the next magnitude: 9.996 with three digits is 10.0.
    if round(abs(value), significant - 1 - magnitude) >= 10 ** (magnitude + 1):
        magnitude += 1
    return max(0, significant - 1 - magnitude)


def ratio_decimals(estimate: Estimate) -> int:
    """Digits after the point that an estimated ratio deserves: the first digit of its half-width, one or two.

    More where the interval would shrink to nothing, or where rounding would pull an end onto 1 and so seem to
    contradict the verdict.
    """
    low, high = estimate.interval.low, estimate.interval.high
    half = (high - low) / 2
    if half <= 0:
        return 2
    decimals = min(2, max(1, -math.floor(math.log10(half))))
    while decimals < MOST_DECIMALS and (half < 0.5 * 0.1**decimals or _seems_one(low, high, decimals)):
        decimals += 1
    return decimals


def _seems_one(low: float, high: float, decimals: int) -> bool:
    excludes = not low <= 1 <= high
    return excludes and any(round(end, decimals) == 1 for end in (low, high))
