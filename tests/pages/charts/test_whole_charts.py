"""Charts of a whole measurement: a runtime's releases, and the length of an input. On committed records."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record_file import load_named, record_files, records_folder
from generator.draw import drawing
from generator.draw.chart import Chart
from generator.draw.picture import Course, Panels
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.pages.charts.kinds import whole_charts
from generator.pages.charts.length import length
from generator.pages.charts.releases import release_of, releases
from generator.pages.sentences import Sentences
from generator.results.findings import Findings, analyse, without_rounds
from generator.results.quality import Gate
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.charts.test_charts import faults

MEASUREMENTS = imaginary.FOLDER.parent


def _findings(name: str) -> Findings:
    measurement = load_measurement(MEASUREMENTS / name)
    records = map(load_named, record_files(records_folder(MEASUREMENTS, measurement)))
    return without_rounds(analyse(measurement, next(one for one in records if not one.core_only)))


@pytest.fixture(scope="module")
def history() -> Findings:
    return _findings("runtime-history")


@pytest.fixture(scope="module")
def lengths() -> Findings:
    return _findings("architecture-sequence")


def _made(make: object, findings: Findings, language: Language = Language.RU) -> Chart:
    chart = make(findings, Sentences(phrases(language)))  # type: ignore[operator]
    assert isinstance(chart, Chart)
    return chart


@pytest.mark.parametrize("language", list(Language))
def test_each_workload_is_a_line_from_the_oldest_release(history: Findings, language: Language) -> None:
    chart = _made(releases, history, language)
    picture = cast(Course, chart.picture)
    assert picture.steps == ("1.16.3", "1.23.2", "1.32.0")
    assert len(picture.curves) == len(history.workloads)
    for curve, workload in zip(picture.curves, history.workloads, strict=True):
        first, *later = curve.panels[0]
        assert (first.x, first.y, first.low, first.high) == (0, 1, 1, 1)
        assert [point.x for point in later] == [1, 2]
        expected = [one.against_baseline for one in workload.variants[1:]]
        assert [point.y for point in later] == [one.speedup.point for one in expected if one]
    assert [row[:2] for row in chart.table.rows[:2]] == [("image-fp32", "1.23.2"), ("image-fp32", "1.32.0")]
    assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)
    assert "1.16.3" in chart.note
    assert "1.23.2" in chart.description


def test_releases_are_in_the_order_of_their_numbers(history: Findings) -> None:
    """1.4 is older than 1.16, a candidate older than its release, and a definition may name them in any order."""
    found = _pinned(history, ("1.2.0", "1.16.0", "1.16.0rc1"))
    assert cast(Course, _made(releases, found).picture).steps == ("1.2.0", "1.16.0rc1", "1.16.0")
    assert [release_of(one.variant) for one in found.workloads[0].variants] == ["1.2.0", "1.16.0", "1.16.0rc1"]


def test_releases_against_one_that_is_not_the_oldest_are_no_history(history: Findings) -> None:
    found = _pinned(history, ("1.16.0", "1.2.0", "1.20.0"))
    assert releases(found, Sentences(phrases(Language.RU))) is None


def test_another_python_is_no_matter_of_the_runtime(history: Findings) -> None:
    found = _pinned(history, ("1.2.0", "1.4.0", "1.16.0"), python=("3.11", "3.11", "3.12"))
    assert releases(found, Sentences(phrases(Language.RU))) is None


def _pinned(
    history: Findings, names: tuple[str, str, str], python: tuple[str, str, str] = ("3.11", "3.11", "3.11")
) -> Findings:
    """The first workload with other releases."""
    workload = history.workloads[0]
    variants = [
        replace(one, variant=one.variant.model_copy(update={"environment": (f"python=={a}", f"onnxruntime=={b}")}))
        for one, a, b in zip(workload.variants, python, names, strict=True)
    ]
    return replace(history, workloads=(replace(workload, variants=tuple(variants)),))


def test_what_differs_in_more_than_the_release_is_no_history(history: Findings) -> None:
    workload = history.workloads[0]
    last = workload.variants[-1]
    other = replace(last, variant=last.variant.model_copy(update={"threads": 2}))
    changed = replace(history, workloads=(replace(workload, variants=(*workload.variants[:-1], other)),))
    assert releases(changed, Sentences(phrases(Language.RU))) is None


def test_two_releases_are_no_history(history: Findings) -> None:
    few = tuple(replace(one, variants=one.variants[:2]) for one in history.workloads)
    assert releases(replace(history, workloads=few), Sentences(phrases(Language.RU))) is None


def test_a_release_that_failed_the_quality_gate_is_hollow(history: Findings) -> None:
    workload = history.workloads[0]
    failed = replace(workload.variants[-1], gate=Gate.FAILED)
    found = replace(history, workloads=(replace(workload, variants=(*workload.variants[:-1], failed)),))
    chart = _made(releases, found)
    assert [point.hollow for point in cast(Course, chart.picture).curves[0].panels[0]] == [False, False, True]
    assert phrases(Language.RU).say("note.hollow") in chart.note


@pytest.mark.parametrize("language", list(Language))
def test_what_has_the_same_title_at_each_length_is_a_line(lengths: Findings, language: Language) -> None:
    chart = _made(length, lengths, language)
    picture = cast(Panels, chart.picture)
    assert picture.x_ticks == (48, 336, 672)
    assert [[point.x for point in panel] for curve in picture.curves for panel in curve.panels] == [[48, 336, 672]] * 6
    baseline = lengths.workloads[0].baseline
    assert baseline.latency
    assert picture.curves[0].panels[0][0].y == baseline.latency.p50_ns.median
    assert picture.curves[0].panels[1][0].y == baseline.quality[0].estimate.point
    assert len(chart.table.rows) == 9
    assert chart.table.rows[0][:2] == ("lstm-48", 48)
    assert not any(curve.look.hollow for curve in picture.curves), "only the points that failed"


def test_workloads_that_differ_in_more_are_no_lengths(lengths: Findings) -> None:
    first, *others = lengths.workloads
    choice = first.choice.model_copy(update={"options": {**first.choice.options, "series": "weather"}})
    changed = replace(lengths, workloads=(replace(first, choice=choice), *others))
    assert length(changed, Sentences(phrases(Language.RU))) is None
    assert length(replace(lengths, workloads=lengths.workloads[:2]), Sentences(phrases(Language.RU))) is None


def test_other_measurements_have_neither(history: Findings, lengths: Findings) -> None:
    sentences = Sentences(phrases(Language.RU))
    assert [one.name for one in whole_charts(history, sentences)] == ["releases"]
    assert [one.name for one in whole_charts(lengths, sentences)] == ["length"]
    plain = analyse(imaginary.measurement(), imaginary.record())
    assert not list(whole_charts(plain, sentences))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=lambda shape: shape.name)
def test_they_can_be_read(history: Findings, lengths: Findings, language: Language, shape: object) -> None:
    for make, findings in ((releases, history), (length, lengths)):
        picture = _made(make, findings, language).picture
        figure = drawing.draw(picture, WIDE if shape is WIDE else NARROW, language, Lettering())
        assert not list(faults(figure))
