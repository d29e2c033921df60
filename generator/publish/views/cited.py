"""What articles cite from anywhere: a ratio of any record, a published figure, a judged sentence of the post."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.analysis.change import quality_change
from generator.analysis.claim import Judged, Missing, Ours, Stance, Theirs
from generator.analysis.pair import Absence, Library, Pair
from generator.analysis.quality import Gate
from generator.evidence import Figure
from generator.publish import markdown
from generator.publish.language import RANGE, TIMES, Language, decimals_of
from generator.publish.markdown import Markdown
from generator.publish.phrases import Phrases
from generator.publish.sentences import Sentences, accuracy_metric, localized
from generator.publish.views.comparison import ComparisonView
from generator.story import Pick

MONTHS, WEEKS = 12, 52
SHORTEST_IN_MONTHS = 0.2
"""Windows of fewer years are told in weeks."""


@dataclass(frozen=True)
class RatioView:
    """Two variants of any measurement, as its published record has them, or why there is no number."""

    pick: Pick
    found: Pair | Absence
    records: Library
    phrases: Phrases

    @property
    def measured(self) -> bool:
        """Whether there is a number."""
        return isinstance(self.found, Pair)

    @cached_property
    def comparison(self) -> ComparisonView | None:
        """The two variants; None where there is no number."""
        if isinstance(self.found, Absence):
            return None
        sentences = Sentences(self.phrases, self.found.findings.record.scenario)
        return ComparisonView(self.found.comparison, self.found.variant, self.found.against, sentences)

    @property
    def verdict(self) -> str:
        """faster, slower, no_difference, cannot_tell or not_measured."""
        return self.comparison.verdict if self.comparison else "not_measured"

    @property
    def counts(self) -> bool:
        """Whether the speed counts: the quality gate was not failed."""
        return isinstance(self.found, Pair) and self.found.variant.gate is not Gate.FAILED

    @property
    def reason(self) -> str:
        """Why there is no number; empty where there is one."""
        return self.phrases.of("absence", self.found) if isinstance(self.found, Absence) else ""

    @property
    def factor(self) -> str:
        """Ratio with its interval: "×1,56 [1,53; 1,59]"; or that it is not measured, and why."""
        if self.comparison is None:
            return self.phrases.say("cited.not_measured", reason=self.reason)
        return self.comparison.factor

    @property
    def times(self) -> str:
        """The same in prose, as a number above 1 in the verdict's direction."""
        return self.comparison.times if self.comparison else self.factor

    @property
    def sentence(self) -> Markdown:
        """One sentence with factor and interval, whatever the verdict."""
        if self.comparison is None:
            return self.phrases.write("cited.sentence_not_measured", title=self.title, reason=self.reason)
        return self.comparison.sentence_markdown

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return self.comparison.word if self.comparison else self.phrases.say("verdict.not_measured")

    @property
    def title(self) -> str:
        """What a reader knows the ratio by."""
        if self.pick.label:
            return localized(self.pick.label, self.phrases.language)
        if self.pick.measurement in self.records.suite:
            return localized(self.records.suite[self.pick.measurement].title, self.phrases.language)
        return self.pick.measurement

    @property
    def subject(self) -> str:
        """Model and data: the workload's title, or a dash where nobody has defined it."""
        name: str | None
        if isinstance(self.found, Pair):
            measurement, name = self.found.findings.measurement, self.found.variant.variant.workload
        elif self.pick.measurement in self.records.suite:
            measurement = self.records.suite[self.pick.measurement]
            name = measurement.variant(self.pick.variant).workload if self.pick.variant else None
        else:
            return self.phrases.say("cell.none")
        chosen = next((one for one in measurement.workloads if one.name == name), measurement.workloads[0])
        return localized(chosen.title, self.phrases.language)

    @property
    def versus(self) -> str:
        """The two variants' titles: "ONNX Runtime int8 против ONNX Runtime fp32"; empty without a record."""
        if self.comparison is None:
            return ""
        title = self.comparison.sentences.title
        ours, theirs = title(self.comparison.variant), title(self.comparison.against)
        return self.phrases.say("cited.versus", variant=ours, against=theirs)

    @property
    def quality(self) -> str:
        """What became of the quality: the change on labels with its interval, and a failed gate."""
        if isinstance(self.found, Absence):
            return self.phrases.say("cell.none")
        variant, against = self.found.variant, self.found.against
        metric = accuracy_metric(against) or accuracy_metric(variant)
        change = quality_change(variant.record, against.record, metric.metric) if metric else None
        if metric is None or change is None:
            return self.phrases.say("cited.quality_unknown")
        language, sentences = self.phrases.language, Sentences(self.phrases)
        text = sentences.below(change, metric)
        if metric.kind == "proportion":
            text = language.points_cell(change) + "\N{NO-BREAK SPACE}" + language.points_unit
        elif not text:
            decimals = decimals_of((change.interval.high - change.interval.low) / 2, 2)
            interval = language.interval(change.interval, decimals)
            text = sentences.with_unit(f"{language.decimal(change.point, decimals)} {interval}", metric.unit)
            if metric.better == "lower":
                text = self.phrases.say("cited.lower_is_better", change=text)
        return f"{text}; {self.phrases.say('cited.gate_failed')}" if variant.gate is Gate.FAILED else text

    @property
    def quality_sentence(self) -> str:
        """The same as a sentence; nothing where there is no number."""
        return self.phrases.say("cited.quality_sentence", quality=self.quality) if self.measured else ""

    @property
    def address(self) -> str:
        """Of the measurement's page, from a page in a folder; empty where nobody has defined it."""
        known = self.pick.measurement in self.records.suite
        return f"../measurements/{self.pick.measurement}/index.md" if known else ""

    @property
    def link(self) -> Markdown:
        """The measurement, linked; its name alone where nobody has defined it."""
        return markdown.link(self.title, self.address) if self.address else Markdown.escape(self.title)

    @property
    def more(self) -> Markdown:
        """A short link to the measurement; nothing where there is no page."""
        return markdown.link(self.phrases.say("cited.more"), self.address) if self.address else Markdown("")


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
