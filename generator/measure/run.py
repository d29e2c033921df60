"""Blocks until the goal is reached, on one system; makes one record."""

from __future__ import annotations

import math
import platform
import secrets
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.cache import Cache
from generator.core.definition import CONTROL, Measurement, WorkloadChoice
from generator.core.errors import FailureCause, WorkerError, cause_of
from generator.core.record import (
    SCHEMA_VERSION,
    Block,
    Ceilings,
    Controls,
    Record,
    Source,
    StopReason,
    SystemDescription,
    Tier,
    VariantRecord,
)
from generator.core.record_file import dump_record, record_id, records_folder, sealed
from generator.core.registry import RUNTIMES
from generator.measure import events
from generator.measure.block import BlockPlan, measure_block, starts_slowly
from generator.measure.energy.meter import Meter, NoMeter
from generator.measure.health import Probe, SimulatedProbe, SystemProbe
from generator.measure.journal import Journal, write_whole
from generator.measure.observe import measure_quality, unanswered
from generator.measure.outcome import NothingMeasured, NothingNew, failure, not_measured
from generator.measure.prepare import PreparedWorkload, prepare, unprepared
from generator.measure.process import controls
from generator.measure.provenance import describe_provenance
from generator.measure.system import address_randomisation, available_cores
from generator.workloads.load import load_workload


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class RunContext:
    """Where and with what a run happens; tests put their own clock, system and seed here."""

    root: Path
    """The checkout: measurements/ lies in it."""

    cache: Cache
    system: SystemDescription
    tell: events.Listener = events.silent
    now: Callable[[], datetime] = _utc_now
    seed: int = field(default_factory=lambda: secrets.randbits(32))
    timeout_s: float = 600.0
    """Longest wait for one answer of a worker; a compiled model's first call is part of one."""

    most_s: float | None = None
    """A person's own limit on the blocks of one measurement, below the tier's budget; the tier's least blocks are
    measured all the same."""

    core: bool = False
    """Only what the core suite measures; the record says of the other variants that they were left out."""

    meter: Meter = field(default_factory=NoMeter)
    watts_per_core: float | None = None
    """A person's own figure, for an estimate of energy that is labelled so."""

    ceilings: Callable[[int], Ceilings | None] = lambda threads: None
    """What bounds a variant of so many threads on this machine; measured, or taken from the cache."""

    again_for: frozenset[str] = frozenset()
    """Variants that an earlier run could not prepare, for whose sake alone this one is made: when none of them can be
    prepared now either, nothing is measured. Empty: the run is made whatever can be prepared."""

    machine: str = ""
    """In a fleet, what tells this machine from others of its kind: it enters the record's id, and the journals of
    machines that share a checkout lie apart."""


def run_measurement(measurement: Measurement, tier: Tier, context: RunContext) -> Record:
    """Measure, and write the record into the measurement's folder.

    Finished blocks are kept in a journal; when the run is interrupted, the next one with the same definition, code,
    packages and system goes on from there.

    Raises:
        NothingMeasured: when nothing could be measured at all. A workload or variant that fails is no error: the record
            says so.
        NothingNew: when none of those variants can be prepared for whose sake alone the run was to be made.
        StorageError: when the disk is full; finished blocks are kept, and the same command goes on from there.
    """
    record = measured(measurement, tier, context)
    write_whole(
        records_folder(context.root / "measurements", measurement) / f"{record.record_id}.json", dump_record(record)
    )
    forget(measurement.name, tier, context.cache, context.machine)
    return record


def measured(measurement: Measurement, tier: Tier, context: RunContext) -> Record:
    """Measure, and leave the record to the caller.

    The journal stays until `forget`: asked again before, the run has nothing left to measure and gives what it found.

    Raises:
        GeneratorError: see `run_measurement`.
    """
    prepared = [_prepared(measurement, choice, context) for choice in measurement.workloads]
    lacking = {name: (one.choice.name, why) for one in prepared for name, why in one.failures.items()}
    if context.again_for and context.again_for <= lacking.keys():
        raise NothingNew(measurement.name, {name: lacking[name] for name in sorted(context.again_for)})
    run = _Run(measurement, tier, context, prepared)
    for one in prepared:
        run.measure(one)
    if run.found_nothing:
        found = tuple(not_measured(measurement.name, run.variants.values()))
        forget(measurement.name, tier, context.cache, context.machine)  # the next run is to try it all again
        raise NothingMeasured(measurement.name, found)
    return run.record()


def _prepared(measurement: Measurement, choice: WorkloadChoice, context: RunContext) -> PreparedWorkload:
    """A workload made ready; what keeps it from that costs this workload and no other."""
    folder, taken = context.root / "measurements" / measurement.name, measurement.of_run(context.core)
    try:
        workload = load_workload(choice, folder, context.cache, lambda *p: context.tell(events.Preparing(*p)))
        return prepare(taken, choice, workload, context.cache, context.system, context.tell, context.core)
    except Exception as error:  # a contributor's code may raise anything
        return unprepared(taken, choice, error, context.system, context.core)


def forget(measurement: str, tier: Tier, cache: Cache, machine: str = "") -> None:
    """The record of a run is safe: its journal is not needed any more."""
    _journal_path(measurement, tier, cache, machine).unlink(missing_ok=True)


def _journal_path(measurement: str, tier: Tier, cache: Cache, machine: str) -> Path:
    return cache.root / "runs" / machine / f"{measurement}-{tier}.jsonl"


class _Run:
    """State of one run: what is finished so far, and the journal that keeps it."""

    def __init__(
        self, measurement: Measurement, tier: Tier, context: RunContext, prepared: Sequence[PreparedWorkload]
    ) -> None:
        self.measurement, self.tier, self.context, self.prepared = (
            measurement.of_run(context.core),
            tier,
            context,
            prepared,
        )
        self.rules, self.part = protocol.TIERS[tier], measurement.part(context.core)
        self.sources = _distinct(source for one in prepared if one.workload for source in one.workload.sources)
        partly = context.core and self.part != measurement.variant_names
        self.provenance = describe_provenance(measurement, tier, self.sources, context.root, context.most_s, partly)
        # What bounds the machine is measured once and kept: preparation, like a download, and no part of the run.
        elsewhere = all(one.runtime == "fake" or RUNTIMES[one.runtime].remote for one in measurement.variants)
        self.ceilings = None if elsewhere else self._ceilings()
        path = _journal_path(measurement.name, tier, context.cache, context.machine)
        self.journal = Journal(path, self._identity())
        sittings = self.journal.parts("sitting")
        self.seed: int = sittings[0]["seed"] if sittings else context.seed
        self.started_at = datetime.fromisoformat(sittings[0]["at"]) if sittings else context.now()
        self.sittings = len(sittings) + 1
        self.journal.add("sitting", {"at": context.now().isoformat(), "seed": self.seed})
        for one in prepared:
            self._let_go_of_another(one)
        self.variants = {v.name: v for v in self._kept_variants()}
        self.blocks = [Block.model_validate(part["block"]) for part in self.journal.parts("block")]
        self.stop_reasons: dict[str, StopReason] = {}
        context.meter.check(available_cores())
        if self.blocks or self.variants:
            context.tell(events.Resumed(len(self.blocks)))

    def _ceilings(self) -> Ceilings | None:
        """What bounds the machine; that it could not be measured costs nothing else."""
        try:
            return self.context.ceilings(self.measurement.threads)
        except Exception as error:  # libraries of matrices and the disk fail in many ways
            self.context.tell(events.Preparing(f"machine ceilings are not measured: {error}"))
            return None

    def _identity(self) -> dict[str, Any]:
        """What must not have changed for an interrupted run to go on."""
        return {
            "definition": self.measurement.fingerprint(),
            "part": sorted(self.part),
            "protocol": protocol.PROTOCOL_VERSION,
            "code": self.provenance.code_sha256,
            "packages": self.provenance.packages,
            "system": self.context.system.fingerprint(),
        }

    def _let_go_of_another(self, prepared: PreparedWorkload) -> None:
        """Of a workload whose inputs or artifacts are other ones now, nothing that was kept counts; of the others all.

        So what could not be prepared at first is measured by the run that goes on, beside what was measured before.
        """
        name, identity = prepared.choice.name, {
            "environments": {name: e.packages for name, e in sorted(prepared.environments.items())},
            "artifacts": {name: a.sha256 for name, a in sorted(prepared.artifacts.items())},
            "data": prepared.record.data_sha256,
            "servers": {name: job.options.get("address") for name, job in sorted(prepared.jobs.items())},
        }  # fmt: skip
        if not self.journal.same(name, identity):
            self.journal.drop(
                lambda entry: any(entry.get(part, {}).get("workload") == name for part in ("variant", "block"))
            )

    def _kept_variants(self) -> list[VariantRecord]:
        return [VariantRecord.model_validate(part["variant"]) for part in self.journal.parts("variant")]

    def measure(self, prepared: PreparedWorkload) -> None:
        """Quality of every variant, then blocks until the goal, the most blocks or the budget.

        Raises:
            StorageError: when the disk is full. Whatever else happens costs this workload and no other.
        """
        try:
            self._measure(prepared)
        except Exception as error:
            if cause_of(error) is FailureCause.DISK:
                raise
            self._fail_all(prepared, error)

    def _measure(self, prepared: PreparedWorkload) -> None:
        cores = available_cores()
        measure_quality(
            prepared,
            self.measurement,
            cores,
            self.context.tell,
            self.context.timeout_s,
            self._keep_variant,
            self.variants,
        )
        workload = prepared.choice.name
        if not self._measured_of(workload):
            return
        while (reason := self._stop_reason(workload)) is None:
            self._one_block(prepared, cores)
        self.stop_reasons[workload] = reason
        self.context.tell(events.WorkloadFinished(workload, reason))

    def _keep_variant(self, variant: VariantRecord) -> None:
        self.variants[variant.name] = variant
        self.journal.add("variant", {"variant": variant.model_dump(mode="json")})
        if variant.failure and not variant.left_out:
            event = events.VariantFailed if variant.failed else events.VariantLacking
            self.context.tell(event(variant.name, variant.failure.message))

    def _one_block(self, prepared: PreparedWorkload, cores: tuple[int, ...]) -> None:
        workload, done = prepared.choice.name, self._blocks_of(prepared.choice.name)
        self.context.tell(events.BlockStarted(workload, len(done), self.rules.most_blocks))
        alive = {name: job for name, job in prepared.jobs.items() if not self.variants[name].failure}
        jobs = {**alive, CONTROL: alive[self._baseline(workload)]}
        plan = BlockPlan(
            workload=workload,
            index=len(done),
            started_at=self.context.now(),
            cores=cores,
            block_ns=self.rules.measured_ns(self._is_slow(done), self.context.core),
            seed=f"{self.seed}/{workload}/{len(done)}",
            timeout_s=self.context.timeout_s,
            scenario=self.measurement.scenario,
            latency_bound_ns=_nanoseconds(self.measurement.latency_bound_ms),
            batches={name: self.variants[job.variant].samples_per_query for name, job in jobs.items()},
            turn=protocol.turn_cycles(prepared.record.timed_samples or 0),
            meter=self.context.meter,
        )
        simulated = all(job.runtime == "fake" for job in jobs.values())
        probe: Probe = SimulatedProbe() if simulated else SystemProbe()
        try:
            block = measure_block(jobs, plan, probe)
        except WorkerError as error:
            if error.variant is None:
                raise
            self._fail(error.variant, error)
            return
        self.blocks.append(block)
        self.journal.add("block", {"block": block.model_dump(mode="json")})
        self.context.tell(self._progress(workload, block))

    def _fail(self, name: str, error: Exception) -> None:
        """The variant whose worker failed takes no further part; without its baseline a workload has no result."""
        self._keep_variant(self.variants[name].model_copy(update={"failure": failure("timing", error)}))

    def _fail_all(self, prepared: PreparedWorkload, error: Exception) -> None:
        """No variant of a workload takes further part."""
        workload = prepared.choice.name
        for variant in self.measurement.variants_of(workload):
            if variant.name not in self.variants:
                why = prepared.failures.get(variant.name) or failure("quality", error)
                self._keep_variant(unanswered(prepared, variant, why))
            elif not self.variants[variant.name].failure:
                self._fail(variant.name, error)
        self.stop_reasons[workload] = StopReason.FAILED
        self.context.tell(events.WorkloadFinished(workload, StopReason.FAILED))

    @property
    def found_nothing(self) -> bool:
        """Whether something went wrong, and nothing was measured beside it."""
        every = self.variants.values()
        return not self.blocks and any(one.failed for one in every) and all(one.failure for one in every)

    def _stop_reason(self, workload: str) -> StopReason | None:
        blocks = self._blocks_of(workload)
        baseline = self._baseline(workload)
        others = [n for n in self._alive(workload) if n != baseline]
        if baseline not in self._alive(workload) or not others:
            return StopReason.FAILED
        kept = protocol.kept_blocks(blocks)
        # By the width and never by the verdict: whoever stops as soon as a difference shows finds one in the end.
        # Stopping at a fixed width nearly keeps the level (Chow and Robbins, Ann. Math. Statist. 36, 1965);
        # a few blocks that agree by luck would end a run too soon, hence the least number of them.
        if len(kept) >= self.rules.least_blocks:
            widths = self._half_widths(workload)
            if widths and max(widths.values()) < self.rules.goal_half_width:
                return StopReason.GOAL
            if len(kept) >= self.rules.most_blocks:
                return StopReason.BLOCKS
            if self._spent_s(workload) >= self._budget_s(workload):
                return StopReason.BUDGET
        elif len(kept) >= 2 and self._spent_s(workload) >= self._tier_budget_s(workload):
            return StopReason.BUDGET
        return None

    def _half_widths(self, workload: str) -> dict[str, float]:
        kept, baseline = protocol.kept_blocks(self._blocks_of(workload)), self._baseline(workload)
        widths, statistic = dict[str, float](), protocol.STATISTICS[self.measurement.scenario]
        timed = next(one.record.timed_samples for one in self.prepared if one.choice.name == workload)
        times = [block_times(block, protocol.turn_cycles(timed or 0)) for block in kept]
        for name in (*self._alive(workload), CONTROL):
            values = [one.log_ratio(name, baseline, statistic) for one in times]
            interval = protocol.log_interval([v for v in values if v is not None])
            if name != baseline and interval:
                widths[name] = interval.half_width
        return widths

    def _progress(self, workload: str, block: Block) -> events.BlockFinished:
        blocks, widths, goal = self._blocks_of(workload), self._half_widths(workload), self.rules.goal_half_width
        kept = len(protocol.kept_blocks(blocks))
        needed = kept * (max(widths.values()) / goal) ** 2 if widths else self.rules.least_blocks
        needed = min(max(self.rules.least_blocks, math.ceil(needed)), self.rules.most_blocks)
        remaining = max(0, needed - kept) * statistics.fmean(one.duration_s for one in blocks)
        return events.BlockFinished(
            workload=workload,
            index=block.index,
            most=self.rules.most_blocks,
            disturbed=block.disturbed,
            half_widths=widths,
            goal=goal,
            remaining_s=min(remaining, max(0.0, self._budget_s(workload) - self._spent_s(workload))),
        )

    def _spent_s(self, workload: str) -> float:
        return sum(block.duration_s for block in self._blocks_of(workload))

    def _budget_s(self, workload: str) -> float:
        budget = self._tier_budget_s(workload)
        if self.context.most_s is None:
            return budget
        workloads = sum(bool(self._measured_of(one.name)) for one in self.measurement.workloads)
        return min(budget, self.context.most_s / workloads)

    def _tier_budget_s(self, workload: str) -> float:
        slow = self._is_slow(self._blocks_of(workload))
        per_variant = self.rules.slow_budget_s if slow else self.rules.budget_s
        return per_variant * (len(self._alive(workload)) + 1)

    def _is_slow(self, blocks: Sequence[Block]) -> bool:
        return bool(blocks) and starts_slowly([w.load_ns + w.first_call_ns for w in blocks[0].workers])

    def _measured_of(self, workload: str) -> list[str]:
        return [v.name for v in self.measurement.variants_of(workload) if v.name in self.part]

    def _alive(self, workload: str) -> list[str]:
        return [v.name for v in self.variants.values() if v.workload == workload and not v.failure]

    def _baseline(self, workload: str) -> str:
        return self.measurement.variants_of(workload)[0].name

    def _blocks_of(self, workload: str) -> list[Block]:
        return [block for block in self.blocks if block.workload == workload]

    def record(self) -> Record:
        """Seal what was measured."""
        threads, order = self.measurement.threads, [v.name for v in self.measurement.variants]
        return sealed(
            {
                "schema_version": SCHEMA_VERSION,
                "protocol_version": protocol.PROTOCOL_VERSION,
                "record_id": record_id(
                    self.measurement.name, self.started_at, self.context.system, self.context.machine
                ),
                "measurement": self.measurement.name,
                "tier": self.tier,
                "scenario": self.measurement.scenario,
                "started_at": self.started_at,
                "finished_at": self.context.now(),
                "sittings": self.sittings,
                "stop_reason": self.stop_reasons,
                "system": self.context.system,
                "provenance": self.provenance,
                "controls": Controls(
                    environment=controls(threads),
                    threads=threads,
                    garbage_collection="frozen and disabled",
                    address_randomisation=address_randomisation(),
                    affinity="all workers of a block on the same randomly drawn cores"
                    if available_cores()
                    else f"not set: {platform.system()} lets no process choose its cores",
                    seed=self.seed,
                ),
                "workloads": [one.record for one in self.prepared],
                "variants": [self.variants[name] for name in order if name in self.variants],
                "blocks": self.context.meter.completed(self.blocks),
                "energy": self.context.meter.description().model_copy(
                    update={"watts_per_core": self.context.watts_per_core}
                ),
                "ceilings": self.ceilings,
            }
        )


def _nanoseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1e6)


def _distinct(sources: Any) -> tuple[Source, ...]:
    return tuple({(s.name, s.sha256): s for s in sources}.values())
