"""remote: what a machine of a fleet says of itself, measures, keeps until it may forget, and refuses."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record import SystemDescription, Tier
from generator.core.record_file import parse_record
from generator.measure import events
from generator.measure.fleet import remote
from generator.measure.fleet.remote import Checkout, Request
from generator.measure.plan import only_run

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")

Make = Callable[..., Any]
SAME = Checkout("1", "abc", False, "0" * 64, {"one": "1" * 64})


@dataclass
class DaskWorker:
    """What `get_worker` returns."""

    told: list[Any] = field(default_factory=list)

    def log_event(self, topic: str, message: Any) -> None:
        self.told.append((topic, json.loads(json.dumps(message))))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, system: SystemDescription) -> DaskWorker:
    found = DaskWorker()
    monkeypatch.setattr("distributed.get_worker", lambda: found)
    monkeypatch.setattr("generator.measure.system.describe_system", lambda: system)
    monkeypatch.setattr(remote, "_stopped", set())
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)
    return found


@pytest.fixture
def there(checkout: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout that the worker was started in."""
    root: Path = checkout()
    monkeypatch.chdir(root)
    return root


def _request(root: Path, **changes: Any) -> bytes:
    fingerprint = load_measurement(root / "measurements/trial").fingerprint()
    asked = Request("session", "lab", "trial", fingerprint, Tier.SMOKE, None)
    return remote.REQUESTS.dump_json(replace(asked, **changes))


def test_a_record_can_be_had_again_until_it_is_safe(there: Path, worker: DaskWorker) -> None:
    """If the answer is lost on the way, the run is not: the machine keeps its journal until it may forget it."""
    request = _request(there)
    first, second = (parse_record(json.loads(remote.measure_for(request)), "answer") for _ in range(2))
    assert first.blocks == second.blocks
    assert first.record_id == second.record_id
    assert (first.sittings, second.sittings) == (1, 2)
    journal = there / ".cache/runs/lab/trial-smoke.jsonl"
    assert journal.exists()
    remote.forget_run(request)
    assert not journal.exists()
    assert not (there / "measurements/trial/records").exists()
    told = [events.received(message["event"]) for topic, message in worker.told if topic == "session"]
    assert {message["machine"] for _, message in worker.told} == {"lab"}
    assert [one.index for one in told if isinstance(one, events.BlockFinished)] == [0, 1]
    assert events.Resumed(2) in told


def test_machines_of_one_kind_name_their_records_apart(there: Path, worker: DaskWorker) -> None:
    """Two may begin in the same second; a host's name is not told."""
    ids = {
        parse_record(json.loads(remote.measure_for(_request(there, machine=name))), name).record_id.rpartition("-")[2]
        for name in ("lab-one", "lab-two")
    }
    assert len(ids) == 2
    assert not any("lab" in one for one in ids)


def test_a_stopped_session_ends_and_keeps_its_blocks(
    there: Path, worker: DaskWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = worker.log_event

    def stop_after_a_block(topic: str, message: Any) -> None:
        real(topic, message)
        if message["event"]["kind"] == "BlockFinished":
            remote.stop("session")

    monkeypatch.setattr(worker, "log_event", stop_after_a_block)
    assert "it was stopped" in str(remote.why_refused(remote.measure_for(_request(there))))
    again = remote.measure_for(_request(there, session="the next one"))
    record = parse_record(json.loads(again), "answer")
    assert (record.sittings, len(record.blocks)) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"definition_sha256": "0" * 64}, "the definition has changed"), ({"measurement": "other"}, "other")],
    ids=["definition", "measurement"],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(
    there: Path, worker: DaskWorker, changes: dict[str, Any], reason: str
) -> None:
    assert reason in str(remote.why_refused(remote.measure_for(_request(there, **changes))))


def test_a_machine_that_is_measuring_refuses(there: Path, worker: DaskWorker) -> None:
    """The lock of the machine holds whoever asks; another machine in the same checkout is not held up."""
    with only_run(there / ".cache", "lab"):
        why = remote.why_refused(remote.measure_for(_request(there)))
        other = remote.measure_for(_request(there, machine="other"))
    assert "another process is measuring" in str(why)
    assert remote.why_refused(other) is None


def _introduced(names: list[str]) -> bytes:
    """What a worker answers; in a thread, since a process that has read pages with Playwright runs a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(remote.introduce(names))).result()


def test_an_introduction_says_what_is_compared(there: Path, worker: DaskWorker, system: SystemDescription) -> None:
    found = remote.INTRODUCTIONS.validate_json(_introduced(["trial", "absent"]))
    assert found.system == system
    assert found.checkout == remote.describe_checkout(there, ["trial", "absent"])
    assert set(found.checkout.definitions) == {"trial"}


def test_a_machine_without_the_packages_says_so(
    there: Path, worker: DaskWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.measure import plan

    real = plan.importlib.util.find_spec
    monkeypatch.setattr(plan.importlib.util, "find_spec", lambda name: None if name == "psutil" else real(name))
    assert "Install the extra 'measure'" in str(remote.why_refused(_introduced(["trial"])))


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (SAME, None),
        (replace(SAME, modified=True), None),
        (replace(SAME, commit="def"), "at commit def, this one at abc. There: git checkout abc"),
        (replace(SAME, commit=None), r"at commit none \(no git\)"),
        (replace(SAME, version="2"), "it has generator 2, this is 1"),
        (replace(SAME, code_sha256="f" * 64), "its measuring code differs"),
        (replace(SAME, definitions={"one": "2" * 64}), "its definition of 'one' differs"),
        (replace(SAME, definitions={}), "its definition of 'one' is not there"),
    ],
    ids=["same", "changes", "commit", "no git", "version", "code", "definition", "no definition"],
)
def test_a_machine_of_another_checkout_is_told_how_it_differs(theirs: Checkout, reason: str | None) -> None:
    """Numbers of other code or another definition would stand beside ours as if they were the same thing."""
    import re

    why = theirs.unlike(SAME)
    assert why is None if reason is None else re.search(reason, str(why))


@pytest.mark.parametrize(
    "answer", [b'{"refused": 1, "more": 2}', b"[]", b"{", b"\xff", b"[" * 50_000, b" " * 200_000 + b"{}"]
)
def test_only_a_refusal_is_a_refusal(answer: bytes) -> None:
    assert remote.why_refused(answer) is None


def test_what_the_nanny_sets_does_not_reach_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """MALLOC_TRIM_THRESHOLD_ changes latencies; what a person has set stays."""
    set_by_nanny = dask.config.get("distributed.nanny.pre-spawn-environ")
    assert "MALLOC_TRIM_THRESHOLD_" in set_by_nanny
    for name, value in set_by_nanny.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    remote._without_nanny()
    assert {name: os.environ.get(name) for name in set_by_nanny if name in os.environ} == {"OMP_NUM_THREADS": "7"}
