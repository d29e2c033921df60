"""Every page, as a reader's browser shows it: phone and desktop, light and dark, both languages."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import DESKTOP, HERE, PHONE, BuiltSite, Visit, watch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCREENS = [
    pytest.param(PHONE, "light", "ru", id="phone-light-ru"),
    pytest.param(PHONE, "dark", "en", id="phone-dark-en"),
    pytest.param(DESKTOP, "dark", "ru", id="desktop-dark-ru"),
    pytest.param(DESKTOP, "light", "en", id="desktop-light-en"),
]
"""Each page twice in each language: both sizes, both schemes."""

AXE = """() => axe.run(
  // Material's own: the bar of a code block's copy button is a landmark without a name.
  { exclude: [".md-code__nav"] },
  { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"], preload: false },
)"""

SETTLED_S = 0.25
"""After so long Material has wrapped the tables and site.js has named what scrolls."""

PARTS = 4
"""The pages of a screen are divided among processes."""

Open = Callable[..., Visit]


OF_A_KIND = 2
"""Pages of one folder that are opened; they come from one template, and html-validate reads them all."""


def _some_of_each_kind(pages: Sequence[str]) -> list[str]:
    """Every page that stands alone, and the first few of each folder."""
    folders = Counter[str]()
    chosen = list[str]()
    for name in pages:
        folder = name.rstrip("/").rpartition("/")[0]
        folders[folder] += folder not in ("", "en")
        if folders[folder] <= OF_A_KIND:
            chosen.append(name)
    return chosen


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("size", "scheme", "language"), SCREENS)
def test_pages_read_well(
    site: BuiltSite, browser: Any, npm_tools: Path, size: tuple[int, int], scheme: str, language: str, part: int
) -> None:
    """No error, no request to another host, nothing wider than the screen, and nothing that axe-core objects to."""
    axe = (npm_tools / "axe-core" / "axe.min.js").read_text("utf-8")
    # Run from outside the page: its security policy would refuse a script that is put into it.
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    names = [name for name in _some_of_each_kind(site.pages) if name.startswith("en/") is (language == "en")]
    assert len(names) >= PARTS
    found = list[str]()
    for name, visit in _settled(context, site.address, names[part::PARTS]):
        wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        visit.page.evaluate(axe)
        report = visit.page.evaluate(AXE)
        problems = [f"is {wide} px wider than the screen"] if wide > 0 else []
        problems += [
            f"{one['id']} ({one['help']}): {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in report["violations"]
            for node in one["nodes"]
        ]
        found += [f"{name or '/'}: {one}" for one in [*problems, *visit.problems]]
        visit.problems.clear()
    context.close()
    assert not found, "\n".join(found)


def _settled(context: Any, address: str, names: Sequence[str]) -> Iterator[tuple[str, Visit]]:
    """Each page with its name, once it has settled: while one is read, the next one already loads and settles."""
    visits = [Visit(context.new_page()) for _ in range(2)]
    for visit in visits:
        watch(visit, address)
    loaded = list[tuple[str, Visit, float]]()
    for index, name in enumerate(names):
        visit = visits[index % 2]
        visit.page.goto(address + name, wait_until="load")
        loaded.append((name, visit, time.monotonic()))
        if len(loaded) == 2:
            yield _waited(*loaded.pop(0))
    for one in loaded:
        yield _waited(*one)


def _waited(name: str, visit: Visit, loaded_s: float) -> tuple[str, Visit]:
    remaining_s = loaded_s + SETTLED_S - time.monotonic()
    if remaining_s > 0:
        visit.page.wait_for_timeout(1000 * remaining_s)
    return name, visit


def test_html_is_valid(site: BuiltSite, npm_tools: Path) -> None:
    """html-validate's standard rules, less those that Material's own markup breaks on every page."""
    command = ["node", str(npm_tools / "html-validate" / "bin" / "html-validate.mjs"), "--formatter", "json"]
    command += ["--config", str(HERE / "htmlvalidate.json"), str(site.folder)]
    done = subprocess.run(command, cwd=npm_tools.parent, capture_output=True, text=True, timeout=300)
    report = json.loads(done.stdout)
    found = {
        f"{Path(one['filePath']).relative_to(site.folder)}:{m['line']}:{m['column']}: {m['ruleId']}: {m['message']}"
        for one in report
        for m in one["messages"]
    }
    assert not found, "\n".join(sorted(found)[:40])


@pytest.mark.parametrize(
    ("page", "words"),
    [
        pytest.param("", "задержками", id="ru-case"),
        pytest.param("", "процессоре", id="ru-locative"),
        pytest.param("", "нейросеть", id="ru-singular"),
        pytest.param("en/", "measured", id="en-form"),
    ],
)
def test_search_finds_word_forms(visit: Open, page: str, words: str) -> None:
    """A word is found in another form than the one that the page has it in."""
    opened = visit(page)
    opened.page.locator(".md-search__input").click()
    opened.page.keyboard.type(words)
    opened.page.keyboard.press("End")  # Playwright types Cyrillic without the keys' events that Material waits for
    results = opened.page.locator(".md-search-result__item")
    results.first.wait_for(timeout=10_000)
    assert results.count() >= 1
    assert "<mark" in opened.page.locator(".md-search-result__list").inner_html()


@pytest.mark.parametrize("page", ["measurements/", "en/measurements/"])
def test_the_language_switch_stays_on_the_page(visit: Open, site: BuiltSite, page: str) -> None:
    """From either language to the same page in the other one."""
    opened = visit(page)
    other = "measurements/" if page.startswith("en/") else "en/measurements/"
    language = "ru" if page.startswith("en/") else "en"
    link = opened.page.locator(f"a.md-select__link[hreflang={language}]")
    opened.page.locator(".md-header .md-select").hover()
    link.click()
    opened.page.wait_for_url(site.address + other)


def test_a_chosen_scheme_holds_in_the_other_language(visit: Open, site: BuiltSite) -> None:
    """Who turns the dark one on keeps it on the next page and in the other language."""
    opened = visit("")
    opened.page.locator("form[data-md-component=palette] label:visible").click()
    for name in ("", "measurements/", "en/"):
        opened.page.goto(site.address + name)
        assert opened.page.locator("body").get_attribute("data-md-color-scheme") == "slate"


@pytest.mark.parametrize("page", ["404.html", "en/404.html"])
def test_the_error_page_leads_back(visit: Open, site: BuiltSite, page: str) -> None:
    """Both languages' ways home lead home."""
    for language in ("ru", "en"):
        opened = visit(page)
        opened.page.locator(f"section[lang={language}] a").first.click()
        opened.page.wait_for_url(site.address + ("en/" if language == "en" else ""))
