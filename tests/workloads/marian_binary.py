"""Writes the binary form of Marian's models, from its description in marian-dev's src/common/binary.cpp."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

FLOAT32, INTGEMM8 = 0x0404, 0x4101
MULTIPLIER = 64.0


def quantized(name: str, matrix: NDArray[np.float32]) -> bytes:
    """A matrix in 8 bits, transposed unless it is looked up in, with its multiplier and padding after it."""
    numbers = np.round((matrix if name == "Wemb" else matrix.T) * MULTIPLIER).astype(np.int8)
    return numbers.tobytes() + struct.pack("<f", MULTIPLIER) + bytes(252)


def binary(tensors: Mapping[str, tuple[int, tuple[int, ...], bytes]], version: int = 1) -> bytes:
    """Type, shape and bytes of each tensor, as a file."""
    names = [name.encode() + b"\0" for name in tensors]
    parts = [struct.pack("<QQ", version, len(tensors))]
    parts += [
        struct.pack("<QQQQ", len(name), kind, len(shape), len(data))
        for name, (kind, shape, data) in zip(names, tensors.values(), strict=True)
    ]
    parts += names
    parts += [struct.pack(f"<{len(shape)}i", *shape) for _, shape, _ in tensors.values()]
    padding = -(sum(map(len, parts)) + 8) % 256
    parts += [struct.pack("<Q", padding), bytes(padding)]
    return b"".join([*parts, *(data for _, _, data in tensors.values())])


def float32(array: NDArray[np.float32]) -> tuple[int, tuple[int, ...], bytes]:
    """A tensor of 32 bits."""
    return FLOAT32, array.shape, array.astype(np.float32).tobytes()


def int8(name: str, matrix: NDArray[np.float32]) -> tuple[int, tuple[int, ...], bytes]:
    """A matrix of 8 bits."""
    return INTGEMM8, matrix.shape, quantized(name, matrix)


def student(vocabulary: int, width: int, inner: int, encoder_layers: int, decoder_layers: int) -> bytes:
    """A student with random weights that are multiples of 1/64."""
    chance = np.random.default_rng(0)

    def some(*shape: int) -> NDArray[np.float32]:
        return (chance.integers(-60, 61, shape) / MULTIPLIER).astype(np.float32)

    tensors: dict[str, tuple[int, tuple[int, ...], bytes]] = {}

    def matrix(name: str, *shape: int) -> None:
        tensors[name] = int8(name, some(*shape))
        tensors[f"{name}_QuantMultA"] = float32(np.ones((1, 1), np.float32))

    def linear(prefix: str, mark: str, rows: int, columns: int) -> None:
        matrix(f"{prefix}_W{mark}", rows, columns)
        tensors[f"{prefix}_b{mark}"] = float32(some(1, columns))

    def norm(prefix: str) -> None:
        tensors[f"{prefix}_ln_scale"] = float32(some(1, width))
        tensors[f"{prefix}_ln_bias"] = float32(some(1, width))

    def attention(prefix: str) -> None:
        for mark in "qkvo":
            linear(prefix, mark, width, width)
        norm(f"{prefix}_Wo")

    def feed_forward(prefix: str) -> None:
        linear(prefix, "1", width, inner)
        linear(prefix, "2", inner, width)
        norm(f"{prefix}_ffn")

    matrix("Wemb", vocabulary, width)
    tensors["decoder_ff_logit_out_b"] = float32(some(1, vocabulary))
    for layer in range(1, encoder_layers + 1):
        attention(f"encoder_l{layer}_self")
        feed_forward(f"encoder_l{layer}_ffn")
    for layer in range(1, decoder_layers + 1):
        matrix(f"decoder_l{layer}_rnn_W", width, width)
        linear(f"decoder_l{layer}_rnn", "f", width, width)
        norm(f"decoder_l{layer}_rnn_ffn")
        attention(f"decoder_l{layer}_context")
        feed_forward(f"decoder_l{layer}_ffn")
    tensors["special:model.yml"] = (0x0101, (5,), b"model")
    return binary(tensors)
