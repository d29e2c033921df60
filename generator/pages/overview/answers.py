"""The list of all measurements: a card each, to be filtered by technology, application, verdict and machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.core.definition import Application, Measurement, Technology
from generator.pages import side_by_side
from generator.pages.filters import filters
from generator.pages.measurement_page import MeasurementPage
from generator.pages.overview.measured import Results
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.words import markdown
from generator.words.markdown import Markdown

UNMEASURED = "unmeasured"
"""Verdict of a measurement without a record, for the filter."""

VERDICTS = ("gain", "not_reached", "slower", "no_difference", "gate_failed", "cannot_tell", UNMEASURED)
"""Outcomes in the order of the filter."""


@dataclass(frozen=True)
class Card:
    """One measurement in the list."""

    measurement: Measurement
    page: MeasurementPage | None
    results: Results

    @property
    def link(self) -> Markdown:
        """The question, linked."""
        question = localized(self.measurement.question, self.results.language)
        return self.results.link(self.measurement, question)

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return self.page.answer_word if self.page else self.results.phrases.say("page.unmeasured_row")

    @property
    def style(self) -> str:
        """CSS class of the verdict."""
        return self.page.answer_style if self.page else "verdict--cannot-tell"

    @property
    def sentence(self) -> Markdown:
        """The answer with what it costs; nothing where there is none."""
        if self.page is None:
            return Markdown("")
        sentence = self.page.answer.sentence_markdown if self.page.answer else self.page.answer_sentence
        return Markdown("{} {}").format(sentence, self.page.answer_quality)

    @property
    def elsewhere(self) -> Markdown:
        """What other machines answer."""
        if self.page is None or len(self.page.systems) < 2:
            return Markdown("")
        results, lines = self.results, []
        for findings in self.page.systems[1:]:
            link = results.link(self.measurement, results.system(findings).name, findings=findings)
            view = results.headline(findings)
            answer = side_by_side.cell(view) if view else results.phrases.say("verdict.not_measured")
            lines.append(Markdown("- {}: {}").format(link, answer))
        return Markdown("\n").join(lines)

    @property
    def about(self) -> Markdown:
        """Technologies and applications, linked."""
        phrases = self.results.phrases
        links = [
            markdown.link(phrases.of("technology", one), f"../technologies/{one}.md")
            for one in self.measurement.technologies
        ]
        links += [
            markdown.link(phrases.of("application", one), f"../applications/{one}.md")
            for one in self.measurement.applications
        ]
        return Markdown(" · ").join(links)

    @property
    def conditions(self) -> str:
        """Machine, thoroughness, date."""
        return self.page.byline() if self.page else ""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Outcomes on all machines."""
        if self.page is None:
            return (UNMEASURED,)
        views = [self.results.headline(one) for one in self.page.systems]
        return tuple(dict.fromkeys(str(one.outcome) if one else UNMEASURED for one in views))

    @property
    def machines(self) -> tuple[str, ...]:
        """Fingerprints of the machines that it has records of."""
        return tuple(one.record.system.fingerprint() for one in self.page.systems) if self.page else ()

    @property
    def tags(self) -> Markdown:
        """What the filter goes by, as attributes of the card; all are words of our own vocabulary."""
        values: Mapping[str, Iterable[str]] = {
            "technology": self.measurement.technologies,
            "application": self.measurement.applications,
            "verdict": self.verdicts,
            "system": self.machines,
        }
        return Markdown(" ".join(f'data-{name}="{" ".join(words)}"' for name, words in values.items()))


def answers_page(results: Results, alarms: Markdown) -> str:
    """The list, what is measured before what is not yet.

    Args:
        results: of one language.
        alarms: how often the baseline differed from itself, over all records.
    """
    say = results.phrases.say
    known = sorted(results.suite, key=lambda one: one.name not in results.pages)
    cards = [Card(one, results.pages.get(one.name), results) for one in known]
    context = {
        "alarms": alarms,
        "cards": cards,
        "filters": _filters(cards, results),
        "say": say,
        "write": results.phrases.write,
    }
    head = markdown.front_matter(title=say("page.measurements"), description=say("page.measurements_lede"))
    return head + Markdown("\n" + render(Environment(results.language), "measurements.md.j2", context))


def _filters(cards: Sequence[Card], results: Results) -> Markdown:
    """The form of the cards: of each property the values that some card has."""
    phrases = results.phrases
    machines = {
        one.record.system.fingerprint(): results.system(one).name
        for card in cards
        if card.page
        for one in card.page.systems
    }
    choices: Mapping[str, Mapping[str, str]] = {
        "technology": {str(one): phrases.of("technology", one) for one in Technology},
        "application": {str(one): phrases.of("application", one) for one in Application},
        "verdict": {one: phrases.of("outcome", one) for one in VERDICTS},
        "system": machines,
    }
    present: Mapping[str, Collection[str]] = {
        "technology": {word for card in cards for word in card.measurement.technologies},
        "application": {word for card in cards for word in card.measurement.applications},
        "verdict": {word for card in cards for word in card.verdicts},
        "system": set(machines),
    }
    offered = {name: {k: v for k, v in options.items() if k in present[name]} for name, options in choices.items()}
    return filters(".verdict[data-technology]", offered, phrases)
