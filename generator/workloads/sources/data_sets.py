"""Which data a workload takes: the first set of its list that can be had.

The richest set stands first. One of a public repository may be out of reach, so that one of a package follows it, which
whoever installed this project can have; last may stand texts or pictures without labels. What a set that cannot be had
costs is a notice: never the measurement. The record says which set it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch
from generator.core.cache import Cache
from generator.core.errors import AssetError
from generator.core.record import Source

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class DataSet(Generic[Data]):
    """A set that a workload could take."""

    name: str
    """Key of its phrases (`data_set`), and what the record calls it; the name of its first asset where it has one."""

    assets: tuple[str, ...]
    """Of the catalogue; none where the set is written in this project."""

    read: Callable[[tuple[Path, ...]], Data]
    """Makes the data of all files of all assets, in the catalogue's order.

    Raises:
        AssetError: when they have another form.
    """


@dataclass(frozen=True, slots=True)
class Taken(Generic[Data]):
    """The set that was taken."""

    name: str
    data: Data
    sources: tuple[Source, ...]
    """One for each of its assets."""


def first_to_be_had(
    sets: Sequence[DataSet[Data]], cache: Cache, where: str, progress: Progress | None = None
) -> Taken[Data]:
    """Fetch and read the first set that can be had, and tell of each one before it that cannot.

    A file that has another hash than the catalogue says is never used: its set counts as one that cannot be had.

    Args:
        sets: in order of preference.
        cache: where downloads go.
        where: whose data it is, for errors.
        progress: gets downloads, and what is left out and why.

    Raises:
        AssetError: when none can be had, with the reason for each.
        StorageError: when the disk is full or the cache cannot be written.
    """
    refused = list[AssetError]()
    for number, one in enumerate(sets, 1):
        try:
            assets = [asset(name) for name in one.assets]
            files = tuple(path for each in assets for path in fetch(each, cache, progress))
            return Taken(one.name, one.read(files), tuple(source_of(each) for each in assets))
        except AssetError as error:
            refused.append(error)
            if progress and number < len(sets):
                progress(f"Going on with '{sets[number].name}' instead. {error}", 0, 1)
    reasons = dict.fromkeys(f"{one.where}: {one.problem}" for one in refused)  # sets may share what is lacking
    problem = f"none of its data sets is to be had: {'; '.join(reasons)}"
    raise AssetError(where, problem, refused[-1].remedy if refused else "")
