"""The check of a built site: what MkDocs' strict mode does not see, because it looks at Markdown and we at the result.

Raw HTML targets, fragments, language links, the site map, duplicate ids, pictures without words, requests to other
hosts, scripts that the security policy would refuse, and reference links that stayed text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from generator.core.cache import Cache

__all__ = ["LinkReport", "check_links", "read_pages"]

SEEN = "seen"
"""What a page holds, among what is kept of a build."""

_REFERENCE = re.compile(r"\[[^\[\]\n]+\]\[[^\[\]\n]*\]")
"""A reference link in text: its definition is missing, else it would be a link."""

_CSS_REQUEST = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)
_MAP_ADDRESS = re.compile(r"(?:<loc>|\bhref=\")([^<\"]+)")
_LOADED_RELATIONS = frozenset(
    {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
)
_TARGETS = ("href", "src", "poster", "data", "xlink:href")
_UNCHECKED_SCHEMES = frozenset({"mailto", "tel", "data", "blob"})
_NOT_PROSE = frozenset({"code", "pre", "script", "style", "svg", "textarea", "kbd"})
_OWN_ADDRESSES = frozenset({"og:url", "og:image"})


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What the check saw."""

    page_count: int
    """HTML pages, both languages and the error pages."""

    link_count: int

    problems: tuple[str, ...]
    """Each one "page: what is wrong: where it points", in the order of pages."""


@dataclass(frozen=True, slots=True)
class _Link:
    target: str
    loaded: bool
    """Whether a browser fetches it by itself, in contrast to when a reader clicks."""


@dataclass(slots=True)
class _Seen:
    """What one HTML page holds."""

    links: list[_Link] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)
    """Ids that `aria-labelledby` and `aria-describedby` name."""

    problems: list[str] = field(default_factory=list)


def check_links(site: Path, address: str, kept: Cache | None = None) -> LinkReport:
    """Check every page of a built site, without a server and without a network.

    Args:
        site: the site's folder.
        address: address of its root, as the pages were built for: "https://example.org/lab/".
        kept: what the last check read. Every link is checked each time; a page that is as before is not read again.
    """
    pages = read_pages(site, kept)
    files = frozenset(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    check = _Check(pages, files, address)
    problems = [f"{name}: {problem}" for name, seen in pages.items() for problem in check.page(name, seen)]
    links = sum(len(seen.links) for seen in pages.values())
    for path in sorted(site.rglob("sitemap.xml")):
        listed = _MAP_ADDRESS.findall(path.read_text("utf-8"))
        links += len(listed)
        name = path.relative_to(site).as_posix()
        problems += [f"{name}: {problem}" for one in listed for problem in check.link(name, _Link(one, loaded=True))]
    for path in sorted(site.rglob("*.css")):
        for request in _CSS_REQUEST.findall(path.read_text("utf-8")):
            problems.append(f"{path.relative_to(site).as_posix()}: asks another host: {request}")
    return LinkReport(len(pages), links, tuple(problems))


def read_pages(site: Path, kept: Cache | None = None) -> dict[str, _Seen]:
    """Read every page of a site, or of one language of it; `check_links` does not read again what is kept."""
    return {path.relative_to(site).as_posix(): _seen(path, kept) for path in sorted(site.rglob("*.html"))}


@dataclass(frozen=True, slots=True)
class _Check:
    """The site against which links are resolved."""

    pages: dict[str, _Seen]
    files: frozenset[str]
    address: str

    def page(self, name: str, seen: _Seen) -> Iterator[str]:
        yield from seen.problems
        yield from (f"two elements have the id '{one}'" for one, count in sorted(seen.ids.items()) if count > 1)
        yield from (f"a label names the missing id '{one}'" for one in sorted(seen.labels - seen.ids.keys()))
        for link in dict.fromkeys(seen.links):
            yield from self.link(name, link)

    def link(self, name: str, link: _Link) -> Iterator[str]:
        """Problems of one link on the page or file `name`: none or one."""
        here = urljoin(self.address, name.removesuffix("index.html"))
        parts, home = urlsplit(urljoin(here, link.target)), urlsplit(self.address)
        if parts.scheme in _UNCHECKED_SCHEMES:
            return
        if parts.scheme == "javascript":
            yield f"the security policy refuses this link: {link.target}"
        elif parts.netloc != home.netloc:
            if link.loaded:
                yield f"asks another host: {link.target}"
        elif not parts.path.startswith(home.path):
            yield f"leads out of the site: {link.target}"
        else:
            yield from self._file(unquote(parts.path.removeprefix(home.path)), unquote(parts.fragment), link.target)

    def _file(self, path: str, fragment: str, target: str) -> Iterator[str]:
        found = f"{path}index.html" if path == "" or path.endswith("/") else path
        if found not in self.files and f"{path}/index.html" in self.files:
            found = f"{path}/index.html"
        if found not in self.files:
            yield f"leads nowhere: {target}"
        # Material's own switches begin with two underscores; ":~:" marks text, not an element.
        elif fragment and not fragment.startswith(("__", ":~:")) and found in self.pages:
            yield from (
                f"there is no such place on the page: {target}" for _ in {fragment} - self.pages[found].ids.keys()
            )


def _seen(path: Path, kept: Cache | None) -> _Seen:
    """What a page holds: as it was kept, or the page is read."""
    html = path.read_text("utf-8")
    if kept is None:
        return _read(html)
    if known := kept.recall(SEEN, html):
        return _Seen(
            links=[_Link(target, loaded) for target, loaded in known["links"]],
            ids=Counter(known["ids"]),
            labels=set(known["labels"]),
            problems=known["problems"],
        )
    seen = _read(html)
    links = [[one.target, one.loaded] for one in seen.links]
    made = {"links": links, "ids": seen.ids, "labels": sorted(seen.labels), "problems": seen.problems}
    kept.keep(SEEN, html, made)
    return seen


def _read(html: str) -> _Seen:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.seen


class _Reader(HTMLParser):
    """Collects what a page links to and holds."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = _Seen()
        self._not_prose = 0
        self._article = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._not_prose += tag in _NOT_PROSE
        self._article += tag == "article"
        if identity := attributes.get("id") or (attributes.get("name") if tag == "a" else None):
            self.seen.ids[identity] += 1
        for name in ("aria-labelledby", "aria-describedby"):
            self.seen.labels.update(attributes.get(name, "").split())
        self.seen.links.extend(_links(tag, attributes))
        self.seen.problems.extend(self._faults(tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._not_prose -= tag in _NOT_PROSE
        self._article -= tag == "article"

    def handle_data(self, data: str) -> None:
        if not self._not_prose:
            self.seen.problems += [f"a reference link has no definition: {one}" for one in _REFERENCE.findall(data)]

    def _faults(self, tag: str, attributes: dict[str, str]) -> Iterator[str]:
        if tag == "img" and not attributes.get("alt") and attributes.get("role") not in ("presentation", "none"):
            yield f"a picture has no words (alt) for those who do not see it: {attributes.get('src', '')}"
        if self._article and tag == "script":
            yield "a script stands in the text: pages of records and templates carry none"
        for name in attributes:
            if name.startswith("on"):
                yield f"the security policy refuses the inline handler '{name}' of <{tag}>"
        for request in _CSS_REQUEST.findall(attributes.get("style", "")):
            yield f"asks another host: {request}"


def _links(tag: str, attributes: dict[str, str]) -> Iterator[_Link]:
    if tag == "base":
        return
    # A link to our own address in another form (canonical, other language) is checked as a link, not as a request.
    relations = set(attributes.get("rel", "").lower().split())
    loaded = tag != "a" and (tag != "link" or bool(relations & _LOADED_RELATIONS))
    for name in _TARGETS:
        if attributes.get(name) and (name != "data" or tag == "object"):
            yield _Link(attributes[name], loaded)
    for candidate in attributes.get("srcset", "").split(","):
        if candidate.strip():
            yield _Link(candidate.split()[0], loaded)
    if tag == "meta" and attributes.get("property") in _OWN_ADDRESSES:
        yield _Link(attributes.get("content", ""), loaded=True)
