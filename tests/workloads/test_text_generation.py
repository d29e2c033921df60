"""Prompts, and how generated and scored texts are judged; the model itself is in the slow tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import Option
from generator.core.errors import AssetError, DefinitionError, WorkerError
from generator.workloads import text_generation as room
from generator.workloads.metrics.generated import observe_generation
from generator.workloads.networks import smollm2
from generator.workloads.question_answering import Corpus
from generator.workloads.sources import data_sets
from generator.workloads.text_generation import graph_samples, make, query
from generator.workloads.workload import Arrays, Artifact, Stepwise

BEFORE, AFTER = [1, 2, 3], [4, 5]


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the workload of its options; paragraph number n has 20 + 10 n tokens, each of them 100 + n."""
    paragraphs = tuple(str(number) for number in range(30))

    def encoded(texts: Sequence[str], gguf: Path) -> list[list[int]]:
        if texts == room._MESSAGE:
            return [BEFORE, AFTER]
        return [[100 + int(text)] * (20 + 10 * int(text)) for text in texts]

    monkeypatch.setattr(room, "squad", lambda path: Corpus(paragraphs, (), None, ()))
    monkeypatch.setattr(data_sets, "fetch", lambda *arguments: (tmp_path,))
    monkeypatch.setattr(smollm2, "published", lambda *arguments: tmp_path)
    monkeypatch.setattr(smollm2, "encoded", encoded)
    return lambda **options: make(options, Cache(tmp_path))


def _wanted(samples: Sequence[Arrays]) -> list[int]:
    return [int(sample["wanted"][0, 0]) for sample in samples]


def test_prompts_are_of_one_length_and_come_before_scored_texts(workload: Any) -> None:
    """All queries read as much, so their times can be compared; texts to score have their own length."""
    made = workload(prompt_tokens=40, new_tokens=8)
    samples = made.samples()
    prompts = [sample for sample in samples if sample["wanted"][0, 0]]
    assert [sample["prompt"].shape for sample in prompts] == [(1, 40)] * room.GENERATED_SAMPLES
    assert len({int(sample["prompt"][0, 0]) for sample in prompts}) == len(prompts)
    texts = samples[len(prompts) :]
    assert texts
    assert _wanted(texts) == [0] * len(texts)
    assert {sample["prompt"].shape for sample in texts} == {(1, room.SCORED_TOKENS)}
    assert isinstance(made, Stepwise)
    assert made.tokens_per_sample == 8


def test_timed_prompts_are_the_first_of_the_samples(workload: Any) -> None:
    """Their answers are compared with those that quality was measured on; texts that are scored are not timed."""
    made = workload()
    assert made.timed_samples() == made.samples()[: len(made.timed_samples())]
    assert 0 not in _wanted(made.timed_samples())


def test_a_request_to_shorten_keeps_its_frame(workload: Any) -> None:
    """The text in it is cut, what the model is asked is not; and summaries are not judged."""
    made = workload(task="shorten", prompt_tokens=50)
    asked = [sample for sample in made.samples() if sample["wanted"][0, 0]]
    for sample in asked:
        assert sample["prompt"].shape == (1, 50)
        row = sample["prompt"][0].tolist()
        assert (row[:3], row[-2:], len(set(row[3:-2]))) == (BEFORE, AFTER, 1)
    assert "summaries-not-judged" in made.notes
    assert len(made.samples()) > len(asked) > 0, "the model itself is, by texts that it reads"


def test_several_requests_of_a_query_are_different_prompts(workload: Any) -> None:
    made = workload(requests=4, prompt_tokens=20, new_tokens=2)
    assert made.timed_samples()[0]["prompt"].shape == (4, 20)
    assert made.tokens_per_sample == 8
    prompts = [row[0] for sample in made.samples() for row in sample["prompt"] if sample["wanted"][0, 0]]
    assert len(set(prompts)) == len(prompts)


@pytest.mark.parametrize("options", [{"prompt_tokens": 5000}, {"task": "shorten", "prompt_tokens": 5}])
def test_prompts_that_no_text_can_fill(workload: Any, options: dict[str, Option]) -> None:
    with pytest.raises(AssetError, match="Ask for"):
        workload(**options).samples()


WRONG = [
    pytest.param({"task": "translate"}, "task", id="task"),
    pytest.param({"new_tokens": 0}, "new_tokens", id="no tokens"),
    pytest.param({"requests": True}, "requests", id="kind"),
    pytest.param({"tokens": 3}, "unknown option 'tokens'", id="unknown"),
]


@pytest.mark.parametrize(("options", "text"), WRONG)
def test_wrong_options(tmp_path: Path, options: dict[str, Option], text: str) -> None:
    with pytest.raises(DefinitionError, match=text):
        make(options, Cache(tmp_path))


SAMPLES = (query([[1, 2], [3, 4]], 4), query([[1, 2, 3]], 0))


def _outputs(tokens: Sequence[Sequence[int]], surprisal: Sequence[float], passes: int = 8) -> list[Arrays]:
    return [
        {"tokens": np.array(tokens), "passes": np.array([passes])},
        {"surprisal": np.array([surprisal], np.float32)},
    ]


EXACT = _outputs([[1, 2, 3, 4], [5, 6, 7, 8]], [np.log(2), np.log(8)])


def _observed(outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> dict[str, tuple[float, ...]]:
    return {one.metric: one.values for one in observe_generation(outputs, SAMPLES, baseline)}


def test_perplexity_and_tokens_of_a_pass() -> None:
    """Perplexity is the geometric mean of one over the probabilities: of 1/2 and 1/8 it is 4."""
    observed = _observed(EXACT, None)
    assert observed == {"perplexity": (pytest.approx(4.0, rel=1e-5),), "tokens-per-pass": (1.0,)}


def test_agreement_is_judged_request_by_request_and_up_to_the_first_difference() -> None:
    """After one other token the texts are different ones, even where tokens coincide again."""
    observed = _observed(_outputs([[1, 2, 3, 4], [5, 0, 7, 8]], [1, 1], passes=4), EXACT)
    assert observed["same-generated-text"] == (1.0, 0.0)
    assert observed["same-generated-start"] == (1.0, 0.25)
    assert observed["tokens-per-pass"] == (2.0,)


BAD = [
    pytest.param(EXACT[:1], "1 answers to 2 samples", id="missing"),
    pytest.param([{"tokens": np.zeros((2, 3))}, EXACT[1]], r"\(2, 3\), not \(2, 4\)", id="too short"),
    pytest.param([EXACT[0], {}], "no scores", id="not scored"),
    pytest.param(_outputs([[1] * 4] * 2, [1, np.nan]), "not finite", id="not finite"),
]


@pytest.mark.parametrize(("outputs", "text"), BAD)
def test_bad_answers(outputs: Sequence[Arrays], text: str) -> None:
    with pytest.raises(WorkerError, match=text):
        observe_generation(outputs, SAMPLES, None)


def test_lengths_of_single_passes_differ_where_they_may() -> None:
    """Axes of equal lengths would be taken for the same axis by the exporter."""
    passes = graph_samples(9, (2, 1, 4), 0)
    lengths = [tuple(sample[name].shape[1] for sample in passes) for name in ("ids", "keys", "places")]
    assert len(set(lengths)) == 3
    assert min(lengths[1]) == 0
    assert all(sample["places"].max() < sample["ids"].shape[1] for sample in passes)


def test_the_sources_name_model_and_texts(workload: Any) -> None:
    assert [source.licence for source in workload().sources] == ["Apache-2.0", "CC BY-SA 4.0"]
    assert workload().data_set == room.DATA


def test_an_article_becomes_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole sentences; no heading, no page number, no bibliography, and no piece with a plain misreading."""
    monkeypatch.setattr(room, "PIECE_WORDS", 8)
    text = (
        "## Heading\n#### Source: http\n\np.772:0\n\nHe was born in\na town. It was small.\n\n"
        "He wrote pl ; ays for many years here. Nobody knows why he stopped so early. End.\n"
        "BIBLIOGRAPHY\nThis is a long list of books and papers.\n"
    )
    (tmp_path / "article.txt").write_text(text, "utf-8")
    found = room.pieces_of(tmp_path / "article.txt")
    assert found == ("He was born in a town. It was small.", "Nobody knows why he stopped so early. End.")


def test_what_is_no_article_is_named(tmp_path: Path) -> None:
    for data in (b"\xff\xfe", b"", b"short"):
        (tmp_path / "article.txt").write_bytes(data)
        with pytest.raises(AssetError, match=r"'article\.txt'"):
            room.pieces_of(tmp_path / "article.txt")


def test_an_article_stands_in(workload: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQuAD is not to be had texts are still scored, and the page says what they are."""

    def fetch(one: Any, *_: object) -> tuple[Path, ...]:
        if one.name == room.DATA:
            raise AssetError(room.DATA, "there is no network")
        return (tmp_path,)

    monkeypatch.setattr(data_sets, "fetch", fetch)
    monkeypatch.setattr(room, "pieces_of", lambda path: tuple(str(number) for number in range(30)))
    made = workload()
    assert (made.data_set, made.notes) == (room.BRITANNICA, ("published-in-4-bits", "texts-of-one-article"))
    assert len(made.samples()) > room.GENERATED_SAMPLES


def test_prompts_longer_than_enough_texts_are_made_of_several(workload: Any) -> None:
    """Paragraphs follow one another; none of them is in two prompts."""
    made = workload(prompt_tokens=600)
    prompts = [sample["prompt"][0] for sample in made.samples() if sample["wanted"][0, 0]]
    assert {len(prompt) for prompt in prompts} == {600}
    assert len(prompts) == 8  # all the paragraphs' tokens, 4,950, have as many
    assert len({tuple(prompt) for prompt in prompts}) == len(prompts)


def test_a_gguf_file_is_held_against_its_own_weights_and_another_is_not(
    workload: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The weights are asked once for a file; a runtime that computes what it says differs by nothing."""
    made, asked = workload(), list[Path]()
    texts = [sample for sample in made.samples() if not sample["wanted"][0, 0]]

    def surprisals(path: Path, scored: Sequence[Any]) -> list[Any]:
        asked.append(path)
        return [np.full(len(text) - 1, 2.0) for text in scored]

    monkeypatch.setattr(smollm2, "surprisals", surprisals)
    outputs = [{"tokens": np.zeros((1, 16), np.int64)}, *({"surprisal": np.full((1, 128), 2.5)} for _ in texts)]
    for _ in range(2):
        shift, deviation = made.observe_file(Artifact(tmp_path / "a.gguf", "gguf", "1" * 64, 1), outputs)
        assert set(shift.values) == set(deviation.values) == {0.5}
    assert len(asked) == 1
    assert made.observe_file(Artifact(tmp_path / "a.onnx", "onnx", "1" * 64, 1), outputs) == ()
