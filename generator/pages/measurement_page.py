"""One measurement's page: what its template is given, and the files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from generator.core.errors import PublishError, suggest
from generator.draw.card import VERDICT_COLOURS, Card
from generator.draw.gallery import Gallery
from generator.pages import history, side_by_side, tables
from generator.pages.age import UNTOLD, Today, freshness
from generator.pages.calculator import calculator
from generator.pages.charts.kinds import KINDS, WHOLE, charts, whole_charts
from generator.pages.charts.replication import replication
from generator.pages.charts.subject import Subject
from generator.pages.downloads import LICENCE, LICENCE_ADDRESS, bibtex, citation, csl_json, records_csv, results_csv
from generator.pages.figure import Figure, figure
from generator.pages.sentences import Sentences, localized
from generator.pages.side_by_side import page_name
from generator.pages.template import Environment, checked_direction, read_article, render
from generator.pages.views.comparison import ComparisonView
from generator.pages.views.system import SystemView
from generator.pages.views.variant import VariantView
from generator.pages.views.workload import WorkloadView
from generator.results.findings import Findings
from generator.results.quality import GATE_SHARE, Gate
from generator.results.summary import Summary
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases, phrases

TEMPLATE = "measurement.md.j2"

REPLICATION = "replication"
"""Name of the chart that is made of all records."""


def command(name: str) -> str:
    """What measures one measurement and rebuilds the site."""
    return f"python -m generator build --only {name}"


@dataclass(frozen=True)
class MeasurementPage:
    """The page of one measurement in one language, made of its main record."""

    findings: Findings
    others: Sequence[Summary]
    """Summaries of all its records, the main one among them, newest first."""

    language: Language
    gallery: Gallery
    folder: Path | None
    """The measurement's folder, where its article may lie."""

    systems: Sequence[Findings] = ()
    """The newest findings of each system, the one of the measurement's address first; none where there is one page."""

    site_url: str | None = None
    """Address of the site's root; None where nobody has said it."""

    today: Today = UNTOLD
    """What the record's age is told by."""

    @property
    def name(self) -> str:
        """Name of the page beside those of other systems: "index" at the measurement's own address."""
        return page_name(self.findings, self.systems)

    @property
    def beside(self) -> str:
        """Path from the page's Markdown to the files of its charts and tables."""
        return "" if self.name == "index" else f"{self.name}/"

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return phrases(self.language)

    @property
    def sentences(self) -> Sentences:
        """The sentences."""
        return Sentences(self.phrases, self.findings.record.scenario)

    @cached_property
    def workloads(self) -> tuple[WorkloadView, ...]:
        """Workloads, as templates see them."""
        return tuple(WorkloadView(one, self.findings, self.sentences) for one in self.findings.workloads)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Charts by name."""
        drawn = [*whole_charts(self.findings, self.sentences)]
        for workload in self.findings.workloads:
            drawn += charts(Subject(self.findings, workload, self.sentences))
        if several := replication(self.findings, self.others, self.sentences):
            drawn.append(several)
        beside = self.findings.measurement.name, self.citation, (self.findings.record.record_id,)
        return {chart.name: figure(chart, self.gallery, self.phrases, *beside) for chart in drawn}

    @property
    def citation(self) -> str:
        """How to cite the page."""
        return citation(self.findings, self.sentences)

    @cached_property
    def answer(self) -> ComparisonView | None:
        """The headline."""
        found = self.findings.headline
        if found is None:
            chosen = self.findings.measurement.headline
            return self.comparison(chosen.variant, chosen.against) if chosen else None
        workload = self.findings.workload_of(found.variant)
        variant, against = workload.variant(found.variant), workload.variant(found.against)
        return ComparisonView(found, variant, against, self.sentences)

    def comparison(self, variant: str, against: str) -> ComparisonView:
        """Any two variants of one workload."""
        for workload in self.workloads:
            names = {one.found.variant.name for one in workload.variants}
            if {variant, against} <= names:
                return workload.comparison(variant, against)
        known = [one.found.variant.name for workload in self.workloads for one in workload.variants]
        missing = next((name for name in (variant, against) if name not in known), variant)
        problem = f"no workload of the record {self.findings.record.record_id} has the variant '{missing}'"
        raise PublishError(self.where, problem, suggest(missing, known))

    def variant(self, name: str) -> VariantView:
        """One variant."""
        found = {one.found.variant.name: one for workload in self.workloads for one in workload.variants}
        if name not in found:
            raise PublishError(self.where, f"the record has no variant '{name}'", suggest(name, found))
        return found[name]

    @property
    def where(self) -> str:
        """The template, for errors."""
        return self.article[0] if self.article else TEMPLATE

    @cached_property
    def article(self) -> tuple[str, str] | None:
        """Name and text of the measurement's own article."""
        return read_article(self.folder, self.language) if self.folder else None

    def holds(self, comparison: ComparisonView, verdict: str) -> Markdown:
        """Bind a sentence to the record: nothing when the verdict is this one, an error when it is not."""
        pair = f"'{comparison.variant.variant.name}' against '{comparison.against.variant.name}'"
        record = self.findings.record.record_id
        return checked_direction(comparison.verdict, verdict, self.where, record, pair)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The page and everything beside it but the records, by name."""
        yield f"{self.name}.md", self.page().encode()
        for one in self.figures.values():
            yield from ((f"{self.beside}{name}", content) for name, content in one.files())
        yield f"{self.beside}results.csv", results_csv(self.findings)
        yield f"{self.beside}card.png", self.gallery.card(self.card)
        yield f"{self.beside}citation.bib", bibtex(self.findings, self.sentences, self.address)
        yield f"{self.beside}citation.csl.json", csl_json(self.findings, self.sentences, self.address)
        if self.name == "index" and history.is_cut(self.others):
            yield history.FILE, records_csv(self.others)

    def page(self) -> str:
        """The page's Markdown."""
        article = self.article
        environment = Environment(self.language, dict([article]) if article else {})
        body = render(environment, article[0] if article else TEMPLATE, self.context())
        measurement = self.findings.measurement
        place = f"measurements/{measurement.name}/"
        title = localized(measurement.title, self.language)
        return markdown.front_matter(
            title=title if self.name == "index" else f"{title} ({self.system.short_name})",
            description=self.answer_sentence,
            date=measurement.published.isoformat(),
            updated=self.findings.record.finished_at.date().isoformat(),
            image=f"{place}{self.beside}card.png",
            record=f"{place}{self.findings.record.record_id}.json",
            licence=LICENCE_ADDRESS,
        ) + Markdown("\n" + body)

    @property
    def card(self) -> Card:
        """The page's picture for those who share its address."""
        return Card(
            self.phrases.say("home.title"),
            localized(self.findings.measurement.question, self.language),
            self.answer_word + (f": {self.answer.factor}" if self.answer and self.answer.found else ""),
            self.byline(),
            VERDICT_COLOURS.get(self.answer_style, "muted"),
        )

    @property
    def address(self) -> str | None:
        """The page's address, where the site has one."""
        if self.site_url is None:
            return None
        root = self.site_url.rstrip("/") + ("/" if self.language is Language.RU else "/en/")
        return f"{root}measurements/{self.findings.measurement.name}/{self.beside}"

    @property
    def answer_sentence(self) -> str:
        """The answer in one sentence."""
        return self.answer.sentence if self.answer else self.phrases.say("sentence.no_answer")

    def context(self) -> dict[str, Any]:
        """Everything that the template may name."""
        answer, record, say = self.answer, self.findings.record, self.phrases.say
        return {
            "answer": answer,
            "answer_part": self.answer_part,
            "answer_quality": self.answer_quality,
            "answer_sentence": answer.sentence_markdown if answer else self.answer_sentence,
            "answer_style": self.answer_style,
            "answer_word": self.answer_word,
            "byline": self.byline(),
            "calculator": calculator(self.workloads, self.phrases),
            "chart": self._chart,
            "chart_numbers": self._chart_numbers(),
            "citation": self.citation,
            "command": markdown.code_block(command(self.findings.measurement.name), "bash"),
            "comparison": self.comparison,
            "conditions": self.conditions(),
            "core_only": record.core_only,
            "downloads": self._downloads(),
            "elsewhere": side_by_side.answers(self.systems, self.findings, self.sentences),
            "exact_command": markdown.code_block(record.provenance.command, "bash"),
            "facts": tables.facts(self.findings, self.system, self.phrases),
            "freshness": freshness(self.findings.record, self.today, self.phrases),
            "history": history.history(self.findings, self.others, self.sentences),
            "holds": self.holds,
            "isa_list": self.isa(),
            "licence": markdown.link(LICENCE, LICENCE_ADDRESS),
            "publishable": record.publishable,
            "question": localized(self.findings.measurement.question, self.language),
            "quoted": quoted,
            "say": say,
            "several": len(self.workloads) > 1,
            "sources": tables.sources(self.findings, self.phrases),
            "system": self.system,
            "systems": side_by_side.variants(self.systems, self.sentences),
            "table": self._table,
            "title": localized(self.findings.measurement.title, self.language),
            "trust": self._trust,
            "variant": self.variant,
            "whole_command": markdown.code_block(f"python -m generator measure {record.measurement}", "bash"),
            "workloads": [one for one in self.workloads if not one.found.left_out],
            "gate_rule": say("quality.rule", share=self.language.percent(GATE_SHARE, 0)),
            "write": self.phrases.write,
            "your_record": markdown.link(say("your_record.title"), "../../your-record/index.md"),
        }

    @property
    def system(self) -> SystemView:
        """The machine."""
        return SystemView(self.findings.record.system, self.sentences)

    def byline(self) -> str:
        """Date, machine, tier."""
        record = self.findings.record
        return self.phrases.say(
            "page.byline",
            date=self.language.date(record.finished_at.date()),
            system=self.system.name,
            tier=self.phrases.of("tier", record.tier),
        )

    def conditions(self) -> str:
        """What the answer holds for."""
        say, record = self.phrases.say, self.findings.record
        workload = self.findings.workload_of(self.answer.variant.variant.name) if self.answer else None
        kept = (workload or self.findings.workloads[0]).blocks_kept
        pair = (self.answer.variant, self.answer.against) if self.answer else ()
        threads = max((one.variant.threads or record.controls.threads for one in pair), default=record.controls.threads)
        return say(
            "page.conditions",
            system=self.system.name,
            threads=say("count.threads", n=threads),
            scenario=self.phrases.of("scenario", record.scenario),
            date=self.language.date(record.finished_at.date()),
            blocks=kept,
        )

    @property
    def answer_style(self) -> str:
        """CSS class of the verdict; a first look has none."""
        sound = self.answer is not None and self.findings.record.publishable
        return self.answer.style if self.answer and sound else "verdict--cannot-tell"

    @property
    def answer_word(self) -> str:
        """The verdict in a word or two; a first look is called one."""
        word = self.answer.word if self.answer else self.phrases.say("verdict.not_measured")
        if self.findings.record.publishable:
            return word
        return self.phrases.say("page.first_look", word=word[:1].lower() + word[1:])

    @property
    def answer_part(self) -> str:
        """The workload that the answer is of; empty where there is no other."""
        if self.answer is None or len(self.workloads) < 2:
            return ""
        return self.sentences.workload(self.findings.workload_of(self.answer.variant.variant.name))

    @property
    def answer_quality(self) -> str:
        """What the answer costs, or that it does not count."""
        answer = self.answer
        if answer is None or answer.found is None:
            return ""
        baseline = self.findings.workload_of(answer.variant.variant.name).baseline
        if answer.variant is baseline:
            return ""
        parts = [self.sentences.accuracy(answer.variant, baseline)]
        if answer.variant.gate is not Gate.PASSED:
            parts.append(self.sentences.gate(answer.variant.gate))
        return " ".join(parts)

    def _chart(self, name: str, workload: WorkloadView | None = None) -> Markdown:
        """A chart, or nothing where there are no numbers for it."""
        one, whole = workload or self.workloads[0], [*WHOLE, REPLICATION]
        known = [*KINDS, *whole]
        full = f"{name}-{one.found.choice.name}" if len(self.workloads) > 1 and name not in whole else name
        if name not in known:
            raise PublishError(self.where, f"unknown chart '{name}'", suggest(name, known))
        return self.figures[full].markdown() if full in self.figures else Markdown("")

    def _chart_numbers(self) -> Markdown:
        """The numbers of every chart, a table each."""
        tables_of = [Markdown("**{}**\n\n{}").format(one.chart.title, one.table()) for one in self.figures.values()]
        return Markdown("\n\n").join(tables_of)

    def _table(self, name: str, workload: WorkloadView | None = None) -> Markdown:
        known = tables.TABLES
        if name not in known:
            raise PublishError(self.where, f"unknown table '{name}'", suggest(name, known))
        return known[name](workload or self.workloads[0], self.phrases)

    def _trust(self, workload: WorkloadView) -> Markdown:
        """Control, blocks, why the run ended, energy, caveats."""
        return tables.trust(workload, self.findings, self.sentences)

    def isa(self) -> Markdown:
        """What the processor can do, a line each."""
        flags = self.system.isa
        if not flags:
            return Markdown.escape(self.phrases.say("page.isa_none"))
        lines = [Markdown("- {}").format(flag) for flag in flags]
        return Markdown("\n\n").join([self.phrases.write("page.isa"), Markdown("\n").join(lines)])

    def _downloads(self) -> Markdown:
        say = self.phrases.say
        links = [
            markdown.link(say("page.results_file"), f"{self.beside}results.csv"),
            markdown.link(say("page.record_file"), f"{self.findings.record.record_id}.json"),
            markdown.link("BibTeX", f"{self.beside}citation.bib"),
            markdown.link("CSL-JSON", f"{self.beside}citation.csl.json"),
        ]
        return Markdown("\n").join(Markdown("- {}").format(link) for link in links)


def quoted(text: str) -> Markdown:
    """A number that somebody else wrote; it is quoted, not measured."""
    return Markdown.escape(text)
