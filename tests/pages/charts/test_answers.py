"""Charts of many answers: grouped by what was changed, one mark a workload, and never joined over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from generator.core.definition_file import load_measurement
from generator.draw import drawing
from generator.draw.chart import Chart
from generator.draw.picture import Forest, Picture, Rungs, Shares, Spans, Stacks
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.pages.charts.headlines import headlines
from generator.pages.charts.ladder import ladder
from generator.pages.charts.replication import replication
from generator.pages.charts.subject import Subject
from generator.pages.charts.validity import controls, designs
from generator.pages.sentences import Sentences
from generator.results.comparison import Comparison
from generator.results.estimate import Estimate, Interval
from generator.results.findings import Findings, analyse
from generator.results.quality import Gate
from generator.results.summary import Summary, summarise
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.charts.test_charts import faults

EN = Sentences(phrases(Language.EN))
MEASUREMENTS = imaginary.FOLDER.parent


def legible(picture: Picture, chart: Chart) -> bool:
    return not any(
        list(faults(drawing.draw(picture, shape, Language.EN, Lettering(key=chart.key)))) for shape in (WIDE, NARROW)
    )


def answered(*names: str) -> list[Findings]:
    measurements = [load_measurement(MEASUREMENTS / name) for name in names]
    return [analyse(one, imaginary.record_of(one)) for one in measurements]


@pytest.fixture(scope="module")
def chart() -> Chart:
    found = headlines(answered("batching", "quantization-image", "forecasting", "runtime-history", "generation"), EN)
    assert found is not None
    return found


def test_answers_stand_in_groups_of_one_kind_the_largest_first(chart: Chart) -> None:
    picture = cast(Spans, chart.picture)
    kinds = [phrases(Language.EN).say(f"pair_kind.{kind}") for kind in ("release", "runtime", "format", "settings")]
    assert [group.heading for group in picture.groups] == kinds
    for group in picture.groups:
        most = [max(value for value, _ in row.points) for row in group.rows]
        assert most == sorted(most, reverse=True)
    assert picture.guides == (2.0, 3.0)
    assert legible(picture, chart)


def test_a_row_has_a_mark_for_each_workload_or_names_its_one(chart: Chart) -> None:
    """No row says "forecasts" and shows one of them."""
    rows = {row.label: row for group in cast(Spans, chart.picture).groups for row in group.rows}
    forecasting, generation = (load_measurement(MEASUREMENTS / name) for name in ("forecasting", "generation"))
    assert len(rows[forecasting.title.en].points) == len(forecasting.workloads)
    assert generation.title.en not in rows
    (named,) = (row for label, row in rows.items() if label.startswith(generation.title.en))
    assert len(named.points) == 1
    asked = generation.variant(cast(Any, generation.headline).variant).workload
    assert named.label.endswith(next(one.title.en for one in generation.workloads if one.name == asked))
    table = chart.table
    place = [column.name for column in table.columns].index("workload")
    assert len({(row[0], row[place]) for row in table.rows}) == len(table.rows)


def test_a_gain_that_cost_too_much_does_not_stretch_a_range() -> None:
    """What fails the gate is drawn hollow, and the bar ends before it."""
    measurement = load_measurement(MEASUREMENTS / "forecasting")
    found = analyse(measurement, imaginary.record_of(measurement))
    workloads = list(found.workloads)
    spoilt = [
        replace(one, gate=Gate.FAILED) if one.variant.runtime == "onnxruntime" else one for one in workloads[0].variants
    ]
    workloads[0] = replace(workloads[0], variants=tuple(spoilt))
    chart = headlines([replace(found, workloads=tuple(workloads))], EN)
    assert chart is not None
    (group,) = cast(Spans, chart.picture).groups
    assert [look.hollow for _, look in group.rows[0].points] == [True, False, False]
    assert any(look.hollow for look, _ in chart.key)


def _summaries(found: Findings, changes: Sequence[dict[str, Any]]) -> tuple[Summary, ...]:
    first = summarise(found)
    later = [
        replace(first, record_id=f"{first.record_id}-{i}", finished_at=first.finished_at - timedelta(days=i), **change)
        for i, change in enumerate(changes, 1)
    ]
    return first, *later


def test_runs_stand_beside_one_another_by_machine(tmp_path: Path) -> None:
    found = analyse(imaginary.measurement(), imaginary.record())
    others = _summaries(found, [{"processor": "Other 1", "machine": "f" * 12}, {}])
    chart = replication(found, others, EN)
    assert chart is not None
    picture = cast(Forest, chart.picture)
    assert [len(group.marks) for group in picture.groups] == [2, 1]
    assert "this page" in picture.groups[0].marks[0].label
    assert len(chart.table.rows) == 3
    assert legible(picture, chart)


@pytest.mark.parametrize(
    "change",
    [{"headline": None}, {"conditions": "other"}, {"tier": "smoke"}],
    ids=["no answer", "other work", "a look"],
)
def test_one_run_is_no_replication_nor_is_one_that_cannot_be_compared(change: dict[str, Any]) -> None:
    found = analyse(imaginary.measurement(), imaginary.record())
    assert replication(found, _summaries(found, []), EN) is None
    if "tier" in change:
        change = {"tier": type(found.record.tier)("smoke")}
    assert replication(found, _summaries(found, [change]), EN) is None


def _with_control(found: Findings, point: float, half: float) -> Findings:
    (workload,) = found.workloads
    control = cast(Comparison, workload.control)
    estimate = Estimate(point, Interval(point / (1 + half), point * (1 + half)), 8)
    return replace(found, workloads=(replace(workload, control=replace(control, speedup=estimate)),))


def test_every_control_is_a_dot_and_alarms_lie_outside() -> None:
    found = analyse(imaginary.measurement(), imaginary.record())
    pairs = [(1.0, 0.02), (1.019, 0.02), (1.021, 0.02), (0.9, 0.02), (0.981, 0.02), (1.0, 0.0)]
    chart = controls([_with_control(found, *pair) for pair in pairs], EN)
    assert chart is not None
    picture = cast(Stacks, chart.picture)
    assert sum(one.count for one in picture.stacks) == len(pairs)
    assert sum(one.count for one in picture.stacks if one.outside) == 2
    assert all(one.outside is (one.high <= -1 or one.low >= 1) for one in picture.stacks)
    assert picture.stacks[0].low == -picture.stacks[-1].high
    assert "2" in chart.description
    assert len(chart.table.rows) == len(pairs)
    assert legible(picture, chart)


def test_ways_of_measuring_are_held_to_the_five_per_cent() -> None:
    ways = {"blocks": (1, 40, 2, 40), "all of A, then all of B; t over every single query": (30, 40, 20, 40)}
    chart = designs({"here": ways, "nowhere": {}}, phrases(Language.EN))
    assert chart is not None
    picture = cast(Shares, chart.picture)
    ((heading, rows),) = picture.groups
    assert heading == "here"
    assert picture.promised == pytest.approx(0.05)
    assert [[round(share, 3) for share, *_ in row.parts] for row in rows] == [[0.025, 0.05], [0.75, 0.5]]
    assert all(low <= share <= high for row in rows for share, low, high, _ in row.parts)
    assert legible(picture, chart)
    assert designs({"nowhere": {}}, phrases(Language.EN)) is None


def test_a_ladder_says_which_of_its_steps_is_time() -> None:
    """The same runtime of another year; all other steps could have been taken before."""
    (found,) = answered("two-years-ladder")
    chart = ladder(Subject(found, found.workloads[0], EN))
    assert chart is not None
    labels = [row.label for row in cast(Rungs, chart.picture).rows]
    (timed,) = (label for label in labels if label.endswith("(this step is time)"))
    assert "1.32.0" in timed
