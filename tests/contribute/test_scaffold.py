"""new: what it makes can be checked, measured and rendered at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from generator.contribute.check import check
from generator.contribute.scaffold import scaffold, scaffold_of_trial
from generator.core.definition_file import load_measurement
from generator.core.errors import DefinitionError, StorageError
from generator.core.problem import Level
from generator.core.record import Tier
from generator.draw.gallery import Gallery
from generator.measure.run import run_measurement
from generator.measure.run_context import RunContext
from generator.pages.measurement_page import MeasurementPage
from generator.results.findings import analyse
from generator.results.summary import summarise
from generator.words.language import Language
from tests.contribute.conftest import NAME

TITLE = {"ru": "Проба «пера»", "en": 'A "first" trial'}
QUESTION = {"ru": "Быстрее ли по-новому?", "en": "Is the new way faster?"}
TODAY = date(2026, 11, 23)


def _made(root: Path, name: str = "my-trial", like: str | None = None) -> Path:
    return scaffold(root, name, TITLE, QUESTION, like, TODAY)


def test_it_measures_and_renders(tmp_path: Path, run_context: Callable[..., RunContext]) -> None:
    """From nothing to a page in both languages, by what the commands do."""
    folder = _made(tmp_path)
    measurement = load_measurement(folder)
    assert {"ru": measurement.title.ru, "en": measurement.title.en} == TITLE
    record = run_measurement(measurement, Tier.STANDARD, run_context(tmp_path))
    findings = analyse(measurement, record)
    for language in Language:
        page = MeasurementPage(findings, [summarise(findings)], language, Gallery(tmp_path / "charts"), folder).page()
        assert QUESTION[language.value] in page
    found = check(tmp_path)
    assert found.sound
    assert [problem.level for problem in found.problems] == [Level.ADVICE]
    assert "simulated" in found.problems[0].reason


def test_it_can_begin_with_another_measurement(folder: Path, tmp_path: Path) -> None:
    """The same is measured, so what is prepared in the cache is used; only the words are its own."""
    model, made = load_measurement(folder), load_measurement(_made(tmp_path, like=NAME))
    assert made.variants == model.variants
    assert made.workloads == model.workloads
    assert made.headline == model.headline
    assert (made.question.en, made.suite, made.published) == (QUESTION["en"], "extended", TODAY)


def test_the_definition_names_its_schema_for_editors(tmp_path: Path) -> None:
    text = (_made(tmp_path) / "measurement.toml").read_text("utf-8")
    assert text.startswith("#:schema ../../schemas/measurement.schema.json\n")
    assert tomllib.loads(text)["schema_version"] == 1


def test_an_existing_folder_stays_as_it_is(tmp_path: Path) -> None:
    folder = _made(tmp_path)
    (folder / "measurement.toml").write_text("mine", "utf-8")
    with pytest.raises(StorageError, match="exists already"):
        _made(tmp_path)
    assert (folder / "measurement.toml").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["../x", "a/b", "Trial", "a--b", "", "x" * 61, "проба"])
def test_a_wrong_name_makes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "measurements").mkdir()
    with pytest.raises((DefinitionError, StorageError)):
        _made(tmp_path, name)
    assert list(tmp_path.rglob("*")) == [tmp_path / "measurements"]


@pytest.mark.parametrize("text", ["", "\u202eturned", "bell\u0007", "x" * 3000])
def test_a_wrong_text_makes_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(DefinitionError):
        scaffold(tmp_path, "trial", {"ru": "Проба", "en": text}, QUESTION, None, TODAY)
    assert list(tmp_path.iterdir()) == []


def test_any_quotes_and_backslashes_are_kept(tmp_path: Path) -> None:
    odd = {"ru": 'Кавычки " и \\ и \t', "en": "{{ 7*7 }} '''\\n # ]"}
    folder = scaffold(tmp_path, "trial", odd, QUESTION, None, TODAY)
    assert load_measurement(folder).title.ru == odd["ru"].strip()
    assert load_measurement(folder).title.en == odd["en"]


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"measurements/nothing/measurement\.toml"):
        _made(tmp_path, like="nothing")


TRIED = """
schema_version = 1
suite = "extended"
published = 2026-11-23
title = { ru = "Модель", en = "The model" }
question = { ru = "Что быстрее?", en = "What is faster?" }

[[workloads]]
name = "model"
kind = "onnx_model"
title = { ru = "m.onnx", en = "m.onnx" }
options = { file = "m.onnx", sha256 = "abc", inputs = "inputs.npz", rows = [33, 64] }

[[variants]]
name = "one"
runtime = "onnxruntime"
precision = "fp32"
baseline = true
title = { ru = "1 поток", en = "1 thread" }
threads = 1

[[variants]]
name = "two"
runtime = "onnxruntime"
precision = "fp32"
title = { ru = "2 потока", en = "2 threads" }
threads = 2
"""


def test_a_trial_becomes_a_measurement_that_can_be_checked(tmp_path: Path) -> None:
    """Texts, variants and inputs are the trial's; the model's file stays outside, and the definition says whence."""
    (trial := tmp_path / "trial").mkdir()
    (trial / "measurement.toml").write_text(TRIED, "utf-8")
    (trial / "inputs.npz").write_bytes(b"numbers")
    texts = {"title": None, "question": QUESTION}
    folder = scaffold_of_trial(tmp_path, "mine", trial, trial, texts, {"origin": "PyPI: m==1"}, TODAY)
    measurement = load_measurement(folder)
    assert measurement.title.en == "The model"
    assert measurement.question.en == QUESTION["en"]
    assert measurement.variant_names == {"one", "two"}
    assert measurement.workloads[0].options["origin"] == "PyPI: m==1"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("article.en.md.j2", "article.ru.md.j2", "inputs.npz", "measurement.toml"),
    ]
    found = check(tmp_path)
    assert found.sound
    assert [problem.reason for problem in found.problems] == ["the model's licence is not stated"]


def test_inputs_that_the_definition_names_must_be_there(tmp_path: Path) -> None:
    (trial := tmp_path / "trial").mkdir()
    (trial / "measurement.toml").write_text(TRIED, "utf-8")
    scaffold_of_trial(tmp_path, "mine", trial, trial, {}, {"address": "https://a/m.onnx", "licence": "MIT"}, TODAY)
    (problem,) = check(tmp_path).problems
    assert problem.reason == "'inputs.npz' is not in the folder"


def test_a_folder_without_a_definition_is_no_trial(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="is not there"):
        scaffold_of_trial(tmp_path, "mine", tmp_path, tmp_path, {}, {}, TODAY)


def test_a_pickle_is_no_input_whatever_the_definition_says(tmp_path: Path) -> None:
    (trial := tmp_path / "trial").mkdir()
    (trial / "measurement.toml").write_text(TRIED.replace("inputs.npz", "inputs.pkl"), "utf-8")
    (trial / "inputs.pkl").write_bytes(b"code")
    scaffold_of_trial(tmp_path, "mine", trial, trial, {}, {"address": "https://a/m.onnx", "licence": "MIT"}, TODAY)
    (problem,) = check(tmp_path).problems
    assert "pickles run code when read" in problem.reason
