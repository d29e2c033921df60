"""How long several runs will still take: what was planned, corrected by what the runs that have ended took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from generator.measure import events
from generator.measure.plan import PlannedRun

_TRUST_S = 60.0
"""Seconds of measuring that the plan itself counts for: one short run that was slow does not double what is left."""


class Countdown:
    """Time left of several runs, one after the other.

    The plan knows what measuring takes. What goes before it, downloads and exports, is known only from the runs of now
    that have ended: until the first one has, nothing is counted for it.

    Args:
        runs: what is going to be measured, in this order.
        clock: seconds, from anywhere, that never go back.
    """

    def __init__(self, runs: Sequence[PlannedRun], clock: Callable[[], float] = time.monotonic) -> None:
        self._planned = {run.measurement.name: run.expected_s for run in runs}
        self._ahead = dict(self._planned)
        self._clock, self._began, self._share = clock, clock(), 0.0
        self.count, self.ended = len(runs), 0
        self._expected_s = self._took_s = self._prepared_s = 0.0
        self._now_expected_s = 0.0
        self._run_began: float | None = None
        self._measuring_since: float | None = None
        self._told_s, self._told_at = 0.0, 0.0

    def begin(self, name: str) -> None:
        """A run begins to prepare; perhaps again, on a machine that had left."""
        self._ahead.pop(name, None)
        self._now_expected_s = self._planned.get(name, 0.0)
        self._run_began, self._measuring_since, self._told_s = self._clock(), None, 0.0

    def heard(self, event: events.Event) -> None:
        """What the run tells."""
        now = self._clock()
        if isinstance(event, events.Answering | events.BlockStarted) and self._measuring_since is None:
            self._measuring_since = now
        if isinstance(event, events.BlockFinished):
            self._told_s, self._told_at = event.remaining_s, now

    def end(self, name: str) -> float:
        """A run is over, even if it never began; seconds that it took, preparation included."""
        self._ahead.pop(name, None)
        now = self._clock()
        began = now if self._run_began is None else self._run_began
        self.ended += 1
        self._prepared_s += (now if self._measuring_since is None else self._measuring_since) - began
        if self._measuring_since is not None:
            self._expected_s += self._now_expected_s
            self._took_s += now - self._measuring_since
        self._run_began = self._measuring_since = None
        return now - began

    @property
    def left_s(self) -> float:
        """Likely time until the last run has ended."""
        pace, preparing_s = self._pace, self._preparing_s
        later_s = pace * sum(self._ahead.values()) + preparing_s * len(self._ahead)
        return later_s + self._left_of_this_s(pace, preparing_s)

    @property
    def share(self) -> float:
        """How much is behind, from 0 to 1; it never goes back, although the time left may grow."""
        passed = self._clock() - self._began
        left = self.left_s
        self._share = max(self._share, passed / (passed + left) if passed + left else 0.0)
        return self._share

    def _left_of_this_s(self, pace: float, preparing_s: float) -> float:
        if self._run_began is None:
            return 0.0
        now = self._clock()
        if self._measuring_since is None:
            return pace * self._now_expected_s + max(0.0, preparing_s - (now - self._run_began))
        by_plan = pace * self._now_expected_s - (now - self._measuring_since)
        return max(0.0, by_plan, self._told_s - (now - self._told_at))

    @property
    def _pace(self) -> float:
        """How many times as long as planned measuring takes today."""
        return (self._took_s + _TRUST_S) / (self._expected_s + _TRUST_S)

    @property
    def _preparing_s(self) -> float:
        return self._prepared_s / self.ended if self.ended else 0.0
