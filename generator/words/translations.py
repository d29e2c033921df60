"""Russian for what is in English elsewhere: names and terms of models and data, in the catalogue and in records.

Records are never changed, so their words cannot be; and a contributor's asset may have none in Russian yet.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from generator.words.language import Language

FILE = Path(__file__).with_name("translations.ru.toml")


@cache
def translations() -> Mapping[str, str]:
    """Russian by English."""
    return {
        english: Language.RU.typeset(russian) for english, russian in tomllib.loads(FILE.read_text("utf-8")).items()
    }


def translated(english: str, language: Language) -> str:
    """The text in this language; the English itself where nobody has translated it."""
    return translations().get(english, english) if language is Language.RU else english
