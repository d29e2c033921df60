"""Addresses from titles. MkDocs loads this file (mkdocs.yml, `toc.slugify`); nothing here knows MkDocs."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["slug"]

_LETTERS = dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziyklmnoprstufye", strict=True))
_SEVERAL = {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "ъ": "", "ь": ""}
_LATIN = str.maketrans(_LETTERS | _SEVERAL)


def slug(title: str, separator: str = "-") -> str:
    """Turn a title in either language into lower-case ASCII for an address: "Как мы измеряем" → "kak-my-izmeryaem".

    Cyrillic kept as it is makes addresses of percent signs, and Python-Markdown's own function drops it altogether
    (`_1`, `_2`), so that a link to a heading changes whenever one is added above it.
    """
    latin = unicodedata.normalize("NFC", title).lower().translate(_LATIN)
    ascii_only = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", separator, ascii_only).strip(separator) or "section"
