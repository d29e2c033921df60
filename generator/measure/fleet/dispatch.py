"""Many machines at once: each measures one thing at a time, one that is lost is asked again when it is back.

The cluster that carries the requests is `cluster`, what the machines do is `remote`, what becomes of their records is
`arrivals`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from generator.core.errors import ClusterError
from generator.core.record import Record, SystemDescription
from generator.measure import events
from generator.measure.fleet import remote
from generator.measure.fleet.arrivals import Errand, PutAside
from generator.measure.fleet.cluster import Cluster, Failed, Lost, Task, Worker
from generator.measure.fleet.events import Arrived, Began, Joined, Left, Machine, News, NotMeasured, Refused, Told
from generator.measure.fleet.remote import Checkout, Introduction
from generator.measure.system import plain_name

DECLARED = "machine:"
"""A Dask worker of such a name says itself which machine it stands for: `dask worker --name machine:lab-3`."""

MOST_LOSSES = 3
"""How often a machine may be lost in one measurement before that measurement is given up there."""

PATIENCE_S = 120.0
"""How long to wait for a machine that has left, or for the first one."""

_LOOK_S = 0.5
"""Between two looks at who is there."""


Order = Callable[[Machine], Sequence[Errand]]
Keep = Callable[[bytes, Errand, str, SystemDescription], Record]
"""See `Arrivals.keep`."""


@dataclass(slots=True)
class _Member:
    """A machine, and how far it is."""

    machine: Machine
    errands: deque[Errand]
    addresses: set[str] = field(default_factory=set)
    """Of its workers that are there; one of them measures."""

    task: Task | None = None
    asked: str = ""
    """Address of the worker that has the task."""

    request: bytes = b""
    losses: int = 0
    """Of this errand."""

    left_at: float | None = None


class Fleet:
    """The machines of a cluster.

    Args:
        cluster: what carries the requests.
        ours: what this checkout is; a machine with another one is refused.
        order: what a machine is to measure.
        keep: takes what a machine sends.
        tell: gets what happens.
        patience_s: how long to wait for a machine that has left, or for the first one.
    """

    def __init__(
        self,
        cluster: Cluster,
        ours: Checkout,
        order: Order,
        keep: Keep,
        tell: Callable[[News], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._cluster, self._ours, self._order, self._keep, self._tell = cluster, ours, order, keep, tell
        self._patience_s = patience_s
        self._complete = True
        self._members = list[_Member]()
        self._refused = dict[str, str]()

    def muster(self) -> tuple[Machine, ...]:
        """Wait for the first machine.

        Raises:
            ClusterError: when none comes in time, or none that is there may measure.
        """
        until = time.monotonic() + self._patience_s
        while not self._members:
            self._look()
            if self._refused and not self._members:
                problem = f"of the cluster's workers ({len(self._refused)}) none may measure"
                raise ClusterError("--cluster", problem, "The reasons stand above.")
            if not self._members:
                if time.monotonic() > until:
                    problem = f"no worker has come within {self._patience_s:g} s"
                    raise ClusterError("--cluster", problem, "Start workers, or wait longer: --patience MINUTES.")
                time.sleep(_LOOK_S)
        return tuple(member.machine for member in self._members)

    def measure(self) -> bool:
        """Let every machine measure, those that join later too, and keep what they send.

        Returns:
            Whether everything that was asked for has come, from every worker.
        """
        try:
            self._advance()
            while not self._finished():
                for told in self._cluster.news(_LOOK_S):
                    self._pass_on(told)
                self._look()
                self._advance()
        except BaseException:
            self._abandon()
            raise
        for member in self._members:
            while member.errands:
                self._give_up(member, "the machine left")
        return self._complete and not self._refused

    def _finished(self) -> bool:
        now = time.monotonic()
        return all(
            not member.errands or (member.left_at is not None and now - member.left_at > self._patience_s)
            for member in self._members
        )

    def _look(self) -> None:
        """Who has left, and who is new."""
        present = self._cluster.workers()
        for member in self._members:
            member.addresses &= present.keys()
            if member.task and member.asked not in present:
                self._lose(member)
            if not member.addresses and member.left_at is None:
                member.left_at = time.monotonic()
                if member.errands:
                    self._tell(Left(member.machine.name))
        self._refused = {address: why for address, why in self._refused.items() if address in present}
        known = {address for member in self._members for address in member.addresses}.union(self._refused)
        fresh = sorted((one for one in present.values() if one.address not in known), key=lambda one: one.name)
        for worker in (one for one in fresh if not one.measures):
            self._refuse(worker, "it was started without the resource. Add to dask worker: --resources measuring=1")
        able = {worker.address: worker for worker in fresh if worker.measures}
        if able:
            found = self._cluster.introductions(list(able), list(self._ours.definitions))
            for address in (one for one in able if one in found):
                self._admit(able[address], found[address])

    def _admit(self, worker: Worker, answer: bytes) -> None:
        """Take a worker to its machine, or refuse it."""
        try:
            why = remote.why_refused(answer)
            found = None if why else remote.INTRODUCTIONS.validate_json(answer)
        except ValueError:
            why, found = "it does not say what it is. Start it in a checkout of this commit.", None
        if found is None or (why := found.checkout.unlike(self._ours)):
            self._refuse(worker, why or "")
            return
        member = self._member_of(worker, found)
        again, member.left_at = member.left_at is not None, None
        fresh = not member.addresses
        member.addresses.add(worker.address)
        if fresh and (member.errands or not again):
            self._tell(Joined(member.machine, again))

    def _member_of(self, worker: Worker, found: Introduction) -> _Member:
        """The machine that a worker stands for: the one it declares, else the one whose kernel it runs on."""
        declared = worker.name.removeprefix(DECLARED) if worker.name.startswith(DECLARED) else ""
        identity = f"{DECLARED}{declared}" if declared else found.boot or found.host
        for member in self._members:
            if member.machine.identity == identity:
                return member
        returned = None if declared else self._back_again(found)
        if returned:
            returned.machine = replace(returned.machine, identity=identity)
            return returned
        name = self._own_name(plain_name(declared or found.host))
        machine = Machine(name, found.host, identity, found.system, bool(found.checkout.modified))
        self._members.append(_Member(machine, deque(self._order(machine))))
        return self._members[-1]

    def _back_again(self, found: Introduction) -> _Member | None:
        """The machine that has left and is of this name and kind: started anew, it has another boot id."""
        kind = (found.host, found.system.fingerprint())
        for member in self._members:
            gone = member.left_at is not None and not member.machine.identity.startswith(DECLARED)
            if gone and (member.machine.host, member.machine.system.fingerprint()) == kind:
                return member
        return None

    def _own_name(self, name: str) -> str:
        taken = {member.machine.name for member in self._members}
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 2))
        return name if name not in taken else next(one for one in numbered if one not in taken)

    def _advance(self) -> None:
        """Take what has come, and ask whoever is free for the next."""
        for member in self._members:
            if member.task:
                self._take(member, member.task)
            if not member.task and member.errands and member.addresses:
                self._ask(member)

    def _take(self, member: _Member, task: Task) -> None:
        try:
            answer = task.answer()
        except Lost:
            self._lose(member)
        except Failed as error:
            self._give_up(member, str(error))
        else:
            if answer is not None:
                self._receive(member, answer)

    def _ask(self, member: _Member) -> None:
        errand, name = member.errands[0], member.machine.name
        fingerprint = errand.measurement.fingerprint()
        request = remote.Request(
            self._cluster.session,
            name,
            errand.measurement.name,
            fingerprint,
            errand.tier,
            errand.most_s,
            errand.core,
        )
        member.request, member.asked = remote.REQUESTS.dump_json(request), min(member.addresses)
        member.task = self._cluster.submit(member.asked, member.request)
        self._tell(Began(name, errand.measurement.name))

    def _receive(self, member: _Member, answer: bytes) -> None:
        if (why := remote.why_refused(answer)) is not None:
            self._give_up(member, why)
            return
        errand, machine = member.errands[0], member.machine
        try:
            record = self._keep(answer, errand, machine.name, machine.system)
        except PutAside as aside:
            self._give_up(member, f"its record is not believed: {aside.reason}. It was put aside: {aside.path}")
        else:
            self._done(member)
            self._tell(Arrived(machine.name, record, len(member.errands)))
        self._cluster.forget(member.asked, member.request)

    def _lose(self, member: _Member) -> None:
        """The task is gone with its worker; the errand stays, unless it was lost too often."""
        if member.task:
            member.task.cancel()
            member.task = None
        member.losses += 1
        if member.losses >= MOST_LOSSES:
            self._give_up(member, f"its worker was lost {MOST_LOSSES} times in the middle of it")

    def _give_up(self, member: _Member, reason: str) -> None:
        measurement = member.errands[0].measurement.name
        self._complete = False
        self._done(member)
        self._tell(NotMeasured(member.machine.name, measurement, reason))

    def _done(self, member: _Member) -> None:
        member.errands.popleft()
        member.task, member.losses = None, 0

    def _refuse(self, worker: Worker, reason: str) -> None:
        self._refused[worker.address] = reason
        self._tell(Refused(f"{worker.name} ({worker.address})", reason))

    def _pass_on(self, told: object) -> None:
        """Tell what a machine tells; what is no event is not worth an error."""
        if not isinstance(told, dict) or not isinstance(told.get("event"), dict):
            return
        names = {member.machine.name for member in self._members}
        try:
            event = events.received(told["event"])
        except ValueError:
            return
        if told.get("machine") in names:
            self._tell(Told(str(told["machine"]), event))

    def _abandon(self) -> None:
        """Nobody waits any more: tasks are dropped, and runs stop after their block, which is kept."""
        busy = [member for member in self._members if member.task]
        for member in busy:
            if member.task:
                member.task.cancel()
        if busy:
            self._cluster.stop([member.asked for member in busy])
