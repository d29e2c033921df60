"""The pool: results in order, errors as they are, and no process that outlives its command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest

from generator.core.errors import PublishError, WorkerError
from generator.core.pool import AHEAD, Pool

REPOSITORY = Path(__file__).parents[2]


def _own(number: int) -> tuple[int, int]:
    time.sleep(0.05 * (number % 2))
    return number, os.getpid()


def _turned(mapping: MappingProxyType[str, int]) -> MappingProxyType[int, str]:
    return MappingProxyType({value: name for name, value in mapping.items()})


def _refused(number: int) -> int:
    if number == 2:
        raise PublishError("measurements/x", "the sentence contradicts its record", "Mend it.")
    return number


def _crashed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def _written(folder: Path, number: int) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(600 * number)


@pytest.mark.parametrize(("processes", "count"), [(1, 9), (2, 1), (2, 3)])
def test_what_is_not_worth_a_process_is_done_here(processes: int, count: int) -> None:
    with Pool(processes) as pool:
        assert {process for _, process in pool.map(_own, range(count), least=4)} == {os.getpid()}


def test_results_come_in_the_order_of_items_from_other_processes() -> None:
    with Pool(2) as pool:
        found = list(pool.map(_own, range(9), least=4))
        again = list(pool.map(_own, range(2)))
    assert [number for number, _ in found] == list(range(9))
    others = {process for _, process in found}
    assert os.getpid() not in others
    assert {process for _, process in again} <= others, "processes are used again"


def test_read_only_mappings_travel() -> None:
    with Pool(2) as pool:
        found = list(pool.map(_turned, [MappingProxyType({"a": 1}), MappingProxyType({"b": 2})]))
    assert found == [MappingProxyType({1: "a"}), MappingProxyType({2: "b"})]


def test_an_error_is_the_one_that_was_raised() -> None:
    with Pool(2) as pool:
        results = pool.map(_refused, range(4))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(PublishError, match=r"^measurements/x: the sentence contradicts its record\. Mend it\.$"):
            next(results)
        assert next(results) == 3  # an error costs its own result


@pytest.mark.slow
def test_a_process_that_is_killed_is_an_error_with_a_remedy() -> None:
    with Pool(2) as pool, pytest.raises(WorkerError, match=r"ended without an answer, twice.*memory ran out"):
        list(pool.map(_crashed, range(2)))


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _processes(folder: Path, count: int) -> list[int]:
    until = time.monotonic() + 60
    while len(found := [int(path.name) for path in folder.iterdir()]) < count and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _gone(processes: list[int]) -> bool:
    until = time.monotonic() + 30
    while any(map(_alive, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(_alive, processes))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_error_ends_what_the_others_are_doing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Pool(2) as pool:
            pool.map(partial(_written, tmp_path), [1, 1])
            processes.extend(_processes(tmp_path, 2))
            raise ZeroDivisionError

    began, processes = time.monotonic(), list[int]()
    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert len(processes) == 2
    assert _gone(processes)
    assert time.monotonic() - began < 120


def _large(number: int) -> bytes:
    return bytes(4_000_000) * (number + 1)


def test_an_error_ends_processes_that_write_large_results() -> None:
    """They are blocked in the middle of one: more than any pipe holds, and nobody reads on."""

    def interrupted() -> None:
        with Pool(2) as pool:
            next(pool.map(_large, range(60)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()


@pytest.mark.slow
def test_results_wait_in_order_and_not_all_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a hundred, only as many are made ahead as may wait."""
    with Pool(2) as pool:
        results = pool.map(partial(_noted, tmp_path), range(100))
        assert next(results) == 0
        time.sleep(1.5)
        assert len(list(tmp_path.iterdir())) <= 2 * AHEAD + 1
        assert list(results) == list(range(1, 100))


def _noted(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return number


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_waits_is_replaced() -> None:
    """Its work is done once more by another one; only work that kills a second process is an error."""
    with Pool(2) as pool:
        first = {process for _, process in pool.map(_own, range(8))}
        for process in first:
            os.kill(process, signal.SIGKILL)
        again = {process for _, process in pool.map(_own, range(8))}
    assert not first & again


def _unpicklable(number: int) -> int:
    class Local(Exception):
        pass

    raise Local(f"number {number}")


def test_an_error_that_cannot_travel_is_told_in_words() -> None:
    with Pool(2) as pool, pytest.raises(RuntimeError, match="number 0"):
        list(pool.map(_unpicklable, range(2)))


@pytest.mark.parametrize(("quota", "processes"), [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1)])
def test_a_container_gets_no_more_processes_than_its_quota(
    monkeypatch: pytest.MonkeyPatch, quota: str, processes: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda _path, *_: quota)
    assert Pool().processes == processes


def _blocked(number: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
@pytest.mark.slow
def test_ctrl_c_is_not_for_a_process_that_only_begins() -> None:
    """In a command that has started none yet: the start of multiprocessing's tracker takes its own mask away."""
    code = (
        "from generator.core.pool import Pool; from tests.core.test_pool import _blocked\n"
        "with Pool(2) as pool: print(list(pool.map(_blocked, range(4))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True, True, True]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGKILL"])
@pytest.mark.slow
def test_interrupted_or_killed_a_command_leaves_no_process(tmp_path: Path, signal_name: str) -> None:
    """Ctrl+C reaches every process of a terminal; only the first one speaks of it."""
    code = (
        "import sys; from functools import partial; from pathlib import Path; from generator.core.pool import Pool\n"
        "from tests.core.test_pool import _written\n"
        "with Pool(2) as pool: list(pool.map(partial(_written, Path(sys.argv[1])), [1, 1]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, start_new_session=True)
    processes = _processes(tmp_path, 2)
    assert len(processes) == 2
    if signal_name == "SIGINT":
        os.killpg(started.pid, signal.SIGINT)
    else:
        started.kill()
    _, errors = started.communicate(timeout=60)
    assert _gone(processes)
    assert errors.count("Traceback") == (signal_name == "SIGINT")
