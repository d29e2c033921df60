"""The article's definitions: strict, and complete in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generator.cited.evidence import load_evidence
from generator.cited.story import STORY_FOLDER, Article, ClaimVerdict, load_article
from generator.core.definition import Measurement, Variant
from generator.core.definition_file import load_suite
from generator.core.errors import DefinitionError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def article() -> Article:
    """The repository's own."""
    found = load_article(ROOT)
    assert found is not None
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout whose article a test may spoil."""
    shutil.copytree(ROOT / STORY_FOLDER, tmp_path / STORY_FOLDER)
    return tmp_path


def spoil(root: Path, name: str, old: str, new: str) -> None:
    path = root / STORY_FOLDER / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_checkout_without_the_folder_has_none(tmp_path: Path) -> None:
    assert load_article(tmp_path) is None


def test_the_posts_five_technologies_and_nine_applications_are_there(article: Article) -> None:
    assert len(article.story.technologies) == 5
    assert len(article.story.applications) == 9


def test_both_claims_are_judged_by_each_metric_apart(article: Article) -> None:
    """The title's "twice" and the text's "by 200 per cent" are two factors; speed, energy and price are three questions."""
    found = {(one.at_least, one.metric) for one in article.claims if one.over_two_years}
    assert found == {(factor, metric) for factor in (2, 3) for metric in ("speed", "energy", "price")}


def test_every_section_of_the_post_has_a_claim(article: Article) -> None:
    sections = {one.section for one in article.claims}
    assert len(sections) == 8


def test_every_figure_that_is_cited_exists(article: Article) -> None:
    evidence = load_evidence(ROOT)
    assert evidence is not None
    cited = {name for one in article.claims for name in one.published}
    cited |= {name for chart in article.story.charts for name in chart.published}
    assert cited <= {one.id for one in evidence.figures}


def test_figures_of_one_claim_are_about_its_metric(article: Article) -> None:
    """Speed, energy and price are never judged together."""
    evidence = load_evidence(ROOT)
    assert evidence is not None
    metrics = {one.id: one.metric.value for one in evidence.figures}
    for claim in article.claims:
        assert {metrics[name] for name in claim.published} <= {claim.metric.value}, claim.id


def _conditions(one: Variant) -> tuple[object, ...]:
    return one.workload, one.runtime, one.options, one.threads, one.samples_per_query


def _releases(suite: tuple[Measurement, ...]) -> set[tuple[str, str | None, str | None]]:
    """Pairs of releases of one runtime, of 2023 and of 2025, that differ in nothing else."""
    return {
        (m.name, new.name, old.name)
        for m in suite
        for new in m.variants
        for old in m.variants
        if (new.name[-5:], old.name[-5:]) == ("-2025", "-2023") and new.environment and old.environment
        if (_conditions(new), new.precision, new.transforms) == (_conditions(old), old.precision, old.transforms)
    }


def _eight_bits(suite: tuple[Measurement, ...]) -> set[tuple[str, str | None, str | None]]:
    """Pairs of int8 and fp32 that differ in quantization alone."""
    return {
        (m.name, short.name, whole.name)
        for m in suite
        for short in m.variants
        for whole in m.variants
        if (short.precision, whole.precision) == ("int8", "fp32") and short.environment == whole.environment
        if _conditions(short) == _conditions(whole)
        if tuple(t for t in short.transforms if not t.name.startswith("quantize_")) == whole.transforms
    }


def test_ranges_and_claims_of_releases_leave_no_pair_out(article: Article) -> None:
    """A range over chosen pairs is no range: what the suite defines is what the sentence speaks of."""
    suite = load_suite(ROOT / "measurements")
    series = {one.name: {(p.measurement, p.variant, p.against) for p in one.picks} for one in article.story.series}
    assert series["runtimes"] == _releases(suite)
    assert series["quantization"] == _eight_bits(suite)
    claims = {one.id: {(p.measurement, p.variant, p.against) for p in one.ours} for one in article.claims}
    assert claims["twice-speed"] == claims["threefold-speed"] == _releases(suite)
    assert claims["quantization-faster"] == _eight_bits(suite)
    (network,) = (one for one in suite if one.name == "compression")
    smaller = {("compression", one.name, "whole") for one in network.variants if not one.baseline}
    assert claims["compression-faster"] - {("compression", None, None)} == smaller - {
        ("compression", "channels", "whole")
    }


@pytest.mark.parametrize(
    ("metric", "left_out"),
    [
        # A chain over two models; requests that nobody says are the same.
        ("speed", {"M5", "E2"}),
        # The model was free to change.
        ("energy", {"E5"}),
        ("price", set()),
    ],
)
def test_claims_of_two_years_cite_every_published_figure_of_their_kind(
    article: Article, metric: str, left_out: set[str]
) -> None:
    """By a rule, not by hand: all of inference over a stated time; of prices, those given as a rate too."""
    evidence = load_evidence(ROOT)
    assert evidence is not None
    of_inference = [one for one in evidence.figures if (one.metric, one.of) == (metric, "inference")]
    kind = {one.id for one in of_inference if one.window_years is not None or metric == "price"}
    assert left_out <= kind
    for claim in article.claims:
        if claim.over_two_years and claim.metric == metric:
            assert set(claim.published) == kind - left_out, claim.id


def test_the_opening_shows_every_published_figure_over_two_years_of_its_kind(article: Article) -> None:
    """By a rule, not by hand: of speed, other accelerators of one round each; of prices, inference for a stated score."""
    evidence = load_evidence(ROOT)
    assert evidence is not None
    over_two_years = [one for one in evidence.figures if one.covers_two_years and one.of == "inference"]
    newer = {
        one.id
        for one in over_two_years
        if one.metric == "speed"
        and one.mlperf
        and all(evidence.results[a].accelerator != evidence.results[b].accelerator for a, b in one.mlperf)
    }
    bars = {row.name: row for row in article.story.opening}
    assert set(bars["accelerator"].published) == newer
    assert set(bars["price"].published) == {one.id for one in over_two_years if one.metric == "price"}
    assert (bars["software"].series, bars["eight-bits"].series) == ("runtimes", "quantization")


def test_verdicts_without_numbers_have_reasons(article: Article) -> None:
    stated = [one for one in article.claims if one.at_least is None]
    assert stated
    assert all(one.note for one in stated)
    assert {one.verdict for one in stated} <= {
        ClaimVerdict.CONTRADICTED,
        ClaimVerdict.DEPENDS,
        ClaimVerdict.NOT_MEASURABLE,
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("story.toml", 'ru = "Вдвое за два года?"\n', "", r"title, ru: is missing"),
        (
            "story.toml",
            'published = ["M2", "M4"',
            'publishd = ["M2", "M4"',
            r"charts, 'two-years', publishd: is not known. Did you mean",
        ),
        ("story.toml", 'against = "image-fp32-2023"\n', "", r"'two-years', ours, no\. 1: names one of"),
        ("story.toml", 'name = "architecture"', 'name = "two-years"', "the chart 'two-years' stands twice"),
        ("story.toml", 'name = "architecture"', 'name = "ladder"', "the chart 'ladder' stands twice"),
        ("story.toml", "schema_version = 1", "schema_version = ", "is not TOML"),
        ("claims.toml", "at_least = 2\n", "", r"'twice-speed': 'at_least' goes with"),
        ("claims.toml", 'verdict = "not_measurable"', 'verdict = "supported"', "no sentence is 'supported' without"),
        ("claims.toml", 'verdict = "not_measurable"\n', "", r"'great-step': has no numbers: state its 'verdict'"),
        ("claims.toml", 'id = "twice-energy"', 'id = "twice-speed"', "the claim 'twice-speed' stands twice"),
        ("claims.toml", 'metric = "speed"', 'metric = "haste"', r"'twice-speed', metric: .*'speed'"),
    ],
    ids=[
        "language",
        "key",
        "half a pick",
        "twins",
        "ladder",
        "TOML",
        "no factor",
        "supported",
        "no verdict",
        "twin",
        "metric",
    ],
)
def test_mistakes_say_where_and_what(copy: Path, name: str, old: str, new: str, message: str) -> None:
    spoil(copy, name, old, new)
    with pytest.raises(DefinitionError, match=message) as caught:
        load_article(copy)
    assert str(caught.value).startswith(f"{STORY_FOLDER}/{name}: ")


def test_a_missing_file_is_one_message(copy: Path) -> None:
    (copy / STORY_FOLDER / "claims.toml").unlink()
    with pytest.raises(DefinitionError, match=r"claims\.toml: is missing"):
        load_article(copy)
