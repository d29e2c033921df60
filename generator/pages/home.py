"""The front page: each measurement's answer in a line, the claims, and one chart over all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.draw.card import Card
from generator.draw.gallery import Gallery
from generator.pages.charts.headlines import headlines
from generator.pages.charts.opening import Bar
from generator.pages.figure import Figure, figure
from generator.pages.measurement_page import MeasurementPage, quoted
from generator.pages.overview.measured import Results
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.pages.views.claim import ClaimView
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown


@dataclass(frozen=True)
class Opening:
    """The picture that page and article open with."""

    drawn: Figure
    bars: Mapping[str, Bar]

    def ranges(self, language: Language) -> dict[str, str]:
        """How far each bar reaches, in words; none where one of them has no number yet."""
        whole = all(bar.values for bar in self.bars.values())
        return {name: bar.range(language) for name, bar in self.bars.items()} if whole else {}


def home_files(
    results: Results, gallery: Gallery, article: str, claims: Mapping[str, ClaimView], opening: Opening | None
) -> Iterator[tuple[str, bytes]]:
    """The front page, its card and its chart, by path.

    Args:
        results: everything measured.
        gallery: draws.
        article: title of the article that the site exists for; empty where it cannot be written.
        claims: what it says of the post's sentences, by their names.
        opening: the picture that it opens with; None where it cannot be written, or has no number yet.
    """
    words, language, shown = results.phrases, results.language, results.measured
    # A first look is not a result: it stands in the list, marked as one, and never beside results in a chart.
    chart = headlines([page.findings for page in shown if page.findings.record.publishable], results.sentences)
    drawn = None
    if chart:
        records = tuple(page.findings.record.record_id for page in shown)
        citation = words.say("home.title")
        drawn = figure(chart, gallery, words, "home", citation, records)
    dates = [page.findings.record.finished_at.date() for page in shown]
    context = {
        "answers": [_Answer(page) for page in shown],
        "article": article,
        "claims": claims,
        "chart": drawn.markdown() if drawn else Markdown(""),
        "count": words.say("count.measurements", n=len(shown)),
        "opening": opening.drawn.markdown() if opening else "",
        "quoted": quoted,
        "ranges": opening.ranges(language) if opening else {},
        "say": words.say,
        "title": words.say("home.title"),
        "unmeasured": [
            markdown.link(localized(m.question, language), f"measurements/{m.name}/index.md")
            for m in results.suite
            if m.name not in results.pages
        ],
        "updated": language.date(max(dates)) if dates else "",
        "write": words.write,
    }
    body = render(Environment(language), f"{language.value}/home.md.j2", context)
    head = markdown.front_matter(
        title=words.say("home.title"),
        description=words.say("home.description"),
        updated=max(dates).isoformat() if dates else None,
        image="card.png",
    )
    yield "card.png", gallery.card(Card(words.say("home.title"), words.say("home.description")))
    yield "index.md", (head + Markdown("\n" + body)).encode()
    for one in (drawn, opening.drawn if opening else None):
        yield from one.files() if one else ()


@dataclass(frozen=True)
class _Answer:
    """One measurement on the home page."""

    page: MeasurementPage

    @property
    def link(self) -> Markdown:
        """The question, linked."""
        measurement = self.page.findings.measurement
        address = f"measurements/{measurement.name}/index.md"
        return markdown.link(localized(measurement.question, self.page.language), address)

    @property
    def short(self) -> str:
        """The verdict in a word or two, and the factor with its interval where there is one."""
        page = self.page
        if page.answer is None or page.answer.found is None:
            return page.answer_word
        answer = page.phrases.say("home.answer", word=page.answer_word, factor=page.answer.factor)
        return page.phrases.say("home.answer_of", answer=answer, part=page.answer_part) if page.answer_part else answer
