"""A drawn chart in a page: title, drawing for wide and narrow screens, note, files, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.core.cell import Cell
from generator.draw.chart import Chart, Column, shown
from generator.draw.gallery import Drawn, Gallery
from generator.pages.downloads import chart_csv, chart_json
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

FORMATS = ("svg", "png", "csv", "json")

WORDS: Mapping[str, str] = MappingProxyType({"verdict": "verdict", "bound": "roof_bound"})
"""Families of phrases for columns whose words files give as the code has them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart of one page."""

    chart: Chart
    drawn: Drawn
    phrases: Phrases
    citation: str
    records: tuple[str, ...]
    """Names of the records that it shows."""

    def markdown(self, linked: bool = True) -> Markdown:
        """Figure as raw HTML on one line; with links to its files where they lie beside the page."""
        links = f" {self._links()}" if linked else ""
        name = f' id="chart-{self.chart.name}"' if linked else ""
        title, note = (markdown.html_text(text) for text in (self.chart.title, self.chart.note))
        # `data-search-exclude`: tick labels are no words to be found.
        html = (
            f'<figure class="chart"{name} data-search-exclude><p class="chart-title">{title}</p>'
            f'<div class="chart-wide">{self.drawn.wide}</div><div class="chart-narrow">{self.drawn.narrow}</div>'
            f"<figcaption>{note}{links}</figcaption></figure>"
        )
        return Markdown(html)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Downloads by name."""
        contents = (
            self.drawn.svg,
            self.drawn.png,
            chart_csv(self.chart),
            chart_json(self.chart, self.citation, self.records),
        )
        for kind, content in zip(FORMATS, contents, strict=True):
            yield f"{self.chart.name}.{kind}", content

    def _links(self) -> str:
        links = " ".join(f'<a href="{self.chart.name}.{kind}" download>{kind.upper()}</a>' for kind in FORMATS)
        return f'<span class="chart-links">{markdown.html_text(self.phrases.say("page.chart_links"))} {links}</span>'

    def table(self) -> Markdown:
        """The chart's numbers."""
        columns = self.chart.table.columns
        rows = [
            [_sortable(self._cell(value, column), value) for value, column in zip(row, columns, strict=True)]
            for row in self.chart.table.rows
        ]
        numeric = [index for index, column in enumerate(columns) if column.kind != "text"]
        return markdown.table([column.title for column in columns], rows, numeric)

    def _cell(self, value: Cell, column: Column) -> str:
        phrases = self.phrases
        if isinstance(value, str):
            if column.name in WORDS:
                return phrases.of(WORDS[column.name], value)
            return dict(self.chart.names).get(value, value)
        return shown(value, column.kind, phrases.language, phrases.say("cell.yes"), phrases.say("cell.no"))


def _sortable(text: str, value: Cell) -> str:
    return markdown.sortable(text, value) if isinstance(value, int | float) else text


def figure(
    chart: Chart, gallery: Gallery, phrases: Phrases, prefix: str, citation: str, records: tuple[str, ...]
) -> Figure:
    """Draw a chart for a page."""
    return Figure(chart, gallery.drawn(chart, f"{prefix}-{chart.name}", phrases.language), phrases, citation, records)
