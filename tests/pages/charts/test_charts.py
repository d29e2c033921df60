"""Charts show what was measured, legibly: nothing overlaps, nothing is too small, nothing is drawn twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from generator.core.definition import CONTROL, Measurement
from generator.draw import axes, drawing, gallery
from generator.draw.chart import Chart
from generator.draw.picture import Deviations, Distribution, Forest, Plane, Rungs, Strip
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.pages.charts.headlines import headlines
from generator.pages.charts.kinds import charts
from generator.pages.charts.quality import front
from generator.pages.charts.subject import Subject
from generator.pages.sentences import Sentences
from generator.results.findings import Findings, analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

PHONE_PIXELS = 358
"""Width of a chart on a screen of 390 px, between the page's margins."""

SMALLEST_TEXT_PIXELS = 11


def subject(found: Findings, language: Language = Language.RU) -> Subject:
    return Subject(found, found.workloads[0], Sentences(phrases(language)))


@pytest.fixture(scope="module")
def found() -> Findings:
    return analyse(imaginary.measurement(), imaginary.record())


def made(found: Findings, language: Language = Language.RU) -> dict[str, Chart]:
    return {chart.name: chart for chart in charts(subject(found, language))}


def longer(chart: Chart) -> Chart:  # type: ignore[return]
    """The same chart with labels as long as contributed ones may be."""
    words = "Очень длинное название варианта, которое прислал кто-то другой"
    picture = chart.picture
    match picture:
        case Forest():
            groups = tuple(
                replace(g, marks=tuple(replace(m, label=f"{words} {i}") for i, m in enumerate(g.marks)))
                for g in picture.groups
            )
            return replace(chart, picture=replace(picture, groups=groups))
        case Plane():
            spots = tuple(replace(spot, label=words) for spot in picture.spots)
            return replace(chart, picture=replace(picture, spots=spots))
        case Distribution() | Deviations() | Rungs():
            rows = tuple(replace(row, label=words) for row in picture.rows)
            return replace(chart, picture=replace(picture, rows=rows))  # type: ignore[arg-type]
        case Strip():
            bars = tuple(replace(bar, label=str(index)) for index, bar in enumerate(picture.bars * 6))
            return replace(chart, picture=replace(picture, bars=bars))


def texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    figure.set_dpi(288)  # at 72 hinting would widen the letters
    renderer = FigureCanvasAgg(figure).get_renderer()
    shown = [text for text in figure.findobj(Text) if text.get_text().strip()]
    return [(text, text.get_window_extent(renderer)) for text in shown]


def many_variants() -> Findings:
    """Nine variants from 0.4 to 30 ms in 18 blocks: the most crowded page."""
    extra = {f"extra-{index}": ms for index, ms in enumerate((1.2, 1.0, 0.55, 0.4, 30.0))}
    fields = imaginary.measurement().model_dump(mode="json")
    added = [{**fields["variants"][2], "name": name} for name in extra]
    fields = {**fields, "headline": None, "variants": [*fields["variants"], *added]}
    run = [imaginary.variant(name) for name in imaginary.LATENCIES]
    run += [{**imaginary.variant("onnxruntime-int8-static"), "name": name} for name in extra]
    latencies = {**imaginary.LATENCIES, **extra, CONTROL: 10.0}
    blocks = [imaginary.block(index, latencies, cycles=2, disturbed=index in (2, 9)) for index in range(18)]
    return analyse(Measurement.model_validate(fields), imaginary.record(variants=run, blocks=blocks))


def little_difference() -> Findings:
    """Ratios between 1 and 1.6: ticks stand close."""
    latencies = {"onnxruntime-fp32": 9.9, "onnxruntime-int8-static": 6.4, "onnxruntime-int8-dynamic": 6.3}
    return analyse(imaginary.measurement(), imaginary.record_with(latencies))


def forecasts() -> Findings:
    """Quality is an error in megawatts: less is better."""
    variants = []
    for name, shift in zip(imaginary.LATENCIES, (0.0, 0.0, 9.0, -2.0), strict=True):
        values = [480.0 + shift + index % 7 for index in range(50)]
        error = {"metric": "absolute-error", "kind": "mean", "reference": "label", "values": values}
        variants.append(imaginary.variant(name, quality=[{**error, "better": "lower", "unit": "megawatt"}]))
    return analyse(imaginary.measurement(), imaginary.record(variants=variants))


def test_of_an_error_less_is_better() -> None:
    chart = made(forecasts(), Language.EN)["quality"]
    assert isinstance(chart.picture, Plane)
    assert "lower is better" in chart.title
    assert chart.picture.y_label.endswith(", MW")
    fronts = {chart.picture.spots[index].label for index in chart.picture.front}
    assert fronts == {"ONNX Runtime int8 (static)", "ONNX Runtime fp32", "ONNX Runtime int8 (dynamic)"}


def climbing() -> Findings:
    """A ladder of three steps, the middle one down."""
    fields = imaginary.measurement().model_dump(mode="json")
    order = ["pytorch-fp32", "onnxruntime-fp32", "onnxruntime-int8-dynamic", "onnxruntime-int8-static"]
    fields["workloads"][0]["steps"] = order
    return analyse(Measurement.model_validate(fields), imaginary.record())


def test_a_ladder_ends_with_the_whole_way_as_measured() -> None:
    chart = made(climbing())["ladder"]
    assert isinstance(chart.picture, Rungs)
    *steps, whole = chart.picture.rows
    assert [one.label for one in steps] == [
        "ONNX Runtime fp32",
        "ONNX Runtime int8 (динамическое)",
        "ONNX Runtime int8 (статическое)",
    ]
    assert steps[0].start == pytest.approx(1.0)
    assert [one.start for one in steps[1:]] == pytest.approx([one.point for one in steps[:-1]], rel=0.01)
    assert (whole.start, whole.point) == (1.0, steps[-1].point)
    assert whole.number in chart.description
    assert steps[1].look.hollow, "a step that fails the quality gate does not count"


CASES = {
    "climbing": (climbing, lambda chart: chart),
    "a long climb": (climbing, lambda chart: longer(chart)),
    "forecasts": (forecasts, lambda chart: chart),
    "as is": (lambda: analyse(imaginary.measurement(), imaginary.record()), lambda chart: chart),
    "long labels": (lambda: analyse(imaginary.measurement(), imaginary.record()), longer),
    "many variants": (many_variants, lambda chart: chart),
    "little difference": (little_difference, lambda chart: chart),
}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("case", CASES)
def test_no_text_overlaps_or_leaves_the_paper(case: str, language: Language) -> None:
    findings, change = CASES[case]
    for chart in made(findings(), language).values():
        for shape in (WIDE, NARROW):
            figure = drawing.draw(change(chart).picture, shape, language, Lettering())
            assert not list(faults(figure)), f"{chart.name}, {shape.name}"


def faults(figure: Figure) -> Iterator[str]:
    """Texts that cannot be read."""
    boxes = texts(figure)
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in boxes:
        if box.x0 < -4 or box.y0 < -4 or box.x1 > width + 4 or box.y1 > height + 4:
            yield f"'{text.get_text()}' leaves the paper"
    for (one, a), (other, b) in combinations(boxes, 2):
        if not (a.x1 <= b.x0 + 4 or b.x1 <= a.x0 + 4 or a.y1 <= b.y0 + 8 or b.y1 <= a.y0 + 8):
            yield f"'{one.get_text()}' overlaps '{other.get_text()}'"


@pytest.mark.parametrize("name", ["speedup", "quality", "latency", "blocks", "health"])
def test_text_can_be_read_on_a_phone(found: Findings, name: str) -> None:
    figure = drawing.draw(made(found)[name].picture, NARROW, Language.RU, Lettering())
    smallest = min(text.get_fontsize() for text, _ in texts(figure))
    assert smallest * PHONE_PIXELS / NARROW.width >= SMALLEST_TEXT_PIXELS  # type: ignore[operator]


def test_the_title_is_the_finding(found: Findings) -> None:
    chart = made(found)["speedup"]
    assert chart.title.startswith("ONNX Runtime int8 (статическое): в")
    assert not chart.title.endswith(".")


def test_all_marks_of_an_axis_have_one_baseline(found: Findings) -> None:
    """It is the answer's: the change of runtime must not be credited to quantization."""
    chart = made(found)["speedup"]
    assert isinstance(chart.picture, Forest)
    (group,) = chart.picture.groups
    assert "ONNX Runtime fp32" in group.heading
    assert {mark.label: round(mark.point, 1) for mark in group.marks} == {
        "PyTorch fp32": 0.6,
        "ONNX Runtime int8 (статическое)": 1.6,
        "ONNX Runtime int8 (динамическое)": 0.4,
    }
    against = [column.name for column in chart.table.columns].index("against")
    assert {row[against] for row in chart.table.rows} == {"onnxruntime-fp32"}


def test_a_variant_looks_the_same_in_every_chart(found: Findings) -> None:
    looks: dict[str, set[object]] = {}
    for chart in made(found).values():
        match chart.picture:
            case Forest():
                rows: Sequence[object] = [m for g in chart.picture.groups for m in g.marks]
            case Plane():
                rows = chart.picture.spots
            case Distribution() | Deviations():
                rows = chart.picture.rows
            case Strip():
                rows = ()
        for row in rows:
            looks.setdefault(row.label, set()).add(row.look)
    assert len(looks) == 5
    assert all(len(one) == 1 for one in looks.values())


def test_a_failed_gate_is_grey_and_hollow(found: Findings) -> None:
    chart = made(found)["speedup"]
    assert isinstance(chart.picture, Forest)
    marks = {m.label: m for m in chart.picture.groups[-1].marks}
    assert marks["ONNX Runtime int8 (динамическое)"].look.hollow
    assert not marks["ONNX Runtime int8 (статическое)"].look.hollow
    assert phrases(Language.RU).say("note.hollow") in chart.note


def test_percentiles_that_the_number_of_queries_does_not_permit_are_not_drawn(found: Findings) -> None:
    """288 queries permit p95 and not p99, 720 permit p99 and not p99.9."""
    picture = made(found)["latency"].picture
    assert isinstance(picture, Distribution)
    tails = {row.label: [name for name, _ in row.tail] for row in picture.rows}
    assert tails["PyTorch fp32"] == ["p90", "p95"]
    assert tails["ONNX Runtime int8 (статическое)"] == ["p90", "p95", "p99"]


def test_charts_without_numbers_are_left_out() -> None:
    variants = [imaginary.variant(name, quality=[], quality_unknown="no labels") for name in imaginary.LATENCIES]
    found = analyse(imaginary.measurement(), imaginary.record(variants=variants))
    assert "quality" not in made(found)
    nothing = analyse(imaginary.measurement(), imaginary.record(blocks=[]))
    assert made(nothing) == {}
    assert headlines([nothing], Sentences(phrases(Language.RU))) is None


def test_every_chart_says_its_numbers_in_words(found: Findings) -> None:
    for language in Language:
        for chart in made(found, language).values():
            assert any(digit in chart.description for digit in "0123456789")
            assert chart.note
            assert chart.table.rows
            assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)


def test_a_chart_is_drawn_once(found: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = made(found)["health"]
    first = gallery.Gallery(tmp_path).drawn(chart, "x", Language.RU)
    monkeypatch.setattr(gallery, "_draw", None)
    assert gallery.Gallery(tmp_path).drawn(chart, "x", Language.RU) == first


def test_a_damaged_drawing_is_drawn_anew(found: Findings, tmp_path: Path) -> None:
    chart, kept = made(found)["health"], gallery.Gallery(tmp_path)
    first = kept.drawn(chart, "x", Language.RU)
    (path,) = (tmp_path / "charts").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert kept.drawn(chart, "x", Language.RU) == first
    assert not list(tmp_path.rglob("*.part"))


def test_another_word_number_or_code_is_another_drawing(found: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = made(found)["health"]
    keys = {
        gallery._key(chart, "x", Language.RU),
        gallery._key(chart, "y", Language.RU),
        gallery._key(chart, "x", Language.EN),
        gallery._key(replace(chart, note="other"), "x", Language.RU),
    }
    monkeypatch.setattr(gallery, "_drawn_by", lambda: "other code")
    assert len(keys | {gallery._key(chart, "x", Language.RU)}) == 5


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.5, 4.2, [0.5, 1.0, 2.0, 4.0]),
        (0.9, 1.1, [0.9, 0.95, 1.0, 1.05, 1.1]),
        (0.97, 1.02, [0.98, 1.0, 1.02]),
        (0.2, 60.0, [0.25, 1.0, 4.0, 16.0]),
        (0.99, 1.8, [1.0, 1.2, 1.4, 1.6, 1.8]),
    ],
)
def test_ratio_axes_have_readable_ticks(low: float, high: float, ticks: list[float]) -> None:
    assert axes.ratio_ticks(low, high) == ticks


@pytest.mark.parametrize("span", [1.001, 1.05, 1.3, 2, 5, 20, 1000])
@pytest.mark.parametrize("low", [0.001, 0.7, 3, 4000])
def test_value_axes_always_have_some_ticks(low: float, span: float) -> None:
    ticks = axes.value_ticks(low, low * span)
    assert 2 <= len(ticks) <= 9
    assert ticks == sorted(set(ticks))


def test_the_front_is_what_nothing_beats_in_both() -> None:
    points = [(10, 0.90), (6, 0.90), (4, 0.89), (16, 0.80), (4, 0.89)]
    assert front(points) == (1, 2, 4)
