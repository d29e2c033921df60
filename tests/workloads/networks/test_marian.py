"""Marian's file form bit for bit, and the translator's loop on a tiny random model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from generator.core.cache import Cache, file_sha256
from generator.core.definition import TransformStep
from generator.core.errors import AssetError
from generator.core.record import Observations, Source
from generator.measure.roofline.flops import counted_work
from generator.transforms import apply, operator_counts
from generator.workloads.networks.marian_file import named, read_weights
from generator.workloads.sources.tokens import inputs
from generator.workloads.workload import Arrays, Artifact
from tests.workloads.marian_binary import MULTIPLIER, binary, float32, int8, student

TINY = {"vocabulary": 40, "width": 16, "heads": 4, "inner_width": 32, "encoder_layers": 2, "decoder_layers": 2}


def _file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    return path


def _student(tmp_path: Path) -> Path:
    return _file(tmp_path, student(40, 16, 32, 2, 2))


def test_tensors_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Matrices are stored transposed, the words' is not; multipliers of activations and the settings are no weights."""
    matrix = (np.arange(6).reshape(2, 3) / MULTIPLIER).astype(np.float32)
    tensors = {
        "Wemb": int8("Wemb", matrix),
        "encoder_W": int8("encoder_W", matrix),
        "encoder_W_QuantMultA": float32(np.ones((1, 1), np.float32)),
        "bias": float32(np.array([[0.5, -1.5]], np.float32)),
        "special:model.yml": (0x0101, (2,), b"ab"),
    }
    found = read_weights(_file(tmp_path, binary(tensors)))
    assert found.keys() == {"Wemb", "encoder_W", "bias"}
    np.testing.assert_array_equal(found["Wemb"], matrix)
    np.testing.assert_array_equal(found["encoder_W"], matrix)
    np.testing.assert_array_equal(found["bias"], [[0.5, -1.5]])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no model at all, only words",
        binary({"bias": float32(np.zeros((1, 2), np.float32))}, version=2),
        binary({"bias": float32(np.zeros((1, 2), np.float32))})[:-4],
        binary({"odd": (0x0208, (1,), bytes(8))}),
        binary({"short": (0x4101, (2, 2), bytes(4))}),
    ],
    ids=["empty", "text", "version", "truncated", "type", "no multiplier"],
)
def test_what_is_no_model_is_named(tmp_path: Path, data: bytes) -> None:
    """A damaged file is an error with its name, not a library's."""
    with pytest.raises(AssetError, match=r"'model\.bin' is no Marian model"):
        read_weights(_file(tmp_path, data))


def test_every_weight_has_a_place(tmp_path: Path) -> None:
    """All numbers of a student are used, and each once."""
    weights = read_weights(_student(tmp_path))
    state = named(weights, 2, 2)
    assert sum(array.size for array in state.values()) == sum(array.size for array in weights.values())
    width = TINY["width"]
    for row, mark in enumerate(("l1_context_Wk", "l1_context_Wv", "l2_context_Wk", "l2_context_Wv")):
        block = state["source.weight"][row * width : (row + 1) * width]
        np.testing.assert_array_equal(block, weights[f"decoder_{mark}"].T)
    np.testing.assert_array_equal(state["decoder.1.forget.weight"], weights["decoder_l2_rnn_Wf"].T)
    np.testing.assert_array_equal(state["encoder.0.attention.norm.bias"], weights["encoder_l1_self_Wo_ln_bias"][0])
    with pytest.raises(AssetError, match="no tensor 'encoder_l3_self"):
        named(weights, 3, 2)


@dataclass(frozen=True)
class Sentences:
    """Sentences of three to eight tokens."""

    weights: Path
    model_name: str = "tiny translator"
    notes: Sequence[str] = ()
    sources: Sequence[Source] = ()
    labels_unknown: str | None = None

    def model(self) -> Artifact:
        return Artifact(self.weights, "pytorch", file_sha256(self.weights), self.weights.stat().st_size)

    def samples(self) -> Sequence[Arrays]:
        return inputs([[*((5 * length + place) % 39 + 1 for place in range(length)), 0] for length in range(2, 8)])

    def timed_samples(self) -> Sequence[Arrays]:
        return self.samples()[:2]

    def calibration(self, count: int) -> Sequence[Arrays]:
        return ()

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        return ()


@pytest.fixture
def sentences(tmp_path: Path) -> Sentences:
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from generator.workloads.networks.architectures import save_weights

    path = tmp_path / "tiny.safetensors"
    state = named(read_weights(_student(tmp_path)), 2, 2)
    save_weights({name: torch.from_numpy(array) for name, array in state.items()}, path, "marian_translator", TINY)
    return Sentences(path)


@pytest.mark.slow
def test_a_translation_ends(sentences: Sentences) -> None:
    """With the end's token, or after 2.5 times as many tokens as came in and one; a batch answers as its sentences do."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.architectures import load_module

    module = load_module(sentences.weights)
    with torch.inference_mode():
        answers = [
            module(*(torch.from_numpy(a) for a in sample.values()))[0].tolist() for sample in sentences.samples()
        ]
        for sample, answer in zip(sentences.samples(), answers, strict=True):
            assert len(answer) <= sample["ids"].shape[1] * 5 // 2 + 1
            assert 0 not in answer[:-1]
        pair = torch.tensor([[5, 6, 7, 0], [9, 9, 3, 0]])
        together = module(pair, torch.ones_like(pair)).tolist()
        for row, answer in zip(pair, together, strict=True):
            alone = module(row[None], torch.ones_like(row[None]))[0].tolist()
            assert answer[: len(alone)] == alone
            assert not any(answer[len(alone) :])


@pytest.mark.slow
def test_padding_changes_nothing(sentences: Sentences) -> None:
    """What the mask hides is not listened to, but for the longest translation that is allowed."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.architectures import load_module

    module = load_module(sentences.weights)
    ids, mask = torch.tensor([[5, 6, 7, 0, 0, 0]]), torch.tensor([[1, 1, 1, 1, 0, 0]])
    with torch.inference_mode():
        padded, alone = module(ids, mask)[0].tolist(), module(ids[:, :4], mask[:, :4])[0].tolist()
    assert padded[: len(alone)] == alone


@pytest.mark.slow
def test_positions_are_marians() -> None:
    """Sines of all frequencies first, then the cosines; frequencies fall from 1 to 1/10000."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.marian import sines

    found = sines(3, 6)
    frequencies = [1, 0.01, 0.0001]
    expected = [*(np.sin(2 * f) for f in frequencies), *(np.cos(2 * f) for f in frequencies)]
    assert found[2].tolist() == pytest.approx(expected, abs=1e-6)
    assert torch.equal(found[0], torch.tensor([0.0, 0, 0, 1, 1, 1]))


@pytest.mark.slow
def test_the_loop_is_exported_as_a_loop(sentences: Sentences, tmp_path: Path) -> None:
    """One graph translates sentences of every length, each with as many steps as it takes; also in 8 bits."""
    torch = pytest.importorskip("torch")
    ort = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from generator.workloads.networks.architectures import load_module

    cache, module = Cache(tmp_path / "cache"), load_module(sentences.weights)
    exported = apply(TransformStep(name="export_onnx"), sentences.model(), sentences, cache)
    assert operator_counts(exported.path)["Loop"] == 1
    assert "by compiling" in exported.notes["exporter"]
    session = ort.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        for sample in sentences.samples():
            expected = module(*(torch.from_numpy(array) for array in sample.values())).numpy()
            np.testing.assert_array_equal(session.run(["y"], dict(sample))[0], expected)
    step = TransformStep(name="quantize_dynamic", options={"operators": ("MatMul",), "weight": "int8"})
    quantized = apply(step, exported, sentences, cache)
    # 6 products in each of 2 layers of the encoder and of the decoder; keys and values of the source; the vocabulary.
    assert quantized.notes["operators quantized"] == "26 MatMulInteger"
    session = ort.InferenceSession(quantized.path, providers=["CPUExecutionProvider"])
    assert session.run(["y"], dict(sentences.samples()[0]))[0].shape[0] == 1


@pytest.mark.slow
def test_work_that_depends_on_the_sentence_is_unknown(sentences: Sentences, tmp_path: Path) -> None:
    """Not that of one sentence, as if the others had as many words; neither in PyTorch nor as a graph."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    cache, model = Cache(tmp_path / "cache"), sentences.model()
    exported = apply(TransformStep(name="export_onnx"), model, sentences, cache)
    for artifact, reason in ((model, "depends on what its input says"), (exported, "'Loop' cannot be counted")):
        found = counted_work(artifact, sentences.timed_samples(), cache)
        assert found.flops_per_sample is None
        assert reason in str(found.unknown)
