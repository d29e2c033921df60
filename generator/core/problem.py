"""One thing to mend: what is wrong, what to do about it, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Location = tuple[str | int, ...]
"""Keys and indices from the outermost value of a file inwards: ("variants", 1, "runtime")."""


class Level(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """Nothing of it is published before it is mended."""

    ADVICE = "advice"
    """It may stay, but a reader will ask."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend."""

    reason: str
    """What is wrong, one sentence without its full stop."""

    remedy: str = ""
    """What to do about it, with its full stop; nothing where the reason says it."""

    location: Location = ()
    """Of the value that it is about; empty where it is about the whole file."""

    line: int | None = None
    """From 1; None where the fault is no line's, or its location leads there."""

    file: str = ""
    """Relative to the checkout, with slashes; empty where whoever raises the problem names the file."""

    level: Level = Level.ERROR

    @property
    def text(self) -> str:
        """Reason and remedy, without the place."""
        return f"{self.reason}." + (f" {self.remedy}" if self.remedy else "")

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.text}"
