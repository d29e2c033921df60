"""What the charts of one workload have in common: its variants, their titles and looks, the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.cited.pair import ratio_of
from generator.core.definition import CONTROL
from generator.draw.chart import Chart, Table
from generator.draw.palette import MARKERS
from generator.draw.picture import Entry, Look, Picture, Strip
from generator.pages.charts.formats import key
from generator.pages.sentences import Sentences
from generator.results.comparison import Comparison
from generator.results.findings import Findings, LatencyFindings, VariantFindings, WorkloadFindings
from generator.results.quality import Gate
from generator.words.language import Language
from generator.words.phrases import Phrases


@dataclass(frozen=True)
class Subject:
    """One workload of one record, in one language."""

    findings: Findings
    workload: WorkloadFindings
    sentences: Sentences

    @property
    def language(self) -> Language:
        """Language of the words."""
        return self.sentences.language

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return self.sentences.phrases

    @property
    def baseline(self) -> VariantFindings:
        """What the others are compared with."""
        return self.workload.baseline

    @cached_property
    def titles(self) -> dict[str, str]:
        """What a reader knows each variant by."""
        titles = {one.variant.name: self.sentences.title(one) for one in self.workload.variants}
        return {**titles, CONTROL: self.phrases.say("chart.control", title=titles[self.baseline.variant.name])}

    @property
    def compared(self) -> list[tuple[VariantFindings, Comparison]]:
        """Variants that were compared with the baseline."""
        return [(one, one.against_baseline) for one in self.workload.variants if one.against_baseline]

    def against(self, name: str) -> list[tuple[VariantFindings, Comparison]]:
        """Variants and how they compare with this one, which need not be the baseline."""
        if name == self.baseline.variant.name:
            return self.compared
        others = (one for one in self.workload.variants if one.variant.name != name)
        pairs = ((one, ratio_of(self.findings, one.variant.name, name)) for one in others)
        return [(one, found) for one, found in pairs if found]

    @property
    def timed(self) -> list[tuple[VariantFindings, LatencyFindings]]:
        """Variants that have latencies."""
        return [(one, one.latency) for one in self.workload.variants if one.latency]

    @property
    def headline(self) -> Comparison | None:
        """The answer, if it is about this workload."""
        found = self.findings.headline
        return found if found and {found.variant, found.against} <= self.titles.keys() else None

    def look(self, variant: VariantFindings) -> Look:
        """A variant's colour, by its place in the definition, and its mark."""
        index = self.workload.variants.index(variant)
        return Look(index, MARKERS[variant.variant.precision], hollow=variant.gate is Gate.FAILED)

    def chart(self, name: str, picture: Picture, table: Table, *, title: str, description: str, note: str) -> Chart:
        """A chart of this workload; where the measurement has several, its name says which."""
        full = f"{name}-{self.workload.choice.name}" if len(self.findings.workloads) > 1 else name
        entries = () if isinstance(picture, Strip) else tuple(self._key())
        return Chart(full, title, description, note, picture, table, tuple(self.titles.items()), entries)

    def _key(self) -> list[Entry]:
        shown = [one for one, _ in self.timed]
        failed = next((one.variant.precision for one in shown if one.gate is Gate.FAILED), None)
        return key({one.variant.precision for one in shown}, failed, self.phrases)

    def listed(self, pairs: list[tuple[str, str]]) -> str:
        """Marks and their numbers, in words."""
        return "; ".join(self.phrases.say("alt.mark", label=label, number=number) for label, number in pairs)
