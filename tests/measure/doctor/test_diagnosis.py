"""doctor, noise, neighbours: findings that follow from what was found, each with a remedy."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.errors import MissingPackage, WorkerError
from generator.core.record import SystemDescription
from generator.measure.doctor import diagnosis, neighbours, noise
from generator.measure.doctor.diagnosis import Level
from generator.measure.doctor.noise import Noise
from generator.measure.health import SimulatedProbe
from generator.measure.plan import only_run
from generator.measure.process import Job

CALM = Noise(
    blocks=5,
    disturbed=0,
    ratio=1.001,
    half_width=0.01,
    expected_half_width=0.008,
    spread=1.02,
    foreign_cpu_cores=0.02,
    lowest_cpu_share=0.99,
    psi_cpu_some=0.0,
    steal_cores=0.0,
)


@pytest.fixture
def jobs(tmp_path: Path) -> dict[str, Job]:
    """A program of exactly 1 ms, twice."""
    np.savez(tmp_path / "in.npz", **{"000000/x": np.zeros((1, 4), np.float32)})  # type: ignore[arg-type]
    inputs = tmp_path / "in.npz"
    return {n: Job(n, "fake", tmp_path, inputs, inputs, 1, {"latency_ns": 1_000_000}) for n in ("first", "second")}


@pytest.fixture(autouse=True)
def same_machine(monkeypatch: pytest.MonkeyPatch, system: SystemDescription, jobs: dict[str, Job]) -> None:
    """The machine of the tests, and no real measuring."""
    monkeypatch.setattr(diagnosis, "describe_system", lambda: system)
    monkeypatch.setattr(diagnosis, "reference_jobs", lambda cache: jobs)
    monkeypatch.setattr(diagnosis, "SystemProbe", SimulatedProbe)
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)


def _levels(found: Any, area: str = "noise") -> set[Level]:
    return {one.level for one in found if one.area == area}


@pytest.mark.slow
def test_noise_of_an_exact_program_is_none(jobs: dict[str, Job]) -> None:
    """1 ms against 1 ms is exactly 1, and only the floor is left of the interval."""
    told: list[tuple[int, int]] = []
    found = noise.check_noise(jobs, (), SimulatedProbe(), lambda *step: told.append(step))
    assert (found.blocks, found.disturbed, found.ratio, found.spread) == (noise.BLOCKS, 0, 1.0, 1.0)
    assert found.half_width == found.expected_half_width == pytest.approx(0.005)
    assert not found.is_false_alarm
    assert told[-1] == (noise.BLOCKS, noise.BLOCKS)


@pytest.mark.slow
def test_a_calm_machine_can_measure(tmp_path: Path) -> None:
    """Nothing to mend about the noise; the whole check goes through the real block machinery."""
    found = diagnosis.examine(tmp_path)
    assert found.noise is not None
    assert Level.MEND not in _levels(found.findings)
    assert {one.area for one in found.findings} == {"packages", "processor", "room", "counters", "noise"}


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, Level.FINE, "±0.8% after six blocks"),
        ({"expected_half_width": 0.05}, Level.NOTE, "the goal is ±2 %"),
        ({"ratio": math.exp(0.02)}, Level.NOTE, "a false alarm"),
        ({"spread": 1.4}, Level.NOTE, "factor of 1.40"),
        ({"foreign_cpu_cores": 0.9}, Level.NOTE, "others used 0.90 cores"),
        ({"foreign_cpu_cores": 0.9, "disturbed": 2}, Level.MEND, "2 of 5 blocks were disturbed"),
    ],
    ids=["calm", "wide", "false alarm", "absolute values move", "busy", "disturbed"],
)
def test_judge_says_what_noise_means_for_a_run(changes: dict[str, Any], level: Level, words: str) -> None:
    """Each finding beyond fine has a remedy, and a busy program is named in it."""
    found = list(diagnosis.judge(dataclasses.replace(CALM, **changes), "backup (7: 0.9 cores)"))
    assert any(words in one.text and one.level is level for one in found)
    assert all(one.remedy for one in found if one.level is not Level.FINE)
    if "foreign_cpu_cores" in changes:
        assert any("Close or stop: backup (7: 0.9 cores)." in one.remedy for one in found)


def test_a_third_of_the_blocks_may_be_disturbed() -> None:
    """One of five is repeated by a run itself; that is nothing to mend."""
    assert Level.MEND not in _levels(diagnosis.judge(dataclasses.replace(CALM, disturbed=1), ""))


def test_a_running_measurement_is_not_disturbed_by_the_check(tmp_path: Path) -> None:
    """The check would be that run's noise: it says that it did not look."""
    with only_run(Cache.default(tmp_path).root):
        found = diagnosis.examine(tmp_path)
    assert found.noise is None
    assert any("not checked: a run is measuring" in one.text for one in found.findings)
    assert Level.MEND not in _levels(found.findings)


def test_without_its_runtime_the_check_says_what_was_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No silence and no substitute."""

    def absent(cache: Cache) -> dict[str, Job]:
        raise MissingPackage("onnxruntime", "measure", "the noise check")

    monkeypatch.setattr(diagnosis, "reference_jobs", absent)
    found = diagnosis.examine(tmp_path)
    assert found.noise is None
    text = next(one for one in found.findings if one.area == "noise")
    assert "not checked: the package 'onnxruntime' is not installed" in text.text
    assert "pip install" in text.remedy


def test_a_worker_that_dies_must_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the check's worker dies, so would a run's."""

    def dies(*_: Any) -> Noise:
        raise WorkerError("variant 'first'", "the worker was killed by signal 9", "Close programs.")

    monkeypatch.setattr(diagnosis, "check_noise", dies)
    found = diagnosis.examine(tmp_path)
    assert not found.can_measure
    assert any("killed by signal 9" in one.text and one.remedy == "Close programs." for one in found.findings)


@pytest.mark.slow
def test_a_missing_package_must_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding has the command that installs it."""
    real = importlib.util.find_spec
    # `real` alone would find other packages missing too where only the light ones are installed.
    others = real("sys")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else real(name) or others)
    found = diagnosis.examine(tmp_path)
    assert not found.can_measure
    missing = next(one for one in found.findings if one.level is Level.MEND)
    assert missing.text.startswith("missing: torch")
    assert missing.remedy == diagnosis.INSTALL


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"avx512_vnni", "amx_int8", "amx_bf16"}, "int8 has instructions of its own here: amx_int8, avx512_vnni"),
        ({"avx2"}, "int8 has no instructions of its own here"),
    ],
)
def test_instructions_for_int8_are_named(flags: set[str], words: str) -> None:
    """Without VNNI or AMX quantization may gain nothing: a person should know before reading a result."""
    assert any(words in one.text for one in diagnosis._instructions(flags))


@pytest.mark.parametrize(
    ("cores", "level", "words"),
    [
        ((), Level.NOTE, "lets no process choose"),
        ((3,), Level.NOTE, "only one core"),
        ((0, 1, 2, 5), Level.FINE, "0-2, 5"),
    ],
)
def test_pinning(cores: tuple[int, ...], level: Level, words: str) -> None:
    """Whether workers can share a core decides how wide the intervals are."""
    (found,) = diagnosis._pinning(cores)
    assert found.level is level
    assert words in found.text


def test_a_full_disk_must_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and blocks need room."""
    usage = type("Usage", (), {"free": 10 * 2**20})
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda _: usage)
    found = list(diagnosis._room(tmp_path))
    assert found[0].level is Level.MEND
    assert "GENERATOR_CACHE" in found[0].remedy


def test_busiest_names_other_programs_and_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.5 s of processor time in 2 s are 0.75 cores; what takes a twentieth of a core is not named."""
    before = {-1: ("", 100.0), 7: ("backup", 10.0), 8: ("shell", 1.0)}
    now = {-1: ("", 102.0), 7: ("backup", 11.5), 8: ("shell", 1.1), 9: ("new", 50.0)}
    monkeypatch.setattr(neighbours, "process_times", lambda: dict(now))
    assert neighbours.busiest(before) == "backup (7: 0.8 cores)"
    assert neighbours.busiest({}) == ""


@pytest.mark.slow
def test_the_real_check_runs_on_onnx_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference program loads and answers; whatever the noise, the ratio of a program to itself is near 1."""
    pytest.importorskip("onnxruntime")
    monkeypatch.undo()
    real = noise.reference_jobs(Cache(tmp_path))
    monkeypatch.setattr(noise, "BLOCKS", 2)
    monkeypatch.setattr(noise, "BLOCK_NS", 60_000_000)
    found = noise.check_noise(real, (), SimulatedProbe())
    assert 0.2 < found.ratio < 5
