"""The workload of a file that somebody brings: its answers are held against its own, alone and side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

from generator.core.cache import Cache, file_sha256
from generator.core.errors import DefinitionError, HashError, PreparationError, WorkerError
from generator.results.quality import Gate, gate, summarise
from generator.workloads.onnx_model import OnnxModel, make_in
from tests.workloads.own import graphs


def _workload(folder: Path, **options: Any) -> OnnxModel:
    path = graphs.classifier(folder / "m.onnx")
    return make_in(folder, {"file": "m.onnx", "sha256": file_sha256(path), **options}, Cache(folder / ".cache"))


def _answers(workload: OnnxModel, wrong_from_rows: int | None = None) -> list[dict[str, np.ndarray]]:
    """What the graph answers, worked out by NumPy; wrong where so many rows or more are asked at once."""
    import onnx

    weights = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(workload.path).graph.initializer}
    found = []
    for sample in workload.samples():
        scores = np.maximum(sample["x"] @ weights["first"], 0) @ weights["second"]
        if wrong_from_rows and len(scores) >= wrong_from_rows:
            scores = -scores
        found.append({"probabilities": scores.astype(np.float32)})
    return found


def _gate(workload: OnnxModel, ours: Sequence[Any], file: Sequence[Any]) -> Gate:
    return gate([summarise(one) for one in workload.observe(ours, file)], [])


def test_samples_are_single_ones_and_then_batches(tmp_path: Path) -> None:
    workload = _workload(tmp_path, samples=5, rows=(33, 64))
    assert [len(one["x"]) for one in workload.samples()] == [1, 1, 1, 1, 1, 33, 64]
    assert [len(one["x"]) for one in workload.timed_samples()] == [1] * 5


@pytest.mark.parametrize("metric", ["argmax", "error"])
def test_the_files_own_answers_pass(metric: str, tmp_path: Path) -> None:
    workload = _workload(tmp_path, samples=20, rows=(33,), metric=metric)
    file = _answers(workload)
    assert _gate(workload, file, file) is Gate.PASSED


@pytest.mark.parametrize("metric", ["argmax", "error"])
def test_answers_that_are_wrong_only_in_batches_are_told(metric: str, tmp_path: Path) -> None:
    workload = _workload(tmp_path, samples=20, rows=(33, 64), metric=metric)
    with pytest.raises(WorkerError, match="alone its answers are the file's own, but in batches"):
        workload.observe(_answers(workload, wrong_from_rows=33), _answers(workload))


def test_a_relative_error_beyond_the_tolerance_fails_the_gate(tmp_path: Path) -> None:
    file = _answers(workload := _workload(tmp_path, samples=10))
    off = [{"probabilities": one["probabilities"] * np.float32(1.02)} for one in file]
    assert _gate(workload, off, file) is Gate.FAILED
    assert _gate(_workload(tmp_path, samples=10, tolerance=0.05), off, file) is Gate.PASSED


def test_answers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    file = _answers(workload := _workload(tmp_path, samples=3))
    file[1]["probabilities"][0, 0] = np.nan
    with pytest.raises(WorkerError, match="sample 2 holds NaN"):
        workload.observe(file, None)


def test_labels_make_accuracy_of_it(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).standard_normal((10, graphs.FEATURES)).astype(np.float32)
    np.save(tmp_path / "x.npy", inputs)
    np.save(tmp_path / "y.npy", np.zeros(10, np.int64))
    workload = _workload(tmp_path, inputs="x.npy", labels="y.npy")
    answers = [{"probabilities": np.eye(5, dtype=np.float32)[[0 if index < 6 else 1]]} for index in range(8)]
    (found,) = workload.observe(answers, None)
    assert (found.metric, found.values) == ("top-1", (1, 1, 1, 1, 1, 1, 0, 0))
    assert len(workload.calibration(30)) == 2


def test_labels_of_another_number_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((10, graphs.FEATURES), np.float32))
    np.save(tmp_path / "y.npy", np.zeros(9, np.int64))
    with pytest.raises(DefinitionError, match="9 labels to 10 inputs"):
        _workload(tmp_path, inputs="x.npy", labels="y.npy").samples()


def test_another_file_than_the_definition_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HashError, match="has SHA-256"):
        _ = _workload(tmp_path, sha256="0" * 64).path
    with pytest.raises(PreparationError, match=r"is not in the measurement's folder\. Get it"):
        _ = _workload(tmp_path, file="n.onnx", origin="PyPI: a==1").path


@pytest.mark.parametrize("path", ["../m.onnx", "/etc/passwd", "C:\\m.onnx"])
def test_a_path_that_leads_out_of_the_folder_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="leads out of"):
        _workload(tmp_path, file=path)


def test_weights_in_a_file_of_their_own_are_put_into_the_artifact(tmp_path: Path) -> None:
    import onnx

    path = graphs.classifier(tmp_path / "m.onnx")
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    workload = make_in(tmp_path, {"file": "m.onnx", "sha256": file_sha256(path)}, Cache(tmp_path / ".cache"))
    assert not any(
        one.external_data for one in onnx.load(workload.model().path, load_external_data=False).graph.initializer
    )
