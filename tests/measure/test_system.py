"""system, processor, guest: every machine is described as what it is, from every shell; what is not seen is unknown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.core.definition import Variant
from generator.core.record import SystemDescription
from generator.measure import needs, processor, system
from generator.measure.guest import container_of, hypervisor_of
from generator.measure.processor import FLAGS_X86, of_sysctl, of_windows
from tests.measure.machines import ARM_UNTOLD_BY_WINDOWS, MACHINES, MACS, Machine

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", MACHINES, ids=lambda row: row.name)
def test_a_machine_is_described_as_what_it_is(row: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found, or unknown with its reason: never "has none" for what was not seen."""
    for name, text in row.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: row.machine)
    found = processor.read_processor(tmp_path)
    assert (found.name, found.family) == (row.processor, row.family)
    assert bool(found.untold) is row.untold
    assert row.has in found.flags if row.has else not found.flags
    hypervisor, why = hypervisor_of(found, tmp_path)
    assert hypervisor == row.hypervisor
    assert hypervisor or why == row.hypervisor_reason
    container, why = container_of(tmp_path, row.variables)
    assert container == row.container
    assert container or why == row.container_reason


def test_what_only_some_cores_have_does_not_count(tmp_path: Path) -> None:
    """A thread may land on each of them."""
    row = next(one for one in MACHINES if "differ" in one.name)
    assert "amx_int8" not in processor.of_cpuinfo(row.files["proc/cpuinfo"], "x86_64").flags


@pytest.mark.parametrize("name", MACS)
def test_a_mac_is_described_through_sysctl(name: str) -> None:
    """No program is asked."""
    values, flags, guest = MACS[name]
    found = of_sysctl(values.get)
    assert (found.flags, found.untold, found.hypervisor) == (flags, frozenset(), guest)
    assert found.name == values.get("machdep.cpu.brand_string")


def test_windows_says_what_it_can_and_the_rest_is_unknown() -> None:
    """It has no number for FMA, VNNI and AMX."""
    registry = {
        "ProcessorNameString": "12th Gen Intel(R) Core(TM) i7-1260P",
        "VendorIdentifier": "GenuineIntel",
        "Identifier": "Intel64 Family 6 Model 154 Stepping 3",
    }
    found = of_windows(registry, lambda number: number in {36, 37, 38, 39, 40}, "AMD64")
    assert (found.name, found.family) == ("12th Gen Intel(R) Core(TM) i7-1260P", "6-154-3")
    assert found.flags == {"ssse3", "sse4_1", "sse4_2", "avx", "avx2"}
    assert found.untold == FLAGS_X86 - found.flags - {"avx512f"}
    assert of_windows({}, lambda number: True, "ARM64").untold == ARM_UNTOLD_BY_WINDOWS
    assert of_windows({}, None, "AMD64").untold == FLAGS_X86


def test_the_machine_is_the_same_in_an_empty_environment() -> None:
    """Cron, systemd and `env -i` start a program without PATH, HOME and locale."""
    ask = "import sys; sys.path.insert(0, sys.argv[1]); from generator.measure.system import describe_system as d; "
    ask += "print(d().model_dump_json())"
    command = [sys.executable, "-c", ask, str(ROOT)]
    environments: tuple[dict[str, str] | None, ...] = ({}, None)
    bare, usual = (
        json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)
        for env in environments
    )
    assert bare["host_processor_isa"] == usual["host_processor_isa"]
    assert bare == {**usual, "host_processor_frequency_mhz": bare["host_processor_frequency_mhz"]}


def test_what_is_not_told_is_not_called_lacking(system: SystemDescription) -> None:
    """Instructions that nobody saw may be there."""
    blind = system.model_copy(update={"host_processor_isa": (), "unknown": {"host_processor_isa": "no /proc"}})
    options: dict[str, Any] = {"name": "v", "runtime": "pytorch", "precision": "fp32", "title": {"ru": "В", "en": "V"}}
    for asked in ({"instructions": "avx2"}, {"precision": "bf16"}):
        lack = needs.lacking(Variant.model_validate({**options, "options": asked}), blind)
        assert lack is not None
        assert lack.lacks == "unseen"


class _Strange:
    """A psutil that knows nothing and says so in every way."""

    def cpu_count(self, logical: bool) -> int | None:
        if logical:
            raise NotImplementedError
        return None

    def cpu_freq(self) -> None:
        raise RuntimeError("no frequency on this guest")

    def virtual_memory(self) -> None:
        raise OSError("no memory")


@pytest.mark.parametrize(
    "psutil",
    [
        _Strange(),
        SimpleNamespace(
            cpu_count=lambda logical: 0,
            cpu_freq=lambda: SimpleNamespace(max=float("nan"), current=0),
            virtual_memory=lambda: SimpleNamespace(total=0),
        ),
    ],
    ids=["raises", "says nonsense"],
)
def test_no_sensor_ends_a_description(psutil: Any, tmp_path: Path) -> None:
    """Null, with a reason each."""
    found = system.described(processor.Processor(), psutil, tmp_path)
    for name in ("host_processor_core_count", "host_processor_logical_count", "host_processor_frequency_mhz"):
        assert getattr(found, name) is None
        assert found.unknown[name]
    assert found.host_memory_capacity_bytes is None


@pytest.mark.parametrize(
    ("allowed", "asked"),
    [("", None), ("-1", None), ("NoDevFiles", None), ("1,0", "1"), ("GPU-8c3", "GPU-8c3"), (None, "")],
)
def test_a_hidden_card_is_no_accelerator(
    allowed: str | None, asked: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA takes the devices that the variable names, and an empty one names none."""
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "card $4"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert system._accelerator() == (None if asked is None else f"card {asked}".strip())
    assert needs.variables({"device": "cuda"})["CUDA_VISIBLE_DEVICES"] == ("0" if allowed is None else allowed)
