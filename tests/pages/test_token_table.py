"""The table of generated text says when tokens came, and where it cannot why; in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from generator.core.record import Record
from generator.pages.sentences import Sentences
from generator.pages.token_table import tokens
from generator.pages.views.workload import WorkloadView
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

MS = 1_000_000
FIRST_MS = {"pytorch-fp32": 200, "control": 200, "onnxruntime-fp32": 100, "onnxruntime-int8-static": 50}


def bandwidth(bytes_per_second: float) -> dict[str, Any]:
    """Ceilings of a machine whose memory gives so much."""
    ceiling = {
        "kind": "triad",
        "precision": None,
        "threads": 1,
        "runtime": "numpy 2.4.6",
        "kernel": None,
        "size": "256 MB",
        "working_set_bytes": 256_000_000,
        "per_second": [bytes_per_second],
    }
    return {"measured_at": imaginary.START.isoformat(), "found": [ceiling]}


def told(record: Mapping[str, Any] | None = None, **changes: Any) -> Record:
    """The imaginary record with a text of 31 tokens for each variant's query; half as long between them as before."""
    fields = imaginary.fields()
    for block in fields["blocks"]:
        for one in block["rounds"]:
            if first := FIRST_MS.get(one["variant"]):
                moments = [(first + first * place // 10) * MS for place in range(31)]
                whole = {"arrivals_ns": moments[:1] if one["variant"] == "onnxruntime-int8-static" else moments}
                own = {"tokens": [31]} if one["variant"] == "onnxruntime-int8-static" else changes
                one["answers"] = [{"query": 0, "prompt_tokens": 400, **whole, **own}]
    return imaginary.record(blocks=fields["blocks"], **(record or {}))


def rows(record: Record, language: Language = Language.EN) -> list[list[str]]:
    findings = analyse(imaginary.measurement(), record)
    words = phrases(language)
    view = WorkloadView(findings.workloads[0], findings, Sentences(words, record.scenario))
    table = str(tokens(view, words)).replace("\u00a0", " ").replace("&#91;", "[").replace("&#93;", "]")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]


def test_rows_are_times_rates_and_paired_ratios() -> None:
    """Of a baseline of 200 ms to the first token and 20 ms between tokens, and one twice as fast."""
    head, _, *body = rows(told())
    assert len(head) == 4  # a variant that told nothing has no column
    said = {row[0]: row[1:3] for row in body}
    assert said["Time to first token (TTFT)"] == ["200 ms", "100 ms"]
    assert said["Prompt read, tokens/s (prefill)"] == ["2,000", "4,000"]
    assert said["Time per output token (TPOT)"] == ["20.0 ms", "10.0 ms"]
    assert said["Answer written, tokens/s (decode)"] == ["50.0", "100"]
    assert said["Whole answer, to its last token"] == ["800 ms", "400 ms"]
    assert said["Between tokens (ITL), p90 (upper bound)"] == ["20.0 ms (20.0 ms)", "10.0 ms (10.0 ms)"]
    assert said["Between tokens (ITL), p99 (upper bound)"][0] == "20.0 ms (20.0 ms)"
    ratios = [row[1:3] for row in body if row[0].startswith("…")]
    assert len(ratios) == 5  # three times, two percentiles
    assert all(ratio == ["baseline", "2.00× [1.99, 2.01]"] for ratio in ratios)


def test_what_nothing_tells_has_its_reason() -> None:
    body = {row[0]: row for row in rows(told())}
    assert body["Time per output token (TPOT)"][3] == "not measured: the tokens came in one piece"
    assert body["Tokens in an answer"][1:] == ["31", "31", "31"]
    untold = {row[0]: row for row in rows(told(tokens=None, prompt_tokens=None))}
    assert untold["Prompt read, tokens/s (prefill)"][1].startswith("not measured: the server does not tell how many")
    assert untold["Tokens in an answer"][1].startswith("not measured")
    assert untold["Time to first token (TTFT)"][1] == "200 ms"


def test_writing_is_held_against_the_memory_where_the_file_tells_its_bytes() -> None:
    """100 tokens a second that need 80 MB each take 8 of 10 GB/s; of a file that does not tell, why."""
    variants = [imaginary.variant(name) for name in imaginary.LATENCIES]
    variants[1]["artifact"]["notes"] = {"bytes read a token": "80000000"}
    record = told({"variants": variants, "ceilings": bandwidth(1e10)})
    said = {row[0]: row[1:] for row in rows(record)}["Share of the memory’s bandwidth that writing uses"]
    assert said[1] == "80%"
    assert said[0] == "not measured: the model file does not tell how many bytes a token reads"
    without = {row[0] for row in rows(told({"variants": variants}))}
    assert "Share of the memory’s bandwidth that writing uses" not in without


@pytest.mark.parametrize("language", list(Language))
def test_it_stands_in_both_languages_and_only_where_there_is_text(language: Language) -> None:
    assert len(rows(told(), language)) == len(rows(told()))
    assert rows(imaginary.record(), language) == []
