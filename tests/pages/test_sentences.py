"""Every verdict has its sentence in both languages, and none says more than the record does."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from generator.core.definition import Scenario
from generator.core.protocol import LogInterval
from generator.pages import tables
from generator.pages.sentences import Sentences, inverted, negated
from generator.pages.views.pair import pair_views
from generator.pages.views.workload import WorkloadView
from generator.results.change import paired_change, quality_change
from generator.results.comparison import Comparison, Verdict, verdict
from generator.results.estimate import Estimate, Interval, ratio
from generator.results.findings import analyse
from generator.results.quality import Gate
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

NBSP = "\u00a0"


def comparison(factor: float, half: float, asked: float | None = None) -> Comparison:
    """A comparison whose verdict the analysis gives."""
    interval = LogInterval(math.log(factor), half, 8)
    shown = ratio(interval)
    return Comparison("a", "b", shown, shown, verdict(interval), (factor,) * 8, asked)


CASES = {
    "faster": (
        comparison(1.56, 0.02),
        "Б: в 1,56 раза [1,53; 1,59] быстрее, чем А.",
        "B: 1.56× [1.53, 1.59] as fast as A.",
    ),
    "slower": (
        comparison(1 / 1.56, 0.02),
        "Б: в 1,56 раза [1,53; 1,59] медленнее, чем А.",
        "B: 1.56× [1.53, 1.59] as long as A.",
    ),
    "no difference": (
        comparison(1.005, 0.01),
        "Б и А: разницы в скорости не видно (в пределах ±1,6 %).",
        "B and A: no difference in speed shown (within ±1.6%).",
    ),
    "cannot tell": (
        comparison(1.02, 0.05),
        "Б и А: сказать, что быстрее, нельзя. Отношение лежит где-то между ×0,97 и ×1,07.",
        "B and A: which is faster cannot be told. The ratio lies somewhere between 0.97× and 1.07×.",
    ),
    "reached": (
        comparison(2.3, 0.02, 2),
        "А → Б: вдвое и более, ×2,30 [2,25; 2,35].",
        "A → B: twice as fast or more, 2.30× [2.25, 2.35].",
    ),
    "not reached": (
        comparison(0.99, 0.03, 2),
        "А → Б: не вдвое, ×0,99 [0,96; 1,02].",
        "A → B: not twice as fast, 0.99× [0.96, 1.02].",
    ),
    "not measured": (
        None,
        "Б и А: не измерено — нет двух блоков, в которых измерены оба варианта.",
        "B and A: not measured: no two blocks hold both variants.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_verdict_has_its_sentence(case: str) -> None:
    found, russian, english = CASES[case]
    ru, en = (Sentences(phrases(language)) for language in Language)
    assert ru.comparison(found, "Б", "А").replace(NBSP, " ") == russian
    assert en.comparison(found, "B", "A").replace(NBSP, " ") == english


def test_a_difference_that_is_lost_among_many_comparisons_is_not_said_to_be_none() -> None:
    """The interval that is printed excludes 1; the one behind the verdict, widened for all comparisons, does not."""
    found = replace(comparison(1.05, 0.02), verdict=Verdict.CANNOT_TELL)
    said = Sentences(phrases(Language.EN)).comparison(found, "B", "A")
    assert said.startswith("B and A: taken alone, a ratio between 1.03× and 1.07× would show a difference;")


def test_the_cases_are_all_verdicts() -> None:
    assert {found.answer for found, _, _ in CASES.values() if found} == set(Verdict)


@pytest.mark.parametrize(
    ("factor", "half", "asked", "answer", "russian", "english"),
    [
        (0.99, 0.03, 2, Verdict.NOT_REACHED, "Нет, не вдвое", "No, not twice"),
        (1.16, 0.02, 2, Verdict.NOT_REACHED, "Нет, не вдвое", "No, not twice"),
        (1.00, 0.01, 3, Verdict.NOT_REACHED, "Нет, не втрое", "No, not three times"),
        (2.30, 0.02, 2, Verdict.REACHED, "Да, вдвое", "Yes, twice"),
        (2.03, 0.05, 2, Verdict.CANNOT_TELL, "Сказать нельзя", "Cannot tell"),
        (6.00, 0.02, 5, Verdict.REACHED, "Да, в 5 раз", "Yes, 5×"),
        (0.80, 0.02, 2, Verdict.SLOWER, "Медленнее", "Slower"),
        (1.16, 0.02, None, Verdict.FASTER, "Быстрее", "Faster"),
    ],
)
def test_a_verdict_answers_the_question(
    factor: float, half: float, asked: float | None, answer: Verdict, russian: str, english: str
) -> None:
    """Did it become twice as fast? That is not answered by "faster", nor by "cannot tell" where all of it lies below two."""
    found = comparison(factor, half, asked)
    assert found.answer is answer
    assert Sentences(phrases(Language.RU)).word(found).replace(NBSP, " ") == russian
    assert Sentences(phrases(Language.EN)).word(found) == english


def test_nothing_is_ever_called_equal() -> None:
    """A measurement can show that a difference is small, not that there is none."""
    for language in Language:
        texts = [t for p in phrases(language).texts.values() for t in ([p] if isinstance(p, str) else p.values())]
        assert not [t for t in texts if "одинаков" in t.lower() or "identical" in t.lower()]


@pytest.mark.parametrize(
    ("scenario", "russian", "english"),
    [
        (Scenario.SINGLE_STREAM, "быстрее", "as fast as"),
        (Scenario.OFFLINE, "больше образцов в секунду", "as many samples per second"),
        (Scenario.SERVER, "больше запросов в секунду", "as many queries per second"),
    ],
)
def test_speed_is_what_the_scenario_compares(scenario: Scenario, russian: str, english: str) -> None:
    found = comparison(2.0, 0.02)
    assert russian in Sentences(phrases(Language.RU), scenario).comparison(found, "Б", "А")
    assert english in Sentences(phrases(Language.EN), scenario).comparison(found, "B", "A")


def test_the_number_of_a_sentence_is_bold_and_its_titles_are_escaped() -> None:
    sentence = Sentences(phrases(Language.EN)).comparison_markdown(comparison(2.0, 0.02), "<b>", "A")
    assert f"**2.00× [1.96,{NBSP}2.04]**" in sentence
    assert "<b>" not in sentence


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("+ int8", "“+ int8”: "),
        ("2 threads", "“2 threads”: "),
        ("batch 8, 2 threads", "“batch 8, 2 threads”: "),
        ("batch 8", "Batch 8: "),
        ("int8 (static)", "int8 (static): "),
        ("int8 (static, in part)", "int8 (static, in part): "),
    ],
    ids=[
        "a ladder's step in quotes",
        "a number in quotes",
        "a list in quotes",
        "a word with its capital",
        "a name as it is",
        "a comma in parentheses",
    ],
)
def test_titles_read_well_in_a_sentence(title: str, words: str) -> None:
    assert Sentences(phrases(Language.EN)).comparison(comparison(2.0, 0.02), title, "fp32").startswith(words)


@pytest.mark.parametrize("language", list(Language))
def test_a_gain_that_fails_the_gate_is_no_plain_gain(language: Language) -> None:
    sentences, found = Sentences(phrases(language)), comparison(2.0, 0.02)
    assert sentences.word(found, Gate.FAILED) != sentences.word(found, Gate.PASSED)
    assert sentences.word(comparison(0.5, 0.02), Gate.FAILED) == sentences.word(comparison(0.5, 0.02))


def test_turned_estimates_keep_their_intervals() -> None:
    found = inverted(Estimate(0.5, Interval(0.4, 0.8), 8))
    assert (found.point, found.interval.low, found.interval.high) == (2.0, 1.25, 2.5)
    found = negated(Estimate(-0.02, Interval(-0.03, -0.01), 8))
    assert (found.point, found.interval.low, found.interval.high) == (0.02, 0.01, 0.03)


QUALITY = {
    "onnxruntime-fp32": ("Изменение не доказано", "A change is not shown"),
    "onnxruntime-int8-static": ("Изменение не доказано", "A change is not shown"),
    "onnxruntime-int8-dynamic": ("ниже на 7,2 п. п. [3,8; 10,5]", "lower by 7.2 percentage points [3.8, 10.5]"),
}


@pytest.mark.parametrize("name", QUALITY)
def test_a_change_of_accuracy_is_in_percentage_points(name: str) -> None:
    found = analyse(imaginary.measurement(), imaginary.record()).workloads[0]
    for language, expected in zip(Language, QUALITY[name], strict=True):
        said = Sentences(phrases(language)).accuracy(found.variant(name), found.baseline)
        assert expected in said.replace(NBSP, " ")


def test_a_gain_in_accuracy_is_said_too() -> None:
    """The variant is right where the baseline was wrong, 30 times in 250."""
    better = [imaginary.proportion("top-1", "label", [])]
    worse = [imaginary.proportion("top-1", "label", range(30))]
    variants = [imaginary.variant(n, quality=better if "static" in n else worse) for n in imaginary.LATENCIES]
    found = analyse(imaginary.measurement(), imaginary.record(variants=variants)).workloads[0]
    said = Sentences(phrases(Language.RU)).accuracy(found.variant("onnxruntime-int8-static"), found.baseline)
    assert "выше на 12,0" in said


def test_missing_accuracy_has_its_reason() -> None:
    variants = [imaginary.variant(n, quality=[], quality_unknown="no <labels>") for n in imaginary.LATENCIES]
    found = analyse(imaginary.measurement(), imaginary.record(variants=variants)).workloads[0]
    variant = found.variant("onnxruntime-int8-static")
    assert Sentences(phrases(Language.RU)).accuracy(variant, found.baseline) == "Точность не измерена: no <labels>."
    assert (
        Sentences(phrases(Language.EN)).accuracy(variant, found.baseline) == "Accuracy was not measured: no <labels>."
    )
    assert Sentences(phrases(Language.RU)).gate(variant.gate) == "Порог качества проверить нечем."


@pytest.mark.parametrize(
    ("gained", "lost", "count", "point", "low", "high"),
    [
        (0, 0, 250, 0.0, -0.011, 0.011),
        (0, 20, 250, -0.08, -0.116, -0.043),
        (3, 1, 20, 0.1, -0.124, 0.306),
    ],
    ids=["no change still has an interval", "loss", "few samples"],
)
def test_a_paired_change(gained: int, lost: int, count: int, point: float, low: float, high: float) -> None:
    """Few samples without a change do not prove that there is none."""
    baseline = [0.0] * gained + [1.0] * (count - gained)
    variant = [1.0] * gained + [0.0] * lost + [1.0] * (count - gained - lost)
    found = paired_change(variant, baseline)
    assert found.point == pytest.approx(point)
    assert found.interval.low == pytest.approx(low, abs=0.002)
    assert found.interval.high == pytest.approx(high, abs=0.002)


def test_a_change_needs_the_same_samples() -> None:
    record = imaginary.record()
    variants = {one.name: one for one in record.variants}
    shorter = variants["pytorch-fp32"].model_copy(update={"quality": ()})
    assert quality_change(variants["onnxruntime-fp32"], shorter, "top-1") is None


def test_a_quality_that_is_no_share_is_shown_as_a_number() -> None:
    """An error of forecasts, say: no percent, no percentage points, and a paired interval."""
    errors = {
        name: [1.0 + shift + 0.01 * (i % 7) for i in range(50)]
        for name, shift in zip(imaginary.LATENCIES, (0.0, 0.0, 0.1, -0.2), strict=True)
    }
    variants = [
        imaginary.variant(n, quality=[{"metric": "mean-error", "kind": "mean", "reference": "label", "values": v}])
        for n, v in errors.items()
    ]
    found = analyse(imaginary.measurement(), imaginary.record(variants=variants)).workloads[0]
    sentences = Sentences(phrases(Language.EN))
    said = sentences.accuracy(found.variant("onnxruntime-int8-static"), found.baseline)
    assert said.startswith("mean-error: 1.1")
    assert "higher by 0.1" in said
    assert "%" not in said
    assert "No change is shown" in sentences.accuracy(found.variant("onnxruntime-fp32"), found.baseline)


def test_without_labels_fidelity_stands_for_quality() -> None:
    """In sentence, cell and heading, with its interval; never "not measured" beside a gate that was judged by it."""
    same = {
        "metric": "top-1-agreement",
        "kind": "proportion",
        "reference": "baseline",
        "values": [1.0] * 45 + [0.0] * 5,
    }
    variants = [
        imaginary.variant(name, quality=[] if name == "pytorch-fp32" else [same], quality_unknown="no-data-set")
        for name in imaginary.LATENCIES
        if name != "control"
    ]
    findings = analyse(imaginary.measurement(), imaginary.record(variants=variants))
    found = findings.workloads[0]
    sentences = Sentences(phrases(Language.EN))
    ours, view = found.variant("onnxruntime-int8-static"), WorkloadView(found, findings, sentences)
    assert sentences.accuracy(ours, found.baseline).startswith(
        "Its answers agreed with the baseline’s in 90.0% of cases ["
    )
    assert sentences.accuracy(found.baseline, found.baseline).startswith("Accuracy was not measured: the data set")
    table = tables.quality(view, sentences.phrases)
    assert "90.0% &#91;" in table
    assert "not measured" not in table
    assert table.splitlines()[0].count("Same answer as the baseline") == 1
    assert view.measured_on == "Same answer as the baseline: 50 samples."
    cells = [one.quality for one in pair_views(view)]
    assert cells
    assert all(cell.startswith("90.0% [") for cell in cells)


def test_the_data_set_is_named_with_its_size() -> None:
    workload = {**imaginary.fields()["workloads"][0], "data_set": "vader-film-reviews"}
    findings = analyse(imaginary.measurement(), imaginary.record(workloads=[workload]))
    for language, words in ((Language.EN, "rated by people"), (Language.RU, "оценённые людьми")):
        said = WorkloadView(findings.workloads[0], findings, Sentences(phrases(language))).measured_on
        assert words in said
        assert "250" in said
