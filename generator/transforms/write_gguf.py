"""A decoder's weights to a GGUF file, the form that llama.cpp and all that is built on it read.

One file for three years of readers: the embeddings stand in it a second time as the output's matrix, because llama.cpp
of 2023 wants them there, and the tokenizer is a placeholder, because token numbers go in and out. Matrices are rounded
by the package gguf's own code in blocks of 32 weights; the norms stay in fp32.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.core.definition import Option
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.core.record_variant import READ_NOTE
from generator.transforms.step import Recipe
from generator.workloads.networks import smollm2
from generator.workloads.networks.architectures import architecture_of, load_module
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, Workload

NAME = "write_gguf"

FORMATS = ("q4_0", "q4_1", "q8_0", "f16", "f32")
"""Values of the option `weights`; the first is the default."""

EMBEDDINGS = "token_embd.weight"

VERSION = 1
"""Raised when the file made of the same weights changes."""


def write_gguf(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a GGUF file. Option: `weights`, one of `FORMATS`.

    Raises:
        DefinitionError: when the option is wrong.
        PreparationError: when the input is no decoder's weights.
        MissingPackage: when gguf, torch or safetensors is not installed.
    """
    if artifact.format != "pytorch" or architecture_of(artifact.path) != smollm2.ARCHITECTURE:
        raise PreparationError(NAME, "its input is no decoder's weights", "Make it the first transform.")
    versions = required(NAME, gguf="gguf", torch="torch", safetensors="safetensors")
    weights = Options(f"transform '{NAME}'", options).only("weights").word("weights", *FORMATS)

    def make(path: Path) -> Mapping[str, str]:
        read = _write(artifact.path, path, weights)
        return {"GGUF": f"{weights}, blocks of 32" if weights.startswith("q") else weights, READ_NOTE: str(read)}

    return Recipe("gguf", ".gguf", {"weights": weights, "version": VERSION, **versions}, make)


def _write(source: Path, path: Path, weights: str) -> int:
    """Write the file, and return the bytes of the weights that a token needs: all but the table of embeddings."""
    import gguf
    import numpy as np
    from gguf.quants import quantize

    module: Any = load_module(source)
    kind = gguf.GGMLQuantizationType[weights.upper()]
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, module)
    read = 0
    for name, tensor in module.state_dict().items():
        values = tensor.numpy().astype(np.float32)
        chosen = kind if values.ndim > 1 else gguf.GGMLQuantizationType.F32
        stored = quantize(values, chosen)
        for theirs in smollm2.gguf_names(name):
            writer.add_tensor(theirs, stored, raw_dtype=chosen)
            read += 0 if theirs == EMBEDDINGS else stored.nbytes
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read


def _describe(writer: Any, module: Any) -> None:
    """Sizes, and a tokenizer that no text goes through: as many tokens as there are, the bytes among them."""
    from gguf import TokenType

    shape = module.layers[0].shape
    writer.add_name("decoder")
    writer.add_context_length(smollm2.CONTEXT_TOKENS)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rotation_base)
    special = [("<unk>", TokenType.UNKNOWN), ("<s>", TokenType.CONTROL), ("</s>", TokenType.CONTROL)]
    known = [*special, *((f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256))]
    known += [(f"token{number}", TokenType.NORMAL) for number in range(len(known), shape.vocabulary)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([name for name, _ in known[: shape.vocabulary]])
    writer.add_token_scores([0.0] * shape.vocabulary)
    writer.add_token_types([int(kind) for _, kind in known[: shape.vocabulary]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
