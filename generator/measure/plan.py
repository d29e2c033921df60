"""Which runs are missing on this machine, and how long they will take."""

from __future__ import annotations

import contextlib
import importlib.util
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

from filelock import FileLock, Timeout

from generator import protocol
from generator.definition import Measurement, Scenario, Variant
from generator.errors import Busy, MissingPackage
from generator.measure import needs
from generator.measure.system import host_name
from generator.record import Record, SystemDescription, Tier
from generator.runtimes import PACKAGES

SUITE_LIMITS_S: Mapping[str, float] = {"core": 600.0, "all": 7200.0}
"""What each suite takes at most at the standard tier, preparation excluded; see `plan_within`."""

_STEP_S = 6.0
"""Limits are found to a tenth of a minute, so that `--minutes` can repeat them."""

_START_S: Mapping[str, float] = {"pytorch": 2.0, "onnxruntime": 0.3, "openvino": 0.8}
"""Rough time in which a worker of each runtime starts, before a record tells."""

_WARM_UP_S = 0.4
_QUERY_NS = 10_000_000
"""A query's latency before a record tells."""

_QUALITY_STARTS = 2
"""Workers of each variant before its first block: one answers all samples, one is audited."""

_SERVER_TESTS = 16
"""Tests of one search for the highest rate, as many full loads of the variant long."""

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
    """Likely time, preparation excluded: from the protocol, and from an earlier record's starts, latencies and number
    of blocks where there is one; never from how long that took, so that the two can be compared."""

    most_s: float
    """Time that the most blocks take, or after which the budget ends it."""

    took_s: float | None
    """What the newest run of this definition, machine and tier took from its first question to its last; None where
    there was none, or it was interrupted."""

    percentiles: Mapping[str, float]
    """Highest percentile, as a share, that each variant's queries will permit; empty before the first record, which
    tells how long a query takes."""

    lacking: Mapping[str, str]
    """Variants that this machine cannot measure, and what it lacks."""


@dataclass(frozen=True, slots=True)
class Planned:
    """All that one machine is going to run."""

    runs: Sequence[PlannedRun]
    most_s: float | None
    """How long each may measure."""

    each_s: float | None
    """The same where it was found so that the suite ends in its time."""


@dataclass(frozen=True, slots=True)
class Total:
    """All runs of a suite together."""

    runs: int
    expected_s: float
    most_s: float
    took_s: float
    """Of those that were run here."""

    taken: int
    """How many those are."""


def total(runs: Sequence[PlannedRun]) -> Total:
    """Add up."""
    taken = [run.took_s for run in runs if run.took_s is not None]
    expected, most = sum(run.expected_s for run in runs), sum(run.most_s for run in runs)
    return Total(len(runs), expected, most, sum(taken), len(taken))


def plan_runs(
    suite: Sequence[Measurement],
    records: Mapping[str, Sequence[Record]],
    system: SystemDescription,
    tier: Tier,
    policy: MeasurePolicy,
    most_s: float | None = None,
) -> tuple[PlannedRun, ...]:
    """Choose what to run.

    Args:
        suite: measurements to choose from.
        records: records of each measurement by its name.
        system: this machine.
        tier: how thoroughly to measure.
        policy: what counts as missing.
        most_s: a person's own limit on the blocks of one measurement; see `Surroundings`.
    """
    if policy is MeasurePolicy.NONE:
        return ()
    wanted = [
        one for one in suite if policy is MeasurePolicy.ALL or is_missing(one, records.get(one.name, ()), system, tier)
    ]
    return tuple(_planned(one, records.get(one.name, ()), system, tier, most_s) for one in wanted)


def plan_within(
    limit_s: float, runs: Sequence[PlannedRun], records: Mapping[str, Sequence[Record]], system: SystemDescription
) -> tuple[tuple[PlannedRun, ...], float | None]:
    """Let planned runs end in time.

    Every run gets the same limit, so that a person can repeat each by `--minutes`. The tier's least blocks are
    measured whatever the limit: where they alone take longer than `limit_s`, so do the runs.

    Args:
        limit_s: what all runs may take together.
        runs: as they were planned without a limit.
        records: records of each measurement by its name.
        system: this machine.

    Returns:
        The runs; and the longest limit on one's blocks, in seconds, with which all of them end within `limit_s` even
        if each takes the most it can. None where no limit is needed.
    """
    if total(runs).most_s <= limit_s:
        return tuple(runs), None

    def limited(tenth: int) -> tuple[PlannedRun, ...]:
        found = (records.get(run.measurement.name, ()) for run in runs)
        return tuple(
            _planned(run.measurement, own, system, run.tier, tenth * _STEP_S)
            for run, own in zip(runs, found, strict=True)
        )

    tenths = range(1, math.ceil(limit_s / _STEP_S) + 1)
    fitting = bisect_right(tenths, limit_s, key=lambda tenth: total(limited(tenth)).most_s)
    longest = tenths[max(fitting - 1, 0)]
    return limited(longest), longest * _STEP_S


def plan_suites(
    suite: Sequence[Measurement], records: Mapping[str, Sequence[Record]], system: SystemDescription
) -> Mapping[str, tuple[PlannedRun, ...]]:
    """What a run of each whole suite would be at the standard tier, by its name in `SUITE_LIMITS_S`."""
    parts = {"core": [one for one in suite if one.suite == "core"], "all": suite}
    every = {name: plan_runs(part, records, system, Tier.STANDARD, MeasurePolicy.ALL) for name, part in parts.items()}
    return {name: plan_within(SUITE_LIMITS_S[name], runs, records, system)[0] for name, runs in every.items()}


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


def _planned(
    measurement: Measurement,
    records: Sequence[Record],
    system: SystemDescription,
    tier: Tier,
    most_s: float | None = None,
) -> PlannedRun:
    rules = protocol.TIERS[tier]
    ours = [one for one in records if one.system.fingerprint() == system.fingerprint()]
    earlier = (ours or records)[-1] if records else None
    lacking = {v.name: lack.message for v in measurement.variants if (lack := needs.lacking(v, system))}
    expected = most = 0.0
    for workload in measurement.workloads:
        variants = [v for v in measurement.variants_of(workload.name) if v.name not in lacking]
        if len(variants) < 2 or not variants[0].baseline:
            continue
        paces = [_pace(variant, earlier) for variant in variants]
        paces.append(paces[0])  # the baseline's second start
        slow = max(pace.start_s for pace in paces) * 1e9 > protocol.SLOW_START_NS
        one_block_s = _block_s(paces, rules.slow_block_ns if slow else rules.block_ns, measurement.scenario)
        budget = (rules.slow_budget_s if slow else rules.budget_s) * len(paces)
        if most_s is not None:
            limit = max(most_s / len(measurement.workloads), rules.least_blocks * one_block_s)
            budget = min(budget, limit)
        before_s = sum(_quality_s(pace, workload.name, earlier) for pace in paces[:-1])
        least, longest = 2 * one_block_s, rules.most_blocks * one_block_s
        likely = _likely_blocks(workload.name, earlier, tier) * one_block_s
        expected += before_s + max(least, min(budget, likely))
        most += before_s + max(least, min(budget + one_block_s, longest))
    block_ns = rules.least_blocks * rules.block_ns
    percentiles = _affordable(earlier, block_ns) if earlier else {}
    return PlannedRun(measurement, tier, expected, most, _took_s(measurement, ours, tier), percentiles, lacking)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast one variant goes."""

    start_s: float
    """From the start of its worker to the end of the first call."""

    warm_up_s: float
    query_ns: float


def _pace(variant: Variant, earlier: Record | None) -> _Pace:
    """A variant's pace in an earlier record; a rough one where there is none."""
    blocks = earlier.blocks if earlier else ()
    starts = [one for block in blocks for one in block.workers if one.variant == variant.name]
    latencies = [median(r.latencies_ns) for block in blocks for r in block.rounds if r.variant == variant.name]
    if not starts or not latencies:
        return _Pace(_START_S.get(variant.runtime, 1.0), _WARM_UP_S, _QUERY_NS)
    return _Pace(
        start_s=median(one.load_ns + one.first_call_ns for one in starts) / 1e9,
        warm_up_s=median(one.warm_up_ns for one in starts) / 1e9,
        query_ns=median(latencies),
    )


def _block_s(paces: Sequence[_Pace], block_ns: int, scenario: Scenario) -> float:
    """Time of one block: starts, warm-ups, and cycles until every participant was measured for long enough."""
    before_s = sum(pace.start_s + pace.warm_up_s for pace in paces)
    if scenario is Scenario.SERVER:
        return before_s + sum(_SERVER_TESTS * protocol.SERVER_QUERIES * pace.query_ns for pace in paces) / 1e9
    rounds = [max(protocol.ROUND_NS, pace.query_ns) for pace in paces]
    refills = [min(protocol.UNCOUNTED_QUERIES * pace.query_ns, max(protocol.ROUND_NS, pace.query_ns)) for pace in paces]
    cycles = math.ceil(block_ns / min(rounds))
    return before_s + cycles * (sum(rounds) + sum(refills)) / 1e9


def _quality_s(pace: _Pace, workload: str, earlier: Record | None) -> float:
    """Time in which one variant answers all samples and is audited; without a record, that of the starts."""
    found = next((one for one in earlier.workloads if one.name == workload), None) if earlier else None
    samples, timed = (found.samples, found.timed_samples) if found else (0, 0)
    audit_ns = protocol.AUDIT_PAIRS * (protocol.ROUND_NS + max(protocol.ROUND_NS, timed * pace.query_ns))
    return _QUALITY_STARTS * pace.start_s + (samples * pace.query_ns + audit_ns) / 1e9


def _likely_blocks(workload: str, earlier: Record | None, tier: Tier) -> float:
    """As many as the earlier record took at this tier; else halfway between the fewest and the most."""
    if earlier and earlier.tier is tier and (blocks := [b for b in earlier.blocks if b.workload == workload]):
        return len(blocks)
    return (protocol.TIERS[tier].least_blocks + protocol.TIERS[tier].most_blocks) / 2


def _took_s(measurement: Measurement, ours: Sequence[Record], tier: Tier) -> float | None:
    definition = measurement.fingerprint()
    whole = [
        record
        for record in ours
        if record.tier is tier and record.sittings == 1 and record.provenance.definition_sha256 == definition
    ]
    return (whole[-1].finished_at - whole[-1].started_at).total_seconds() if whole else None


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
def only_run(cache: Path, machine: str | None = None) -> Iterator[None]:
    """Hold this machine for measuring: two runs at once would measure each other.

    Machines that share the checkout over a network do not hold each other up.

    Args:
        cache: where the lock lies.
        machine: what this machine is called; the host's name when left out.

    Raises:
        Busy: when another process of this machine measures in this checkout.
    """
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"measuring-{machine or host_name()}.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        problem = "another process is measuring in this checkout, and two at once would disturb each other"
        raise Busy(str(path), problem, "Wait until it is done, then run the command again.") from error
    try:
        yield
    finally:
        lock.release()
