"""The whole site, built as it is published, from the repository's own configuration and pages."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import PublishError
from generator.core.pool import Pool
from generator.site import fingerprint
from generator.site.build import LANGUAGES, Page, Site, build_site, keep_sources, unchanged

pytestmark = [
    pytest.mark.slow,
    # MkDocs 1.x is finished software; what newer Pythons and libraries deprecate in it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

REPOSITORY = Path(__file__).parents[2]
ROOT_URL = "https://example.org/lab/"
GENERATED = (
    *("applications", "claims", "evidence", "glossary", "licences", "no-gain", "systems", "technologies"),
    *("on-device", "this-machine", "twice-in-two-years", "validity", "your-record"),
)
"""Pages that the navigation and the hand-written pages lead to."""

WRITTEN = len([*(REPOSITORY / "docs/ru").glob("*.md")])
"""Hand-written pages of a language; beside them and `GENERATED` stand three: home, the list, and one measurement."""

CHART = (
    '<figure class="chart"><svg role="img" aria-labelledby="c-t"><title id="c-t">x</title>'
    '<rect fill="var(--c0)"/></svg></figure>'
)


def pages(extra: str = "") -> list[Page]:
    """What the generated part of a site looks like, as small as it can be."""
    made = []
    for language in LANGUAGES:
        question = (
            "---\ntitle: Q\ndescription: 'says \"x\"'\ndate: 2026-11-23\nrecord: measurements/q/r-1.json\n"
            "licence: https://example.org/by\nimage: card.png\n---\n# Q\n\n## A {#a}\n"
        )
        files = {
            "index.md": f"# Home\n\n[m](measurements/q/index.md#a) [how](method.md#control)\n\n{CHART}\n\n{extra}\n",
            "measurements/index.md": "# All\n\n[q](q/index.md)\n",
            "measurements/q/index.md": question + "\n[data](data.csv)\n",
            "measurements/q/data.csv": "a,b\n",
            **{f"{name}/index.md": f"# {name}\n\n## A {{#designs}}\n" for name in GENERATED},
            "measurements/q/results.csv": "a,b\n",
            "measurements/q/r-1.json": "{}\n",
            "card.png": "",
        }
        made += [Page(language, path, content.encode()) for path, content in files.items()]
    return made


def checkout(root: Path) -> Path:
    """The parts of the repository that a build reads."""
    root.mkdir(exist_ok=True)
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        shutil.copy(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "docs", root / "docs")
    (root / "generator").symlink_to(REPOSITORY / "generator")
    return root


WHOLE = ["stage", "languages", "check"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Built once, and only read."""
    steps: list[str] = []
    site = build_site(
        pages(), _own_checkout(tmp_path_factory.mktemp("built") / "root"), steps.append, site_url=ROOT_URL
    )
    assert steps == WHOLE
    aside = shutil.copytree(site.path.parent, site.path.parents[1] / "aside")
    return replace(site, path=aside / "site")


@pytest.fixture
def standing(built: Site) -> Path:
    """The checkout that it was built in, as it was then to the last file's time, for a test to change."""
    aside = built.path.parent
    root = aside.with_name("root")
    shutil.rmtree(root)
    shutil.copytree(aside, root)
    return root


def html(site: Site, name: str) -> str:
    return (site.path / name).read_text("utf-8")


def test_both_languages_are_there(built: Site) -> None:
    """Russian at the root, English under en/, the same pages in each."""
    found = {path.relative_to(built.path).as_posix() for path in built.path.rglob("*.html")}
    russian = {name for name in found if not name.startswith("en/")}
    assert found - russian == {f"en/{name}" for name in russian}
    assert {"index.html", "method/index.html", "about/index.html", "measurements/q/index.html", "404.html"} <= russian
    assert built.page_count == WRITTEN + 3 + len(GENERATED)
    assert '<html lang="ru"' in html(built, "index.html")
    assert '<html lang="en"' in html(built, "en/index.html")


def test_both_languages_share_the_readers_choices(built: Site) -> None:
    """Who has chosen dark colours keeps them when switching the language."""
    for name in ("index.html", "method/index.html", "en/index.html"):
        assert '__md_scope=new URL("/lab/",location)' in html(built, name)


@pytest.mark.parametrize("base", ["", "en/"])
def test_a_page_says_where_it_is_in_either_language(built: Site, base: str) -> None:
    """Canonical, language, social and feed links are right under a sub-path, from both languages."""
    page = html(built, f"{base}measurements/q/index.html")
    own = f"{ROOT_URL}{base}measurements/q/"
    assert f'<link rel="canonical" href="{own}">' in page
    for language, path in (("ru", ""), ("en", "en/"), ("x-default", "")):
        assert f'<link rel="alternate " href="{ROOT_URL}{path}measurements/q/" hreflang="{language}">' in page
    assert f'<meta property="og:url" content="{own}">' in page
    assert f'<meta property="og:image" content="{ROOT_URL}{base}card.png">' in page
    assert page.count('content="says &quot;x&quot;"') == 2
    assert 'type="application/atom+xml"' in page
    assert '<a href="/lab/en/measurements/q/" hreflang="en"' in page
    # Material's script would ask for a sitemap.xml beside each of these.
    assert 'rel="alternate"' not in page


def test_error_page_speaks_both_languages(built: Site) -> None:
    """Hosts serve the root's 404.html for English addresses too; its links work at any depth."""
    page = html(built, "404.html")
    assert "Такой страницы нет" in page
    assert "There is no such page" in page
    assert 'href="/lab/en/"' in page
    assert 'href="/lab/assets/css/site.css"' in page
    assert '<meta name="robots" content="noindex">' in page


def test_site_map_has_each_page_in_each_language(built: Site) -> None:
    """Search engines learn the twins and the dates; robots.txt names both maps and stands only at the root."""
    for base in ("", "en/"):
        listed = html(built, f"{base}sitemap.xml")
        assert listed.count("<loc>") == built.page_count
        assert f'hreflang="en" href="{ROOT_URL}en/measurements/q/"' in listed
        assert "<lastmod>2026-11-23</lastmod>" in listed
    assert f"Sitemap: {ROOT_URL}en/sitemap.xml" in html(built, "robots.txt")
    assert not (built.path / "en" / "robots.txt").exists()


def test_each_language_has_a_feed_of_its_dated_pages(built: Site) -> None:
    """Atom as its standard wants it: absolute addresses, ids that stay, times with a zone, texts as text."""
    atom = "{http://www.w3.org/2005/Atom}"
    for base in ("", "en/"):
        feed = ET.fromstring(html(built, f"{base}feed.xml"))
        assert feed.tag == f"{atom}feed"
        for name in ("id", "title", "updated", "author", "rights"):
            assert len(feed.findall(atom + name)) == 1
        (entry,) = feed.findall(f"{atom}entry")
        own = f"{ROOT_URL}{base}measurements/q/"
        assert entry.findtext(f"{atom}id") == own
        assert entry.find(f"{atom}link").get("href") == own  # type: ignore[union-attr]
        assert entry.findtext(f"{atom}updated") == "2026-11-23T00:00:00Z"
        assert entry.findtext(f"{atom}summary") == 'says "x"'


def test_a_measurement_is_a_data_set_to_machines(built: Site) -> None:
    """schema.org's Dataset with licence and downloads that are there; other pages claim no such thing."""
    page = html(built, "en/measurements/q/index.html")
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert (data["@type"], data["description"], data["license"]) == ("Dataset", 'says "x"', "https://example.org/by")
    for one in data["distribution"]:
        assert (built.path / one["contentUrl"].removeprefix(ROOT_URL)).is_file()
    assert "ld+json" not in html(built, "index.html")


def test_the_site_says_what_it_has_to_language_models(built: Site) -> None:
    """llms.txt: every page with its address, the data beside it, and where the other language is."""
    text = html(built, "en/llms.txt")
    assert text.startswith("# Inference, measured\n\n> ")
    assert text.count("- [") == built.page_count + 1
    assert f'({ROOT_URL}en/measurements/q/): says "x"' in text
    assert f"[r-1.json]({ROOT_URL}en/measurements/q/r-1.json)" in text
    assert f"{ROOT_URL}llms.txt" in text


def test_every_page_has_a_policy_and_asks_nobody(built: Site) -> None:
    """A strict content security policy stands before any script; no page loads anything from elsewhere."""
    for path in built.path.rglob("*.html"):
        page = path.read_text("utf-8")
        assert page.index("Content-Security-Policy") < page.index("<script")
        assert not re.search(r"fonts\.g|unpkg|jsdelivr|api\.github", page)


def test_dead_weight_is_gone(built: Site) -> None:
    """No source maps, no stemmer of a language that nobody searches in."""
    assert not list(built.path.rglob("*.map"))
    assert [path.name for path in built.path.rglob("lunr.??.min.js")] == ["lunr.ru.min.js"]


def test_own_pages_are_no_edit_links(built: Site) -> None:
    """Without EDIT_URL no page has one."""
    assert 'rel="edit"' not in html(built, "method/index.html")


def test_charts_keep_their_variables(built: Site) -> None:
    """Inline SVG passes through Markdown unharmed, and the colours it names are delivered to both languages."""
    for base in ("", "en/"):
        assert 'fill="var(--c0)"' in html(built, f"{base}index.html")
        assert "--c7:" in html(built, f"{base}assets/css/palette.css")


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        pytest.param("[x](gone.md)", "gone.md", id="missing page"),
        pytest.param("[x](method.md#gone)", "#gone", id="missing place"),
        pytest.param("![x](gone.png)", "gone.png", id="missing picture"),
        pytest.param('<img src="gone.png" alt="x">', "leads nowhere: gone.png", id="raw HTML"),
        pytest.param("[x][gone]", "no definition: [x][gone]", id="undefined reference"),
    ],
)
def test_a_fault_stops_the_build_and_leaves_the_old_site(
    standing: Path, fault: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the logging is set to: the error names the fault and where to look, and the last good site stays."""
    monkeypatch.setattr(logging.getLogger(), "level", logging.CRITICAL)
    before = _contents(standing / "site")
    with pytest.raises(PublishError) as caught:
        build_site(pages(fault), standing, site_url=ROOT_URL)
    assert named in str(caught.value)
    assert _contents(standing / "site") == before
    assert logging.getLogger("mkdocs").handlers == []


def test_a_fault_of_one_language_is_told_from_its_own_process_too(tmp_path: Path) -> None:
    """And nothing of the other language's is left behind."""
    root = checkout(tmp_path / "root")
    page = root / "docs/en/about.md"
    page.write_text(page.read_text("utf-8") + "\n[x](gone.md)\n", "utf-8")
    with Pool(2) as pool, pytest.raises(PublishError, match=r"docs of 'en'(?s:.*)gone\.md(?s:.*)build/docs/en"):
        build_site(pages(), root, site_url=ROOT_URL, pool=pool)
    assert not (root / "site").exists()
    page.write_text(page.read_text("utf-8").replace("\n[x](gone.md)\n", ""), "utf-8")
    build_site(pages(), root, site_url=ROOT_URL)
    assert not list((root / "build").glob("site*"))


def _steps_of_a_build(root: Path, made: list[Page] | None = None, **options: Any) -> list[str]:
    steps: list[str] = []
    build_site(pages() if made is None else made, root, steps.append, site_url=ROOT_URL, **options)
    return steps


def test_an_unchanged_site_is_not_built_again(built: Site, standing: Path) -> None:
    """The second build stages the pages, sees that all is as before, and gives the same numbers."""
    steps: list[str] = []
    second = build_site(pages(), standing, steps.append, site_url=ROOT_URL)
    assert steps == ["stage"]
    assert second == replace(built, path=standing / "site", rewritten=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "docs/ru/about.md").write_text(
            (root / "docs/ru/about.md").read_text("utf-8") + "\n\nЕщё.\n", "utf-8"
        ),
        lambda root: (root / "mkdocs.yml").write_text((root / "mkdocs.yml").read_text("utf-8") + "\n", "utf-8"),
        lambda root: (root / "site/index.html").unlink(),
        lambda root: (root / "site/index.html").write_text("", "utf-8"),
        lambda root: (root / "site/more.html").write_text("", "utf-8"),
        lambda root: (root / "build/built.json").write_text("{", "utf-8"),
        lambda root: (root / "build/built.json").unlink(),
    ],
    ids=["page", "configuration", "file gone", "file emptied", "file added", "memory damaged", "memory gone"],
)
def test_whatever_has_changed_is_built_again(standing: Path, change: Callable[[Path], object]) -> None:
    change(standing)
    assert _steps_of_a_build(standing) == WHOLE
    assert _steps_of_a_build(standing) == ["stage"]


def test_another_moment_place_or_page_is_another_site(standing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = standing
    assert _steps_of_a_build(root, epoch=1_795_000_000) == WHOLE
    assert _steps_of_a_build(root, epoch=1_795_000_000, target=root / "elsewhere") == WHOLE
    assert _steps_of_a_build(root, pages("One more sentence."), epoch=1_795_000_000) == WHOLE
    assert _steps_of_a_build(root, pages("One more sentence."), epoch=1_795_000_000) == ["stage"]
    monkeypatch.setattr(fingerprint, "distributions", list)
    assert _steps_of_a_build(root, pages("One more sentence."), epoch=1_795_000_000) == WHOLE


def test_a_site_is_known_by_what_its_pages_were_made_from(built: Site, standing: Path) -> None:
    """Until it is touched, made from something else, or built again by somebody who does not say from what."""
    assert unchanged(standing, "these") is None
    keep_sources(standing, "these")
    assert unchanged(standing, "these") == replace(built, path=standing / "site", rewritten=0)
    assert unchanged(standing, "others") is None
    assert unchanged(standing, "these", standing / "elsewhere") is None
    (standing / "site/index.html").touch()
    assert unchanged(standing, "these") is None
    _steps_of_a_build(standing)
    assert unchanged(standing, "these") is None


@pytest.mark.parametrize(
    "name", ["docs/ru/about.md", "measurements/x/records/x-1.json", "measurements/x/article.ru.md"]
)
def test_pages_are_made_from_files_and_from_what_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text("one", "utf-8")
    first = fingerprint.sources(tmp_path, ["machine"], ())
    assert fingerprint.sources(tmp_path, ["machine"], ()) == first
    assert fingerprint.sources(tmp_path, ["another"], ()) != first
    path.write_text("other", "utf-8")
    changed = fingerprint.sources(tmp_path, ["machine"], ())
    assert changed != first
    elsewhere = tmp_path / "attempt.json"
    elsewhere.write_text("{}", "utf-8")
    assert fingerprint.sources(tmp_path, ["machine"], [elsewhere]) != changed


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages that MkDocs converts from now on."""
    from mkdocs.structure.pages import Page as MkDocsPage

    names: list[str] = []
    render = MkDocsPage.render

    def noted(page: MkDocsPage, config: Any, files: Any) -> None:
        names.append(f"{config.theme['language']}/{page.file.src_uri}")
        render(page, config, files)

    monkeypatch.setattr(MkDocsPage, "render", noted)
    return names


def _own_checkout(root: Path) -> Path:
    """A checkout whose theme and hooks can be changed."""
    root.mkdir()
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        shutil.copy(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "docs", root / "docs")
    shutil.copytree(REPOSITORY / "generator" / "site", root / "generator" / "site")
    return root


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _of_pages(change: Callable[[list[Page]], list[Page]]) -> Callable[[Path, list[Page]], list[Page]]:
    return lambda _root, made: change(made)


def _edited(old: str, new: str, *paths: str) -> Callable[[Path, list[Page]], list[Page]]:
    """A change of the pages at these paths, in both languages."""

    def one(page: Page) -> Page:
        if page.path not in paths:
            return page
        assert isinstance(page.content, bytes)
        assert old.encode() in page.content
        return replace(page, content=page.content.replace(old.encode(), new.encode()))

    return _of_pages(lambda made: [one(page) for page in made])


def _another_record(made: list[Page]) -> list[Page]:
    """What a second record of the measurement adds: its file, its machine's page, and the links to them."""
    files = {"measurements/q/r-2.json": "{}\n", "measurements/q/other.md": "# Q elsewhere\n\n[q](index.md#a)\n"}
    more = [Page(language, path, text.encode()) for language in LANGUAGES for path, text in files.items()]
    return _edited("[data]", "[r](r-2.json) [o](other.md) [data]", "measurements/q/index.md")(Path(), made) + more


EVERYTHING = 2 * (WRITTEN + 3 + len(GENERATED))


@pytest.mark.parametrize(
    ("change", "again"),
    [
        pytest.param(_edited("[m]", "More. [m]", "index.md"), 2, id="text"),
        pytest.param(_edited("# All", "# Everything", "measurements/index.md"), 2, id="title"),
        pytest.param(_edited("## A {#a}", "## A {#a}\n\n## B {#b}", "measurements/q/index.md"), 2, id="heading"),
        pytest.param(_edited("'\ndate: 2026-11-23", " or so'\ndate: 2026-11-24", "measurements/q/index.md"), 2, id="front matter"),
        pytest.param(_of_pages(_another_record), 4, id="record"),
        pytest.param(_edited("## A", "## C", *(f"{one}/index.md" for one in GENERATED)), 2 * len(GENERATED), id="phrase"),
        pytest.param(lambda root, made: _replace(root / "mkdocs.yml", "toc_depth: 3", "toc_depth: 2") or made, EVERYTHING, id="configuration"),
        pytest.param(lambda root, made: _replace(root / "mkdocs.en.yml", "Back to", "Up to") or made, EVERYTHING, id="English configuration"),
        pytest.param(lambda root, made: _replace(root / "generator/site/theme/404.html", "404", "405") or made, EVERYTHING, id="theme"),
        pytest.param(lambda root, made: _replace(root / "generator/site/hooks.py", "html.escape(", "str(") or made, EVERYTHING, id="hooks"),
    ],
)  # fmt: skip
def test_a_build_upon_another_is_as_a_clean_one(
    standing: Path, converted: list[str], change: Callable[[Path, list[Page]], list[Page]], again: int
) -> None:
    """Byte by byte: pages, search, site map, feed. Only changed pages are converted, and all where all may differ."""
    root = standing
    made = change(root, pages())
    build_site(made, root, site_url=ROOT_URL)
    assert len(converted) == again
    upon = _contents(root / "site")
    shutil.rmtree(root / "site")
    shutil.rmtree(root / "build")
    converted.clear()
    build_site(made, root, site_url=ROOT_URL)
    assert len(converted) == EVERYTHING + _count(made) - _count(pages())
    assert upon == _contents(root / "site")


def _count(made: list[Page]) -> int:
    return sum(page.path.endswith(".md") for page in made)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_other_versions_convert_every_page_again(
    standing: Path, converted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = standing
    monkeypatch.setattr(fingerprint, "distributions", list)
    build_site(pages(), root, site_url=ROOT_URL)
    assert len(converted) == EVERYTHING


def test_another_address_converts_none(standing: Path, converted: list[str]) -> None:
    """Links in pages are relative; the preview of a site that was built converts nothing again."""
    root = standing
    build_site(pages(), root, site_url="http://127.0.0.1:8000/", target=root / "build" / "preview")
    assert converted == []


def _without(made: list[Page], path: str) -> list[Page]:
    return [page for page in made if page.path != path]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(_edited("## A {#a}", "## B", "measurements/q/index.md"), "#a", id="a place is gone"),
        pytest.param(
            _of_pages(lambda made: _without(made, "measurements/q/data.csv")), "data.csv", id="a file is gone"
        ),
        pytest.param(
            _of_pages(lambda made: _without(made, "measurements/q/index.md")), "q/index.md", id="a page is gone"
        ),
    ],
)
def test_a_page_that_is_as_before_is_blamed_for_what_it_links_to(
    standing: Path, change: Callable[[Path, list[Page]], list[Page]], named: str
) -> None:
    """However often it is built, and until it is mended."""
    root = standing
    for _ in range(2):
        with pytest.raises(PublishError) as caught:
            build_site(change(root, pages()), root, site_url=ROOT_URL)
        assert "MkDocs warns" in str(caught.value)
        assert named in str(caught.value)
    build_site(pages(), root, site_url=ROOT_URL)


def test_the_environment_is_left_as_it_was(standing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings made for MkDocs do not outlive the build."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = dict(os.environ)
    build_site(pages(), standing, site_url=ROOT_URL, epoch=1)
    assert dict(os.environ) == before


def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    """Two builds in fresh processes, with different hash seeds and folders, one on all processors, differ in nothing."""
    code = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]\n"
        "from generator.core.pool import Pool; from generator.site.build import build_site\n"
        "from test_site_build import checkout, pages\n"
        "with Pool(int(Path(sys.argv[1]).name)) as pool:\n"
        "    build_site(pages(), checkout(Path(sys.argv[1])), epoch=1_795_000_000, pool=pool)\n"
    )
    digests = []
    for seed in ("1", "2"):
        root = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        environment.pop("SOURCE_DATE_EPOCH", None)
        command = [sys.executable, "-c", code, str(root), str(Path(__file__).parent), str(REPOSITORY)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=REPOSITORY)
        assert done.returncode == 0, done.stderr
        assert "warning" not in (done.stdout + done.stderr).lower(), "MkDocs' or Material's banner"
        files = sorted(path for path in (root / "site").rglob("*") if path.is_file())
        digests.append({p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    assert digests[0] == digests[1]
