"""Records as pandas frames: what charts, downloads and further analysis start from."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from generator.core.protocol import kept_blocks, round_statistic
from generator.core.record import Block, Record


def rounds_frame(record: Record) -> pd.DataFrame:
    """One row a round.

    Columns: workload, block, kept (whether the block counts), cycle, variant, queries, p50_ns and mean_ns (a sample),
    wall_ns, cpu_ns, disturbed.
    """
    kept = {id(block) for name in _workloads(record) for block in kept_blocks(_blocks(record, name))}
    rows = [
        {
            "workload": block.workload,
            "block": block.index,
            "kept": id(block) in kept,
            "disturbed": block.disturbed,
            "cycle": one.cycle,
            "variant": one.variant,
            "queries": one.answered,
            "samples": one.answered * one.samples_per_query,
            "p50_ns": round_statistic(one, "p50"),
            "mean_ns": round_statistic(one, "mean"),
            "wall_ns": one.wall_ns,
            "cpu_ns": one.cpu_ns,
        }
        for block in record.blocks
        for one in block.rounds
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def queries_frame(record: Record) -> pd.DataFrame:
    """One row a query: workload, block, cycle, variant, latency_ns."""
    rows = [
        (block.workload, block.index, one.cycle, one.variant, latency)
        for block in record.blocks
        for one in block.rounds
        for latency in one.latencies_ns
    ]
    return pd.DataFrame(rows, columns=["workload", "block", "cycle", "variant", "latency_ns"])


_IDENTITY = ["workload", "block", "kept", "disturbed", "cycle", "variant"]
_COLUMNS = [*_IDENTITY, "queries", "samples", "p50_ns", "mean_ns", "wall_ns", "cpu_ns"]


def _workloads(record: Record) -> Iterable[str]:
    return [workload.name for workload in record.workloads]


def _blocks(record: Record, workload: str) -> list[Block]:
    return [block for block in record.blocks if block.workload == workload]
