"""The measuring process: holds one variant, answers its driver's commands, and does nothing else.

Run by path, in whatever interpreter the variant names, so it imports the standard library, NumPy and the one runtime.
It reads one JSON object a line from standard input and answers with one a line on a private copy of standard output;
whatever libraries print goes to standard error.

    {"do": "load", ...}                  -> version, details, load_ns, first_call_ns, memory before loading
    {"do": "warm_up"}                    -> warm_up_ns, warm_up_queries, process_cpu_ns
    {"do": "round", "round_ns": n, ...}  -> latencies_ns, queries, wall_ns, cpu_ns, involuntary_switches, process_cpu_ns
    {"do": "batch", "samples": n}        -> samples_per_query
    {"do": "serve", "rate": r, ...}      -> as round, latencies counted from the scheduled time
    {"do": "audit", "pairs": n, ...}     -> repeated_ns, varied_ns; the timed answers lie in the file named
    {"do": "answer", "first": i, ...}    -> answered; the outputs lie in the file named
    {"do": "operators"}                  -> operators
    {"do": "stop"}                       -> peak_rss_bytes, pss_bytes, device_peak_bytes
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import queue
import random
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from generator.runtimes.session import Arrays, Session, Spec

Answer = dict[str, Any]


class Worker:
    """One loaded variant and its queries."""

    def __init__(self, command: dict[str, Any]) -> None:
        runtime = importlib.import_module(command["module"])
        reading_ns = time.monotonic_ns()
        self._rss_before_load_bytes, self._pss_before_load_bytes = _resident_bytes(), _proportional_bytes()
        reading_ns = time.monotonic_ns() - reading_ns
        spec = Spec(command["artifact"], command["threads"], command["options"], command.get("optimized_path"))
        self._session: Session = runtime.load(spec)
        self._samples = _read_samples(command["inputs"])
        self._queries = [self._session.prepare(sample) for sample in self._samples]
        self._issued = self._last_ns = 0
        loaded_ns = time.monotonic_ns()
        first_call_ns = self._query()
        gc.collect()
        gc.freeze()
        gc.disable()
        self.loaded: Answer = {
            "version": self._session.version,
            "details": dict(self._session.details()),
            "load_ns": loaded_ns - command["spawned_ns"] - reading_ns,
            "first_call_ns": first_call_ns,
            "rss_before_load_bytes": self._rss_before_load_bytes,
            "pss_before_load_bytes": self._pss_before_load_bytes,
            "samples": len(self._samples),
        }

    def warm_up(self, command: dict[str, Any]) -> Answer:
        """Answer queries in windows until the best of the last three is hardly better than the best before.

        A long query is a window by itself.
        """
        clock = self._session.clock_ns
        begin, queries, medians = clock(), 0, list[float]()
        while True:
            window, end, long = list[int](), clock() + command["window_ns"], False
            while not long and (len(window) < command["window_queries"] or clock() < end):
                window.append(self._query())
                long = window[-1] >= command["window_ns"]
            queries += len(window)
            medians.append(statistics.median(window))
            spent = clock() - begin
            enough = (long or queries >= command["least_queries"]) and spent >= command["least_ns"]
            if spent >= command["most_ns"] or (enough and is_warm(medians, command["gain"])):
                return {"warm_up_ns": spent, "warm_up_queries": queries, "process_cpu_ns": time.process_time_ns()}

    def round(self, command: dict[str, Any]) -> Answer:
        """Refill the caches, then answer queries back to back for the time asked, at least one.

        A round that names its first sample counts from that one on, so that all variants of a cycle answer the same.
        """
        clock, query = self._session.clock_ns, self._query
        begin, uncounted = clock(), 0
        while uncounted < command["uncounted_queries"] or clock() - begin < command["uncounted_ns"]:
            if self._last_ns >= command.get("refilling_ns", math.inf):
                break
            query()
            uncounted += 1
            if clock() - begin >= command["round_ns"]:  # a query this long has refilled the caches by itself
                break
        self._issued = command.get("first_sample", self._issued)
        latencies = list[int]()
        keep = latencies.append
        switches, cpu, begin = _involuntary_switches(), self._session.cpu_clock_ns(), clock()
        end = begin + command["round_ns"]
        while True:
            keep(query())
            if clock() >= end:
                break
        wall_ns = clock() - begin
        after = _involuntary_switches()
        return {
            **thinned(latencies, command.get("most_kept"), len(self._queries)),
            "wall_ns": wall_ns,
            "cpu_ns": self._session.cpu_clock_ns() - cpu,
            "involuntary_switches": None if after is None or switches is None else after - switches,
            "process_cpu_ns": time.process_time_ns(),
        }

    def batch(self, command: dict[str, Any]) -> Answer:
        """Let each query carry so many samples from now on; samples follow one another in their order."""
        count, samples = command["samples"], self._samples
        groups = [
            [samples[(first + i) % len(samples)] for i in range(count)] for first in range(0, len(samples), count)
        ]
        self._queries = [self._session.prepare(_joined(group)) for group in groups]
        self._issued = 0
        return {"samples_per_query": count}

    def serve(self, command: dict[str, Any]) -> Answer:
        """Answer queries that arrive by a seeded Poisson process, first come, first served.

        A query that arrives while another one is answered waits; its latency counts from its arrival. One worker
        answers one query at a time, so the queue needs no thread of its own.
        """
        session, queries, chance = self._session, self._queries, random.Random(command["seed"])
        latencies = list[int]()
        cpu, begin = session.cpu_clock_ns(), session.clock_ns()
        due = float(begin)
        for index in range(command["queries"]):
            due += chance.expovariate(command["rate"]) * 1e9
            session.wait_until_ns(int(due))
            session.run(queries[index % len(queries)])
            latencies.append(session.clock_ns() - int(due))
        return {
            "latencies_ns": latencies,
            "wall_ns": session.clock_ns() - begin,
            "cpu_ns": session.cpu_clock_ns() - cpu,
            "involuntary_switches": None,
            "process_cpu_ns": time.process_time_ns(),
        }

    def audit(self, command: dict[str, Any]) -> Answer:
        """Time one sample, repeated and among all others in turn, and keep the answers of the timed queries.

        The same sample both times: samples may differ in length, and a short one repeated is no sign of a cache.
        """
        repeated, varied, kept = list[int](), list[int](), dict[int, Any]()
        begin, long_ns = self._session.clock_ns(), command["long_ns"]
        for pair in range(command["pairs"]):
            if pair >= command["least_pairs"] and self._session.clock_ns() - begin >= long_ns:
                break
            for medians, indices in ((repeated, [0]), (varied, range(len(self._queries)))):
                latencies, asked, end = list[int](), 0, self._session.clock_ns() + command["round_ns"]
                while asked < len(indices) or self._session.clock_ns() < end:
                    index = indices[asked % len(indices)]
                    asked_ns = self._session.clock_ns()
                    answer = self._session.run(self._queries[index])
                    if index == 0:
                        latencies.append(self._session.clock_ns() - asked_ns)
                    kept[index] = answer
                    asked += 1
                medians.append(max(1, round(statistics.median(latencies))))
        outputs: dict[str, Any] = {
            f"{index:06d}/{name}": np.array(array)
            for index, answer in kept.items()
            for name, array in self._session.to_arrays(answer).items()
        }
        np.savez(command["into"], **outputs)
        return {"repeated_ns": repeated, "varied_ns": varied}

    def answer(self, command: dict[str, Any]) -> Answer:
        """Answer some samples in their order, through the same `run` that is timed, and keep the outputs."""
        session, outputs = self._session, dict[str, Any]()
        for index in range(command["first"], min(command["first"] + command["count"], len(self._queries))):
            arrays = session.to_arrays(session.run(self._queries[index]))
            outputs.update({f"{index:06d}/{name}": np.array(array) for name, array in arrays.items()})
        np.savez(command["into"], **outputs)
        return {"answered": len({key.split("/")[0] for key in outputs})}

    def operators(self, command: dict[str, Any]) -> Answer:
        """Count the operators of the graph that is really run, where the runtime tells."""
        return {"operators": dict(self._session.operators())}

    def stop(self, command: dict[str, Any]) -> Answer:
        """Report what memory was taken: the high-water mark, and what is held now."""
        return {
            "peak_rss_bytes": _peak_resident_bytes(),
            "pss_bytes": _proportional_bytes(),
            "device_peak_bytes": self._session.device_peak_bytes(),
        }

    def _query(self) -> int:
        session = self._session
        query = self._queries[self._issued % len(self._queries)]
        self._issued += 1
        begin = session.clock_ns()
        session.run(query)
        self._last_ns = session.clock_ns() - begin
        return self._last_ns


def is_warm(medians: list[float], gain: float) -> bool:
    """Whether the last three windows brought less than `gain` over the best window before them."""
    return len(medians) > 3 and min(medians[-3:]) > (1 - gain) * min(medians[:-3])


def thinned(latencies_ns: list[int], most: int | None, samples: int) -> Answer:
    """Latencies of at most `most` queries, evenly spaced, and how many queries there were when some are left out.

    The step has no divisor in common with the number of samples, which queries take in turn: or else always the same
    samples would be kept.
    """
    step = -(-len(latencies_ns) // most) if most else 1
    if step == 1:
        return {"latencies_ns": latencies_ns, "queries": None}
    while math.gcd(step, samples) > 1:
        step += 1
    return {"latencies_ns": latencies_ns[::step], "queries": len(latencies_ns)}


def _joined(samples: list[Arrays]) -> Arrays:
    """Samples side by side along the batch axis.

    Raises:
        ValueError: when their shapes differ.
    """
    return {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}


def _read_samples(path: str) -> list[Arrays]:
    samples: dict[str, dict[str, Any]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            index, _, name = key.partition("/")
            samples.setdefault(index, {})[name] = stored[key]
    return [samples[index] for index in sorted(samples)]


def _resident_bytes() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _proportional_bytes() -> int | None:
    """Memory in which a page that k processes share counts a k-th."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError, StopIteration):
        return None


def _peak_resident_bytes() -> int | None:
    """High-water mark of resident memory.

    Linux's own figure comes first: `ru_maxrss` begins with the peak of the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, ValueError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _involuntary_switches() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _pin(cores: list[int]) -> None:
    # Before the runtime is loaded: its thread pools count the cores that they find, and threads inherit the mask.
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def serve(read: Callable[[], str], write: Callable[[Answer], None]) -> None:
    """Answer commands until the driver goes away or says stop."""
    worker: Worker | None = None
    while line := read():
        command = json.loads(line)
        try:
            if command["do"] == "load":
                try:
                    _pin(command["cores"])
                except OSError as error:
                    write({"error": f"{type(error).__name__}: {error}", "refused_cores": command["cores"]})
                    return
                worker = Worker(command)
                write(worker.loaded)
            else:
                write(getattr(worker, command["do"])(command))
        except Exception as error:
            traceback.print_exc()
            write({"error": f"{type(error).__name__}: {error}"})
            return
        if command["do"] == "stop":
            return


def main() -> None:
    """Take the protocol's stream for ourselves, so that nothing a library prints can get into it."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def write(answer: Answer) -> None:
        protocol.write(json.dumps(answer) + "\n")
        protocol.flush()

    serve(_commands(), write)
    # The thread that reads sleeps inside the standard input, and Python's own end would wait for its lock and abort.
    sys.stderr.flush()
    os._exit(0)


def _commands() -> Callable[[], str]:
    """Commands as they come. When the driver has gone, whatever ended it, this process ends in the midst of its work.

    Only a thread that waits for the next line can see that: it sleeps while queries are timed.
    """
    lines = queue.SimpleQueue[str]()

    def read() -> None:
        while line := sys.stdin.readline():
            lines.put(line)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return lines.get


if __name__ == "__main__":
    main()
