"""Findings become the pages of the site: everything that is not written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from generator.browser.kit import Kit
from generator.cited.evidence import EVIDENCE_FOLDER, FIGURES_FILE, RATIOS_FILE, RESULTS_FILE, Evidence, load_evidence
from generator.cited.pair import library
from generator.cited.story import STORY_FOLDER, Article, load_article
from generator.core.definition import Measurement
from generator.core.errors import GeneratorError
from generator.core.pool import Pool
from generator.draw.card import Card
from generator.draw.gallery import Gallery
from generator.pages import evidence_page, notice, on_device, validity, your_record
from generator.pages.age import UNTOLD, Today
from generator.pages.article_page import CLAIMS_PLACE, OPENING, PLACE, ArticlePages
from generator.pages.charts.headlines import headlines
from generator.pages.charts.validity import controls, designs, repeats
from generator.pages.evidence_page import EvidencePage, in_language
from generator.pages.figure import figure
from generator.pages.measurement_page import MeasurementPage, command, quoted
from generator.pages.notice import Tell
from generator.pages.overview.answers import answers_page
from generator.pages.overview.glossary import glossary_page
from generator.pages.overview.licences import licences_page
from generator.pages.overview.measured import Results
from generator.pages.overview.no_gain import no_gain_page
from generator.pages.overview.systems import systems_page
from generator.pages.overview.this_machine import OwnPage
from generator.pages.overview.topics import topic_pages
from generator.pages.sentences import Sentences, localized
from generator.pages.template import Environment, render
from generator.pages.views.claim import ClaimView
from generator.results.collection import Collection, Content
from generator.results.findings import Findings
from generator.results.repeated import repeated
from generator.results.summary import control_alarms
from generator.results.this_machine import ThisMachine, this_machine
from generator.site.staging import Page
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import phrases

Loaded = TypeVar("Loaded")

NOBODY = ThisMachine(None, ())
"""No machine and no measurements."""

MOST_CONTROLS = 60
"""Records whose A/A control the chart shows, the newest; more rows than that nobody reads."""

FEW = 8
"""Pages that are written about as fast as processes start."""


def pages(  # noqa: PLR0913 - what a site is made of, and what stands around it
    collection: Collection,
    suite: Sequence[Measurement],
    cache: Path,
    measurements: Path | None = None,
    site_url: str | None = None,
    kit: Kit | None = None,
    today: Today = UNTOLD,
    tell: Callable[[int, int], None] | None = None,
    pool: Pool | None = None,
    machine: ThisMachine | None = None,
    passed_over: Tell | None = None,
) -> Iterator[Page]:
    """Write every generated page and download, in both languages: the same input gives the same bytes.

    Args:
        collection: what all records say.
        suite: all measurements, those without a record too.
        cache: folder for drawn charts.
        measurements: folder of the definitions, where articles lie; without it, pages have no articles of their own.
        site_url: address of the site's root, for citations; without it, they have no address.
        kit: what a reader measures in the browser; without it, that page has no button.
        today: what a record's age is told by; without it, pages tell the record's date alone.
        tell: told how many of the measurements' pages are written, and how many there are.
        pool: processes that write them and draw their charts; without it, this one does.
        machine: what the machine that builds the site says; without it, its page says that it is not known.
        passed_over: gets what cannot be written, and a notice stands in its place; without it, that is raised.

    Raises:
        PublishError: when an article contradicts its record, or cannot be rendered, and nobody takes it.
    """
    told = _Told(passed_over)
    root = measurements.parent if measurements else None
    evidence = told.loaded(load_evidence, root, EVIDENCE_FOLDER)
    article = told.loaded(load_article, root, STORY_FOLDER)
    known = machine or this_machine(suite, collection, None)
    beside = measurements, evidence, article, site_url, kit, today, known, told

    editions = [_Edition(one, collection, suite, Gallery(cache), *beside) for one in Language]
    placed = [(one, folder, page) for one in editions for folder, page in one.measurement_pages()]
    # The pages of measurements are most of the work. They begin at once; meanwhile this process writes the others.
    measured = [page for *_, page in placed]
    write = _files_or_notice if passed_over else _files
    written = pool.map(write, measured, least=FEW) if pool else map(write, measured)
    for edition in editions:
        yield from edition.pages()
    for done, (edition, folder, page) in enumerate(placed, 1):
        (tell or _tell_nobody)(done, len(placed))
        try:
            files = next(written)
        except Exception as error:  # the process that wrote it died
            files = _Files(_bare(page, told.told(error, folder)))
        for problem in files.problems:
            told.told(problem, folder)
        for name, content in files.files:
            yield edition.page(f"{folder}/{name}", edition.noticed(page, name, content))
    yield from on_device.files(kit) if kit else ()


@dataclass(frozen=True)
class _Files:
    """One page and what stands beside it."""

    files: tuple[tuple[str, bytes], ...]
    problems: tuple[GeneratorError, ...] = ()
    """What could not be written of it; a notice on it says so."""


def _files(page: MeasurementPage) -> _Files:
    """Write one page and what stands beside it. A copy does it: what it draws is let go with it."""
    return _Files(tuple(replace(page).files()))


def _files_or_notice(page: MeasurementPage) -> _Files:
    """The same; where its article fails, the page without it; where that fails too, a notice in its place."""
    where = f"measurements/{page.findings.measurement.name}"
    try:
        return _files(page)
    except Exception as error:
        problem = notice.as_problem(error, where)
    try:
        plain = _files(replace(page, folder=None)) if page.folder else _Files(_bare(page, problem))
    except Exception:  # it was not the article
        return _Files(_bare(page, problem), (problem,))
    main = f"{page.name}.md"
    said = tuple(
        (name, notice.above(content, "notice.no_article", [problem], page.phrases) if name == main else content)
        for name, content in plain.files
    )
    return _Files(said if page.folder else plain.files, (problem,))


def _bare(page: MeasurementPage, problem: GeneratorError) -> tuple[tuple[str, bytes], ...]:
    title = localized(page.findings.measurement.title, page.language)
    return ((f"{page.name}.md", notice.page(title, problem, page.phrases).encode()),)


@dataclass(frozen=True)
class _Told:
    """What could not be written, for whoever takes it; where nobody does, it is raised."""

    tell: Tell | None
    unloaded: dict[str, GeneratorError] = field(default_factory=dict)
    """Why a folder's files could not be read."""

    def told(self, error: Exception, where: str) -> GeneratorError:
        """Say it; and give it in a form that can stand on a page."""
        if self.tell is None:
            raise error
        problem = notice.as_problem(error, where)
        self.tell(problem)
        return problem

    def loaded(self, load: Callable[[Path], Loaded | None], root: Path | None, folder: str) -> Loaded | None:
        """What a folder of the checkout holds; None where there is none, or it cannot be read."""
        try:
            return load(root) if root else None
        except Exception as error:
            self.unloaded[folder] = self.told(error, folder)
            return None


def _tell_nobody(_done: int, _all: int) -> None:
    """Stand in for a progress display where there is none."""


@dataclass(frozen=True)
class _Edition:
    """The site in one language."""

    language: Language
    collection: Collection
    suite: Sequence[Measurement]
    gallery: Gallery
    measurements: Path | None
    evidence: Evidence | None = None
    article: Article | None = None
    site_url: str | None = None
    kit: Kit | None = None
    today: Today = UNTOLD
    machine: ThisMachine = NOBODY
    told: _Told = field(default_factory=lambda: _Told(None))

    @property
    def found(self) -> Mapping[str, Sequence[Findings]]:
        """Findings of each measurement that pages show in full, those of the record that speaks first."""
        return self.collection.shown

    def measurement_pages(self) -> Iterator[tuple[str, MeasurementPage]]:
        """Pages that show a record, a page of its own for each machine, and the folders that they lie in."""
        for name in self.found:
            main = self._measurement_page(name)
            yield from ((f"measurements/{name}", replace(main, findings=one)) for one in main.systems)

    def pages(self) -> Iterator[Page]:
        """Everything but the pages of measurements."""
        made = {name: self._measurement_page(name) for name in self.found}
        results, say = Results(self.language, self.suite, made), phrases(self.language).say
        yield from self._or_notice("index.md", say("home.title"), lambda: self._home(made))
        for path, title, write in (
            ("measurements/index.md", say("page.measurements"), lambda: answers_page(results, self._alarms())),
            ("no-gain/index.md", say("no_gain.title"), lambda: no_gain_page(results)),
            ("systems/index.md", say("systems.title"), lambda: systems_page(results)),
            ("glossary/index.md", say("glossary.title"), lambda: glossary_page(phrases(self.language))),
            ("licences/index.md", say("licences.title"), lambda: licences_page(results)),
            *topic_pages(results),
            ("on-device/index.md", say("on_device.title"), self._on_device),
        ):
            yield from self._or_notice(path, title, self._one(path, write))
        own = OwnPage(self.machine, results, self.gallery)
        yield from self._or_notice(
            "this-machine/index.md", say("own.title"), lambda: (self.page(*one) for one in own.files())
        )
        yield from self._or_notice("validity/index.md", say("page.validity"), self._validity)
        yield from self._or_notice(f"{evidence_page.PLACE}/index.md", say("page.evidence"), self._evidence)
        yield from self._article()
        yield from self._or_notice("your-record/index.md", say("your_record.title"), self._your_record)
        for measurement in self.suite:
            folder = f"measurements/{measurement.name}"
            if measurement.name not in made:
                content = self._unmeasured(measurement).encode()
                yield self.page(f"{folder}/index.md", self.noticed(None, "index.md", content, measurement.name))
            for one in self.collection.every.get(measurement.name, ()):
                copy = self.collection.files[measurement.name, one.record_id]
                yield self.page(f"{folder}/{one.record_id}.json", copy)

    def _one(self, path: str, write: Callable[[], str]) -> Callable[[], Iterable[Page]]:
        return lambda: [self.page(path, write())]

    def _or_notice(
        self, path: str, title: str, make: Callable[[], Iterable[Page]], anchors: Iterable[str] = ()
    ) -> Iterable[Page]:
        """Pages, or where one of them cannot be written, a notice in the place of the first."""
        try:
            return tuple(make())
        except Exception as error:
            problem = self.told.told(error, path)
            return (self.page(path, notice.page(title, problem, phrases(self.language), anchors)),)

    def noticed(self, page: MeasurementPage | None, name: str, content: bytes, measurement: str = "") -> bytes:
        """A measurement's page with what is said of records that could not be read; other files as they are."""
        unread = self.collection.unread.get(page.findings.measurement.name if page else measurement, ())
        if not unread or name != "index.md":
            return content
        return notice.above(content, "notice.no_record", unread, phrases(self.language))

    def page(self, path: str, content: Content | str) -> Page:
        """A file of this language."""
        return Page(self.language.code, path, content.encode() if isinstance(content, str) else content)

    def _measurement_page(self, name: str) -> MeasurementPage:
        folder = self.measurements / name if self.measurements else None
        systems, others = self.found[name], self.collection.every[name]
        return MeasurementPage(
            systems[0], others, self.language, self.gallery, folder, systems, self.site_url, self.today
        )

    def _home(self, made: Mapping[str, MeasurementPage]) -> Iterator[Page]:
        words = phrases(self.language)
        shown = [made[m.name] for m in self.suite if m.name in made]
        # A first look is not a result: it stands in the list, marked as one, and never beside results in a chart.
        chart = headlines([page.findings for page in shown if page.findings.record.publishable], Sentences(words))
        drawn = None
        if chart:
            records = tuple(page.findings.record.record_id for page in shown)
            citation = words.say("home.title")
            drawn = figure(chart, self.gallery, words, "home", citation, records)
        dates = [page.findings.record.finished_at.date() for page in shown]
        claims = self._claims()
        opening = self._story.figures.get(OPENING) if self._story and claims else None
        context = {
            "answers": [_Answer(page) for page in shown],
            "article": localized(self._story.article.story.title, self.language) if self._story and claims else "",
            "claims": claims,
            "chart": drawn.markdown() if drawn else Markdown(""),
            "count": words.say("count.measurements", n=len(shown)),
            "opening": opening.markdown() if opening else "",
            "quoted": quoted,
            "ranges": self._ranges() if opening else {},
            "say": words.say,
            "title": words.say("home.title"),
            "unmeasured": [
                markdown.link(localized(m.question, self.language), f"measurements/{m.name}/index.md")
                for m in self.suite
                if m.name not in made
            ],
            "updated": self.language.date(max(dates)) if dates else "",
            "write": words.write,
        }
        body = render(Environment(self.language), f"{self.language.value}/home.md.j2", context)
        head = markdown.front_matter(
            title=words.say("home.title"),
            description=words.say("home.description"),
            updated=max(dates).isoformat() if dates else None,
            image="card.png",
        )
        yield self.page("card.png", self.gallery.card(Card(words.say("home.title"), words.say("home.description"))))
        yield self.page("index.md", head + Markdown("\n" + body))
        for one in (drawn, opening):
            yield from (self.page(name, content) for name, content in (one.files() if one else ()))

    def _ranges(self) -> Mapping[str, str]:
        """How far each bar of the opening picture reaches, in words; none where one of them has no number yet."""
        bars = self._story.bars if self._story else {}
        return (
            {name: bar.range(self.language) for name, bar in bars.items()}
            if all(b.values for b in bars.values())
            else {}
        )

    def _validity(self) -> Iterator[Page]:
        """How often the intervals are wrong."""
        words, published = phrases(self.language), self._controlled()
        chart = controls(published, Sentences(words))
        names = tuple(one.record.record_id for one in published)
        title = words.say("page.validity")
        drawn = figure(chart, self.gallery, words, "validity", title, names) if chart else None
        root = self.measurements.parent if self.measurements else None
        found = validity.load_validity(root) if root else None
        ways = designs(validity.fared(found, words), words) if found else None
        compared = figure(ways, self.gallery, words, "validity", title, ()) if ways else None
        tools = validity.load_time_to_precision(root) if root else None
        loop = validity.load_overhead(root) if root else None
        again = repeats(repeated(one for found in self.found.values() for one in found), Sentences(words))
        repeats_drawn = figure(again, self.gallery, words, "validity", title, names) if again else None
        context = {
            "alarms": self._alarms(),
            "chart": drawn.markdown() if drawn else Markdown(""),
            "command": markdown.code_block("python -m benchmarks.validity", "bash"),
            "day": self.language.date(found.finished_at.date()) if found else "",
            "designs": compared.markdown() if compared else Markdown(""),
            "repeats": repeats_drawn.markdown() if repeats_drawn else Markdown(""),
            "real": validity.table(found.real, words) if found else "",
            "simulated": validity.table(found.simulated, words) if found else "",
            "tools": validity.tools_table(tools, words) if tools else "",
            "tools_command": markdown.code_block("python -m benchmarks.time_to_precision", "bash"),
            "tools_day": self.language.date(tools.finished_at.date()) if tools else "",
            "overhead": validity.overhead_table(loop, words) if loop else "",
            "overhead_command": markdown.code_block("python -m benchmarks.overhead", "bash"),
            "overhead_day": self.language.date(loop.finished_at.date()) if loop else "",
        }
        body = render(Environment(self.language), f"{self.language.value}/validity.md.j2", context)
        head = markdown.front_matter(title=words.say("page.validity"), description=words.say("page.validity_lede"))
        yield self.page("validity/index.md", head + Markdown("\n" + body))
        for one in (drawn, compared, repeats_drawn):
            yield from (self.page(f"validity/{name}", content) for name, content in (one.files() if one else ()))

    def _controlled(self) -> list[Findings]:
        """Newest published findings of each machine, as many as a chart has room for; all records are counted."""
        every = [one for found in self.found.values() for one in found if one.record.publishable]
        newest = sorted(every, key=lambda one: (one.record.started_at, one.record.record_id))[-MOST_CONTROLS:]
        chosen = {id(one) for one in newest}
        return [one for one in every if id(one) in chosen]

    def _evidence(self) -> Iterator[Page]:
        """What others published."""
        if problem := self.told.unloaded.get(EVIDENCE_FOLDER):
            raise problem
        if self.evidence is None or self.measurements is None:
            return
        folder = self.measurements.parent / EVIDENCE_FOLDER
        figures = in_language((folder / FIGURES_FILE).read_bytes(), self.language)
        others = [(name, (folder / name).read_bytes()) for name in (RESULTS_FILE, RATIOS_FILE)]
        sources = ((FIGURES_FILE, figures), *others)
        for path, content in EvidencePage(self.evidence, phrases(self.language), self.gallery, sources).files():
            yield self.page(path, content)

    def _article(self) -> Iterator[Page]:
        """The article that the site exists for, and its claims; both cite published figures too."""
        words = phrases(self.language)
        try:
            files = tuple(self._story.files()) if self._story else ()
            problem = next(iter(self.told.unloaded.values()), None)
        except Exception as error:
            files, problem = (), self.told.told(error, STORY_FOLDER)
        for path, content in files:
            yield self.page(path, content)
        if problem and not files:
            anchors = [one.id for one in self.article.claims] if self.article else []
            for place in (PLACE, CLAIMS_PLACE):
                title = words.say("page.claims") if place == CLAIMS_PLACE else words.say("home.title")
                yield self.page(f"{place}/index.md", notice.page(title, problem, words, anchors))

    def _claims(self) -> Mapping[str, ClaimView]:
        """The claims as the front page tells of them; none where the article cannot be written, which its page says."""
        try:
            return self._story.claims if self._story else {}
        except Exception:
            if self.told.tell is None:
                raise
            return {}

    @cached_property
    def _story(self) -> ArticlePages | None:
        if self.article is None or self.evidence is None:
            return None
        records = library(self.suite, self.found)
        return ArticlePages(self.article, records, self.evidence, self.language, self.gallery)

    def _your_record(self) -> Iterator[Page]:
        """A reader's own record beside the published ones."""
        words = phrases(self.language)
        context = {
            "command": markdown.code_block("python -m generator measure NAME", "bash"),
            "compare": markdown.code_block("python -m generator compare RECORD.json RECORD", "bash"),
            "widget": your_record.widget(words),
        }
        body = render(Environment(self.language), f"{self.language.value}/your-record.md.j2", context)
        title, description = words.say("your_record.title"), words.say("your_record.description")
        head = markdown.front_matter(title=title, description=description, script=your_record.SCRIPT)
        yield self.page("your-record/index.md", head + Markdown("\n" + body))
        yield self.page("your-record/published.json", your_record.published(self.found, words))

    def _on_device(self) -> str:
        """Measuring in the reader's browser."""
        words = phrases(self.language)
        context = {
            "command": markdown.code_block("python -m generator build", "bash"),
            "check": markdown.code_block("python -m generator check browser-….json", "bash"),
            "say": words.say,
            "widget": on_device.widget(self.kit, self.suite, self.found, words) if self.kit else "",
        }
        body = render(Environment(self.language), f"{self.language.value}/on-device.md.j2", context)
        head = markdown.front_matter(
            title=words.say("on_device.title"),
            description=words.say("on_device.lede"),
            script=on_device.SCRIPT if self.kit else None,
        )
        return head + Markdown("\n" + body)

    def _alarms(self) -> Markdown:
        """How often the baseline differed from itself, over all records."""
        counted = control_alarms(self.collection.summaries)
        if not counted.runs:
            return Markdown("")
        return phrases(self.language).write("page.alarms", alarms=counted.alarms, runs=counted.runs)

    def _unmeasured(self, measurement: Measurement) -> str:
        words = phrases(self.language)
        question = localized(measurement.question, self.language)
        context = {
            "command": markdown.code_block(command(measurement.name), "bash"),
            "question": question,
            "say": words.say,
            "variants": [localized(variant.title, self.language) for variant in measurement.variants],
        }
        head = markdown.front_matter(
            title=localized(measurement.title, self.language),
            description=f"{question} {words.say('page.unmeasured_lede')}",
        )
        return head + Markdown("\n" + render(Environment(self.language), "unmeasured.md.j2", context))


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
