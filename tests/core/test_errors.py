"""errors: where, what, and what to do."""

from __future__ import annotations

import inspect
import pickle

import pytest

from generator.core import errors
from generator.core.errors import (
    AssetError,
    DefinitionError,
    GeneratorError,
    MissingPackage,
    PublishError,
    RecordError,
    suggest,
)
from generator.core.problem import Problem


def test_message_has_place_problem_and_remedy() -> None:
    """A person reads where, what and what to do in one line."""
    assert str(AssetError("photo.jpg", "its hash differs", "Delete it.")) == "photo.jpg: its hash differs. Delete it."


def test_definition_error_shows_every_problem_with_its_file() -> None:
    """All that is wrong with a file is said at once, each line with the file."""
    error = DefinitionError("a.toml", [Problem("first", "Mend it."), Problem("second", file="b.toml")])
    assert str(error).splitlines() == ["a.toml: first. Mend it.", "b.toml: second."]
    assert error.problem == "first. Mend it. second."


def test_the_line_of_an_article_stands_in_the_message() -> None:
    """A record's reader says it in its own words, an article's does not."""
    assert str(PublishError("article.md.j2", "it is a bare number", line=3)).startswith("article.md.j2, line 3: ")
    assert str(RecordError("r.json", "no JSON: line 3 column 1", line=3)) == "r.json: no JSON: line 3 column 1."


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("singlestream", ["offline", "single_stream"], "Did you mean 'single_stream'? Known: offline, single_stream."),
        ("single-stream", ["offline", "single_stream"], "Did you mean 'single_stream'? Known: offline, single_stream."),
        ("onnx_fp32", ["onnx-fp32"], "Did you mean 'onnx-fp32'? Known: onnx-fp32."),
        ("zzz", ["offline"], "Known: offline."),
    ],
    ids=["run together", "hyphen for underscore", "underscore for hyphen", "nothing near"],
)
def test_suggest_names_the_nearest_word(word: str, known: list[str], expected: str) -> None:
    """A mistyped word is answered with the nearest known one, and all known ones."""
    assert suggest(word, known) == expected


def test_every_error_is_listed_exported_and_documented() -> None:
    """The tree in the docstring is complete: a reader finds every error there."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, GeneratorError)]
    for one in classes:
        assert one.__name__ in errors.__all__
        assert one.__name__ in (errors.__doc__ or "")
        assert one.__doc__


def test_errors_survive_pickling() -> None:
    """An error of another process arrives whole."""
    for error in (
        AssetError("a", "b", "c"),
        RecordError("a", "b", "c", 4),
        PublishError("a", "b", "c", 4),
        DefinitionError("f", [Problem("x", location=("a", 1)), Problem("y", line=2)]),
        MissingPackage("torch", "measure", "v"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert again.line == error.line
        assert (type(again), str(again)) == (type(error), str(error))
