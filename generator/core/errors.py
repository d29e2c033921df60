"""Everything that a person can mend. Only the command line catches and prints these.

GeneratorError
├── DefinitionError     a measurement.toml says something that cannot be done
├── RecordError         a record is truncated, was edited, or is of another schema
├── AssetError          a download is missing
│   └── HashError       what was downloaded is not what the catalogue pins
├── PreparationError    a model cannot be exported, quantized or trained
├── MeterError          a wall meter's file does not fit the run
├── IsolationError      an isolated environment cannot be made: no wheel for this machine, it does not import
│   └── IndexSilent     the package index does not answer
├── WorkerError         a process that measures or builds crashed or answered nonsense
│   ├── CoresRefused    the processor cores that a worker was to run on are not to be had any more
│   ├── HungWorker      it did not answer, and was stopped
│   └── WrongAnswer     what it answered cannot be judged
├── MissingPackage      an optional package is not installed
├── StorageError        the disk is full, or a file cannot be written
├── Busy                another run holds this checkout
├── ClusterError        a cluster of machines cannot be reached, or none of them may measure
└── PublishError        a page cannot be written, or its sentence contradicts the record
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import ClassVar

from generator.core.problem import Problem

__all__ = [
    "ENDS_A_SITTING",
    "AssetError",
    "Busy",
    "ClusterError",
    "CoresRefused",
    "DefinitionError",
    "FailureCause",
    "GeneratorError",
    "HashError",
    "HungWorker",
    "IndexSilent",
    "IsolationError",
    "MeterError",
    "MissingPackage",
    "PreparationError",
    "PublishError",
    "RecordError",
    "StorageError",
    "WorkerError",
    "WrongAnswer",
    "cause_of",
    "no_more_processes",
    "suggest",
]


class FailureCause(StrEnum):
    """What kind of trouble kept something from being measured: it decides what a page says of it, and the remedy."""

    DOWNLOAD = "download"
    """No network, the address is gone, or the package index does not answer."""

    HASH = "hash"
    """What arrived is not what is pinned."""

    INSTALL = "install"
    """An isolated environment or a package cannot be made."""

    PACKAGE = "package"
    """An optional package is missing."""

    EXPORT = "export"
    """A model cannot be exported, converted or trained."""

    CRASH = "crash"
    """A worker died, was killed, or could not do what it was asked."""

    TIMEOUT = "timeout"
    """A worker hung."""

    ANSWER = "answer"
    """A variant's answers cannot be judged: they are not finite, or of another form than they must be."""

    DISK = "disk"
    """The disk is full, or cannot be written or read."""

    CORES = "cores"
    """The system took away processor cores while something was measured."""

    BASELINE = "baseline"
    """The baseline was not measured, so there is nothing to compare with."""

    DEFINITION = "definition"
    """The definition, or what a person gave with it, asks for what cannot be done."""

    UNEXPECTED = "unexpected"
    """Any other exception, in a contributor's code or in ours."""


class GeneratorError(Exception):
    """A problem with a place and a remedy.

    Args:
        where: file, variant or command that the problem belongs to.
        problem: what is wrong, one sentence without a full stop at its end.
        remedy: what to do about it, one sentence with its full stop, or nothing.
        line: of the file, from 1; None where it is none's, or not known.
    """

    cause: ClassVar[FailureCause] = FailureCause.UNEXPECTED
    """What a record says of a measurement that this error ends."""

    def __init__(self, where: str, problem: str, remedy: str = "", line: int | None = None) -> None:
        self.where, self.problem, self.remedy, self.line = where, problem, remedy, line
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}." + (f" {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[type[GeneratorError], tuple[str, str, str, int | None]]:
        return type(self), (self.where, self.problem, self.remedy, self.line)


class DefinitionError(GeneratorError):
    """A definition says something that cannot be done; `problems` has all that is wrong with the file.

    Args:
        where: the file.
        problems: each one with its own remedy, shown together; one of another file names it.
    """

    cause = FailureCause.DEFINITION

    def __init__(self, where: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(where, " ".join(problem.text for problem in self.problems))

    def __str__(self) -> str:
        return "\n".join(f"{problem.file or self.where}: {problem.text}" for problem in self.problems)

    def __reduce__(self) -> tuple[type[DefinitionError], tuple[str, tuple[Problem, ...]]]:  # type: ignore[override]
        return type(self), (self.where, self.problems)


class RecordError(GeneratorError):
    """A record is truncated, was edited by hand, or is of another schema."""


class AssetError(GeneratorError):
    """A pinned download is missing."""

    cause = FailureCause.DOWNLOAD


class HashError(AssetError):
    """What was downloaded has another hash than the one that is pinned."""

    cause = FailureCause.HASH


class PreparationError(GeneratorError):
    """A model cannot be exported, quantized or trained."""

    cause = FailureCause.EXPORT


class MeterError(GeneratorError):
    """The file of a wall meter's readings is no such file, has gaps, or does not cover the run."""

    cause = FailureCause.DEFINITION


class IsolationError(GeneratorError):
    """An isolated environment cannot be made: no wheel for this Python, or it does not import."""

    cause = FailureCause.INSTALL


class IndexSilent(IsolationError):
    """An isolated environment cannot be made, because the package index does not answer."""

    cause = FailureCause.DOWNLOAD


class WorkerError(GeneratorError):
    """A process that measures or builds crashed, hung or answered nonsense.

    Args:
        where: as in every error.
        problem: as in every error.
        remedy: as in every error.
        last_lines: the end of what the process wrote before it went.
        variant: name of the variant that it held; None where it held none.
    """

    cause = FailureCause.CRASH

    def __init__(
        self, where: str, problem: str, remedy: str = "", last_lines: str = "", variant: str | None = None
    ) -> None:
        self.last_lines, self.variant = last_lines, variant
        super().__init__(where, problem, remedy)

    def __reduce__(self) -> tuple[type[WorkerError], tuple[str, str, str, str, str | None]]:  # type: ignore[override]
        return type(self), (self.where, self.problem, self.remedy, self.last_lines, self.variant)


class CoresRefused(WorkerError):
    """The system does not let a worker run on the cores that it was to run on: they were taken away meanwhile."""

    cause = FailureCause.CORES


class HungWorker(WorkerError):
    """A process that measures did not answer in time, and was stopped."""

    cause = FailureCause.TIMEOUT


class WrongAnswer(WorkerError):
    """A variant's answers are not finite, or of another form than they must be."""

    cause = FailureCause.ANSWER


class MissingPackage(GeneratorError):
    """An optional package is not installed; the remedy names the extra that has it."""

    cause = FailureCause.PACKAGE

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        self.package, self.extra, self.needed_for = package, extra, needed_for
        super().__init__(
            needed_for,
            f"the package '{package}' is not installed",
            f"Install the extra '{extra}': pip install -e '.[{extra}]' -c constraints.txt",
        )

    def __reduce__(self) -> tuple[type[MissingPackage], tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.package, self.extra, self.needed_for)


class StorageError(GeneratorError):
    """The disk is full, or a file cannot be written."""

    cause = FailureCause.DISK


class Busy(GeneratorError):
    """Another run holds this checkout."""


class ClusterError(GeneratorError):
    """A cluster's scheduler cannot be reached, or no machine of it may measure."""


class PublishError(GeneratorError):
    """A page cannot be written, or its sentence contradicts the record it cites."""

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}, line {self.line}"
        return f"{place}: {self.problem}." + (f" {self.remedy}" if self.remedy else "")


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})


ENDS_A_SITTING = frozenset({FailureCause.DISK, FailureCause.CORES})
"""Causes that are no variant's: the run ends, finished blocks are kept, and the same command goes on from there."""


def no_more_processes(where: str) -> WorkerError:
    """That the system starts no further process or thread for this person."""
    problem = "the system starts no more processes or threads for this user"
    return WorkerError(where, problem, "Raise the limit (ulimit -u, or the container's pids limit), or end others.")


def cause_of(error: BaseException) -> FailureCause:
    """What kind of trouble an exception is; those that are not ours are told by their class and number alone."""
    if isinstance(error, GeneratorError):
        return error.cause
    if isinstance(error, ModuleNotFoundError):
        return FailureCause.PACKAGE
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        return FailureCause.DISK
    return FailureCause.UNEXPECTED


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'? Known: a, b, x." for a word that is not among the known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(word.lower().replace("-", "_"), names, n=1, cutoff=0.5)
    close = close or difflib.get_close_matches(word.lower().replace("_", "-"), names, n=1, cutoff=0.5)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names)}."
