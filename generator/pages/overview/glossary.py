"""The words of the site, with what they mean here."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from generator.core.definition import Name, Text
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

FILE = Path(__file__).with_name("glossary.toml")


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
