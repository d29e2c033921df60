"""The first data set that can be had is taken, and what is passed over is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.assets.asset import Asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, StorageError
from generator.workloads.sources import data_sets as room
from generator.workloads.sources.data_sets import DataSet, first_to_be_had

RICH = DataSet("sst-2", ("sst-2",), lambda files: f"rich {len(files)}")
PACKAGED = DataSet("vader-film-reviews", ("vader-film-reviews", "seattle-weather"), lambda files: f"two {len(files)}")
OWN = DataSet("own", (), lambda files: f"own {len(files)}")


@pytest.fixture
def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """Assets that cannot be had, and why; all others have one file each."""
    problems: dict[str, Exception] = {}

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name in problems:
            raise problems[one.name]
        return (Path(one.name),)

    monkeypatch.setattr(room, "fetch", fetch)
    return problems


def test_the_first_set_is_preferred(out_of_reach: dict[str, Exception], tmp_path: Path) -> None:
    told: list[str] = []
    found = first_to_be_had((RICH, PACKAGED), Cache(tmp_path), "w", lambda text, *_: told.append(text))
    assert (found.name, found.data, told) == ("sst-2", "rich 1", [])
    assert [one.name.partition(":")[0] for one in found.sources] == ["SST-2"]


@pytest.mark.parametrize("problem", ["there is no network", "a file has another hash than the catalogue says"])
def test_the_next_one_follows_and_is_told(out_of_reach: dict[str, Exception], tmp_path: Path, problem: str) -> None:
    """A wrong hash is no less a reason than no network: such a file is never used."""
    out_of_reach["sst-2"] = AssetError("sst-2", problem)
    told: list[str] = []
    found = first_to_be_had((RICH, PACKAGED, OWN), Cache(tmp_path), "w", lambda text, *_: told.append(text))
    assert (found.name, found.data, len(found.sources)) == ("vader-film-reviews", "two 2", 2)
    assert told == [f"Going on with 'vader-film-reviews' instead. sst-2: {problem}."]


def test_a_set_of_another_form_is_passed_over(out_of_reach: dict[str, Exception], tmp_path: Path) -> None:
    def unreadable(files: tuple[Path, ...]) -> str:
        raise AssetError("sst-2", "is not in its form")

    found = first_to_be_had((DataSet("sst-2", ("sst-2",), unreadable), OWN), Cache(tmp_path), "w")
    assert (found.name, found.data, found.sources) == ("own", "own 0", ())


def test_when_none_can_be_had_every_reason_is_told(out_of_reach: dict[str, Exception], tmp_path: Path) -> None:
    out_of_reach["sst-2"] = AssetError("sst-2", "there is no network")
    out_of_reach["seattle-weather"] = AssetError("seattle-weather", "pip is broken", "Mend pip.")
    with pytest.raises(
        AssetError, match=r"w: none .*sst-2: there is no network; seattle-weather: pip is broken\. Mend"
    ):
        first_to_be_had((RICH, PACKAGED), Cache(tmp_path), "w")


def test_a_full_disk_is_no_reason_to_go_on(out_of_reach: dict[str, Exception], tmp_path: Path) -> None:
    """The next set would not fit either."""
    out_of_reach["sst-2"] = StorageError("assets", "the disk is full")
    with pytest.raises(StorageError):
        first_to_be_had((RICH, OWN), Cache(tmp_path), "w")
