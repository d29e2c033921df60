"""Sentences are judged by rule: what a number must do to support one, and what it cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from generator.cited.claim import Stance, judge, stance_of, verdict_of
from generator.cited.evidence import Evidence, Figure
from generator.cited.pair import Absence, Pair, library
from generator.cited.story import Claim, ClaimVerdict, Pick
from generator.core.definition import Measurement
from generator.core.errors import DefinitionError, PublishError
from generator.results.findings import Findings, analyse
from tests.pages import imaginary

TEXT = {"ru": "да", "en": "yes"}
R, M, O = Stance.REACHES, Stance.MISSES, Stance.OPEN  # noqa: E741


def figure(name: str, low: float | None, high: float | None = None, years: float | None = None, **more: Any) -> Figure:
    fields = {
        "id": name,
        "metric": "speed",
        "of": "inference",
        "basis": "measured",
        "confidence": "primary",
        "start": "2023",
        "end": "2025",
        "window_years": years,
        "factor": low,
        "factor_high": high,
        "per_year": None,
        "per_year_high": None,
        "convertible": True,
        "mlperf": (),
        "label": TEXT,
        "claim": TEXT,
        "held": TEXT,
        "note": None,
        "source": "s",
        "authors": "a",
        "source_year": "2025",
        "addresses": ("https://example.org",),
        "seen": "here",
    }
    return Figure.model_validate({**fields, **more})


def claim(**more: Any) -> Claim:
    fields = {"id": "c", "section": "title", "text": TEXT, "metric": "speed", "at_least": 2.0, "held": TEXT}
    return Claim.model_validate({**fields, "depends": TEXT, **more})


def findings(tier: str = "standard") -> Findings:
    return analyse(imaginary.measurement(), imaginary.record(tier=tier))


def evidence(*figures: Figure) -> Evidence:
    return Evidence(figures, {}, ())


def records(*found: Findings) -> Any:
    return library([imaginary.measurement()], {"quantization-image": found} if found else {})


@pytest.mark.parametrize(
    ("stances", "waits", "verdict"),
    [
        ([R, R], False, ClaimVerdict.SUPPORTED),
        ([R, R], True, ClaimVerdict.OPEN),
        ([R, O], False, ClaimVerdict.DEPENDS),
        ([R, M], True, ClaimVerdict.DEPENDS),
        ([M, O], False, ClaimVerdict.CONTRADICTED),
        ([M], True, ClaimVerdict.CONTRADICTED),
        ([O, O], False, ClaimVerdict.OPEN),
        ([], True, ClaimVerdict.OPEN),
    ],
    ids=["all", "all so far", "some cannot tell", "some miss", "one misses", "misses so far", "none tells", "nothing"],
)
def test_the_verdict_follows_from_all_numbers(stances: list[Stance], waits: bool, verdict: ClaimVerdict) -> None:
    """What is missing can keep a sentence from being supported, never from being contradicted."""
    assert verdict_of(stances, waits) is verdict


@pytest.mark.parametrize(
    ("low", "high", "years", "stance"),
    [
        (2.1, None, 2.0, R),
        (2.0, None, 2.0, R),
        (1.9, 2.2, 2.0, O),
        (1.9, None, 2.0, M),
        (2.7, None, 0.9, R),
        (1.4, None, 1.4, O),
        (1.4, None, 3.0, M),
        (9.0, None, 3.0, O),
        (None, None, None, O),
        (1.5, None, None, O),
    ],
    ids=[
        "above",
        "just",
        "within the range",
        "below",
        "above in less time",
        "below in less time",
        "below in more time",
        "above in more time",
        "no number",
        "no window",
    ],
)
def test_windows_limit_what_a_figure_can_say(
    low: float | None, high: float | None, years: float | None, stance: Stance
) -> None:
    """Of two years: too short a window cannot contradict, too long a one cannot support."""
    one = claim(published=["X"], over_two_years=True)
    judged = judge(one, records(), evidence(figure("X", low, high, years)), "claims.toml")
    assert judged.stances == (stance,)


def test_a_trend_is_no_observation() -> None:
    trend = figure("X", None, per_year=1.5, per_year_high=None)
    assert judge(claim(published=["X"], over_two_years=True), records(), evidence(trend), "w").stances == (O,)
    assert judge(claim(published=["X"], at_least=1), records(), evidence(trend), "w").stances == (R,)


@pytest.mark.parametrize(
    ("variant", "against", "factor", "stance"),
    [
        ("onnxruntime-int8-static", "onnxruntime-fp32", 1, R),
        ("onnxruntime-int8-static", "onnxruntime-fp32", 2, O),
        ("onnxruntime-int8-static", "pytorch-fp32", 2, R),
        ("onnxruntime-int8-dynamic", "onnxruntime-fp32", 1, M),
        ("onnxruntime-fp32", "onnxruntime-int8-static", 1, M),
    ],
    ids=["faster", "less than two, in no known time", "more than two", "slower", "the other way round"],
)
def test_our_ratios_are_judged_by_their_intervals(variant: str, against: str, factor: float, stance: Stance) -> None:
    pick = Pick(measurement="quantization-image", variant=variant, against=against)
    pair = records(findings()).pair(pick, "w")
    assert isinstance(pair, Pair)
    assert stance_of(claim(at_least=factor, ours=[pick], over_two_years=True), pick, pair) is stance


def test_our_two_years_can_contradict() -> None:
    pick = Pick(
        measurement="quantization-image", variant="onnxruntime-int8-static", against="onnxruntime-fp32", window_years=2
    )
    judged = judge(claim(ours=[pick], over_two_years=True), records(findings()), evidence(), "w")
    assert judged.verdict is ClaimVerdict.CONTRADICTED


def test_a_gain_at_the_cost_of_quality_is_none() -> None:
    """The dynamic variant answers other questions; a speedup of it would not count."""
    found = findings()
    pick = Pick(measurement="quantization-image", variant="onnxruntime-int8-dynamic", against="onnxruntime-fp32")
    pair = records(found).pair(pick, "w")
    assert isinstance(pair, Pair)
    backwards = Pair(pair.findings, pair.variant, pair.against, found.workloads[0].variants[1].against_baseline)  # type: ignore[arg-type]
    assert backwards.comparison.verdict == "faster"
    assert stance_of(claim(at_least=1, ours=[pick]), pick, backwards) is M


def test_what_is_missing_says_why() -> None:
    known = Pick(measurement="quantization-image")
    assert records().pair(known, "w") is Absence.NO_RECORD
    assert records(findings("smoke")).pair(known, "w") is Absence.FIRST_LOOK
    assert records().pair(Pick(measurement="never-defined"), "w") is Absence.UNDEFINED


def test_the_newest_published_record_speaks() -> None:
    """A first look that is newer does not hide a result."""
    old, new = findings(), findings("smoke")
    pair = records(new, old).pair(Pick(measurement="quantization-image"), "w")
    assert isinstance(pair, Pair)
    assert pair.findings is old
    assert pair.comparison == old.headline


def test_a_record_of_the_core_hides_no_comparison_of_another_machine() -> None:
    """One that left nothing out speaks; where no machine has it, it is not compared."""
    measurement = imaginary.measurement().model_copy(
        update={"core": ("pytorch-fp32", "onnxruntime-fp32", "onnxruntime-int8-static")}
    )
    other = {**imaginary.system(), "host_processor_model_name": "Other"}
    core = analyse(measurement, imaginary.record_of(measurement, core=True, finished_at="2026-12-01T09:00:00Z"))
    whole = analyse(measurement, imaginary.record_of(measurement, system=other, started_at="2026-11-01T09:00:00Z"))
    beyond = Pick(measurement="quantization-image", variant="onnxruntime-int8-dynamic", against="onnxruntime-fp32")
    inside = Pick(measurement="quantization-image", variant="onnxruntime-int8-static", against="onnxruntime-fp32")
    known = library([measurement], {"quantization-image": [core, whole]})
    found = [known.pair(pick, "w") for pick in (beyond, inside)]
    assert [one.findings for one in found if isinstance(one, Pair)] == [whole, whole]
    assert library([measurement], {"quantization-image": [core]}).pair(beyond, "w") is Absence.NOT_COMPARED


def test_misspelt_variants_are_an_error_and_not_missing() -> None:
    pick = Pick(measurement="quantization-image", variant="onnxruntime-int8-statik", against="onnxruntime-fp32")
    with pytest.raises(DefinitionError, match=r"story\.toml: .*Did you mean 'onnxruntime-int8-static'"):
        records().pair(pick, "story.toml")


def test_variants_of_two_workloads_have_no_ratio() -> None:
    fields = imaginary.measurement().model_dump()
    twice = [
        *fields["workloads"],
        {**fields["workloads"][0], "name": "other"},
    ]
    variants = [{**v, "workload": "image-classification"} for v in fields["variants"]]
    variants += [{**v, "name": f"other-{v['name']}", "workload": "other"} for v in fields["variants"]]
    two = Measurement.model_validate({**fields, "workloads": twice, "variants": variants})
    pick = Pick(measurement="quantization-image", variant="onnxruntime-fp32", against="other-onnxruntime-fp32")
    with pytest.raises(DefinitionError, match="different workloads"):
        library([two], {}).pair(pick, "w")


def test_a_stated_verdict_that_the_numbers_contradict_stops_the_build() -> None:
    one = claim(published=["X"], over_two_years=True, verdict="supported")
    with pytest.raises(PublishError, match=r"'c' is stated to be 'supported', but its numbers say 'contradicted'"):
        judge(one, records(), evidence(figure("X", 1.2, years=2.0)), "claims.toml")
    agreed = claim(published=["X"], over_two_years=True, verdict="contradicted")
    assert judge(agreed, records(), evidence(figure("X", 1.2, years=2.0)), "w").verdict is ClaimVerdict.CONTRADICTED


def test_what_depends_says_on_what() -> None:
    one = claim(published=["X", "Y"], over_two_years=True, depends=None)
    with pytest.raises(PublishError, match="does not say on what"):
        judge(one, records(), evidence(figure("X", 1.2, years=2.0), figure("Y", 3.0, years=2.0)), "claims.toml")


def test_an_unknown_figure_is_an_error() -> None:
    with pytest.raises(DefinitionError, match="no published figure 'Z9'"):
        judge(claim(published=["Z9"]), records(), evidence(figure("X", 1.2)), "claims.toml")
