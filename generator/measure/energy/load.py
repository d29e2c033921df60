"""A load that a counter must follow to be trusted: programs that keep cores and the accelerator busy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

from generator.measure.energy.counters import Load
from generator.measure.needs import variables

BURNER_START_S = 60.0
"""A load that is not there after so long never comes."""


@contextlib.contextmanager
def burning(kinds: frozenset[Load], cores: Sequence[int]) -> Iterator[None]:
    """Keep the processor's cores and the first accelerator busy meanwhile, as far as the kinds ask for it.

    They are busy when the body begins, however long their programs took to start: an accelerator's takes seconds.
    """
    programs = list[tuple[str, ...]]()
    if "processor" in kinds:
        programs += [(_BUSY_CORE, *([str(core)] if core is not None else [])) for core in cores or (None,)]
    if "accelerator" in kinds:
        programs.append((_BUSY_ACCELERATOR,))
    # The card that is burned must be the one that workers will use.
    environment = {**os.environ, **variables({"device": "cuda"})}
    burners = list[subprocess.Popen[bytes]]()
    try:
        for program in programs:
            command = [sys.executable, "-c", *program]
            burners.append(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
            )
        for burner in burners:
            _await_first_line(burner)
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
            if burner.stdout:
                burner.stdout.close()


_BUSY_CORE = """
import os, sys
if len(sys.argv) > 1: os.sched_setaffinity(0, [int(sys.argv[1])])
print("busy", flush=True)
while True: pass
"""

# Where torch sees no accelerator it ends at once, and the counter is refused: it did not follow any load.
_BUSY_ACCELERATOR = """
import torch
a = torch.ones(4096, 4096, device="cuda")
(a @ a).sum().item()
print("busy", flush=True)
while True: (a @ a).sum().item()
"""


def _await_first_line(burner: subprocess.Popen[bytes]) -> None:
    """Return when a burner says that it is busy, has ended, or was ended for taking too long."""
    late = threading.Timer(BURNER_START_S, burner.kill)
    late.start()
    try:
        if burner.stdout:
            burner.stdout.readline()
    finally:
        late.cancel()
