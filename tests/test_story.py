"""The article's definitions: strict, and complete in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generator.errors import DefinitionError
from generator.evidence import load_evidence
from generator.story import STORY_FOLDER, Article, ClaimVerdict, load_article

ROOT = Path(__file__).parents[1]


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
        ("story.toml", "published = [", "publishd = [", r"charts, 'two-years', publishd: is not known. Did you mean"),
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
