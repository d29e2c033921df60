"""kill -9 or Ctrl+C at any moment: nothing half is left, and the same command completes with the same result."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from filelock import FileLock

from generator.core.errors import Busy
from generator.core.record import Record, SystemDescription
from generator.core.record_file import load_records
from generator.site import build as site
from tests.site.test_site_build import checkout as site_checkout
from tests.site.test_site_build import pages

REPOSITORY = Path(__file__).parents[1]
KILLED_RUNS = 50
KILLED_BUILDS = 10

MEASURE = """
from datetime import UTC, datetime
from pathlib import Path
from generator.core.cache import Cache
from generator.core.definition_file import load_measurement
from generator.measure.plan import only_run
from generator.measure.run import run_measurement
from generator.measure.run_context import RunContext
from generator.core.record import SystemDescription, Tier

def run(checkout, about):
    root, system, now = Path(checkout), SystemDescription.model_validate_json(about), datetime(2026, 11, 23, 10, tzinfo=UTC)
    context = RunContext(root, Cache(root / ".cache"), system, seed=7, now=lambda: now)
    measurement = load_measurement(root / "measurements/trial")
    with only_run(context.cache.root):
        run_measurement(measurement, Tier.SMOKE, context)
"""

BUILD = """
from pathlib import Path
from generator.core.pool import Pool
from generator.site.build import build_site
from tests.site.test_site_build import pages

def run(root, processes):
    with Pool(int(processes)) as pool:
        build_site(pages(), Path(root), pool=pool)
"""


def _started(script: str, *arguments: str, group: bool = False) -> subprocess.Popen[str]:
    """A process that has imported everything and begins now; in a group of its own it is as alone as in a terminal."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=group,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


ATTEMPTS = """
import json, os, sys, traceback
for line in sys.stdin:
    if not (attempt := os.fork()):
        try:
            run(*json.loads(line))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(attempt, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(attempt, 0)[1]), flush=True)
"""
"""Says a process's number as it begins, and its status when it has ended."""


class Attempts:
    """A process that has imported everything; each attempt is a copy of it, which begins at once and can be killed."""

    def __init__(self, script: str, said: Path) -> None:
        with said.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", script + ATTEMPTS],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
            )
        self._said = said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def completed(self, *arguments: str) -> float:
        """Run to the end; seconds that it took."""
        self._begun(arguments)
        began = time.monotonic()
        assert self._ends_within(120)
        assert self._answer() == 0, self._said.read_text("utf-8")
        return time.monotonic() - began

    def killed(self, *arguments: str, after_s: float) -> bool:
        """Begin, and kill after so long; whether it was still running then."""
        process = self._begun(arguments)
        if not self._ends_within(after_s):
            os.kill(process, signal.SIGKILL)
        status = self._answer()
        assert status in (0, -signal.SIGKILL), self._said.read_text("utf-8")
        return status != 0

    def _begun(self, arguments: Sequence[str]) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._said.read_text("utf-8")
        return int(line)

    def _ends_within(self, seconds: float) -> bool:
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], seconds)[0])


def _result(record: Record) -> dict[str, Any]:
    """What a run found, without the times of its processes."""
    return {
        "id": record.record_id,
        "stop": record.stop_reason,
        "variants": [(one.name, one.failure, one.quality) for one in record.variants],
        "rounds": [
            (block.index, one.variant, one.cycle, one.latencies_ns) for block in record.blocks for one in block.rounds
        ],
    }


def _nothing_half(root: Path) -> tuple[Record, ...]:
    """Records load; of the journal only the last line may be cut."""
    for journal in (root / ".cache" / "runs").glob("*.jsonl"):
        for line in journal.read_text("utf-8").splitlines()[:-1]:
            json.loads(line)
    return load_records(root / "measurements/trial/records")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_at_fifty_moments(
    tmp_path: Path, checkout: Callable[..., Path], system: SystemDescription
) -> None:
    """Resumed again and again, a run finds what an undisturbed one finds; each record is written once."""
    model, about = checkout() / "measurements", system.model_dump_json()

    def copied(name: str) -> Path:
        shutil.copytree(model, tmp_path / name / "measurements")
        return tmp_path / name

    whole = copied("whole")
    killed = runs = 0
    root = copied("run-0")
    with Attempts(MEASURE, tmp_path / "said") as attempts:
        duration = attempts.completed(str(whole), about)
        (undisturbed,) = _nothing_half(whole)
        expected, moments = _result(undisturbed), random.Random(1)
        while killed < KILLED_RUNS:
            if attempts.killed(str(root), about, after_s=moments.uniform(0, duration)):
                killed += 1
            if found := _nothing_half(root):
                assert [_result(one) for one in found] == [expected]
                runs += 1
                root = copied(f"run-{runs}")
        if not _nothing_half(root):
            attempts.completed(str(root), about)
    (last,) = _nothing_half(root)
    assert _result(last) == expected


def _tree(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_build_killed_at_random_moments(tmp_path: Path) -> None:
    """The site is the old one, the new one or, for an instant, none; the next build gives the same bytes.

    On one process and on several, in turn.
    """
    whole, root = site_checkout(tmp_path / "whole"), site_checkout(tmp_path / "killed")
    with Attempts(BUILD, tmp_path / "said") as attempts:
        duration = attempts.completed(str(whole), "1")
        expected, moments = _tree(whole / "site"), random.Random(2)
        for processes in itertools.islice(itertools.cycle("12"), KILLED_BUILDS):
            attempts.killed(str(root), processes, after_s=moments.uniform(0, duration))
            assert not (root / "site").exists() or _tree(root / "site") == expected
        attempts.completed(str(root), "2")
    assert _tree(root / "site") == expected


def test_two_builds_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second says that it waits, and after long enough that it leaves."""
    monkeypatch.setattr(site, "LONGEST_WAIT_S", 0.1)
    root, steps = site_checkout(tmp_path / "root"), list[str]()
    (root / "build").mkdir()
    with FileLock(root / "build" / "building.lock"), pytest.raises(Busy, match="another build has held"):
        site.build_site(pages(), root, steps.append)
    assert steps == ["wait"]
    assert not (root / "build" / "docs").exists()


BUILD_AND_MEASURE = """
import sys
from pathlib import Path
from generator.cli import main as command
from generator.core.pool import Pool
from generator.site.build import build_site
from tests.conftest import published
from tests.site.test_site_build import pages

def publish(root, *_, **__):
    records = len(list(root.glob("measurements/*/records/*.json")))
    with Pool(2) as pool:
        build_site(pages(f"Records: {records}"), root, pool=pool)
    return published(root)

command.publishing.publish = publish
root = sys.argv[1]
print("ready", flush=True)
sys.argv[1:] = ["build", "--tier", "smoke", "--root", root]
command.main()
"""
"""The real command, of a site as small as it can be."""


@pytest.fixture
def whole_checkout(tmp_path: Path, definition: str) -> Path:
    """What a site is built from, and a measurement."""
    root = site_checkout(tmp_path / "root")
    folder = root / "measurements" / "trial"
    folder.mkdir(parents=True)
    (folder / "measurement.toml").write_text(definition, "utf-8")
    return root


def _until(process: subprocess.Popen[str], beginning: str) -> None:
    """Read what it says until a line begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it never said '{beginning}': {process.communicate()[1]}")


def _interrupted(root: Path, after_line: str = "", and_s: float = 0.0, and_blocks: int = 0) -> tuple[int, str]:
    """Press Ctrl+C so long after a line, or when so many blocks are kept: status and what was said.

    No process of it is left.
    """
    process = _started(BUILD_AND_MEASURE, str(root), group=True)
    if after_line:
        _until(process, after_line)
    while _kept_blocks(root) < and_blocks:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    time.sleep(and_s)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert _all_gone(process.pid)
    return process.returncode, errors


def _kept_blocks(root: Path) -> int:
    """Of the journal of an interrupted run."""
    return sum(path.read_text("utf-8").count('"block":') for path in (root / ".cache" / "runs").glob("*.jsonl"))


def _all_gone(group: int) -> bool:
    """Whether no process of the group runs any more a moment after its leader has ended."""
    for _ in range(50):
        alive = [one for one in psutil.process_iter(["status"]) if one.info["status"] != psutil.STATUS_ZOMBIE]
        with contextlib.suppress(ProcessLookupError):
            if all(os.getpgid(one.pid) != group for one in alive if one.pid):
                return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")
@pytest.mark.timeout(300)
def test_ctrl_c_while_it_publishes_measures_and_publishes_again(whole_checkout: Path) -> None:
    """At each stage: status 130, no traceback, no half site, finished blocks kept; and the next command completes."""
    root, site = whole_checkout, whole_checkout / "site" / "index.html"
    status, said = _interrupted(root, and_s=0.5)
    assert (status, "Traceback" in said) == (130, False), said
    assert not site.exists()

    status, said = _interrupted(root, "The site: ", and_blocks=1)
    assert (status, "Traceback" in said) == (130, False), said
    assert "Finished blocks are kept" in said
    assert f"The site is where it was: {site.as_uri()}" in said
    assert "Records: 0" in site.read_text("utf-8")
    assert _kept_blocks(root) >= 1
    assert not _nothing_half(root)

    status, said = _interrupted(root, "trial: ", and_s=0.2)
    assert (status, "Traceback" in said) == (130, False), said
    assert f"The site is where it was: {site.as_uri()}" in said
    assert "Records: 0" in site.read_text("utf-8")
    (record,) = _nothing_half(root)
    assert record.sittings > 1

    last = _started(BUILD_AND_MEASURE, str(root))
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert "Records: 1" in site.read_text("utf-8")
    assert len(_nothing_half(root)) == 1
