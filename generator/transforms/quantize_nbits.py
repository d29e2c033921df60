"""ONNX to weights of 4 or 8 bits with ONNX Runtime's own quantizer.

The file has weights in few bits and nothing else; what multiplies them may be rounded as well, by the kernel
(`accuracy_level` below) or by another runtime as it sees fit.

What it does to the weights: the rows of each matrix that a MatMul multiplies by are cut into blocks of `block_size`
inputs, an output each. The weights of a block are rounded to 16 levels (256 with 8 bits): `(level - zero point) *
scale`, with an fp32 scale and a zero point a block, which reach from its least to its largest weight (with `symmetric`
the zero point is the middle level). Blocks of 32 in 4 bits make 5.1 bits a weight. Nothing is calibrated: weights are
rounded to the nearest level.

With `accuracy_level` 4 the kernel rounds the other factor to 8 bits as well, block by block as the query comes, and
adds products of integers; with 0 the kernel widens the weights to fp32 as it goes.

Measured with SmolLM2-135M on 6 texts of 128 tokens and a processor with AVX2 and no VNNI, one thread, processor time of
a pass over one token; fp32 has 52 ms and perplexity 34.3:

    8 bits, symmetric, accuracy_level 4   19 ms   34.3
    4 bits, accuracy_level 4              15 ms   50.9
    4 bits, accuracy_level 0              57 ms   50.2   (so it is the weights that cost quality, not the other factor)
    quantize_dynamic, uint8 weights       21 ms   54.5   (one scale for all that enters a matrix)
    quantize_dynamic, int8 weights        16 ms   useless: sums of uint8 by int8 overflow without VNNI

Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html (section "Quantize to Int4/UInt4")
and the operator MatMulNBits of com.microsoft, which runs the result.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.core.definition import Option
from generator.core.errors import DefinitionError, PreparationError
from generator.core.packages import required
from generator.core.problem import Problem
from generator.transforms.graph import all_nodes, load_graph, opset_of, save_tidied
from generator.transforms.step import Recipe, quiet
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, Workload

NAME = "quantize_nbits"

DEFAULT_BITS = 4
DEFAULT_BLOCK, SMALLEST_BLOCK, LARGEST_BLOCK = 32, 16, 256
EIGHT_BITS_LEVEL = 4
"""The operator's number for "round the other factor to 8 bits"; it has numbers for fp32 and fp16 too."""

_OPERATOR = "MatMulNBits"


def quantize_nbits(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a graph whose matrices are in few bits.

    Options: `bits` (4, or 8), `block_size` (32; a power of two from 16 to 256), `symmetric` (false), `accuracy_level`
    (4, or 0).

    Raises:
        DefinitionError: when an option is wrong.
        PreparationError: when the input is no ONNX artifact, or has no matrix to quantize.
        MissingPackage: when onnx, onnxruntime or onnx_ir is not installed.
    """
    if artifact.format != "onnx":
        raise PreparationError(NAME, f"its input is '{artifact.format}', not 'onnx'", "Put export_onnx before it.")
    versions = required(NAME, onnx="onnx", onnxruntime="onnxruntime", onnx_ir="onnx-ir")
    where = f"transform '{NAME}'"
    chosen = Options(where, options)
    bits = chosen.whole("bits", DEFAULT_BITS, 4, 8)
    block = chosen.whole("block_size", DEFAULT_BLOCK, SMALLEST_BLOCK, LARGEST_BLOCK)
    level = chosen.whole("accuracy_level", EIGHT_BITS_LEVEL, 0, EIGHT_BITS_LEVEL)
    for name, value, allowed, remedy in (
        ("bits", bits, bits in (4, 8), "Write 4 or 8."),
        ("block_size", block, block.bit_count() == 1, f"Write a power of two, such as {DEFAULT_BLOCK}."),
        ("accuracy_level", level, level in (0, EIGHT_BITS_LEVEL), f"Write {EIGHT_BITS_LEVEL} or 0."),
    ):
        if not allowed:
            raise DefinitionError(where, [Problem(f"option '{name}' is {value}", remedy)])
    symmetric = chosen.yes("symmetric", False)

    def make(path: Path) -> Mapping[str, str]:
        quantized = _quantized(artifact.path, bits, block, symmetric, level)
        save_tidied(quantized, path)
        count = sum(node.op_type == _OPERATOR for node in all_nodes(quantized.graph))
        return {
            "activations": "int8, scaled for each block" if level == EIGHT_BITS_LEVEL else "fp32",
            "weights": f"int{bits}, blocks of {block}, {'symmetric' if symmetric else 'with zero points'}",
            "opset": str(opset_of(quantized)),
            "operators quantized": f"{count} {_OPERATOR}",
        }

    key = {"bits": bits, "block_size": block, "symmetric": symmetric, "accuracy_level": level, "packages": versions}
    return Recipe("onnx", ".onnx", key, make)


def _quantized(source: Path, bits: int, block: int, symmetric: bool, level: int) -> Any:
    graph = load_graph(source)
    try:
        with quiet(), _logging_as_it_was():
            from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

            quantizer = MatMulNBitsQuantizer(
                graph, bits=bits, block_size=block, is_symmetric=symmetric, accuracy_level=level
            )
            quantizer.process()
    except Exception as error:
        # ONNX Runtime's quantizer raises a dozen unrelated error types.
        problem = f"the graph cannot be quantized ({type(error).__name__}: {error})".replace("\n", " ")
        raise PreparationError(NAME, problem[:500], "Try another block size.") from error
    quantized = quantizer.model.model
    if not any(node.op_type == _OPERATOR for node in all_nodes(quantized.graph)):
        raise PreparationError(NAME, "no MatMul of the graph has constant weights", "Leave the transform out.")
    return quantized


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Undo what the quantizer's import does: it sets up logging for the whole program."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
