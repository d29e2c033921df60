"""Freed memory that is kept is not fetched from the kernel again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
import numpy as np
from generator.runtimes.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory() == "kept (glibc)"
def take():
    for _ in range(50):
        np.empty(2**20, np.float32).fill(1)  # 4 MiB, 1,024 pages
take()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
take()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(how: str) -> int:
    # A threshold in the environment stops glibc from raising it by itself, so that "return" means it.
    environment = {"PYTHONPATH": ":".join(sys.path), "MALLOC_MMAP_THRESHOLD_": "131072", "NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, how], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of this system is not glibc's")
@pytest.mark.slow
def test_kept_memory_is_not_cleared_again() -> None:
    """50 arrays of 1,024 pages: returned, each is cleared anew; kept, hardly one is."""
    assert _page_faults("return") > 10_000
    assert _page_faults("keep") < 1_000
