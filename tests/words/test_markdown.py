"""Contributed text is shown, never interpreted: not as HTML, not as Markdown, not as Jinja."""

from __future__ import annotations

import html
import re

import markdown as python_markdown
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.words import markdown
from generator.words.markdown import Markdown

EXTENSIONS = ["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables"]
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "**bold** _it_ `code` ~~gone~~ ^sup^",
    "a | b | c",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "!!! danger",
    "??? note",
    "{{ 7*7 }} {% raw %}",
    "{: .cls onclick=alert(1) }",
    "[^1]: footnote",
    "*[HTML]: abbreviation",
    "[ref]: http://evil.example",
    "line\n\n# heading",
    "line\r\n===",
    "end\u2028# heading",
    "http://evil.example",
    "&lt;b&gt; &amp;",
    "\\*not\\*",
    ": definition",
    "</div></figure>",
    "$x^2$",
]


def rendered(text: str) -> str:
    return python_markdown.markdown(text, extensions=EXTENSIONS)


def visible(page: str) -> str:
    """What a reader sees of a page's HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("before", ["", "Text ", "- ", "**Bold:** "], ids=["alone", "inside", "list", "after bold"])
def test_an_attack_appears_as_text(attack: str, before: str) -> None:
    page = rendered(before + Markdown.escape(attack))
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "ul", "li", "strong"}
    assert markdown.one_line(attack).strip() in visible(page)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_stays_in_its_cell(attack: str) -> None:
    page = rendered(markdown.table(["name", "value"], [[attack, "1"]]))
    assert page.count("<tr>") == 2
    assert page.count("<td") == 2
    assert set(re.findall(r"<(\w+)", page)) <= {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_stays_in_a_link(attack: str) -> None:
    page = rendered(markdown.link(attack, "measurements/x/index.md"))
    assert re.findall(r'href="([^"]*)"', page) == ["measurements/x/index.md"]


@pytest.mark.parametrize("attack", [*ATTACKS, "```\n# out", "~~~"])
def test_an_attack_stays_in_its_code(attack: str) -> None:
    block = python_markdown.markdown(markdown.code_block(attack), extensions=["fenced_code"])
    assert block.startswith("<pre>")
    assert block.endswith("</pre>")
    assert "<script" not in block
    assert set(re.findall(r"<(\w+)", rendered(markdown.code(attack)))) <= {"p", "code"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_front_matter_keeps_its_values(attack: str) -> None:
    header = markdown.front_matter(title=attack, image=None).encode().decode()  # a plain text, as MkDocs reads it
    assert yaml.safe_load(header.strip().strip("-")) == {"title": attack}


def test_markdown_joined_with_text_escapes_the_text() -> None:
    """The ways in which text gets into Markdown by accident."""
    trusted, text = Markdown("**x**"), "<b>"
    for joined in (
        trusted + text,
        text + trusted,
        Markdown("{}").format(text),
        Markdown("%s") % text,
        Markdown(" ").join([trusted, text]),
    ):
        assert "<b>" not in joined
        assert isinstance(joined, Markdown)


@given(st.text(max_size=60))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    page = rendered("x " + Markdown.escape(text) + " x")
    assert set(re.findall(r"<(\w+)", page)) <= {"p"}


@pytest.mark.parametrize("text", ["×1,56", *ATTACKS])
def test_a_sortable_cell_carries_its_value_and_shows_its_text(text: str) -> None:
    """Rendered, the value is an attribute of the cell, and the text is still only text; no value, no attribute."""
    made = markdown.table(["a", "b"], [["x", markdown.sortable(text, 1.5)], ["y", markdown.sortable(text, None)]])
    shown = python_markdown.markdown(made, extensions=EXTENSIONS)
    assert shown.count('data-sort="1.5"') == 1
    assert shown.count("data-sort") == 1
    cells = [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", shown)]
    assert cells[1] == cells[3]
    assert not re.search(r"<(?!/?(table|thead|tbody|tr|td|th)\b)", shown)
