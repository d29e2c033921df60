"""Options of workloads and transforms, checked before anything is fetched or made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from generator.core.definition import Option
from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Options:
    """Options as a definition states them; those left out have the default that the reader names.

    Every method raises DefinitionError when the value is of another kind.
    """

    where: str
    """Whose options they are, for errors: "workload 'synthetic'"."""

    values: Mapping[str, Option]

    def only(self, *known: str) -> Options:
        """Return the options themselves when all of them are known."""
        if unknown := sorted(self.values.keys() - set(known)):
            problems = [Problem(f"unknown option '{name}'", suggest(name, known)) for name in unknown]
            raise DefinitionError(self.where, problems)
        return self

    def word(self, name: str, *known: str) -> str:
        """One of the known words; the first is the default."""
        value = self.values.get(name, known[0])
        if value not in known:
            self._refuse(name, suggest(str(value), known))
        return str(value)

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words; nothing when it is left out."""
        value = self.values.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            self._refuse(name, 'Write a list of words: ["Conv", "Gemm"].')
        return tuple(str(one) for one in value)

    def text(self, name: str, default: str = "") -> str:
        """A text of one's own."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            self._refuse(name, "Write a text in quotes.")
        return value

    def wholes(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of whole numbers above 0."""
        value = self.values.get(name, default)
        if not isinstance(value, list | tuple) or not all(isinstance(one, int) and one > 0 for one in value):
            self._refuse(name, "Write a list of whole numbers above 0: [33, 64].")
        return tuple(int(one) for one in value)

    def real(self, name: str, default: float, least: float, most: float) -> float:
        """A number within bounds."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self._refuse(name, f"Write a number from {least:g} to {most:g}.")
        return float(value)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._refuse(name, f"Write a whole number from {least} to {most}.")
        return value

    def yes(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            self._refuse(name, "Write true or false.")
        return value

    def _refuse(self, name: str, remedy: str) -> NoReturn:
        raise DefinitionError(self.where, [Problem(f"option '{name}' is {self.values[name]!r}", remedy)])
