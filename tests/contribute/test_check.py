"""check: everything that is wrong, at once, with file, line, reason and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generator.contribute.check import check
from generator.contribute.lines import line_in_json, line_in_toml
from generator.contribute.toml_places import places
from generator.core.errors import DefinitionError
from generator.core.problem import Level, Location
from tests.contribute.conftest import NAME

Put = Callable[..., Path]
REPOSITORY = Path(__file__).parents[2]


def test_nothing_is_wrong_with_a_sound_measurement(folder: Path, put: Put, tmp_path: Path) -> None:
    put()
    found = check(tmp_path)
    assert found.problems == ()
    assert (found.sound, found.measurements, found.records) == (True, 1, 1)
    assert found.size_bytes > 10_000


@pytest.mark.slow
def test_nothing_is_wrong_with_what_is_committed() -> None:
    """Nothing that must be mended; advice is for people."""
    found = check(REPOSITORY)
    assert [str(problem) for problem in found.problems if problem.level is Level.ERROR] == []


def test_everything_is_said_at_once(folder: Path, put: Put, tmp_path: Path) -> None:
    """A definition, an article, a record and a stray file, each with its own fault."""
    put(lambda data: data["blocks"][0]["rounds"][0].update(latencies_ns=[-1]))
    path = folder / "measurement.toml"
    path.write_text(path.read_text("utf-8").replace("threads = 1", 'threads = "one"'), "utf-8")
    (folder / "weights.pkl").write_bytes(b"\x80\x04.")
    found = check(tmp_path)
    by_file = {problem.file.rpartition("/")[2].split("-2026")[0]: problem for problem in found.problems}
    assert set(by_file) == {NAME, "measurement.toml", "weights.pkl"}
    assert all(problem.reason and problem.remedy for problem in found.problems)
    assert by_file["weights.pkl"].reason.endswith("pickles run code when read")
    line = by_file["measurement.toml"].line
    assert line is not None
    assert path.read_text("utf-8").splitlines()[line - 1].startswith("threads")


def test_a_field_of_a_record_is_found_by_its_line(put: Put, tmp_path: Path, folder: Path) -> None:
    path = put(lambda data: data["system"].update(accelerators_per_node=-1))
    path.write_text(path.read_text("utf-8").replace('"accelerators_per_node"', '\n\n"accelerators_per_node"'), "utf-8")
    problem = check(tmp_path).problems[0]
    assert problem.line == 3
    assert problem.reason.startswith("system.accelerators_per_node: ")
    assert str(problem).startswith(f"measurements/{NAME}/records/{path.name}:3: system.accelerators_per_node")


def test_a_damaged_record_does_not_fill_the_screen(put: Put, tmp_path: Path) -> None:
    def spoil(data: dict[str, Any]) -> None:
        for block in data["blocks"]:
            for one in block["rounds"]:
                one["latencies_ns"] = [-1]

    put(spoil)
    problems = check(tmp_path).problems
    assert len(problems) == 21
    assert any("more fields are wrong" in problem.reason for problem in problems)


def test_advice_does_not_fail(folder: Path, put: Put, tmp_path: Path) -> None:
    """A record of an older definition may stay; a reader is told."""
    put(lambda data: data["provenance"].update(definition_sha256="0" * 64, generator_modified=True))
    found = check(tmp_path)
    assert {problem.level for problem in found.problems} == {Level.ADVICE}
    assert len(found.problems) == 2
    assert found.sound


def test_only_the_named_ones_are_checked(folder: Path, put: Put, tmp_path: Path) -> None:
    put(lambda data: data.update(tier="smoke"))
    other = folder.parent / "other"
    other.mkdir()
    (other / "measurement.toml").write_text("schema_version = 1", "utf-8")
    assert {problem.file.split("/")[1] for problem in check(tmp_path).problems} == {NAME, "other"}
    assert {problem.file.split("/")[1] for problem in check(tmp_path, ["other"]).problems} == {"other"}
    with pytest.raises(DefinitionError, match="Did you mean"):
        check(tmp_path, ["othr"])


def test_a_clock_of_the_future_is_noticed(put: Put, tmp_path: Path) -> None:
    put()
    assert "it ends in the future" in check(tmp_path, now=datetime(2026, 11, 1, tzinfo=UTC)).problems[0].reason


def test_prices_are_checked_too(folder: Path, tmp_path: Path) -> None:
    (folder.parent / "prices.toml").write_text("schema_version = 1\nprice = 3\n", "utf-8")
    (problem,) = check(tmp_path).problems
    assert (problem.file, problem.line) == ("measurements/prices.toml", 2)
    assert problem.reason == "unknown key 'price'"


JSON = '{\n "a": [1,\n 2, {"b": "x\\"y", "c":\n 5}],\n "d": {}\n}\n'


@pytest.mark.parametrize(
    ("place", "line"),
    [(["a", 2, "c"], 4), (["a", 1], 3), (["d", "missing"], 5), (["nothing"], 1), ([], 1), ([7], 1)],
    ids=["inner", "index", "missing key", "nowhere", "whole", "index into an object"],
)
def test_lines_of_json(place: list[str | int], line: int) -> None:
    assert line_in_json(JSON, place) == line
    assert line_in_json("{", ["a"]) is None


TOML = """schema_version = 1
title = {ru = "Проба"}
technologies = [
  "quantisation", # = [
  "runtimes",
]

[[workloads]]
name = "numbers"
kind = "syntetic"

[[variants]]
name = "slow"
runtime = "fake"
title.ru = "threads = 1"
title."e\\u006e" = '''
runtime = "x"'''

[[variants]]
name = "fast"
runtime = "fake"
options = {latency_ns = 1.5, "outputs" = [1, {a = 2}]}
[[variants.transforms]]
name = "export_onx"
[variants.transforms.options]
opset = 1
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title", "en"), 2),
        (("technologies", 1), 5),
        (("workloads", 0, "kind"), 10),
        (("variants", 1, "transforms", 0, "name"), 24),
        (("variants", 1, "transforms", 0, "options", "opset"), 26),
        (("variants", 1, "runtime"), 21),
        (("variants", 0, "title", "en"), 16),
        (("variants", 0, "precision"), 12),
        (("variants", 1, "options", "outputs", 1, "a"), 22),
        (("workloads", 0), 8),
        (("suite",), None),
        ((), None),
    ],
)
def test_lines_of_toml(location: Location, line: int | None) -> None:
    assert line_in_toml(TOML, location) == line


@pytest.mark.parametrize(
    "text", ["[", "a", "a = [", "a = [,]", "a = [}", "a = {", "a = {b}", "a = {,}", "=", "]", '"', "a = [1 2", "a" * 9]
)
def test_what_is_no_toml_has_lines_up_to_its_fault(text: str) -> None:
    """Nothing goes on for ever, whatever a stranger sends."""
    assert line_in_toml(f"first = 1\n{text}", ("first",)) == 1


def test_each_definition_that_is_committed_has_a_line_for_each_of_its_values() -> None:
    for path in REPOSITORY.glob("measurements/*/measurement.toml"):
        text = path.read_text("utf-8")
        assert _locations(tomllib.loads(text)) == places(text).keys(), path


def _locations(data: Any, inside: Location = ()) -> set[Location]:
    """Of every value of decoded TOML."""
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return {here for key, value in members for here in [(*inside, key), *_locations(value, (*inside, key))]}


def test_an_entry_of_the_prices_is_found_by_its_number(folder: Path, tmp_path: Path) -> None:
    """And what pydantic says of it is the reason, whatever full stops stand in it."""
    (folder.parent / "prices.toml").write_text(
        'schema_version = 1\n[[prices]]\nname = "a"\n\n[[prices]]\nname = 3\n', "utf-8"
    )
    problems = [one for one in check(tmp_path).problems if "name" in one.reason]
    assert [(one.line, one.reason, one.remedy) for one in problems] == [
        (6, "prices no. 2: name: Input should be a valid string", "Mend it.")
    ]


def test_a_truncated_record_and_a_faulty_article_are_found_by_their_lines(
    folder: Path, put: Put, tmp_path: Path
) -> None:
    """Their readers know the line; nobody reads it out of a sentence."""
    path = put()
    path.write_text('{\n"a": 1,\n', "utf-8")
    for language in ("ru", "en"):
        (folder / f"article.{language}.md.j2").write_text("# x\n\n{{ 1 + 1 }}\n", "utf-8")
    lines = {one.file.rpartition("/")[2]: one.line for one in check(tmp_path).problems}
    assert lines == {path.name: 3, "article.ru.md.j2": 3, "article.en.md.j2": 3}
