"""docs/architecture.md: the picture is that of the imports, and what it names is there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = re.compile(r"(?<=<!-- rooms: made from the imports -->\n).*?(?=<!-- /rooms -->)", re.DOTALL)


def _rooms() -> dict[str, set[str]]:
    """Each room and those that it imports; what only a type checker imports does not count, as in the contracts."""
    graph = grimp.build_graph("generator", exclude_type_checking_imports=True, cache_dir=None)
    rooms = sorted(graph.find_children("generator") - {"generator.__main__"})
    for room in rooms:
        graph.squash_module(room)
    return {room: graph.find_modules_directly_imported_by(room) & set(rooms) - {room} for room in rooms}


def _reduced(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that follow from others; the rooms have no circle, which import-linter sees to."""

    def reached(room: str) -> set[str]:
        return arrows[room].union(*(reached(one) for one in arrows[room]))

    return {room: to - set[str]().union(*(reached(one) for one in to)) for room, to in arrows.items()}


def _picture() -> str:
    arrows = _reduced(_rooms())
    short = {room: room.partition(".")[2] for room in arrows}
    lines = [f"    {short[room]}[{short[room]}/]" for room in arrows]
    lines += [f"    {short[room]} --> {short[to]}" for room in arrows for to in sorted(arrows[room])]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def test_the_picture_of_the_rooms_is_that_of_the_imports() -> None:
    """`UPDATE_GOLDEN=1` draws it anew."""
    text = PAGE.read_text("utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        text = PICTURE.sub(_picture().replace("\\", r"\\"), text)
        PAGE.write_text(text, "utf-8")
    found = PICTURE.search(text)
    assert found
    assert found[0] == _picture(), "stale: UPDATE_GOLDEN=1 python -m pytest tests/test_architecture_page.py"


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    """Where a imports b and b imports c, that a imports c says nothing new."""
    assert _reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_every_file_that_the_page_names_is_there() -> None:
    """Whoever moves a module moves its stop too."""
    names = re.findall(r"`((?:generator|docs|tests|benchmarks|evidence)/[A-Za-z0-9_./-]*)`", PAGE.read_text("utf-8"))
    assert len(names) > 40
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_a_latency_passes_sixteen_modules_at_most_and_none_twice() -> None:
    """What a newcomer has to read to follow one number through the house."""
    trip = PAGE.read_text("utf-8").split("## One latency")[1].split("\n## ")[0]
    stops = re.findall(r"^\d+\. +`(generator/[^`]+)`", trip, re.MULTILINE)
    assert 10 < len(stops) <= 16
    assert len(stops) == len(set(stops))
