"""Which processor cores may be used, which of them are one, and which a block takes."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Sequence
from pathlib import Path

from generator.core.quota import cpu_quota

CPUS = Path("/sys/devices/system/cpu")


def available_cores() -> tuple[int, ...]:
    """Logical processors that this process may use; empty where the system does not let a process choose."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def usable_threads(cores: Sequence[int], quota: float | None = None) -> int | None:
    """How many threads can run at once: as many as there are cores, and as a control group allows processor time for.

    Args:
        cores: those that may be used; empty: the system does not tell.
        quota: cores' worth of processor time; None: there is no limit.
    """
    known = [len(cores)] * bool(cores) + ([math.floor(quota)] if quota is not None else [])
    return min(known, default=None)


def threads_here() -> int | None:
    """`usable_threads` under this process's own limits; None where nothing limits them."""
    return usable_threads(available_cores(), cpu_quota())


def siblings(cores: Sequence[int], cpus: Path = CPUS) -> list[list[int]]:
    """Logical processors by the physical core that they share, in the order of the first of each.

    Args:
        cores: logical processors.
        cpus: where the system tells of them; one that it does not tell of counts as a core of its own.
    """
    groups = dict[str, list[int]]()
    for core in cores:
        told = None
        for name in ("core_cpus_list", "thread_siblings_list"):
            told = told or _read(cpus / f"cpu{core}/topology/{name}")
        groups.setdefault(told or f"alone {core}", []).append(core)
    return list(groups.values())


def one_of_each_first(cores: Sequence[int], cpus: Path = CPUS) -> tuple[int, ...]:
    """The same logical processors: one of each physical core, then the second of each, and so on."""
    groups = siblings(cores, cpus)
    return tuple(group[k] for k in range(max(map(len, groups), default=0)) for group in groups if k < len(group))


def drawn(cores: Sequence[int], threads: int, order: random.Random, cpus: Path = CPUS) -> list[int]:
    """Logical processors for so many threads, drawn at random: a physical core for each while there are such.

    Two threads on one physical core share its units and its caches, and two of eight that do so by chance would make
    one block unlike another. Only more threads than physical cores are put side by side.
    """
    groups = siblings(cores, cpus)
    chosen = order.sample(groups, min(threads, len(groups)))
    first = [group[0] if len(group) == 1 else order.choice(group) for group in chosen]
    rest = [core for core in cores if core not in first] if threads > len(first) else []
    return first + order.sample(rest, min(threads - len(first), len(rest)))


def core_groups(cores: Sequence[int], threads: int, most: int) -> list[Sequence[int]]:
    """Cores for processes of so many threads that run side by side, no core for two of them.

    Args:
        cores: those to share out; empty: nobody chooses, and one process runs.
        threads: of each process.
        most: how many processes at most.

    Returns:
        A group of cores for each process; where there are fewer cores than threads one, of all.
    """
    firsts = range(0, len(cores) - threads + 1, threads)
    return [cores[first : first + threads] for first in firsts][:most] or [cores]


def affinity(cores: Sequence[int], cpus: Path = CPUS) -> str:
    """How a run chooses cores, and which of those that it may use are one physical core; as a record says it."""
    shared = ["+".join(map(str, group)) for group in siblings(cores, cpus) if len(group) > 1]
    text = "all workers of a block on the same randomly drawn cores"
    return f"{text}, of each physical core one first; one core each: {', '.join(shared)}"[:1000] if shared else text


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
