"""worker and process: tiny, clear about failures, alone with its stream."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import generator
from generator.core.errors import WorkerError
from generator.measure.process import Job, WorkerProcess
from generator.measure.worker import Worker, is_warm

ROOT = Path(generator.__file__).parent


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A fake variant with two samples."""
    np.savez(tmp_path / "in.npz", **{f"{i:06d}/x": np.eye(4, dtype=np.float32)[i : i + 1] for i in range(2)})  # type: ignore[arg-type]
    return Job("v", "fake", tmp_path / "none", tmp_path / "in.npz", tmp_path / "in.npz", 1, {"latency_ns": 1_000_000})


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_worker_imports_only_the_standard_library_numpy_and_one_runtime() -> None:
    """It runs in interpreters that have nothing else: ONNX Runtime of 2023, without pydantic."""
    allowed = {
        "measure/worker.py": {"numpy"},
        "runtimes/session.py": {"numpy"},
        "runtimes/fake.py": {"numpy"},
        "runtimes/ort.py": {"onnxruntime"},
        "runtimes/openvino.py": {"numpy", "openvino"},
        "runtimes/allocator.py": set(),
        "runtimes/pytorch.py": {"torch", "safetensors"},
        "runtimes/__init__.py": set(),
        "workloads/__init__.py": set(),
        "workloads/networks/__init__.py": set(),
        "workloads/networks/architectures.py": {"torch", "safetensors"},
        "measure/__init__.py": set(),
        "__init__.py": set(),
    }
    light = {f"generator.{name}" for name in ("runtimes", "runtimes.allocator", "runtimes.session")}
    light |= {"generator.workloads.networks.architectures"}
    for name, packages in allowed.items():
        for module in _imports(ROOT / name):
            top = module.split(".")[0]
            known = top in sys.stdlib_module_names or top in packages or module in light
            assert known, f"{name} imports {module}"


def test_a_round_lasts_the_time_asked_and_counts_only_its_queries(job: Job) -> None:
    """30 ms of 1 ms queries are 30 latencies; the uncounted ones before them are not among them."""
    with WorkerProcess(job, (), 30) as worker:
        loaded = worker.load(job.timed_inputs)
        assert (loaded["samples"], loaded["first_call_ns"]) == (2, 1_000_000)
        answer = worker.ask("round", round_ns=30_000_000, uncounted_queries=3, uncounted_ns=900_000)
        assert answer["latencies_ns"] == [1_000_000] * 30
        assert answer["wall_ns"] == 30_000_000
        assert worker.ask("stop")["peak_rss_bytes"] > 0


def test_a_query_longer_than_the_round_is_counted_once(job: Job) -> None:
    """At least one query a round; and one uncounted query of that length refills the caches by itself."""
    slow = Job("v", "fake", job.artifact, job.timed_inputs, job.quality_inputs, 1, {"latency_ns": 50_000_000})
    with WorkerProcess(slow, (), 30) as worker:
        worker.load(slow.timed_inputs)
        answer = worker.ask("round", round_ns=30_000_000, uncounted_queries=3, uncounted_ns=900_000)
        assert answer["latencies_ns"] == [50_000_000]


def test_warm_up_takes_at_least_ten_queries_and_a_fifth_of_a_second(job: Job) -> None:
    """A variant that is steady from the start stops after four windows."""
    with WorkerProcess(job, (), 30) as worker:
        worker.load(job.timed_inputs)
        rules = {"window_ns": 50_000_000, "window_queries": 5, "least_queries": 10, "least_ns": 200_000_000}
        answer = worker.ask("warm_up", **rules, most_ns=10**10, gain=0.05)
        assert answer["warm_up_ns"] == 200_000_000
        assert answer["warm_up_queries"] == 200


def test_a_round_begins_with_the_sample_that_it_is_given(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    """All variants of a cycle answer the same samples, however many queries each has answered before."""
    for name in ("freeze", "disable"):
        monkeypatch.setattr(gc, name, lambda: None)
    asked = list[int]()
    command = {
        "module": "generator.runtimes.fake",
        "artifact": "",
        "threads": 1,
        "options": job.options,
        "spawned_ns": 0,
    }
    worker = Worker({**command, "inputs": str(job.timed_inputs)})
    answer = worker._session.run
    monkeypatch.setattr(
        worker._session, "run", lambda query: asked.append(int(query[0]["x"].argmax())) or answer(query)
    )
    rules = {"round_ns": 3_000_000, "uncounted_queries": 1, "uncounted_ns": 0}
    for first in (5, 5, 6):
        worker.round({**rules, "first_sample": first})
    # One uncounted query goes on where the last round ended; then come three that count.
    assert asked == [1, *(1, 0, 1), 0, *(1, 0, 1), 0, *(0, 1, 0)]
    asked.clear()
    worker.round(rules)
    assert asked == [1, 0, 1, 0], "a round that names no sample goes on"


@pytest.mark.slow
def test_an_audit_of_long_queries_ends_after_its_least_pairs(tmp_path: Path) -> None:
    """Ten pairs of rounds, unless three of them have taken long enough; the answers are kept all the same."""
    np.savez(tmp_path / "in.npz", **{"000000/x": np.zeros((1, 4), np.float32)})  # type: ignore[arg-type]
    for latency_ns, pairs in ((1_000_000, 10), (400_000_000, 4), (2_000_000_000, 3)):
        job = Job("v", "fake", tmp_path, tmp_path / "in.npz", tmp_path / "in.npz", 1, {"latency_ns": latency_ns})
        with WorkerProcess(job, (), 30) as worker:
            worker.load(job.timed_inputs)
            rules = {"pairs": 10, "least_pairs": 3, "long_ns": 3_000_000_000, "round_ns": 30_000_000}
            audit = worker.ask("audit", **rules, into=str(tmp_path / "out.npz"))
            assert len(audit["repeated_ns"]) == len(audit["varied_ns"]) == pairs


@pytest.mark.parametrize(
    ("medians", "warm"),
    [
        ([10.0, 10.0, 10.0], False),
        ([10.0, 10.0, 10.0, 10.0], True),
        ([10.0, 9.0, 8.0, 7.0], False),
        ([10.0, 7.0, 7.0, 7.1, 6.9], True),
    ],
    ids=["too few", "steady", "still gaining", "gained, then steady"],
)
def test_warm_up_stops_when_three_windows_bring_less_than_five_percent(medians: list[float], warm: bool) -> None:
    """The best of the last three against the best before."""
    assert is_warm(medians, 0.05) is warm


def test_unknown_runtime_options_and_missing_inputs_are_errors_with_last_lines(job: Job, tmp_path: Path) -> None:
    """What the process wrote before it gave up reaches the person."""
    with WorkerProcess(job, (), 30) as worker, pytest.raises(WorkerError, match="could not do 'load'") as caught:
        worker.load(tmp_path / "missing.npz")
    assert "FileNotFoundError" in caught.value.last_lines
    assert caught.value.where == "variant 'v'"


def test_memory_is_the_workers_own(job: Job) -> None:
    """A driver that holds a large model must not lend its peak to the workers that it starts."""
    ballast = bytearray(400 * 2**20)
    with WorkerProcess(job, (), 30) as worker:
        loaded = worker.load(job.timed_inputs)
        peak = worker.ask("stop")["peak_rss_bytes"]
    assert len(ballast) > peak >= loaded["rss_before_load_bytes"] > 0


def test_a_killed_worker_is_named_with_its_signal(job: Job) -> None:
    """Signal 9 is mostly the system's, for want of memory; the message says so."""
    with WorkerProcess(job, (), 30) as worker:
        worker.load(job.timed_inputs)
        worker._process.kill()
        worker._process.wait()
        with pytest.raises(WorkerError, match=r"killed by signal 9 .*want of memory"):
            worker.ask("round", round_ns=1, uncounted_queries=0, uncounted_ns=0)


class _ByLength:
    """A session whose clock advances by each query's own length, and that remembers nothing."""

    def __init__(self) -> None:
        self.now_ns = 0

    def clock_ns(self) -> int:
        return self.now_ns

    def run(self, length_ns: int) -> int:
        self.now_ns += length_ns
        return length_ns

    def to_arrays(self, answer: int) -> dict[str, np.ndarray]:
        return {"y": np.array([answer])}


def test_an_audit_compares_a_sample_with_itself(tmp_path: Path) -> None:
    """A short sentence that is repeated is not faster than the same one between long ones."""
    worker = Worker.__new__(Worker)
    worker._session, worker._queries = _ByLength(), [1_000_000, 9_000_000, 5_000_000]  # type: ignore[assignment]
    rules = {"pairs": 3, "least_pairs": 3, "long_ns": 10**9, "round_ns": 30_000_000}
    found = worker.audit({**rules, "into": str(tmp_path / "out.npz")})
    assert found == {"repeated_ns": [1_000_000] * 3, "varied_ns": [1_000_000] * 3}
