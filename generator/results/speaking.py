"""Which record speaks: the one rule by which pages, the article, its claims, cards and feeds choose among records.

What is committed goes before what is not: a reader's own records stand beside the published ones and do not replace
them; who commits a record, publishes it. Then, of one machine: the most complete record, and of equally complete ones
that of today's definition, then the newest. Of a
measurement: of its machines' records the most complete, then that of today's definition, then the one whose answer has
the narrowest interval, then the newest. Widths count in steps that double, from the goal of the protocol: what lies
within a step is chance, and a page is not to change its machine for it.

A record is the more complete the more of these it has, the first that differs decides: an answer to the question;
variants whose quality was judged by labels; variants whose quality was judged by anything; variants that were timed.
What a run of the core suite leaves out, what failed and what a machine cannot run is missing, each as any other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from generator.core import protocol
from generator.core.record import Tier
from generator.results.summary import Summary

GOAL = protocol.TIERS[Tier.STANDARD].goal_half_width
"""Half-width of a log ratio that a run of the tier standard aims at."""


NONE = frozenset[str]()


def by_machine(summaries: Iterable[Summary], local: Collection[str] = NONE) -> tuple[Summary, ...]:
    """The record of each machine that is shown: first the one that speaks for the measurement, then the newest first.

    First looks are no results. Where there is nothing else, the newest of them stands for the measurement by itself.

    Args:
        summaries: of the records of one measurement, in any order.
        local: names of the records that are not committed.
    """

    def for_its_machine(one: Summary) -> tuple[object, ...]:
        return one.record_id not in local, *_completeness(one), one.current, *_age(one)

    def for_its_measurement(one: Summary) -> tuple[object, ...]:
        return one.record_id not in local, *_completeness(one), one.current, -_steps(one), *_age(one)

    newest_first = sorted(summaries, key=_age, reverse=True)
    of_machine = dict[str, list[Summary]]()
    for one in newest_first:
        if one.publishable:
            of_machine.setdefault(one.machine, []).append(one)
    shown = sorted((max(every, key=for_its_machine) for every in of_machine.values()), key=_age, reverse=True)
    if not shown:
        return tuple(newest_first[:1])
    speaks = max(shown, key=for_its_measurement)
    return (speaks, *(one for one in shown if one is not speaks))


def speaker(summaries: Iterable[Summary], local: Collection[str] = NONE) -> Summary | None:
    """The record that speaks for a measurement; None where there is none that may be published."""
    return next((one for one in by_machine(summaries, local) if one.publishable), None)


def _age(one: Summary) -> tuple[float, str]:
    return one.started_at.timestamp(), one.record_id


def _completeness(one: Summary) -> tuple[bool, int, int, int]:
    return one.headline is not None, one.labelled, one.judged, one.timed


def _steps(one: Summary) -> float:
    """How often the goal must be doubled to be as wide as the answer's interval; 0 where the goal is reached."""
    if one.headline is None:
        return math.inf
    interval = one.headline.speedup.interval
    half_width = math.log(interval.high / interval.low) / 2
    return max(0, math.ceil(math.log2(half_width / GOAL))) if half_width > 0 else 0
