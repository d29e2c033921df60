"""Exporter and quantizer on a tiny real model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import TransformStep
from generator.core.errors import DefinitionError, PreparationError
from generator.transforms import apply, export_onnx, operator_counts
from generator.transforms.graph import load_graph, save_tidied
from generator.workloads.workload import Artifact
from tests.transforms.conftest import TinyWorkload

pytestmark = pytest.mark.slow

for package in ("torch", "onnx", "onnxruntime", "safetensors"):
    pytest.importorskip(package)

EXPORT = TransformStep(name="export_onnx")


def _made(workload: TinyWorkload, cache: Cache, *steps: TransformStep) -> Artifact:
    artifact = workload.model()
    for step in steps:
        artifact = apply(step, artifact, workload, cache)
    return artifact


def _step(name: str, **options: Any) -> TransformStep:
    return TransformStep(name=name, options=options)


def _answers(artifact: Artifact, workload: TinyWorkload) -> Any:
    import onnxruntime as ort

    session = ort.InferenceSession(artifact.path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["y"], dict(sample))[0] for sample in workload.samples()])


QUANTIZED = [
    pytest.param(_step("quantize_static"), id="static"),
    pytest.param(_step("quantize_static", activation="int8"), id="static int8"),
    pytest.param(_step("quantize_static", per_channel=False, weight="uint8"), id="static by tensor, uint8"),
    pytest.param(_step("quantize_static", calibration="percentile"), id="static percentile"),
    pytest.param(_step("quantize_dynamic"), id="dynamic"),
    pytest.param(_step("quantize_dynamic", operators=("MatMul", "Gemm"), weight="int8"), id="dynamic Gemm"),
]


def test_an_export_answers_as_pytorch_does(workload: TinyWorkload, cache: Cache) -> None:
    """The batch axis is free, the file can be read by runtimes of 2023, and the notes say how it was made."""
    import onnxruntime as ort

    artifact = _made(workload, cache, EXPORT)
    graph = load_graph(artifact.path)
    assert (graph.ir_version, [(one.domain, one.version) for one in graph.opset_import]) == (8, [("", 17)])
    assert float(artifact.notes["largest deviation from PyTorch"]) < 1e-5
    batch = np.concatenate([sample["x"] for sample in workload.samples()])
    together = ort.InferenceSession(artifact.path, providers=["CPUExecutionProvider"]).run(None, {"x": batch})[0]
    np.testing.assert_allclose(together, _answers(artifact, workload), atol=1e-5)


def test_the_opset_can_be_chosen(workload: TinyWorkload, cache: Cache) -> None:
    """Older runtimes need older operator sets; newer ones than runtimes of 2023 read are refused."""
    artifact = _made(workload, cache, _step("export_onnx", opset=13))
    assert artifact.notes["opset"] == "13"
    with pytest.raises(DefinitionError, match="from 13 to 17"):
        _made(workload, cache, _step("export_onnx", opset=18))


@pytest.mark.parametrize("step", QUANTIZED)
def test_quantization_stays_close(workload: TinyWorkload, cache: Cache, step: TransformStep) -> None:
    """Integer arithmetic costs a little precision, and no other operator set comes in."""
    exact, quantized = _made(workload, cache, EXPORT), _made(workload, cache, EXPORT, step)
    deviation = np.abs(_answers(exact, workload) - _answers(quantized, workload)).max()
    assert 0 < deviation < 0.05
    assert {one.domain for one in load_graph(quantized.path).opset_import} <= {"", "com.microsoft"}
    assert quantized.notes["operators quantized"] != "none"
    assert quantized.notes["opset"] == "17"


@pytest.mark.parametrize("step", QUANTIZED)
def test_the_same_input_gives_the_same_bytes(workload: TinyWorkload, tmp_path: Path, step: TransformStep) -> None:
    """Two people who prepare the same variant measure the same file."""
    first, second = (_made(workload, Cache(tmp_path / name), EXPORT, step) for name in ("one", "other"))
    assert first.sha256 == second.sha256
    assert first.path != second.path


def test_operators_are_counted(workload: TinyWorkload, cache: Cache) -> None:
    """A record can show what a graph consists of, and what became integer."""
    exported = operator_counts(_made(workload, cache, EXPORT).path)
    assert (exported["Conv"], exported["Clip"], exported["Gemm"]) == (1, 1, 1)
    assert "BatchNormalization" not in exported
    static = _made(workload, cache, EXPORT, _step("quantize_static"))
    assert operator_counts(static.path)["QuantizeLinear"] > 0
    assert {"1 Conv", "1 Gemm"} <= set(static.notes["operators quantized"].split(", "))
    dynamic = _made(workload, cache, EXPORT, _step("quantize_dynamic"))
    assert operator_counts(dynamic.path)["ConvInteger"] == 1
    assert list(exported) == sorted(exported)


def test_calibration_takes_what_there_is(workload: TinyWorkload, cache: Cache) -> None:
    """The note has the number really used; without any the error offers the other way."""
    assert _made(workload, cache, EXPORT, _step("quantize_static")).notes["calibration samples"] == "8"
    few = _made(workload, cache, EXPORT, _step("quantize_static", calibration_samples=3))
    assert few.notes["calibration samples"] == "3"
    with pytest.raises(PreparationError, match="Quantize dynamically"):
        _made(TinyWorkload(workload.weights, calibrates_on=0), cache, EXPORT, _step("quantize_static"))


def test_nothing_quantized_is_an_error(workload: TinyWorkload, cache: Cache) -> None:
    """An int8 variant that computes in fp32 would be a false result."""
    with pytest.raises(PreparationError, match="nothing in the graph was quantized"):
        _made(workload, cache, EXPORT, _step("quantize_dynamic", operators=("LSTM",)))


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [([1.0, 2.0], [1.0, 4.0], 0.5), ([7, 8], [7, 9], 0.5), ([7, 8], [7, 8], 0), ([7], [7, 8], float("inf"))],
    ids=["numbers", "another token", "equal tokens", "a token is missing"],
)
def test_whole_numbers_are_right_or_wrong(ours: list[float], theirs: list[float], expected: float) -> None:
    """A token's neighbour is another word: of whole numbers the share that differs is taken."""
    assert export_onnx._deviation(np.array(ours), np.array(theirs), 4.0) == expected


def test_an_export_that_deviates_is_refused(
    workload: TinyWorkload, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter that misreads a model does not get measured; nor does one that answers NaN."""
    for deviation in (0.01, float("nan")):
        monkeypatch.setattr(export_onnx, "_largest_deviation", lambda *a, d=deviation: d)
        with pytest.raises(PreparationError, match="deviates from PyTorch"):
            _made(workload, cache, EXPORT)


def test_a_model_that_cannot_be_exported(workload: TinyWorkload, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the exporter raises becomes one line with a remedy."""
    import torch

    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.errors.UnsupportedOperatorError("aten::strange", 17, None)

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(PreparationError, match=r"cannot be exported .*Try another opset"):
        _made(workload, cache, EXPORT)


def test_weights_of_an_unknown_architecture(
    workload: TinyWorkload, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file from elsewhere is named, not guessed at."""
    monkeypatch.setattr("generator.workloads.networks.architectures.ARCHITECTURES", {})
    with pytest.raises(PreparationError, match="name no known architecture"):
        _made(workload, cache, EXPORT)


def test_what_is_no_graph_is_named(tmp_path: Path) -> None:
    """A truncated file is no graph without operators."""
    (tmp_path / "broken.onnx").write_bytes(b"\xff\xff\xff")
    with pytest.raises(PreparationError, match=r"broken\.onnx: the file is no ONNX graph"):
        operator_counts(tmp_path / "broken.onnx")


def test_foreign_operators_are_refused(workload: TinyWorkload, cache: Cache, tmp_path: Path) -> None:
    """A graph that runtimes of 2023 cannot read is found out at preparation, not in the middle of a comparison."""
    graph = load_graph(_made(workload, cache, EXPORT).path)
    graph.graph.node[0].domain = "org.pytorch.aten"
    with pytest.raises(PreparationError, match=r"uses operators of org\.pytorch\.aten"):
        save_tidied(graph, tmp_path / "foreign.onnx")
    graph.graph.node[0].domain = ""
    graph.ir_version = 10
    with pytest.raises(PreparationError, match="IR version 10"):
        save_tidied(graph, tmp_path / "new.onnx")
