"""How fast each variant goes, by earlier records or roughly, and how long a workload of theirs therefore takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from generator.core import protocol
from generator.core.definition import Scenario, Variant
from generator.core.record import Record, Tier, VariantRecord
from generator.measure.system import available_cores, core_groups
from generator.measure.workload_run import WorkloadRun

_START_S: Mapping[str, float] = {"pytorch": 2.0, "onnxruntime": 0.3, "openvino": 0.8}
"""Rough time in which a worker of each runtime starts, before a record tells."""

_WARM_UP_S = 0.4
_QUERY_NS = 10_000_000
"""A query's latency before a record tells."""

_QUALITY_STARTS = 2
"""Workers of each variant before its first block: one answers all samples, one is audited."""

_JUDGING_S = 1.0
"""Writing, reading and judging one variant's answers: what records took before their first blocks beyond what their
starts and latencies explain."""

_LONG_WINDOWS = 5
"""Windows until a worker of long queries is warm: four at least."""

_SERVER_TESTS = 16
"""Tests of one search for the highest rate, as many full loads of the variant long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one variant goes."""

    start_s: float
    """From the start of its worker to the end of the first call."""

    warm_up_s: float
    query_ns: float

    @property
    def warming_s(self) -> float:
        """Warm-up now: records from before long queries were windows by themselves took longer over it."""
        long = self.query_ns >= protocol.WARM_UP_WINDOW_NS
        return min(self.warm_up_s, _LONG_WINDOWS * self.query_ns / 1e9) if long else self.warm_up_s


@dataclass(frozen=True, slots=True)
class WorkloadTime:
    """What one workload of a run takes, preparation excluded."""

    before_s: float
    """Until the first block: answers to every sample, and audits."""

    block_s: float
    likely_blocks: float
    budget_s: float
    """The tier's, for the blocks."""

    rules: protocol.TierRules

    def expected_s(self, limit_s: float | None) -> float:
        """Likely time, where a person limits the blocks to so long."""
        return self.before_s + max(self._least_s, min(self._ended_s(limit_s), self.likely_blocks * self.block_s))

    def most_s(self, limit_s: float | None) -> float:
        """Time that the most blocks take, or after which the last block that the limit lets begin is done."""
        longest_s = self.rules.most_blocks * self.block_s
        return self.before_s + max(self._least_s, min(self._ended_s(limit_s) + self.block_s, longest_s))

    def _ended_s(self, limit_s: float | None) -> float:
        return self.budget_s if limit_s is None else min(self.budget_s, limit_s)

    @property
    def _least_s(self) -> float:
        """Before the tier's own budget is spent no run ends with fewer than the least blocks, and none with one."""
        return max(2 * self.block_s, min(self.rules.least_blocks * self.block_s, self.budget_s))


def workload_time(
    asked: WorkloadRun, variants: Sequence[Variant], earlier: Sequence[Record], tier: Tier
) -> WorkloadTime:
    """Find what one workload takes.

    Args:
        asked: the workload.
        variants: what can be measured of it here, the baseline first; at least two.
        earlier: records to learn from, the newest first.
        tier: how thoroughly.
    """
    rules = asked.rules
    paces = [pace_of(variant, earlier) for variant in variants]
    paces.append(paces[0])  # the baseline's second start
    slow = max(pace.start_s for pace in paces) * 1e9 > protocol.SLOW_START_NS
    return WorkloadTime(
        before_s=quality_s(variants, earlier),
        block_s=block_s(paces, rules.measured_ns(slow), asked.scenario, _turn(asked.name, earlier)),
        likely_blocks=likely_blocks(asked.name, earlier, tier),
        budget_s=(rules.slow_budget_s if slow else rules.budget_s) * len(paces),
        rules=rules,
    )


def pace_of(variant: Variant | VariantRecord, earlier: Iterable[Record]) -> Pace:
    """A variant's pace in the newest record that has one; a rough one where none has."""
    for record in earlier:
        starts = [one for block in record.blocks for one in block.workers if one.variant == variant.name]
        latencies = [median(r.latencies_ns) for b in record.blocks for r in b.rounds if r.variant == variant.name]
        if starts and latencies:
            return Pace(
                start_s=median(one.load_ns + one.first_call_ns for one in starts) / 1e9,
                warm_up_s=median(one.warm_up_ns for one in starts) / 1e9,
                query_ns=median(latencies),
            )
    return Pace(_START_S.get(variant.runtime, 1.0), _WARM_UP_S, _QUERY_NS)


def _turn(workload: str, earlier: Iterable[Record]) -> int:
    known = (one.timed_samples for record in earlier for one in record.workloads if one.name == workload)
    return protocol.turn_cycles(next((timed for timed in known if timed is not None), 1))


def block_s(paces: Sequence[Pace], block_ns: int, scenario: Scenario, turn: int = protocol.PAIR) -> float:
    """Time of one block: starts, warm-ups, and cycles until every participant was measured for long enough."""
    before_s = sum(pace.start_s + pace.warming_s for pace in paces)
    if scenario is Scenario.SERVER:
        return before_s + sum(_SERVER_TESTS * protocol.SERVER_QUERIES * pace.query_ns for pace in paces) / 1e9
    rounds = [max(protocol.ROUND_NS, pace.query_ns) for pace in paces]
    refills = [
        min(protocol.UNCOUNTED_QUERIES * pace.query_ns, max(protocol.ROUND_NS, pace.query_ns))
        for pace in paces
        if pace.query_ns < protocol.REFILLING_NS
    ]
    cycles = max(protocol.LEAST_CYCLES, math.ceil(block_ns / min(rounds)))
    return before_s + math.ceil(cycles / turn) * turn * (sum(rounds) + sum(refills)) / 1e9


def quality_s(variants: Sequence[Variant], earlier: Sequence[Record]) -> float:
    """Time before the first block of some variants of one workload: they answer every sample, are audited and judged.

    Latencies of the timed samples tell it roughly, for other samples may be shorter, and judging takes its own time. So
    where a run went through without a pause, the variants' share of what that run took is what they take.
    """
    workload, said_s = variants[0].workload, sum(_answering_s(one, earlier) for one in variants)
    for record in earlier:
        if record.sittings == 1 and (took_s := _before_blocks_s(record, workload)) is not None:
            there = [one for one in record.variants if one.workload == workload and not one.failure]
            return took_s * said_s / sum(_answering_s(one, earlier) for one in there)
    return said_s


def _answering_s(variant: Variant | VariantRecord, earlier: Sequence[Record]) -> float:
    """Time before the first block of one variant by its pace; without a record no sample is counted.

    Answers that mean nothing are asked of the timed samples alone.
    """
    found = next((one for record in earlier for one in record.workloads if one.name == variant.workload), None)
    samples, timed = (found.samples or 0, found.timed_samples or 0) if found else (0, 0)
    # An outline of a record, which has no blocks, has nobody's answers either.
    whole = (one for record in earlier if record.blocks for one in record.variants)
    known = next((one for one in whole if one.name == variant.name and not one.failure), None)
    if known and known.quality_unknown and not known.quality:
        samples = timed
    pace = pace_of(variant, earlier)
    pair_ns = max(protocol.ROUND_NS, pace.query_ns) + max(protocol.ROUND_NS, timed * pace.query_ns)
    pairs = min(max(protocol.AUDIT_LEAST_PAIRS, math.ceil(protocol.AUDIT_LONG_NS / pair_ns)), protocol.AUDIT_PAIRS)
    threads = variant.threads or next((record.controls.threads for record in earlier), 1)
    workers = len(core_groups(available_cores(), threads, protocol.ANSWERING_WORKERS))
    if isinstance(variant, VariantRecord) and variant.audit:  # what that run did, by the rules of then
        pairs, workers = len(variant.audit.repeated_ns), variant.answering_workers
    return _QUALITY_STARTS * pace.start_s + _JUDGING_S + (samples * pace.query_ns / workers + pairs * pair_ns) / 1e9


def _before_blocks_s(record: Record, workload: str) -> float | None:
    """What a run took before the first block of a workload, the machine's ceilings excluded; None without a block."""
    places = [place for place, block in enumerate(record.blocks) if block.workload == workload]
    if not places:
        return None
    begin = max(record.started_at, record.ceilings.measured_at) if record.ceilings else record.started_at
    if places[0]:
        before = record.blocks[places[0] - 1]
        begin = before.started_at + timedelta(seconds=before.duration_s)
    return (record.blocks[places[0]].started_at - begin).total_seconds()


def likely_blocks(workload: str, earlier: Iterable[Record], tier: Tier) -> float:
    """As many as the newest of the earlier records took at this tier; else halfway between the fewest and the most."""
    for record in earlier:
        if record.tier is tier and (blocks := [b for b in record.blocks if b.workload == workload]):
            return len(blocks)
    return (protocol.TIERS[tier].least_blocks + protocol.TIERS[tier].most_blocks) / 2


def affordable_percentiles(earlier: Iterable[Record], rules: protocol.TierRules) -> Mapping[str, float]:
    """Highest percentile of each variant in the least blocks, at the pace of the newest record that has it."""
    affordable = dict[str, float]()
    for record, name in [(one, variant.name) for one in earlier for variant in one.variants]:
        rounds = [one for block in record.blocks for one in block.rounds if one.variant == name]
        queries = sum(len(one.latencies_ns) for one in rounds)
        if queries and name not in affordable:
            measured_ns = rules.least_blocks * rules.measured_ns(slow=False)
            expected = int(queries * measured_ns / sum(one.wall_ns for one in rounds))
            shares = [share for share in protocol.PERCENTILES if protocol.early_stopping_discard(expected, share) >= 1]
            affordable[name] = max(shares, default=0.0)
    return affordable
