"""Everything measured, as the overviews see it: each measurement with the newest findings of each system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from generator.core.definition import Measurement
from generator.pages import side_by_side
from generator.pages.measurement_page import MeasurementPage
from generator.pages.sentences import Sentences, localized
from generator.pages.side_by_side import Rows
from generator.pages.views.pair import PairView
from generator.pages.views.system import SystemView
from generator.results.findings import Findings
from generator.results.overview import NO_GAIN, Outcome
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases, phrases

Wanted = Callable[[PairView], bool]
"""Which pairs an overview is about."""


@dataclass(frozen=True)
class Results:
    """The suite and what is known of it, in one language."""

    language: Language
    suite: Sequence[Measurement]
    pages: Mapping[str, MeasurementPage]
    """Pages at the measurements' own addresses, by the measurement's name; none for those without a record."""

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return phrases(self.language)

    @property
    def sentences(self) -> Sentences:
        """The sentences."""
        return Sentences(self.phrases)

    @property
    def measured(self) -> list[MeasurementPage]:
        """Pages of what is measured, in the suite's order."""
        return [self.pages[one.name] for one in self.suite if one.name in self.pages]

    @property
    def published(self) -> list[MeasurementPage]:
        """Those whose record may be published."""
        return [page for page in self.measured if page.findings.record.publishable]

    @cached_property
    def _rows(self) -> Mapping[str, Rows]:
        """Pairs of the newest record of each system, by the record's name: made once, for many pages show them."""
        every = [findings for page in self.measured for findings in page.systems]
        return {one.record.record_id: side_by_side.rows_of(one, self.sentences) for one in every}

    def rows(self, findings: Findings, wanted: Wanted = lambda _: True) -> Rows:
        """The wanted pairs of a record."""
        return {names: view for names, view in self._rows[findings.record.record_id].items() if wanted(view)}

    def headline(self, findings: Findings) -> PairView | None:
        """The pair that answers a measurement's question; None where it was not measured."""
        found = findings.headline
        return self.rows(findings).get((found.variant, found.against)) if found else None

    def table(self, systems: Sequence[Findings], wanted: Wanted = lambda _: True) -> Markdown:
        """The wanted pairs of a measurement, its systems side by side."""
        return side_by_side.table(systems, [self.rows(one, wanted) for one in systems], self.sentences)

    @property
    def pairs(self) -> tuple[PairView, ...]:
        """Every comparison of the newest publishable record of each system; none that the core suite leaves out."""
        every = [findings for page in self.published for findings in page.systems]
        return tuple(view for one in every for view in self.rows(one).values() if not view.left_out)

    def system(self, findings: Findings) -> SystemView:
        """The machine of a record."""
        return SystemView(findings.record.system, self.sentences)

    def link(
        self, measurement: Measurement, text: str | None = None, up: str = "../", findings: Findings | None = None
    ) -> Markdown:
        """Link to a measurement's page, or to that of one of its systems.

        Args:
            measurement: the one.
            text: what the reader sees; its title when left out.
            up: path from the linking page to the language's root.
            findings: of the system whose page is meant; the measurement's own address when left out.
        """
        page = self.pages.get(measurement.name)
        name = side_by_side.page_name(findings, page.systems) if findings and page else "index"
        shown = localized(measurement.title, self.language) if text is None else text
        return markdown.link(shown, f"{up}measurements/{measurement.name}/{name}.md")

    def tally(self, pairs: Sequence[PairView]) -> str:
        """How many comparisons were made and what became of them, in one sentence."""
        counted = Counter(view.outcome for view in pairs)
        return self.phrases.say(
            "overview.tally",
            all=len(pairs),
            gains=counted[Outcome.GAIN],
            none=sum(counted[one] for one in NO_GAIN),
            unknown=counted[Outcome.CANNOT_TELL] + counted[Outcome.NOT_MEASURED],
        )

    def without_gain(self, pairs: Sequence[PairView], up: str = "../") -> Iterator[Markdown]:
        """What did not help, a line each: the sentence, where it was measured, and on what machine."""
        for view in pairs:
            if view.outcome in NO_GAIN:
                measurement = view.findings.measurement
                place = self.link(measurement, up=up, findings=view.findings)
                system = self.system(view.findings).name
                yield Markdown("- {} {}").format(
                    view.sentence, self.phrases.write("overview.where", link=place, system=system)
                )


def lines(items: Iterator[Markdown] | Sequence[Markdown]) -> Markdown:
    """Lines of a list, one below the other."""
    return Markdown("\n").join(items)
