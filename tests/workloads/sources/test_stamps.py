"""The list of stamps fits the package that it is of."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from generator.assets.asset import asset
from generator.workloads.sources import stamps as room

TABLES = tomllib.loads(room._CLASSES.read_text("utf-8"))


@pytest.mark.parametrize(("data_set", "classes", "count"), [("imagenet", 1000, 93), ("coco", 80, 82)])
def test_every_stamp_of_the_list_is_in_the_package(data_set: str, classes: int, count: int) -> None:
    """A misspelt name would silently be one picture less; the pages tell the number of pictures."""
    files = [Path(file.path) for file in asset(room.STAMPS).files]
    found = room.stamps_of(data_set, files)  # type: ignore[arg-type]
    assert len(found.pictures) == len(TABLES[data_set]) == count
    assert all(0 <= number < classes for number in found.classes)


def test_nothing_is_fetched_that_nobody_looks_at() -> None:
    """Each picture has a class of one list or of both."""
    named = {f"usr/share/tuxpaint/stamps/{name}.png" for table in TABLES.values() for name in table}
    assert {file.path for file in asset(room.STAMPS).files} == named
