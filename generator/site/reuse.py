"""A page whose Markdown is as before is not converted again: MkDocs gets the HTML that it made of it last time.

Two things are kept, each with everything that it was made of: what MkDocs makes of a page's Markdown, and what the
search index lists of the page's HTML. Templates are filled in every time, because a page's frame tells of other pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from material.plugins.search.plugin import SearchIndex, SearchPlugin
from mkdocs.config.base import LegacyConfig
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc

from generator.core.cache import Cache

CONVERTED, LISTED = "converted", "listed"


class KeptConversions(BasePlugin[LegacyConfig]):  # type: ignore[no-untyped-call]
    """Stands between MkDocs and its conversion of pages."""

    def __init__(self, kept: Cache, warnings: Sequence[str]) -> None:
        """Take where conversions are kept, and the list that MkDocs' warnings are collected in."""
        self.kept, self.warnings = kept, warnings

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Put an index that remembers in the place of Material's own."""
        for plugin in config.plugins.values():
            if isinstance(plugin, SearchPlugin):
                plugin.search_index = _KeptIndex(self.kept, plugin.search_index.config)

    def on_page_markdown(self, markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Let the page, once MkDocs wants it converted, ask here first."""
        page.render = partial(self._render, page)  # type: ignore[method-assign]
        return markdown

    def _render(self, page: Page, config: MkDocsConfig, files: Files) -> None:
        """Do what `Page.render` does, with the same result."""
        made_of = _text([config.theme["language"], page.file.src_uri, page.markdown, page.meta])
        made = self.kept.recall(CONVERTED, made_of)
        if made is not None and all(_address(files, path) == address for path, address in made["asked"]):
            _restore(page, made, files)
            return
        asked, warned = _Asked(files), len(self.warnings)
        Page.render(page, config, asked)  # type: ignore[arg-type]
        # What MkDocs warned of, it must warn of again.
        if len(self.warnings) == warned:
            self.kept.keep(CONVERTED, made_of, {**_conversion(page), "asked": list(asked.answers.items())})


@dataclass(frozen=True, slots=True)
class _Asked:
    """The site's files as a page's links see them; it notes which were looked for, and where they are."""

    files: Files
    answers: dict[str, str | None] = field(default_factory=dict)

    def get_file_from_path(self, path: str) -> File | None:
        self.answers[path] = _address(self.files, path)
        return self.files.get_file_from_path(path)


class _KeptIndex(SearchIndex):  # type: ignore[misc]
    """Material's search index; it does not read a page's HTML again that it has read before."""

    def __init__(self, kept: Cache, config: Mapping[str, Any]) -> None:
        super().__init__(**config)
        self.kept = kept

    def add_entry_from_context(self, page: Page) -> None:
        """Add a page's sections."""
        made_of = _text([page.url, page.title, page.meta, _tokens(page.toc), page.content])
        listed = self.kept.recall(LISTED, made_of)
        if listed is not None:
            self.entries += listed
            return
        before = len(self.entries)
        super().add_entry_from_context(page)
        self.kept.keep(LISTED, made_of, self.entries[before:])


def _conversion(page: Page) -> dict[str, Any]:
    """Everything that `Page.render` gives a page."""
    links = (page.links_to_anchors or {}).items()
    return {
        "content": page.content,
        "toc": _tokens(page.toc),
        "title": page._title_from_render,
        "anchors": sorted(page.present_anchor_ids or ()),
        "links": [[file.src_uri, anchors] for file, anchors in links],
    }


def _restore(page: Page, made: Mapping[str, Any], files: Files) -> None:
    page.content = made["content"]
    page.toc = get_toc(made["toc"])
    page._title_from_render = made["title"]
    page.present_anchor_ids = set(made["anchors"])
    found = ((files.get_file_from_path(path), anchors) for path, anchors in made["links"])
    page.links_to_anchors = {file: anchors for file, anchors in found if file is not None}


def _tokens(toc: Iterable[AnchorLink]) -> list[Any]:
    """A table of contents as the extension `toc` gives it to MkDocs."""
    return [{"name": one.title, "id": one.id, "level": one.level, "children": _tokens(one.children)} for one in toc]


def _address(files: Files, path: str) -> str | None:
    file = files.get_file_from_path(path)
    return file.url if file else None


def _text(made_of: object) -> str:
    """One text of everything; front matter may hold dates."""
    return json.dumps(made_of, default=repr)
