"""The page for measuring in the browser: what it hands to its scripts, and what it says without them."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.browser.kit import (
    CHOICES,
    VERSION,
    Array,
    Engine,
    Group,
    Kit,
    Model,
    group_file,
    load_group,
    load_groups,
)
from generator.core.definition import Precision
from generator.core.errors import PreparationError
from generator.core.protocol import CONFIDENCE, half_width
from generator.core.record import Record
from generator.pages import on_device
from generator.pages.edition import pages
from generator.pages.on_device import files, widget
from generator.results.collection import collected
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

FP32, INT8 = CHOICES[0].variants


def model(cache: Path, name: str, content: bytes, precision: Precision) -> Model:
    path = cache / "made" / f"{name}.onnx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    answer = np.zeros((1, 2), np.float32)
    return Model(
        variant=name,
        precision=precision,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        cached=f"made/{name}.onnx",
        outputs=((Array.of("y", answer),),),
    )


def group(cache: Path) -> Group:
    return Group(
        version=VERSION,
        measurement=CHOICES[0].measurement,
        workload=CHOICES[0].workload,
        definition_sha256=imaginary.measurement().fingerprint(),
        stamp="c" * 64,
        native="1.32.0",
        models=(model(cache, FP32, b"large model", Precision.FP32), model(cache, INT8, b"small", Precision.INT8)),
        samples=((Array.of("x", np.arange(3, dtype=np.int64)),),),
    )


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    for name in ("a.mjs", "a.wasm", "b.mjs", "b.wasm"):
        (tmp_path / name).write_bytes(name.encode())
    wasm, webgpu = (Engine(tmp_path / f"{name}.mjs", tmp_path / f"{name}.wasm") for name in "ab")
    return Kit("1.30.0", wasm, webgpu, (group(tmp_path),), tmp_path)


def handed(kit: Kit, language: Language, *records: Record) -> dict[str, Any]:
    found = {"quantization-image": [analyse(imaginary.measurement(), one) for one in records]} if records else {}
    text = str(widget(kit, [imaginary.measurement()], found, phrases(language)))
    match = re.search(r'data-kit="([^"]*)"', text)
    assert match
    data: dict[str, Any] = json.loads(html.unescape(match[1]))
    return data


def test_the_published_ratio_stands_in_the_page(kit: Kit) -> None:
    """The sentence is the measurement page's own; files of other hashes are said to be others."""
    (one,) = handed(kit, Language.EN, imaginary.record())["groups"][0]["published"]
    assert "ONNX Runtime int8 (static)" in one["sentence"]
    assert "as fast as" in one["sentence"]
    assert one["estimate"][1] < 1.6 < one["estimate"][2]
    assert one["same_files"] is False


def test_without_records_there_is_nothing_to_compare_with(kit: Kit) -> None:
    assert handed(kit, Language.RU)["groups"][0]["published"] == []
    first_look = imaginary.record(tier="smoke")
    assert handed(kit, Language.RU, first_look)["groups"][0]["published"] == []


def test_quantiles_are_the_protocols(kit: Kit) -> None:
    """The script's interval of six blocks is Python's."""
    rules = handed(kit, Language.EN)["rules"]
    values = [0.1, 0.2, 0.15, 0.12, 0.18, 0.11]
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5
    for comparisons in (1, 2):
        ours = np.hypot(rules["quantiles"][comparisons - 1][6] * spread, rules["session_floor"])
        assert ours == pytest.approx(half_width(values, comparisons), rel=1e-5)
    assert CONFIDENCE == 0.95


def test_large_files_lie_once_and_both_languages_find_them(kit: Kit) -> None:
    """In the first language's folder; every address that the pages name is among them."""
    written = {page.path: page.content for page in files(kit)}
    assert {page.language for page in files(kit)} == {"ru"}
    for language, base in ((Language.RU, ""), (Language.EN, "../../on-device/")):
        data = handed(kit, language)
        named = [data["groups"][0]["samples"], *(one["file"] for one in data["groups"][0]["models"])]
        named += [one[part] for one in data["engines"].values() for part in ("script", "binary")]
        assert {f"on-device/{name.removeprefix(base)}" for name in named} == set(written)
    assert {b"a.wasm", b"b.mjs", b"large model", b"small"} <= set(written.values())
    assert list(files(kit)) == list(files(kit))
    packed = json.loads(written["on-device/quantization-image.json"])  # type: ignore[arg-type]
    assert packed["outputs"].keys() == {FP32, INT8}
    assert packed["samples"][0][0]["dims"] == [3]


def test_sizes_are_told_before_anything_is_loaded(kit: Kit) -> None:
    text = str(widget(kit, [imaginary.measurement()], {}, phrases(Language.EN)))
    assert "fp32 (11\u00a0B)" in text
    assert "int8 (5\u00a0B)" in text


@pytest.mark.parametrize("language", list(Language))
def test_without_models_the_page_has_no_button_and_says_why(tmp_path: Path, language: Language) -> None:
    made = {(p.language, p.path): p.content for p in pages(collected([]), [imaginary.measurement()], tmp_path)}
    text = made[language.value, "on-device/index.md"].decode()  # type: ignore[union-attr]
    assert phrases(language).say("on_device.absent") in text
    assert "<button" not in text
    assert "script:" not in text


def test_models_are_found_again_or_not(tmp_path: Path) -> None:
    """Not by another definition, not when a model is gone or another one."""
    suite, made = [imaginary.measurement()], group(tmp_path)
    with pytest.raises(PreparationError, match="no model is prepared"):
        load_groups(suite, tmp_path)
    path = group_file(CHOICES[0], tmp_path)
    path.parent.mkdir()
    path.write_text(made.model_dump_json(), "utf-8")
    assert load_groups(suite, tmp_path) == (made,)
    assert load_group(CHOICES[0], [], tmp_path) is None
    path.write_text(made.model_copy(update={"definition_sha256": "0" * 64}).model_dump_json(), "utf-8")
    assert load_group(CHOICES[0], suite, tmp_path) is None
    path.write_text(made.model_dump_json(), "utf-8")
    (tmp_path / made.models[1].cached).write_bytes(b"other")
    assert load_group(CHOICES[0], suite, tmp_path) is None
    path.write_text("{", "utf-8")
    assert load_group(CHOICES[0], suite, tmp_path) is None


def test_numbers_of_other_kinds_are_refused() -> None:
    with pytest.raises(PreparationError, match="float64"):
        Array.of("x", np.zeros(1))


def test_scripts_of_one_page_are_loaded_by_it_alone(kit: Kit, tmp_path: Path) -> None:
    made = list(pages(collected([]), [imaginary.measurement()], tmp_path, kit=kit))
    scripted = {page.path for page in made if page.path.endswith(".md") and b"\nscript: " in page.content}  # type: ignore[operator]
    assert scripted == {"on-device/index.md", "your-record/index.md"}
    script = Path(on_device.__file__).parents[1] / "site" / "theme" / "assets" / "js" / on_device.SCRIPT
    assert script.is_file()


def test_every_word_that_the_scripts_ask_for_is_there() -> None:
    """And none is there that nobody asks for."""
    room = Path(on_device.__file__).parent
    scripts = [path.read_text("utf-8") for path in (room.parent / "site/theme/assets/js/on-device").glob("*.js")]
    others = [room / "on_device.py", room / "edition.py", *room.glob("templates/*/on-device.md.j2")]
    names = {name for text in scripts for name in re.findall(r"\bwords\.(?!js)([a-z0-9_]+)", text)}
    for path in others:
        found = re.findall(r"\"on_device\.([a-z_]+)|\{text\[['\"]([a-z_]+)", path.read_text("utf-8"))
        names.update(one or other for one, other in found)
    known = {key.removeprefix("on_device.") for key in phrases(Language.RU).texts if key.startswith("on_device.")}
    chosen = {key for key in known if key.startswith(("sentence_", "stop_", "column_", "fact_"))}
    assert names <= known
    assert known - chosen <= names
