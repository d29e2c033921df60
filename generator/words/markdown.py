"""Markdown that is safe by construction: text from records and definitions can only ever appear as text.

`Markdown` marks what the generator wrote itself. Every other string is escaped on its way into a page, so that HTML,
Markdown and Jinja in a contributed title are shown, never interpreted.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Self

from markupsafe import Markup

_SPECIAL = re.compile(
    r"""[&<>"`*_{}\[\]|\\~^] | :(?=//) | @(?=\w)
    | ^(?:[-+](?=\s|$) | \#+ | =+$ | :(?=\s) | [!?]{3} | \d+(?=[.)](?:\s|$)))""",
    re.VERBOSE,
)
"""What Markdown and Material's extensions could take for syntax: anywhere, or at the beginning of a line."""


_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Markdown(Markup):
    """Text that is Markdown on purpose. Joined or formatted with other strings, it escapes them."""

    __slots__ = ()

    @classmethod
    def escape(cls, text: Any, /) -> Self:
        """Turn any text into Markdown that shows it on one line."""
        if isinstance(text, Markup):
            return cls(str.__str__(text))
        line = one_line(str(text))
        # Character references and not backslashes: they hold in table cells, HTML attributes and headings alike.
        return cls(_SPECIAL.sub(lambda found: "".join(f"&#{ord(c)};" for c in found[0]), line))


def one_line(text: str) -> str:
    """Collapse a text's white space, so that it cannot end the block it stands in; no-break spaces stay.

    Control characters go, and so do those that turn the direction of the page after them.
    """
    text = _INVISIBLE.sub("", text)
    return re.sub(r"[ \t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+", " ", text).strip(" ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Collection[int] | None = None) -> Markdown:
    """Pipe table.

    Args:
        head: titles of the columns.
        rows: cells, escaped unless they are Markdown.
        numeric: indices of the columns aligned to the right; all but the first when left out.
    """
    right = range(1, len(head)) if numeric is None else numeric
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [_row(head), Markdown("| " + " | ".join(rule) + " |"), *(_row(row) for row in rows)]
    return Markdown("\n").join(lines)


def sortable(text: str, value: float | None) -> Markdown:
    """Cell of a table that is sorted by this value (theme/assets/js/tables.js), whatever its text; None stays last.

    What stands in a number's place, a reason for instance, may take several lines.
    """
    if value is None:
        return Markdown("{} {{ .words }}").format(text) if text else Markdown("")
    return Markdown('{} {{ data-sort="{}" }}').format(text, f"{value:.6g}")


def _row(cells: Sequence[str]) -> Markdown:
    return Markdown("| {} |").format(Markdown(" | ").join(cells))


def link(text: str, address: str) -> Markdown:
    """Link; the address comes from names that definitions may only spell in a-z, 0-9 and hyphens."""
    return Markdown("[{}]({})").format(text, Markdown(address.replace(" ", "%20").replace(")", "%29")))


def code(text: str) -> Markdown:
    """Inline code; HTML and not backticks, because no backtick inside can end it."""
    return Markdown("<code>{}</code>").format(text)


def code_block(text: str, language: str = "text") -> Markdown:
    """Fenced block of a text that the generator or a record gives; a fence inside cannot end it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{_INVISIBLE.sub('', text).rstrip()}\n{fence}")


def html_text(text: str) -> str:
    """Text for raw HTML."""
    return html.escape(one_line(text), quote=True)


def front_matter(**fields: str | bool | None) -> Markdown:
    """YAML header of a page; JSON strings are YAML's double-quoted ones."""
    shown = {key: _INVISIBLE.sub("", one) if isinstance(one, str) else one for key, one in fields.items()}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in shown.items() if value is not None]
    return Markdown("---\n" + "\n".join(lines) + "\n---\n")
