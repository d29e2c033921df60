"""The encoder's own arithmetic, and its way through exporter and quantizer, on a tiny random model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache, file_sha256
from generator.core.definition import TransformStep
from generator.core.errors import PreparationError
from generator.core.record import Observations, Source
from generator.transforms import apply
from generator.transforms.export_onnx import free_axes
from generator.workloads.networks.architectures import CONFIG_KEY, METADATA_KEY, load_module
from generator.workloads.sources.tokens import inputs
from generator.workloads.workload import Arrays, Artifact

TINY = {"vocabulary": 50, "positions": 16, "width": 16, "layers": 2, "heads": 4, "inner_width": 32}


def _texts(*lengths: int) -> tuple[Arrays, ...]:
    return inputs([[(7 * index + place) % 50 for place in range(length)] for index, length in enumerate(lengths)])


def test_axes_in_which_samples_differ_are_free() -> None:
    """Texts of different lengths share one free axis; pictures have the batch alone."""
    assert free_axes(_texts(3, 9)) == {name: {0: "batch", 1: "length"} for name in ("ids", "mask")}
    assert free_axes(_texts(3, 3)) == {name: {0: "batch"} for name in ("ids", "mask")}
    assert free_axes([{"x": np.zeros((1, 3, 8, 8))}] * 2) == {"x": {0: "batch"}}
    two = [{"a": np.zeros((1, n)), "b": np.zeros((1, 2 * n))} for n in (1, 2)]
    assert free_axes(two) == {"a": {0: "batch", 1: "length"}, "b": {0: "batch", 1: "length1"}}


@dataclass(frozen=True)
class Texts:
    """Texts of three to twelve tokens."""

    weights: Path
    model_name: str = "tiny encoder"
    notes: Sequence[str] = ()
    sources: Sequence[Source] = ()
    labels_unknown: str | None = None

    def model(self) -> Artifact:
        return Artifact(self.weights, "pytorch", file_sha256(self.weights), self.weights.stat().st_size)

    def samples(self) -> Sequence[Arrays]:
        return _texts(*range(3, 13))

    def timed_samples(self) -> Sequence[Arrays]:
        return self.samples()[:2]

    def calibration(self, count: int) -> Sequence[Arrays]:
        return _texts(5, 12, 9)[:count]

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        return ()


def _saved(path: Path, **more: int) -> Path:
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    from generator.workloads.networks.sentence_encoder import sentence_encoder

    torch.manual_seed(0)
    config = {**TINY, **more}
    module = sentence_encoder(**config)
    metadata = {METADATA_KEY: "sentence_encoder", CONFIG_KEY: json.dumps(config)}
    safetensors.save_file(module.state_dict(), path, metadata)
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package)
    return Texts(_saved(tmp_path / "tiny.safetensors"))


def _made(texts: Texts, tmp_path: Path, *steps: TransformStep) -> Artifact:
    artifact = texts.model()
    for step in (TransformStep(name="export_onnx"), *steps):
        artifact = apply(step, artifact, texts, Cache(tmp_path / "cache"))
    return artifact


def _answers(artifact: Artifact, samples: Sequence[Arrays]) -> Any:
    import onnxruntime as ort

    session = ort.InferenceSession(artifact.path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["y"], dict(sample))[0] for sample in samples])


@pytest.mark.slow
def test_an_embedding_has_length_one_and_ignores_padding(tmp_path: Path) -> None:
    """A text answers the same alone and in a padded batch beside a longer one."""
    torch = pytest.importorskip("torch")
    module = load_module(_saved(tmp_path / "tiny.safetensors"))
    ids = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]])
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    with torch.inference_mode():
        together = module(ids, mask)
        alone = module(ids[:1, :3], mask[:1, :3])
    assert torch.linalg.norm(together, dim=1).tolist() == pytest.approx([1, 1], abs=1e-6)
    assert together[0].tolist() == pytest.approx(alone[0].tolist(), abs=1e-6)


@pytest.mark.slow
def test_the_layers_are_berts(tmp_path: Path) -> None:
    """The same numbers as torch's own encoder layer with BERT's settings; every published name has its place."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.sentence_encoder import MINILM_L6, SentenceEncoder, Shape, converted

    layer = SentenceEncoder(Shape(**TINY)).eval().layers[0]
    theirs = torch.nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", 1e-12, batch_first=True).eval()
    names = {
        "self_attn.out_proj": "out",
        "linear1": "expand",
        "linear2": "contract",
        "norm1": "attention_norm",
        "norm2": "norm",
    }
    ours = layer.state_dict()
    state = {f"{name}.{kind}": ours[f"{own}.{kind}"] for name, own in names.items() for kind in ("weight", "bias")}
    for kind in ("weight", "bias"):
        state[f"self_attn.in_proj_{kind}"] = torch.cat([ours[f"{part}.{kind}"] for part in ("query", "key", "value")])
    theirs.load_state_dict(state)
    x = torch.randn(2, 5, 16)
    with torch.inference_mode():
        assert torch.allclose(layer(x, torch.zeros(2, 1, 1, 5)), theirs(x), atol=1e-5)
    with torch.device("meta"):
        module = SentenceEncoder(MINILM_L6)
    assert sum(parameter.numel() for parameter in module.parameters()) == 22_564_608
    with pytest.raises(KeyError):
        converted({}, 6)


@pytest.mark.slow
def test_a_text_model_is_exported_with_free_lengths(texts: Texts, tmp_path: Path) -> None:
    """One graph answers every length and every batch as PyTorch does."""
    torch = pytest.importorskip("torch")
    artifact = _made(texts, tmp_path)
    module = load_module(texts.weights)
    with torch.inference_mode():
        expected = [module(*(torch.from_numpy(a) for a in sample.values())).numpy() for sample in texts.samples()]
    np.testing.assert_allclose(_answers(artifact, texts.samples()), np.concatenate(expected), atol=1e-5)
    twice = {name: np.repeat(array, 2, axis=0) for name, array in texts.samples()[4].items()}
    np.testing.assert_allclose(_answers(artifact, [twice])[1], expected[4][0], atol=1e-5)
    assert float(artifact.notes["largest deviation from PyTorch"]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "operators"),
    [
        (
            TransformStep(name="quantize_dynamic", options={"operators": ("MatMul",), "weight": "int8"}),
            "12 MatMulInteger",
        ),
        (TransformStep(name="quantize_static", options={"operators": ("MatMul",)}), "12 MatMul"),
        (TransformStep(name="quantize_static", options={"operators": ("MatMul",), "keep": ("contract",)}), "10 MatMul"),
    ],
    ids=["dynamic", "static", "static in part"],
)
def test_a_text_model_is_quantized(texts: Texts, tmp_path: Path, step: TransformStep, operators: str) -> None:
    """Six products by weights a layer; those of attention stay in fp32, and so does what is asked to."""
    exact, quantized = _made(texts, tmp_path), _made(texts, tmp_path, step)
    assert quantized.notes["operators quantized"] == operators
    deviation = np.abs(_answers(exact, texts.samples()) - _answers(quantized, texts.samples())).max()
    assert 0 < deviation < 0.1


@pytest.mark.slow
def test_a_misspelt_part_is_an_error(texts: Texts, tmp_path: Path) -> None:
    """To keep nothing silently would give a result under a wrong name."""
    step = TransformStep(name="quantize_dynamic", options={"operators": ("MatMul",), "keep": ("contrakt",)})
    with pytest.raises(PreparationError, match="no node's name holds 'contrakt'"):
        _made(texts, tmp_path, step)


@pytest.mark.slow
def test_the_head_makes_a_classifier(tmp_path: Path) -> None:
    """With classes the output is logits; the metadata says so."""
    torch = pytest.importorskip("torch")
    module = load_module(_saved(tmp_path / "tiny.safetensors", classes=3))
    with torch.inference_mode():
        assert module(torch.ones(2, 4, dtype=torch.int64), torch.ones(2, 4, dtype=torch.int64)).shape == (2, 3)
