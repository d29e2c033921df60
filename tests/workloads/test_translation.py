"""Sentences, translations and their scores; the translator itself is in the tests of Marian."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset, asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError, WorkerError
from generator.results.quality import summarise
from generator.workloads import translation as room
from generator.workloads.sources import data_sets
from generator.workloads.translation import OWN_SENTENCES, observe_translations, pairs_of, written
from generator.workloads.workload import Arrays
from tests.workloads.tiny_tokenizer import write_tokenizer

ENGLISH = ["who wrote it", "is this bad", "what is this", "a text is good .", "who is this", "it is bad"]
PORTUGUESE = ["a", "a text", "a text", "a", "this is a good text", "a text"]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads; of the six pairs five are samples."""
    pytest.importorskip("tokenizers")
    for name, lines in (("eng", ENGLISH), ("por", PORTUGUESE)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", "utf-8")
    have = {
        room.DATA: [tmp_path / "eng", tmp_path / "por"],
        room.MODEL: [tmp_path / "absent", write_tokenizer(tmp_path / "tokenizer.json")],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in have:
            raise AssetError(one.name, "there is no network")
        return tuple(have[one.name])

    monkeypatch.setattr(data_sets, "fetch", fetch)
    monkeypatch.setattr(room, "fetch", fetch)
    monkeypatch.setattr(room, "SENTENCES", 5)
    return have


def _answers(*rows: list[int]) -> list[Arrays]:
    return [{"y": np.array([row], np.int64)} for row in rows]


def test_the_catalogue_has_what_is_asked_for() -> None:
    """Weights and tokenizer; English first, then Portuguese."""
    assert [file.name for file in asset(room.MODEL).files] == ["model.enpt.intgemm.alphas.bin", "tokenizer.json"]
    assert [file.name[-3:] for file in asset(room.DATA).files] == ["eng", "por"]


@pytest.mark.usefixtures("files")
def test_samples_end_with_the_ends_token(cache: Cache) -> None:
    """Marian's encoder was trained to see where a sentence ends."""
    samples = room.make({}, cache).samples()
    assert len(samples) == 5
    assert all(sample["ids"][0, -1] == 0 and sample["mask"].all() for sample in samples)


@pytest.mark.usefixtures("files")
def test_timed_sentences_are_alike(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one length, and of translations of nearly one length; in the order of the samples."""
    monkeypatch.setattr(room, "TIMED_SAMPLES", 2)
    workload = room.make({}, cache)
    samples = [sample["ids"].tobytes() for sample in workload.samples()]
    assert [samples.index(sample["ids"].tobytes()) for sample in workload.timed_samples()] == [1, 2]


@pytest.mark.usefixtures("files")
def test_calibration_is_disjoint_from_the_samples(cache: Cache) -> None:
    """Further pairs of the data set."""
    workload = room.make({}, cache)
    samples = {sample["ids"].tobytes() for sample in workload.samples()}
    found = workload.calibration(10)
    assert len(found) == 1
    assert found[0]["ids"].tobytes() not in samples


def test_without_the_data_set_fidelity_remains(cache: Cache, files: dict[str, list[Path]]) -> None:
    """Sentences of our own are timed; the quality is unknown, and why."""
    del files[room.DATA]
    workload = room.make({}, cache)
    assert (workload.labels_unknown, len(workload.samples()), len(workload.sources)) == ("no-data-set", 24, 1)
    answers = _answers(*[[4, 5, 0]] * 24)
    assert [one.metric for one in workload.observe(answers, answers)] == ["same-translation"]
    assert workload.observe(answers, None) == ()
    assert len(set(OWN_SENTENCES)) == 24


@pytest.mark.usefixtures("files")
def test_observations_of_a_variant(cache: Cache) -> None:
    """What comes after the end's token is no part of a translation."""
    pytest.importorskip("sacrebleu")
    workload = room.make({}, cache)
    ours = _answers([4, 5, 0], [4, 5, 0, 0], [4, 0], [4, 0], [4, 0])
    theirs = _answers([4, 5, 0], [4, 5, 0], [5, 0], [4, 0], [4])
    observed = {one.metric: one for one in workload.observe(ours, theirs)}
    assert observed["same-translation"].values == (1, 1, 0, 1, 1)
    assert (len(observed["chrf"].values), len(observed["bleu"].counts)) == (5, 5)
    with pytest.raises(DefinitionError, match="unknown option"):
        room.make({"beam": 4}, cache)


def test_scores_of_known_translations() -> None:
    """A translation equal to the published one has a chrF of 100 and all its n-grams; one without a common letter none."""
    pytest.importorskip("sacrebleu")
    references = ["o gato dorme na mesa", "o trem parte hoje mesmo"]
    chrf, bleu = observe_translations([references[0], "xyz"], references)
    assert chrf.values == (100, 0)
    assert bleu.counts == ((5, 4, 3, 2, 5, 4, 3, 2, 5, 5), (0, 0, 0, 0, 1, 0, 0, 0, 1, 5))
    assert {(one.reference, one.better) for one in (chrf, bleu)} == {("label", "higher")}


def test_bleu_is_sacrebleus() -> None:
    """Made of the counts that a record keeps, it is what sacrebleu says of the whole text."""
    sacrebleu = pytest.importorskip("sacrebleu")
    references = ["o gato dorme na mesa grande", "o trem parte hoje mesmo às sete", "ela abriu a janela e olhou o mar"]
    texts = ["o gato dorme na mesa", "o trem parte hoje às sete", "ela abriu a porta e olhou o mar azul"]
    _, observed = observe_translations(texts, references)
    expected = sacrebleu.corpus_bleu(texts, [references]).score
    assert summarise(observed).estimate.point == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        (_answers([1, 0]), "1 answers to 2 samples"),
        ([*_answers([1, 0]), {"z": np.zeros((1, 2))}], "sample 1 has no array 'y'"),
        ([*_answers([1, 0]), {"y": np.zeros((1, 2))}], "type float64"),
        ([*_answers([1, 0]), {"y": np.zeros(2, np.int64)}], r"shape \(2,\)"),
    ],
)
def test_a_broken_answer_is_no_wrong_answer(answers: list[Arrays], problem: str) -> None:
    """A variant that answers nonsense has failed; it does not get a score of zero."""
    with pytest.raises(WorkerError, match=problem):
        written(answers, 2)


@pytest.mark.parametrize(("english", "portuguese"), [("a\nb\n", "a\n"), ("", "")])
def test_lines_that_do_not_pair_are_refused(tmp_path: Path, english: str, portuguese: str) -> None:
    """A file that is too short would compare every sentence with a stranger's translation."""
    (tmp_path / "eng").write_text(english, "utf-8")
    (tmp_path / "por").write_text(portuguese, "utf-8")
    with pytest.raises(AssetError, match="translations"):
        pairs_of(tmp_path / "eng", tmp_path / "por")


CATALOGUE = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\n"

msgid "Enter a list of values."
msgstr "Informe uma lista de valores."

#, fuzzy
msgid "This one is not sure."
msgstr "Este não está certo."

msgid "The file %s is not there."
msgstr "O arquivo %s não está aí."

msgid "Save it"
msgstr "Salvar"

msgid "One day and no more"
msgid_plural "%d days and no more"
msgstr[0] "Um dia e não mais"
msgstr[1] "%d dias e não mais"
msgstr[2] "%d dias e não mais"

msgid "Nobody has translated this one."
msgstr ""
"""


def test_plain_sentences_of_catalogues_are_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No placeholder, no label, no plural, nothing unsure or untranslated; and Babel prints nothing between."""
    (tmp_path / "django.po").write_text(CATALOGUE, "utf-8")
    found = room.catalogues_of([tmp_path / "django.po", tmp_path / "django.po"])
    assert (found.sources, found.references) == (("Enter a list of values.",), ("Informe uma lista de valores.",))
    assert found.further == OWN_SENTENCES
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\xfa", b"no catalogue\n"])
def test_what_is_no_catalogue_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "django.po").write_bytes(data)
    with pytest.raises(AssetError, match=r"^django-pt-br: "):
        room.catalogues_of([tmp_path / "django.po"])


def test_texts_of_a_program_stand_in(cache: Cache, files: dict[str, list[Path]], tmp_path: Path) -> None:
    """Where Tatoeba is not to be had quality is still measured."""
    (tmp_path / "django.po").write_text(CATALOGUE, "utf-8")
    del files[room.DATA]
    files[room.CATALOGUES] = [tmp_path / "django.po"]
    workload = room.make({}, cache)
    assert (workload.data_set, workload.labels_unknown) == (room.CATALOGUES, None)
    assert (workload.notes, len(workload.sources)) == (("published-in-8-bits", "texts-of-a-program"), 2)
