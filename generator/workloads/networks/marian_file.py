"""Weights in the binary form of Marian's 8-bit models, widened to fp32 and named as `marian.Translator` names them.

The file: version and count (uint64); for each tensor the lengths of its name and shape, its type and its bytes
(uint64); all names; all shapes (int32); padding; all tensors. Source: marian-nmt/marian-dev, src/common/binary.cpp.
An 8-bit matrix is stored transposed, with one multiplier after it: number = integer / multiplier.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import AssetError

END = 0
"""Number of the token that ends a sentence, in source and translation."""

_FLOAT32 = 0x0404
_INTGEMM8 = 0x4101
"""The class "intgemm" (0x4000) with 8 bits (0x0101)."""

_EMBEDDING = "Wemb"
"""The one 8-bit matrix that is not stored transposed: its rows are looked up."""

_State = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    kind: int
    shape: tuple[int, ...]
    data: bytes


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Tensors by Marian's names; multipliers of activations and the configuration are left out.

    Raises:
        AssetError: when the file has another form.
    """
    try:
        items = list(_items(path.read_bytes()))
        return {item.name: _numbers(item) for item in items if _is_weight(item.name)}
    except (struct.error, ValueError, UnicodeDecodeError, OverflowError) as error:
        problem = f"'{path.name}' is no Marian model ({type(error).__name__}: {error})"
        raise AssetError("marian", problem[:300], "Delete it, so that it is fetched again.") from error


def _is_weight(name: str) -> bool:
    return not name.startswith("special:") and not name.endswith("_QuantMultA")


def _items(data: bytes) -> Iterator[_Item]:
    version, count = struct.unpack_from("<QQ", data)
    if version != 1 or count > 10_000:
        raise ValueError(f"version {version} with {count} tensors")
    headers = [struct.unpack_from("<QQQQ", data, 16 + 32 * index) for index in range(count)]
    place = 16 + 32 * count
    names, shapes = list[str](), list[tuple[int, ...]]()
    for length, *_ in headers:
        names.append(data[place : place + length].rstrip(b"\0").decode())
        place += length
    for _, _, dimensions, _ in headers:
        shapes.append(struct.unpack_from(f"<{dimensions}i", data, place))
        place += 4 * dimensions
    (padding,) = struct.unpack_from("<Q", data, place)
    place += 8 + padding
    for name, shape, (_, kind, _, length) in zip(names, shapes, headers, strict=True):
        yield _Item(name, kind, shape, data[place : place + length])
        place += length


def _numbers(item: _Item) -> NDArray[np.float32]:
    count = int(np.prod(item.shape))
    if item.kind == _FLOAT32:
        return np.frombuffer(item.data, np.float32, count).reshape(item.shape)
    if item.kind != _INTGEMM8:
        raise ValueError(f"tensor '{item.name}' has type {item.kind:#x}")
    (multiplier,) = struct.unpack_from("<f", item.data, count)
    numbers = np.frombuffer(item.data, np.int8, count).astype(np.float32) / np.float32(multiplier)
    return numbers.reshape(item.shape) if item.name == _EMBEDDING else numbers.reshape(item.shape[::-1]).T


def named(weights: Mapping[str, NDArray[np.float32]], encoder_layers: int, decoder_layers: int) -> _State:
    """Weights as `marian.Translator` names them.

    Marian multiplies a row by a matrix, torch a matrix by a column, so that every matrix but the words' is turned. Keys
    and values of the source, a matrix each for every layer of the decoder, become one matrix.

    Raises:
        AssetError: when one is missing.
    """
    try:
        state = {"words.weight": weights[_EMBEDDING], "output_bias": weights["decoder_ff_logit_out_b"].reshape(-1)}
        for layer in range(encoder_layers):
            ours, theirs = f"encoder.{layer}", f"encoder_l{layer + 1}"
            state |= _linear(weights, f"{ours}.key", f"{theirs}_self", "k")
            state |= _linear(weights, f"{ours}.value", f"{theirs}_self", "v")
            state |= _attention(weights, f"{ours}.attention", f"{theirs}_self")
            state |= _feed_forward(weights, f"{ours}.feed_forward", f"{theirs}_ffn")
        heard = list[_State]()
        for layer in range(decoder_layers):
            ours, theirs = f"decoder.{layer}", f"decoder_l{layer + 1}"
            heard += [_linear(weights, "source", f"{theirs}_context", mark) for mark in "kv"]
            state[f"{ours}.write.weight"] = weights[f"{theirs}_rnn_W"].T
            state |= _linear(weights, f"{ours}.forget", f"{theirs}_rnn", "f")
            state |= _norm(weights, f"{ours}.norm", f"{theirs}_rnn_ffn")
            state |= _attention(weights, f"{ours}.attention", f"{theirs}_context")
            state |= _feed_forward(weights, f"{ours}.feed_forward", f"{theirs}_ffn")
        state |= {name: np.concatenate([one[name] for one in heard]) for name in heard[0]}
    except KeyError as error:
        problem = f"the model has no tensor {error}"
        raise AssetError("marian", problem, "It is no student of the kind that is known here.") from error
    return {name: np.array(array, order="C") for name, array in state.items()}


def _attention(weights: Mapping[str, NDArray[np.float32]], ours: str, theirs: str) -> _State:
    return (
        _linear(weights, f"{ours}.query", theirs, "q")
        | _linear(weights, f"{ours}.out", theirs, "o")
        | _norm(weights, f"{ours}.norm", f"{theirs}_Wo")
    )


def _feed_forward(weights: Mapping[str, NDArray[np.float32]], ours: str, theirs: str) -> _State:
    return (
        _linear(weights, f"{ours}.expand", theirs, "1")
        | _linear(weights, f"{ours}.contract", theirs, "2")
        | _norm(weights, f"{ours}.norm", f"{theirs}_ffn")
    )


def _linear(weights: Mapping[str, NDArray[np.float32]], ours: str, theirs: str, mark: str) -> _State:
    weight, bias = weights[f"{theirs}_W{mark}"].T, weights[f"{theirs}_b{mark}"].reshape(-1)
    return {f"{ours}.weight": weight, f"{ours}.bias": bias}


def _norm(weights: Mapping[str, NDArray[np.float32]], ours: str, theirs: str) -> _State:
    scale, bias = weights[f"{theirs}_ln_scale"].reshape(-1), weights[f"{theirs}_ln_bias"].reshape(-1)
    return {f"{ours}.weight": scale, f"{ours}.bias": bias}
