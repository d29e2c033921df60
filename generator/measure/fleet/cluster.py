"""A Dask cluster as this program sees it: workers that come and go, and requests that each of them answers.

Dask pickles what it carries, so whoever reaches a scheduler can run code on its workers and its clients: the scheduler
must be trusted. What is carried for us is bytes of JSON, both ways.
"""

from __future__ import annotations

import json
import queue
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from generator.core.errors import ClusterError, MissingPackage
from generator.measure.fleet import remote

RESOURCE = "measuring"
"""Of a Dask worker that may measure; it has one, so that its machine measures one thing at a time."""

CONNECT_S = 20.0
"""Longest wait for a scheduler's first answer."""

_ANSWER_S = 120.0
"""Longest wait for an answer that the scheduler says is there."""

_LONGEST_REASON = 500


class Lost(Exception):
    """The worker went before it answered."""


class Failed(Exception):
    """The worker could not do what it was asked, for a reason that is none of ours."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One Dask worker that is connected now."""

    address: str
    name: str
    measures: bool
    """Whether it was started with the resource `measuring`."""


class Task(Protocol):
    """A request on its way."""

    def answer(self) -> bytes | None:
        """The answer; None while there is none.

        Raises:
            Lost: when the worker went.
            Failed: when it could not do it.
        """

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""


class Cluster(Protocol):
    """What a fleet needs of a cluster; tests bring one without a network."""

    @property
    def session(self) -> str:
        """Topic that progress is told under."""

    def workers(self) -> Mapping[str, Worker]:
        """Those connected now, by their addresses."""

    def introductions(self, addresses: Sequence[str], names: Sequence[str]) -> Mapping[str, bytes]:
        """What each worker says of itself, or why it does not; see `remote.introduce`."""

    def submit(self, address: str, request: bytes) -> Task:
        """Ask one worker to measure; see `remote.measure_for`."""

    def forget(self, address: str, request: bytes) -> None:
        """Tell a worker that its record is safe."""

    def stop(self, addresses: Sequence[str]) -> None:
        """Tell workers that nobody waits any more."""

    def news(self, wait_s: float) -> Iterator[Mapping[str, Any]]:
        """What workers have told since; waits so long for the first when there is nothing."""


class DaskCluster:
    """The real one. A context manager: leaving it disconnects, the cluster goes on.

    Args:
        address: of the scheduler (tcp://..., tls://...), or a scheduler file.

    Raises:
        MissingPackage: when distributed is not installed.
        ClusterError: when no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise MissingPackage("distributed", "cluster", "measure --cluster") from error
        self.session = f"measuring-{uuid.uuid4().hex}"
        self._where = f"--cluster {address}"
        self._news = queue.SimpleQueue[Mapping[str, Any] | None]()
        found = _scheduler_address(address, self._where)
        try:
            self._client = distributed.Client(found, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            problem = f"no Dask scheduler answers there within {CONNECT_S:g} s ({_in_short(error)})"
            remedy = "Start one (dask scheduler), or give the address that it prints; tls:// needs Dask's certificates."
            raise ClusterError(self._where, problem, remedy) from error
        self._client.subscribe_topic(self.session, lambda told: self._news.put(told[1]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def workers(self) -> Mapping[str, Worker]:
        """Those connected now, by their addresses.

        Raises:
            ClusterError: when the scheduler has gone for good.
        """
        while True:
            with self._reached():
                info = self._client.scheduler_info()
            # Dask's own answers to other questions lie in the same place: they count workers and list none.
            workers = info.get("workers", {})
            if len(workers) == info.get("n_workers", len(workers)):
                break
            time.sleep(0.1)
        return {
            address: Worker(address, str(one["name"]), one["resources"].get(RESOURCE, 0) > 0)
            for address, one in workers.items()
        }

    def introductions(self, addresses: Sequence[str], names: Sequence[str]) -> Mapping[str, bytes]:
        """What each worker says of itself, or why it does not; nothing of one that could not be reached just now."""
        with self._reached():
            found = self._client.run(remote.introduce, list(names), workers=list(addresses), on_error="return")
        return {
            address: answer if isinstance(answer, bytes) else remote.refusal(_in_short(answer))
            for address, answer in found.items()
            if not isinstance(answer, OSError)
        }

    def submit(self, address: str, request: bytes) -> Task:
        """Ask one worker to measure."""
        asked = {"workers": [address], "resources": {RESOURCE: 1}, "pure": False}
        with self._reached():
            future = self._client.submit(remote.measure_for, request, **asked)
        future.add_done_callback(lambda _: self._news.put(None))
        return _DaskTask(future)

    def forget(self, address: str, request: bytes) -> None:
        """Tell a worker that its record is safe; when it has gone, its journal stays, which does no harm."""
        with self._reached():
            self._client.run(remote.forget_run, request, workers=[address], on_error="ignore")

    def stop(self, addresses: Sequence[str]) -> None:
        """Tell workers that nobody waits any more: Dask drops a running task's answer, but lets it run."""
        with self._reached():
            self._client.run(remote.stop, self.session, workers=list(addresses), on_error="ignore")

    def news(self, wait_s: float) -> Iterator[Mapping[str, Any]]:
        """What workers have told since."""
        try:
            told = self._news.get(timeout=wait_s)
            while True:
                if told is not None:
                    yield told
                told = self._news.get_nowait()
        except queue.Empty:
            return

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn every way in which a scheduler can be gone into one message."""
        cause: BaseException | None = None
        if self._client.status in ("running", "connecting"):
            try:
                yield
            except (OSError, RuntimeError) as error:
                cause = error
            else:
                return
        remedy = "Start the cluster again, then run the command again: finished blocks are kept on the machines."
        raise ClusterError(self._where, "the scheduler has gone", remedy) from cause


class _DaskTask:
    def __init__(self, future: Any) -> None:
        self._future = future

    def answer(self) -> bytes | None:
        import distributed

        if self._future.status == "pending":
            return None
        try:
            answer = self._future.result(timeout=_ANSWER_S)
        except (distributed.CancelledError, distributed.KilledWorker, TimeoutError) as error:
            raise Lost from error
        except Exception as error:  # whatever a worker raises ends one measurement, and no other
            raise Failed(_in_short(error)) from error
        if not isinstance(answer, bytes):
            raise Failed("it answered with something that is no record")
        return answer

    def cancel(self) -> None:
        self._future.cancel()


def _scheduler_address(given: str, where: str) -> str:
    """The address itself, or what a scheduler file says it is."""
    path = Path(given)
    if "://" in given or not (path.suffix == ".json" or path.is_file()):
        return given
    remedy = "Let the scheduler write one: dask scheduler --scheduler-file FILE"
    try:
        address = json.loads(path.read_text("utf-8"))["address"]
    except FileNotFoundError as error:
        raise ClusterError(where, "there is no such scheduler file", remedy) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(where, "the file names no scheduler's address", remedy) from error
    return str(address)


def _in_short(error: object) -> str:
    """An error of another program in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:_LONGEST_REASON]
