"""Which other programs take processor time or memory: what a person can close before measuring."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Mapping

BUSY_SHARE = 0.1
"""A program that takes this much of a core is named."""

COMMAND_LETTERS = 50
"""So much of its command line is shown: "python" alone may be anything."""


def process_times() -> dict[int, tuple[str, float]]:
    """Name and processor time of every process; empty without psutil."""
    if importlib.util.find_spec("psutil") is None:
        return {}
    import psutil

    found = dict[int, tuple[str, float]]()
    for process in psutil.process_iter(["pid", "name", "cmdline", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None:
            command = " ".join(process.info["cmdline"] or ())[:COMMAND_LETTERS]
            found[process.info["pid"]] = (command or process.info["name"], times.user + times.system)
    found[-1] = ("", time.monotonic())
    return found


def busiest(before: Mapping[int, tuple[str, float]]) -> str:
    """Programs other than ours that took most processor time since then: "python (1.3 cores)"."""
    now = process_times()
    if not before or not now:
        return ""
    seconds = now.pop(-1)[1] - before[-1][1]
    used = {
        pid: (name, (spent - before[pid][1]) / seconds)
        for pid, (name, spent) in now.items()
        if pid in before and pid != os.getpid()
    }
    top = sorted(((share, pid, name) for pid, (name, share) in used.items() if share > BUSY_SHARE), reverse=True)
    return ", ".join(f"{name} ({pid}: {share:.1f} cores)" for share, pid, name in top[:3])


def largest() -> str:
    """Programs that hold most memory: "python (1.3 GiB)"; needs psutil."""
    import psutil

    sizes = [
        (one.info["memory_info"].rss, one.info["name"])
        for one in psutil.process_iter(["name", "memory_info"])
        if one.info["memory_info"]
    ]
    return ", ".join(f"{name} ({size / 2**30:.1f} GiB)" for size, name in sorted(sizes, reverse=True)[:3])
