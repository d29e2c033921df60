"""Independent work on all processors: processes that start when there is enough to do, and end with the one they serve.

A function that they execute is a module's, or a `functools.partial` of one; arguments and results are pickled.

Each process has a connection of its own and a thread here that waits for its answer: what shares a queue, as the
standard library's pools do, waits for ever when one process is killed while it writes into it.
"""

from __future__ import annotations

import contextlib
import copyreg
import math
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar, cast

from generator.core.errors import WorkerError, no_more_processes
from generator.core.quota import cpu_quota

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_PROCESSES = 16
"""Each holds some hundred megabytes, and more of them would wait for the one that they serve."""

AHEAD = 8
"""Results of each process that may wait until somebody asks for them: a large site's pages do not fit into memory."""

LOOK_S = 0.2


class Pool:
    """Processes for one command. None starts before work comes that is worth it, and none outlives the `with` block."""

    def __init__(self, processes: int | None = None) -> None:
        """Take so many processes at most; by default one for each processor that this one may use."""
        self.processes = min(processes or _usable_processors(), MOST_PROCESSES)
        self._threads: ThreadPoolExecutor | None = None
        self._own = threading.local()
        self._children = list[tuple[BaseProcess, Connection]]()
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the processes end; after an error or Ctrl+C, whatever they are doing."""
        self._ended = True
        try:
            if kind is not None:
                self._kill()
            if self._threads:
                self._threads.shutdown(cancel_futures=True)
        finally:
            for _, ours in self._children:
                ours.close()
            for process, _ in self._children:
                process.join()

    def map(self, function: Callable[[Item], Result], items: Sequence[Item], *, least: int = 2) -> Iterator[Result]:
        """Apply a function to each item, in the order of items; work begins before the first result is asked for.

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
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.processes)
        room = threading.Semaphore(AHEAD * self.processes)
        return _Results([self._threads.submit(self._ask, room, function, one) for one in items], room)

    def _ask(self, room: threading.Semaphore, function: Callable[[Item], Result], item: Item) -> Result:
        """Let this thread's process do it. Items are taken in order, so that the next one wanted has room."""
        while not room.acquire(timeout=LOOK_S):
            if self._ended:
                raise RuntimeError("nobody asks for this result any more")
        request = pickle.dumps((function, item))
        try:
            answer = self._answer_of(request)
        except (EOFError, OSError):
            if self._ended:
                raise
            try:  # a process that is killed costs its work and a second try, but not the command
                answer = self._answer_of(request)
            except (EOFError, OSError) as error:
                problem = "it ended without an answer, twice: killed, perhaps because memory ran out"
                raise WorkerError("a process of this command", problem, "Run the command again.") from error
        done, value = pickle.loads(answer)
        if done:
            return cast(Result, value)
        raise value

    def _answer_of(self, request: bytes) -> bytes:
        """What this thread's process answers; when it dies, the next request gets another one."""
        try:
            ours = self._connection()
            ours.send_bytes(request)
            return ours.recv_bytes()
        except (EOFError, OSError):
            self._own.__dict__.pop("connection", None)
            raise

    def _connection(self) -> Connection:
        """The connection to this thread's process, which is started where there is none yet."""
        if not hasattr(self._own, "connection"):
            # Spawned: a forked process would inherit locks that other threads hold. Ctrl+C is for the one that it
            # serves; until it can say so itself, the mask that it inherits from this thread does.
            fresh = multiprocessing.get_context("spawn")
            ours, theirs = fresh.Pipe()
            if hasattr(signal, "pthread_sigmask"):
                # Before, for starting the tracker of multiprocessing unblocks the signal here (CPython 3.11).
                resource_tracker.ensure_running()
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            process = fresh.Process(target=_serve, args=(theirs,), daemon=True)
            try:
                process.start()
            except BlockingIOError as error:
                raise no_more_processes("a process of this command") from error
            theirs.close()
            self._children.append((process, ours))
            self._own.connection = ours
            if self._ended:
                process.kill()
        connection: Connection = self._own.connection
        return connection

    def _kill(self) -> None:
        for process, _ in self._children:
            process.kill()


class _Results(Iterator[Result]):
    """Results in order; each is let go once it was asked for. An error is raised, and the next result follows."""

    def __init__(self, begun: list[Future[Result]], room: threading.Semaphore) -> None:
        self._begun, self._room = begun[::-1], room

    def __next__(self) -> Result:
        if not self._begun:
            raise StopIteration
        try:
            return self._begun.pop().result()
        finally:
            self._room.release()


def _serve(theirs: Connection) -> None:
    """What a process does: answer, until the pool is closed or its process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            theirs.send_bytes(_answer(theirs.recv_bytes()))


def _answer(request: bytes) -> bytes:
    try:
        function, item = pickle.loads(request)
        return pickle.dumps((True, function(item)))
    except Exception as error:
        error.add_note(f"In another process:\n{traceback.format_exc()}")
        with contextlib.suppress(Exception):
            answer = pickle.dumps((False, error))
            pickle.loads(answer)
            return answer
        return pickle.dumps((False, RuntimeError(traceback.format_exc())))


def _end_with_parent() -> None:
    """A killed command takes its processes with it, in the middle of whatever they do."""
    # SIGKILL runs no handler in the command, so nobody tells its processes. Each watches a pipe that its parent holds
    # open (multiprocessing's sentinel), which the kernel closes; os._exit, for the main thread may be deep in C code.
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _usable_processors() -> int:
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(there, math.ceil(cpu_quota() or there)))


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _reduced(values: MappingProxyType[Any, Any]) -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    return _read_only, (dict(values),)


# Our frozen data has read-only mappings, which Python cannot pickle by itself.
copyreg.pickle(MappingProxyType, _reduced)
