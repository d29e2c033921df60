"""The picture that stands for a page where somebody shares its address (Open Graph)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

WIDTH, HEIGHT = 1200, 630
"""Pixels; the proportion that social networks ask for."""

VERDICT_COLOURS: Mapping[str, str] = MappingProxyType({"verdict--faster": "c2", "verdict--slower": "c1"})
"""Variable of the palette for a verdict's CSS class; any other is grey."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a page's picture says."""

    site: str
    title: str
    answer: str = ""
    conditions: str = ""
    colour: str = "muted"
    """Variable of the palette."""
