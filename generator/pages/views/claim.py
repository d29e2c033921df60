"""A judged sentence of the post, with the numbers that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from generator.cited.claim import Judged, Missing, Ours, Stance, Theirs
from generator.cited.pair import Library
from generator.pages.sentences import localized
from generator.pages.views.published_figure import FigureView
from generator.pages.views.ratio import RatioView
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases


@dataclass(frozen=True)
class ClaimView:
    """A sentence of the post, judged."""

    judged: Judged
    records: Library
    phrases: Phrases

    @property
    def name(self) -> str:
        """Its id."""
        return self.judged.claim.id

    @property
    def text(self) -> str:
        """The sentence."""
        return localized(self.judged.claim.text, self.phrases.language)

    @property
    def section(self) -> str:
        """Where in the post it stands."""
        return self.phrases.of("post", self.judged.claim.section)

    @property
    def metric(self) -> str:
        """What it is about."""
        return self.phrases.of("claim_metric", self.judged.claim.metric)

    @property
    def verdict(self) -> str:
        """supported, contradicted, depends, open or not_measurable."""
        return str(self.judged.verdict)

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return self.phrases.of("claim_verdict", self.judged.verdict)

    @property
    def lower(self) -> str:
        """The verdict for the middle of a sentence."""
        return self.word[:1].lower() + self.word[1:]

    @property
    def style(self) -> str:
        """CSS class of the verdict."""
        return {"supported": "verdict--faster", "contradicted": "verdict--slower"}.get(
            self.verdict, "verdict--cannot-tell"
        )

    @property
    def tally(self) -> str:
        """How many of its numbers reach what it says; empty where it has none."""
        judged = self.judged
        every = len(judged.ours) + len(judged.theirs)
        if not every:
            return self.phrases.say("claim.no_numbers") if judged.missing else ""
        values = {"reached": judged.count(Stance.REACHES), "missed": judged.count(Stance.MISSES)}
        return self.phrases.say("claim.tally", n=every, open=judged.count(Stance.OPEN), **values)

    @property
    def reached(self) -> str:
        """Numbers that reach what it says."""
        return self.phrases.language.decimal(self.judged.count(Stance.REACHES), 0)

    @property
    def numbers(self) -> str:
        """Numbers that it is judged by."""
        return self.phrases.language.decimal(len(self.judged.ours) + len(self.judged.theirs), 0)

    @property
    def open(self) -> str:
        """Numbers that do not decide."""
        return self.phrases.language.decimal(self.judged.count(Stance.OPEN), 0)

    @property
    def depends(self) -> str:
        """What it depends on; empty where it does not depend."""
        text = self.judged.claim.depends
        return localized(text, self.phrases.language) if text and self.verdict == "depends" else ""

    @property
    def held(self) -> str:
        """What its numbers hold fixed."""
        return localized(self.judged.claim.held, self.phrases.language) if self.judged.claim.held else ""

    @property
    def note(self) -> str:
        """What else is to be known."""
        return localized(self.judged.claim.note, self.phrases.language) if self.judged.claim.note else ""

    @property
    def sources(self) -> list[Markdown]:
        """Addresses that the note rests on, linked."""
        return [markdown.link(one.removeprefix("https://"), one) for one in self.judged.claim.sources]

    @property
    def ours(self) -> Markdown:
        """Our ratios and what each says, as a table; nothing where there are none."""
        rows = [self._our_row(one) for one in self.judged.ours]
        return self._table("claim.ours", rows)

    @property
    def theirs(self) -> Markdown:
        """Published figures and what each says, as a table of their own; nothing where there are none."""
        rows = [self._their_row(one) for one in self.judged.theirs]
        return self._table("claim.theirs", rows)

    @property
    def missing(self) -> Markdown:
        """Ratios that nobody has measured yet, and why; nothing where there are none."""
        if not self.judged.missing:
            return Markdown("")
        names = Markdown("; ").join(self._missing(one) for one in self.judged.missing)
        return self.phrases.write("claim.missing", names=names)

    def _missing(self, one: Missing) -> Markdown:
        view = RatioView(one.pick, one.absence, self.records, self.phrases)
        return Markdown("{} ({})").format(view.link, view.reason)

    def _our_row(self, one: Ours) -> list[str]:
        view = RatioView(one.pick, one.pair, self.records, self.phrases)
        stance = self.phrases.of("stance", one.stance)
        return [view.link, view.factor, stance if view.counts else f"{stance}: {self.phrases.say('cited.gate_failed')}"]

    def _their_row(self, one: Theirs) -> list[str]:
        view = FigureView(one.figure, self.phrases)
        return [view.link, view.observed, self.phrases.of("stance", one.stance)]

    def _table(self, title: str, rows: list[list[str]]) -> Markdown:
        if not rows:
            return Markdown("")
        say = self.phrases.say
        return markdown.table([say(title), say("column.ratio"), say("column.stance")], rows, (1,))
