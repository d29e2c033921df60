"""Every word that is not an article, in both languages, by key.

A phrase is one string with `{placeholders}`, or a table of plural forms that are chosen by its `{n}`.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from generator.core.errors import PublishError
from generator.words.language import Language
from generator.words.markdown import Markdown

FOLDER = Path(__file__).parent / "phrases"
FORMS = ("one", "few", "many", "other")
"""CLDR's plural forms that Russian and English have."""

Phrase = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of one language."""

    language: Language
    texts: Mapping[str, Phrase]
    """Phrase by dotted key: "verdict.faster"."""

    def say(self, key: str, **values: Any) -> str:
        """Plain text of a phrase, for charts, tables and descriptions.

        Raises:
            PublishError: when there is no such phrase, or it needs a value that is not given.
        """
        return self._filled(key, values, str)

    def write(self, key: str, **values: Any) -> Markdown:
        """Markdown of a phrase: its own text may hold Markdown, the values are escaped."""
        return Markdown(self._filled(key, values, Markdown))

    def of(self, family: str, name: str, **values: Any) -> str:
        """Text of `family.name`; the name itself where nobody wrote a phrase for it.

        For names that contributors choose: metrics, caveats of their own workloads, runtimes.
        """
        key = f"{family}.{name}"
        return self.say(key, **values) if key in self.texts else name

    def has(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self.texts

    def _filled(self, key: str, values: Mapping[str, Any], kind: type[str]) -> str:
        if key not in self.texts:
            raise PublishError(f"phrases/{self.language}.toml", f"there is no phrase '{key}'", "Write it.")
        phrase = self.texts[key]
        text = phrase if isinstance(phrase, str) else phrase[self._form(key, phrase, values)]
        try:
            filled = kind(text).format(**{k: self._shown(v) for k, v in values.items()})
        except (KeyError, IndexError) as error:
            where = f"phrases/{self.language}.toml"
            raise PublishError(where, f"'{key}' needs a value {error} that is not given", "Name it alike.") from error
        # A value that ends with an abbreviation ("2026 г.") brings its own full stop.
        return kind(re.sub(r"(?<!\.)\.\.(?=\s|$)", ".", filled))

    def _form(self, key: str, phrase: Mapping[str, str], values: Mapping[str, Any]) -> str:
        if not isinstance(values.get("n"), int):
            raise PublishError(f"phrases/{self.language}.toml", f"'{key}' has plural forms but no whole number n", "")
        form = self.language.plural(values["n"])
        return form if form in phrase else "other"

    def _shown(self, value: Any) -> Any:
        return self.language.decimal(value, 0) if isinstance(value, int) else value


@cache
def phrases(language: Language) -> Phrases:
    """The words of a language."""
    data = tomllib.loads((FOLDER / f"{language.value}.toml").read_text("utf-8"))
    return Phrases(language, dict(_flat(data, language)))


def placeholders(phrase: Phrase) -> frozenset[str]:
    """Names of the values that a phrase needs, in any of its forms."""
    texts = [phrase] if isinstance(phrase, str) else list(phrase.values())
    return frozenset(name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name)


def _flat(data: Mapping[str, Any], language: Language, prefix: str = "") -> Iterator[tuple[str, Phrase]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and not (value and value.keys() <= set(FORMS)):
            yield from _flat(value, language, f"{prefix}{key}.")
        elif isinstance(value, Mapping):
            yield f"{prefix}{key}", {form: language.typeset(text) for form, text in value.items()}
        else:
            yield f"{prefix}{key}", language.typeset(value)
