"""Where each value of a TOML text stands: tomllib gives the values alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

from generator.core.problem import Location

_TOKEN = re.compile(
    r'''(?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<text>"""(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<mark>[][{},=.\n])
    | (?P<word>[^]\s[{},=.\#"']+)''',
    re.VERBOSE | re.DOTALL,
)
_ENDS_A_SCALAR = frozenset({",", "]", "}", "\n", ""})


@lru_cache(maxsize=1)  # a damaged file has many problems, and each asks for its line
def places(text: str) -> Mapping[Location, int]:
    """Offset of each key, of each table's header and of each element of a list, by its location.

    Args:
        text: TOML that tomllib has read; of any other text, what stands before the first fault.
    """
    reader = _Reader(text)
    with suppress(ValueError, RecursionError):
        reader.read()
    return reader.found


class _Reader:
    """Goes through the tokens once; the grammar is TOML's, without what tomllib has already refused."""

    def __init__(self, text: str) -> None:
        self.found = dict[Location, int]()
        self._tables = dict[Location, int]()
        """How many tables each list of tables has so far."""

        self._tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup != "blank"]
        self._next = 0

    def read(self) -> None:
        """Find everything.

        Raises:
            ValueError: when it is no TOML.
        """
        table: Location = ()
        while self._word:
            if self._word == "\n":
                self._next += 1
            elif self._word == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _word(self) -> str:
        """The token that comes next; nothing at the end."""
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    @property
    def _offset(self) -> int:
        return self._tokens[self._next].start() if self._next < len(self._tokens) else 0

    def _skip(self, word: str) -> int:
        """Go past the next tokens as long as they are this one, and count them."""
        first = self._next
        while self._word == word:
            self._next += 1
        return self._next - first

    def _header(self) -> Location:
        """Go past [a.b] or [[a.b]]; the keys after it belong to the location that is returned."""
        start = self._offset
        of_list = self._skip("[") == 2
        keys = self._keys()
        place: Location = ()
        self._skip("]")
        for key in keys[:-1]:
            place = self._inner((*place, key), start)
        place = (*place, keys[-1])
        if of_list:
            self._tables[place] = self._tables.get(place, 0) + 1
        return self._inner(place, start)

    def _inner(self, place: Location, start: int) -> Location:
        """The table that a header's key names: of a list of tables its last one."""
        self.found.setdefault(place, start)
        if place in self._tables:
            place = (*place, self._tables[place] - 1)
            self.found.setdefault(place, start)
        return place

    def _keys(self) -> list[str]:
        """Go past a key with dots between its parts."""
        keys = list[str]()
        while not keys or self._skip("."):
            if self._next == len(self._tokens) or self._tokens[self._next].lastgroup == "mark":
                raise ValueError("no key")
            quoted = self._tokens[self._next].lastgroup == "text"
            keys.append(tomllib.loads(f"key = {self._word}")["key"] if quoted else self._word)
            self._next += 1
        return keys

    def _pair(self, table: Location) -> None:
        start, place = self._offset, table
        for key in self._keys():
            place = (*place, key)
            self.found.setdefault(place, start)
        if not self._skip("="):
            raise ValueError("no value")
        self._value(place)

    def _value(self, place: Location) -> None:
        if self._word == "[":
            self._next += 1
            self._elements(place)
        elif self._word == "{":
            self._next += 1
            self._pairs(place)
        else:
            while self._word not in _ENDS_A_SCALAR:
                self._next += 1

    def _pairs(self, table: Location) -> None:
        """Go past the rest of an inline table."""
        self._skip("\n")
        while self._word != "}":
            self._pair(table)
            self._skip("\n")
            if not self._skip(",") and self._word != "}":
                raise ValueError("no end of a table")
            self._skip("\n")
        self._next += 1

    def _elements(self, place: Location) -> None:
        """Go past the rest of a list."""
        index = 0
        self._skip("\n")
        while self._word != "]":
            self.found[*place, index] = self._offset
            self._value((*place, index))
            self._skip("\n")
            if not self._skip(",") and self._word != "]":
                raise ValueError("no end of a list")
            self._skip("\n")
            index += 1
        self._next += 1
