"""The check of a built site."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.site.links import check_links

ADDRESS = "https://example.org/lab/"


def write(site: Path, **pages: str) -> Path:
    for name, body in {"index": "", **pages}.items():
        path = site / ("index.html" if name == "index" else f"{name}/index.html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!doctype html><html><body>{body}</body></html>", "utf-8")
    return site


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('<a href="other/">x</a>', id="page"),
        pytest.param('<a href="other">x</a>', id="page without its slash"),
        pytest.param('<a href="/lab/other/#there">x</a>', id="absolute path with a place"),
        pytest.param('<a href="https://example.org/lab/other/">x</a>', id="own full address"),
        pytest.param('<a href="https://elsewhere.org/">x</a>', id="another host, on a click"),
        pytest.param('<a href="mailto:a@b.c">x</a>', id="mail"),
        pytest.param('<a href="#:~:text=word">x</a>', id="text fragment"),
        pytest.param('<a href="#__comments">x</a>', id="Material's own place"),
        pytest.param('<link rel="canonical" href="https://elsewhere.org/">', id="canonical"),
        pytest.param('<img src="data:image/png;base64,AAAA" alt="x">', id="picture in the page"),
        pytest.param('<img src="other/" alt="" role="presentation">', id="ornament"),
        pytest.param("<code>[a][b]</code><pre>[a][b]</pre>", id="brackets in code"),
        pytest.param("<p>[1.53, 1.59] [2]</p>", id="an interval"),
    ],
)
def test_right_pages_pass(tmp_path: Path, body: str) -> None:
    """What works in a browser, and asks nobody else for anything, is no problem."""
    write(tmp_path, index=body, other='<p id="there">x</p>')
    assert check_links(tmp_path, ADDRESS).problems == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param('<a href="gone/">x</a>', "leads nowhere: gone/", id="missing page"),
        pytest.param('<img src="gone.png" alt="x">', "leads nowhere: gone.png", id="missing picture"),
        pytest.param('<img srcset="gone.png 2x" alt="x">', "leads nowhere: gone.png", id="missing in srcset"),
        pytest.param('<a href="other/#no">x</a>', "no such place on the page: other/#no", id="missing place"),
        pytest.param('<a href="/other/">x</a>', "leads out of the site: /other/", id="outside the sub-path"),
        pytest.param(
            "<p>see [the method][method]</p>", "no definition: [the method][method]", id="undefined reference"
        ),
        pytest.param('<img src="other/">', "no words (alt)", id="picture without words"),
        pytest.param('<img src="other/" alt="">', "no words (alt)", id="picture with empty words"),
        pytest.param('<i id="a"></i><b id="a"></b>', "two elements have the id 'a'", id="duplicate id"),
        pytest.param('<svg aria-labelledby="t"></svg>', "missing id 't'", id="label of nothing"),
        pytest.param('<script src="https://cdn.org/x.js"></script>', "asks another host", id="script from elsewhere"),
        pytest.param('<link rel="stylesheet" href="//cdn.org/x.css">', "asks another host", id="style from elsewhere"),
        pytest.param('<i style="background:url(https://cdn.org/x)"></i>', "asks another host", id="inline style"),
        pytest.param('<a href="javascript:alert(1)">x</a>', "security policy refuses", id="script in a link"),
        pytest.param('<p onclick="x()">x</p>', "inline handler 'onclick'", id="inline handler"),
        pytest.param("<article><script>x()</script></article>", "a script stands in the text", id="script in the text"),
        pytest.param(
            '<meta property="og:image" content="https://example.org/lab/gone.png">', "leads nowhere", id="social image"
        ),
    ],
)
def test_faults_are_found_and_placed(tmp_path: Path, body: str, problem: str) -> None:
    """Each fault that MkDocs' strict mode misses is reported once, with its page."""
    write(tmp_path, index=body, other="")
    problems = check_links(tmp_path, ADDRESS).problems
    assert len(problems) == 1
    assert problems[0].startswith("index.html: ")
    assert problem in problems[0]


def test_style_sheets_ask_no_other_host(tmp_path: Path) -> None:
    """A font or picture that a style sheet loads from elsewhere is a request too."""
    (write(tmp_path) / "site.css").write_text("@import 'https://fonts.org/a.css'; a{background:url(data:x)}", "utf-8")
    assert check_links(tmp_path, ADDRESS).problems == ("site.css: asks another host: https://fonts.org/a.css",)


def test_site_map_names_only_pages_that_exist(tmp_path: Path) -> None:
    """A search engine is sent to no missing page, in either language."""
    listed = f'<loc>{ADDRESS}</loc><xhtml:link href="{ADDRESS}en/"/>'
    (write(tmp_path) / "sitemap.xml").write_text(listed, "utf-8")
    assert check_links(tmp_path, ADDRESS).problems == (f"sitemap.xml: leads nowhere: {ADDRESS}en/",)


def test_links_are_counted(tmp_path: Path) -> None:
    """The report says how much was looked at, so that an empty check is not mistaken for a clean one."""
    write(tmp_path, index='<a href="other/">x</a><img src="other/" alt="x">', other="")
    report = check_links(tmp_path, ADDRESS)
    assert (report.page_count, report.link_count) == (2, 2)
