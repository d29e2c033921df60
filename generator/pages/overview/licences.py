"""The page of licences: our own, and those of every model and data set that is downloaded."""

from __future__ import annotations

from collections.abc import Mapping

from generator.assets.asset import Asset, UrlAsset, load_catalogue
from generator.pages.overview.measured import Results
from generator.pages.template import Environment, render
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.translations import translated


def licences_page(results: Results) -> str:
    """The page's Markdown: terms of each asset, and the measurements whose published records used it."""
    phrases, language = results.phrases, results.language
    head = [phrases.say(f"column.{name}") for name in ("what", "origin", "licence", "used_in")]
    used = _used(results)
    rows = [
        [
            translated(one.title, language),
            origin(one),
            translated(one.licence, language),
            used.get(one.title, phrases.say("cell.none")),
        ]
        for one in load_catalogue().values()
    ]
    context = {"assets": markdown.table(head, rows, ()), "say": phrases.say, "write": phrases.write}
    front = markdown.front_matter(title=phrases.say("licences.title"), description=phrases.say("licences.lede"))
    return front + Markdown("\n" + render(Environment(language), "licences.md.j2", context))


def origin(asset: Asset) -> str:
    """Package with its version, or repository with its commit, as short as a table needs it."""
    if isinstance(asset, UrlAsset):
        return f"{asset.repository} @ {asset.commit[:12]}"
    return f"{asset.package} {asset.version}"


def _used(results: Results) -> Mapping[str, Markdown]:
    """Links to the measurements that an asset took part in, by its title as the records have it."""
    links = dict[str, dict[str, Markdown]]()
    for page in results.published:
        measurement = page.findings.measurement
        for findings in page.systems:
            for source in findings.record.provenance.sources:
                links.setdefault(source.name, {})[measurement.name] = results.link(measurement)
    return {title: Markdown(", ").join(found.values()) for title, found in links.items()}
