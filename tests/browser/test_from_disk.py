"""The site opened from a disk, as its first address says: links lead to pages, and stay among the site's files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import BuiltSite


@pytest.fixture
def page(browser: Any, site: BuiltSite) -> Any:
    """The front page, without a server."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((site.folder / "index.html").as_uri(), wait_until="load")
    yield page
    context.close()


@pytest.mark.slow
def test_links_and_languages_work_without_a_server(page: Any, site: BuiltSite) -> None:
    """Pressed or by keyboard; a language keeps the page, although its address begins at a server's root."""
    for press, expected in [
        (lambda: page.locator(".md-tabs a[href*='measurements/']").first.click(), "measurements/index.html"),
        (lambda: page.locator(".md-header a[hreflang=en]").evaluate("e => e.click()"), "en/measurements/index.html"),
        (
            lambda: page.locator(".md-content a[href*='quantization-image/']").first.press("Enter"),
            "en/measurements/quantization-image/index.html",
        ),
        (
            lambda: page.locator(".md-header a[hreflang=ru]").evaluate("e => e.click()"),
            "measurements/quantization-image/index.html",
        ),
    ]:
        press()
        page.wait_for_url((site.folder / expected).as_uri() + "*")


@pytest.mark.slow
def test_there_is_no_search_that_does_not_search(page: Any) -> None:
    assert page.locator(".md-search, label[for=__search]").count() == 0
