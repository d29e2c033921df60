"""Published figures: read strictly, complete in both languages, and their arithmetic done anew from the rows."""

from __future__ import annotations

import math
import re
import shutil
import statistics
from pathlib import Path

import pytest

from generator.cited.evidence import (
    EVIDENCE_FOLDER,
    FIGURES_FILE,
    Basis,
    Evidence,
    Figure,
    RatioKind,
    amount,
    load_evidence,
)
from generator.core.errors import DefinitionError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What the repository holds."""
    found = load_evidence(ROOT)
    assert found is not None
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout whose figures a test may spoil."""
    shutil.copytree(ROOT / EVIDENCE_FOLDER, tmp_path / EVIDENCE_FOLDER)
    return tmp_path


def spoil(root: Path, old: str, new: str, name: str = FIGURES_FILE) -> None:
    path = root / EVIDENCE_FOLDER / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_checkout_without_the_folder_has_none(tmp_path: Path) -> None:
    assert load_evidence(tmp_path) is None


def _reckoned(figure: Figure, evidence: Evidence) -> tuple[float, float]:
    """The ends of a figure from the MLPerf rows that it names."""
    kind = RatioKind.ENERGY if figure.id in ("M13", "M14") else RatioKind.SOFTWARE
    kind = RatioKind.PROCESSOR_HARDWARE if figure.id == "M16" else kind
    rows = evidence.results
    ratios = [amount(rows[b], kind) / amount(rows[a], kind) for a, b in figure.mlperf]
    if figure.id == "M5":  # a chain: its links are multiplied
        return math.prod(ratios), math.prod(ratios)
    if figure.id == "M11":  # per watt of stated power, which doubled
        ratios = [one / 2 for one in ratios]
    return min(ratios), max(ratios)


def test_figures_follow_from_the_rows_that_they_name(evidence: Evidence) -> None:
    """Our arithmetic is done anew: no figure of MLPerf's is taken on trust."""
    named = [one for one in evidence.figures if one.mlperf]
    assert len(named) > 10
    for figure in named:
        assert figure.range is not None
        low, high = _reckoned(figure, evidence)
        assert figure.range[0] == pytest.approx(low, rel=0.004), figure.id
        if figure.id not in ("M1", "M5"):
            assert figure.range[1] == pytest.approx(high, rel=0.004), figure.id


def test_the_median_of_the_xeon_pairs_is_the_figure(evidence: Evidence) -> None:
    pairs = [one for one in evidence.ratios if one.kind is RatioKind.PROCESSOR_SOFTWARE]
    figure = evidence.figure("M15", "here")
    assert len(pairs) == 11
    assert figure.factor == pytest.approx(statistics.median(one.ratio for one in pairs), abs=0.001)
    for one in pairs:  # software alone: neither the weights' format nor the system's availability may differ
        assert one.start.weights in ("", one.end.weights)
        assert one.start.availability == one.end.availability
    years = [one.years for one in pairs if one.years is not None]
    assert figure.window_years == pytest.approx(statistics.median(years), abs=0.01)


def test_no_window_is_carried_on_to_two_years(evidence: Evidence) -> None:
    """What was observed stands as it was observed; only a source's own even rate is doubled."""
    for figure in evidence.figures:
        if figure.window_years is not None:
            assert figure.in_two_years == figure.range, figure.id
        elif figure.in_two_years is not None:
            assert figure.per_year is not None
            assert figure.in_two_years[0] == pytest.approx(figure.per_year**2), figure.id
    unlimited = {one.id for one in evidence.figures if one.in_two_years is None and one.per_year is not None}
    assert unlimited == {"P1", "P4"}


def test_short_windows_are_no_two_years(evidence: Evidence) -> None:
    assert evidence.figure("M10", "here").covers_two_years
    assert not evidence.figure("M3", "here").covers_two_years
    assert not evidence.figure("H1", "here").covers_two_years


def test_dates_that_nobody_verified_give_no_span(evidence: Evidence) -> None:
    assert all(one.published is None for one in evidence.results.values() if one.round == "v6.1")


def test_rounds_read_in_copies_say_so(evidence: Evidence) -> None:
    assert {one.round for one in evidence.results.values() if one.fork} == {"v5.0", "v6.0"}


def test_words_stand_in_both_languages(evidence: Evidence) -> None:
    """The Russian is Russian, and neither language types a result where the number is already shown."""
    for figure in evidence.figures:
        for text in (figure.claim, figure.label):
            assert re.search("[а-яё]", text.ru, re.IGNORECASE), figure.id
            assert not re.search("[а-яё]", text.en, re.IGNORECASE), figure.id


def test_every_figure_has_a_source(evidence: Evidence) -> None:
    for figure in evidence.figures:
        assert figure.addresses or figure.basis is Basis.DERIVED, figure.id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("M1,speed", "M1,quickness", r"line 2, metric: .*'speed'"),
        ("M2,speed", "M1,speed", "'M1' stands twice"),
        ("0.542,0.999,,", "0.542,,,", "has a window but no factor"),
        ("1.996,3.226,3.421", "1.996,3.421,3.226", "upper end stands below"),
        ("7>39", "7>999", "rests on row 999"),
        (",0.999,,,,yes", ",0.999,,1.2,,yes", "has a factor and a rate"),
        ("M1,speed", "M1", "more or fewer cells"),
        ("https://arxiv.org/abs/2601.22076", "http://arxiv.org", "addresses"),
        ("https://arxiv.org/abs/2601.22076", "", "has no address of its source"),
    ],
    ids=["metric", "twins", "window alone", "range", "row", "two kinds", "cells", "plain http", "no source"],
)
def test_mistakes_say_where_and_what(copy: Path, old: str, new: str, message: str) -> None:
    spoil(copy, old, new)
    with pytest.raises(DefinitionError, match=message) as caught:
        load_evidence(copy)
    assert str(caught.value).startswith("evidence/figures.csv: ")


def test_a_ratio_needs_something_to_divide_by(copy: Path) -> None:
    spoil(copy, "energy,78,84", "energy,7,84", "mlperf_ratios.csv")
    with pytest.raises(DefinitionError, match=r"row 7 has no accelerators or watts"):
        load_evidence(copy)


def test_a_missing_file_is_one_message(copy: Path) -> None:
    (copy / EVIDENCE_FOLDER / "mlperf.csv").unlink()
    with pytest.raises(DefinitionError, match=r"mlperf\.csv: is missing"):
        load_evidence(copy)


def test_an_unknown_figure_suggests_a_known_one(evidence: Evidence) -> None:
    with pytest.raises(DefinitionError, match="no published figure 'M99'"):
        evidence.figure("M99", "story.toml")
