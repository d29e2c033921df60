"""What a machine of a fleet does when it is asked: runs in a Dask worker that was started in a checkout.

Whatever comes and goes is JSON in bytes, never a pickled object of ours. What measures is imported where it is needed:
the scheduler imports this module too, and measures nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

import generator
from generator.core.definition import Measurement
from generator.core.definition_file import load_measurement, load_sound
from generator.core.errors import DefinitionError, GeneratorError
from generator.core.problem import Problem
from generator.core.record import Record, SystemDescription, Tier
from generator.core.record_file import dump_record

if TYPE_CHECKING:
    from generator.measure.events import Event, Listener

REFUSED = "refused"
"""The one key of an answer that says why there is no other."""

_LONGEST_REFUSAL = 100_000

_stopped = set[str]()
"""Sessions whose person has gone, in the process of this worker."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """What decides whether two checkouts measure the same thing in the same way."""

    version: str
    commit: str | None
    modified: bool | None
    """Whether tracked files differ from the commit."""

    code_sha256: str
    definitions: Mapping[str, str]
    """Fingerprint of each measurement's definition, by its name."""

    def unlike(self, ours: Checkout) -> str | None:
        """In what a machine's checkout differs from this one, and what to do; None when it is the same."""
        if self.commit != ours.commit:
            return (
                f"its checkout is at commit {_short(self.commit)}, this one at {_short(ours.commit)}. "
                f"There: git checkout {ours.commit or 'COMMIT'}, then start the worker again in it."
            )
        again = "Bring the same files there, then start the worker again in that folder."
        if self.version != ours.version:
            return f"it has generator {self.version}, this is {ours.version}. {again}"
        if self.code_sha256 != ours.code_sha256:
            return f"its measuring code differs from this checkout's. {again}"
        for name, fingerprint in ours.definitions.items():
            if self.definitions.get(name) != fingerprint:
                has = "differs from ours" if name in self.definitions else "is not there"
                return f"its definition of '{name}' {has}. {again}"
        return None


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a machine says of itself before it is asked to measure."""

    host: str
    boot: str
    """The same in all processes and containers of one running kernel; may be nothing."""

    system: SystemDescription
    checkout: Checkout


@dataclass(frozen=True, slots=True)
class Request:
    """One measurement that a machine is asked for."""

    session: str
    """The topic that progress is told under."""

    machine: str
    """What the asking side calls this machine."""

    measurement: str
    definition_sha256: str
    tier: Tier
    most_s: float | None
    core: bool = False
    """Only what the core suite measures."""


INTRODUCTIONS = TypeAdapter(Introduction)
REQUESTS = TypeAdapter(Request)


class _Stopped(BaseException):
    """The person who asked has gone; finished blocks are kept. Like Ctrl-C, it is no failure of what is measured."""


def describe_checkout(root: Path, names: Sequence[str]) -> Checkout:
    """What a checkout is, as far as these measurements go.

    Raises:
        DefinitionError: when a definition of the checkout cannot be read.
    """
    from generator.measure.provenance import code_sha256, commit_of

    known = {one.name: one for one in _asked_for(root, names)}
    commit, modified = commit_of(root)
    definitions = {name: known[name].fingerprint() for name in names if name in known}
    return Checkout(generator.__version__, commit, modified, code_sha256(), definitions)


def _asked_for(root: Path, names: Sequence[str]) -> list[Measurement]:
    """Those of this checkout that are named; what is wrong with another definition is none of their trouble."""
    suite, broken = load_sound(root / "measurements")
    for name in names:
        if name in broken:
            raise broken[name]
    return [one for one in suite if one.name in names]


async def introduce(names: Sequence[str]) -> bytes:
    """Say who this machine is, or why it cannot measure these; beside the loop, for looking takes a second."""
    return await asyncio.to_thread(_introduced, Path.cwd(), names)


def _introduced(root: Path, names: Sequence[str]) -> bytes:
    from generator.measure.plan import require_packages
    from generator.measure.system import boot_id, describe_system, host_name

    try:
        require_packages(_asked_for(root, names))
        found = Introduction(host_name(), boot_id(), describe_system(), describe_checkout(root, names))
    except GeneratorError as error:
        return refusal(str(error))
    return INTRODUCTIONS.dump_json(found)


def measure_for(request: bytes) -> bytes:
    """Measure what is asked for, in the folder that this worker was started in; answer with the record's JSON.

    Blocks are kept in this machine's journal, so that a request repeated after a crash goes on from there, and the
    answer can be had again until `forget_run`.
    """
    from distributed import get_worker

    from generator.measure import events

    asked, worker = REQUESTS.validate_json(request), get_worker()

    def tell(event: Event) -> None:
        if asked.session in _stopped:
            raise _Stopped
        worker.log_event(asked.session, {"machine": asked.machine, "event": events.sent(event)})

    try:
        return dump_record(_measured(Path.cwd(), asked, tell)).encode()
    except _Stopped:
        return refusal("it was stopped; finished blocks are kept")
    except (GeneratorError, OSError) as error:
        return refusal(str(error))


def _measured(root: Path, asked: Request, tell: Listener) -> Record:
    from generator.core.cache import Cache
    from generator.measure.energy.meter import find_meter
    from generator.measure.plan import only_run
    from generator.measure.roofline.ceilings import machine_ceilings
    from generator.measure.run import measured
    from generator.measure.run_context import RunContext
    from generator.measure.system import describe_system

    measurement = load_measurement(root / "measurements" / asked.measurement)
    if measurement.fingerprint() != asked.definition_sha256:
        where = f"measurements/{asked.measurement}/measurement.toml"
        reason = "the definition has changed since this machine introduced itself"
        raise DefinitionError(where, [Problem(reason)])
    _without_nanny()
    cache, system = Cache.default(root), describe_system()
    context = RunContext(
        root,
        cache,
        system,
        tell=tell,
        most_s=asked.most_s,
        core=asked.core,
        meter=find_meter(),
        ceilings=lambda threads: machine_ceilings(threads, cache, system, tell),
        machine=asked.machine,
    )
    with only_run(cache.root, asked.machine):
        return measured(measurement, asked.tier, context)


def forget_run(request: bytes) -> None:
    """The record of this request has arrived and is safe."""
    from generator.core.cache import Cache
    from generator.measure.run import forget

    asked = REQUESTS.validate_json(request)
    forget(asked.measurement, asked.tier, Cache.default(Path.cwd()), asked.machine)


def stop(session: str) -> None:
    """Stop what this session asked for, at the next thing there is to tell: between blocks at the latest."""
    _stopped.add(session)


def refusal(why: str) -> bytes:
    """An answer that only says why there is no other."""
    return json.dumps({REFUSED: why}).encode()


def why_refused(answer: bytes) -> str | None:
    """What a refusal says; None of any other answer."""
    if len(answer) > _LONGEST_REFUSAL:
        return None
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return str(data[REFUSED]) if isinstance(data, dict) and set(data) == {REFUSED} else None


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "none (no git)"


def _without_nanny() -> None:
    """Take out of the environment what Dask's nanny has put there.

    A measurement that is started by hand runs without; and MALLOC_TRIM_THRESHOLD_ alone, which the workers of a run
    would inherit, decides how often glibc gives freed memory back, and so how long a large network takes.
    """
    import dask

    for name, value in dask.config.get("distributed.nanny.pre-spawn-environ", {}).items():
        if os.environ.get(name) == str(value):
            del os.environ[name]
