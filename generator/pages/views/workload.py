"""One workload, as templates and tables see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.cited.pair import ratio_of
from generator.pages.charts.latency import percentile_name
from generator.pages.sentences import Sentences
from generator.pages.views.comparison import ComparisonView
from generator.pages.views.variant import VariantView
from generator.results.findings import Findings, WorkloadFindings, accuracy_metric, agreement_metric
from generator.results.quality import Quality


@dataclass(frozen=True)
class WorkloadView:
    """One workload."""

    found: WorkloadFindings
    findings: Findings
    sentences: Sentences

    @property
    def title(self) -> str:
        """What a reader knows it by."""
        return self.sentences.workload(self.found)

    @cached_property
    def variants(self) -> tuple[VariantView, ...]:
        """The baseline first."""
        return tuple(VariantView(one, self.found, self.sentences) for one in self.found.variants)

    @property
    def baseline(self) -> VariantView:
        """What the others are compared with."""
        return self.variants[0]

    def comparison(self, variant: str, against: str) -> ComparisonView:
        """Any two variants."""
        ours, theirs = self.found.variant(variant), self.found.variant(against)
        found = ratio_of(self.findings, variant, against)
        return ComparisonView(found, ours, theirs, self.sentences)

    @property
    def accuracy_name(self) -> str:
        """Name of the metric that stands for quality: on labels, or where there are none, of staying the same."""
        metric = accuracy_metric(self.found.baseline) or self.agreement
        return self.sentences.metric(metric.metric) if metric else self.sentences.phrases.say("column.gate")

    @property
    def agreement(self) -> Quality | None:
        """How often the first variant that tells answers as the baseline does."""
        return next((found for one in self.found.variants if (found := agreement_metric(one))), None)

    @property
    def labelled(self) -> bool:
        """Whether quality was measured on labels."""
        return accuracy_metric(self.found.baseline) is not None

    @property
    def measured_on(self) -> str:
        """What quality was measured on and how many samples its main metric rests on; nothing where none was."""
        metric = accuracy_metric(self.found.baseline) or self.agreement
        if metric is None:
            return ""
        phrases, key = self.sentences.phrases, self.found.record.data_set
        values = {"metric": self.sentences.metric(metric.metric), "n": metric.estimate.count}
        if key is None:
            return phrases.say("quality.measured_on_samples", **values)
        return phrases.say("quality.measured_on", data=phrases.of("data_set", key), **values)

    @property
    def changes_in_points(self) -> bool:
        """Whether quality is a share, so that its changes are in percentage points."""
        metric = accuracy_metric(self.found.baseline)
        return metric is None or metric.kind == "proportion"

    @property
    def other_metrics(self) -> list[str]:
        """Names of the metrics that have no column of their own."""
        shown = [one and one.metric for v in self.found.variants for one in (accuracy_metric(v), agreement_metric(v))]
        every = dict.fromkeys(one.metric for v in self.found.variants for one in v.quality)
        return [name for name in every if name not in shown]

    @property
    def caveats(self) -> list[str]:
        """Doubts that the machine found."""
        return [self.sentences.caveat(caveat, self.found) for caveat in self.found.caveats]

    @property
    def percentile_shares(self) -> list[float]:
        """Upper percentiles that at least one variant's queries permit."""
        timed = [one.latency for one in self.found.variants if one.latency]
        return sorted({p.share for latency in timed for p in latency.percentiles if p.share > 0.5})

    def percentile_names(self) -> list[str]:
        """Their names."""
        return [percentile_name(share, self.sentences.language) for share in self.percentile_shares]
