"""Independent work on all processors: processes that start when there is enough to do, and end with the one they serve.

A function that they execute is a module's, or a `functools.partial` of one; arguments and results are pickled.
"""

from __future__ import annotations

import copyreg
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

from generator.errors import WorkerError

__all__ = ["Pool"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pool:
    """Processes for one command. None starts before work comes that is worth it, and none outlives the `with` block."""

    def __init__(self, processes: int | None = None) -> None:
        """Take so many processes at most; by default one for each processor that this one may use."""
        self.processes = processes or _usable_processors()
        self._executor: ProcessPoolExecutor | None = None
        # Nothing is ever sent: the processes notice that this end is closed, by us or by our death.
        self._theirs, self._ours = multiprocessing.Pipe(duplex=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the processes end; after an error or Ctrl+C, whatever they are doing."""
        if kind is not None:
            self._ours.close()
        if self._executor:
            self._executor.shutdown(cancel_futures=True)
        self._ours.close()
        self._theirs.close()

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], *, least: int = 2) -> Iterator[Result]:
        """Apply a function to each item, in the order of items; all are begun before the first result is asked for.

        Args:
            function: what to do.
            items: what to do it with.
            least: items that are worth the start of processes, a second each; fewer are left to this process, which
                does each when its result is asked for.

        Raises:
            WorkerError: when a process is killed, or crashes.
        """
        if self.processes < 2 or len(items) < max(2, least):
            return map(function, items)
        if self._executor is None:
            # Spawned: a forked process would inherit locks that threads of this one hold.
            fresh = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self.processes, mp_context=fresh, initializer=_begin, initargs=(self._theirs,)
            )
        return _results([self._executor.submit(function, one) for one in items])


def _results(begun: list[Future[Result]]) -> Iterator[Result]:
    """Results in order; each is let go once it was asked for."""
    begun.reverse()
    try:
        while begun:
            yield begun.pop().result()
    except BrokenProcessPool as error:
        problem = "it ended without an answer: killed, perhaps because memory ran out"
        raise WorkerError("a process of this command", problem, "Run the command again.") from error


def _begin(theirs: Connection) -> None:
    """Leave Ctrl+C to the process that we serve, and end when it wants or when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_when_closed, args=(theirs,), daemon=True).start()


def _end_when_closed(theirs: Connection) -> None:
    try:
        theirs.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _reduced(values: MappingProxyType[Any, Any]) -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    return _read_only, (dict(values),)


# Our frozen data has read-only mappings, which Python cannot pickle by itself.
copyreg.pickle(MappingProxyType, _reduced)
