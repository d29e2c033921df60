"""The article cites records and published figures, and nothing else: what it says follows them, whatever they say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from generator.cited.evidence import load_evidence
from generator.cited.pair import library
from generator.cited.story import STORY_FOLDER, Article, load_article
from generator.core.errors import PublishError
from generator.draw import gallery
from generator.draw.gallery import Drawn, Gallery
from generator.draw.palette import MARKERS
from generator.draw.picture import Forest
from generator.pages.article_page import ArticlePages
from generator.pages.charts.factors import OTHER_WINDOW, PUBLISHED, factors
from generator.pages.evidence_page import in_language
from generator.pages.views.published_figure import FigureView
from generator.results.findings import Findings, analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

ROOT = Path(__file__).parents[2]
NBSP = "\u00a0"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is the slowest part, and has tests of its own."""
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))


def site(tmp_path: Path, *found: Findings, language: Language = Language.EN, article: Article | None = None) -> Any:
    evidence = load_evidence(ROOT)
    chosen = article or load_article(ROOT)
    assert evidence is not None
    assert chosen is not None
    records = library([imaginary.measurement()], {"quantization-image": found} if found else {})
    return ArticlePages(chosen, records, evidence, language, Gallery(tmp_path / "charts"))


def findings(**changes: Any) -> Findings:
    return analyse(imaginary.measurement(), imaginary.record(**changes))


def own_article(tmp_path: Path, prose: str) -> Article:
    """The repository's article with other prose."""
    folder = tmp_path / STORY_FOLDER
    shutil.copytree(ROOT / STORY_FOLDER, folder)
    for language in Language:
        (folder / f"article.{language.value}.md.j2").write_text(prose, "utf-8")
    found = load_article(tmp_path)
    assert found is not None
    return found


def test_without_a_record_every_place_says_so(tmp_path: Path) -> None:
    """No record, no number; and nothing that reads as one."""
    page = site(tmp_path).page()
    assert "not measured yet" in page
    assert "has not been measured yet: there is no record yet" in page
    assert "Too early to decide" in page


@pytest.mark.parametrize("language", list(Language))
def test_the_advice_is_chosen_by_the_record(tmp_path: Path, language: Language) -> None:
    slow = analyse(imaginary.measurement(), imaginary.record_with({"onnxruntime-int8-static": 12.8}))
    advised, warned = (site(tmp_path, one, language=language).page() for one in (findings(), slow))
    yes = {"ru": "Квантуйте статически", "en": "Quantize it statically"}[language.value]
    no = {"ru": "Не квантуйте: этот процессор", "en": "Do not quantize: this processor"}[language.value]
    assert yes in advised
    assert no not in advised
    assert no in warned
    assert yes not in warned


def test_a_first_look_is_cited_nowhere(tmp_path: Path) -> None:
    page = site(tmp_path, findings(tier="smoke")).page()
    assert "1.60×" not in page
    assert "a first look only" in page


def test_reading_time_is_counted(tmp_path: Path) -> None:
    assert re.search(r"\d+ minutes to read", site(tmp_path, findings()).page())


def test_a_sentence_that_the_record_contradicts_stops_the_build(tmp_path: Path) -> None:
    article = own_article(tmp_path, '{{ holds(factor("quantization-image"), "slower") }}Slower.')
    with pytest.raises(PublishError, match=r"the text says 'slower' of .* but the record .* says 'faster'"):
        site(tmp_path, findings(), article=article).page()


@pytest.mark.parametrize(
    ("prose", "message"),
    [
        ("It is 3.5× faster.", "is a typed result"),
        ('{{ claim("nobody") }}', "there is no claim 'nobody'"),
        ('{{ chart("nothing") }}', "there is no chart 'nothing'"),
        ('{{ series("nothing") }}', "there is no series 'nothing'"),
        ('{{ table("nothing") }}', "there is no table 'nothing'"),
        ("{{ nobody }}", "undefined"),
    ],
)
def test_what_an_article_may_not_say(tmp_path: Path, prose: str, message: str) -> None:
    with pytest.raises(PublishError, match=message):
        site(tmp_path, findings(), article=own_article(tmp_path, prose)).page()


def test_a_series_spans_from_the_least_to_the_most(tmp_path: Path) -> None:
    """A variant that is slower and worse is a loss, and the range reaches down to it."""
    one = site(tmp_path, findings())._series("quantization")
    assert one.measured
    assert one.several
    assert not one.least.counts
    assert one.range == f"from {one.least.factor} to {one.most.factor}"
    assert not site(tmp_path)._series("quantization").measured


def test_a_range_leaves_out_a_gain_that_cost_too_much(tmp_path: Path) -> None:
    """Dynamic quantization fails the gate of this record, and is made the faster one here."""
    fast = analyse(imaginary.measurement(), imaginary.record_with({"onnxruntime-int8-dynamic": 2.0}))
    pages = site(tmp_path, fast)
    one = pages._series("quantization")
    assert one.range == f"{one.least.factor} (without the comparisons that fail the quality gate: 1)"
    (chart,) = pages._opening().values()
    (row,) = [row for group in chart.chart.picture.groups for row in group.rows if row.label.endswith("eight bits")]
    assert sorted(look.hollow for _, look in row.points) == [False, True]
    assert row.high == pytest.approx(min(value for value, _ in row.points))


def test_ours_and_published_figures_never_share_a_table(tmp_path: Path) -> None:
    """A row of the claims page links either to a measurement or to a published figure, and its table to one kind."""
    page = site(tmp_path, findings()).claims_page()
    tables = [block for block in page.split("\n\n") if block.startswith(("| Measured", "| Published"))]
    assert len(tables) > 5
    for table in tables:
        assert ("../measurements/" in table) is not ("../evidence/" in table)


def test_a_published_figure_is_printed_with_its_window() -> None:
    evidence = load_evidence(ROOT)
    assert evidence is not None
    ru, en = phrases(Language.RU), phrases(Language.EN)
    assert FigureView(evidence.figure("M10", "w"), ru).observed == "×5,74 за 24 месяца"
    assert FigureView(evidence.figure("M10", "w"), en).observed == "5.74× in 24 months"
    assert FigureView(evidence.figure("H3", "w"), en).observed == "1.4–1.5× a year"
    assert FigureView(evidence.figure("S1", "w"), en).observed == "1.8–2.7× in 6 weeks"
    assert FigureView(evidence.figure("E1", "w"), ru).times == f"в{NBSP}1,18–1,70{NBSP}раза"
    assert FigureView(evidence.figure("P5", "w"), ru).times == f"в{NBSP}280{NBSP}раз"
    assert FigureView(evidence.figure("E4", "w"), en).observed == "—"


def test_windows_of_two_years_have_a_mark_of_their_own() -> None:
    """Another shape says that the number is not one of two years; hollow means a failed quality gate, and only that."""
    evidence = load_evidence(ROOT)
    assert evidence is not None
    words = phrases(Language.EN)
    views = [FigureView(one, words) for one in evidence.figures]
    chart = factors("x", "x", [], views, words)
    assert chart is not None
    assert isinstance(chart.picture, Forest)
    assert chart.picture.guides == (2.0, 3.0)
    marks = [mark for group in chart.picture.groups for mark in group.marks]
    over_two_years = {mark.label for mark in marks if mark.look.marker == PUBLISHED}
    assert over_two_years == {view.label for view in views if view.figure.covers_two_years}
    assert {mark.look.marker for mark in marks} == {PUBLISHED, OTHER_WINDOW} == {look.marker for look, _ in chart.key}
    assert not {PUBLISHED, OTHER_WINDOW} & {*MARKERS.values()}, "a shape means one thing"
    assert not any(mark.look.hollow for mark in marks)
    shown = {str(row[0]): row for row in chart.table.rows}
    for view in views:
        if view.figure.window_years is not None and view.figure.range:
            assert shown[view.label][4] == pytest.approx(view.figure.range[0], rel=1e-5)


def test_downloads_hold_the_words_of_one_language() -> None:
    content = (ROOT / "evidence" / "figures.csv").read_bytes()
    english, russian = (in_language(content, one).decode() for one in (Language.EN, Language.RU))
    assert "claim_en" in english
    assert "_ru" not in english.splitlines()[0]
    assert not re.search("[а-яё]", english, re.IGNORECASE)
    assert "claim_ru" in russian
    assert len(english.splitlines()) == len(russian.splitlines()) == len(content.decode().splitlines())


def test_files_of_a_chart_with_both_hold_ours_alone(tmp_path: Path) -> None:
    """A table of our ratios and MLPerf's would be read as a comparison of them."""
    pages = site(tmp_path, findings())
    chart = factors("x", "x", [pages.factor("quantization-image")], [pages.published("M10")], phrases(Language.EN))
    assert chart is not None
    assert isinstance(chart.picture, Forest)
    assert len(chart.picture.groups) == 2
    assert {row[1] for row in chart.table.rows} == {"measured here"}
    assert "The files below hold our numbers" in chart.note


def test_a_chart_without_numbers_is_none() -> None:
    assert factors("x", "x", [], [], phrases(Language.EN)) is None
