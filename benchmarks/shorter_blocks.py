"""What shorter blocks cost in precision: the committed records again, with only the first cycles of each block.

    python -m benchmarks.shorter_blocks             half a minute; nothing is measured
    python -m benchmarks.shorter_blocks --quick     three records; nothing is saved

The core suite measures a quarter as long in a block as any other run (`protocol.CORE_BLOCK_SHARE`), so that all of it
ends within ten minutes. Here every comparison of every record is estimated from the first part of each block's cycles,
over its first blocks, as many as the core suite takes: how much wider does the interval get, how far does the ratio
move, and does the A/A control's interval still hold 1?
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.models import ROOT
from benchmarks.report import save
from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.definition import CONTROL, Scenario
from generator.core.record import Block, Record, Tier

SHARES = (1.0, 0.5, protocol.CORE_BLOCK_SHARE)
BLOCKS = protocol.TIERS[Tier.STANDARD].least_blocks


@dataclass(frozen=True, slots=True)
class Shortened:
    """One comparison of one record, from a share of its cycles."""

    control: bool
    mean: float
    half_width: float


def first_part(block: Block, share: float, turn: int) -> Block:
    """The block as if it had ended after a share of its cycles, in whole turns."""
    cycles = 1 + max(one.cycle for one in block.rounds)
    kept = max(turn, round(cycles * share / turn) * turn)
    return block.model_copy(update={"rounds": tuple(one for one in block.rounds if one.cycle < kept)})


def comparisons(record: Record) -> Iterator[dict[float, Shortened]]:
    """Every comparison with a baseline, by the share of the cycles that it is estimated from."""
    statistic = protocol.STATISTICS[record.scenario]
    for workload in record.workloads:
        blocks = protocol.kept_blocks([one for one in record.blocks if one.workload == workload.name])[:BLOCKS]
        baseline = next((v.name for v in record.variants if v.workload == workload.name and v.baseline), "")
        if workload.timed_samples is None:  # its data were not to be had, and nothing was timed
            continue
        turn = protocol.turn_cycles(workload.timed_samples)
        for name in sorted({one.variant for block in blocks for one in block.rounds} - {baseline}):
            found = dict[float, Shortened]()
            for share in SHARES:
                shortened = [first_part(block, share, turn) for block in blocks]
                values = [block_times(block, turn).log_ratio(name, baseline, statistic) for block in shortened]
                if interval := protocol.log_interval([one for one in values if one is not None]):
                    found[share] = Shortened(name == CONTROL, interval.mean, interval.half_width)
            if len(found) == len(SHARES):
                yield found


def committed() -> Iterator[Record]:
    """Publishable records whose blocks are made of cycles."""
    for path in sorted((ROOT / "measurements").glob("*/records/*.json")):
        record = Record.model_validate_json(path.read_text("utf-8"))
        if record.publishable and not record.core_only and record.scenario is not Scenario.SERVER:
            yield record


def main() -> None:
    """Estimate, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three records; nothing is saved")
    quick = parser.parse_args().quick
    records = list(itertools.islice(committed(), 3)) if quick else list(committed())
    found = [one for record in records for one in comparisons(record)]
    table = Table("share of the cycles", "half-width", "of the whole's", "ratio moved by", "A/A held")
    rows = list[dict[str, float]]()
    for share in SHARES:
        wider = statistics.median(one[share].half_width / one[1.0].half_width for one in found)
        moved = statistics.median(abs(one[share].mean - one[1.0].mean) for one in found)
        width = statistics.median(one[share].half_width for one in found)
        controls = [one[share] for one in found if one[share].control]
        held = sum(abs(one.mean) <= one.half_width for one in controls)
        table.add_row(
            f"{share:.2f}", f"±{math.expm1(width):.2%}", f"{wider:.2f}", f"{moved:.2%}", f"{held} of {len(controls)}"
        )
        rows.append({"share": share, "half_width": width, "wider": wider, "moved": moved, "controls_held": held})
    console = Console()
    console.print(f"{len(found)} comparisons of {len(records)} records, {BLOCKS} blocks each; medians")
    console.print(table)
    if not quick:
        results = {"records": [one.record_id for one in records], "comparisons": len(found), "shares": rows}
        console.print(f"Saved {save('shorter_blocks', 'python -m benchmarks.shorter_blocks', results)}.")


if __name__ == "__main__":
    main()
