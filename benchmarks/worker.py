"""The measuring worker, with the benchmarks' own runtime beside its others; nothing else about it differs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from generator import runtimes

runtimes.RUNTIMES = MappingProxyType({**runtimes.RUNTIMES, "repeating": "benchmarks.repeating"})

from generator.measure import process, worker  # noqa: E402 - they take the registry as they find it


def use() -> None:
    """Let the driver of this process start this worker instead of the plain one."""
    process.WORKER = Path(__file__)


if __name__ == "__main__":
    worker.main()
