"""The roofline chart: its numbers, its words in both languages, and that it can be drawn."""

from __future__ import annotations

from typing import Any, cast

import pytest
from matplotlib.text import Text

from generator.draw.drawing import draw
from generator.draw.picture import RooflinePicture, Shares
from generator.draw.roofline import ends
from generator.draw.roofline import roofline as drawn
from generator.draw.sheet import NARROW, WIDE, Lettering, Shape
from generator.pages.charts.roofline import roofline
from generator.pages.charts.subject import Subject
from generator.pages.charts.taken import taken
from generator.pages.sentences import Sentences
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.charts.test_charts import faults

MIB = 1 << 20
WORK = {"flops_per_sample": 770_375_104, "weight_bytes": 18_524_008, "activation_bytes_per_sample": 56_198_816, "counted_by": "x"}  # fmt: skip
SMALL = {**WORK, "weight_bytes": 4_983_433, "activation_bytes_per_sample": 14_049_704}
CEILING = {"threads": 1, "runtime": "r", "kernel": None, "size": "s", "working_set_bytes": 4 * MIB}
CEILINGS = {
    "measured_at": "2026-11-23T09:00:00Z",
    "found": [
        {**CEILING, "kind": "matrix product", "precision": "fp32", "per_second": [200e9, 204e9, 206e9]},
        {**CEILING, "kind": "matrix product", "precision": "int8", "per_second": [1700e9, 1750e9, 1800e9]},
        {**CEILING, "kind": "copy", "precision": None, "per_second": [30e9]},
        {**CEILING, "kind": "copy", "precision": None, "per_second": [29e9], "working_set_bytes": 16 * MIB},
    ],
}


def _subject(language: Language, **changes: Any) -> Subject:
    variants = [imaginary.variant(name, work=SMALL if "int8" in name else WORK) for name in imaginary.LATENCIES]
    found = analyse(
        imaginary.measurement(), imaginary.record(**{"variants": variants, "ceilings": CEILINGS, **changes})
    )
    return Subject(found, found.workloads[0], Sentences(phrases(language)))


@pytest.mark.parametrize("language", list(Language))
def test_each_variant_stands_under_its_roof(language: Language) -> None:
    """6.4 ms for 770 MFLOP are about 118 GFLOP/s of the 204 of fp32; int8 has a roof of its own."""
    chart = roofline(_subject(language))
    assert chart is not None
    picture = cast(RooflinePicture, chart.picture)
    marks = {mark.label: mark for mark in picture.marks}
    assert len(marks) == 4
    fp32 = next(mark for label, mark in marks.items() if label.endswith("fp32") and "ONNX" in label)
    assert fp32.achieved == pytest.approx(118e9, rel=0.05)
    assert fp32.attainable == 204e9
    assert [line.per_second for line in picture.levels] == [204e9, 1750e9]
    assert [line.per_second for line in picture.slopes] == [29e9, 30e9]
    row = dict(zip([column.name for column in chart.table.columns], chart.table.rows[1], strict=True))
    assert (row["variant"], row["bound"]) == ("onnxruntime-fp32", "compute")
    assert row["intensity_flop_per_byte"] == pytest.approx(770_375_104 / (18_524_008 + 56_198_816), rel=1e-5)


def test_without_ceilings_there_is_no_chart() -> None:
    """An older record, or a machine whose ceilings could not be measured."""
    assert roofline(_subject(Language.EN, ceilings=None)) is None


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_is_drawn_in_both_shapes_without_text_beyond_the_sheet(shape: Shape) -> None:
    """All words lie on the sheet; every mark lies inside the axes."""
    chart = roofline(_subject(Language.RU))
    assert chart is not None
    picture = cast(RooflinePicture, chart.picture)
    figure = drawn(picture, shape, Language.RU, Lettering())
    width, height = figure.get_size_inches() * figure.dpi
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert -1 <= box.y0 <= box.y1 <= height + 1, text.get_text()
    x, y = ends(picture)
    for mark in picture.marks:
        assert x[0] < mark.intensity < x[1]
        assert y[0] < mark.achieved / picture.y_unit < y[1]


@pytest.mark.parametrize("language", list(Language))
def test_the_share_of_the_possible_stands_as_bars_with_its_limit(language: Language) -> None:
    """118 of 204 GFLOP/s are 58 %, bound by computing; the numbers are the roofline's own."""
    chart, bent = (make(_subject(language)) for make in (taken, roofline))
    assert chart is not None
    assert bent is not None
    picture = cast(Shares, chart.picture)
    assert picture.promised == 1.0
    ((_, rows),) = picture.groups
    assert len(rows) == 4
    share, low, high, _ = next(row for row in rows if row.label == "ONNX Runtime fp32").parts[0]
    assert low <= share <= high
    assert share == pytest.approx(0.58, abs=0.03)
    place = [column.name for column in bent.table.columns].index("share")
    assert [row[1] for row in chart.table.rows] == [row[place] for row in bent.table.rows]
    assert taken(_subject(language, ceilings=None)) is None
    for shape in (WIDE, NARROW):
        assert not list(faults(draw(picture, shape, language, Lettering(key=chart.key))))
