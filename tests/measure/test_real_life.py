"""What real machines do in the middle of a run costs no measured block, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.cli.console_progress import RunDisplay
from generator.core.definition import Precision
from generator.core.definition_file import load_measurement, measurement_folders
from generator.core.errors import RecordError
from generator.core.record import Record, Tier
from generator.core.record_file import load_records, record_files
from generator.measure import health, outputs, system
from generator.measure import run as run_module
from generator.measure.energy import wall_meter
from generator.measure.energy.counters import find_counters
from generator.measure.run import run_measurement
from generator.results.caveat import _about_the_audits, _about_the_run

Make = Callable[..., Any]
ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 23, 10, tzinfo=UTC)


def _trial(root: Path, context: Any) -> Record:
    return run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, context)


def test_a_clock_that_is_set_back_costs_nothing_and_is_told(checkout: Make, run_context: Make) -> None:
    """By a day, after the first block began."""
    looks = iter(range(1000))

    def now() -> datetime:
        look = next(looks)
        return START + timedelta(minutes=look) - timedelta(days=1) * (look > 2)

    root = checkout()
    record = _trial(root, run_context(root, now=now))
    assert record.finished_at >= record.started_at
    assert "clock-set-back" in {caveat.key for caveat in _about_the_run(record)}
    later = iter(range(1, 1000))
    steady = _trial(root, run_context(root, now=lambda: START + timedelta(days=next(later))))
    assert "clock-set-back" not in {caveat.key for caveat in _about_the_run(steady)}


def test_what_makes_no_record_is_kept_and_told(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a record's form refuses: the blocks stay, and the next run needs none."""
    root, real = checkout(), run_module.affinity
    monkeypatch.setattr(run_module, "affinity", lambda cores: "x" * 2000)
    with pytest.raises(RecordError, match=r"makes no record .*The blocks are kept in"):
        _trial(root, run_context(root))
    monkeypatch.setattr(run_module, "affinity", real)
    record = _trial(root, run_context(root))
    assert (len(record.blocks), record.sittings) == (2, 2)


def test_another_machines_journal_is_not_resumed(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two equal nodes on one checkout: neither takes nor loses the other's blocks. Nor does a restarted one."""
    root, real, lost = checkout(), run_module.record_id, RuntimeError("killed")

    def killed(*_: Any) -> str:
        raise lost

    monkeypatch.setattr(run_module, "record_id", killed)
    with pytest.raises(RuntimeError, match="killed"):
        _trial(root, run_context(root))
    monkeypatch.setattr(run_module, "record_id", real)
    with monkeypatch.context() as patch:
        patch.setattr(system.platform, "node", lambda: "other")
        assert _trial(root, run_context(root, now=lambda: START + timedelta(days=2))).sittings == 1
    with monkeypatch.context() as patch:
        patch.setattr(system, "boot_id", lambda: "another boot")
        assert _trial(root, run_context(root, now=lambda: START + timedelta(days=3))).sittings == 1
    assert _trial(root, run_context(root)).sittings == 2, "its own it goes on with"


def test_a_copied_journal_is_none_of_ours(checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that came from another node bears our name by chance."""
    root, real = checkout(), run_module.record_id
    monkeypatch.setattr(run_module, "record_id", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        _trial(root, run_context(root, machine="node"))
    monkeypatch.setattr(run_module, "record_id", real)
    monkeypatch.setattr(system, "boot_id", lambda: "another machine")
    assert _trial(root, run_context(root, machine="node")).sittings == 1


_BURN = """
import os, sys
from generator.measure.energy.meter import burning
with burning(frozenset({"processor"}), (0,)):
    children = open(f"/proc/self/task/{os.getpid()}/children").read()
    print(children, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked for in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_us_whatever_ends_us(how: signal.Signals) -> None:
    """A busy loop on each core would go on for ever."""
    with subprocess.Popen(
        [sys.executable, "-c", _BURN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        children = [int(word) for word in program.stdout.readline().split()]
        assert children
        program.send_signal(how)
        program.wait()
    _await_gone(children)


def _await_gone(processes: list[int]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and any(_runs(one) for one in processes):
        time.sleep(0.05)
    assert not [one for one in processes if _runs(one)]


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_busy_worker_ends_when_its_driver_has_gone() -> None:
    """In the middle of a round of an hour."""
    code = textwrap.dedent("""
        import numpy as np, pathlib, sys, tempfile
        from generator.measure.process import Job, WorkerProcess
        folder = pathlib.Path(tempfile.mkdtemp()); file = folder / "in.npz"
        np.savez(file, **{"000000/x": np.zeros((1, 4), np.float32)})
        worker = WorkerProcess(Job("v", "fake", folder, file, file, 1, {"latency_ns": 1}), (), 3600)
        worker.load(file)
        print(worker._process.pid, flush=True)
        worker.ask("round", round_ns=10**15, uncounted_queries=0, uncounted_ns=0, most_kept=1)
    """)
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout
        worker = int(driver.stdout.readline())
        time.sleep(0.3)
        driver.kill()
    _await_gone([worker])


@pytest.mark.parametrize("content", ["0\n", "", "unknown\n", "-5\n"])
def test_a_strange_frequency_is_none(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.Path, "read_text", lambda *_: content)
    assert health._frequency() is None
    assert health.SystemProbe().finish(0.0, 1.0).frequency_mhz is None


def test_hidden_files_and_backups_are_none_of_ours(tmp_path: Path) -> None:
    """MacOS leaves ._X.json on a share, editors X~; git leaves folders with what Python compiled."""
    for name in ("._a.json", ".a.json", "a.json~"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "a.json").write_text("{}", "utf-8")
    assert [path.name for path in record_files(tmp_path)] == ["a.json"]
    for name in (
        "left/__pycache__/workload.cpython-311.pyc",
        "left/records/._a.json",
        "mine/measurement.toml",
        "draft/notes.md",
    ):
        (tmp_path / "measurements" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "measurements" / name).write_bytes(b"")
    assert [path.name for path in measurement_folders(tmp_path / "measurements")] == ["draft", "mine"]


def test_a_meter_that_is_still_writing_is_read(tmp_path: Path) -> None:
    """A byte order mark, two readings in a second, and a last line without its end."""
    path = tmp_path / "meter.csv"
    rows = [
        "time,watts",
        "2026-11-23T10:00:00Z,40",
        "2026-11-23T10:00:00Z,42",
        "2026-11-23T10:00:01Z,41",
        "2026-11-23T10:0",
    ]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    found = wall_meter.read(path)
    assert found.watts == (41, 41)
    assert found.joules(datetime(2026, 11, 23, 10, tzinfo=UTC), 1) == pytest.approx(41)


def test_one_rapl_counter_is_not_read_twice(tmp_path: Path) -> None:
    """The same package through registers and through memory: one name, one reading; through memory alone, that."""
    for zone, name, joules in (
        ("intel-rapl-mmio:0", "package-0", 7),
        ("intel-rapl:0", "package-0", 5),
        ("intel-rapl:0:0", "core", 1),
    ):
        folder = tmp_path / zone
        folder.mkdir()
        for file, text in (("name", name), ("energy_uj", joules * 10**6), ("max_energy_range_uj", 10**12)):
            (folder / file).write_text(f"{text}\n", "ascii")
    found = {one.domain: one.joules() for one in find_counters(tmp_path).counters if one.load == "processor"}
    assert found == {"package-0": 5, "package-0/core": 1}


class _Closed:
    """A pipe that nobody reads."""

    encoding, is_terminal = "ascii", False

    def print(self, *_: Any, **__: Any) -> None:
        raise BrokenPipeError


def test_printing_never_ends_a_measurement() -> None:
    display = RunDisplay.__new__(RunDisplay)
    display.console = _Closed()  # type: ignore[assignment]
    display.say("±")


@pytest.mark.parametrize(
    ("variables", "status", "words"),
    [
        ({"SOURCE_DATE_EPOCH": ""}, 0, "measurement"),
        ({"SOURCE_DATE_EPOCH": "yesterday"}, 1, "SOURCE_DATE_EPOCH"),
        ({"PYTHONIOENCODING": "ascii"}, 0, "measurement"),
    ],
)
def test_strange_variables_end_no_command(variables: dict[str, str], status: int, words: str, tmp_path: Path) -> None:
    """One message that names the variable, and no traceback."""
    command = [sys.executable, "-m", "generator", "list", "--root", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_records_of_the_tests_are_read(checkout: Make) -> None:
    assert load_records(checkout() / "measurements/trial/records") == ()


def test_a_name_is_not_broken_where_nobody_looks(checkout: Make) -> None:
    """`list | grep NAME` finds it, and whoever stops reading is told nothing."""
    name = "a-measurement-whose-name-is-longer-than-any-column-of-eighty"
    root = checkout(**{name: (ROOT / "measurements/batching/measurement.toml").read_text("utf-8")})
    command = [sys.executable, "-m", "generator", "list", "--root", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert name in done.stdout
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stderr
        program.stdout.close()
        said = program.stderr.read()
    assert "Broken pipe" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("theirs", "apart"),
    [([1.0, 2.0], 0.0), ([1.0, 2.1], 0.05), ([1.0, float("inf")], 1e39), ([1.0], 1.0)],
    ids=["the same", "another axis", "overflow", "another shape"],
)
def test_answers_of_two_runtimes_from_one_file_are_compared(theirs: list[float], apart: float) -> None:
    """OpenVINO 2023.2 reduces over all axes from opset 18 on, and 2026.4 drops a window of attention; neither says so."""
    first, second = (
        [{"y": np.array([1.0, 2.0]), "token": np.array([3])}],
        [{"y": np.array(theirs), "token": np.array([4])}],
    )
    assert outputs.apart(second, first) == pytest.approx(apart)
    assert outputs.apart([{"token": np.array([3])}], [{"token": np.array([4])}]) is None


def test_a_difference_between_runtimes_is_a_caveat(measured_trial: Record) -> None:
    """Beyond rounding: whole numbers are rounded more coarsely than fp32."""

    def caveats(apart: float | None, precision: Precision) -> set[str]:
        changed = {"answers_apart": apart, "precision": precision}
        variants = tuple(one if one.baseline else one.model_copy(update=changed) for one in measured_trial.variants)
        record = measured_trial.model_copy(update={"variants": variants})
        return {one.key for one in _about_the_audits(record, "numbers")}

    assert "runtimes-differ" in caveats(2e-3, Precision.FP32)
    assert "runtimes-differ" not in caveats(1e-5, Precision.FP32)
    assert "runtimes-differ" not in caveats(2e-2, Precision.INT8)
    assert "runtimes-differ" in caveats(0.2, Precision.INT8)
    assert "runtimes-differ" not in caveats(None, Precision.FP32)
