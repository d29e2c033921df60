"""Colours and marks of charts: the same variant looks the same in every chart of its page.

Charts are drawn in the light colours of the site's palette.css; where the page can recolour them, they are replaced
by the variables of the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from generator.core.definition import Precision
from generator.core.errors import PublishError

PALETTE_FILE = Path(__file__).parents[1] / "site" / "theme" / "assets" / "css" / "palette.css"

MARKERS: Mapping[Precision, str] = MappingProxyType(
    {
        Precision.FP32: "o",
        Precision.TF32: "P",
        Precision.BF16: "D",
        Precision.FP16: "^",
        Precision.INT8: "s",
        Precision.INT4: "v",
    }
)
"""Shape of a mark: the number format, on every page."""

SERIES = tuple(f"c{index}" for index in range(8))


@dataclass(frozen=True, slots=True)
class Palette:
    """One scheme's colours by variable name without its dashes: "fg", "c0"."""

    colours: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    def series(self, index: int) -> str:
        """Colour of the index-th variant; they repeat after eight."""
        return self.colours[SERIES[index % len(SERIES)]]


@cache
def light() -> Palette:
    """Colours on a light ground."""
    return _parsed(_sheet().partition("@media")[0])


@cache
def dark() -> Palette:
    """Colours on a dark ground."""
    return _parsed(_sheet().partition("@media")[2])


def _sheet() -> str:
    return PALETTE_FILE.read_text("utf-8")


def _parsed(css: str) -> Palette:
    found = dict(re.findall(r"--c-?([a-z]+|\d)\s*:\s*(#[0-9a-f]{6})\b", css))
    colours = {f"c{name}" if name.isdigit() else name: colour for name, colour in found.items()}
    wanted = {"bg", "fg", "muted", "grid", *SERIES}
    if missing := wanted - colours.keys():
        raise PublishError(PALETTE_FILE.name, f"no colour {', '.join(sorted(missing))}", "Write it as --c0: #0072b2;")
    if len(set(colours.values())) != len(colours):
        # A colour that two names share could not be turned back into its variable.
        raise PublishError(
            PALETTE_FILE.name, "two variables of one scheme have the same colour", "Change one slightly."
        )
    return Palette(MappingProxyType(colours))
