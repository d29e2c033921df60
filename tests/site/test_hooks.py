"""What MkDocs calls: tested with stand-ins that have only what the hooks touch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.site import hooks

LANGUAGES = {"ru": {"name": "Русский", "base": ""}, "en": {"name": "English", "base": "en/"}}


def config(language: str = "ru", site_url: str = "https://example.org/lab/", path: str = "mkdocs.yml") -> Any:
    return SimpleNamespace(
        theme={"language": language},
        extra={"languages": LANGUAGES},
        site_url=site_url,
        edit_uri=None,
        config_file_path=path,
    )


@pytest.mark.parametrize(
    ("language", "given", "expected"),
    [
        ("ru", "https://example.org/lab/", "https://example.org/lab/"),
        ("en", "https://example.org/lab/", "https://example.org/lab/en/"),
        ("en", "https://example.org", "https://example.org/en/"),
    ],
)
def test_one_root_gives_every_language_its_address(language: str, given: str, expected: str) -> None:
    """SITE_URL is one setting, with or without its last slash, under any sub-path."""
    assert hooks.on_config(config(language, given)).site_url == expected


@pytest.mark.parametrize("address", ["./", "", "measurements/x/"])
def test_the_language_switch_stays_on_the_page(address: str) -> None:
    """A page's twin has the same address under the other language's root, from either side."""
    path = address.removeprefix("./")
    for language in LANGUAGES:
        found = hooks.alternates(hooks.on_config(config(language)), address)
        assert [one["link"] for one in found] == [f"/lab/{path}", f"/lab/en/{path}"]
        assert [one["absolute"] for one in found] == [f"https://example.org/lab/{base}{path}" for base in ("", "en/")]


def test_generated_pages_have_no_edit_link(tmp_path: Path) -> None:
    """An edit link leads to a file of the repository, or there is none."""
    (tmp_path / "docs" / "ru").mkdir(parents=True)
    (tmp_path / "docs" / "ru" / "about.md").touch()
    files = [SimpleNamespace(src_uri=name, edit_uri=name) for name in ("about.md", "index.md")]
    hooks.on_files(files, config(path=str(tmp_path / "mkdocs.yml")))  # type: ignore[arg-type]
    assert [file.edit_uri for file in files] == ["about.md", None]


def test_edit_links_need_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """EDIT_URL gets the language's folder appended; without it nothing is linked."""
    monkeypatch.delenv("EDIT_URL", raising=False)
    assert hooks.on_config(config()).edit_uri is None
    monkeypatch.setenv("EDIT_URL", "https://example.org/o/n/edit/main")
    assert hooks.on_config(config("en")).edit_uri == "https://example.org/o/n/edit/main/docs/en/"


def nav_page(url: str) -> Any:
    return SimpleNamespace(url=url, is_page=True, is_section=False, active=True)


def nav_section(*children: Any) -> Any:
    return SimpleNamespace(children=list(children), is_page=False, is_section=True, active=True)


@pytest.mark.parametrize("address", ["measurements/x/", "technologies/x/"])
def test_a_page_outside_the_navigation_lights_up_its_tab(address: str) -> None:
    """It still shows where one is, in a section as well as by itself; the others' tabs stay dark."""
    section = nav_section(nav_page("measurements/"), nav_page("no-gain/"))
    items = [nav_page("./"), section, nav_page("technologies/"), nav_section(nav_page("method/"))]
    page: Any = SimpleNamespace(url=address)
    hooks.on_page_context({}, page, hooks.on_config(config()), SimpleNamespace(items=items))  # type: ignore[arg-type]
    lit = address.startswith("measurements")
    assert [item.active for item in items] == [False, lit, not lit, False]


def test_a_section_is_lit_by_its_own_page() -> None:
    """MkDocs has done so already, and nothing puts it out."""
    page = nav_page("no-gain/")
    section = nav_section(nav_page("measurements/"), page)
    hooks.on_page_context({}, page, hooks.on_config(config()), SimpleNamespace(items=[section]))  # type: ignore[arg-type]
    assert section.active


def test_description_cannot_break_out_of_its_attribute() -> None:
    """Material writes the description into an attribute unescaped."""
    page: Any = SimpleNamespace(meta={"description": 'says "twice"\n'})
    hooks.on_page_markdown("", page, config(), None)  # type: ignore[arg-type]
    assert page.meta["description"] == "says &quot;twice&quot;"


def test_the_feed_lists_what_has_a_date_newest_first() -> None:
    """By the day of the last change, then by address; a page without a date is no news."""

    def file(url: str, **meta: str) -> Any:
        return SimpleNamespace(page=SimpleNamespace(url=url, meta=meta))

    files = [
        file("b/", date="2026-01-02"),
        file("a/", date="2026-01-02"),
        file("about/"),
        file("old-but-mended/", date="2025-01-01", updated="2026-03-01"),
        SimpleNamespace(page=None),
    ]
    found = [(one["page"].url, one["updated"]) for one in hooks.dated(files)]
    assert found == [("old-but-mended/", "2026-03-01"), ("a/", "2026-01-02"), ("b/", "2026-01-02")]
