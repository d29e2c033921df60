"""LoadGen, MLPerf's own driver, as the oracle: from the same latencies our code says the same."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from generator.core import protocol
from generator.measure.worker import Worker
from generator.results import percentile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

RATE = 1000.0

DRIVER = """
import random, sys, time
import mlperf_loadgen as lg

scenario, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
chance = random.Random(1)

def issue(samples):
    for sample in samples:
        end = time.perf_counter_ns() + int(50_000 * (1 + chance.expovariate(1)))
        while time.perf_counter_ns() < end:
            pass
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0)])

settings = lg.TestSettings()
settings.scenario = getattr(lg.TestScenario, scenario)
settings.mode = lg.TestMode.PerformanceOnly
settings.min_duration_ms = 0
settings.min_query_count = settings.max_query_count = count
settings.single_stream_expected_latency_ns = 50_000
settings.server_target_qps = 1000
settings.server_target_latency_ns = 10**9
output, logs = lg.LogOutputSettings(), lg.LogSettings()
output.outdir = folder
logs.log_output, logs.enable_trace = output, True
sut = lg.ConstructSUT(issue, lambda: None)
library = lg.ConstructQSL(64, 64, lambda _: None, lambda _: None)
lg.StartTestWithLogSettings(sut, library, settings, logs, "")
"""
"""Runs in a process of its own: LoadGen aborts the process when something goes wrong in it."""


@dataclass(frozen=True)
class LoadGenRun:
    """What LoadGen wrote of one run."""

    said: dict[str, Any]
    """Its detail log: the first value of each key."""

    latencies_ns: list[int]
    """Its trace: each query's latency, from the scheduled time, in the order issued."""

    scheduled_us: list[float]
    """Its trace: when each query was due."""


def _run(scenario: str, count: int, folder: Path) -> LoadGenRun:
    pytest.importorskip("mlperf_loadgen")
    subprocess.run([sys.executable, "-c", DRIVER, scenario, str(count), str(folder)], check=True, timeout=60)
    said = dict[str, Any]()
    for line in (folder / "mlperf_log_detail.txt").read_text("utf-8").splitlines():
        entry = json.loads(line[line.index("{") :])
        said.setdefault(entry["key"], entry["value"])
    trace = (folder / "mlperf_log_trace.json").read_text("utf-8")
    begun = re.findall(r'"name":"Sample".*"ph":"b".*"ts":([\d.]+).*"complete_ns":(\d+)', trace)
    return LoadGenRun(said, [int(ns) for _, ns in begun], [float(ts) for ts, _ in begun])


@pytest.mark.parametrize("count", [64, 300, 700, 2000])
def test_percentiles_and_early_stopping_bounds_are_loadgens(count: int, tmp_path: Path) -> None:
    """To the nanosecond: every percentile that LoadGen prints, and its early-stopping estimates of p90 and p99."""
    run = _run("SingleStream", count, tmp_path)
    assert len(run.latencies_ns) == run.said["result_query_count"] == count
    for share in protocol.PERCENTILES:
        key = f"result_{share * 100:.2f}_percentile_latency_ns"
        assert percentile.plain(run.latencies_ns, share) == run.said[key], key
    assert protocol.percentile_bound_ns(run.latencies_ns, 0.9) == run.said["early_stopping_latency_ss"]
    p99 = protocol.percentile_bound_ns(run.latencies_ns, 0.99)
    assert (p99 or 0) == run.said["early_stopping_latency_ms"]
    assert (p99 is None) is (count < 662)


@pytest.mark.parametrize("count", [100, 500, 2000])
def test_early_stopping_discards_as_many_as_loadgen(count: int, tmp_path: Path) -> None:
    """LoadGen says how many of the highest latencies it discards; the bound is the highest that is left."""
    run = _run("SingleStream", count, tmp_path)
    said = re.search(r"Would discard (\d+) highest", run.said["early_stopping_result"])
    assert said is not None
    assert protocol.early_stopping_discard(count, 0.9) - 1 == int(said[1])


def test_too_few_queries_are_refused_by_both(tmp_path: Path) -> None:
    """63 queries permit no p90: LoadGen's estimate is 0, ours is None."""
    run = _run("SingleStream", 63, tmp_path)
    assert run.said["early_stopping_latency_ss"] == 0
    assert protocol.percentile_bound_ns(run.latencies_ns, 0.9) is None


class _Noting:
    """A session that answers at once and notes when each query was due."""

    def __init__(self) -> None:
        self.due_ns: list[int] = []

    def clock_ns(self) -> int:
        return self.due_ns[-1] if self.due_ns else 0

    def cpu_clock_ns(self) -> int:
        return 0

    def wait_until_ns(self, moment_ns: int) -> None:
        self.due_ns.append(moment_ns)

    def run(self, query: Any) -> None:
        """No time passes."""


def _our_gaps(queries: int) -> list[float]:
    worker = Worker.__new__(Worker)
    session = _Noting()
    worker._session, worker._queries = session, [None]  # type: ignore[assignment]
    worker.serve({"rate": RATE, "queries": queries, "seed": 20261123})
    return _gaps([ns / 1e3 for ns in session.due_ns])


def _gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def test_arrivals_are_distributed_as_loadgens(tmp_path: Path) -> None:
    """Server: gaps of mean 1 / rate and coefficient of variation 1, both exponential, and one as the other."""
    theirs = _gaps(_run("Server", 2000, tmp_path).scheduled_us)
    ours = _our_gaps(2000)
    for gaps in (theirs, ours):
        assert statistics.fmean(gaps) == pytest.approx(1e6 / RATE, rel=0.07)
        assert statistics.stdev(gaps) / statistics.fmean(gaps) == pytest.approx(1, abs=0.07)
        assert stats.kstest(gaps, stats.expon(scale=1e6 / RATE).cdf).pvalue > 0.01
    assert stats.ks_2samp(ours, theirs).pvalue > 0.01


def test_server_latency_counts_from_the_scheduled_time_in_both(tmp_path: Path) -> None:
    """LoadGen's percentiles of a Server run are those of its trace's latencies since the query was due."""
    run = _run("Server", 700, tmp_path)
    assert percentile.plain(run.latencies_ns, 0.99) == run.said["result_99.00_percentile_latency_ns"]
    assert min(run.latencies_ns) >= 50_000
