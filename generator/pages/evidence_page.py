"""The page of published figures: what others measured, modelled or charged, each with its source and its window."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from generator.cited.evidence import Basis, Evidence, Metric, RatioKind, Result, ResultRatio
from generator.draw.gallery import Gallery
from generator.pages.charts.factors import factors
from generator.pages.figure import Figure, figure
from generator.pages.filters import filters
from generator.pages.template import Environment, render
from generator.pages.views.published_figure import FigureView
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

PLACE = "evidence"
CHARTED: Mapping[Metric, str] = MappingProxyType(
    {
        Metric.SPEED: "chart.published_speed",
        Metric.ENERGY: "chart.published_energy",
        Metric.PRICE: "chart.published_price",
    }
)
"""The three that the post speaks of, and the titles of their charts; size and training stand in the table alone."""


@dataclass(frozen=True)
class EvidencePage:
    """The page in one language."""

    evidence: Evidence
    phrases: Phrases
    gallery: Gallery
    sources: tuple[tuple[str, bytes], ...]
    """The files that it is made of, by name, for those who want the numbers."""

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The page and everything beside it, by path."""
        yield f"{PLACE}/index.md", self.page().encode()
        for name, content in (*(file for one in self.drawn for file in one.files()), *self.sources):
            yield f"{PLACE}/{name}", content

    @cached_property
    def views(self) -> tuple[FigureView, ...]:
        """All figures."""
        return tuple(FigureView(one, self.phrases) for one in self.evidence.figures)

    @cached_property
    def drawn(self) -> tuple[Figure, ...]:
        """A chart of each metric of inference: their scales differ too much for one."""
        found = []
        for metric, title in CHARTED.items():
            views = [view for view in self.views if view.figure.metric is metric]
            if chart := factors(f"published-{metric}", self.phrases.say(title), (), views, self.phrases):
                citation = self.phrases.say("page.evidence")
                found.append(figure(chart, self.gallery, self.phrases, PLACE, citation, ()))
        return tuple(found)

    def page(self) -> str:
        """The page's Markdown."""
        say = self.phrases.say
        unplaced = [
            view.cite for view in self.views if view.figure.in_two_years is None or view.figure.metric not in CHARTED
        ]
        context = {
            "charts": [one.markdown() for one in self.drawn],
            "count": say("count.figures", n=len(self.views)),
            "downloads": self._downloads(),
            "figures": figures_table(self.views, self.evidence, self.phrases),
            "filters": figures_filters(self.views, self.phrases),
            "kinds": [(say(f"ratio_kind.{kind}"), self._ratios(kind)) for kind in RatioKind],
            "unplaced": Markdown(", ").join(unplaced),
        }
        language = self.phrases.language
        body = render(Environment(language), f"{language.value}/evidence.md.j2", context)
        head = markdown.front_matter(
            title=say("page.evidence"),
            description=say("page.evidence_lede"),
            image=f"{PLACE}/{self.drawn[0].chart.name}.png" if self.drawn else None,
        )
        return head + Markdown("\n" + body)

    def _ratios(self, kind: RatioKind) -> Markdown:
        head = [self.phrases.say(f"column.{name}") for name in ("test", "from", "to", "ratio")]
        rows = [self._ratio(one) for one in self.evidence.ratios if one.kind is kind]
        return markdown.table(head, rows, (3,))

    def _ratio(self, one: ResultRatio) -> list[str]:
        say, language = self.phrases.say, self.phrases.language
        sides = [side(result, self.phrases) for result in (one.start, one.end)]
        test = say("mlperf.test", benchmark=one.end.benchmark, scenario=one.end.scenario)
        # "llama2-70b-99" beside "llama2-70b-99.9": where the accuracy targets differ, both are named.
        if one.start.benchmark != one.end.benchmark:
            test = say("mlperf.tests", start=one.start.benchmark, end=one.end.benchmark, scenario=one.end.scenario)
        return [test, *sides, language.factor(one.ratio, 2)]

    def _downloads(self) -> Markdown:
        return Markdown(", ").join(markdown.link(name, name) for name, _ in self.sources)


def in_language(content: bytes, language: Language) -> bytes:
    """A table of figures without the words of the other languages."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    others = tuple(f"_{one.value}" for one in Language if one is not language)
    kept = [index for index, name in enumerate(rows[0]) if not name.endswith(others)]
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([row[index] for index in kept] for row in rows)
    return target.getvalue().encode()


def side(result: Result, phrases: Phrases) -> str:
    """One MLPerf result by what MLCommons wants named with it: round, submitter, system, division."""
    text = phrases.say(
        "mlperf.side",
        round=result.round,
        submitter=result.submitter.replace("_", " "),
        system=result.system,
        division=result.division,
    )
    return text + (phrases.say("mlperf.fork") if result.fork else "")


def figures_table(views: Sequence[FigureView], evidence: Evidence, phrases: Phrases) -> Markdown:
    """All figures as one table; each row carries what it may be filtered and sorted by.

    Raw HTML and not Markdown, because rows need an address and attributes.
    """
    say = phrases.say
    head = "".join(
        f'<th scope="col">{markdown.html_text(say(f"column.{name}"))}</th>' for name in ("what", "ratio", "source")
    )
    rows = "".join(_row(view, evidence, phrases) for view in views)
    return Markdown(f'<table id="figures"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def figures_filters(views: Sequence[FigureView], phrases: Phrases) -> Markdown:
    """The form of that table: by what got better, by how the figure came about, by how sure it is."""
    choices: Mapping[str, Mapping[str, str]] = {
        "metric": {one.figure.metric: phrases.of("better", one.figure.metric) for one in views},
        "basis": {one.figure.basis: phrases.of("basis", one.figure.basis) for one in views},
        "confidence": {one.figure.confidence: phrases.of("confidence", one.figure.confidence) for one in views},
    }
    return filters("#figures tbody tr", choices, phrases)


def _row(view: FigureView, evidence: Evidence, phrases: Phrases) -> str:
    one = view.figure
    data = {
        "metric": one.metric,
        "of": one.of,
        "basis": one.basis,
        "confidence": one.confidence,
        "factor": one.range[0] if one.range else "",
        "years": one.window_years or "",
    }
    attributes = " ".join(f'data-{name}="{value}"' for name, value in data.items())
    factor = f"{markdown.html_text(view.factor)}<br>{_small(view.window)}"
    cells = [_what(view, phrases), factor, _source(view, evidence, phrases)]
    return f'<tr id="{view.anchor}" {attributes}>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _what(view: FigureView, phrases: Phrases) -> str:
    one = view.figure
    kind = " · ".join([one.id, phrases.of("better", one.metric), phrases.of("basis", one.basis)])
    lines = [
        f"<b>{markdown.html_text(view.label)}</b>",
        _small(kind),
        markdown.html_text(view.claim),
        _small(phrases.say("figure.held", held=view.held)) if view.held != "—" else "",
        _small(view.note),
    ]
    return "<br>".join(filter(None, lines))


def _source(view: FigureView, evidence: Evidence, phrases: Phrases) -> str:
    one, text = view.figure, markdown.html_text
    links = " ".join(f'<a href="{text(a)}">{number}</a>' for number, a in enumerate(one.addresses, 1))
    named = phrases.say("figure.source", source=one.source, authors=one.authors, year=one.source_year)
    results = [f"{side(evidence.results[a], phrases)} → {side(evidence.results[b], phrases)}" for a, b in one.mlperf]
    lines = [
        text(phrases.say("figure.derived", figures=one.source) if one.basis is Basis.DERIVED else named),
        f"<small>{text(phrases.say('figure.links'))} {links}</small>" if links else "",
        *map(_small, dict.fromkeys(results)),
        _small(phrases.say("mlperf.unverified")) if results else "",
        _small(phrases.of("confidence", one.confidence)),
    ]
    return "<br>".join(filter(None, lines))


def _small(text: str) -> str:
    return f"<small>{markdown.html_text(text)}</small>" if text else ""
