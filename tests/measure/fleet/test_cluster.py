"""cluster: a real Dask cluster of several worker processes, one of which is killed in the middle of a run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli import main as cli
from generator.cli.cluster import doubts
from generator.cli.console_cluster import FleetDisplay
from generator.core.definition_file import load_measurement
from generator.core.errors import ClusterError, MissingPackage
from generator.core.record import Tier
from generator.core.record_file import load_records
from generator.measure import events
from generator.measure.fleet import cluster
from generator.measure.fleet.arrivals import Arrivals, Errand
from generator.measure.fleet.cluster import RESOURCE, DaskCluster
from generator.measure.fleet.dispatch import Fleet
from generator.measure.fleet.events import Arrived, Began, Joined, Left, News, NotMeasured, Told
from generator.measure.fleet.remote import describe_checkout

pytest.importorskip("distributed")
from distributed import LocalCluster

VICTIM = "lab-1"


class Machines(LocalCluster):
    """Workers that say which machine each stands for, as `dask worker --name machine:lab-0` does."""

    def _new_worker_name(self, worker_number: int) -> str:
        return f"machine:lab-{worker_number}"

    def kill(self, machine: str) -> None:
        """SIGKILL to the process of a machine's worker; its nanny starts another."""
        os.kill(self.workers[f"machine:{machine}"].pid, signal.SIGKILL)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, int], Machines]]:
    """Starts a cluster of workers in a checkout; a nanny changes the environment of its own process too."""
    before, started = dict(os.environ), list[Machines]()
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)

    def start(root: Path, count: int) -> Machines:
        monkeypatch.chdir(root)
        own = {"threads_per_worker": 1, "memory_limit": 0, "resources": {RESOURCE: 1}}
        started.append(Machines(n_workers=0, processes=True, dashboard_address="127.0.0.1:0", **own))
        started[-1].scale(count)
        started[-1].wait_for_workers(count, timeout=30)
        return started[-1]

    yield start
    for one in started:
        one.close()
    os.environ.clear()
    os.environ.update(before)


class Watch(list[News]):
    """Collects what is told, and does something once when a machine has finished its first block."""

    def __init__(self, machine: str = "", then: Callable[[], object] = lambda: None) -> None:
        self._machine, self._then = machine, then

    def __call__(self, happened: News) -> None:
        self.append(happened)
        match happened:
            case Told(machine, events.BlockFinished(index=0)) if machine == self._machine:
                self._machine = ""
                self._then()

    def of(self, kind: type[Any]) -> list[Any]:
        return [one for one in self if isinstance(one, kind)]

    def resumed(self) -> dict[str, int]:
        return {one.machine: one.event.blocks for one in self.of(Told) if isinstance(one.event, events.Resumed)}


def _measured(root: Path, address: str, watch: Watch) -> bool:
    measurement, ours = load_measurement(root / "measurements/trial"), describe_checkout(root, ["trial"])
    arrivals = Arrivals(root / "measurements", root / ".cache/put-aside", ours, doubts)
    with DaskCluster(address) as found:
        fleet = Fleet(found, ours, lambda _: [Errand(measurement, Tier.SMOKE)], arrivals.keep, watch, 60.0)
        fleet.muster()
        return fleet.measure()


def _look_for_ever(found: DaskCluster) -> None:
    while True:
        found.workers()


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_fleet_measures_though_one_machine_is_killed_and_the_person_interrupts(
    checkout: Callable[..., Path], machines: Callable[[Path, int], Machines], tmp_path: Path
) -> None:
    """Each machine sends its own record once, verified; who was killed goes on from its journal. After Ctrl-C the same
    command goes on from every machine's finished blocks. Three machines share one checkout, as on a network drive.
    """
    root = checkout()
    running = machines(root, 3)
    watch = Watch(VICTIM, lambda: running.kill(VICTIM))
    assert _measured(root, running.scheduler_address, watch)
    records = load_records(root / "measurements/trial/records")
    assert len(records) == len({one.record_id for one in records}) == 3
    assert {one.system.fingerprint() for one in records} == {records[0].system.fingerprint()}
    assert sorted(one.machine for one in watch.of(Arrived)) == ["lab-0", "lab-1", "lab-2"]
    assert {one.machine: one.record.sittings for one in watch.of(Arrived)} == {"lab-0": 1, "lab-1": 2, "lab-2": 1}
    assert set(watch.resumed()) == {VICTIM}
    assert watch.resumed()[VICTIM] >= 1
    assert [one.machine for one in watch.of(Began)].count(VICTIM) == 2
    assert [one.machine for one in watch.of(Left)] == [VICTIM]
    assert [one.machine.name for one in watch.of(Joined) if one.again] == [VICTIM]
    assert not list((root / ".cache/runs").rglob("*.jsonl"))
    assert not (root / ".cache/put-aside").exists()

    with pytest.raises(KeyboardInterrupt):
        _measured(root, running.scheduler_address, Watch("lab-0", _interrupt))
    again = Watch()
    assert _measured(root, running.scheduler_address, again)
    assert again.resumed()["lab-0"] >= 1
    assert len(again.of(Arrived)) == 3
    assert not again.of(NotMeasured)


@pytest.mark.slow
def test_the_command_says_what_it_would_do_and_who_did_not(
    checkout: Callable[..., Path],
    machines: Callable[[Path, int], Machines],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    definition: str,
) -> None:
    """`--plan` names the machines and measures nothing; a worker of another checkout is refused, and a machine that
    leaves for good is reported: status 3.
    """
    root = checkout()
    running = machines(root, 2)
    other = tmp_path_factory.mktemp("other") / "measurements/trial"
    other.mkdir(parents=True)
    (other / "measurement.toml").write_text(definition.replace("1_000_000", "900_000"), "utf-8")
    monkeypatch.chdir(other.parents[1])
    running.scale(3)
    running.wait_for_workers(3, timeout=30)
    asked = ["measure", "--tier", "smoke", "--root", str(root), "--cluster", running.scheduler_address]
    monkeypatch.chdir(root)
    planned = CliRunner().invoke(cli.app, [*asked, "--plan"])
    assert planned.exit_code == 0, planned.output
    assert "lab-0, lab-1 (" in planned.output
    assert "may not measure: its definition of 'trial' differs from ours" in planned.output
    assert not (root / "measurements/trial/records").exists()

    leaving = [running.workers["machine:lab-1"]]
    real = FleetDisplay.__call__

    def kill_for_good(display: FleetDisplay, happened: News) -> None:
        real(display, happened)
        told = isinstance(happened, Told) and happened.machine == "lab-1" and happened.event
        if isinstance(told, events.BlockFinished) and leaving:
            leaving.pop().close_gracefully()  # the nanny starts no other worker
            running.kill("lab-1")

    monkeypatch.setattr(FleetDisplay, "__call__", kill_for_good)
    done = CliRunner().invoke(cli.app, [*asked, "--patience", "0"])
    assert done.exit_code == 3, done.output
    assert "lab-1: trial: not measured: the machine left" in done.output
    assert "Not everything was measured everywhere" in done.stderr
    assert len(load_records(root / "measurements/trial/records")) == 1


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("tcp://127.0.0.1:1", r"no Dask scheduler answers there within 0.3 s .*dask scheduler"),
        ("nonsense://127.0.0.1:1", "no Dask scheduler answers there"),
        ("tls://127.0.0.1:1", "tls:// needs Dask's certificates"),
        ("absent.json", "there is no such scheduler file.*--scheduler-file FILE"),
        ("broken.json", "the file names no scheduler's address"),
    ],
)
def test_a_dead_address_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Callable[..., Path], address: str, problem: str
) -> None:
    """Where, what and what to do, after a bounded time."""
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text('{"type": "Scheduler"}', "utf-8")
    with pytest.raises(ClusterError, match=problem):
        DaskCluster(address)
    done = CliRunner().invoke(cli.app, ["measure", "--root", str(checkout()), "--cluster", address])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: --cluster {address}: ")
    assert "Traceback" not in done.output


def test_a_scheduler_that_goes_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bounded time in which it might have come back."""
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with LocalCluster(n_workers=0, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0") as running:
        found = DaskCluster(running.scheduler_address)
        assert found.workers() == {}
    with found, pytest.raises(ClusterError, match=r"the scheduler has gone\..*finished blocks are kept"):
        _look_for_ever(found)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage, match=r"the package 'distributed' is not installed.*\[cluster\]"):
        DaskCluster("tcp://127.0.0.1:1")


def test_one_machines_meter_is_not_many_machines(checkout: Callable[..., Path]) -> None:
    """A wrong use of the command, and no connection is tried."""
    asked = ["measure", "--root", str(checkout()), "--cluster", "tcp://127.0.0.1:1", "--watts-per-core", "5"]
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 2
    assert "are one machine's" in " ".join(done.stderr.split())
