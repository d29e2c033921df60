"""What bounds every variant on this machine: products of matrices and memory bandwidth, measured once and kept.

Each is measured in several fresh processes, pinned like workers, with one thread and with as many as the measurement
uses. The kernel that ran is read from the libraries' own logs, in a further process that is not timed.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from generator.core.cache import Cache, file_sha256
from generator.core.record import Ceiling, Ceilings, SystemDescription
from generator.measure.cores import available_cores, drawn
from generator.measure.events import Listener, Preparing, silent
from generator.measure.process import controls
from generator.measure.roofline import ceilings_worker

PROCESSES = 3
"""Fresh processes in which each thing is measured."""

TIMEOUT_S = 180.0
MATRICES: Mapping[str, tuple[str, ...]] = {"torch": ("fp32", "bf16", "int8"), "onnxruntime": ("fp32", "int8")}
"""Number formats whose products each runtime multiplies."""

NO_BF16 = "ONNX Runtime multiplies no bf16 matrices on processors"

SMALLEST_WORKING_SET = 1 << 20
_VERBOSE = {"ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"}

Run = Callable[[Mapping[str, Any], Mapping[str, str]], str]
"""Runs the script with a command and environment variables; returns what it wrote. RuntimeError with its reason."""


def machine_ceilings(
    threads: int, cache: Cache, system: SystemDescription, tell: Listener = silent, run: Run | None = None
) -> Ceilings:
    """The machine's ceilings with one thread and with so many, from the cache or measured now (about a minute).

    Args:
        threads: of the measurement.
        cache: keeps them under the machine, the packages' versions and the code.
        system: this machine.
        tell: gets the progress.
        run: runs the script; tests bring their own.
    """
    key: Mapping[str, object] = {
        "system": system.fingerprint(),
        "threads": threads,
        "packages": {name: _version(name) for name in MATRICES},
        "code": [file_sha256(Path(module)) for module in (__file__, ceilings_worker.__file__)],
    }

    def write(path: Path) -> Mapping[str, str]:
        found = _Measuring(path.parent, tell, run or run_script).measured(threads)
        path.write_text(found.model_dump_json() + "\n", "utf-8")
        return {}

    path, _ = cache.built("ceilings", key, ".json", write)
    return Ceilings.model_validate_json(path.read_text("utf-8"))


@dataclass(slots=True)
class _Measuring:
    folder: Path
    tell: Listener
    run: Run

    def measured(self, threads: int) -> Ceilings:
        found, unknown = list[Ceiling](), dict[str, str]()
        runtimes = [name for name in MATRICES if _version(name)]
        unknown |= {name: "it is not installed" for name in MATRICES if name not in runtimes}
        if "onnxruntime" in runtimes:
            unknown["bf16 with onnxruntime"] = NO_BF16
        counts = sorted({1, threads})
        for step, (runtime, count) in enumerate([(r, c) for r in runtimes for c in counts]):
            self.tell(Preparing("machine ceilings", step, len(runtimes) * len(counts)))
            try:
                found += self._of(runtime, count, unknown)
            except (RuntimeError, ImportError) as error:
                unknown[f"{runtime}, {count} threads"] = str(error)[:1000]
        return Ceilings(measured_at=datetime.now(UTC).replace(microsecond=0), found=tuple(found), unknown=unknown)

    def _of(self, runtime: str, threads: int, unknown: dict[str, str]) -> list[Ceiling]:
        command = {"runtime": runtime, "threads": threads, "matrices": self._matrices(runtime)}
        if runtime == "torch":
            command["working_sets"] = working_sets()
        answers = [json.loads(self.run({**command, "cores": _cores(threads)}, {})) for _ in range(PROCESSES)]
        unknown |= {f"{name} with {runtime}": reason for name, reason in answers[0]["unknown"].items()}
        kernels = self._kernels(runtime, command, threads)
        return _merged(answers, threads, kernels)

    def _matrices(self, runtime: str) -> dict[str, Any]:
        if runtime == "torch":
            return dict.fromkeys(MATRICES["torch"])
        return {
            precision: {str(side): str(write_product(self.folder, precision, side)) for side in ceilings_worker.SIDES}
            for precision in MATRICES["onnxruntime"]
        }

    def _kernels(self, runtime: str, command: Mapping[str, Any], threads: int) -> dict[str, str]:
        """Kernel of each number format, from a process that logs what its libraries run."""
        if runtime == "onnxruntime":
            return dict.fromkeys(MATRICES[runtime], "MLAS")
        kernels = dict[str, str]()
        for precision in MATRICES[runtime]:
            quick = {**command, "matrices": {precision: None}, "working_sets": [], "cores": _cores(threads)}
            try:
                kernels[precision] = kernel_of(self.run(quick, _VERBOSE))
            except RuntimeError:
                continue
        return {precision: kernel for precision, kernel in kernels.items() if kernel}


def kernel_of(log: str) -> str:
    """Library and kernel that a log of oneDNN or MKL names for products of matrices; nothing where it names none."""
    if found := re.search(r"^onednn_verbose,(?:v\d,)?(?:primitive,)?exec,cpu,(\w+),([^,]*),", log, re.MULTILINE):
        return f"oneDNN {found[2] or found[1]}"
    if found := re.search(r"^MKL_VERBOSE (\w*GEMM\w*)\(", log, re.MULTILINE):
        return f"MKL {found[1]}"
    return ""


def working_sets() -> tuple[int, ...]:
    """Bytes over which bandwidth is measured: from 1 MiB in steps of four to beyond the largest cache, as far as an
    eighth of the memory goes.
    """
    import psutil

    most = min(2 * _largest_cache(), psutil.virtual_memory().total // 8)
    sizes = [SMALLEST_WORKING_SET]
    while sizes[-1] * 4 < most:
        sizes.append(sizes[-1] * 4)
    return (*sizes, most) if most > sizes[-1] else tuple(sizes)


def write_product(folder: Path, precision: str, side: int) -> Path:
    """An ONNX graph that multiplies a fed matrix with a constant one: float by float, or uint8 by int8 to int32."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    integer = precision == "int8"
    values = np.random.default_rng(1).integers(-100, 100, (side, side))
    constant = numpy_helper.from_array(values.astype(np.int8 if integer else np.float32), "b")
    kind, result = (TensorProto.UINT8, TensorProto.INT32) if integer else (TensorProto.FLOAT, TensorProto.FLOAT)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger" if integer else "MatMul", ["a", "b"], ["y"])],
        "product",
        [helper.make_tensor_value_info("a", kind, [side, side])],
        [helper.make_tensor_value_info("y", result, [side, side])],
        [constant],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / f"product-{precision}-{side}.onnx"
    onnx.save(model, path)
    return path


def run_script(command: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Run the script in a fresh process.

    Raises:
        RuntimeError: when it fails or takes too long, with its last line.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", ceilings_worker.__file__],
            input=json.dumps(command),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env={**os.environ, **controls(command["threads"]), **environment},
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"it took longer than {TIMEOUT_S:g} s") from error
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1])
    return done.stderr if environment else done.stdout


def _merged(answers: Sequence[Mapping[str, Any]], threads: int, kernels: Mapping[str, str]) -> list[Ceiling]:
    """One ceiling for each thing, with a value of each process."""
    merged = []
    for place, first in enumerate(answers[0]["found"]):
        same = [answer["found"][place] for answer in answers]
        merged.append(
            Ceiling(
                kind=first["kind"],
                precision=first["precision"],
                threads=threads,
                runtime=answers[0]["version"],
                kernel=kernels.get(first["precision"] or ""),
                size=", ".join(dict.fromkeys(one["size"] for one in same)),
                working_set_bytes=first["working_set_bytes"],
                per_second=tuple(float(f"{one['per_second']:.6g}") for one in same),
            )
        )
    return merged


def _cores(threads: int) -> list[int]:
    return sorted(drawn(available_cores(), threads, random.Random()))


def _largest_cache() -> int:
    """Bytes of the first processor's largest cache; 32 MiB where the system does not tell."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        if found := re.fullmatch(r"(\d+)([KM])", path.read_text("ascii").strip()):
            sizes.append(int(found[1]) << (10 if found[2] == "K" else 20))
    return max(sizes, default=32 << 20)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
