"""What a build keeps: given back as it was, and only where nothing that it was made of has changed."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from generator.site.page_cache import Kept
from generator.site.staging import write_whole

MADE = {"content": "<p>é😀</p>", "links": [["a.md", {"x": "a.md#x"}]], "title": None, "level": 2}


def test_what_was_kept_comes_back_in_the_next_build(tmp_path: Path) -> None:
    Kept(tmp_path, "code").keep("converted", "# A", MADE)
    assert Kept(tmp_path, "code").recall("converted", "# A") == MADE


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
    Kept(tmp_path, "code").keep("converted", "# A", MADE)
    assert Kept(tmp_path, made_by).recall(kind, made_of) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content[:64], id="cut after the digest"),
        pytest.param(lambda content: content.replace(b"<p>", b"<b>"), id="altered"),
        pytest.param(lambda content: b"\xff" + content, id="not UTF-8"),
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: object) -> None:
    Kept(tmp_path, "code").keep("converted", "# A", MADE)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert Kept(tmp_path, "code").recall("converted", "# A") is None


def test_what_nobody_asked_for_is_forgotten(tmp_path: Path) -> None:
    """What this build has recalled or kept stays, and nothing else."""
    before = Kept(tmp_path, "code")
    for page in ("# A", "# B"):
        before.keep("converted", page, MADE)
    now = Kept(tmp_path, "code")
    now.recall("converted", "# A")
    now.keep("converted", "# C", MADE)
    now.forget_the_rest()
    later = Kept(tmp_path, "code")
    assert [later.recall("converted", page) for page in ("# A", "# B", "# C")] == [MADE, None, MADE]
    Kept(tmp_path / "gone", "code").forget_the_rest()


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
