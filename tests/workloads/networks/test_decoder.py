"""The decoder itself, and its way to ONNX Runtime in every number format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import TransformStep
from generator.core.errors import DefinitionError, PreparationError
from generator.runtimes.session import Spec
from generator.transforms import apply
from generator.workloads.networks.architectures import save_module
from generator.workloads.workload import Artifact, Stepwise
from tests.workloads.tiny_decoder import SIZES, TinyGeneration, tiny_decoder

pytestmark = pytest.mark.slow

for package in ("torch", "onnx", "onnxruntime", "safetensors", "onnx_ir"):
    pytest.importorskip(package)

EXPORT = TransformStep(name="export_onnx")
INT8 = TransformStep(name="quantize_dynamic", options={"operators": ("MatMul",), "weight": "uint8"})


def _nbits(**options: Any) -> TransformStep:
    return TransformStep(name="quantize_nbits", options=options)


@pytest.fixture
def workload(tmp_path: Path) -> TinyGeneration:
    path = tmp_path / "decoder.safetensors"
    save_module(tiny_decoder(), path, "decoder", SIZES)
    return TinyGeneration(path)


def _made(workload: TinyGeneration, where: Path, *steps: TransformStep) -> Artifact:
    artifact = workload.model()
    for step in steps:
        artifact = apply(step, artifact, workload, Cache(where / "cache"))
    return artifact


def _answers(artifact: Artifact, workload: TinyGeneration, way: str = "cached") -> list[Mapping[str, Any]]:
    from generator.runtimes.ort import load

    session = load(Spec(str(artifact.path), 1, {"decoding": way}))
    return [session.to_arrays(session.run(session.prepare(sample))) for sample in workload.samples()]


def test_what_was_read_before_counts_as_if_read_now() -> None:
    """One pass over a text, and several that remember what came before, say the same; so do several texts at once."""
    import torch

    module, known = tiny_decoder(), torch.zeros(2, 0, 2, 2, 8)
    ids = torch.randint(SIZES["vocabulary"], (2, 9), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole, keys, values = module(ids, known, known, torch.arange(9).expand(2, 9))
        assert whole.shape == (2, 9, SIZES["vocabulary"])
        for begin, end in ((0, 4), (4, 5), (5, 9)):
            places = torch.arange(end - begin).expand(2, -1)
            found, *_ = module(ids[:, begin:end], keys[:, :begin], values[:, :begin], places)
            torch.testing.assert_close(found, whole[:, begin:end], rtol=1e-4, atol=1e-4)
        alone, *_ = module(ids[1:], known[1:], known[1:], torch.tensor([[8]]))
        torch.testing.assert_close(alone[0, 0], whole[1, 8], rtol=1e-4, atol=1e-4)


def test_later_tokens_and_the_order_of_earlier_ones() -> None:
    """A token's successor does not depend on what comes later, and does depend on where earlier tokens stand."""
    import torch

    module, known = tiny_decoder(), torch.zeros(1, 0, 2, 2, 8)
    with torch.inference_mode():
        first, *_ = module(torch.tensor([[1, 2, 3, 4]]), known, known, torch.tensor([[2]]))
        later, *_ = module(torch.tensor([[1, 2, 3, 9]]), known, known, torch.tensor([[2]]))
        other, *_ = module(torch.tensor([[2, 1, 3, 4]]), known, known, torch.tensor([[2]]))
    torch.testing.assert_close(first, later)
    assert (first - other).abs().max() > 1e-3


def test_the_exported_graph_generates_the_same_in_every_way(workload: TinyGeneration, tmp_path: Path) -> None:
    """Lengths are free in the graph, nothing before the first token included."""
    assert isinstance(workload, Stepwise)
    exported = _made(workload, tmp_path, EXPORT)
    assert float(exported.notes["largest deviation from PyTorch"]) < 1e-4
    expected = _answers(exported, workload)
    assert expected[0]["tokens"].shape == (1, 5)
    assert expected[-1]["surprisal"].shape == (1, 11)
    for way in ("recomputed", "lookup", "together"):
        for ours, theirs in zip(_answers(exported, workload, way), expected, strict=True):
            for name in ours.keys() - {"passes"}:
                np.testing.assert_allclose(ours[name], theirs[name], atol=1e-4)


QUANTIZED = [
    pytest.param(INT8, "MatMulInteger", id="int8"),
    pytest.param(_nbits(), "MatMulNBits", id="int4"),
    pytest.param(_nbits(bits=8), "MatMulNBits", id="int8 weights"),
    pytest.param(_nbits(symmetric=True, block_size=16), "MatMulNBits", id="int4 symmetric"),
    pytest.param(_nbits(accuracy_level=0), "MatMulNBits", id="int4, fp32 activations"),
]


@pytest.mark.parametrize(("step", "operator"), QUANTIZED)
def test_a_quantized_decoder_scores_nearly_as_well(
    workload: TinyGeneration, tmp_path: Path, step: TransformStep, operator: str
) -> None:
    """All matrices of weights are quantized: seven a layer and the last one."""
    exported, quantized = (_made(workload, tmp_path, *steps) for steps in ((EXPORT,), (EXPORT, step)))
    assert f"15 {operator}" in quantized.notes["operators quantized"]
    assert quantized.size_bytes < exported.size_bytes
    exact, rounded = (_answers(one, workload)[-1]["surprisal"] for one in (exported, quantized))
    assert np.abs(exact - rounded).max() > 0
    assert np.abs(exact.mean() - rounded.mean()) < 0.25 * exact.mean()


def test_the_notes_of_nbits_say_what_was_done(workload: TinyGeneration, tmp_path: Path) -> None:
    notes = _made(workload, tmp_path, EXPORT, _nbits(accuracy_level=0, symmetric=True)).notes
    assert (notes["weights"], notes["activations"]) == ("int4, blocks of 32, symmetric", "fp32")


REFUSED = [
    pytest.param((EXPORT, _nbits(block_size=48)), DefinitionError, "power of two", id="block size"),
    pytest.param((EXPORT, _nbits(bits=6)), DefinitionError, "Write 4 or 8", id="bits"),
    pytest.param((EXPORT, _nbits(accuracy_level=5)), DefinitionError, "from 0 to 4", id="accuracy level"),
    pytest.param((EXPORT, _nbits(accuracy_level=2)), DefinitionError, "Write 4 or 0", id="another level"),
    pytest.param((_nbits(),), PreparationError, "not 'onnx'", id="not exported"),
]


@pytest.mark.parametrize(("steps", "kind", "text"), REFUSED)
def test_nbits_says_what_it_cannot_do(
    workload: TinyGeneration, tmp_path: Path, steps: tuple[TransformStep, ...], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        _made(workload, tmp_path, *steps)
