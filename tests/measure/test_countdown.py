"""measure/countdown: the time left of several runs, by the plan and by what the runs of now took."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from generator.measure import events
from generator.measure.countdown import Countdown


class Clock:
    """Stands until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


def _counting(clock: Clock, **expected_s: float) -> Countdown:
    runs: list[Any] = [
        SimpleNamespace(measurement=SimpleNamespace(name=name), expected_s=seconds)
        for name, seconds in expected_s.items()
    ]
    return Countdown(runs, clock)


def _block(remaining_s: float) -> events.BlockFinished:
    return events.BlockFinished("w", 0, 9, False, {}, 0.02, remaining_s)


def test_before_the_first_run_the_plan_is_all_that_is_known(clock: Clock) -> None:
    found = _counting(clock, a=60.0, b=30.0)
    assert (found.left_s, found.share, found.count, found.ended) == (90.0, 0.0, 2, 0)


def test_time_runs_down_while_a_run_measures_and_stands_while_it_prepares(clock: Clock) -> None:
    """Nobody knows how long a first download takes; it takes nothing off what measuring takes."""
    found = _counting(clock, a=60.0, b=30.0)
    found.begin("a")
    clock.now = 100.0
    assert found.left_s == 90.0
    found.heard(events.Answering("v", 0, 9))
    clock.now = 120.0
    assert found.left_s == 70.0


def test_a_run_that_takes_longer_than_planned_says_how_long(clock: Clock) -> None:
    """What its last block told counts down too, and is never less than nothing."""
    found = _counting(clock, a=10.0)
    found.begin("a")
    found.heard(events.BlockStarted("w", 0, 9))
    clock.now = 50.0
    found.heard(_block(25.0))
    assert found.left_s == 25.0
    clock.now = 60.0
    assert found.left_s == 15.0
    clock.now = 90.0
    assert found.left_s == 0.0


def test_runs_that_have_ended_correct_what_is_left(clock: Clock) -> None:
    """Twice the planned time, and half a minute of preparation: the next is expected to be like that, the plan weighing
    as much as a minute.
    """
    found = _counting(clock, a=60.0, b=30.0)
    found.begin("a")
    clock.now = 30.0
    found.heard(events.BlockStarted("w", 0, 9))
    clock.now = 150.0
    assert found.end("a") == 150.0
    assert found.left_s == pytest.approx(30.0 * (120 + 60) / (60 + 60) + 30.0)
    found.begin("b")
    clock.now = 160.0
    assert found.left_s == pytest.approx(45.0 + 20.0)
    clock.now = 200.0
    assert found.left_s == pytest.approx(45.0)
    assert found.end("b") == 50.0
    assert (found.left_s, found.share, found.ended) == (0.0, 1.0, 2)


def test_what_never_began_is_no_longer_ahead(clock: Clock) -> None:
    """A machine that has left gives up what was still to come."""
    found = _counting(clock, a=60.0, b=30.0)
    assert found.end("a") == 0.0
    assert found.left_s == 30.0


def test_the_bar_never_goes_back(clock: Clock) -> None:
    found = _counting(clock, a=10.0)
    found.begin("a")
    found.heard(events.BlockStarted("w", 0, 9))
    clock.now = 9.0
    before = found.share
    assert before == pytest.approx(0.9)
    found.heard(_block(1000.0))
    assert found.share == before
