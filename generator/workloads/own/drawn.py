"""Inputs that nobody gave, drawn by type and name: token ids of the vocabulary, masks of ones, pictures from 0 to 1."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.workloads.own.axes import PICTURE_AXES, STATE, Sizes
from generator.workloads.own.graph import Graph, Port

SAMPLE_RATE = 16_000

_MASK = re.compile(r"mask|attention")
_SEGMENT = re.compile(r"token_type|segment|type_ids")
_PLACE = re.compile(r"position|pos_ids")
_RATE = re.compile(r"^sr$|sampl\w*_?rate")
_LENGTHS = re.compile(r"len")

_WITHOUT_TABLE = 2
"""Whole numbers below this are drawn where no table tells how many there are."""

_BYTE = 256


def drawn(graph: Graph, sizes: Sizes, index: int, seed: int) -> dict[str, NDArray[Any]]:
    """Inputs of one sample: the same for the same seed and index, another one for each index."""
    return {port.name: _values(port, sizes.shapes, index, seed) for port in graph.inputs}


def told(port: Port) -> str:
    """What is drawn for an input, in words."""
    name, kind = port.name.lower(), np.dtype(port.dtype).kind
    if kind == "b":
        return "false" if STATE.search(name) else "true"
    if _RATE.search(name):
        return f"{SAMPLE_RATE}"
    if _MASK.search(name):
        return "ones"
    if _SEGMENT.search(name) or STATE.search(name):
        return "zeros"
    if kind in "iu" and _PLACE.search(name):
        return "0, 1, 2, ..."
    if kind in "iu" and _LENGTHS.search(name):
        return "the longest length"
    if port.dtype == "uint8":
        return "bytes at random"
    if kind in "iu":
        return f"0 to {_most(port)} at random"
    return "0 to 1 at random" if _is_picture(port) else "normal at random"


def _most(port: Port) -> int:
    return (port.table or _WITHOUT_TABLE) - 1


def _is_picture(port: Port) -> bool:
    return port.axes is not None and len(port.axes) == PICTURE_AXES


def _values(port: Port, shapes: Mapping[str, tuple[int, ...]], index: int, seed: int) -> NDArray[Any]:
    name, dtype, shape = port.name.lower(), np.dtype(port.dtype), shapes[port.name]
    if dtype.kind == "b":
        return np.full(shape, not STATE.search(name), dtype)
    if _RATE.search(name):
        return np.full(shape, SAMPLE_RATE, dtype)
    if _MASK.search(name):
        return np.ones(shape, dtype)
    if _SEGMENT.search(name) or STATE.search(name):
        return np.zeros(shape, dtype)
    if dtype.kind in "iu" and _PLACE.search(name):
        return np.broadcast_to(np.arange(shape[-1] if shape else 1, dtype=dtype), shape).copy()
    if dtype.kind in "iu" and _LENGTHS.search(name):
        longest = max((one[1] for one in shapes.values() if len(one) > 1), default=1)
        return np.full(shape, longest, dtype)
    # The name enters by a checksum that is the same in every process, unlike Python's hash.
    chance = np.random.default_rng((seed, index, zlib.crc32(port.name.encode())))
    if dtype == np.uint8:
        return chance.integers(_BYTE, size=shape, dtype=np.uint8)
    if dtype.kind in "iu":
        return chance.integers(_most(port) + 1, size=shape).astype(dtype)
    values = chance.random(shape) if _is_picture(port) else chance.standard_normal(shape)
    return np.asarray(values).astype(dtype)
