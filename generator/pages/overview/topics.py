"""Pages of technologies and applications: what each is, what was measured of it, and when it does not help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

from generator.core.definition import Application, Measurement, Technology
from generator.pages import side_by_side
from generator.pages.measurement_page import MeasurementPage
from generator.pages.overview.measured import Results, lines
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.pages.views.pair import PairView
from generator.results.overview import Pair
from generator.words import markdown
from generator.words.markdown import Markdown

GROUPS: Mapping[str, tuple[Application, ...]] = MappingProxyType(
    {
        "images": (Application.IMAGE_CLASSIFICATION, Application.FACE_RECOGNITION, Application.OBJECT_DETECTION),
        "language": (
            Application.TRANSLATION,
            Application.GENERATION,
            Application.QUESTION_ANSWERING,
            Application.TEXT_CLASSIFICATION,
        ),
        "forecasting": (Application.DEMAND, Application.STOCK_PRICES, Application.WEATHER),
    }
)
"""Applications as the post groups them."""

CAUSES: Mapping[str, tuple[Technology, ...]] = MappingProxyType(
    {
        "architecture": (Technology.TRANSFORMERS, Technology.CONVOLUTIONAL_NETWORKS),
        "hardware": (Technology.SPECIALISED_HARDWARE,),
        "optimization": (
            Technology.QUANTIZATION,
            Technology.COMPRESSION,
            Technology.RUNTIMES,
            Technology.BATCHING,
        ),
    }
)
"""Technologies by the causes that the post names; the last two are ours."""


def _precision_only(pair: Pair) -> bool:
    return pair.variant.precision is not pair.against.precision and not _runtime_differs(pair)


def _runtime_only(pair: Pair) -> bool:
    """Another runtime, another version of it, or other options."""
    options_differ = pair.variant.options != pair.against.options
    return pair.variant.precision is pair.against.precision and (_runtime_differs(pair) or options_differ)


def _runtime_differs(pair: Pair) -> bool:
    ours, theirs = ((one.runtime, one.environment) for one in (pair.variant, pair.against))
    return ours != theirs


CHANGES: Mapping[Technology, Callable[[Pair], bool]] = MappingProxyType(
    {Technology.QUANTIZATION: _precision_only, Technology.RUNTIMES: _runtime_only}
)
"""What alone must differ between two variants for their ratio to tell of a technology; of others every pair tells."""

MOST_IN_A_LINE = 3
"""Pairs that a line of the list of topics holds; of more it gives the link alone."""


@dataclass(frozen=True)
class Topic:
    """One technology or application and its page."""

    kind: Technology | Application
    results: Results

    @property
    def family(self) -> str:
        """The phrases' family: technology or application."""
        return "technology" if isinstance(self.kind, Technology) else "application"

    @property
    def folder(self) -> str:
        """Folder of its page and of its template."""
        return "technologies" if isinstance(self.kind, Technology) else "applications"

    @property
    def title(self) -> str:
        """Its name."""
        return self.results.phrases.of(self.family, self.kind)

    @property
    def lede(self) -> str:
        """What it is, in a sentence or two."""
        return self.results.phrases.of(f"{self.family}_lede", self.kind)

    def covers(self, measurement: Measurement) -> bool:
        """Whether a measurement is about it."""
        return self.kind in measurement.technologies or self.kind in measurement.applications

    def wants(self, view: PairView) -> bool:
        """Whether a pair of such a measurement tells of it."""
        if isinstance(self.kind, Application):
            return view.workload.found.choice.application is self.kind
        return self.kind not in CHANGES or CHANGES[self.kind](view.pair)

    @cached_property
    def measured(self) -> list[MeasurementPage]:
        """Published pages that hold a pair about it, in the suite's order."""
        return [
            page
            for page in self.results.published
            if self.covers(page.findings.measurement) and self.results.rows(page.findings, self.wants)
        ]

    @cached_property
    def pairs(self) -> tuple[PairView, ...]:
        """Every comparison about it."""
        return tuple(
            view
            for page in self.measured
            for findings in page.systems
            for view in self.results.rows(findings, self.wants).values()
        )

    @property
    def open(self) -> list[Measurement]:
        """Measurements about it that have no publishable record yet."""
        done = {page.findings.measurement.name for page in self.results.published}
        return [one for one in self.results.suite if self.covers(one) and one.name not in done]

    def answer(self, page: MeasurementPage) -> Markdown:
        """A measurement's answer, where it tells of this topic."""
        view = self.results.headline(page.findings)
        if view is None or not self.wants(view):
            return Markdown("")
        sentence = page.answer.sentence_markdown if page.answer else page.answer_sentence
        return Markdown("{} {}").format(sentence, page.answer_quality)

    def brief(self, page: MeasurementPage) -> Markdown:
        """A measurement in one line of a list: its title, and its answer on each system.

        Where the question is about something else, the pairs that tell of the topic stand there, if they are few.
        """
        link, say = self.results.link(page.findings.measurement), self.results.phrases.say
        answers = list[Markdown]()
        for findings in page.systems:
            view = self.results.headline(findings)
            if view and self.wants(view):
                label = self.results.system(findings).name
                answers.append(Markdown("{}: {}").format(label, side_by_side.cell(view)))
        rows = self.results.rows(page.findings, self.wants).values()
        if not answers and len(rows) <= MOST_IN_A_LINE:
            for view in rows:
                label = say("cell.compared", variant=view.title, against=view.against)
                answers.append(Markdown("{}: {}").format(label, side_by_side.cell(view)))
        if not answers:
            return Markdown("- {}").format(link)
        return Markdown("- {}. {}").format(link, Markdown(" · ").join(answers))

    def page(self) -> str:
        """The page's Markdown."""
        results, say = self.results, self.results.phrases.say
        context = {
            "answer": self.answer,
            "lede": self.lede,
            "measured": self.measured,
            "open": [results.link(one) for one in self.open],
            "question": lambda page: localized(page.findings.measurement.question, results.language),
            "link": lambda page: results.link(page.findings.measurement),
            "related": self.related(),
            "say": say,
            "table": lambda page: results.table(page.systems, self.wants),
            "tally": results.tally(self.pairs),
            "title": self.title,
            "without_gain": lines(results.without_gain(self.pairs)),
            "write": results.phrases.write,
        }
        template = f"{results.language.value}/{self.folder}/{self.kind}.md.j2"
        head = markdown.front_matter(title=self.title, description=self.lede)
        return head + Markdown("\n" + render(Environment(results.language), template, context))

    def related(self) -> Markdown:
        """Topics of the other family that share a measurement with this one."""
        others: Sequence[Technology | Application] = (
            list(Application) if isinstance(self.kind, Technology) else list(Technology)
        )
        about = [one for one in self.results.suite if self.covers(one)]
        near = [Topic(kind, self.results) for kind in others]
        links = [
            markdown.link(one.title, f"../{one.folder}/{one.kind}.md")
            for one in near
            if any(one.covers(measurement) for measurement in about)
        ]
        return Markdown(", ").join(links)


def topic_pages(results: Results) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """The pages of all technologies and applications, and the two lists of them: path, title, and what writes it."""
    say = results.phrases.say
    lists = partial(_list, results, "technologies", CAUSES), partial(_list, results, "applications", GROUPS)
    yield "technologies/index.md", say("overview.technologies"), lists[0]
    yield "applications/index.md", say("overview.applications"), lists[1]
    for kind in (*Technology, *Application):
        topic = Topic(kind, results)
        yield f"{topic.folder}/{kind}.md", topic.title, topic.page


def _list(
    results: Results, name: str, groups: Mapping[str, Sequence[Technology]] | Mapping[str, Sequence[Application]]
) -> str:
    say = results.phrases.say
    context = {
        "groups": [
            (say(f"{name}_group.{group}"), group, [Topic(kind, results) for kind in kinds])
            for group, kinds in groups.items()
        ],
        "lede": say(f"overview.{name}_lede"),
        "nothing": say("overview.none"),
        "tally": results.tally,
        "title": say(f"overview.{name}"),
        "link": lambda topic: markdown.link(topic.title, f"{topic.kind}.md"),
    }
    head = markdown.front_matter(title=say(f"overview.{name}"), description=say(f"overview.{name}_lede"))
    return head + Markdown("\n" + render(Environment(results.language), "topics.md.j2", context))
