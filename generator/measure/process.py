"""The driver's side of a worker: start it, ask it, and say clearly what happened when it does not answer."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Self

from generator.core.errors import CoresRefused, HungWorker, WorkerError, no_more_processes
from generator.core.registry import RUNTIMES
from generator.runtimes import instructions
from generator.runtimes.environment import without_foreign

WORKER = Path(__file__).with_name("worker.py")

LAST_LINES = 12
"""How many of a dead worker's last lines are kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """One variant made ready to be measured: everything that a fresh worker of it needs."""

    variant: str
    runtime: str
    artifact: Path
    timed_inputs: Path
    quality_inputs: Path
    threads: int
    options: Mapping[str, Any]
    interpreter: str = sys.executable
    """The running one, or an isolated environment's."""

    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Environment variables that this variant alone gets."""


def controls(threads: int) -> dict[str, str]:
    """Environment variables that every worker gets, whatever its runtime."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _inherited(job: Job) -> dict[str, str]:
    """Our own environment variables without limits on instructions, which are the variant's to set; to an isolated
    environment none that would lead it to other packages.
    """
    own = os.environ if job.interpreter == sys.executable else without_foreign(os.environ)
    return {name: value for name, value in own.items() if name not in instructions.VARIABLES}


class WorkerProcess:
    """A fresh process that holds one variant. A context manager: leaving it ends the process, whatever happened.

    Args:
        job: what to load.
        cores: processor cores that it may use; empty: any.
        timeout_s: longest wait for one answer.
    """

    def __init__(self, job: Job, cores: Sequence[int], timeout_s: float) -> None:
        self.job, self._cores, self._timeout_s = job, list(cores), timeout_s
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._answers: queue.Queue[str] = queue.Queue()
        self._spawned_ns = time.monotonic_ns()
        self._process = self._started()
        threading.Thread(target=self._collect, daemon=True).start()

    def _started(self) -> subprocess.Popen[str]:
        job = self.job
        try:
            return self._popen(job)
        except BlockingIOError as error:
            self._errors.close()
            raise no_more_processes(f"variant '{job.variant}'") from error

    def _popen(self, job: Job) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [job.interpreter, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**_inherited(job), **controls(job.threads), **job.variables},
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is the driver's: it ends its workers itself
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):  # the command that a dead worker never read
                    stream.close()
        self._errors.close()

    def load(self, inputs: Path, optimized_path: Path | None = None) -> dict[str, Any]:
        """Load the artifact and answer one first query."""
        return self.ask(
            "load",
            module=RUNTIMES[self.job.runtime].module,
            artifact=str(self.job.artifact),
            inputs=str(inputs),
            threads=self.job.threads,
            options=dict(self.job.options),
            cores=self._cores,
            spawned_ns=self._spawned_ns,
            optimized_path=str(optimized_path) if optimized_path else None,
        )

    def ask(self, what: str, **command: Any) -> dict[str, Any]:
        """Send one command and wait for its answer.

        Raises:
            WorkerError: when the worker reports an error, ends, or stays silent for longer than the timeout.
        """
        try:
            if self._process.stdin is None:
                raise BrokenPipeError
            self._process.stdin.write(json.dumps({"do": what, **command}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended(what) from error
        try:
            line = self._answers.get(timeout=self._timeout_s)
        except queue.Empty as error:
            self._process.kill()
            problem = f"the worker did not answer '{what}' within {self._timeout_s:.0f} s and was stopped"
            raise self._error(problem, "Its last lines may tell why it hung.", HungWorker) from error
        if not line:
            raise self._ended(what)
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise self._error(f"the worker answered '{what}' with something that is no JSON") from error
        if "refused_cores" in answer:
            problem = f"the system refused the processor cores {answer['refused_cores']}: it takes some away from us"
            remedy = "Leave this process its cores (cpuset, taskset) and run the same command again: blocks are kept."
            raise self._error(problem, remedy, CoresRefused)
        if "error" in answer:
            raise self._error(f"the worker could not do '{what}': {answer['error']}")
        return answer

    def _collect(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put("")

    def _ended(self, what: str) -> WorkerError:
        status = self._process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
        hint = "Signal 9 is often the system's, for want of memory." if status == -9 else ""
        return self._error(f"the worker {how} during '{what}'", hint)

    def _error(self, problem: str, remedy: str = "", kind: type[WorkerError] = WorkerError) -> WorkerError:
        return kind(f"variant '{self.job.variant}'", problem, remedy, self._last_lines(), self.job.variant)

    def _last_lines(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4000))
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])
