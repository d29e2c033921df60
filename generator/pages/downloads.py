"""What stands beside every page for those who want the numbers: CSV, JSON, the record itself, and how to cite it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from generator.draw.chart import UNITS, Cell, Chart, tidy
from generator.pages.charts.latency import percentile_key
from generator.pages.sentences import Sentences, accuracy_metric, agreement_metric
from generator.results.change import quality_change
from generator.results.findings import Findings, Spread, VariantFindings, WorkloadFindings
from generator.results.summary import Summary

LICENCE = "CC BY 4.0"
LICENCE_ADDRESS = "https://creativecommons.org/licenses/by/4.0/"

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


def chart_csv(chart: Chart) -> bytes:
    """A chart's numbers, a row a mark; columns are named alike in both languages."""
    return _csv([column.name for column in chart.table.columns], chart.table.rows)


def chart_json(chart: Chart, citation: str, records: Sequence[str]) -> bytes:
    """A chart's numbers with what they mean: units, description, licence, citation."""
    columns = [{"name": c.name, "title": c.title, "unit": c.unit or UNITS[c.kind]} for c in chart.table.columns]
    names = [column.name for column in chart.table.columns]
    return _json(
        {
            "title": chart.title,
            "description": chart.description,
            "note": chart.note,
            "columns": columns,
            "rows": [dict(zip(names, row, strict=True)) for row in chart.table.rows],
            "records": list(records),
            "licence": {"name": LICENCE, "address": LICENCE_ADDRESS},
            "citation": citation,
        }
    )


def results_csv(findings: Findings) -> bytes:
    """Every variant of a record, a row each: what the tables of its page show, unrounded."""
    rows = result_rows(findings)
    head = list(dict.fromkeys(name for row in rows for name in row))
    return _csv(head, [[row.get(name) for name in head] for row in rows])


def result_rows(findings: Findings) -> list[dict[str, Cell]]:
    """The same as rows; a row has the columns that its variant has numbers for."""
    return [_result(findings, workload, variant) for workload in findings.workloads for variant in workload.variants]


def records_csv(summaries: Sequence[Summary]) -> bytes:
    """Every record of a measurement, a row each, with its answer and the name of its file."""
    rows = [_answer(one) for one in summaries]
    return _csv(list(rows[0]), [list(row.values()) for row in rows])


def _answer(one: Summary) -> dict[str, Cell]:
    found = one.headline
    interval = found.speedup.interval if found else None
    return {
        "record": one.record_id,
        "finished_at": one.finished_at.isoformat(),
        "tier": str(one.tier),
        "machine": one.machine,
        "processor": one.processor,
        "accelerator": one.accelerator,
        "system_type": one.system_type,
        "variant": found.variant if found else None,
        "against": found.against if found else None,
        "speedup": tidy(found.speedup.point) if found else None,
        "speedup_low": tidy(interval.low) if interval else None,
        "speedup_high": tidy(interval.high) if interval else None,
        "verdict": str(found.verdict) if found else None,
        "gate": str(one.gate) if one.gate else None,
        "file": f"{one.record_id}.json",
    }


def citation(findings: Findings, sentences: Sentences) -> str:
    """How to cite a page."""
    return sentences.phrases.say(
        "page.citation",
        question=getattr(findings.measurement.question, sentences.language.value),
        record=findings.record.record_id,
        date=sentences.language.date(findings.record.finished_at.date()),
    )


def bibtex(findings: Findings, sentences: Sentences, address: str | None) -> bytes:
    """The citation for BibTeX and BibLaTeX, in UTF-8."""
    day = findings.record.finished_at.date()
    fields = {
        "title": "{" + _for_tex(getattr(findings.measurement.title, sentences.language.value)) + "}",
        "author": "{" + _for_tex(sentences.phrases.say("home.title")) + "}",
        "year": f"{day:%Y}",
        "month": f"{day:%m}",
        "note": _for_tex(f"Record {findings.record.record_id}, SHA-256 {findings.record.sha256}"),
        **({"url": address} if address else {}),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{findings.record.record_id},", *lines, "}", ""]).encode()


def csl_json(findings: Findings, sentences: Sentences, address: str | None) -> bytes:
    """The citation as CSL-JSON, which Zotero, pandoc and citeproc read."""
    day = findings.record.finished_at.date()
    item = {
        "id": findings.record.record_id,
        "type": "dataset",
        "title": getattr(findings.measurement.title, sentences.language.value),
        "author": [{"literal": sentences.phrases.say("home.title")}],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "language": sentences.language.value,
        "note": f"SHA-256 {findings.record.sha256}",
        **({"URL": address} if address else {}),
    }
    return (json.dumps([item], ensure_ascii=False, indent=1) + "\n").encode()


def _for_tex(text: str) -> str:
    """Text with TeX's own characters escaped."""
    named = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(named.get(one, f"\\{one}" if one in "{}&%$#_" else one) for one in text)


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


def _csv(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return target.getvalue().encode()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
