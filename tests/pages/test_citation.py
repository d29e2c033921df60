"""How pages and the repository are cited by machines, and the card that stands for a page."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest
import yaml

import generator
from generator.draw.card import HEIGHT, WIDTH, Card
from generator.draw.gallery import Gallery
from generator.pages.downloads import bibtex, csl_json
from generator.pages.sentences import Sentences
from generator.results.findings import Findings, analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

REPOSITORY = Path(__file__).parents[2]
ADDRESS = "https://example.org/lab/measurements/x/"


@pytest.fixture(scope="module")
def found() -> Findings:
    return analyse(imaginary.measurement(), imaginary.record(), ())


@pytest.mark.parametrize("language", Language)
def test_bibtex_names_the_record_by_its_hash(found: Findings, language: Language) -> None:
    """Braces balance, TeX's own characters are escaped, and the record can be told from an edited one."""
    text = bibtex(found, Sentences(phrases(language)), ADDRESS).decode()
    assert text.startswith(f"@misc{{{found.record.record_id},\n")
    assert text.count("{") == text.count("}")
    assert not re.search(r"(?<!\\)[%&#_$]", text.partition("note")[0].partition("\n")[2])
    assert found.record.sha256 in text
    assert f"url = {{{ADDRESS}}}" in text
    assert "year = {2026}" in text


def test_csl_json_is_a_data_set(found: Findings) -> None:
    """As Zotero and pandoc read it; without a site address there is none, and none is made up."""
    (item,) = json.loads(csl_json(found, Sentences(phrases(Language.EN)), None))
    assert (item["type"], item["id"]) == ("dataset", found.record.record_id)
    assert item["issued"] == {"date-parts": [[2026, 11, 23]]}
    assert "URL" not in item


def test_the_repository_says_how_to_cite_it() -> None:
    """CITATION.cff has what version 1.2.0 of its format requires, and this version of the generator."""
    about = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= about.keys()
    assert about["cff-version"] == "1.2.0"
    assert about["version"] == generator.__version__
    assert all(author.keys() <= {"name"} for author in about["authors"])


@pytest.mark.parametrize(
    "card",
    [
        pytest.param(Card("Site", "Is it faster?", "Faster: 2.00×", "A machine"), id="short"),
        pytest.param(Card("Сайт", "Очень длинный вопрос " * 20, "ответ " * 60, "условие " * 40, "c2"), id="long"),
        pytest.param(Card("Site", "$x_1$ <b>"), id="no mathematics"),
    ],
)
def test_a_card_has_the_size_that_networks_want_and_the_same_bytes(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1200 x 630 whatever the words, drawn twice alike, and kept."""
    first, second = (Gallery(tmp_path / folder).card(card) for folder in "ab")
    assert first == second
    assert struct.unpack(">II", first[16:24]) == (WIDTH, HEIGHT)
    monkeypatch.setattr("generator.draw.gallery.draw_card", None)
    assert Gallery(tmp_path / "a").card(card) == first
