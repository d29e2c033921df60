"""Models for the browser: prepared once, with the answers of native ONNX Runtime, and again when they are others."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.browser.kit import CHOICES, SAMPLES, group_file, load_group
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Measurement
from generator.core.definition_file import load_measurement
from generator.core.errors import MissingPackage
from generator.measure import browser_kit
from generator.measure.browser_kit import prepare_kit
from generator.measure.events import silent
from generator.workloads.workload import Arrays, Artifact

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

ROOT = Path(__file__).parents[2]


@dataclass
class Doubling:
    """A workload whose model doubles its input; "x" is used, "y" is not asked for."""

    cache: Cache
    asked: list[str] = field(default_factory=list)

    def model(self) -> Artifact:
        self.asked.append("model")
        helper = onnx.helper
        ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3]) for name in ("x", "z")]
        graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["z"])], "double", ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        path = self.cache.root / "models" / "double.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())
        return Artifact(path, "onnx", file_sha256(path), path.stat().st_size)

    def calibration(self, count: int) -> Sequence[Arrays]:
        return tuple({"x": np.full((1, 3), number, np.float32)} for number in range(count))


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doubling:
    """The stand-in for every workload, and transforms that change nothing."""
    made = Doubling(Cache(tmp_path))
    monkeypatch.setattr(browser_kit, "load_workload", lambda *_: made)
    monkeypatch.setattr(browser_kit, "apply", lambda step, artifact, *_: artifact)
    return made


def suite() -> list[Measurement]:
    return [load_measurement(ROOT / "measurements" / CHOICES[0].measurement)]


def numbers(array: Any) -> list[float]:
    return [float(one) for one in np.frombuffer(base64.b64decode(array.data), "<f4")]


def test_answers_are_native_onnx_runtimes(workload: Doubling) -> None:
    prepare_kit(suite(), {}, ROOT, workload.cache, silent)
    group = load_group(CHOICES[0], suite(), workload.cache.root)
    assert group is not None
    assert [model.variant for model in group.models] == list(CHOICES[0].variants)
    assert len(group.samples) == SAMPLES
    for model in group.models:
        assert [numbers(answer) for (answer,) in model.outputs] == [[0.0] * 3, [2.0] * 3]
    assert [numbers(sample) for (sample,) in group.samples] == [[0.0] * 3, [1.0] * 3]


def test_a_group_of_the_published_models_stays(workload: Doubling) -> None:
    prepare_kit(suite(), {}, ROOT, workload.cache, silent)
    published = {CHOICES[0].measurement: {workload.model().sha256}}
    workload.asked.clear()
    prepare_kit(suite(), published, ROOT, workload.cache, silent)
    assert not workload.asked


def test_other_models_than_the_published_ones_are_prepared_once(
    workload: Doubling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine may never make the published bytes: it tries again when records or packages change, not each time."""
    published = {CHOICES[0].measurement: {"0" * 64}}

    def asked(published: Any) -> bool:
        workload.asked.clear()
        prepare_kit(suite(), published, ROOT, workload.cache, silent)
        return bool(workload.asked)

    assert asked(published)
    assert not asked(published)
    assert not asked({**published, "other": {"2" * 64}})
    assert asked({CHOICES[0].measurement: {"0" * 64, "1" * 64}})
    monkeypatch.setattr(browser_kit, "required", lambda *_, **__: {"torch": "9"})
    assert asked({CHOICES[0].measurement: {"0" * 64, "1" * 64}})


def test_without_packages_what_is_there_stays(workload: Doubling, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_kit(suite(), {}, ROOT, workload.cache, silent)
    workload.asked.clear()

    def missing(*_: Any, **__: Any) -> Any:
        raise MissingPackage("torch", "measure", "the page")

    monkeypatch.setattr(browser_kit, "required", missing)
    prepare_kit(suite(), {}, ROOT, workload.cache, silent)
    assert not workload.asked
    group_file(CHOICES[0], workload.cache.root).unlink()
    with pytest.raises(MissingPackage):
        prepare_kit(suite(), {}, ROOT, workload.cache, silent)


def test_a_group_that_cannot_be_made_costs_no_other(workload: Doubling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line says of which measurement, and for what it was wanted."""

    def failing(step: Any, artifact: Any, *_: Any) -> Any:
        if step.name == "quantize_static":
            raise ZeroDivisionError("no scale")
        return artifact

    monkeypatch.setattr(browser_kit, "apply", failing)
    both = [load_measurement(ROOT / "measurements" / choice.measurement) for choice in CHOICES]
    (failed,) = prepare_kit(both, {}, ROOT, workload.cache, silent)
    assert failed.what == f"{CHOICES[0].measurement}: {CHOICES[0].workload}"
    assert failed.failure.message == "for the page 'Measure on your own device': ZeroDivisionError: no scale"
    groups = [load_group(choice, both, workload.cache.root) for choice in CHOICES]
    assert [group is None for group in groups] == [True, False]


def test_a_choice_whose_measurement_is_gone_is_passed_over(workload: Doubling) -> None:
    prepare_kit([], {}, ROOT, workload.cache, silent)
    assert not workload.asked
    assert not group_file(CHOICES[0], workload.cache.root).exists()


@pytest.mark.parametrize("choice", CHOICES, ids=[one.measurement for one in CHOICES])
def test_every_choice_is_defined(choice: Any) -> None:
    """The workload and both variants exist, run on ONNX Runtime, and nothing but the model differs."""
    measurement = load_measurement(ROOT / "measurements" / choice.measurement)
    assert choice.workload in {one.name for one in measurement.workloads}
    for name in choice.variants:
        assert measurement.variant(name).runtime == "onnxruntime"
