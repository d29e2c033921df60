"""Charts of our own mistakes: A/A controls as a heap of dots, and ways of measuring by how often they err."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from generator.core import protocol
from generator.core.cell import Cell, tidy
from generator.draw.chart import Chart, Column, Table
from generator.draw.picture import Deviation, Deviations, Look, Share, Shares, Stack, Stacks
from generator.pages.charts.speed import ratio_columns, ratio_row
from generator.pages.sentences import Sentences
from generator.results.comparison import Comparison
from generator.results.estimate import Estimate, proportion
from generator.results.findings import Findings
from generator.results.repeated import Repeated
from generator.words.phrases import Phrases

BIN = 0.25
"""Width of a heap, in half-widths of the interval."""

FARTHEST = 3.0
"""What lies farther out stands in the outermost heap."""

ALARM, MISS = Look(1, "X"), Look(0, "o")
"""Marks of false alarms, and of truths that were missed."""

Fared = tuple[int, int, int, int]
"""How one way fared: false alarms of so many runs, truths missed of so many."""


def controls(all_findings: Sequence[Findings], sentences: Sentences) -> Chart | None:
    """How many intervals of a program against itself hold 1? The A/A controls of all records, a dot each."""
    say, language = sentences.phrases.say, sentences.language
    found = [(f, w.control) for f in all_findings for w in f.workloads if w.control]
    if not found:
        return None
    outside = sum(not control.speedup.interval.contains(1.0) for _, control in found)
    return Chart(
        name="controls",
        title=say("chart.controls"),
        description=say("alt.controls", runs=len(found), outside=outside),
        note=say("note.controls"),
        picture=Stacks(
            _stacks([control for _, control in found]),
            x_label=say("chart.controls_axis"),
            within=say("chart.controls_within", count=language.decimal(len(found) - outside, 0)),
            beyond=say("chart.controls_beyond", count=language.decimal(outside, 0)),
        ),
        table=Table(
            ratio_columns(sentences.phrases, "record"),
            tuple(ratio_row(control, findings.record.record_id) for findings, control in found),
        ),
    )


def _stacks(found: Iterable[Comparison]) -> tuple[Stack, ...]:
    """Heaps from one end to the other, empty ones too; as many on either side."""
    edge = round(1 / BIN)
    counts = dict[int, int]()
    for one in found:
        low, high = math.log(one.speedup.interval.low), math.log(one.speedup.interval.high)
        half = (high - low) / 2
        place = math.log(one.speedup.point) / half if half > 0 else 0.0
        bin_ = math.floor(max(-FARTHEST, min(place, FARTHEST - 1e-9)) / BIN)
        if one.speedup.interval.contains(1.0):
            bin_ = max(-edge, min(bin_, edge - 1))
        else:  # rounding must not put it between the limits
            bin_ = min(bin_, -edge - 1) if place < 0 else max(bin_, edge)
        counts[bin_] = counts.get(bin_, 0) + 1
    far = max(2 * edge, *(max(one + 1, -one) for one in counts))
    return tuple(
        Stack(BIN * one, BIN * (one + 1), counts.get(one, 0), outside=not -edge <= one < edge)
        for one in range(-far, far)
    )


def repeats(found: Sequence[Repeated], sentences: Sentences) -> Chart | None:
    """How far apart are the ratios of one pair in several measurements? None where no pair stands in two."""
    if not found:
        return None
    say, language = sentences.phrases.say, sentences.language
    rows = tuple(_repeat(one, sentences) for one in found)
    columns = (
        Column("pair", say("column.pair")),
        Column("record", say("column.record")),
        *(Column(name, say(f"column.{name}"), "ratio") for name in ("factor", "low", "high")),
    )
    cells: list[tuple[Cell, ...]] = [
        (row.label, run.findings.record.record_id, *map(tidy, (s.point, s.interval.low, s.interval.high)))
        for row, one in zip(rows, found, strict=True)
        for run in one.runs
        for s in (run.comparison.speedup,)
    ]
    most = max(abs(value) for one in found for value in one.deviations)
    marks = "; ".join(say("alt.mark", label=row.label, number=row.number) for row in rows)
    return Chart(
        name="repeats",
        title=say("chart.repeats", most=language.percent(math.ceil(1000 * most) / 1000)),
        description=say("alt.repeats", marks=marks),
        note=say("note.repeats"),
        picture=Deviations(rows, say("chart.repeats_axis")),
        table=Table(columns, tuple(cells)),
    )


def _repeat(one: Repeated, sentences: Sentences) -> Deviation:
    """One pair: a dot for each run, around their middle."""
    first = one.runs[0]
    label = sentences.phrases.say(
        "chart.repeats_pair",
        workload=sentences.workload(first.workload),
        variant=sentences.title(first.variant),
        against=sentences.title(first.against),
    )
    factors = [run.comparison.speedup for run in one.runs]
    numbers = " · ".join(sentences.language.factor(each.point, 2) for each in factors)
    return Deviation(label, MISS, 0.0, 0.0, one.deviations, numbers)


def designs(groups: Mapping[str, Mapping[str, Fared]], phrases: Phrases) -> Chart | None:
    """How often is each way of measuring wrong, where the truth is known?

    Args:
        groups: ways by their names, by the heading of the data that they were tried on.
        phrases: the words.
    """
    say = phrases.say
    filled = {heading: ways for heading, ways in groups.items() if ways}
    if not filled:
        return None
    rows = tuple(
        (heading, tuple(_share(name, one, phrases) for name, one in ways.items())) for heading, ways in filled.items()
    )
    marks = "; ".join(
        f"{heading}: " + "; ".join(say("alt.mark", label=row.label, number=row.number) for row in group)
        for heading, group in rows
    )
    return Chart(
        name="designs",
        title=say("chart.designs"),
        description=say("alt.designs", marks=marks),
        note=say("note.designs"),
        picture=Shares(rows, 1 - protocol.CONFIDENCE, say("chart.designs_axis")),
        table=Table(
            _columns(phrases),
            tuple(_cells(heading, name, one) for heading, ways in filled.items() for name, one in ways.items()),
        ),
        key=((ALARM, say("chart.key_alarm")), (MISS, say("chart.key_miss"))),
    )


def _share(name: str, fared: Fared, phrases: Phrases) -> Share:
    alarms, misses = _shares(fared)
    parts = tuple(
        (one.point, one.interval.low, one.interval.high, look) for one, look in ((alarms, ALARM), (misses, MISS))
    )
    shown = [phrases.language.percent(one.point) for one in (alarms, misses)]
    return Share(name, parts, phrases.say("chart.designs_number", alarms=shown[0], misses=shown[1]))


def _shares(fared: Fared) -> tuple[Estimate, Estimate]:
    alarms, runs, misses, truths = fared
    return _proportion(alarms, runs), _proportion(misses, truths)


def _proportion(hits: int, count: int) -> Estimate:
    return proportion([1.0] * hits + [0.0] * (count - hits))


def _columns(phrases: Phrases) -> tuple[Column, ...]:
    say = phrases.say
    return (
        Column("data", say("column.tried_on")),
        Column("design", say("column.design")),
        Column("false_alarms", say("column.false_alarms"), "share"),
        Column("runs", say("column.runs"), "count"),
        Column("missed", say("column.missed"), "share"),
        Column("truths", say("column.runs"), "count"),
    )


def _cells(heading: str, name: str, fared: Fared) -> tuple[Cell, ...]:
    alarms, misses = _shares(fared)
    return heading, name, tidy(alarms.point), alarms.count, tidy(misses.point), misses.count
