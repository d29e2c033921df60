"""Two variants, as templates see them."""

from __future__ import annotations

from dataclasses import dataclass

from generator.pages.sentences import Sentences, inverted
from generator.results.comparison import Comparison
from generator.results.findings import VariantFindings
from generator.results.quality import Gate
from generator.words.markdown import Markdown


@dataclass(frozen=True)
class ComparisonView:
    """Two variants, compared."""

    found: Comparison | None
    variant: VariantFindings
    against: VariantFindings
    sentences: Sentences

    @property
    def verdict(self) -> str:
        """faster, slower, no_difference, cannot_tell or not_measured."""
        return str(self.found.verdict) if self.found else "not_measured"

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return self.sentences.word(self.found, self.variant.gate)

    @property
    def style(self) -> str:
        """CSS class of the verdict; a gain that does not count is shown as none."""
        if self.verdict == "faster" and self.variant.gate is Gate.FAILED:
            return "verdict--cannot-tell"
        answer = str(self.found.answer) if self.found else "not_measured"
        shown = {"reached": "faster", "not_reached": "no_difference"}.get(answer, answer)
        return f"verdict--{shown.replace('_', '-')}"

    @property
    def sentence(self) -> str:
        """One sentence with factor and interval, whatever the verdict."""
        titles = (self.sentences.title(self.variant), self.sentences.title(self.against))
        return self.sentences.comparison(self.found, *titles, reason=self.reason)

    @property
    def sentence_markdown(self) -> Markdown:
        """The same with its number in bold."""
        titles = (self.sentences.title(self.variant), self.sentences.title(self.against))
        return self.sentences.comparison_markdown(self.found, *titles, reason=self.reason)

    @property
    def reason(self) -> str:
        """Why it was not measured; empty when it was."""
        if self.found:
            return ""
        missing = self.against if self.against.latency is None else self.variant
        return self.sentences.reason(missing)

    @property
    def factor(self) -> str:
        """Ratio with its interval, for tables: "×1,56 [1,53; 1,59]"."""
        if not self.found:
            return self.sentences.phrases.say("failure.cell", reason=self.reason)
        return self.sentences.language.factor_estimate(self.found.speedup)

    @property
    def times(self) -> str:
        """Ratio with its interval in prose, as a number above 1 in the verdict's direction; for faster and slower."""
        if not self.found:
            return self.sentences.phrases.say("verdict.not_measured")
        speedup = self.found.speedup
        return self.sentences.language.times_estimate(inverted(speedup) if speedup.point < 1 else speedup)

    @property
    def by_mean(self) -> str:
        """The same ratio of means: it shows the stalls that medians hide."""
        if not self.found:
            return self.sentences.phrases.say("verdict.not_measured")
        return self.sentences.language.factor_estimate(self.found.mean_speedup)
