"""The article and the page of its claims: prose that cites any record and any published figure.

The article's templates lie in its folder and are rendered like those of measurements: in the sandbox, with every number
taken from a record or a published figure, and with sentences that a record can refuse.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from generator.cited.claim import Judged, judge
from generator.cited.evidence import Evidence
from generator.cited.pair import Absence, Library, Pair
from generator.cited.story import (
    CLAIMS_FILE,
    STORY_FILE,
    STORY_FOLDER,
    Article,
    ClaimVerdict,
    DecisionRow,
    OpeningRow,
    Pick,
    Series,
)
from generator.core.errors import PublishError, suggest
from generator.draw.card import Card
from generator.draw.gallery import Gallery
from generator.pages.charts.factors import factors
from generator.pages.charts.ladder import ladder
from generator.pages.charts.opening import Bar, opening
from generator.pages.charts.subject import Subject
from generator.pages.downloads import citation
from generator.pages.figure import Figure, figure
from generator.pages.measurement_page import quoted
from generator.pages.sentences import Sentences, localized
from generator.pages.template import Environment, checked_direction, read_article, render
from generator.pages.views.claim import ClaimView
from generator.pages.views.published_figure import FigureView
from generator.pages.views.ratio import RatioView
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases, phrases

PLACE, CLAIMS_PLACE = "twice-in-two-years", "claims"
LADDER, OPENING = "ladder", "opening"
WORDS_A_MINUTE = 180
"""Of attentive reading, for both languages."""


@dataclass(frozen=True)
class SeriesView:
    """Ratios that one sentence speaks of together: from the least to the most."""

    views: tuple[RatioView, ...]
    phrases: Phrases

    @property
    def measured(self) -> bool:
        """Whether there is at least one number."""
        return bool(self._found)

    @property
    def several(self) -> bool:
        """Whether there are two or more."""
        return len(self._found) > 1

    @cached_property
    def _found(self) -> list[RatioView]:
        counted = [view for view in self.views if view.speaks]
        return sorted(counted, key=lambda view: view.ratio.speedup.point)  # type: ignore[union-attr]

    @property
    def least(self) -> RatioView:
        """The smallest ratio; of gains, those whose quality counts."""
        return self._found[0]

    @property
    def most(self) -> RatioView:
        """The largest one."""
        return self._found[-1]

    @property
    def range(self) -> str:
        """Both ends, or the only one: "от ×1,01 [0,99; 1,03] до ×1,31 [1,29; 1,32]"; then how many do not count."""
        if not self._found:
            return self.phrases.say("cited.range_none")
        text = self.least.factor
        if self.several:
            text = self.phrases.say("cited.range", least=text, most=self.most.factor)
        failed = sum(view.measured and not view.speaks for view in self.views)
        return f"{text} {self.phrases.say('cited.range_failed', n=failed)}" if failed else text


@dataclass(frozen=True)
class ArticlePages:
    """The article and the claims in one language."""

    article: Article
    records: Library
    evidence: Evidence
    language: Language
    gallery: Gallery

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return phrases(self.language)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Both pages and the article's charts, by path."""
        yield f"{PLACE}/index.md", self.page().encode()
        yield f"{CLAIMS_PLACE}/index.md", self.claims_page().encode()
        yield f"{PLACE}/card.png", self.gallery.card(self.card)
        for one in self.figures.values():
            for name, content in one.files():
                yield f"{PLACE}/{name}", content

    @property
    def card(self) -> Card:
        """The article's picture for those who share its address."""
        story, day = self.article.story, self.language.date(self.updated)
        title, description = localized(story.title, self.language), localized(story.description, self.language)
        return Card(self.phrases.say("home.title"), title, description, day)

    @cached_property
    def claims(self) -> Mapping[str, ClaimView]:
        """Every sentence, judged, by its id."""
        where = f"{STORY_FOLDER}/{CLAIMS_FILE}"
        judged: list[Judged] = [judge(one, self.records, self.evidence, where) for one in self.article.claims]
        return {one.claim.id: ClaimView(one, self.records, self.phrases) for one in judged}

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Charts that have numbers, by name."""
        found = {}
        for choice in self.article.story.charts:
            title = localized(choice.title, self.language)
            ours = [self._ratio(pick) for pick in choice.ours]
            theirs = [self.published(name) for name in choice.published]
            records = tuple(view.found.findings.record.record_id for view in ours if isinstance(view.found, Pair))
            if chart := factors(choice.name, title, ours, theirs, self.phrases):
                cited = localized(self.article.story.title, self.language)
                found[choice.name] = figure(chart, self.gallery, self.phrases, PLACE, cited, records)
        return found | self._opening() | self._ladder()

    @cached_property
    def bars(self) -> Mapping[str, Bar]:
        """Bars of the picture that the article opens with, by name."""
        return {row.name: self._bar(row) for row in self.article.story.opening}

    def _bar(self, row: OpeningRow) -> Bar:
        ours = self._series(row.series).views if row.series else ()
        return Bar(localized(row.label, self.language), ours, tuple(self.published(name) for name in row.published))

    def _opening(self) -> dict[str, Figure]:
        chart = opening(list(self.bars.values()), self.phrases)
        if chart is None:
            return {}
        cited = localized(self.article.story.title, self.language)
        pairs = [view.found for bar in self.bars.values() for view in bar.ours]
        records = dict.fromkeys(one.findings.record.record_id for one in pairs if isinstance(one, Pair))
        return {OPENING: figure(chart, self.gallery, self.phrases, PLACE, cited, tuple(records))}

    def _ladder(self) -> dict[str, Figure]:
        """The ladder's chart, as the measurement's own page has it; nothing where it is not measured."""
        view = self.factor(self.article.story.ladder)
        if isinstance(view.found, Absence):
            return {}
        findings = view.found.findings
        sentences = Sentences(self.phrases, findings.record.scenario)
        workload = findings.workload_of(view.found.variant.variant.name)
        chart = ladder(Subject(findings, workload, sentences))
        if chart is None:
            return {}
        cited = citation(findings, sentences)
        return {LADDER: figure(chart, self.gallery, self.phrases, PLACE, cited, (findings.record.record_id,))}

    @cached_property
    def updated(self) -> date:
        """Day of the newest record, or of publication where that is later."""
        days = [one.record.finished_at.date() for every in self.records.found.values() for one in every]
        return max([self.article.story.published, *days])

    def page(self) -> str:
        """The article's Markdown."""
        story = self.article.story
        body = self._rendered(self.context(minutes=""))
        # The reading time is part of the page: it is counted on a page that does not have it yet.
        minutes = max(1, math.ceil(_words(body) / WORDS_A_MINUTE))
        body = self._rendered(self.context(minutes=self.phrases.say("count.minutes", n=minutes)))
        return (
            markdown.front_matter(
                title=localized(story.title, self.language),
                description=localized(story.description, self.language),
                date=story.published.isoformat(),
                updated=self.updated.isoformat(),
                image=f"{PLACE}/card.png",
            )
            + Markdown("\n")
            + Markdown(body)
        )

    def _rendered(self, context: Mapping[str, Any]) -> str:
        text = read_article(self.article.folder, self.language)
        if text is None:
            raise PublishError(STORY_FOLDER, "the article has no prose", "Write article.ru.md.j2 and article.en.md.j2.")
        return render(Environment(self.language, dict([text])), text[0], context)

    def claims_page(self) -> str:
        """The claims' Markdown."""
        language, say = self.language, self.phrases.say
        counts = [(one.lower, self._count(one.judged.verdict)) for one in self._one_of_each_verdict()]
        context = {
            "claims": list(self.claims.values()),
            "count": say("count.claims", n=len(self.claims)),
            "counts": [(word, language.decimal(n, 0)) for word, n in counts],
            "overview": self._overview(),
            "say": say,
        }
        body = render(Environment(language), f"{language.value}/claims.md.j2", context)
        head = markdown.front_matter(title=say("page.claims"), description=say("page.claims_lede"))
        return head + Markdown("\n" + body)

    def _one_of_each_verdict(self) -> list[ClaimView]:
        """The first claim of each verdict that occurs, in the verdicts' order."""
        found = {one.judged.verdict: one for one in reversed(list(self.claims.values()))}
        return [found[verdict] for verdict in ClaimVerdict if verdict in found]

    def _count(self, verdict: ClaimVerdict) -> int:
        return sum(one.judged.verdict is verdict for one in self.claims.values())

    def _overview(self) -> Markdown:
        head = [self.phrases.say(f"column.{name}") for name in ("claim", "metric", "verdict")]
        rows = [[markdown.link(one.text, f"#{one.name}"), one.metric, one.word] for one in self.claims.values()]
        return markdown.table(head, rows, ())

    def context(self, minutes: str) -> dict[str, Any]:
        """Everything that the article's template may name."""
        story, language = self.article.story, self.language
        byline = [
            language.date(story.published),
            localized(story.author, language),
            minutes,
            ", ".join(localized(tag, language) for tag in story.tags),
        ]
        return {
            "byline": " · ".join(part for part in byline if part),
            "chart": self._chart,
            "claim": self._claim,
            "energy_measured": self._energy_measured,
            "factor": self.factor,
            "holds": self.holds,
            "published": self.published,
            "quoted": quoted,
            "say": self.phrases.say,
            "series": self._series,
            "table": self._table,
            "title": localized(story.title, language),
            "updated": language.date(self.updated),
            "write": self.phrases.write,
        }

    def factor(self, measurement: str, variant: str | None = None, against: str | None = None) -> RatioView:
        """Any two variants of any measurement; without names, its headline."""
        return self._ratio(Pick(measurement=measurement, variant=variant, against=against))

    def _ratio(self, pick: Pick) -> RatioView:
        found = self.records.pair(pick, f"{STORY_FOLDER}/{STORY_FILE}")
        return RatioView(pick, found, self.records, self.phrases)

    def published(self, name: str) -> FigureView:
        """A published figure by its id."""
        return FigureView(self.evidence.figure(name, STORY_FOLDER), self.phrases)

    def holds(self, view: RatioView, verdict: str) -> Markdown:
        """Bind a sentence to a record: nothing when the verdict is this one, an error when it is not."""
        record = view.found.findings.record.record_id if isinstance(view.found, Pair) else view.pick.measurement
        return checked_direction(view.verdict, verdict, STORY_FOLDER, record, f"'{view.title}'")

    @property
    def _energy_measured(self) -> bool:
        """Whether any published record has joules of a counter."""
        every = (one for found in self.records.found.values() for one in found if one.record.publishable)
        return any(isinstance(v.energy, tuple) for one in every for w in one.workloads for v in w.variants)

    def _claim(self, name: str) -> ClaimView:
        found: ClaimView = self._known("claim", name, self.claims)
        return found

    def _series(self, name: str) -> SeriesView:
        one: Series = self._known("series", name, {each.name: each for each in self.article.story.series})
        return SeriesView(tuple(self._ratio(pick) for pick in one.picks), self.phrases)

    def _chart(self, name: str) -> Markdown:
        """A chart, or nothing where nothing is measured for it."""
        self._known("chart", name, dict.fromkeys([LADDER, OPENING, *(one.name for one in self.article.story.charts)]))
        return self.figures[name].markdown() if name in self.figures else Markdown("")

    def _known(self, kind: str, name: str, known: Mapping[str, Any]) -> Any:
        if name not in known:
            raise PublishError(STORY_FOLDER, f"there is no {kind} '{name}'", suggest(name, known))
        return known[name]

    def _table(self, name: str) -> Markdown:
        tables = {"technologies": self._technologies, "applications": self._applications, "decisions": self._decisions}
        chosen: Any = self._known("table", name, tables)
        return Markdown(chosen())

    def _technologies(self) -> Markdown:
        """The post's five rows with what was measured of each."""
        head = [self.phrases.say(f"column.{name}") for name in ("technology", "measured", "limits")]
        rows = []
        for one in self.article.story.technologies:
            linked = markdown.link(localized(one.name, self.language), f"../technologies/{one.page}.md")
            name = Markdown("**{}**<br>{}").format(linked, localized(one.meaning, self.language))
            rows.append([name, self._measured(one.picks), localized(one.limits, self.language)])
        return markdown.table(head, rows, ())

    def _measured(self, picks: Sequence[Pick]) -> Markdown:
        lines = []
        for view in map(self._ratio, picks):
            line = Markdown("{}: {}").format(view.link, view.factor)
            if view.measured:
                line += self.phrases.write("cited.quality", quality=view.quality)
            lines.append(line)
        return Markdown("<br>").join(lines)

    def _applications(self) -> Markdown:
        """The nine applications, a row each."""
        head = [self.phrases.say(f"column.{name}") for name in ("application", "subject", "measured", "quality_kept")]
        rows = []
        for one in self.article.story.applications:
            view = self._ratio(one.pick)
            linked = markdown.link(localized(one.name, self.language), f"../applications/{one.page}.md")
            what = Markdown("{} {}").format(view.factor, view.more)
            if view.measured:
                what = Markdown("{}<br>{}").format(what, view.versus)
            rows.append([linked, view.subject, what, view.quality])
        return markdown.table(head, rows, ())

    def _decisions(self) -> Markdown:
        """What to do, chosen by what the record says."""
        head = [self.phrases.say(f"column.{name}") for name in ("situation", "advice", "measured")]
        rows = []
        for one in self.article.story.decisions:
            view = self._ratio(one.pick)
            number = Markdown("{} {}").format(view.factor, view.more)
            rows.append([localized(one.situation, self.language), self._advice(one, view), number])
        return markdown.table(head, rows, ())

    def _advice(self, one: DecisionRow, view: RatioView) -> str:
        say = self.phrases.say
        if not view.measured:
            return say("decision.not_measured")
        if not view.counts and view.verdict != "slower":
            return say("decision.gate_failed")
        chosen = {"faster": one.faster, "slower": one.slower, "no_difference": one.no_difference}.get(view.verdict)
        return localized(chosen, self.language) if chosen else say("decision.cannot_tell")


def _words(text: str) -> int:
    """Words of prose: drawings, markup and addresses are not read."""
    plain = re.sub(r"<svg.*?</svg>|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return len(re.findall(r"\w+", plain))
