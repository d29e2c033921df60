"""fleet: one thing at a time on each machine, whoever leaves is asked again, and nobody is measured twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition import Measurement
from generator.core.definition_file import load_measurement
from generator.core.errors import ClusterError
from generator.core.record import SystemDescription, Tier
from generator.measure import events
from generator.measure.fleet import dispatch, remote
from generator.measure.fleet.arrivals import Errand, PutAside
from generator.measure.fleet.cluster import Failed, Lost, Worker
from generator.measure.fleet.dispatch import Fleet
from generator.measure.fleet.events import Arrived, Joined, Left, News, NotMeasured, Refused, Told
from generator.measure.fleet.remote import Checkout, Introduction

OURS = Checkout("1", "abc", False, "0" * 64, {"one": "1" * 64, "two": "2" * 64})
RECORD: Any = object()


@dataclass
class ScriptedTask:
    """Answers what it is told to, when it is told to."""

    result: bytes | Exception | None = None
    cancelled: bool = False

    def answer(self) -> bytes | None:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class ScriptedCluster:
    """A cluster without a network: a script changes it each time that the fleet waits."""

    introduced: dict[str, bytes]
    names: dict[str, str] = field(default_factory=dict)
    script: list[Callable[[ScriptedCluster], Any]] = field(default_factory=list)
    answers: Callable[[remote.Request], bytes | Exception | None] = lambda request: b"record"
    present: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    submitted: list[tuple[str, remote.Request, ScriptedTask]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    told: list[Mapping[str, Any]] = field(default_factory=list)
    session: str = "session"

    def workers(self) -> Mapping[str, Worker]:
        return {one: Worker(one, self.names.get(one, one), one not in self.plain) for one in sorted(self.present)}

    def introductions(self, addresses: Sequence[str], names: Sequence[str]) -> Mapping[str, bytes]:
        assert list(names) == ["one", "two"]
        return {address: self.introduced[address] for address in addresses}

    def submit(self, address: str, request: bytes) -> ScriptedTask:
        asked = remote.REQUESTS.validate_json(request)
        self.submitted.append((address, asked, ScriptedTask(self.answers(asked))))
        return self.submitted[-1][2]

    def forget(self, address: str, request: bytes) -> None:
        self.forgotten.append(remote.REQUESTS.validate_json(request).measurement)

    def stop(self, addresses: Sequence[str]) -> None:
        self.stopped += addresses

    def news(self, wait_s: float) -> Iterator[Mapping[str, Any]]:
        if self.script:
            self.script.pop(0)(self)
        yield from self.told
        self.told.clear()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_LOOK_S", 0.0)


@pytest.fixture
def suite(checkout: Callable[..., Path], definition: str) -> list[Measurement]:
    root = checkout(one=definition, two=definition)
    return [load_measurement(root / "measurements" / name) for name in ("one", "two")]


@pytest.fixture
def introduce(system: SystemDescription) -> Callable[..., bytes]:
    """An introduction of a machine of this host and this boot."""

    def make(host: str, boot: str, ours: Checkout = OURS) -> bytes:
        return remote.INTRODUCTIONS.dump_json(Introduction(host, boot, system, ours))

    return make


class Seen(list[News]):
    """Everything that was told."""

    def of(self, kind: type[Any]) -> list[Any]:
        return [one for one in self if isinstance(one, kind)]

    def text(self, kind: type[Any]) -> list[str]:
        return [f"{one.machine}: {one.measurement}: {one.reason}" for one in self.of(kind)]


@pytest.fixture
def gather(suite: list[Measurement]) -> Callable[..., tuple[Fleet, Seen]]:
    """A fleet over a scripted cluster, which is to measure both measurements."""

    def make(
        cluster: ScriptedCluster, patience_s: float = 0.0, keep: Any = lambda *_: RECORD, names: tuple[str, ...] = ()
    ) -> tuple[Fleet, Seen]:
        seen = Seen()
        errands = [Errand(one, Tier.SMOKE) for one in suite if not names or one.name in names]
        return Fleet(cluster, OURS, lambda machine: errands, keep, seen.append, patience_s), seen

    return make


def test_every_machine_measures_everything_once(introduce: Any, gather: Any) -> None:
    """Two workers of one kernel are one machine; two machines of one kind and one host's name are two."""
    workers = {"a": introduce("node", "x"), "b": introduce("node", "x"), "c": introduce("node", "y")}
    cluster = ScriptedCluster(workers, present=set(workers))
    found, seen = gather(cluster)
    assert [machine.name for machine in found.muster()] == ["node", "node-2"]
    assert found.measure()
    asked = [(address, request.machine, request.measurement) for address, request, _ in cluster.submitted]
    assert sorted(asked) == [
        ("a", "node", "one"),
        ("a", "node", "two"),
        ("c", "node-2", "one"),
        ("c", "node-2", "two"),
    ]
    assert sorted(cluster.forgotten) == ["one", "one", "two", "two"]
    assert [one.remaining for one in seen.of(Arrived) if one.machine == "node"] == [1, 0]


def test_a_worker_can_say_which_machine_it_stands_for(introduce: Any, gather: Any) -> None:
    """Its name decides, whatever host it runs on; it may stand in a file's name."""
    workers = {"a": introduce("node", "x"), "b": introduce("node", "x")}
    cluster = ScriptedCluster(workers, {"a": "machine:../lab 1", "b": "machine:lab-2"}, present=set(workers))
    found, _ = gather(cluster)
    assert [machine.name for machine in found.muster()] == ["lab-1", "lab-2"]


def test_a_machine_that_comes_back_goes_on(introduce: Any, gather: Any) -> None:
    """Started anew it has another address and another boot id, and it is asked for the same again, under its name."""
    anew = introduce("node", "after the restart")
    workers = {"a": introduce("node", "x"), "b": anew, "c": anew}
    cluster = ScriptedCluster(workers, present={"a"}, answers=lambda request: None)
    cluster.script = [
        lambda one: one.present.clear(),
        lambda one: (one.present.update("bc"), setattr(one, "answers", lambda request: b"record")),
    ]
    found, seen = gather(cluster, patience_s=60.0)
    found.muster()
    assert found.measure()
    assert [(address, r.machine, r.measurement) for address, r, _ in cluster.submitted] == [
        ("a", "node", "one"),
        ("b", "node", "one"),
        ("b", "node", "two"),
    ]
    assert cluster.submitted[0][2].cancelled
    assert [type(one) for one in seen if isinstance(one, Joined | Left)] == [Joined, Left, Joined]
    assert [one.again for one in seen.of(Joined)] == [False, True]


def test_a_machine_that_stays_away_is_reported_and_nothing_else_fails(introduce: Any, gather: Any) -> None:
    workers = {"a": introduce("left", "x"), "b": introduce("stays", "y")}
    cluster = ScriptedCluster(
        workers, present=set(workers), answers=lambda request: None if request.machine == "left" else b"record"
    )
    cluster.script = [lambda one: one.present.discard("a")]
    found, seen = gather(cluster)
    found.muster()
    assert not found.measure()
    assert [one.machine for one in seen.of(Arrived)] == ["stays", "stays"]
    assert seen.text(NotMeasured) == ["left: one: the machine left", "left: two: the machine left"]


def test_a_machine_lost_again_and_again_gives_that_measurement_up(introduce: Any, gather: Any) -> None:
    """What kills its worker each time is not tried for ever; the next measurement is."""
    cluster = ScriptedCluster({"a": introduce("node", "x")}, present={"a"})
    cluster.answers = lambda request: Lost() if request.measurement == "one" else b"record"
    found, seen = gather(cluster)
    found.muster()
    assert not found.measure()
    assert [request.measurement for _, request, _ in cluster.submitted] == ["one", "one", "one", "two"]
    assert seen.text(NotMeasured) == ["node: one: its worker was lost 3 times in the middle of it"]
    assert len(seen.of(Arrived)) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (remote.refusal("another process is measuring"), "another process is measuring"),
        (Failed("MemoryError: "), "MemoryError: "),
    ],
    ids=["refused", "failed"],
)
def test_what_cannot_be_measured_is_reported_and_the_next_is_measured(
    introduce: Any, gather: Any, answer: bytes | Exception, reason: str
) -> None:
    cluster = ScriptedCluster({"a": introduce("node", "x")}, present={"a"})
    cluster.answers = lambda request: answer if request.measurement == "one" else b"record"
    found, seen = gather(cluster)
    found.muster()
    assert not found.measure()
    assert seen.text(NotMeasured) == [f"node: one: {reason}"]
    assert cluster.forgotten == ["two"]


def test_a_record_that_is_not_believed_is_said_to_be_put_aside(introduce: Any, gather: Any, tmp_path: Path) -> None:
    """And the machine may forget it, or it would send the same again."""

    def keep(answer: bytes, *_: Any) -> Any:
        raise PutAside(tmp_path / "x.json", "it was edited")

    cluster = ScriptedCluster({"a": introduce("node", "x")}, present={"a"})
    found, seen = gather(cluster, keep=keep, names=("one",))
    found.muster()
    assert not found.measure()
    assert seen.text(NotMeasured) == [
        f"node: one: its record is not believed: it was edited. It was put aside: {tmp_path / 'x.json'}"
    ]
    assert cluster.forgotten == ["one"]


def test_who_may_not_measure_is_refused_with_a_remedy(introduce: Any, gather: Any) -> None:
    """No resource, another commit, no generator, nonsense: each is told, and the others measure."""
    workers = {
        "good": introduce("good", "x"),
        "commit": introduce("commit", "y", replace(OURS, commit="def")),
        "bare": remote.refusal("ModuleNotFoundError: No module named 'generator'"),
        "nonsense": b"{}",
        "plain": b"never asked",
    }
    cluster = ScriptedCluster(workers, present=set(workers), plain={"plain"})
    found, seen = gather(cluster)
    assert [machine.name for machine in found.muster()] == ["good"]
    assert not found.measure()
    refused = {one.worker.split(" ")[0]: one.reason for one in seen.of(Refused)}
    assert set(refused) == {"commit", "bare", "nonsense", "plain"}
    assert refused["plain"].endswith("Add to dask worker: --resources measuring=1")
    assert "There: git checkout abc" in refused["commit"]
    assert "No module named 'generator'" in refused["bare"]
    assert len(seen.of(Arrived)) == 2


def test_a_machine_that_joins_later_measures_too(introduce: Any, gather: Any) -> None:
    workers = {"a": introduce("early", "x"), "b": introduce("late", "y")}
    cluster = ScriptedCluster(workers, present={"a"})
    cluster.script = [lambda one: one.present.add("b")]
    found, seen = gather(cluster)
    found.muster()
    assert found.measure()
    assert [one.machine for one in seen.of(Arrived)] == ["early", "early", "late", "late"]


@pytest.mark.parametrize(
    ("present", "plain", "problem"),
    [(set(), set(), "no worker has come within 0 s"), ({"a"}, {"a"}, r"workers \(1\) none may measure")],
    ids=["nobody", "nobody who may"],
)
def test_a_cluster_without_machines(gather: Any, present: set[str], plain: set[str], problem: str) -> None:
    found, _ = gather(ScriptedCluster({}, present=present, plain=plain))
    with pytest.raises(ClusterError, match=problem):
        found.muster()


def test_an_interruption_stops_the_machines(introduce: Any, gather: Any) -> None:
    """Ctrl-C: tasks are dropped and the busy workers told; what has come is kept."""

    def interrupted(one: ScriptedCluster) -> None:
        raise KeyboardInterrupt

    workers = {"a": introduce("busy", "x"), "b": introduce("done", "y")}
    cluster = ScriptedCluster(workers, present=set(workers), script=[lambda one: None, lambda one: None, interrupted])
    cluster.answers = lambda request: None if request.machine == "busy" else b"record"
    found, seen = gather(cluster)
    found.muster()
    with pytest.raises(KeyboardInterrupt):
        found.measure()
    assert cluster.stopped == ["a"]
    assert [task.cancelled for address, _, task in cluster.submitted if address == "a"] == [True]
    assert len(seen.of(Arrived)) == 2


def test_progress_is_told_and_nonsense_is_not(introduce: Any, gather: Any) -> None:
    """Whatever comes on the topic: only a known machine's events reach the listener."""
    event = events.BlockStarted("numbers", 1, 20)
    cluster = ScriptedCluster({"a": introduce("node", "x")}, present={"a"}, answers=lambda request: None)
    nonsense: list[Any] = [
        {"machine": "node", "event": {"kind": "Unheard"}},
        {"machine": "node", "event": {"kind": "BlockStarted"}},
        {"machine": "other", "event": events.sent(event)},
        {"machine": "node"},
        "text",
    ]

    def talk(one: ScriptedCluster) -> None:
        one.told = [*nonsense, {"machine": "node", "event": events.sent(event)}]
        one.submitted[0][2].result = b"record"

    cluster.script = [talk]
    found, seen = gather(cluster, names=("one",))
    found.muster()
    assert found.measure()
    assert seen.of(Told) == [Told("node", event)]
