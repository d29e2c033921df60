"""Which runs are missing on this machine, and how long they will take."""

from __future__ import annotations

import contextlib
import importlib.util
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout

from generator.core import protocol
from generator.core.definition import Measurement, Part, Variant
from generator.core.errors import Busy, FailureCause, MissingPackage
from generator.core.record import Record, SystemDescription, Tier
from generator.core.registry import RUNTIMES
from generator.measure import needs
from generator.measure.pace import WorkloadTime, affordable_percentiles, workload_time
from generator.measure.system import host_name
from generator.measure.workload_run import workload_runs

SUITE_LIMITS_S: Mapping[str, float] = {"core": 600.0, "all": 7200.0}
"""What each suite takes at most at the standard tier, preparation excluded; see `plan_within`."""

SPARE = 0.12
"""Share of a suite's time that is planned for nothing. Runs have taken up to 4 % longer than they were expected to; and
the core suite spends half a minute of its ten on reading records and taking prepared models from the cache."""

_STEP_S = 6.0
"""Limits are found to a tenth of a minute, so that `--minutes` can repeat them."""

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
    part: Part
    """What of it is measured."""

    workloads: tuple[WorkloadTime, ...]
    """Of those that have something to compare."""

    limit_s: float | None
    """A person's own limit on all blocks together; see `RunContext`."""

    took_s: float | None
    """What the newest run of this definition, part, machine and tier took from its first question to its last; None
    where there was none, or it was interrupted."""

    percentiles: Mapping[str, float]
    """Highest percentile, as a share, that each variant's queries will permit; empty before the first record, which
    tells how long a query takes."""

    lacking: Mapping[str, str]
    """Variants that this machine cannot measure, and what it lacks."""

    again_for: frozenset[str] = frozenset()
    """Variants for whose sake alone the run is made: see `RunContext`."""

    @property
    def expected_s(self) -> float:
        """Likely time, preparation excluded: from the protocol, and from earlier records' starts, quality passes,
        latencies and numbers of blocks where there are any; never from how long those took as a whole, so that the two
        can be compared.
        """
        return sum(one.expected_s(self._limit_of_each_s) for one in self.workloads)

    @property
    def most_s(self) -> float:
        """Time that the most blocks take, or after which the budget ends them."""
        return sum(one.most_s(self._limit_of_each_s) for one in self.workloads)

    @property
    def _limit_of_each_s(self) -> float | None:
        asked = {one.workload for one in self.measurement.variants if one.name in self.part}
        return None if self.limit_s is None else self.limit_s / len(asked)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What is going to be measured."""
        asked = (one for one in self.measurement.variants if one.name in self.part)
        return tuple(one for one in asked if one.name not in self.lacking)


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
    limit_s: float | None = None,
    core: bool = False,
) -> tuple[PlannedRun, ...]:
    """Choose what to run.

    Args:
        suite: measurements to choose from.
        records: records of each measurement by its name.
        system: this machine.
        tier: how thoroughly to measure.
        policy: what counts as missing.
        limit_s: a person's own limit on the blocks of one measurement; see `RunContext`.
        core: only what the core suite measures of each.
    """
    if policy is MeasurePolicy.NONE:
        return ()
    known = {one.name: records.get(one.name, ()) for one in suite}
    every = policy is MeasurePolicy.ALL
    parts = ((one, one.part(core)) for one in suite)
    wanted = [(one, part) for one, part in parts if every or is_missing(one, known[one.name], system, tier, part)]
    runs = (_planned(one, known[one.name], system, tier, part, limit_s) for one, part in wanted)
    return tuple(runs if every else (replace(run, again_for=_again_for(run, known, system)) for run in runs))


def _again_for(run: PlannedRun, records: Mapping[str, Sequence[Record]], system: SystemDescription) -> frozenset[str]:
    """What the newest run that was thorough enough could not prepare; nothing where there is none."""
    one = run.measurement
    enough = _thorough(one, records[one.name], system, run.tier, run.part)
    newest = max(enough, key=lambda record: (record.started_at, record.record_id), default=None)
    return _unprepared(newest, run.part) if newest else frozenset()


def plan_within(most_s: float, runs: Sequence[PlannedRun]) -> tuple[tuple[PlannedRun, ...], float | None]:
    """Let planned runs end in time.

    Every run gets the same limit, so that a person can repeat each by `--minutes`. The tier's least blocks are
    measured whatever the limit: where they alone take longer than `most_s`, so do the runs.

    Args:
        most_s: what all runs may take together.
        runs: as they were planned without a limit.

    Returns:
        The runs; and the longest limit on one's blocks, in seconds, with which all of them end within `most_s`, and
        some time is left, even if each takes the most it can. None where no limit is needed.
    """
    most_s *= 1 - SPARE
    if total(runs).most_s <= most_s:
        return tuple(runs), None

    def limited(tenth: int) -> tuple[PlannedRun, ...]:
        return tuple(replace(run, limit_s=tenth * _STEP_S) for run in runs)

    tenths = range(1, math.ceil(most_s / _STEP_S) + 1)
    fitting = bisect_right(tenths, most_s, key=lambda tenth: total(limited(tenth)).most_s)
    longest = tenths[max(fitting - 1, 0)]
    return limited(longest), longest * _STEP_S


def plan_suites(
    suite: Sequence[Measurement], records: Mapping[str, Sequence[Record]], system: SystemDescription
) -> Mapping[str, tuple[PlannedRun, ...]]:
    """What a run of each whole suite would be at the standard tier, by its name in `SUITE_LIMITS_S`."""
    core = [one for one in suite if one.suite == "core"]
    every = {
        "core": plan_runs(core, records, system, Tier.STANDARD, MeasurePolicy.ALL, core=True),
        "all": plan_runs(suite, records, system, Tier.STANDARD, MeasurePolicy.ALL),
    }
    return {name: plan_within(SUITE_LIMITS_S[name], runs)[0] for name, runs in every.items()}


def is_missing(
    measurement: Measurement, records: Sequence[Record], system: SystemDescription, tier: Tier, part: Part
) -> bool:
    """Whether no record of this machine and definition is at least as thorough as the tier, with nothing left out.

    Nothing of the part may be left out. What could not be
    prepared for want of a network, a package or room on the disk is missing too: it may be there now.
    """
    enough = _thorough(measurement, records, system, tier, part)
    return not any(not _unprepared(record, part) for record in enough)


MENDABLE = frozenset({FailureCause.DOWNLOAD, FailureCause.HASH, FailureCause.PACKAGE, FailureCause.DISK})
"""Causes that a person or time mends, so that the next build tries again. An environment that cannot be installed stays
so on this Python; a model that does not export, and a worker that dies, would do so again."""


def _thorough(
    measurement: Measurement, records: Sequence[Record], system: SystemDescription, tier: Tier, part: Part
) -> list[Record]:
    """Records of this machine and definition that are as thorough, and were asked for as much."""
    here, definition = system.fingerprint(), measurement.fingerprint()
    return [
        record
        for record in records
        if record.system.fingerprint() == here
        and record.provenance.definition_sha256 == definition
        and record.tier in _THOROUGHNESS[_THOROUGHNESS.index(tier) :]
        and not any(one.left_out and one.name in part for one in record.variants)
    ]


def _unprepared(record: Record, part: Part) -> frozenset[str]:
    """Variants that could not be prepared then, and perhaps can be now."""
    failures = {one.name: one.failure for one in record.variants if one.failure and one.name in part}
    return frozenset(name for name, why in failures.items() if why.stage == "prepare" and why.cause in MENDABLE)


def _planned(
    measurement: Measurement,
    records: Sequence[Record],
    system: SystemDescription,
    tier: Tier,
    part: Part,
    limit_s: float | None,
) -> PlannedRun:
    here = system.fingerprint()
    ours = [one for one in records if one.system.fingerprint() == here]
    elsewhere = [one for one in records if one.system.fingerprint() != here]
    earlier = tuple(reversed([*elsewhere, *ours]))
    asked = [one for one in measurement.variants if one.name in part]
    lacking = {one.name: lack.message for one in asked if (lack := needs.lacking(one, system))}
    able, runs = part.names - lacking.keys(), workload_runs(measurement, tier, part)
    compared = [(run, [one for one in run.variants if one.name in able]) for run in runs]
    return PlannedRun(
        measurement=measurement,
        tier=tier,
        part=part,
        workloads=tuple(
            workload_time(run, variants, earlier, tier)
            for run, variants in compared
            if len(variants) > 1 and variants[0].baseline
        ),
        limit_s=limit_s,
        took_s=_took_s(measurement, ours, tier, part),
        percentiles=affordable_percentiles(earlier, protocol.rules_of(tier, part)),
        lacking=lacking,
    )


def _took_s(measurement: Measurement, ours: Sequence[Record], tier: Tier, part: Part) -> float | None:
    definition = measurement.fingerprint()
    whole = [
        record
        for record in ours
        if record.tier is tier
        and record.sittings == 1
        and record.provenance.definition_sha256 == definition
        and {one.name for one in record.variants if not one.left_out} == part.names
    ]
    return (whole[-1].finished_at - whole[-1].started_at).total_seconds() if whole else None


def require_packages(measurements: Sequence[Measurement] = ()) -> None:
    """Check that what measuring anything at all needs is installed, before anything is started.

    Args:
        measurements: those whose runtimes must be there too. Without them, a variant whose runtime is not installed is
            "not measured", and the others are.

    Raises:
        MissingPackage: for the first one that is not.
    """
    needed = {"psutil": "measuring", "cpuinfo": "measuring"}
    for one in measurements:
        for variant in one.variants:
            if (package := RUNTIMES[variant.runtime].package) and not variant.environment:
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
