"""The contract between a worker and the runtime inside it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[np.generic]"]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a worker is told to load."""

    artifact: str
    """Path of the model file."""

    threads: int
    options: Mapping[str, Any]
    optimized_path: str | None = None
    """Where to write the graph that the runtime really runs, if it can; only when quality is measured."""


@dataclass(frozen=True, slots=True)
class Generated:
    """When the tokens of one generated text came; moments are those of the session's clock."""

    prompt_tokens: int | None
    arrivals_ns: Sequence[int]
    """Each moment at which tokens came, at least one."""

    tokens: Sequence[int] | None
    """Tokens of each arrival; None where nobody tells."""

    finished_ns: int | None = None
    """When a server said that the answer is complete."""


class Session(ABC):
    """A loaded model. `run` is what gets timed; everything that can be done before stands in `prepare`."""

    version: str
    """Version of the runtime."""

    generates = False
    """Whether it tells when the tokens of an answer came: see `generated`."""

    @abstractmethod
    def prepare(self, sample: Arrays) -> Any:
        """Turn a sample's arrays (batch axis first) into what `run` takes, outside the timed region."""

    def fresh(self, query: Any) -> Any:
        """The same query where the runtime has seen it before and would remember; outside the timed region.

        Asked only of a session that `generates`.
        """
        return query

    @abstractmethod
    def run(self, query: Any) -> Any:
        """Answer one query."""

    @abstractmethod
    def to_arrays(self, answer: Any) -> Arrays:
        """Turn an answer into named arrays, outside the timed region."""

    def generated(self, query: Any, answer: Any) -> Sequence[Generated]:
        """When the tokens of an answer came, a text for each of the query's requests; outside the timed region.

        Raises:
            Exception: when the answer is none that may be timed.
        """
        return ()

    def details(self) -> Mapping[str, str]:
        """What the runtime says of itself."""
        return {}

    def operators(self) -> Mapping[str, int]:
        """How often each operator stands in the graph that is really run; empty where the runtime does not tell."""
        return {}

    def device_peak_bytes(self) -> int | None:
        """Most memory taken on an accelerator so far; None where the processor computes."""
        return None

    def clock_ns(self) -> int:
        """Nanoseconds of the clock that latencies are read from."""
        return time.perf_counter_ns()

    def wait_until_ns(self, moment_ns: int) -> None:
        """Return when `clock_ns` has reached the moment: asleep for most of it, awake for the last fifth of a
        millisecond, because a sleeping process wakes late.
        """
        while (left := moment_ns - self.clock_ns()) > 0:
            if left > 300_000:
                time.sleep((left - 200_000) / 1e9)

    def cpu_clock_ns(self) -> int:
        """Nanoseconds of processor time of the whole process, all threads."""
        return time.process_time_ns()
