"""Texts to numbers: each at its own length, and timed ones alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.core.errors import AssetError
from generator.workloads.sources.tokens import detokenized, inputs, of_one_length, tokenized
from tests.workloads.tiny_tokenizer import CLS, SEP, numbers, write_tokenizer

pytest.importorskip("tokenizers")


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    return write_tokenizer(tmp_path / "tokenizer.json")


def test_a_text_keeps_its_own_length(tokenizer: Path) -> None:
    """The published tokenizer pads to a fixed length; a query of one text needs no padding and is not charged for it."""
    found = tokenized(["who wrote it", "is this a text ."], tokenizer, 8)
    assert found == (numbers("who", "wrote", "it"), numbers("is", "this", "a", "text", "."))


def test_a_long_text_is_cut_off(tokenizer: Path) -> None:
    """The last token still says that the text ends."""
    (found,) = tokenized(["is this a text . is this a text ."], tokenizer, 5)
    assert found == numbers("is", "this", "a")


def test_numbers_become_their_text(tokenizer: Path) -> None:
    """What `tokenized` made of it, undone: each text by itself."""
    texts = [numbers("who", "wrote", "it")[1:-1], numbers("a", "text")[1:-1]]
    assert detokenized(texts, tokenizer) == ("who wrote it", "a text")


def test_inputs_have_ones_for_every_token() -> None:
    """Names, shapes and types are those of the module's arguments."""
    (sample,) = inputs([(CLS, 5, SEP)])
    assert list(sample) == ["ids", "mask"]
    assert {name: (array.shape, array.dtype.str) for name, array in sample.items()} == {
        "ids": ((1, 3), "<i8"),
        "mask": ((1, 3), "<i8"),
    }
    assert sample["mask"].all()


@pytest.mark.parametrize("contents", ["", "{}", '{"model": 1}'])
def test_what_is_no_tokenizer_is_named(tmp_path: Path, contents: str) -> None:
    """A damaged file is an error with its name, not one of a library."""
    (tmp_path / "tokenizer.json").write_text(contents, "utf-8")
    with pytest.raises(AssetError, match=r"'tokenizer\.json' is no tokenizer"):
        tokenized(["a"], tmp_path / "tokenizer.json", 8)


@pytest.mark.parametrize(
    ("lengths", "count", "expected"),
    [
        pytest.param([3, 5, 5, 4], 9, [1, 2], id="the most frequent"),
        pytest.param([3, 3, 5, 5], 9, [2, 3], id="of equals the longest"),
        pytest.param([2] * 8, 4, [0, 2, 4, 6], id="spread evenly"),
        pytest.param([7], 4, [0], id="only one"),
    ],
)
def test_timed_texts_are_of_one_length(lengths: list[int], count: int, expected: list[int]) -> None:
    """A median over a few queries must not depend on which of them were long."""
    samples = inputs([[index] * length for index, length in enumerate(lengths)])
    chosen = of_one_length(samples, count)
    assert [int(sample["ids"][0, 0]) for sample in chosen] == expected
    assert all(np.array_equal(one["ids"], samples[i]["ids"]) for one, i in zip(chosen, expected, strict=True))
