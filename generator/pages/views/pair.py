"""A variant against another one, as overviews of many measurements show them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.pages.sentences import estimate_decimals, localized
from generator.pages.views.comparison import ComparisonView
from generator.pages.views.workload import WorkloadView
from generator.results.change import quality_change
from generator.results.findings import Findings, accuracy_metric
from generator.results.overview import Outcome, Pair, outcome, pairs
from generator.words.markdown import Markdown


@dataclass(frozen=True)
class PairView:
    """One row of an overview."""

    pair: Pair
    workload: WorkloadView

    @property
    def findings(self) -> Findings:
        """The record that it is taken from."""
        return self.workload.findings

    @cached_property
    def comparison(self) -> ComparisonView:
        """Speed of the two."""
        return self.workload.comparison(self.pair.variant.name, self.pair.against.name)

    @property
    def left_out(self) -> bool:
        """Whether the run was of the core suite, which does not compare the two."""
        return self.comparison.variant.record.left_out or self.comparison.against.record.left_out

    @property
    def outcome(self) -> Outcome:
        """What it is worth."""
        return outcome(self.comparison.found, self.comparison.variant.gate)

    @property
    def title(self) -> str:
        """The variant."""
        return localized(self.pair.variant.title, self.workload.sentences.language)

    @property
    def against(self) -> str:
        """What it is compared with."""
        return localized(self.pair.against.title, self.workload.sentences.language)

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return self.comparison.word

    @property
    def factor(self) -> str:
        """Ratio with its interval, or why there is none."""
        return self.comparison.factor

    @property
    def quality(self) -> str:
        """What became of quality against the baseline, with its unit; agreement where there are no labels."""
        ours, baseline = self.comparison.variant, self.workload.found.baseline
        sentences, say = self.workload.sentences, self.workload.sentences.phrases.say
        metric = accuracy_metric(baseline)
        change = quality_change(ours.record, baseline.record, metric.metric) if metric else None
        if metric is None or change is None:
            return sentences.fidelity(ours) or say("cell.quality_unknown")
        if change.point == change.interval.low == change.interval.high == 0:
            return say("cell.unchanged")
        if below := sentences.below(change, metric):
            return below
        if metric.kind == "proportion":
            return say("cell.points", change=sentences.language.points_cell(change))
        decimals = estimate_decimals(change)
        number = sentences.with_unit(sentences.language.decimal(change.point, decimals), metric.unit)
        return f"{number} {sentences.language.interval(change.interval, decimals)}"

    @property
    def sentence(self) -> Markdown:
        """Speed in one sentence, and that it does not count where it does not."""
        gate = self.workload.sentences.gate(self.comparison.variant.gate)
        said = self.comparison.sentence_markdown
        if self.outcome is not Outcome.GATE_FAILED:
            return said
        return Markdown("{} {}").format(said, gate)


def pair_views(workload: WorkloadView) -> tuple[PairView, ...]:
    """Rows of one workload."""
    return tuple(PairView(one, workload) for one in pairs(workload.findings, workload.found))
