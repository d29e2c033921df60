"""The list of a measurement's records stays readable, however many there are, and none is lost from it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from generator.draw import gallery
from generator.draw.gallery import Drawn
from generator.pages.edition import pages
from generator.pages.history import FILE, MOST_ROWS, history
from generator.pages.sentences import Sentences
from generator.results.collection import MOST_SYSTEMS, Collection, collected
from generator.results.findings import Findings, analyse
from generator.results.summary import Summary, summarise
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

SENTENCES = Sentences(phrases(Language.EN))


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Of one record."""
    return analyse(imaginary.measurement(), imaginary.record())


def _summaries(findings: Findings, count: int, machines: int) -> tuple[Summary, ...]:
    """The record and older ones like it, of several machines in turn; newest first."""
    first = summarise(findings)
    return tuple(
        replace(
            first,
            record_id=f"{first.record_id}-{number}" if number else first.record_id,
            machine=f"{number % machines:012x}",
            processor=f"Imaginary {number % machines}",
            started_at=first.started_at - timedelta(days=number),
        )
        for number in range(count)
    )


CASES = [(1, 1, 1), (MOST_ROWS, 3, MOST_ROWS), (MOST_ROWS + 1, 3, 3), (1000, 7, 7), (1000, 500, MOST_ROWS)]


@pytest.mark.parametrize(("count", "machines", "rows"), CASES)
def test_all_records_are_listed_or_the_newest_of_each_machine(
    findings: Findings, count: int, machines: int, rows: int
) -> None:
    text = str(history(findings, _summaries(findings, count, machines), SENTENCES))
    assert text.count("[JSON](") == rows
    assert text.count("shown on this page") == 1
    assert (f"[{FILE}]({FILE})" in text) is (count > MOST_ROWS)
    if count > MOST_ROWS:
        assert f"Records in all: {count:,}, machines: {machines}." in text
    agree = re.search(r"with the same answer ([\d,]+)", text)
    assert (int(agree[1].replace(",", "")) if agree else 0) == count - 1


@pytest.fixture
def many(findings: Findings) -> Collection:
    """A measurement with 1,000 records of 500 machines."""
    few = collected([findings])
    every = _summaries(findings, 1000, 500)
    shown = tuple(
        replace(findings, record=findings.record.model_copy(update={"record_id": one.record_id, "system": system}))
        for number, one in enumerate(every[:MOST_SYSTEMS])
        for system in [findings.record.system.model_copy(update={"host_processor_model_name": f"Imaginary {number}"})]
    )
    name = findings.measurement.name
    return replace(few, shown={name: shown}, every={name: every}, files={(name, one.record_id): b"{}" for one in every})


@pytest.mark.slow
def test_a_thousand_records_make_as_many_pages_as_a_few_machines(
    many: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every record can be downloaded and is in the table beside the page, by the name of its file."""
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))
    made = {p.path: p.content for p in pages(many, [imaginary.measurement()], tmp_path) if p.language == "en"}
    folder = f"measurements/{imaginary.measurement().name}"
    assert sum(path.startswith(folder) and path.endswith(".md") for path in made) == MOST_SYSTEMS
    table = made[f"{folder}/{FILE}"]
    assert isinstance(table, bytes)
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert len(rows) == 1000
    assert all(f"{folder}/{row['file']}" in made for row in rows)
    assert float(rows[0]["speedup"]) == pytest.approx(1.6, rel=0.02)
    for path, content in made.items():
        if path.endswith(".md") and isinstance(content, bytes):
            assert len(content) < 200_000, path
