"""A GGUF file becomes weights and a tokenizer; the real model says something that is known, where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import TransformStep
from generator.core.errors import AssetError, PreparationError
from generator.runtimes.session import Spec
from generator.transforms import apply
from generator.workloads.networks import smollm2
from generator.workloads.text_generation import make
from tests.workloads.tiny_decoder import SIZES, tiny_decoder

pytestmark = pytest.mark.slow

for package in ("torch", "gguf", "tokenizers", "safetensors"):
    pytest.importorskip(package)

LETTERS = ["<|start|>", "a", "b", "c", "ab", "1", "2", "12", "Ġ"]


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A tiny decoder's weights, some of them in eight bits, under the names that a GGUF file has, and nine tokens."""
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    writer = GGUFWriter(tmp_path / "tiny.gguf", "llama")
    writer.add_token_list(LETTERS)
    writer.add_token_types([3, *([1] * (len(LETTERS) - 1))])
    writer.add_token_merges(["a b", "1 2"])
    theirs = {ours: name for name, ours in smollm2._NAMES.items()}
    for name, tensor in tiny_decoder().state_dict().items():
        values = tensor.numpy()
        match name.split("."):
            case ["layers", index, part, "weight"]:
                name = f"blk.{index}.{theirs[part]}.weight"
            case [part, "weight"]:
                name = {"words": "token_embd.weight", "norm": "output_norm.weight"}[part]
        if values.ndim == 2:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "tiny.gguf"


def test_weights_are_widened_and_get_our_names(gguf: Path) -> None:
    """Rounded ones come back as near as eight bits are."""
    from generator.workloads.networks.decoder import Shape

    found = smollm2.weights(gguf, Shape(**SIZES))
    for name, expected in tiny_decoder().state_dict().items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_allclose(found[name].numpy(), expected.numpy(), atol=0.02)


def test_weights_of_another_model_are_refused(gguf: Path) -> None:
    from generator.workloads.networks.decoder import SMOLLM2_135M

    with pytest.raises(PreparationError, match="not those of the decoder"):
        smollm2.weights(gguf, SMOLLM2_135M)


TEXTS = [
    pytest.param("abc", ["ab", "c"], id="pairs that stand in the list are joined"),
    pytest.param("12", ["1", "2"], id="each digit is a token of its own"),
    pytest.param("<|start|>a a", ["<|start|>", "a", "Ġ", "a"], id="control tokens, and blanks"),
]


@pytest.mark.parametrize(("text", "tokens"), TEXTS)
def test_the_tokenizer(gguf: Path, text: str, tokens: list[str]) -> None:
    assert smollm2.encoded([text], gguf) == [[LETTERS.index(token) for token in tokens]]


def test_a_file_that_is_no_gguf(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"not a model at all" * 10)
    with pytest.raises(AssetError, match=r"'broken\.gguf' is no GGUF file"):
        smollm2.encoded(["a"], path)


def test_the_real_model_knows_the_capital_of_france() -> None:
    """Needs the 98 MB that a measurement fetches, and exports 650 MB; skipped where nobody has fetched them."""
    pytest.importorskip("onnxruntime")
    cache = Cache(Path(os.environ.get("GENERATOR_CACHE", ".cache")))
    if not (cache.root / "assets" / smollm2.ASSET).is_dir():
        pytest.skip("SmolLM2 is not in the cache")
    from generator.runtimes.ort import load

    workload = make({}, cache)
    exported = apply(TransformStep(name="export_onnx"), workload.model(), workload, cache)
    session = load(Spec(str(exported.path), 1, {"decoding": "cached"}))
    gguf = smollm2.published(cache)
    question = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    sample = {"prompt": np.array(smollm2.encoded([question], gguf)), "wanted": np.array([[7]])}
    answer = session.to_arrays(session.run(session.prepare(sample)))["tokens"][0].tolist()
    assert smollm2.tokenizer(gguf).decode(answer) == "The capital of France is Paris."
