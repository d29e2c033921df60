"""A ratio of any record, as articles cite it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.cited.pair import Absence, Library, Pair
from generator.cited.story import Pick
from generator.pages.sentences import Sentences, localized
from generator.pages.views.comparison import ComparisonView
from generator.results.change import quality_change
from generator.results.comparison import Comparison
from generator.results.findings import VariantFindings, accuracy_metric
from generator.results.quality import Gate
from generator.words import markdown
from generator.words.language import decimals_of
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases


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
    def ratio(self) -> Comparison | None:
        """The number; None where there is none."""
        return None if isinstance(self.found, Absence) else self.found.comparison

    @property
    def speaks(self) -> bool:
        """Whether a range reaches over it: a gain that cost too much quality is none, a loss is one in any case."""
        return self.ratio is not None and (self.counts or self.ratio.speedup.point < 1)

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
        language, sentences = self.phrases.language, Sentences(self.phrases)
        if metric is None or change is None:
            text = sentences.fidelity(variant) or self.phrases.say("cited.quality_unknown")
            return self._judged(text, variant)
        text = sentences.below(change, metric)
        if metric.kind == "proportion":
            text = language.points_cell(change) + "\N{NO-BREAK SPACE}" + language.points_unit
        elif not text:
            decimals = decimals_of((change.interval.high - change.interval.low) / 2, 2)
            interval = language.interval(change.interval, decimals)
            text = sentences.with_unit(f"{language.decimal(change.point, decimals)} {interval}", metric.unit)
            if metric.better == "lower":
                text = self.phrases.say("cited.lower_is_better", change=text)
        return self._judged(text, variant)

    def _judged(self, text: str, variant: VariantFindings) -> str:
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
