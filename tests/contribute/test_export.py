"""export: every result as a table, and a dictionary that leaves no column unexplained."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest

from generator.contribute.export import COLUMNS_FILE, can_write_parquet, describe, export, tables_of
from generator.core.errors import MissingPackage
from generator.results.findings import Findings, analyse
from generator.results.rows import result_rows
from tests.pages import imaginary


@pytest.fixture(scope="module")
def findings() -> list[Findings]:
    """Of two records."""
    other = "quantization-image-20261124t090000z-0123456789ab"
    return [analyse(imaginary.measurement(), one) for one in (imaginary.record(record_id=other), imaginary.record())]


def test_tables_and_dictionary(findings: list[Findings], tmp_path: Path) -> None:
    written = export(findings, tmp_path / "out", ["csv", "json"])
    names = [path.name for path in written]
    assert names == ["dictionary.json", "results.csv", "results.json", "rounds.csv", "rounds.json"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/results.csv").read_text("utf-8"))))
    assert len(rows) == 2 * len(imaginary.LATENCIES)
    assert {row["verdict"] for row in rows if row["variant"] == "onnxruntime-int8-static"} == {"faster"}
    data = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    assert [row["variant"] for row in data] == [row["variant"] for row in rows]
    for row, text in zip(data, rows, strict=True):
        assert row["speedup"] == (float(text["speedup"]) if text["speedup"] else None)
    rounds = list(csv.DictReader(io.StringIO((tmp_path / "out/rounds.csv").read_text("utf-8"))))
    assert len(rounds) == 2 * sum(len(block.rounds) for block in findings[0].record.blocks)


def test_numbers_are_those_of_the_page(findings: list[Findings]) -> None:
    frame = tables_of(findings[:1])["results"]
    for row, (_, exported) in zip(result_rows(findings[0]), frame.iterrows(), strict=True):
        assert {key: exported[key] for key, value in row.items() if value is not None} == {
            key: value for key, value in row.items() if value is not None
        }


def test_the_same_findings_give_the_same_bytes(findings: list[Findings], tmp_path: Path) -> None:
    first = export(findings, tmp_path / "a", ["csv", "json"])
    second = export(findings[::-1], tmp_path / "b", ["csv", "json"])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_every_column_is_explained_in_both_languages(findings: list[Findings], tmp_path: Path) -> None:
    export(findings, tmp_path, ["csv"])
    dictionary = json.loads((tmp_path / "dictionary.json").read_text("utf-8"))
    for table in ("results", "rounds"):
        with (tmp_path / f"{table}.csv").open(encoding="utf-8") as file:
            head = next(csv.reader(file))
        columns = dictionary["tables"][table]
        assert [column["name"] for column in columns] == head
        assert all(column["ru"] and column["en"] and "…" not in column["ru"] for column in columns)
        assert {column["type"] for column in columns} <= {"text", "number", "integer", "boolean"}
    by_name = {column["name"]: column for column in dictionary["tables"]["results"]}
    assert by_name["speedup"]["unit"] == "ratio"
    assert by_name["speedup"]["type"] == "number"
    assert by_name["blocks"]["type"] == "integer"


def test_bounds_say_what_they_bound() -> None:
    known = tomllib.loads(COLUMNS_FILE.read_text("utf-8"))
    assert describe("p50_ns_least", known)["en"].startswith("smallest over the blocks: median latency")
    assert describe("p50_ns_least", known)["unit"] == "ns"
    assert describe("top_1_low", known)["en"] == "lower end of the 95 % interval: quality by this metric"
    assert describe("p99_bound_ns", known)["unit"] == "ns"


def test_a_formula_stays_text(tmp_path: Path) -> None:
    """A spreadsheet runs what begins like one."""
    system = {**imaginary.system(), "host_processor_model_name": "=HYPERLINK(1)"}
    found = analyse(imaginary.measurement(), imaginary.record(system=system))
    export([found], tmp_path, ["csv"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8"))))
    assert {row["processor"] for row in rows} == {"'=HYPERLINK(1)"}


def test_no_records_give_empty_tables(tmp_path: Path) -> None:
    export([], tmp_path, ["csv", "json"])
    assert json.loads((tmp_path / "results.json").read_text("utf-8")) == []


def test_parquet_or_the_name_of_its_extra(findings: list[Findings], tmp_path: Path) -> None:
    if can_write_parquet():
        import pandas as pd

        export(findings, tmp_path, ["parquet"])
        assert list(pd.read_parquet(tmp_path / "results.parquet").columns) == list(
            tables_of(findings)["results"].columns
        )
    else:
        with pytest.raises(MissingPackage, match=r"\[export\]"):
            export(findings, tmp_path, ["parquet"])
        assert list(tmp_path.iterdir()) == []
