"""ceilings: what bounds a machine, with a script that answers beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.core.cache import Cache
from generator.core.record import SystemDescription
from generator.measure.roofline import ceilings
from generator.measure.roofline.ceilings import kernel_of, machine_ceilings, working_sets

ONEDNN = (
    "onednn_verbose,v1,info,cpu,runtime:OpenMP,nthr:1\n"
    "onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx10_1_512_amx,undef,src:bf16::blocked:ab::f0,,,8x8:8x8,1.7\n"
)


class Script:
    """Stands for the fresh processes: each one is a little faster than the one before."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def __call__(self, command: Mapping[str, Any], environment: Mapping[str, str]) -> str:
        if environment:
            return ONEDNN if "bf16" in command["matrices"] else ""
        self.commands.append(dict(command))
        found = [
            {"kind": "matrix product", "precision": name, "size": "8 x 8 x 8", "working_set_bytes": 1, "per_second": 1e9 * len(self.commands)}
            for name in command["matrices"] if name != "int8" or command["runtime"] != "torch"
        ]  # fmt: skip
        found += [{"kind": "copy", "precision": None, "size": "s", "working_set_bytes": n, "per_second": 2e9} for n in command.get("working_sets", ())]  # fmt: skip
        unknown = {"int8": "NotImplementedError: no"} if command["runtime"] == "torch" else {}
        return json.dumps({"version": f"{command['runtime']} 1", "found": found, "unknown": unknown})


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(ceilings, "_version", lambda package: "1")


@pytest.mark.usefixtures("installed")
def test_each_thing_is_measured_in_three_fresh_processes_with_each_number_of_threads(
    tmp_path: Path, system: SystemDescription
) -> None:
    """One thread and the measurement's; a value a process, all of them in the record; what is refused has its reason."""
    script = Script()
    found = machine_ceilings(2, Cache(tmp_path), system, run=script)
    asked = [(command["runtime"], command["threads"]) for command in script.commands]
    assert {one: asked.count(one) for one in asked} == {(r, n): 3 for r in ("torch", "onnxruntime") for n in (1, 2)}
    first = next(one for one in found.found if one.precision == "bf16" and one.threads == 1)
    assert first.per_second == (1e9, 2e9, 3e9)
    assert (first.runtime, first.kernel) == ("torch 1", "oneDNN brg_matmul:avx10_1_512_amx")
    assert found.unknown["int8 with torch"] == "NotImplementedError: no"
    assert "bf16 with onnxruntime" in found.unknown
    assert {one.working_set_bytes for one in found.found if one.kind == "copy"} == set(working_sets())


@pytest.mark.usefixtures("installed")
def test_ceilings_are_measured_once_a_machine(tmp_path: Path, system: SystemDescription) -> None:
    """The second run takes them from the cache; another number of threads, or another machine, is measured anew."""
    first = machine_ceilings(1, Cache(tmp_path), system, run=Script())
    again = Script()
    assert machine_ceilings(1, Cache(tmp_path), system, run=again) == first
    assert again.commands == []
    machine_ceilings(1, Cache(tmp_path), system.model_copy(update={"architecture": "aarch64"}), run=again)
    assert again.commands


@pytest.mark.usefixtures("installed")
def test_a_runtime_that_fails_ends_nothing(tmp_path: Path, system: SystemDescription) -> None:
    """Its ceilings are missing, with the reason; the run goes on."""

    def failing(command: Mapping[str, Any], environment: Mapping[str, str]) -> str:
        if command["runtime"] == "torch":
            raise RuntimeError("it took longer than 180 s")
        return Script()(command, environment)

    found = machine_ceilings(1, Cache(tmp_path), system, run=failing)
    assert found.unknown["torch, 1 threads"] == "it took longer than 180 s"
    assert {one.runtime for one in found.found} == {"onnxruntime 1"}


@pytest.mark.parametrize(
    ("log", "kernel"),
    [
        (ONEDNN, "oneDNN brg_matmul:avx10_1_512_amx"),
        ("onednn_verbose,v1,primitive,exec,cpu,gemm_api,,undef,src_s8,,,256x256:256x256,7.9\n", "oneDNN gemm_api"),
        ("MKL_VERBOSE oneMKL 2024\nMKL_VERBOSE SGEMM(N,N,1024,...) 18.53ms\n", "MKL SGEMM"),
        ("nothing of the kind\n", ""),
    ],
    ids=["oneDNN", "oneDNN without a name", "MKL", "neither"],
)
def test_kernels_are_read_from_the_libraries_own_logs(log: str, kernel: str) -> None:
    """What ran is what the library says ran."""
    assert kernel_of(log) == kernel


def test_working_sets_reach_beyond_the_largest_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1 MiB in steps of four to twice the last cache, so that one of them measures the memory itself."""
    monkeypatch.setattr(ceilings, "_largest_cache", lambda: 24 << 20)
    assert [size >> 20 for size in working_sets()] == [1, 4, 16, 48]


@pytest.mark.slow
def test_the_script_multiplies_and_copies_in_a_fresh_process(tmp_path: Path) -> None:
    """Really run, on small matrices: rates are positive, and what the runtime refuses has a reason."""
    pytest.importorskip("torch")
    command = {"runtime": "torch", "threads": 1, "cores": [], "matrices": {"fp32": None}, "working_sets": [1 << 20]}
    answer = json.loads(ceilings.run_script(command, {}))
    assert [one["kind"] for one in answer["found"]] == ["matrix product", "copy", "triad"]
    assert all(one["per_second"] > 1e6 for one in answer["found"])
    pytest.importorskip("onnxruntime")
    files = {str(side): str(ceilings.write_product(tmp_path, "int8", side)) for side in (256, 512, 1024, 2048)}
    command = {"runtime": "onnxruntime", "threads": 1, "cores": [], "matrices": {"int8": files}}
    assert json.loads(ceilings.run_script(command, {}))["found"][0]["per_second"] > 1e6
    with pytest.raises(RuntimeError, match="KeyError"):
        ceilings.run_script({**command, "runtime": "none"}, {})
