"""Which runs are missing on this machine, and how long they will take."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout

from generator import protocol
from generator.definition import Measurement
from generator.errors import Busy, MissingPackage
from generator.record import Record, SystemDescription, Tier
from generator.runtimes import PACKAGES

_START_S: Mapping[str, float] = {"pytorch": 5.0, "onnxruntime": 0.8, "openvino": 0.8}
"""Rough time in which a worker of each runtime starts; only for the plan, a run measures its own."""

_WARM_UP_S = 0.3
_THOROUGHNESS = (Tier.SMOKE, Tier.STANDARD, Tier.FULL)


class MeasurePolicy(StrEnum):
    """What `build` measures."""

    NONE = "none"
    """Nothing: the site is made of the records that are there; no contributed code runs."""

    MISSING = "missing"
    """What has no record of this machine, this definition and this tier."""

    ALL = "all"
    """Everything, again."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run that is going to happen."""

    measurement: Measurement
    tier: Tier
    expected_s: float
    """Likely time, preparation excluded."""

    most_s: float
    """Time that the most blocks take, or after which the budget ends it."""

    percentiles: Mapping[str, float]
    """Highest percentile, as a share, that each variant's queries will permit; empty before the first record, which
    tells how long a query takes."""


def plan_runs(
    suite: Sequence[Measurement],
    records: Mapping[str, Sequence[Record]],
    system: SystemDescription,
    tier: Tier,
    policy: MeasurePolicy,
) -> tuple[PlannedRun, ...]:
    """Choose what to run.

    Args:
        suite: measurements to choose from.
        records: records of each measurement by its name.
        system: this machine.
        tier: how thoroughly to measure.
        policy: what counts as missing.
    """
    if policy is MeasurePolicy.NONE:
        return ()
    wanted = [
        one for one in suite if policy is MeasurePolicy.ALL or is_missing(one, records.get(one.name, ()), system, tier)
    ]
    return tuple(_planned(one, records.get(one.name, ()), tier) for one in wanted)


def is_missing(measurement: Measurement, records: Sequence[Record], system: SystemDescription, tier: Tier) -> bool:
    """Whether no record of this machine and definition is at least as thorough as the tier."""
    here, definition = system.fingerprint(), measurement.fingerprint()
    enough = _THOROUGHNESS[_THOROUGHNESS.index(tier) :]
    return not any(
        record.system.fingerprint() == here
        and record.provenance.definition_sha256 == definition
        and record.tier in enough
        for record in records
    )


def _planned(measurement: Measurement, records: Sequence[Record], tier: Tier) -> PlannedRun:
    rules = protocol.TIERS[tier]
    starts = [_START_S.get(variant.runtime, 1.0) for variant in measurement.variants]
    starts += [_START_S.get(variant.runtime, 1.0) for variant in measurement.variants if variant.baseline]
    slow = max(starts) * 1e9 > protocol.SLOW_START_NS
    block_s = (rules.slow_block_ns if slow else rules.block_ns) / 1e9
    one_block_s = sum(start + _WARM_UP_S + block_s for start in starts)
    expected = rules.least_blocks * one_block_s
    if same := [record for record in records if record.tier is tier and record.blocks]:
        expected = max(expected, (same[-1].finished_at - same[-1].started_at).total_seconds())
    budget = (rules.slow_budget_s if slow else rules.budget_s) * len(starts)
    most = max(expected, min(budget, rules.most_blocks * one_block_s))
    block_ns = rules.least_blocks * (rules.slow_block_ns if slow else rules.block_ns)
    return PlannedRun(measurement, tier, expected, most, _affordable(records[-1], block_ns) if records else {})


def _affordable(earlier: Record, measured_ns: int) -> Mapping[str, float]:
    """Highest percentile of each variant in a run of so much measured time, at the pace of an earlier record."""
    affordable = dict[str, float]()
    for variant in earlier.variants:
        rounds = [one for block in earlier.blocks for one in block.rounds if one.variant == variant.name]
        queries = sum(len(one.latencies_ns) for one in rounds)
        if queries:
            expected = int(queries * measured_ns / sum(one.wall_ns for one in rounds))
            shares = [share for share in protocol.PERCENTILES if protocol.early_stopping_discard(expected, share) >= 1]
            affordable[variant.name] = max(shares, default=0.0)
    return affordable


def require_packages(measurements: Sequence[Measurement]) -> None:
    """Check that everything that measuring needs is installed, before anything is started.

    Raises:
        MissingPackage: for the first one that is not.
    """
    needed = {"psutil": "measuring", "cpuinfo": "measuring"}
    for one in measurements:
        for variant in one.variants:
            if (package := PACKAGES[variant.runtime]) and not variant.environment:
                needed[package] = f"measurement '{one.name}', variant '{variant.name}'"
    for package, purpose in needed.items():
        if importlib.util.find_spec(package) is None:
            raise MissingPackage(package, "measure", purpose)


@contextlib.contextmanager
def only_run(cache: Path) -> Iterator[None]:
    """Hold the checkout for measuring: two runs at once would measure each other.

    Raises:
        Busy: when another process measures in this checkout.
    """
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / "measuring.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        problem = "another process is measuring in this checkout, and two at once would disturb each other"
        raise Busy(
            str(cache / "measuring.lock"), problem, "Wait until it is done, then run the command again."
        ) from error
    try:
        yield
    finally:
        lock.release()
