"""The program that `pyperf` measures for time_to_precision: one query of so many runs of the session."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyperf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """Measure as pyperf does by default: 20 processes of 3 values each."""

    def pass_on(command: list[str], arguments: argparse.Namespace) -> None:
        command.extend(("--times", str(arguments.times)))

    runner = pyperf.Runner(add_cmdline_args=pass_on)
    runner.argparser.add_argument("--times", type=int, default=10)
    arguments = runner.parse_args()
    if arguments.worker:
        from benchmarks.other_tools import query

        runner.bench_func("query", query(arguments.times))
    else:
        runner.bench_func("query", int)  # the driver only starts workers; it never calls this


if __name__ == "__main__":
    main()
