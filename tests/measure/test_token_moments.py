"""Moments of tokens on their way from a worker's clock to a record's ratio, with a runtime that states them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.definition_file import load_measurement
from generator.core.record import Record, Tier
from generator.core.record_file import dump_record, load_record
from generator.measure.process import Job, WorkerProcess
from generator.measure.run import run_measurement
from generator.measure.scenario import round_command
from generator.results.estimate import Unknown
from generator.results.findings import VariantFindings, analyse
from generator.results.rows import result_rows

MS = 1_000_000

DEFINITION = """
schema_version = 1
suite = "core"
published = 2026-12-01
title = {ru = "Проба", en = "Trial"}
question = {ru = "Быстрее ли второй вариант?", en = "Is the second variant faster?"}

[[workloads]]
name = "texts"
kind = "synthetic"
title = {ru = "Тексты", en = "Texts"}
options = {samples = 20}

[[variants]]
name = "slow"
runtime = "fake"
precision = "fp32"
baseline = true
title = {ru = "Медленный", en = "Slow"}
options = {latency_ns = 980_000_000, first_token_ns = 200_000_000, tokens = 40}

[[variants]]
name = "fast"
runtime = "fake"
precision = "int8"
title = {ru = "Быстрый", en = "Fast"}
options = {latency_ns = 490_000_000, first_token_ns = 100_000_000, tokens = 40}

[[variants]]
name = "at-once"
runtime = "fake"
precision = "int8"
title = {ru = "Сразу", en = "At once"}
options = {latency_ns = 980_000_000, first_token_ns = 980_000_000, tokens = 40, tokens_at_once = 40}
"""


def _job(folder: Path, **options: Any) -> Job:
    np.savez(folder / "in.npz", **{f"{i:06d}/x": np.zeros((1, 4), np.float32) for i in range(3)})  # type: ignore[arg-type]
    return Job("v", "fake", folder, folder / "in.npz", folder / "in.npz", 1, options)


def _asked(job: Job) -> dict[str, Any]:
    with WorkerProcess(job, (), 60) as worker:
        worker.load(job.timed_inputs)
        return worker.ask("round", **round_command())


def test_a_worker_tells_each_token_from_the_moment_of_its_own_query(tmp_path: Path) -> None:
    """Uncounted queries before the round, and earlier queries in it, have moments of their own."""
    found = _asked(_job(tmp_path, latency_ns=10 * MS, first_token_ns=4 * MS, tokens=4))
    assert found["latencies_ns"] == [10 * MS] * 3
    assert [one["query"] for one in found["answers"]] == [0, 1, 2]
    for one in found["answers"]:
        assert one == {**one, "prompt_tokens": 4, "arrivals_ns": [4 * MS, 6 * MS, 8 * MS, 10 * MS]}
        assert "tokens" not in one  # one each


def test_tokens_that_came_together_are_one_arrival(tmp_path: Path) -> None:
    found = _asked(_job(tmp_path, latency_ns=30 * MS, first_token_ns=10 * MS, tokens=5, tokens_at_once=2))
    assert found["answers"] == [
        {"query": 0, "prompt_tokens": 4, "arrivals_ns": [10 * MS, 20 * MS, 30 * MS], "tokens": [2, 2, 1]}
    ]


def test_of_many_queries_the_kept_ones_tell_their_tokens(tmp_path: Path) -> None:
    """Latencies and answers are of the same queries."""
    stated = [MS // 10, MS // 5, MS // 20]
    found = _asked(_job(tmp_path, latency_ns=stated, first_token_ns=10, tokens=2))
    assert found["queries"] > len(found["latencies_ns"]) == len(found["answers"])
    assert [one["arrivals_ns"][-1] for one in found["answers"]] == found["latencies_ns"]


def test_a_runtime_that_generates_no_text_tells_nothing(tmp_path: Path) -> None:
    assert "answers" not in _asked(_job(tmp_path, latency_ns=10 * MS))


_MEASURED = list[tuple[Path, Record]]()
"""A record never changes, so it is measured once for all tests of a process."""


@pytest.fixture
def run(checkout: Callable[..., Path], run_context: Callable[..., Any]) -> tuple[Path, Record]:
    """A first look at stated times."""
    if not _MEASURED:
        root = checkout(trial=DEFINITION)
        record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
        _MEASURED.append((root, record))
    return _MEASURED[0]


def _found(run: tuple[Path, Record]) -> dict[str, VariantFindings]:
    root, record = run
    findings = analyse(load_measurement(root / "measurements/trial"), record)
    return {one.variant.name: one for one in findings.workloads[0].variants}


def test_a_record_keeps_every_moment_and_gives_it_back(run: tuple[Path, Record]) -> None:
    root, record = run
    stored = load_record(next((root / "measurements/trial/records").glob("*.json")))
    assert stored == record
    told = [one for block in stored.blocks for r in block.rounds if r.variant == "slow" for one in r.answers]
    assert {len(one.arrivals_ns) for one in told} == {40}
    # A list of numbers stands on one line of the file.
    assert max(len(line) for line in dump_record(record).splitlines()) > 40 * 9


def test_findings_are_what_the_options_state(run: tuple[Path, Record]) -> None:
    """TTFT 200 and 100 ms, TPOT 20 and 10 ms: twice as fast in all, whatever is compared."""
    found = _found(run)
    slow, fast = found["slow"].tokens, found["fast"].tokens
    assert slow is not None
    assert fast is not None
    assert (slow.first_token_ns.median, fast.first_token_ns.median) == (200 * MS, 100 * MS)
    assert slow.per_token_ns.median == pytest.approx(20 * MS)  # type: ignore[union-attr]
    assert slow.decode_per_second.median == pytest.approx(50)  # type: ignore[union-attr]
    assert fast.decode_per_second.median == pytest.approx(100)  # type: ignore[union-attr]
    assert slow.end_ns.median == 980 * MS
    assert slow.ratios == {}
    assert {name: round(one.point, 6) for name, one in fast.ratios.items()} == dict.fromkeys(
        ("ttft", "prefill", "tpot", "itl-p50", "itl-p90", "end"), 2.0
    )


def test_percentiles_between_tokens_are_those_that_the_count_permits(run: tuple[Path, Record]) -> None:
    """Three gaps of 39 tokens, and more: p90 needs 64 of them, p99 662."""
    slow = _found(run)["slow"].tokens
    assert slow is not None
    gaps = 39 * slow.answers
    assert [one.share for one in slow.gaps if one.share in (0.5, 0.9, 0.99)] == [0.5, 0.9] + [0.99] * (gaps >= 662)
    assert all(abs(one.value_ns - 20 * MS) <= 1 for one in slow.gaps)


def test_tokens_in_one_piece_have_a_reason_where_their_gaps_would_be(run: tuple[Path, Record]) -> None:
    found = _found(run)["at-once"].tokens
    assert found is not None
    assert found.per_token_ns == found.decode_per_second == Unknown("tokens-in-one-piece")
    assert found.gaps == ()
    assert set(found.ratios) == {"ttft", "prefill", "end"}


def test_downloads_have_the_times(run: tuple[Path, Record]) -> None:
    root, record = run
    rows = {
        str(row["variant"]): row for row in result_rows(analyse(load_measurement(root / "measurements/trial"), record))
    }
    assert rows["fast"]["first_token_ns"] == 100 * MS
    assert rows["fast"]["tpot_speedup"] == pytest.approx(2)
    assert "per_token_ns" not in rows["at-once"]


def test_records_from_before_have_no_times_of_tokens() -> None:
    """An old record of generated text is read as before, and nothing is invented for it."""
    folder = Path(__file__).parents[2] / "measurements/generation"
    record = load_record(sorted((folder / "records").glob("*.json"))[0])
    variants = analyse(load_measurement(folder), record).workloads[0].variants
    assert [one.tokens for one in variants] == [None] * len(variants)
    assert all(one.latency for one in variants)
