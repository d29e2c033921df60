"""cores and quotas: a thread has what it is said to have, whatever limits a container, a shell or a scheduler sets."""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.definition_file import load_measurement
from generator.core.errors import CoresRefused
from generator.core.quota import cpu_quota
from generator.core.record import SystemDescription, Tier
from generator.core.record_file import load_records
from generator.measure import block as block_module
from generator.measure import run as run_module
from generator.measure.cores import affinity, drawn, one_of_each_first, siblings, usable_threads
from generator.measure.process import Job, WorkerProcess
from generator.measure.run import run_measurement

Make = Callable[..., Any]
V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

# Files below the root, and the quota that is right. A row a way of limiting.
QUOTAS: dict[str, tuple[dict[str, str], float | None]] = {
    "none": ({"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": V2}, None),
    "no /proc": ({}, None),
    "v2, unlimited": ({"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, None),
    "v2, in a container": ({"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
    "v2, a parent's is smaller": (
        {"proc/self/cgroup": "0::/a/b/c\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
         "sys/fs/cgroup/a/b/c/cpu.max": "400000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"},
        0.5,
    ),
    "v1": (
        {"proc/self/cgroup": "4:cpu,cpuacct:/a\n0::/\n", "proc/self/mountinfo": V1,
         "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"},
        2.0,
    ),
    "v1, a parent's is smaller": (
        {"proc/self/cgroup": "4:cpu,cpuacct:/a/b\n", "proc/self/mountinfo": V1, "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
         "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n"},
        1.0,
    ),
    "v1, under the host's path": (
        {"proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n", "proc/self/mountinfo": V1.replace(" / /sys", " /docker/abc /sys"),
         "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
        3.0,
    ),
    "v1 beside v2": (
        {"proc/self/cgroup": "4:cpu,cpuacct:/\n0::/u\n", "proc/self/mountinfo": V1 + V2.replace("cgroup rw", "cgroup/unified rw"),
         "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/unified/u/cpu.max": "max 100000\n"},
        1.0,
    ),
    "garbled": ({"proc/self/cgroup": "nonsense\n", "proc/self/mountinfo": "x\n", "sys/fs/cgroup/cpu.max": "many 0\n"}, None),
}  # fmt: skip


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("name", QUOTAS)
def test_the_smallest_quota_on_the_way_to_the_root_counts(name: str, tmp_path: Path) -> None:
    files, right = QUOTAS[name]
    assert cpu_quota(_tree(tmp_path, files)) == right


@pytest.mark.parametrize(
    ("cores", "quota", "threads"), [((), None, None), ((0, 1), None, 2), ((0, 1), 1.5, 1), ((), 0.5, 0), ((3,), 8.0, 1)]
)
def test_threads_are_limited_by_cores_and_by_quota(cores: Sequence[int], quota: float | None, threads: int) -> None:
    assert usable_threads(cores, quota) == threads


def _smt(root: Path, pairs: Sequence[Sequence[int]], name: str = "core_cpus_list") -> Path:
    return _tree(root, {f"cpu{core}/topology/{name}": ",".join(map(str, pair)) for pair in pairs for core in pair})


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_each_thread_gets_a_physical_core_of_its_own_while_there_are_such(tmp_path: Path, name: str) -> None:
    """Of 16 logical processors, 8 threads sat on 6.1 physical cores on average."""
    cpus = _smt(tmp_path, [(k, k + 8) for k in range(8)], name)
    for seed in range(50):
        found = drawn(range(16), 8, random.Random(seed), cpus)
        assert {core % 8 for core in found} == set(range(8))
    twelve = drawn(range(16), 12, random.Random(1), cpus)
    assert len(set(twelve)) == 12
    assert {core % 8 for core in twelve[:8]} == set(range(8)), "siblings come last"
    assert {tuple(sorted(drawn(range(16), 2, random.Random(seed), cpus))) for seed in range(9)} != {(0, 1)}


def test_a_mask_leaves_some_siblings_out(tmp_path: Path) -> None:
    """Hybrid processors have cores with one thread beside cores with two."""
    cpus = _smt(tmp_path, [(0, 1), (2, 3), (4,), (5,)])
    assert siblings((1, 2, 3, 5), cpus) == [[1], [2, 3], [5]]
    assert one_of_each_first((0, 1, 2, 3, 4, 5), cpus) == (0, 2, 4, 5, 1, 3)
    assert one_of_each_first((), cpus) == ()
    assert drawn((), 1, random.Random(1), cpus) == []
    assert affinity((0, 1, 4), cpus).endswith("one core each: 0+1")
    assert "one core each" not in affinity((0, 2), cpus)


def test_without_topology_each_logical_processor_is_a_core(tmp_path: Path) -> None:
    assert siblings((0, 1), tmp_path) == [[0], [1]]


@pytest.mark.parametrize("limit", ["mask", "quota"])
def test_more_threads_than_may_be_used_are_not_measured(
    limit: str, checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`taskset -c 0` and a quota of one core: never `threads: 2` of what ran on one."""
    cores = (0,) if limit == "mask" else (0, 1)
    monkeypatch.setattr("generator.measure.cores.available_cores", lambda: cores)
    monkeypatch.setattr("generator.measure.cores.cpu_quota", lambda: None if limit == "mask" else 1.5)
    root = checkout(
        trial=definition
        + "\n"
        + definition[definition.rindex("[[variants]]") :].replace('"fast"', '"wide"')
        + "threads = 2\n"
    )
    context = run_context(root)
    machine = context.system.model_copy(update={"host_processor_logical_count": 8})
    record = run_measurement(
        load_measurement(root / "measurements/trial"), Tier.SMOKE, dataclasses.replace(context, system=machine)
    )
    failure = record.variant("wide").failure
    assert failure is not None
    assert failure.lacks == "cores"
    assert not record.variant("fast").failure


def _narrowed(monkeypatch: pytest.MonkeyPatch, after: int, left: tuple[int, ...]) -> list[Sequence[int]]:
    """From this block on, only these cores may be used; workers are not really pinned."""
    seen, real = list[Sequence[int]](), block_module.WorkerProcess
    monkeypatch.setattr(run_module, "available_cores", lambda: (0, 1) if len(seen) < 3 * after else left)

    def watched(job: Job, cores: Sequence[int], timeout_s: float) -> Any:
        seen.append(cores)
        return real(job, (), timeout_s)

    monkeypatch.setattr(block_module, "WorkerProcess", watched)
    monkeypatch.setattr("generator.measure.outputs.WorkerProcess", lambda job, _, timeout_s: real(job, (), timeout_s))
    return seen


def test_cores_are_asked_for_before_each_block(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cpuset that is narrowed meanwhile costs nothing."""
    root, seen = checkout(), _narrowed(monkeypatch, 2, (1,))
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.STANDARD, run_context(root))
    assert len(record.blocks) == 6
    assert {one.cores for one in record.blocks[2:]} == {(1,)}
    assert all(cores == [1] for cores in seen[6:])


def test_fewer_cores_than_threads_end_the_run_and_keep_its_blocks(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch, definition: str, system: SystemDescription
) -> None:
    """No record of a failed baseline: the same command goes on when the cores are back."""
    root = checkout(trial=definition.replace('suite = "core"', 'suite = "core"\nthreads = 2'))
    _narrowed(monkeypatch, 2, (1,))
    measurement, context = load_measurement(root / "measurements/trial"), run_context(root)
    with pytest.raises(CoresRefused, match="only 1 processor cores"):
        run_measurement(measurement, Tier.STANDARD, context)
    assert not load_records(root / "measurements/trial/records")
    monkeypatch.setattr(run_module, "available_cores", lambda: (0, 1))
    record = run_measurement(measurement, Tier.STANDARD, context)
    assert (len(record.blocks), record.sittings) == (6, 2)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A fake variant with one sample."""
    np.savez(tmp_path / "in.npz", **{"000000/x": np.zeros((1, 4), np.float32)})  # type: ignore[arg-type]
    return Job("v", "fake", tmp_path / "none", tmp_path / "in.npz", tmp_path / "in.npz", 1, {"latency_ns": 1_000_000})


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="nobody chooses cores here")
def test_a_refused_core_is_told_as_that(job: Job) -> None:
    """EINVAL of a core that is not ours is not the variant's fault."""
    with (
        WorkerProcess(job, [1000], 20) as worker,
        pytest.raises(CoresRefused, match=r"refused the processor cores \[1000\]"),
    ):
        worker.load(job.timed_inputs)
