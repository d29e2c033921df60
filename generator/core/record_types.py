"""What a record's numbers and words may be, in their units; and what all of its parts are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

Line = Annotated[str, StringConstraints(max_length=1000)]
"""One line of text; pages escape it."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]

Latency = Annotated[int, Field(gt=0, le=86_400_000_000_000)]
"""Nanoseconds; zero, negative and longer than a day are no latencies."""

BleuCounts = Annotated[tuple[Count, ...], Field(min_length=10, max_length=10)]
"""Of one translation: its n-grams of 1, 2, 3 and 4 words that the right one has too, all its n-grams of these lengths,
its words, and the right one's words."""

Unit = Annotated[str, StringConstraints(pattern=r"^([a-z]+(-[a-z]+)*)?$", max_length=40)]
"""Key of a unit's phrase: megawatt, celsius, percent; nothing for shares and bare numbers."""

NanoSeconds = Annotated[int, Field(ge=0, le=31_536_000_000_000_000)]
Fraction = Annotated[float, Field(ge=0, le=1)]

Value = Annotated[float, Field(ge=-1e39, le=1e39)]
"""What a metric says of a sample: anything that 32 bits can hold, so that no sum of them overflows."""

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


class RecordPart(BaseModel):
    """Something that a record is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


Joules = Annotated[float, Field(ge=0, le=1e15)]
Watts = Annotated[float, Field(ge=0, le=1e7)]
