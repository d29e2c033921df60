"""The words of the site, with what they mean here."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from generator.definition import Name, Text
from generator.publish import markdown
from generator.publish.article import Environment, render
from generator.publish.markdown import Markdown
from generator.publish.phrases import Phrases
from generator.publish.sentences import localized

FILE = Path(__file__).parents[1] / "glossary.toml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(_Part):
    """One word or phrase."""

    name: Name
    """Place on the page that others link to; the same in both languages."""

    term: Text
    text: Text
    """What it means, as Markdown."""


class Group(_Part):
    """Terms of one theme."""

    name: Name
    title: Text
    terms: tuple[Term, ...]


class _Glossary(_Part):
    groups: tuple[Group, ...]


@cache
def load_glossary() -> tuple[Group, ...]:
    """Read the terms."""
    return _Glossary.model_validate(tomllib.loads(FILE.read_text("utf-8"))).groups


def glossary_page(phrases: Phrases) -> str:
    """The page's Markdown: by theme, in the same order in both languages."""
    language = phrases.language
    groups = [
        (
            localized(group.title, language),
            group.name,
            [(localized(one.term, language), one.name, Markdown(localized(one.text, language))) for one in group.terms],
        )
        for group in load_glossary()
    ]
    head = markdown.front_matter(title=phrases.say("glossary.title"), description=phrases.say("glossary.lede"))
    context = {"groups": groups, "say": phrases.say}
    return head + Markdown("\n" + render(Environment(language), "glossary.md.j2", context))
