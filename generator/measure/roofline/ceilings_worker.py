"""The most that one fresh process gets out of this machine: products of matrices, and copies of memory.

Run by path: reads one JSON object from standard input, writes one to standard output. It imports NumPy and the one
package that it measures, and takes the best repetition of each thing, as STREAM does: others can only slow it down.

    {"runtime": "torch", "threads": 1, "cores": [0], "matrices": {"fp32": null}, "working_sets": [1048576]}
    {"runtime": "onnxruntime", "threads": 1, "cores": [0], "matrices": {"int8": {"256": "folder/int8-256.onnx"}}}

    -> {"version": "2.13.0", "found": [{"kind": ..., "precision": ..., "size": ..., "per_second": ...}], "unknown": {}}
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

SIDES = (256, 512, 1024, 2048)
LEAST_S = 0.25
"""Time for which each thing is repeated."""

LONGEST_CALL_S = 0.15
"""A larger matrix is not tried when one product of it would take longer."""


def best_s(run: Callable[[], Any]) -> float:
    """Shortest repetition, in seconds."""
    run()
    best, spent = float("inf"), 0.0
    while spent < LEAST_S:
        begin = time.perf_counter()
        run()
        took = time.perf_counter() - begin
        best, spent = min(best, took), spent + took
    return best


def best_product(product: Callable[[int], Callable[[], Any]], sides: tuple[int, ...]) -> tuple[int, float]:
    """Side of the square matrices that are multiplied fastest, and FLOP/s at it."""
    fastest = (0, 0.0)
    for side in sides:
        flops = 2.0 * side**3
        if fastest[1] and flops / fastest[1] > LONGEST_CALL_S:
            break
        per_second = flops / best_s(product(side))
        fastest = max(fastest, (side, per_second), key=lambda one: one[1])
    return fastest


def matrices(products: dict[str, Callable[[int], Callable[[], Any]]], item: dict[str, int]) -> tuple[list[Any], Any]:
    """Measure products in each number format; a format that is refused gets its reason."""
    found, unknown = [], {}
    for precision, product in products.items():
        try:
            side, per_second = best_product(product, SIDES)
        except (RuntimeError, NotImplementedError, ValueError, KeyError, TypeError) as error:
            unknown[precision] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            continue
        found.append(
            {
                "kind": "matrix product",
                "precision": precision,
                "size": f"{side} x {side} x {side}",
                "working_set_bytes": 2 * side * side * item[precision] + 4 * side * side,
                "per_second": per_second,
            }
        )
    return found, unknown


def with_torch(command: dict[str, Any]) -> dict[str, Any]:
    """Products in fp32, bf16 and int8; copies and triads over each working set."""
    import torch

    torch.set_num_threads(command["threads"])
    torch.set_num_interop_threads(1)

    def floating(kind: Any) -> Callable[[int], Callable[[], Any]]:
        def product(side: int) -> Callable[[], Any]:
            a, b = torch.rand(side, side).to(kind), torch.rand(side, side).to(kind)
            out = torch.empty(side, side, dtype=kind)
            return lambda: torch.mm(a, b, out=out)

        return product

    def integer(side: int) -> Callable[[], Any]:
        a, b = (torch.randint(-100, 100, (side, side), dtype=torch.int8) for _ in "ab")
        return lambda: torch._int_mm(a, b)

    known = {"fp32": floating(torch.float32), "bf16": floating(torch.bfloat16), "int8": integer}
    with torch.inference_mode():
        found, unknown = matrices(
            {name: known[name] for name in command["matrices"]}, {"fp32": 4, "bf16": 2, "int8": 1}
        )
        for working_set in command.get("working_sets", ()):
            found += memory(torch, working_set)
    return {"version": f"torch {torch.__version__}", "found": found, "unknown": unknown}


def memory(torch: Any, working_set: int) -> list[dict[str, Any]]:
    """Copy two arrays, and add three, that fill the working set together. Bytes count as STREAM counts them."""
    found = []
    for kind, arrays in (("copy", 2), ("triad", 3)):
        length = working_set // arrays // 4
        given = [torch.ones(length) for _ in range(arrays)]
        if kind == "copy":
            took = best_s(partial(given[0].copy_, given[1]))
        else:
            took = best_s(partial(torch.add, given[1], given[2], alpha=3.0, out=given[0]))
        moved = arrays * length * 4
        size = f"{arrays} arrays of {length * 4} bytes"
        found.append(
            {"kind": kind, "precision": None, "size": size, "working_set_bytes": moved, "per_second": moved / took}
        )
    return found


def with_onnxruntime(command: dict[str, Any]) -> dict[str, Any]:
    """Products of a fed matrix with a constant one, from the files that the command names by format and side."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = command["threads"], 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4

    def product_of(files: dict[str, str], kind: Any) -> Callable[[int], Callable[[], Any]]:
        def product(side: int) -> Callable[[], Any]:
            session = ort.InferenceSession(files[str(side)], options, providers=["CPUExecutionProvider"])
            feed = {"a": np.random.default_rng(0).integers(0, 100, (side, side)).astype(kind)}
            return lambda: session.run(None, feed)

        return product

    kinds: dict[str, Any] = {"fp32": np.float32, "int8": np.uint8}
    products = {name: product_of(files, kinds[name]) for name, files in command["matrices"].items()}
    found, unknown = matrices(products, {"fp32": 4, "int8": 1})
    return {"version": f"onnxruntime {ort.__version__}", "found": found, "unknown": unknown}


def main() -> None:
    """Answer one command; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    command = json.loads(sys.stdin.read())
    if command["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, command["cores"])
    measure = {"torch": with_torch, "onnxruntime": with_onnxruntime}[command["runtime"]]
    json.dump(measure(command), answers)
    answers.close()


if __name__ == "__main__":
    main()
