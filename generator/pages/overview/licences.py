"""The page of licences: our own, and those of every model and data set that is downloaded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import generator
from generator.pages.overview.measured import Results
from generator.pages.template import Environment, render
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.translations import translated

CATALOGUE = Path(generator.__file__).parent / "assets" / "catalogue.toml"
"""Read as a file: publishing imports nothing of the room that downloads."""


class AssetTerms(BaseModel):
    """What the catalogue says of one asset to somebody who wants to use it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    licence: str
    package: str = ""
    version: str = ""
    repository: str = ""
    commit: str = ""

    @property
    def origin(self) -> str:
        """Package with its version, or repository with its commit."""
        return f"{self.package} {self.version}" if self.package else f"{self.repository} @ {self.commit[:12]}"


@cache
def load_terms(catalogue: Path = CATALOGUE) -> tuple[AssetTerms, ...]:
    """Read every asset's terms, in the catalogue's order."""
    assets = tomllib.loads(catalogue.read_text("utf-8"))
    return tuple(AssetTerms.model_validate(one) for one in assets.values())


def licences_page(results: Results) -> str:
    """The page's Markdown: terms of each asset, and the measurements whose published records used it."""
    phrases, language = results.phrases, results.language
    head = [phrases.say(f"column.{name}") for name in ("what", "origin", "licence", "used_in")]
    used = _used(results)
    rows = [
        [
            translated(one.title, language),
            one.origin,
            translated(one.licence, language),
            used.get(one.title, phrases.say("cell.none")),
        ]
        for one in load_terms()
    ]
    context = {"assets": markdown.table(head, rows, ()), "say": phrases.say, "write": phrases.write}
    front = markdown.front_matter(title=phrases.say("licences.title"), description=phrases.say("licences.lede"))
    return front + Markdown("\n" + render(Environment(language), "licences.md.j2", context))


def _used(results: Results) -> Mapping[str, Markdown]:
    """Links to the measurements that an asset took part in, by its title as the records have it."""
    links = dict[str, dict[str, Markdown]]()
    for page in results.published:
        measurement = page.findings.measurement
        for findings in page.systems:
            for source in findings.record.provenance.sources:
                links.setdefault(source.name, {})[measurement.name] = results.link(measurement)
    return {title: Markdown(", ").join(found.values()) for title, found in links.items()}
