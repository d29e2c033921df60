"""The page's scripts compute and write what the generator does, on the same numbers: run by Node.js, without a browser."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from generator.browser.record import parse_browser_record, speedups
from generator.core.protocol import LogInterval, half_width
from generator.core.record_file import seal_of
from generator.pages import on_device
from generator.pages.sentences import Sentences, bound, inverted
from generator.results.comparison import Verdict, verdict
from generator.results.estimate import ratio
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.browser.conftest import Run
from tests.browser.test_browser_record import sealed


def noisy(seed: int, blocks: int, cycles: int, disturbed: int = 0) -> dict[str, Any]:
    """A sealed record of random latencies; of one block the variant lacks a cycle, and one round has an even count."""
    numbers = random.Random(seed)

    def one(index: int) -> dict[str, Any]:
        rounds = [
            {
                "variant": name,
                "cycle": cycle,
                "queries_per_batch": 3,
                "latencies_ns": [round(ns * numbers.lognormvariate(0, 0.1)) for _ in range(3 + cycle % 2)],
            }
            for cycle in range(cycles)
            for name, ns in (("slow", 4_000_000), ("fast", 1_700_000), ("control", 4_000_000))
        ]
        numbers.shuffle(rounds)
        if index == 1:
            rounds = [each for each in rounds if (each["variant"], each["cycle"]) != ("fast", 0)]
        return {
            "index": index,
            "started_at": "2026-11-23T12:00:00.250Z",
            "disturbed": index < disturbed,
            "workers": [],
            "rounds": rounds,
        }

    return sealed(lambda data: data.update(blocks=[one(index) for index in range(blocks)]))


@pytest.mark.parametrize(
    ("blocks", "cycles", "disturbed"),
    [
        pytest.param(2, 4, 0, id="fewest blocks"),
        pytest.param(6, 5, 0, id="odd cycles"),
        pytest.param(12, 1, 0, id="one cycle"),
        pytest.param(9, 6, 3, id="a third disturbed"),
        pytest.param(9, 6, 4, id="more disturbed"),
    ],
)
def test_intervals_are_the_protocols(run: Run, blocks: int, cycles: int, disturbed: int) -> None:
    """Centre and half-width of every ratio, the control's too, and blocks that count."""
    data = noisy(blocks * cycles, blocks, cycles, disturbed)
    expected = speedups(parse_browser_record(data, "r"))
    body = """
        const { blocks, rules, names } = data
        return names.map(name => ({ ...all.logInterval(blocks, name, "slow", rules), kept: all.kept(blocks, rules).length }))
    """
    names = list(expected)
    found = run("statistics.js", body, {"blocks": data["blocks"], "rules": on_device.rules(), "names": names})
    for name, ours in zip(names, found, strict=True):
        assert ours["centre"] == pytest.approx(expected[name].mean, rel=1e-9, abs=1e-12)
        assert ours["half"] == pytest.approx(expected[name].half_width, rel=1e-5)
        assert ours["kept"] >= expected[name].blocks


def test_verdicts_of_two_variants_are_stricter(run: Run) -> None:
    """Bonferroni, as natively."""
    data = noisy(7, 6, 4)
    body = "return [1, 2].map(count => all.logInterval(data.blocks, 'fast', 'slow', data.rules, { comparisons: count }).half)"
    found = run("statistics.js", body, {"blocks": data["blocks"], "rules": on_device.rules()})
    body = "return data.map(block => all.blockValue(block, 'fast', 'slow', { turn: 2 }))"
    values = run("statistics.js", body, data["blocks"])
    assert found == [pytest.approx(half_width(values, count), rel=1e-5) for count in (1, 2)]


CENTRES = (-0.7, -0.02, -0.005, 0.0, 0.005, 0.012, 0.02, 0.7)
HALVES = (0.005, 0.011, 0.02, 0.031, 0.5)
INTERVALS = [LogInterval(centre, half, 6) for centre in CENTRES for half in HALVES]


def given(interval: LogInterval) -> dict[str, float]:
    return {"centre": interval.mean, "half": interval.half_width}


VERDICTS = set(Verdict) - {Verdict.REACHED, Verdict.NOT_REACHED}
"""What the protocol says of an interval; on a reader's device nobody asks for a factor."""


def test_verdicts_are_the_protocols(run: Run) -> None:
    found = run(
        "statistics.js",
        "return data.intervals.map(one => all.verdict(one, data.rules))",
        {"intervals": [given(one) for one in INTERVALS], "rules": on_device.rules()},
    )
    assert found == [str(verdict(one)) for one in INTERVALS]
    assert {*found} == {str(one) for one in VERDICTS}


@pytest.mark.parametrize("language", list(Language))
def test_ratios_are_written_alike(run: Run, language: Language) -> None:
    """Digits, signs, spaces and units, for tables and in sentences, for every verdict."""
    words = phrases(language)
    mine = Sentences(words)
    say = {str(one): words.texts[f"on_device.sentence_{one}"] for one in VERDICTS}
    body = """
        const words = Object.fromEntries(Object.entries(data.say).map(([name, text]) => [`sentence_${name}`, text]))
        const titles = { variant: "A", against: "B" }
        return data.intervals.map(one => [
          all.factorEstimate(all.estimateOf(one)), all.sentence(one, one.verdict, titles, words),
        ])
    """
    judged = [{**given(one), "verdict": str(verdict(one))} for one in INTERVALS]
    found = run("words.js", body, {"intervals": judged, "say": say}, language)
    for interval, (cell, sentence) in zip(INTERVALS, found, strict=True):
        estimate = ratio(interval)
        assert cell == language.factor_estimate(estimate)
        key = verdict(interval)
        low, high = mine.ends(estimate)
        times = language.times_estimate(inverted(estimate) if key is Verdict.SLOWER else estimate)
        values = {"times": times, "bound": language.plus_minus(bound(estimate)), "low": low, "high": high}
        asked = {name: value for name, value in values.items() if f"{{{name}}}" in say[str(key)]}
        assert sentence == words.say(f"on_device.sentence_{key}", variant="A", against="B", **asked)


@pytest.mark.parametrize("language", list(Language))
def test_times_are_written_alike(run: Run, language: Language) -> None:
    times = [1, 812, 999.4, 999.6, 51_200, 100_000, 4_000_000, 12_345_678, 1_204_000_000]
    assert run("words.js", "return data.map(all.duration)", times, language) == [language.duration(ns) for ns in times]


def test_the_seal_is_over_the_same_text(run: Run) -> None:
    data = {"b": ["é\x7f\u2028 «\U0001f600»", 'a"\\\n\t', 0, 10**15, None, True], "a": {"z": {}, "y": []}}
    body = "return all.canonical(data)"
    assert run("on-device/record.js", body, data) == json.dumps(data, sort_keys=True, separators=(",", ":"))
    assert len(seal_of(data)) == 64


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        pytest.param([[1.0, -4.0]], 0, id="the same"),
        pytest.param([[1.0, -3.0]], 0.25, id="over the largest"),
        pytest.param([[1.0]], math.inf, id="fewer numbers"),
        pytest.param([[1.0, None]], math.inf, id="no number"),
        pytest.param([[]], math.inf, id="nothing"),
    ],
)
def test_answers_are_compared_over_the_largest_number(run: Run, found: list[Any], difference: float) -> None:
    """A number that is none, or is missing, differs without bound."""
    body = """
        const read = numbers => numbers.map(one => one === null ? NaN : one)
        const apart = all.difference(data.map(numbers => ({ y: read(numbers) })), [{ y: [1, -4] }])
        return Number.isFinite(apart) ? apart : "without bound"
    """
    assert run("on-device/measuring.js", body, found) == ("without bound" if difference == math.inf else difference)


@pytest.mark.parametrize(
    ("latencies", "query"),
    [
        pytest.param([600_000, 650_000, 550_000], 600_000, id="faster"),
        pytest.param([9_000_000], 2_500_000, id="slower"),
        pytest.param([1, 1], 50_000, id="not seen by the clock"),
    ],
)
def test_batches_grow_when_queries_become_faster(run: Run, latencies: list[int], query: int) -> None:
    """A slow warm-up does not leave batches that are short against the clock, and none becomes endless."""
    start, round_ = {"resolution_ns": 100_000, "query_ns": 2_500_000}, {"queries": 2}
    body = "return all.faster(data.start, data.round, data.latencies)"
    assert run("on-device/measuring.js", body, {"start": start, "round": round_, "latencies": latencies}) == query


def test_rounds_are_long_against_the_clock(run: Run) -> None:
    """A batch takes fifty steps of the clock or more, a round about as long as natively, and never no query."""
    starts = [
        {"resolution_ns": step, "query_ns": query}
        for step in (5_000, 100_000, 1_000_000, 16_700_000)
        for query in (20_000, 1_000_000, 300_000_000)
    ]
    rules = on_device.rules()
    rounds = run(
        "on-device/measuring.js",
        "return data.starts.map(one => all.roundOf(one, data.rules))",
        {"starts": starts, "rules": rules},
    )
    for start, one in zip(starts, rounds, strict=True):
        batch = one["queries"] * start["query_ns"]
        assert batch >= rules["resolutions_a_batch"] * start["resolution_ns"]
        assert one["batches"] >= 1
        assert one["batches"] * batch <= max(batch, 1.5 * rules["round_ns"])
        assert 1 <= one["uncounted"] <= rules["uncounted_queries"]
