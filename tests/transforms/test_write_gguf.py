"""A decoder's weights to GGUF and back: names, sizes, and the weights as the format rounds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.core.cache import file_sha256
from generator.core.errors import DefinitionError, PreparationError
from generator.transforms.write_gguf import FORMATS, write_gguf
from generator.workloads.networks import smollm2
from generator.workloads.workload import Artifact
from tests.workloads.tiny_decoder import SIZES, TinyGeneration, tiny_decoder

pytest.importorskip("torch")
pytest.importorskip("gguf")


@pytest.fixture
def published(tmp_path: Path) -> Artifact:
    """The tiny decoder's weights."""
    from generator.workloads.networks.architectures import save_module

    path = tmp_path / "tiny.safetensors"
    save_module(tiny_decoder(), path, "decoder", SIZES)
    return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size)


def written(published: Artifact, tmp_path: Path, weights: str) -> Path:
    recipe = write_gguf(published, {"weights": weights}, TinyGeneration(published.path))
    assert (recipe.gives, recipe.suffix) == ("gguf", ".gguf")
    path = tmp_path / f"{weights}.gguf"
    assert recipe.make(path)["GGUF"].startswith(weights)
    return path


LARGEST = {"q4_0": 0.14, "q4_1": 0.08, "q8_0": 0.005, "f16": 0.0006, "f32": 0.0}
"""Largest error of a weight over the largest weight."""


@pytest.mark.parametrize("weights", FORMATS)
def test_weights_come_back_as_the_format_rounds_them(published: Artifact, tmp_path: Path, weights: str) -> None:
    from generator.workloads.networks.decoder import Shape

    found = smollm2.weights(written(published, tmp_path, weights), Shape(**SIZES))
    for name, tensor in tiny_decoder().state_dict().items():
        limit = LARGEST[weights] if tensor.ndim > 1 else 0.0
        assert float((found[name] - tensor).abs().max() / tensor.abs().max()) <= limit


def test_the_file_says_what_readers_of_three_years_ask_for(published: Artifact, tmp_path: Path) -> None:
    """The output's matrix is written out, which llama.cpp of 2023 wants; there are as many tokens as there are."""
    from gguf import GGUFReader

    reader = GGUFReader(written(published, tmp_path, "q8_0"))
    names = [tensor.name for tensor in reader.tensors]
    assert {"token_embd.weight", "output.weight", "output_norm.weight", "blk.1.ffn_gate.weight"} <= set(names)
    said = {name: field.contents() for name, field in reader.fields.items()}
    assert said["general.architecture"] == "llama"
    assert said["llama.attention.head_count_kv"] == SIZES["key_heads"]
    assert said["llama.rope.freq_base"] == 10_000.0
    assert len(said["tokenizer.ggml.tokens"]) == len(said["tokenizer.ggml.token_type"]) == SIZES["vocabulary"]


def test_a_token_reads_all_weights_but_the_table_of_embeddings(published: Artifact, tmp_path: Path) -> None:
    """The output's matrix is read for each token, and one row of the embeddings, which is the same matrix."""
    recipe = write_gguf(published, {"weights": "f32"}, TinyGeneration(published.path))
    weights = sum(tensor.numel() for tensor in tiny_decoder().state_dict().values())
    assert recipe.make(tmp_path / "a.gguf")["bytes read a token"] == str(4 * weights)


def test_the_same_weights_give_the_same_bytes(published: Artifact, tmp_path: Path) -> None:
    first = written(published, tmp_path, "q4_0").read_bytes()
    assert written(published, tmp_path, "q4_0").read_bytes() == first


REFUSED: list[Any] = [
    pytest.param({"weights": "q5_k"}, "pytorch", DefinitionError, "option 'weights' is 'q5_k'", id="another format"),
    pytest.param({"bits": 4}, "pytorch", DefinitionError, "unknown option 'bits'", id="another option"),
    pytest.param({}, "onnx", PreparationError, "its input is no decoder's weights", id="a graph"),
]


@pytest.mark.parametrize(("options", "form", "kind", "problem"), REFUSED)
def test_what_cannot_be_written_is_refused_before_anything_is(
    published: Artifact, options: Any, form: Any, kind: type[Exception], problem: str
) -> None:
    artifact = Artifact(published.path, form, published.sha256, published.size_bytes)
    with pytest.raises(kind, match=problem):
        write_gguf(artifact, options, TinyGeneration(published.path))
