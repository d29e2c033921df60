"""notice: what cannot be read or written costs its own page, which says so in both languages, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.core.errors import GeneratorError, PublishError, WorkerError
from generator.core.record_file import dump_record
from generator.draw import gallery
from generator.draw.gallery import Drawn
from generator.pages import article_page
from generator.pages import edition as writing
from generator.pages.edition import pages
from generator.results.collection import Collection, collected
from generator.results.findings import analyse
from generator.results.store import collect
from tests.pages import imaginary

pytestmark = pytest.mark.slow

ROOT = imaginary.FOLDER.parents[1]
PAGE = "measurements/quantization-image/index.md"
MISSING = {"ru": "Здесь кое-чего не хватает", "en": "Something is missing here"}
FRONT = ("index.md", "claims/index.md", "twice-in-two-years/index.md", "evidence/index.md", "technologies/index.md")

Site = Mapping[tuple[str, str], str]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one measurement with an article, the main article and what others published; no chart is drawn."""
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))
    root = tmp_path / "checkout"
    for folder in ("articles", "evidence"):
        shutil.copytree(ROOT / folder, root / folder)
    own = root / "measurements" / imaginary.measurement().name
    own.mkdir(parents=True)
    for language in ("ru", "en"):
        shutil.copy(imaginary.FOLDER / f"article.{language}.md.j2", own)
    return root


def _written(root: Path, collection: Collection | None = None) -> tuple[Site, list[GeneratorError]]:
    """The site's pages as text, and what was passed over."""
    found = collection or collected([analyse(imaginary.measurement(), imaginary.record())])
    problems = list[GeneratorError]()
    made = pages(found, [imaginary.measurement()], root / "charts", root / "measurements", passed_over=problems.append)
    texts = {(one.language, one.path): one.content for one in made}
    return {
        key: content.decode() for key, content in texts.items() if isinstance(content, bytes) and ".md" in key[1]
    }, problems


def _said_on(site: Site) -> set[str]:
    """Pages on which something is missing, the same ones in both languages."""
    russian, english = (
        {path for (language, path), text in site.items() if language == code and MISSING[code] in text}
        for code in ("ru", "en")
    )
    assert russian == english
    return russian


def test_a_sound_site_has_no_notice(checkout: Path) -> None:
    site, problems = _written(checkout)
    assert (_said_on(site), problems) == (set(), [])
    assert {("ru", PAGE), *(("en", path) for path in FRONT)} <= site.keys()


@pytest.mark.parametrize(
    "body",
    ["{{ answer.nothing.at_all }}", "{% if %}", '{{ variant("no-such") }}', '{{ holds(answer, "slower") }}'],
    ids=["undefined", "syntax", "unknown variant", "a sentence that the record contradicts"],
)
def test_an_article_that_fails_leaves_the_numbers(checkout: Path, body: str) -> None:
    """The page is written without it: its table and its anchors are there, and why the prose is not."""
    for language in ("ru", "en"):
        path = checkout / "measurements/quantization-image" / f"article.{language}.md.j2"
        path.write_text(f'{{% extends "measurement.md.j2" %}}{{% block intro %}}{body}{{% endblock %}}', "utf-8")
    site, problems = _written(checkout)
    assert _said_on(site) == {PAGE}
    assert "{ #results }" in site["ru", PAGE]
    assert site["ru", PAGE].startswith("---\n")
    assert "article.ru.md.j2" in site["ru", PAGE]
    assert "на странице только числа" in site["ru", PAGE]
    assert len(problems) == 2  # one a language
    assert all("article." in str(one) for one in problems)


def test_an_article_in_one_language_leaves_the_numbers(checkout: Path) -> None:
    (checkout / "measurements/quantization-image/article.en.md.j2").unlink()
    site, problems = _written(checkout)
    assert {path for (_, path), text in site.items() if any(word in text for word in MISSING.values())} == {PAGE}
    assert "the article is there in one language only" in str(problems[0])


def test_a_chart_that_fails_costs_its_measurement_s_page(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even without the article there is no page: a notice stands at its address, and every other page is whole."""

    def failing(*_: object) -> object:
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("generator.pages.measurement_page.charts", failing)
    site, problems = _written(checkout)
    assert _said_on(site) == {PAGE}
    assert "ZeroDivisionError: float division by zero" in site["en", PAGE]
    assert isinstance(problems[0], PublishError)


@pytest.mark.parametrize("what", ["prose", "claims.toml", "story.toml"])
def test_the_article_that_fails_costs_its_own_pages(checkout: Path, what: str) -> None:
    """Other pages stand, the front page among them."""
    folder = checkout / "articles/twice-in-two-years"
    if what == "prose":
        for language in ("ru", "en"):
            (folder / f"article.{language}.md.j2").write_text("{{ nothing }}", "utf-8")
    else:
        (folder / what).write_text("not = [toml", "utf-8")
    site, problems = _written(checkout)
    assert {"twice-in-two-years/index.md", "claims/index.md"} == _said_on(site)
    assert problems
    assert ("en", "index.md") in site


def test_evidence_that_cannot_be_read_costs_what_cites_it(checkout: Path) -> None:
    (checkout / "evidence/figures.csv").write_text("nonsense\nmore\n", "utf-8")
    site, problems = _written(checkout)
    assert _said_on(site) == {"evidence/index.md", "twice-in-two-years/index.md", "claims/index.md"}
    assert problems


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("edition.answers_page", "measurements/index.md"),
        ("edition.no_gain_page", "no-gain/index.md"),
        ("edition.systems_page", "systems/index.md"),
        ("edition.licences_page", "licences/index.md"),
        ("home.headlines", "index.md"),
        ("validity.controls", "validity/index.md"),
    ],
)
def test_an_overview_that_fails_costs_itself(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    def failing(*_: object) -> str:
        raise KeyError("surprise")

    monkeypatch.setattr(f"generator.pages.{name}", failing)
    site, problems = _written(checkout)
    assert _said_on(site) == {path}
    assert len(problems) == 2


def test_a_process_that_dies_costs_the_page_that_it_wrote(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: object) -> object:
        raise WorkerError("a process of this command", "it ended without an answer, twice", "Run it again.")

    monkeypatch.setattr(writing, "written_or_notice", killed)
    site, _ = _written(checkout)
    assert _said_on(site) == {PAGE}


def _broken_records(folder: Path) -> dict[str, str]:
    """Kinds of files that are no sound record of this generator."""
    sound = json.loads(dump_record(imaginary.record()))
    return {
        "cut short": dump_record(imaginary.record())[:1000],
        "edited": json.dumps({**sound, "sittings": 7}),
        "newer": json.dumps({**sound, "schema_version": 2}),
        "of a browser": json.dumps({**sound, "kind": "browser"}),
        "empty": "",
    }


@pytest.mark.parametrize("kind", ["cut short", "edited", "newer", "of a browser", "empty", "a link", "a bad folder"])
@pytest.mark.parametrize("beside", [True, False], ids=["beside a sound one", "alone"])
def test_a_record_that_cannot_be_read_costs_itself(checkout: Path, kind: str, beside: bool) -> None:
    """The others are published; the page of its measurement says that one is missing, and why."""
    records, record = checkout / "measurements/quantization-image/records", imaginary.record()
    if kind == "a bad folder":
        (checkout / "elsewhere").mkdir()
        records.symlink_to(checkout / "elsewhere")
        beside = False
    else:
        records.mkdir()
        (records / "bad.json").symlink_to(ROOT / "README.md") if kind == "a link" else (
            records / "bad.json"
        ).write_text(_broken_records(records)[kind], "utf-8")
    if beside:
        (records / f"{record.record_id}.json").write_text(dump_record(record), "utf-8")
    collection = collect(checkout / "measurements", [imaginary.measurement()], strict=False)
    assert [len(found) for found in collection.unread.values()] == [1]
    site, _ = _written(checkout, collection)
    assert _said_on(site) == {PAGE}
    assert ("{ #results }" in site["en", PAGE]) is beside
    assert "Запись этого измерения не удалось прочесть" in site["ru", PAGE]


def test_a_record_that_nobody_can_analyse_costs_itself(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound, and yet our own code stumbles over it."""
    records, record = checkout / "measurements/quantization-image/records", imaginary.record()
    records.mkdir()
    (records / f"{record.record_id}.json").write_text(dump_record(record), "utf-8")

    def stumbling(*_: object) -> object:
        raise IndexError("list index out of range")

    monkeypatch.setattr("generator.results.store.analyse", stumbling)
    collection = collect(checkout / "measurements", [imaginary.measurement()], strict=False)
    (problem,) = collection.unread["quantization-image"]
    assert "cannot be analysed (IndexError: list index out of range)" in str(problem)


def test_a_claim_that_cannot_be_judged_leaves_the_front_page(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> object:
        raise PublishError("claims.toml", "no such figure", "Name another.")

    monkeypatch.setattr(article_page, "judge", failing)
    site, _ = _written(checkout)
    assert _said_on(site) == {"claims/index.md", "twice-in-two-years/index.md"}
