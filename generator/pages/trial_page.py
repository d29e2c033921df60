"""The page of a model that somebody tried: one HTML file with its charts inside, which opens from the disk.

It follows the reader's light or dark scheme, and holds one language or both, without a script.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markdown import markdown as html_of

from generator.draw import palette
from generator.draw.gallery import Gallery
from generator.pages import tables
from generator.pages.charts.latency import latency
from generator.pages.charts.quality import fidelity, quality
from generator.pages.charts.roofline import roofline
from generator.pages.charts.speed import blocks, speedup
from generator.pages.charts.subject import Subject
from generator.pages.figure import Figure, figure
from generator.pages.measurement_page import MeasurementPage
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.pages.views.variant import VariantView
from generator.results.comparison import Verdict
from generator.results.quality import GATE_SHARE
from generator.results.screening import Dropped
from generator.results.trial import Trial
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases, phrases

TEMPLATE = "trial.md.j2"
STYLE_FILE = Path(__file__).with_name("single-file.css")

_EXTENSIONS = ("tables", "attr_list", "def_list", "md_in_html", "pymdownx.superfences")
"""Of the site's own those that the page needs; see mkdocs.yml."""


_CHANGES = ("weights", "activations", "calibration", "calibration samples", "operators quantized", "kept in fp32")
"""Notes of transforms that tell what they did."""


@dataclass(frozen=True)
class TrialPage:
    """What a trial found, in one language."""

    found: Trial
    language: Language
    gallery: Gallery

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return phrases(self.language)

    @cached_property
    def _page(self) -> MeasurementPage:
        """The same record as a measurement's page has it."""
        return MeasurementPage(self.found.findings, (), self.language, self.gallery, None)

    @cached_property
    def _variants(self) -> tuple[VariantView, ...]:
        return self._page.workloads[0].variants

    @cached_property
    def _charts(self) -> dict[str, Figure]:
        """Charts by name; those without numbers are not there."""
        subject = Subject(self.found.findings, self.found.workload, self._page.sentences)
        every = {
            "speedup": speedup(subject),
            "trade": quality(subject) or fidelity(subject),
            "roofline": roofline(subject),
            "latency": latency(subject),
            "blocks": blocks(subject),
        }
        prefix = f"trial-{self.language.value}"
        return {
            name: figure(chart, self.gallery, self.phrases, prefix, "", (self.found.record.record_id,))
            for name, chart in every.items()
            if chart
        }

    @property
    def title(self) -> str:
        """The page's title."""
        return localized(self.found.findings.measurement.title, self.language)

    def body(self) -> str:
        """The page's text as HTML."""
        text = render(Environment(self.language), TEMPLATE, self._context())
        return str(html_of(text, extensions=list(_EXTENSIONS), output_format="html"))

    def _context(self) -> dict[str, Any]:
        page, record, say = self._page, self.found.record, self.phrases.say
        workload, source = page.workloads[0], record.provenance.sources[0]
        return {
            "byline": page.byline(),
            "changed": self._changed(),
            "chart": lambda name: self._charts[name].markdown(linked=False) if name in self._charts else Markdown(""),
            "command": markdown.code_block(record.provenance.command, "bash"),
            "conditions": page.conditions(),
            "details": tables.details(workload, self.phrases),
            "dropped": [self._dropped(one) for one in self.found.dropped],
            "facts": tables.facts(self.found.findings, page.system, self.phrases),
            "gate_rule": say("quality.rule", share=self.language.percent(GATE_SHARE, 0)),
            "isa_list": page.isa(),
            "left_out": [
                say("trial.left_out_one", what=what, why=self.phrases.of("trial_why", why))
                for what, why in self.found.left_out.items()
            ],
            "made_by": record.provenance.generator_version,
            "operators": tables.operators(workload, self.phrases),
            "question": localized(self.found.findings.measurement.question, self.language),
            "record_name": f"{record.record_id}.json",
            "remarks": [
                self.phrases.write("page.gate_of", variant=one.title, sentence=one.remark)
                for one in self._variants
                if one.remark
            ],
            "say": say,
            "sha256": source.sha256,
            "style": "verdict--faster" if self._gains else "verdict--no-difference",
            "table": self._table(),
            "trust": tables.trust(workload, self.found.findings, page.sentences),
            "verdict": self._verdict(),
            "versions": ", ".join(f"{name} {version}" for name, version in record.provenance.packages.items()),
            "word": self._word(),
        }

    @property
    def _gains(self) -> bool:
        found = self.found.recommended.against_baseline
        return found is not None and found.verdict is Verdict.FASTER

    def _word(self) -> str:
        if not self.found.record.publishable:
            return self.phrases.say("trial.word_first_look")
        return self.phrases.say("trial.word_gain" if self._gains else "trial.word_none")

    def _verdict(self) -> list[Markdown]:
        """The answer in words."""
        write, best = self.phrases.write, self.found.best
        if best is None:
            return [write("trial.nothing")]
        view = next(one for one in self._variants if one.found is self.found.recommended)
        said = [write("trial.recommended", title=view.title)]
        if not self.found.record.publishable:
            said.append(write("trial.first_look"))
        if view.is_baseline:
            said.append(write("trial.as_given"))
        else:
            said.append(view.speed.sentence_markdown)
        others = [one.title for one in self._variants if one.found.variant.name in best.members and one is not view]
        if others:
            said.append(write("trial.among", n=len(best.members), others="; ".join(others)))
        elif len(self._variants) > 1:
            said.append(write("trial.alone"))
        if not view.is_baseline:
            said.append(Markdown.escape(view.quality_sentence))
        return said

    def _table(self) -> Markdown:
        say, members = self.phrases.say, self.found.best.members if self.found.best else ()
        head = [say(f"column.{name}") for name in ("variant", "speedup", "p50", "quality_kept", "gate", "file")]
        rows = [
            [
                one.title,
                one.speedup,
                one.p50,
                one.accuracy,
                one.gate,
                one.file,
                say("trial.is_best" if one.found.variant.name in members else "trial.is_not"),
            ]
            for one in self._variants
        ]
        return markdown.table([*head, say("trial.column_best")], rows, (1, 2, 3, 5))

    def _changed(self) -> Markdown:
        """What the transforms say that they did."""
        lines = []
        for one in self._variants:
            notes = one.found.record.artifact.notes if one.found.record.artifact else {}
            done = [
                f"{name}: {value}" for name, value in notes.items() if name not in ("IR version", "compressed bytes")
            ]
            if one.found.record.transforms:
                lines.append(Markdown("- **{}.** {}").format(one.title, "; ".join(done)))
        return Markdown("\n").join(lines)

    def _dropped(self, one: Dropped) -> str:
        title = localized(self.found.title(one.variant).title, self.language)
        times = self.language.decimal(one.times, 1) if one.times else ""
        return self.phrases.of("trial_dropped", one.reason, title=title, times=times, detail=one.detail)


def trial_page(found: Trial, languages: Sequence[Language], drawn: Path) -> str:
    """The whole page.

    Args:
        found: the trial.
        languages: in the order in which they stand; the first is shown first.
        drawn: folder in which drawn charts are kept.
    """
    pages = [TrialPage(found, language, Gallery(drawn)) for language in languages]
    several = len(pages) > 1
    switches = "".join(_switch(page.language, index == 0) for index, page in enumerate(pages)) if several else ""
    labels = "".join(_label(page.language) for page in pages) if several else ""
    mains = "".join(
        f'<main lang="{page.language.value}" class="text text--{page.language.value}">{page.body()}</main>'
        for page in pages
    )
    return (
        f'<!doctype html>\n<html lang="{pages[0].language.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(pages[0].title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
        f'{switches}\n<nav class="languages">{labels}</nav>\n{mains}\n</body>\n</html>\n'
    )


def _switch(language: Language, chosen: bool) -> str:
    """What remembers the language without a script: a radio button that the style looks at."""
    checked = " checked" if chosen else ""
    return f'<input type="radio" name="language" class="language" id="language-{language.value}"{checked}>'


def _label(language: Language) -> str:
    name = {Language.RU: "Русский", Language.EN: "English"}[language]
    return f'<label for="language-{language.value}" lang="{language.value}">{name}</label>'


def _style() -> str:
    """The charts' colours in both schemes, then the page's own rules."""

    def colours(scheme: palette.Palette) -> str:
        names = ((name if name in palette.SERIES else f"c-{name}", value) for name, value in scheme.colours.items())
        return ";".join(f"--{name}:{value}" for name, value in names)

    dark = f"@media (prefers-color-scheme:dark){{:root{{{colours(palette.dark())}}}}}"
    return f":root{{{colours(palette.light())}}}\n{dark}\n{STYLE_FILE.read_text('utf-8')}"
