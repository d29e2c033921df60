"""What other tools measure in time_to_precision, each in a process of its own and in the way its manual shows."""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import job
from benchmarks.repeating import RepeatingSession
from generator.runtimes.session import Spec

MODEL = "50 us"
LOADGEN_MS = 1000


def query(times: int) -> Callable[[], Any]:
    """A call that answers one query."""
    made = job(MODEL, "other", times)
    session = RepeatingSession(Spec(str(made.artifact), 1, {"times": times}))
    with np.load(made.timed_inputs) as stored:
        feed = session.prepare({"x": stored["000000/x"]})
    return lambda: session.run(feed)


def timeit_until(goal: float, most: int) -> dict[str, Any]:
    """A naive loop: repeats of A, then as many of B, twice as many each time until the t-interval is narrow."""
    from scipy import stats

    programs = [timeit.Timer(query(times)) for times in (10, 11)]
    repeats, half, logs = 5, math.inf, list[list[float]]()
    while repeats <= most:
        logs = []
        for timer in programs:
            number, _ = timer.autorange()
            logs.append([math.log(seconds / number) for seconds in timer.repeat(repeats, number)])
        error = math.sqrt(sum(statistics.variance(one) / repeats for one in logs))
        half = float(stats.t.ppf(0.975, 2 * repeats - 2)) * error
        if half < goal:
            break
        repeats *= 2
    return {"estimate": statistics.fmean(logs[0]) - statistics.fmean(logs[1]), "half_width": half}


def loadgen(times: int) -> dict[str, Any]:
    """One SingleStream run of MLPerf's LoadGen; its p50 in nanoseconds."""
    import mlperf_loadgen as lg

    call = query(times)
    for _ in range(50):
        call()
    begin = time.perf_counter()
    for _ in range(20):
        call()
    expected_ns = (time.perf_counter() - begin) / 20 * 1e9

    def issue(samples: list[Any]) -> None:
        for sample in samples:
            call()
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0)])

    settings = lg.TestSettings()
    settings.scenario, settings.mode = lg.TestScenario.SingleStream, lg.TestMode.PerformanceOnly
    settings.min_duration_ms, settings.min_query_count = LOADGEN_MS, 64
    settings.single_stream_expected_latency_ns = round(expected_ns / 2)
    with tempfile.TemporaryDirectory() as folder:
        output, logs = lg.LogOutputSettings(), lg.LogSettings()
        output.outdir = folder
        logs.log_output, logs.enable_trace = output, False
        sut = lg.ConstructSUT(issue, lambda: None)
        library = lg.ConstructQSL(64, 64, lambda _: None, lambda _: None)
        lg.StartTestWithLogSettings(sut, library, settings, logs, "")
        lg.DestroyQSL(library)
        lg.DestroySUT(sut)
        for line in (Path(folder) / "mlperf_log_detail.txt").read_text("utf-8").splitlines():
            entry = json.loads(line[line.index("{") :])
            if entry["key"] == "result_50.00_percentile_latency_ns":
                return {"p50_ns": int(entry["value"])}
    raise SystemExit("LoadGen wrote no result")


def main() -> None:
    """Run one of them and print its answer as JSON."""
    tool, argument = sys.argv[1], float(sys.argv[2])
    answer = timeit_until(argument, 40) if tool == "timeit" else loadgen(int(argument))
    sys.stdout.write("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
