"""What a record says as rows of plain cells: what tables, downloads and data frames are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.core.cell import Cell, tidy
from generator.core.protocol import kept_blocks, round_statistic
from generator.core.record import Record
from generator.results.change import quality_change
from generator.results.findings import (
    Findings,
    Spread,
    Unknown,
    VariantFindings,
    WorkloadFindings,
    accuracy_metric,
    agreement_metric,
)
from generator.results.percentile import percentile_key

_SPREADS = (
    "p50_ns",
    "mean_ns",
    "samples_per_second",
    "cpu_s_per_sample",
    "first_call_ns",
    "load_ns",
    "memory_bytes",
)
"""Fields of `LatencyFindings` that vary from block to block."""


def result_rows(findings: Findings) -> list[dict[str, Cell]]:
    """Every variant of a record, a row each; a row has the columns that its variant has numbers for."""
    return [_result(findings, workload, variant) for workload in findings.workloads for variant in workload.variants]


def about(findings: Findings) -> dict[str, Cell]:
    """Where the rows of a record come from: measurement, end of the run, machine."""
    record = findings.record
    return {
        "measurement": findings.measurement.name,
        "finished_at": record.finished_at.isoformat(),
        "tier": str(record.tier),
        "scenario": str(record.scenario),
        "processor": record.system.host_processor_model_name,
        "accelerator": record.system.accelerator_model_name,
        "machine": record.system.fingerprint(),
    }


def round_rows(record: Record) -> Iterator[dict[str, Any]]:
    """Every round of a record, in the order of the run; times in nanoseconds, `p50_ns` and `mean_ns` a sample."""
    names = {workload.name for workload in record.workloads}
    kept = {
        id(block) for name in names for block in kept_blocks([one for one in record.blocks if one.workload == name])
    }
    for block in record.blocks:
        for one in block.rounds:
            yield {
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


def _result(findings: Findings, workload: WorkloadFindings, variant: VariantFindings) -> dict[str, Cell]:
    record = variant.record
    row: dict[str, Cell] = {
        "record": findings.record.record_id,
        "workload": workload.choice.name,
        "variant": variant.variant.name,
        "runtime": record.runtime,
        "runtime_version": record.runtime_version,
        "precision": str(record.precision),
        "transforms": " > ".join(record.transforms),
        "baseline": variant is workload.baseline,
        "failure": f"{record.failure.stage}: {record.failure.message}" if record.failure else None,
    }
    row.update(_speed(variant))
    row.update(_latencies(variant))
    row.update(_tokens(variant))
    row.update(_quality(variant, workload.baseline))
    row["file_bytes"] = record.artifact.size_bytes if record.artifact else None
    return row


def _speed(variant: VariantFindings) -> Iterator[tuple[str, Cell]]:
    found = variant.against_baseline
    for name, estimate in (("", found and found.speedup), ("mean_", found and found.mean_speedup)):
        yield f"{name}speedup", tidy(estimate.point) if estimate else None
        yield f"{name}speedup_low", tidy(estimate.interval.low) if estimate else None
        yield f"{name}speedup_high", tidy(estimate.interval.high) if estimate else None
    yield "verdict", str(found.verdict) if found else None
    yield "blocks", len(found.block_values) if found else None


def _latencies(variant: VariantFindings) -> Iterator[tuple[str, Cell]]:
    latency = variant.latency
    yield "queries", latency.queries if latency else None
    if latency and (rate := latency.rate_served):
        yield from (("rate_served", tidy(rate.median)), ("rate_served_least", tidy(rate.least)))
        yield "rate_served_most", tidy(rate.most)
    for name in _SPREADS:
        spread: Spread | None = getattr(latency, name) if latency else None
        yield name, tidy(spread.median) if spread else None
        yield f"{name}_least", tidy(spread.least) if spread else None
        yield f"{name}_most", tidy(spread.most) if spread else None
    for one in latency.percentiles if latency else ():
        yield f"{percentile_key(one.share)}_pooled_ns", one.value_ns
        yield f"{percentile_key(one.share)}_bound_ns", one.bound_ns


_TOKEN_SPREADS = (
    *("first_token_ns", "per_token_ns", "end_ns", "prefill_per_second", "decode_per_second"),
    *("prompt_tokens", "answer_tokens"),
)
"""Fields of `TokenFindings` that vary."""


def _tokens(variant: VariantFindings) -> Iterator[tuple[str, Cell]]:
    """Of a variant that generates text."""
    found = variant.tokens
    if found is None:
        return
    for name in _TOKEN_SPREADS:
        spread: Spread | Unknown = getattr(found, name)
        if isinstance(spread, Spread):
            yield from ((name, tidy(spread.median)), (f"{name}_least", tidy(spread.least)))
            yield f"{name}_most", tidy(spread.most)
    for one in found.gaps:
        yield f"itl_{percentile_key(one.share)}_pooled_ns", one.value_ns
        yield f"itl_{percentile_key(one.share)}_bound_ns", one.bound_ns
    for name, estimate in found.ratios.items():
        key = f"{name.replace('-', '_')}_speedup"
        yield from ((key, tidy(estimate.point)), (f"{key}_low", tidy(estimate.interval.low)))
        yield f"{key}_high", tidy(estimate.interval.high)


def _quality(variant: VariantFindings, baseline: VariantFindings) -> Iterator[tuple[str, Cell]]:
    yield "gate", str(variant.gate)
    for metric in (accuracy_metric(variant), agreement_metric(variant)):
        if metric:
            key, interval = metric.metric.replace("-", "_"), metric.estimate.interval
            yield key, tidy(metric.estimate.point)
            yield f"{key}_low", tidy(interval.low)
            yield f"{key}_high", tidy(interval.high)
    accuracy = accuracy_metric(baseline)
    change = accuracy and quality_change(variant.record, baseline.record, accuracy.metric)
    if change and variant is not baseline:
        yield "accuracy_change", tidy(change.point)
        yield "accuracy_change_low", tidy(change.interval.low)
        yield "accuracy_change_high", tidy(change.interval.high)
