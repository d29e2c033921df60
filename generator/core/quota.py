"""How much processor time control groups allow this process: the smallest limit on the way to the root, v1 and v2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Cores' worth of processor time that control groups allow; None when none limits it.

    Args:
        root: where /proc and the mounted control groups are looked for.
    """
    limits = [limit for folder in _folders(root) for limit in (_v2(folder), _v1(folder)) if limit is not None]
    return min(limits, default=None)


def _folders(root: Path) -> Iterator[Path]:
    """Folders of this process's groups and of all above them, as far as they can be seen."""
    mounts = list(_mounts(root))
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        for kind, within, at in mounts:
            if kind != ("cpu" if "cpu" in controllers.split(",") else "" if not controllers else None):
                continue
            # A container may see its own group as the mount's root, under the path that it has on the host.
            own = PurePosixPath(group)
            inner = own.relative_to(within) if own.is_relative_to(within) else PurePosixPath(group.lstrip("/"))
            for part in (inner, *inner.parents):
                if ".." not in part.parts:
                    yield root / at.lstrip("/") / part
    for usual in ("sys/fs/cgroup", "sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"):
        yield root / usual


def _mounts(root: Path) -> Iterator[tuple[str, str, str]]:
    """Each mounted hierarchy that limits processor time: "" of v2 or "cpu" of v1, its root, and where it is mounted."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or not kind:
            continue
        if kind[0] == "cgroup2":
            yield "", fields[3], fields[4]
        elif kind[0] == "cgroup" and "cpu" in kind[-1].split(","):
            yield "cpu", fields[3], fields[4]


def _v2(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split()
    return _cores(words[0], words[1] if len(words) > 1 else "100000") if words else None


def _v1(folder: Path) -> float | None:
    quota = _text(folder / "cpu.cfs_quota_us").strip()
    return _cores(quota, _text(folder / "cpu.cfs_period_us").strip() or "100000") if quota else None


def _cores(quota: str, period: str) -> float | None:
    """Cores of a quota in microseconds a period; "max" and -1 are no limit."""
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return cores if cores > 0 else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
