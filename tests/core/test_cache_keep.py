"""What the cache keeps: given back as it was, and only where nothing that it was made of has changed."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from generator.core.cache import Cache, Holding
from generator.site.staging import write_whole

MADE = {"content": "<p>é😀</p>", "links": [["a.md", {"x": "a.md#x"}]], "title": None, "level": 2}


def test_what_was_kept_comes_back_in_the_next_build(tmp_path: Path) -> None:
    Cache(tmp_path, "code").keep("converted", "# A", MADE)
    assert Cache(tmp_path, "code").recall("converted", "# A") == MADE


@pytest.mark.parametrize(
    ("made_by", "kind", "made_of"),
    [
        pytest.param("other code", "converted", "# A", id="code"),
        pytest.param("code", "listed", "# A", id="kind"),
        pytest.param("code", "converted", "# A ", id="text"),
        pytest.param("codec", "onverted", "# A", id="where one ends and the next begins"),
    ],
)
def test_anything_else_is_made_anew(tmp_path: Path, made_by: str, kind: str, made_of: str) -> None:
    Cache(tmp_path, "code").keep("converted", "# A", MADE)
    assert Cache(tmp_path, made_by).recall(kind, made_of) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content[:32], id="cut after the digest"),
        pytest.param(lambda content: content.replace(b"<p>", b"<b>"), id="altered"),
        pytest.param(lambda content: b"\xff" + content, id="something before it"),
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: object) -> None:
    Cache(tmp_path, "code").keep("converted", "# A", MADE)
    (path,) = (tmp_path / "converted").iterdir()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert Cache(tmp_path, "code").recall("converted", "# A") is None


def test_what_was_not_asked_for_longest_is_deleted(tmp_path: Path) -> None:
    """What was kept or recalled since a build began stays, whatever it takes."""
    cache = Cache(tmp_path)
    for age, page in enumerate(("# A", "# B", "# C")):
        cache.keep("converted", page, MADE)
        for path in (tmp_path / "converted").iterdir():
            os.utime(path, (1000 - age, path.stat().st_mtime - 100))
    cache.recall("converted", "# A")
    size = cache.holdings()["converted"].size_bytes // 3
    cache.trim("converted", time.time_ns() - 10**9, 2 * size)
    found = list((tmp_path / "converted").iterdir())
    assert len(found) == 2
    cache.trim("converted", time.time_ns() - 10**9, 0)
    assert [Cache(tmp_path).recall("converted", page) for page in ("# A", "# B", "# C")] == [MADE, None, None]
    cache.trim("absent", 0)


def test_what_it_holds_is_told_by_kind(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.holdings() == {}
    cache.keep("small", 1, "a")
    cache.keep("large", 1, "a" * 1000)
    cache.keep("large", 2, "a" * 1000)
    held = cache.holdings()
    assert list(held) == ["large", "small"]
    assert held["large"] == Holding(2, sum(path.stat().st_size for path in (tmp_path / "large").iterdir()))


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", "utf-8")
    cache = Cache(tmp_path / "cache")
    cache.keep("charts", 1, MADE)
    assert cache.recall("charts", 1) is None


def _written_often(path: Path, text: str) -> None:
    for _ in range(300):
        write_whole(path, text.encode())


def test_two_builds_that_share_a_cache_may_write_the_same_file(tmp_path: Path) -> None:
    """Neither takes the other's unfinished part away, and what is read is one of the two, whole."""
    path, texts = tmp_path / "chart.json", ("a" * 5000, "b" * 5000)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_written_often, path, text) for text in texts]:
            done.result()
    assert path.read_text("utf-8") in texts
    assert [one.name for one in tmp_path.iterdir()] == ["chart.json"]
