"""SmolLM2-135M-Instruct: a small language model, published in 4 bits in one file with its tokenizer (GGUF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch_one
from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError, PreparationError
from generator.core.packages import required
from generator.core.record import Source
from generator.workloads.networks.architectures import save_weights
from generator.workloads.workload import Artifact

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

    from generator.workloads.networks.decoder import Shape

ARCHITECTURE = "decoder"
ASSET = "smollm2-135m-instruct"
MODEL_NAME = "SmolLM2-135M-Instruct, 134.5 M parameters"

CONTEXT_TOKENS = 8192
"""Longest text that the model was trained on."""

VERSION = 1
"""Raised when the file made of the published weights changes."""

_CONTROL_TOKEN = 3
"""Kind of a token, in GGUF's numbering, that stands for no text: starts and ends of messages."""

_NAMES = {
    "attn_norm": "attention_norm",
    "attn_q": "query",
    "attn_k": "key",
    "attn_v": "value",
    "attn_output": "out",
    "ffn_norm": "norm",
    "ffn_gate": "gate",
    "ffn_up": "expand",
    "ffn_down": "contract",
}
"""Name of a part of a layer as GGUF has it, and as `decoder.Layer` has it."""


def source() -> Source:
    """What a record says of the package."""
    return source_of(asset(ASSET))


def published(cache: Cache, progress: Progress | None = None) -> Path:
    """Fetch the model's file.

    Raises:
        AssetError: when it is not to be had.
    """
    return fetch_one(asset(ASSET), cache, progress)


def model(gguf: Path, cache: Cache, progress: Progress | None = None) -> Artifact:
    """The published weights in fp32, under our own names.

    Raises:
        PreparationError: when the file has other weights than SmolLM2-135M.
        MissingPackage: when torch, safetensors or gguf is not installed.
    """
    required(ARCHITECTURE, torch="torch", safetensors="safetensors", gguf="gguf")

    def convert(to: Path) -> Mapping[str, str]:
        from generator.workloads.networks.decoder import SMOLLM2_135M

        if progress:
            progress("SmolLM2: weights to fp32", 0, 1)
        save_weights(weights(gguf, SMOLLM2_135M), to, ARCHITECTURE, SMOLLM2_135M.config())
        return {"published as": "GGUF, mostly Q4_1: 4 bits and two fp16 numbers a block of 32 weights"}

    key = {"architecture": ARCHITECTURE, "weights": asset(ASSET).sha256, "version": VERSION}
    path, notes = cache.built("models", key, ".safetensors", convert)
    return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size, notes)


def weights(gguf: Path, shape: Shape) -> dict[str, torch.Tensor]:
    """Weights of a GGUF file of the architecture "llama" in fp32, by their names in `decoder.Decoder`.

    Raises:
        PreparationError: when they do not fit the shape.
    """
    import torch
    from gguf.quants import dequantize

    from generator.workloads.networks.decoder import Decoder

    found = {
        _named(one.name): torch.from_numpy(np.array(dequantize(one.data, one.tensor_type), np.float32))
        for one in _read(gguf).tensors
        if one.name != "output.weight"  # where it stands in the file, it is the embeddings once more
    }
    with torch.device("meta"):
        wanted = {name: tensor.shape for name, tensor in Decoder(shape).state_dict().items()}
    if {name: tensor.shape for name, tensor in found.items()} != wanted:
        problem = f"the weights in '{gguf.name}' are not those of the decoder that they are taken for"
        raise PreparationError(ASSET, problem, "Delete it from the cache, so that it is fetched again.")
    return found


def surprisals(gguf: Path, texts: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """What each text's tokens but the first cost a GGUF file's own weights, computed with in fp32: natural negative
    logarithms of their probabilities.

    Raises:
        PreparationError: when the file has other weights than SmolLM2-135M.
    """
    import torch

    from generator.workloads.networks.decoder import SMOLLM2_135M as SHAPE
    from generator.workloads.networks.decoder import Decoder

    decoder = Decoder(SHAPE)
    decoder.load_state_dict(weights(gguf, SHAPE))
    nothing = torch.zeros(1, 0, SHAPE.layers, SHAPE.key_heads, SHAPE.head_width)
    found = list[NDArray[np.float64]]()
    with torch.inference_mode():
        for text in texts:
            ids = torch.from_numpy(text[np.newaxis])
            logits, _, _ = decoder(ids[:, :-1], nothing, nothing, torch.arange(len(text) - 1)[None])
            spread = torch.log_softmax(logits[0].double(), -1)
            found.append(-spread.gather(1, ids[0, 1:, None])[:, 0].numpy())
    return found


def _named(theirs: str) -> str:
    """Our name of a weight."""
    match theirs.split("."):
        case ["token_embd", "weight"]:
            return "words.weight"
        case ["output_norm", "weight"]:
            return "norm.weight"
        case ["blk", index, part, "weight"] if part in _NAMES:
            return f"layers.{index}.{_NAMES[part]}.weight"
    return theirs


def gguf_names(ours: str) -> tuple[str, ...]:
    """Names of a weight of `decoder.Decoder` in a GGUF file; the embeddings are the output's matrix too."""
    theirs = {part: name for name, part in _NAMES.items()}
    match ours.split("."):
        case ["words", "weight"]:
            return "token_embd.weight", "output.weight"
        case ["norm", "weight"]:
            return ("output_norm.weight",)
        case ["layers", index, part, "weight"] if part in theirs:
            return (f"blk.{index}.{theirs[part]}.weight",)
    raise KeyError(ours)


@lru_cache(maxsize=1)
def tokenizer(gguf: Path) -> Tokenizer:
    """The tokenizer that a GGUF file brings: byte pairs over bytes, each digit alone.

    Raises:
        AssetError: when the file has none.
        MissingPackage: when tokenizers or gguf is not installed.
    """
    required(ASSET, tokenizers="tokenizers", gguf="gguf")
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = _read(gguf).fields
    try:
        words, kinds, merges = (
            fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges")
        )
    except KeyError as error:
        raise AssetError(ASSET, f"'{gguf.name}' has no {error}", "Delete it, so that it is fetched again.") from error
    pairs = [tuple(merge.split(" ")) for merge in merges]
    made = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=pairs))
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    control = [word for word, kind in zip(words, kinds, strict=True) if kind == _CONTROL_TOKEN]
    made.add_special_tokens([AddedToken(word, special=True) for word in control])
    return made


def encoded(texts: Sequence[str], gguf: Path) -> list[list[int]]:
    """Numbers of each text's tokens."""
    return [one.ids for one in tokenizer(gguf).encode_batch(list(texts))]


def _read(gguf: Path) -> Any:
    from gguf import GGUFReader

    try:
        return GGUFReader(gguf)
    except (ValueError, OSError) as error:
        problem = f"'{gguf.name}' is no GGUF file ({error})"
        raise AssetError(ASSET, problem, "Delete it, so that it is fetched again.") from error
