"""Everything that a person can mend. Only the command line catches and prints these.

GeneratorError
├── DefinitionError     a measurement.toml says something that cannot be done
├── RecordError         a record is truncated, was edited, or is of another schema
├── AssetError          a download is missing, or its hash differs
├── PreparationError    a model cannot be exported, quantized or trained
├── MeterError          a wall meter's file does not fit the run
├── IsolationError      an isolated environment cannot be made: no network, no wheel for this machine
├── WorkerError         a process that measures or builds crashed, hung or answered nonsense
├── MissingPackage      an optional package is not installed
├── StorageError        the disk is full, or a file cannot be written
├── Busy                another run holds this checkout
├── ClusterError        a cluster of machines cannot be reached, or none of them may measure
└── PublishError        a page cannot be written, or its sentence contradicts the record
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "AssetError",
    "Busy",
    "ClusterError",
    "DefinitionError",
    "GeneratorError",
    "IsolationError",
    "MeterError",
    "MissingPackage",
    "PreparationError",
    "PublishError",
    "RecordError",
    "StorageError",
    "WorkerError",
    "suggest",
]


class GeneratorError(Exception):
    """A problem with a place and a remedy.

    Args:
        where: file, variant or command that the problem belongs to.
        problem: what is wrong, one sentence without a full stop at its end.
        remedy: what to do about it, one sentence with its full stop, or nothing.
    """

    def __init__(self, where: str, problem: str, remedy: str = "") -> None:
        self.where, self.problem, self.remedy = where, problem, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}." + (f" {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[type[GeneratorError], tuple[str, str, str]]:
        return type(self), (self.where, self.problem, self.remedy)


class DefinitionError(GeneratorError):
    """A definition says something that cannot be done; `problems` has all that is wrong with the file.

    Args:
        where: the file.
        problems: each one a sentence with its own remedy, shown together.
    """

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(where, " ".join(self.problems))

    def __str__(self) -> str:
        return "\n".join(f"{self.where}: {problem}" for problem in self.problems)

    def __reduce__(self) -> tuple[type[DefinitionError], tuple[str, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), (self.where, self.problems)


class RecordError(GeneratorError):
    """A record is truncated, was edited by hand, or is of another schema."""


class AssetError(GeneratorError):
    """A pinned download is missing, or its hash differs."""


class PreparationError(GeneratorError):
    """A model cannot be exported, quantized or trained."""


class MeterError(GeneratorError):
    """The file of a wall meter's readings is no such file, has gaps, or does not cover the run."""


class IsolationError(GeneratorError):
    """An isolated environment cannot be made: no network, no wheel for this Python, or it does not import."""


class WorkerError(GeneratorError):
    """A process that measures or builds crashed, hung or answered nonsense.

    `last_lines` has the end of what the process wrote before it went.
    """

    def __init__(self, where: str, problem: str, remedy: str = "", last_lines: str = "") -> None:
        self.last_lines = last_lines
        super().__init__(where, problem, remedy)


class MissingPackage(GeneratorError):
    """An optional package is not installed; the remedy names the extra that has it."""

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        self.package, self.extra, self.needed_for = package, extra, needed_for
        super().__init__(
            needed_for,
            f"the package '{package}' is not installed",
            f"Install the extra '{extra}': pip install -e '.[{extra}]' -c constraints.txt",
        )

    def __reduce__(self) -> tuple[type[MissingPackage], tuple[str, str, str]]:
        return type(self), (self.package, self.extra, self.needed_for)


class StorageError(GeneratorError):
    """The disk is full, or a file cannot be written."""


class Busy(GeneratorError):
    """Another run holds this checkout."""


class ClusterError(GeneratorError):
    """A cluster's scheduler cannot be reached, or no machine of it may measure."""


class PublishError(GeneratorError):
    """A page cannot be written, or its sentence contradicts the record it cites."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'? Known: a, b, x." for a word that is not among the known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(word.lower().replace("-", "_"), names, n=1, cutoff=0.5)
    close = close or difflib.get_close_matches(word.lower().replace("_", "-"), names, n=1, cutoff=0.5)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names)}."
