"""A runtime that reports the latency its definition states, and sleeps for none of it.

It tests everything above it with exact numbers. Its clock advances only when a query is answered.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.runtimes.session import Arrays, Generated, Session, Spec


class FakeSession(Session):
    """Options: `latency_ns` (a number, or several taken in turn), `spread` (relative noise, seeded by process),
    `outputs` (how many of ten answers are wrong), `fail_after` queries in the way `fail_how` says: crash, hang, error;
    `tokens`: how many each answer has, the first after `first_token_ns`, the last when the latency has passed, the
    others evenly between, `tokens_at_once` of them together.
    """

    version = "1"

    def __init__(self, spec: Spec) -> None:
        stated = spec.options.get("latency_ns", 1_000_000)
        self._latencies: Sequence[int] = stated if isinstance(stated, list) else [int(stated)]
        self._spread = float(spec.options.get("spread", 0.0))
        self._wrong_of_ten = int(spec.options.get("outputs", 0))
        self._fail_after = spec.options.get("fail_after")
        self._fail_how = str(spec.options.get("fail_how", "error"))
        self._random = random.Random(os.environ.get("GENERATOR_FAKE_SEED", "0"))
        self._tokens, self._at_once = (int(spec.options.get(n, d)) for n, d in (("tokens", 0), ("tokens_at_once", 1)))
        self._first_token_ns = int(spec.options.get("first_token_ns", 0))
        self.generates = bool(self._tokens)
        self._prepared = 0
        self._queries = 0
        self._now_ns = 0

    def prepare(self, sample: Arrays) -> tuple[Arrays, bool]:
        """The sample, and whether it shall be answered wrongly: the first few of every ten are."""
        wrong = self._prepared % 10 < self._wrong_of_ten
        self._prepared += 1
        return sample, wrong

    def run(self, query: tuple[Arrays, bool]) -> Arrays:
        """Let the stated latency pass; answer with the input, rolled by one where the answer shall be wrong."""
        sample, wrong = query
        if self._fail_after is not None and self._queries >= self._fail_after:
            self._fail()
        stated = self._latencies[self._queries % len(self._latencies)]
        noise, asked_ns = 1 + self._spread * self._random.uniform(-1, 1), self._now_ns
        # A batch takes as long as its samples one by one: the fake gains nothing by batching.
        self._now_ns += max(1, round(stated * noise)) * sample["x"].shape[0]
        self._queries += 1
        answer = {"y": np.roll(sample["x"], 1, axis=-1) if wrong else sample["x"]}
        return {**answer, "moments": self._moments(asked_ns)} if self.generates else answer

    def _moments(self, asked_ns: int) -> NDArray[np.int64]:
        """When each token came."""
        first, last, step = asked_ns + self._first_token_ns, self._now_ns, self._at_once
        pieces = np.linspace(first, last, -(-self._tokens // step))
        return np.repeat(pieces.astype(np.int64), step)[: self._tokens]

    def to_arrays(self, answer: Any) -> Arrays:
        """The answer itself."""
        return {"y": answer["y"]}

    def generated(self, query: tuple[Arrays, bool], answer: Any) -> Sequence[Generated]:
        """As the options state; a prompt has as many tokens as the sample has numbers."""
        moments, counts = np.unique(answer["moments"], return_counts=True)
        return [Generated(query[0]["x"].shape[-1], moments.tolist(), counts.tolist())]

    def details(self) -> dict[str, str]:
        """Says that nothing was computed."""
        return {"note": "reports stated latencies, computes nothing"}

    def clock_ns(self) -> int:
        """Time that the stated latencies add up to."""
        return self._now_ns

    def wait_until_ns(self, moment_ns: int) -> None:
        """Idle time passes at once."""
        self._now_ns = max(self._now_ns, moment_ns)

    def cpu_clock_ns(self) -> int:
        """The same: a fake query keeps one core busy."""
        return self._now_ns

    def _fail(self) -> None:
        if self._fail_how == "crash":
            print("fake runtime: crashing as told", file=sys.stderr, flush=True)
            os._exit(70)
        if self._fail_how == "hang":
            time.sleep(3600)
        raise RuntimeError("fake runtime: failing as told")


def load(spec: Spec) -> Session:
    """Start a fake session; the artifact is not read."""
    return FakeSession(spec)
