"""The C library's allocator, told to keep the memory that a runtime gives back.

By default glibc hands large blocks back to the kernel as soon as they are free. A runtime without an arena of its own
takes and frees one for every layer of every query, and the kernel has to clear each page anew. In eager PyTorch 2.13
with EfficientNet-Lite0 that was 6,000 page faults and 19 of 53 ms of processor time a query (AMD EPYC), and most of
what made fresh processes differ from one another.
"""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h; see mallopt(3)."""

_LARGEST_MMAP_THRESHOLD = 32 * 2**20
"""The most that glibc takes on 64-bit systems."""

_NEVER = 2**31 - 1


def keep_freed_memory() -> str:
    """Let malloc keep what is freed, for the life of this process.

    Returns:
        What was done, for the record: "kept (glibc)", or that this system's allocator cannot be told.
    """
    if platform.libc_ver()[0] != "glibc":
        return "left to the system: its allocator is not glibc's"
    mallopt = ctypes.CDLL(None).mallopt
    done = mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD) and mallopt(_M_TRIM_THRESHOLD, _NEVER)
    return "kept (glibc)" if done else "left to the system: mallopt refused"
