"""The page of a tried model: one file, both languages, nothing fetched, and a stranger's words stay words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record import Record
from generator.pages.trial_page import trial_page
from generator.results.findings import analyse
from generator.results.screening import Dropped, Reason, Screening
from generator.results.trial import Trial, trial
from generator.words.language import Language
from tests.conftest import DEFINITION


@pytest.fixture
def tried(measured_trial: Record, tmp_path: Path) -> Trial:
    folder = tmp_path / "measurements" / "trial"
    folder.mkdir(parents=True)
    (folder / "measurement.toml").write_text(DEFINITION, "utf-8")
    source = {"name": "m.onnx", "origin": "a file", "sha256": "ab" * 32, "licence": "not stated"}
    provenance = measured_trial.provenance.model_copy(update={"sources": (_source(source),)})
    record = measured_trial.model_copy(update={"provenance": provenance})
    found = analyse(load_measurement(folder), record)
    dropped = (
        Dropped("fast", Reason.SLOW, 2.5),
        Dropped("fast", Reason.FAILED, None, "<script>alert(1)</script> *bold*"),
    )
    return trial(found, found, Screening(("slow", "fast"), dropped, 1.0), {"OpenVINO": "no-environment"})


def _source(fields: dict[str, str]) -> object:
    from generator.core.record import Source

    return Source.model_validate(fields)


def test_it_is_one_file_in_both_languages(tried: Trial, tmp_path: Path) -> None:
    page = trial_page(tried, list(Language), tmp_path / "charts")
    assert re.findall(r'<main lang="(\w+)"', page) == ["ru", "en"]
    assert page.count('<figure class="chart"') >= 6
    assert "prefers-color-scheme:dark" in page
    assert "<script" not in page
    fetched = re.findall(r'(?:src|href)="(?!#)[^"]*"|url\([^)]*\)|@import', page)
    assert not fetched
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_a_stranger_wrote_is_shown_and_not_run(tried: Trial, tmp_path: Path) -> None:
    page = trial_page(tried, [Language.EN], tmp_path / "charts")
    assert "<script" not in page
    assert "script&#62;alert(1)" in page
    assert "<em>bold</em>" not in page
    assert '<input type="radio"' not in page


def test_the_verdict_is_that_nothing_gains_where_the_fast_one_loses_quality(tried: Trial, tmp_path: Path) -> None:
    page = trial_page(tried, [Language.EN], tmp_path / "charts")
    assert "No gain shown" in page
    assert "Recommended: Slow." in page
    assert "took 2.5 times as long as the best" in page
    assert "it has no environment on this machine" in page
