"""Findings become the pages of the site: everything that is not written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from generator.browser.kit import Kit
from generator.cited.evidence import EVIDENCE_FOLDER, FIGURES_FILE, RATIOS_FILE, RESULTS_FILE, Evidence, load_evidence
from generator.cited.pair import library
from generator.cited.story import STORY_FOLDER, Article, load_article
from generator.core.definition import Measurement
from generator.core.pool import Pool
from generator.draw.gallery import Gallery
from generator.pages import evidence_page, notice, on_device, your_record
from generator.pages.age import UNTOLD, Today
from generator.pages.article_page import CLAIMS_PLACE, OPENING, PLACE, ArticlePages
from generator.pages.evidence_page import EvidencePage, in_language
from generator.pages.home import Opening, home_files
from generator.pages.measurement_page import MeasurementPage
from generator.pages.notice import Tell, Told, Written, written_or_notice
from generator.pages.overview.answers import answers_page
from generator.pages.overview.glossary import glossary_page
from generator.pages.overview.licences import licences_page
from generator.pages.overview.measured import Results
from generator.pages.overview.no_gain import no_gain_page
from generator.pages.overview.systems import systems_page
from generator.pages.overview.this_machine import OwnPage
from generator.pages.overview.topics import topic_pages
from generator.pages.sentences import localized
from generator.pages.validity import alarms, validity_files
from generator.pages.views.claim import ClaimView
from generator.results.collection import Collection, Content
from generator.results.findings import Findings
from generator.results.this_machine import ThisMachine, this_machine
from generator.site.staging import Page
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases, phrases

Files = Iterable[tuple[str, bytes]]
"""What is written, by path below the language's root."""

NOBODY = ThisMachine(None, ())
"""No machine and no measurements."""

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
        cache: root of the cache, which keeps drawn charts.
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
    told = Told(passed_over)
    root = measurements.parent if measurements else None
    evidence = told.loaded(load_evidence, root, EVIDENCE_FOLDER)
    article = told.loaded(load_article, root, STORY_FOLDER)
    known = machine or this_machine(suite, collection, None)
    beside = measurements, evidence, article, site_url, kit, today, known, told

    editions = [_Edition(one, collection, suite, Gallery(cache), *beside) for one in Language]
    placed = [(one, folder, page) for one in editions for folder, page in one.measurement_pages()]
    # The pages of measurements are most of the work. They begin at once; meanwhile this process writes the others.
    measured = [page for *_, page in placed]
    write = written_or_notice if passed_over else notice.written
    written = pool.map(write, measured, least=FEW) if pool else map(write, measured)
    for edition in editions:
        yield from edition.pages()
    for done, (edition, folder, page) in enumerate(placed, 1):
        (tell or _tell_nobody)(done, len(placed))
        try:
            one = next(written)
        except Exception as error:  # the process that wrote it died
            one = Written(notice.bare(page, told.told(error, folder)))
        for problem in one.problems:
            told.told(problem, folder)
        for name, content in one.files:
            yield edition.page(f"{folder}/{name}", edition.noticed(page, name, content))
    yield from on_device.files(kit) if kit else ()


def _tell_nobody(_done: int, _all: int) -> None:
    """Stand in for a progress display where there is none."""


def _one(path: str, write: Callable[[], str]) -> Files:
    return ((path, write().encode()),)


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
    told: Told = field(default_factory=lambda: Told(None))

    @property
    def words(self) -> Phrases:
        """The phrases of the language."""
        return phrases(self.language)

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
        results = Results(self.language, self.suite, made)
        for path, title, make in self._overviews(results):
            yield from self._or_notice(path, title, make)
        yield from self._article()
        title, write = self.words.say("your_record.title"), partial(your_record.files, self.found, self.words)
        yield from self._or_notice("your-record/index.md", title, write)
        for measurement in self.suite:
            folder = f"measurements/{measurement.name}"
            if measurement.name not in made:
                content = notice.unmeasured(measurement, self.words).encode()
                yield self.page(f"{folder}/index.md", self.noticed(None, "index.md", content, measurement.name))
            for one in self.collection.every.get(measurement.name, ()):
                copy = self.collection.files[measurement.name, one.record_id]
                yield self.page(f"{folder}/{one.record_id}.json", copy)

    def _overviews(self, results: Results) -> Iterator[tuple[str, str, Callable[[], Files]]]:
        """Of each page over several measurements: its path, its title, and what writes it and the files beside it."""
        words, say, gallery = self.words, self.words.say, self.gallery
        yield "index.md", say("home.title"), lambda: home_files(results, gallery, *self._told_in_front())
        for path, title, write in (
            ("measurements/index.md", say("page.measurements"), lambda: answers_page(results, self._alarms())),
            ("no-gain/index.md", say("no_gain.title"), lambda: no_gain_page(results)),
            ("systems/index.md", say("systems.title"), lambda: systems_page(results)),
            ("glossary/index.md", say("glossary.title"), lambda: glossary_page(words)),
            ("licences/index.md", say("licences.title"), lambda: licences_page(results)),
            *topic_pages(results),
            ("on-device/index.md", say("on_device.title"), self._on_device),
        ):
            yield path, title, partial(_one, path, write)
        yield "this-machine/index.md", say("own.title"), OwnPage(self.machine, results, gallery).files
        every = [one for found in self.found.values() for one in found]
        root = self.measurements.parent if self.measurements else None
        validity = partial(validity_files, every, root=root, gallery=gallery, words=words)
        yield "validity/index.md", say("page.validity"), lambda: validity(self._alarms())
        yield f"{evidence_page.PLACE}/index.md", say("page.evidence"), self._evidence

    def _on_device(self) -> str:
        return on_device.page(self.kit, self.suite, self.found, self.words)

    def _alarms(self) -> Markdown:
        return alarms(self.collection.summaries, self.words)

    def _or_notice(self, path: str, title: str, make: Callable[[], Files]) -> Iterable[Page]:
        """Pages, or where one of them cannot be written, a notice in the place of the first."""
        try:
            return tuple(self.page(*one) for one in make())
        except Exception as error:
            problem = self.told.told(error, path)
            return (self.page(path, notice.page(title, problem, self.words)),)

    def noticed(self, page: MeasurementPage | None, name: str, content: bytes, measurement: str = "") -> bytes:
        """A measurement's page with what is said of records that could not be read; other files as they are."""
        unread = self.collection.unread.get(page.findings.measurement.name if page else measurement, ())
        if not unread or name != "index.md":
            return content
        return notice.above(content, "notice.no_record", unread, self.words)

    def page(self, path: str, content: Content | str) -> Page:
        """A file of this language."""
        return Page(self.language.code, path, content.encode() if isinstance(content, str) else content)

    def _measurement_page(self, name: str) -> MeasurementPage:
        folder = self.measurements / name if self.measurements else None
        systems, others = self.found[name], self.collection.every[name]
        return MeasurementPage(
            systems[0], others, self.language, self.gallery, folder, systems, self.site_url, self.today
        )

    def _evidence(self) -> Files:
        """What others published."""
        if problem := self.told.unloaded.get(EVIDENCE_FOLDER):
            raise problem
        if self.evidence is None or self.measurements is None:
            return ()
        folder = self.measurements.parent / EVIDENCE_FOLDER
        figures = in_language((folder / FIGURES_FILE).read_bytes(), self.language)
        others = [(name, (folder / name).read_bytes()) for name in (RESULTS_FILE, RATIOS_FILE)]
        sources = ((FIGURES_FILE, figures), *others)
        return EvidencePage(self.evidence, self.words, self.gallery, sources).files()

    def _article(self) -> Iterator[Page]:
        """The article that the site exists for, and its claims; both cite published figures too."""
        words = self.words
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

    def _told_in_front(self) -> tuple[str, Mapping[str, ClaimView], Opening | None]:
        """The article's title, claims and first picture, for the front page; none where it cannot be written, which its
        page says.
        """
        story = self._story
        try:
            claims, figures = (story.claims, story.figures) if story else ({}, {})
        except Exception:
            if self.told.tell is None:
                raise
            claims, figures = {}, {}
        if story is None or not claims:
            return "", claims, None
        opening = Opening(figures[OPENING], story.bars) if OPENING in figures else None
        return localized(story.article.story.title, self.language), claims, opening

    @cached_property
    def _story(self) -> ArticlePages | None:
        if self.article is None or self.evidence is None:
            return None
        records = library(self.suite, self.found)
        return ArticlePages(self.article, records, self.evidence, self.language, self.gallery)
