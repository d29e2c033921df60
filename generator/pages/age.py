"""How old a page's record is, and which newer runtimes it could be measured with.

A page must be the same for the same input, and an age is not: so the page says the record's date, the reader's browser
says the age (theme/assets/js/age.js), and where the build was told a date, in SOURCE_DATE_EPOCH, it says the age in
whole months as of then, for readers without scripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from generator.core.record import Record
from generator.results.freshness import newer, pinned
from generator.words import markdown
from generator.words.markdown import Markdown, html_text
from generator.words.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Today:
    """What a record's age is told by."""

    now: datetime | None = None
    """The day of the build, where somebody has said it."""

    available: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Versions that the constraints pin, by package."""


UNTOLD = Today()
"""Nobody has said it: pages tell dates alone."""


def freshness(record: Record, today: Today, phrases: Phrases) -> Markdown:
    """When the record was made, its age, and what newer runtimes there are, as one paragraph."""
    date = phrases.write("fresh.date", date=phrases.language.date(record.finished_at.date()))
    return Markdown(" ").join([date, _age(record, today, phrases), *_runtimes(record, today, phrases)])


def _age(record: Record, today: Today, phrases: Phrases) -> Markdown:
    """What the script puts the age into; with the age on the day of the build, where that is known."""
    text = ""
    if today.now is not None:
        months = _whole_months(record.finished_at, today.now)
        age = phrases.say("count.months", n=months) if months else phrases.say("fresh.young")
        text = phrases.say("fresh.age_built", age=age)
    words = phrases.say("fresh.age", age="{age}")
    moment = record.finished_at.isoformat()
    return Markdown(
        f'<span class="age" data-since="{html_text(moment)}" data-words="{html_text(words)}">{html_text(text)}</span>'
    )


def _whole_months(since: datetime, now: datetime) -> int:
    """Months of the calendar that have passed."""
    now = now.astimezone(since.tzinfo)
    months = 12 * (now.year - since.year) + now.month - since.month
    return max(0, months - (now.day < since.day))


def _runtimes(record: Record, today: Today, phrases: Phrases) -> Iterator[Markdown]:
    if found := newer(record, today.available):
        listed = phrases.language.listing(
            [phrases.say("fresh.newer_one", name=n.package, new=n.available, old=n.measured) for n in found]
        )
        command = markdown.code(f"python -m generator measure {record.measurement}")
        yield phrases.write("fresh.newer", listed=listed, command=command)
    elif pinned(record, today.available):
        yield phrases.write("fresh.newest")
