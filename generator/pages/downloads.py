"""What stands beside every page for those who want the numbers: CSV, JSON, the record itself, and how to cite it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from generator.core.cell import Cell, tidy
from generator.draw.chart import UNITS, Chart
from generator.pages.sentences import Sentences
from generator.results.findings import (
    Findings,
)
from generator.results.rows import result_rows
from generator.results.summary import Summary

LICENCE = "CC BY 4.0"
LICENCE_ADDRESS = "https://creativecommons.org/licenses/by/4.0/"


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
