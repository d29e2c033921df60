"""The chart over the batch: series that differ in nothing else, their numbers, and that it can be read."""

from __future__ import annotations

from typing import cast

import pytest

from generator.core.definition import CONTROL, Measurement
from generator.draw import drawing
from generator.draw.picture import Panels
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.pages.charts.batching import batching
from generator.pages.charts.subject import Subject
from generator.pages.sentences import Sentences
from generator.results.findings import Findings, analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.charts.test_charts import faults

MEASURED = {
    "pytorch-fp32": (1, 1, False, 10.0),
    "batch-4": (4, 1, False, 16.0),
    "batch-16": (16, 1, False, 52.0),
    "two-1": (1, 2, False, 9.0),
    "two-16": (16, 2, False, 30.0),
    "spinning-16": (16, 2, True, 28.0),
}
"""Batch, threads, spinning, milliseconds of a query."""


def _findings(names: tuple[str, ...] = tuple(MEASURED)) -> Findings:
    fields = imaginary.measurement().model_dump(mode="json")
    base, run = fields["variants"][0], imaginary.variant("pytorch-fp32")
    defined = [{**base, "name": name, "baseline": name == "pytorch-fp32"} for name in names]
    variants = [
        {**run, "name": name, "baseline": name == "pytorch-fp32", "samples_per_query": batch, "threads": threads}
        | {"options": {"spinning": True} if spinning else {}}
        for name, (batch, threads, spinning, _) in MEASURED.items()
        if name in names
    ]
    latencies = {name: MEASURED[name][3] for name in names}
    blocks = [imaginary.block(index, {**latencies, CONTROL: 10.0}) for index in range(4)]
    for block in blocks:
        for one in block["rounds"]:
            one["samples_per_query"] = MEASURED.get(one["variant"], (1,))[0]
    measurement = Measurement.model_validate({**fields, "headline": None, "variants": defined})
    return analyse(measurement, imaginary.record(variants=variants, blocks=blocks))


def _subject(findings: Findings, language: Language) -> Subject:
    return Subject(findings, findings.workloads[0], Sentences(phrases(language)))


@pytest.mark.parametrize("language", list(Language))
def test_variants_that_differ_only_in_the_batch_are_one_curve(language: Language) -> None:
    """Threads and spinning make curves of their own; 16 samples in 52 ms are 308 a second."""
    chart = batching(_subject(_findings(), language))
    assert chart is not None
    picture = cast(Panels, chart.picture)
    assert [[point.x for point in curve.panels[0]] for curve in picture.curves] == [[1, 4, 16], [1, 16], [16]]
    assert len({curve.label for curve in picture.curves}) == 3
    throughput, latency = picture.curves[0].panels
    assert throughput[2].y == pytest.approx(16 / 0.052, rel=0.05)
    assert throughput[2].low <= throughput[2].y <= throughput[2].high
    assert latency[2].y == pytest.approx(52e6, rel=0.05)
    assert picture.x_ticks == (1, 4, 16)
    assert [row[:2] for row in chart.table.rows[:3]] == [("pytorch-fp32", 1), ("batch-4", 4), ("batch-16", 16)]
    assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=lambda shape: shape.name)
def test_it_can_be_read(language: Language, shape: object) -> None:
    chart = batching(_subject(_findings(), language))
    assert chart is not None
    figure = drawing.draw(chart.picture, WIDE if shape is WIDE else NARROW, language, Lettering())
    assert not list(faults(figure))


def test_fewer_sizes_than_three_are_no_curve() -> None:
    assert batching(_subject(_findings(("pytorch-fp32", "batch-4", "two-16")), Language.EN)) is None


def test_variants_of_one_size_are_no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three that differ in the instructions they may use, say, and all answer one sample at a time."""
    for name, (_, *others) in list(MEASURED.items()):
        monkeypatch.setitem(MEASURED, name, (1, *others))
    assert batching(_subject(_findings(("pytorch-fp32", "batch-4", "batch-16")), Language.EN)) is None
