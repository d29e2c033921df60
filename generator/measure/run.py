"""Blocks until the goal is reached, on one system; makes one record."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from generator.core import protocol
from generator.core.cache import Cache
from generator.core.definition import CONTROL, Measurement
from generator.core.errors import FailureCause, WorkerError, cause_of
from generator.core.record import (
    SCHEMA_VERSION,
    Block,
    Ceilings,
    Controls,
    Record,
    Source,
    StopReason,
    Tier,
    VariantRecord,
)
from generator.core.record_file import dump_record, record_id, records_folder, sealed
from generator.measure import events
from generator.measure.block import BlockPlan, measure_block
from generator.measure.health import Probe, SimulatedProbe, SystemProbe
from generator.measure.journal import Journal, write_whole
from generator.measure.observe import measure_quality, unanswered
from generator.measure.outcome import NothingMeasured, NothingNew, failure, not_measured
from generator.measure.prepare import PreparedWorkload, prepare, unprepared
from generator.measure.process import controls
from generator.measure.provenance import describe_provenance
from generator.measure.run_context import RunContext
from generator.measure.stopping import WorkloadState
from generator.measure.system import address_randomisation, available_cores
from generator.measure.workload_run import WorkloadRun, workload_runs
from generator.workloads.load import load_workload


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
    folder = context.root / "measurements" / measurement.name
    asked = workload_runs(measurement, tier, measurement.part(context.core))
    prepared = [_prepared(one, folder, context) for one in asked]
    lacking = {name: (one.asked.name, why) for one in prepared for name, why in one.failures.items()}
    if context.again_for and context.again_for <= lacking.keys():
        raise NothingNew(measurement.name, {name: lacking[name] for name in sorted(context.again_for)})
    run = _Run(measurement, tier, context, prepared)
    for state in run.states:
        run.measure(state)
    if run.found_nothing:
        found = tuple(not_measured(measurement.name, run.variants))
        forget(measurement.name, tier, context.cache, context.machine)  # the next run is to try it all again
        raise NothingMeasured(measurement.name, found)
    return run.record()


def _prepared(asked: WorkloadRun, folder: Path, context: RunContext) -> PreparedWorkload:
    """A workload made ready; what keeps it from that costs this workload and no other."""
    try:
        workload = load_workload(asked.choice, folder, context.cache, lambda *p: context.tell(events.Preparing(*p)))
        return prepare(asked, workload, context.cache, context.system, context.tell)
    except Exception as error:  # a contributor's code may raise anything
        return unprepared(asked, error, context.system)


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
        self.measurement, self.tier, self.context = measurement, tier, context
        self.part = measurement.part(context.core)
        sources = _distinct(source for one in prepared if one.workload for source in one.workload.sources)
        self.provenance = describe_provenance(measurement, tier, sources, context.root, context.most_s, self.part)
        # What bounds the machine is measured once and kept: preparation, like a download, and no part of the run.
        simulated = all(variant.runtime == "fake" for variant in measurement.variants)
        self.ceilings = None if simulated else self._ceilings()
        path = _journal_path(measurement.name, tier, context.cache, context.machine)
        self.journal = Journal(path, self._identity())
        sittings = self.journal.parts("sitting")
        self.seed: int = sittings[0]["seed"] if sittings else context.seed
        self.started_at = datetime.fromisoformat(sittings[0]["at"]) if sittings else context.now()
        self.sittings = len(sittings) + 1
        self.journal.add("sitting", {"at": context.now().isoformat(), "seed": self.seed})
        for one in prepared:
            self._let_go_of_another(one)
        self.states = self._kept(prepared)
        context.meter.check(available_cores())
        if self.variants or self.blocks:
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
            "definition": self.measurement.of_run(self.part).fingerprint(),
            "part": sorted(self.part.names),
            "protocol": protocol.PROTOCOL_VERSION,
            "code": self.provenance.code_sha256,
            "packages": self.provenance.packages,
            "system": self.context.system.fingerprint(),
        }

    def _let_go_of_another(self, prepared: PreparedWorkload) -> None:
        """Of a workload whose inputs or artifacts are other ones now, nothing that was kept counts; of the others all.

        So what could not be prepared at first is measured by the run that goes on, beside what was measured before.
        """
        name, identity = prepared.asked.name, {
            "environments": {name: e.packages for name, e in sorted(prepared.environments.items())},
            "artifacts": {name: a.sha256 for name, a in sorted(prepared.artifacts.items())},
            "data": prepared.record.data_sha256,
        }  # fmt: skip
        if not self.journal.same(name, identity):
            self.journal.drop(
                lambda entry: any(entry.get(part, {}).get("workload") == name for part in ("variant", "block"))
            )

    def _kept(self, prepared: Sequence[PreparedWorkload]) -> tuple[WorkloadState, ...]:
        """Every workload with what the journal has kept of it."""
        variants = [VariantRecord.model_validate(part["variant"]) for part in self.journal.parts("variant")]
        blocks = [Block.model_validate(part["block"]) for part in self.journal.parts("block")]
        measured, most_s = sum(one.asked.measures_anything for one in prepared), self.context.most_s
        return tuple(
            WorkloadState(
                one,
                most_s / measured if most_s is not None else None,
                {kept.name: kept for kept in variants if kept.workload == one.asked.name},
                [kept for kept in blocks if kept.workload == one.asked.name],
            )
            for one in prepared
        )

    def measure(self, state: WorkloadState) -> None:
        """Quality of every variant, then blocks until the goal, the most blocks or the budget.

        Raises:
            StorageError: when the disk is full. Whatever else happens costs this workload and no other.
        """
        try:
            self._measure(state)
        except Exception as error:
            if cause_of(error) is FailureCause.DISK:
                raise
            self._fail_all(state, error)

    def _measure(self, state: WorkloadState) -> None:
        cores, context = available_cores(), self.context
        measure_quality(
            state.prepared,
            cores,
            context.tell,
            context.timeout_s,
            lambda variant: self._keep_variant(state, variant),
            state.variants,
        )
        if not state.asked.measures_anything:
            return
        while (reason := state.stop_reason()) is None:
            self._one_block(state, cores)
        self._stop(state, reason)

    def _stop(self, state: WorkloadState, reason: StopReason) -> None:
        state.stopped = reason
        self.context.tell(events.WorkloadFinished(state.asked.name, reason))

    def _keep_variant(self, state: WorkloadState, variant: VariantRecord) -> None:
        state.variants[variant.name] = variant
        self.journal.add("variant", {"variant": variant.model_dump(mode="json")})
        if variant.failure and not variant.left_out:
            event = events.VariantFailed if variant.failed else events.VariantLacking
            self.context.tell(event(variant.name, variant.failure.message))

    def _one_block(self, state: WorkloadState, cores: tuple[int, ...]) -> None:
        asked, index = state.asked, len(state.blocks)
        self.context.tell(events.BlockStarted(asked.name, index, asked.rules.most_blocks))
        alive = {name: job for name, job in state.prepared.jobs.items() if not state.variants[name].failure}
        jobs = {**alive, CONTROL: alive[asked.baseline]}
        plan = BlockPlan(
            workload=asked.name,
            index=index,
            started_at=self.context.now(),
            cores=cores,
            block_ns=asked.rules.measured_ns(state.starts_slowly),
            seed=f"{self.seed}/{asked.name}/{index}",
            timeout_s=self.context.timeout_s,
            scenario=asked.scenario,
            latency_bound_ns=asked.latency_bound_ns,
            batches={name: state.variants[job.variant].samples_per_query for name, job in jobs.items()},
            turn=state.turn,
            meter=self.context.meter,
        )
        simulated = all(job.runtime == "fake" for job in jobs.values())
        probe: Probe = SimulatedProbe() if simulated else SystemProbe()
        try:
            block = measure_block(jobs, plan, probe)
        except WorkerError as error:
            if error.variant is None:
                raise
            self._fail(state, error.variant, error)
            return
        state.blocks.append(block)
        self.journal.add("block", {"block": block.model_dump(mode="json")})
        self.context.tell(state.told(block))

    def _fail(self, state: WorkloadState, name: str, error: Exception) -> None:
        """The variant whose worker failed takes no further part; without its baseline a workload has no result."""
        self._keep_variant(state, state.variants[name].model_copy(update={"failure": failure("timing", error)}))

    def _fail_all(self, state: WorkloadState, error: Exception) -> None:
        """No variant of a workload takes further part."""
        for variant in state.asked.variants:
            if variant.name not in state.variants:
                why = state.prepared.failures.get(variant.name) or failure("quality", error)
                self._keep_variant(state, unanswered(state.prepared, variant, why))
            elif not state.variants[variant.name].failure:
                self._fail(state, variant.name, error)
        self._stop(state, StopReason.FAILED)

    @property
    def variants(self) -> list[VariantRecord]:
        """Those of all workloads, in the order in which they were kept: baselines first."""
        return [variant for state in self.states for variant in state.variants.values()]

    @property
    def blocks(self) -> list[Block]:
        """Those of all workloads."""
        return [block for state in self.states for block in state.blocks]

    @property
    def found_nothing(self) -> bool:
        """Whether something went wrong, and nothing was measured beside it."""
        every = self.variants
        return not self.blocks and any(one.failed for one in every) and all(one.failure for one in every)

    def record(self) -> Record:
        """Seal what was measured."""
        context, meter, order = self.context, self.context.meter, [one.name for one in self.measurement.variants]
        return sealed(
            {
                "schema_version": SCHEMA_VERSION,
                "protocol_version": protocol.PROTOCOL_VERSION,
                "record_id": record_id(self.measurement.name, self.started_at, context.system, context.machine),
                "measurement": self.measurement.name,
                "tier": self.tier,
                "scenario": self.measurement.scenario,
                "started_at": self.started_at,
                "finished_at": context.now(),
                "sittings": self.sittings,
                "stop_reason": {one.asked.name: one.stopped for one in self.states if one.stopped},
                "system": context.system,
                "provenance": self.provenance,
                "controls": self._controls(),
                "workloads": [one.prepared.record for one in self.states],
                "variants": sorted(self.variants, key=lambda variant: order.index(variant.name)),
                "blocks": meter.completed(self.blocks),
                "energy": meter.description().model_copy(update={"watts_per_core": context.watts_per_core}),
                "ceilings": self.ceilings,
            }
        )

    def _controls(self) -> Controls:
        threads = self.measurement.threads
        return Controls(
            environment=controls(threads),
            threads=threads,
            garbage_collection="frozen and disabled",
            address_randomisation=address_randomisation(),
            affinity="all workers of a block on the same randomly drawn cores"
            if available_cores()
            else f"not set: {platform.system()} lets no process choose its cores",
            seed=self.seed,
        )


def _distinct(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple({(s.name, s.sha256): s for s in sources}.values())
