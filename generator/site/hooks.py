"""What needs MkDocs' own objects. MkDocs loads this file (mkdocs.yml, `hooks`); it imports nothing of ours.

Addresses are made of one root (SITE_URL), so that canonical links, language links and the site map agree under any
path that the site is deployed to.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import File, Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give each language its own address under the one root, and its place in the repository."""
    root = (config.site_url or "/").rstrip("/") + "/"
    language = config.theme["language"]
    config.extra["site_root"] = root
    # Material keeps the reader's choice of colours by this path: one for both languages, not one each.
    config.extra["scope"] = urlsplit(root).path
    config.site_url = root + config.extra["languages"][language]["base"]
    if edit := os.environ.get("EDIT_URL"):
        config.edit_uri = f"{edit.rstrip('/')}/docs/{language}/"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the edit link off generated pages: it would lead to a file that the repository does not have."""
    sources = Path(config.config_file_path).parent / "docs" / config.theme["language"]
    for file in files:
        if not (sources / file.src_uri).exists():
            file.edit_uri = None
    return files


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> Environment:
    """Hand the theme what it cannot know: addresses in the other language, and what the feed is to list."""
    env.globals["alternates"] = lambda address: alternates(config, address)
    env.globals["dated"] = dated
    return env


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Escape the description: Material writes it into an attribute as it stands. `summary` keeps it as it was."""
    if "description" in page.meta:
        page.meta["summary"] = str(page.meta["description"]).strip()
        page.meta["description"] = html.escape(str(page.meta["description"]).strip())
    return markdown


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation) -> dict[str, Any]:
    """Let the language switch stay on the page, and a page outside the navigation light up its section's tab."""
    config.extra["alternate"] = alternates(config, page.url)
    for item in nav.items:
        children = item.children if item.is_section else [item]
        if page not in children:
            item.active = _section(page.url) in {_section(child.url) for child in children if child.is_page}
    return context


def on_template_context(context: dict[str, Any], template_name: str, config: MkDocsConfig) -> dict[str, Any]:
    """Give the pages that belong to no language's page (404, site map) the languages' roots."""
    config.extra["alternate"] = alternates(config, "")
    return context


def alternates(config: MkDocsConfig, address: str) -> list[dict[str, str]]:
    """One page in every language.

    Both languages have the same paths (staging refuses a page without its twin), so the address is all it takes.

    Args:
        config: has the languages and the root.
        address: the page's, relative to its language's root; "./" or "" is the front page.

    Returns:
        For each language: `lang`, `name`, `link` (path on any host, for people) and `absolute` (for machines).
    """
    found = []
    for language, about in config.extra["languages"].items():
        absolute = urljoin(config.extra["site_root"], about["base"] + address.removeprefix("./"))
        found.append({"lang": language, "name": about["name"], "link": urlsplit(absolute).path, "absolute": absolute})
    return found


def dated(files: Iterable[File]) -> list[dict[str, Any]]:
    """What the feed lists: pages with a date, those first that changed last, then by address.

    Returns:
        For each one `page`, and `updated`, the day as text.
    """
    pages = sorted((file.page for file in files if file.page and file.page.meta.get("date")), key=lambda page: page.url)
    found = [{"page": page, "updated": str(page.meta.get("updated") or page.meta["date"])} for page in pages]
    return sorted(found, key=lambda one: one["updated"], reverse=True)


def _section(address: str) -> str:
    """First folder of an address; the front page has none."""
    return address.removeprefix("./").partition("/")[0]
