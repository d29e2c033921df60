"""A figure that somebody else published, as articles and the table of such figures cite it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cited.evidence import Figure
from generator.pages.sentences import localized
from generator.words import markdown
from generator.words.language import RANGE, TIMES, Language, decimals_of
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

MONTHS, WEEKS = 12, 52
SHORTEST_IN_MONTHS = 0.2
"""Windows of fewer years are told in weeks."""


@dataclass(frozen=True)
class FigureView:
    """A published figure."""

    figure: Figure
    phrases: Phrases

    @property
    def _language(self) -> Language:
        return self.phrases.language

    @property
    def name(self) -> str:
        """Its id."""
        return self.figure.id

    @property
    def label(self) -> str:
        """What it is of, in a few words."""
        return localized(self.figure.label, self._language)

    @property
    def claim(self) -> str:
        """What the source says, in a sentence."""
        return localized(self.figure.claim, self._language)

    @property
    def held(self) -> str:
        """What was held fixed."""
        return localized(self.figure.held, self._language)

    @property
    def note(self) -> str:
        """What else is to be known; empty where there is nothing."""
        return localized(self.figure.note, self._language) if self.figure.note else ""

    @property
    def factor(self) -> str:
        """The source's own number: "×5,74", "×1,18–1,70"; a dash where it gives none."""
        found = self.figure.range
        if found is None:
            return self.phrases.say("cell.none")
        digits = RANGE.join(dict.fromkeys(self._ends))
        return f"{TIMES}{digits}" if self._language is Language.RU else f"{digits}{TIMES}"

    @property
    def times(self) -> str:
        """The source's number in prose: "в 5,74 раза", "в 1,18–1,70 раза"."""
        found = self.figure.range
        if found is None or self._language is Language.EN:
            return self.factor
        low, high = self._ends
        last = self._language.times(found[1], self._decimals)
        return last if low == high else last.replace(high, f"{low}{RANGE}{high}", 1)

    @property
    def _decimals(self) -> int:
        """Digits after the point that say what the source says: three significant ones at most, no zeros at the end."""
        needed = []
        for value in self.figure.range or ():
            most = decimals_of(value, 3)
            needed.append(next(d for d in range(most + 1) if round(value, d) == round(value, most)))
        return max(needed)

    @property
    def _ends(self) -> tuple[str, str]:
        low, high = self.figure.range or (0.0, 0.0)
        return self._language.decimal(low, self._decimals), self._language.decimal(high, self._decimals)

    @property
    def window(self) -> str:
        """In what time: "за 24 месяца", "в год"; empty for a comparison at one time."""
        years = self.figure.window_years
        if years is None:
            return self.phrases.say("figure.a_year") if self.figure.per_year is not None else ""
        if years < SHORTEST_IN_MONTHS:
            return self.phrases.say("figure.within", time=self.phrases.say("count.weeks", n=round(WEEKS * years)))
        return self.phrases.say("figure.within", time=self.phrases.say("count.months", n=round(MONTHS * years)))

    @property
    def observed(self) -> str:
        """Number and time together: "×5,74 за 24 месяца"."""
        return f"{self.factor} {self.window}".strip()

    @property
    def times_observed(self) -> str:
        """The same in prose: "в 5,74 раза за 24 месяца"."""
        return f"{self.times} {self.window}".strip()

    @property
    def anchor(self) -> str:
        """Of its row on the page of published figures."""
        return self.figure.id.lower()

    @property
    def link(self) -> Markdown:
        """Its label, linked to its row."""
        return markdown.link(self.label, f"../evidence/index.md#{self.anchor}")

    @property
    def cite(self) -> Markdown:
        """Its id, linked to its row: for a sentence that already says what it is of."""
        return markdown.link(self.figure.id, f"../evidence/index.md#{self.anchor}")
