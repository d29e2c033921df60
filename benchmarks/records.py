"""How thousands of records are read, analysed and published: seconds, memory, and how both grow.

    python -m benchmarks.records             100, 1,000 and 10,000 records; a quarter of an hour
    python -m benchmarks.records --quick     100 and 400 records of two measurements; nothing is saved

The records are synthetic and small: ten measurements, each with one record of each of many machines. Every step runs in
a process of its own, whose processor time and peak memory the system tells.

Collect: every record is read, verified, analysed and reduced to its summary. Cold: nothing is remembered. Warm: the
summaries are in the cache, and nothing has changed. Stage: collect warm, and write every page of both languages into
build/docs, cold into an empty folder, warm over the same. Two things are left out, for `benchmarks.site` measures them:
charts are drawn before, and no HTML is made of the pages. Neither grows with records: a measurement has at most
`MOST_SYSTEMS` pages, and what MkDocs does with the others' JSON is to copy it.

Bounds: memory of collecting and staging as stated below, whatever the number of records up to ten thousand; processor
time grows no faster than records to the power 1.1. The command fails when one is broken.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import operator
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report import save
from benchmarks.site import MODEL, REPOSITORY, Cost, timed
from generator.core.definition import Measurement
from generator.core.definition_file import load_suite
from generator.core.record_file import dump_record, sealed
from generator.pages.edition import pages
from generator.results.collection import Collection
from generator.results.store import collect
from generator.site.staging import LANGUAGES, stage

SIZES = (100, 1000, 10_000)
QUICK_SIZES = (100, 400)
MEASUREMENTS, QUICK_MEASUREMENTS = 10, 2
COLLECT_BYTES, STAGE_BYTES = 500_000_000, 600_000_000
"""Most memory of a process that collects, and of one that stages; the packages alone take 200 MB."""

EXPONENT = 1.1
BLOCKS, CYCLES, LATENCIES, SAMPLES = 6, 2, 4, 40
"""Of a synthetic record: blocks (the fewest of a standard run), cycles of each, latencies of a round, samples."""

_LINKED = ("articles", "constraints.txt", "docs", "evidence")


@dataclass(frozen=True, slots=True)
class Costs:
    """What one number of records takes."""

    records: int
    json_bytes: int
    pages: int
    """Markdown pages in both languages."""

    collect_cold: Cost
    collect_warm: Cost
    stage_cold: Cost
    stage_warm: Cost

    @property
    def collect_bytes(self) -> int:
        """Most memory of a process that collected."""
        return max(self.collect_cold.peak_bytes, self.collect_warm.peak_bytes)

    @property
    def stage_bytes(self) -> int:
        """Most memory of a process that staged."""
        return max(self.stage_cold.peak_bytes, self.stage_warm.peak_bytes)


def small_record(measurement: str, machine: int) -> dict[str, Any]:
    """Fields of a record of one machine: a real one's, cut short, with each variant a little faster or slower."""
    model = min((REPOSITORY / "measurements" / MODEL / "records").glob("*.json"))
    fields = json.loads(model.read_text("utf-8"))
    del fields["sha256"]
    started = datetime.fromisoformat(fields["started_at"]) + timedelta(minutes=machine)
    blocks = [_short(block, machine, started) for block in fields["blocks"][:BLOCKS]]
    for variant in fields["variants"]:
        for one in variant["quality"]:
            one["values"] = one["values"][:SAMPLES]
    name = f"Synthetic {machine}"
    return {
        **fields,
        "measurement": measurement,
        "record_id": f"{measurement}-{started:%Y%m%dt%H%M%Sz}-{machine:012x}",
        "started_at": started.isoformat(),
        "finished_at": (started + timedelta(minutes=1)).isoformat(),
        "system": {**fields["system"], "host_processor_model_name": name},
        "blocks": blocks,
    }


def _short(block: Mapping[str, Any], machine: int, started: datetime) -> dict[str, Any]:
    variants = sorted({one["variant"] for one in block["rounds"]})
    rounds = [_slowed(one, machine, variants) for one in block["rounds"] if one["cycle"] < CYCLES]
    return {**block, "started_at": started.isoformat(), "rounds": rounds}


def _slowed(one: Mapping[str, Any], machine: int, variants: Sequence[str]) -> dict[str, Any]:
    # Two kinds of machines, so that no chart is new but in the first of them.
    factor = 1 + 0.05 * math.sin(machine % 2 + 2 * variants.index(one["variant"]))
    latencies = [round(factor * ns) for ns in one["latencies_ns"][:LATENCIES]]
    kept = {key: value for key, value in one.items() if key != "queries"}
    return {**kept, "latencies_ns": latencies, "wall_ns": sum(latencies)}


def checkout(root: Path, count: int, measurements: int = MEASUREMENTS) -> None:
    """Make a checkout with so many synthetic measurements, and so many records in all."""
    for name in _LINKED:
        (root / name).symlink_to(REPOSITORY / name)
    model = REPOSITORY / "measurements" / MODEL
    for number in range(measurements):
        name = f"synthetic-{number:04d}"
        folder = root / "measurements" / name
        (folder / "records").mkdir(parents=True)
        for path in model.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        for machine in range(count // measurements):
            record = sealed(small_record(name, machine))
            (folder / "records" / f"{record.record_id}.json").write_text(dump_record(record), "utf-8")


def collected(root: Path) -> tuple[tuple[Measurement, ...], Collection]:
    """Read what the checkout holds; the step that is timed."""
    suite = load_suite(root / "measurements")
    return suite, collect(root / "measurements", suite, cache=root / ".cache")


def staged(root: Path) -> None:
    """Write every page and chart; the step that is timed."""
    suite, collection = collected(root)
    stage(pages(collection, suite, root / ".cache", root / "measurements"), root)


STEPS: Mapping[str, Callable[[Path], object]] = {"collect": collected, "stage": staged}


def costs(count: int, measurements: int, charts: Path) -> Costs:
    """Take every step with so many records; charts are drawn into a folder that the sizes share."""
    with tempfile.TemporaryDirectory(prefix="benchmark-records-") as folder:
        root = Path(folder)
        checkout(root, count, measurements)
        (root / ".cache").mkdir()
        (root / ".cache" / "charts").symlink_to(charts)
        collect_cold, collect_warm, _ = (_step(name, root) for name in ("collect", "collect", "stage"))
        shutil.rmtree(root / "build")
        stage_cold, stage_warm = (_step("stage", root) for _ in range(2))
        made = sum(1 for language in LANGUAGES for _ in (root / "build" / "docs" / language).rglob("*.md"))
        size = sum(path.stat().st_size for path in root.glob("measurements/*/records/*.json"))
        return Costs(count, size, made, collect_cold, collect_warm, stage_cold, stage_warm)


def _step(name: str, root: Path) -> Cost:
    return timed([sys.executable, "-m", "benchmarks.records", "--step", name, "--root", str(root)], REPOSITORY)


def exponent(found: Sequence[Costs], step: Callable[[Costs], Cost]) -> float:
    """Steepest growth of a step's processor time between two sizes; 0 with one size."""
    slopes = [
        math.log(step(after).cpu_s / step(before).cpu_s) / math.log(after.records / before.records)
        for before, after in itertools.pairwise(found)
    ]
    return max(slopes, default=0.0)


def growth(found: Sequence[Costs]) -> Mapping[str, float]:
    """Exponent of each step."""
    steps = ("collect_cold", "collect_warm", "stage_cold", "stage_warm")
    return {name: exponent(found, operator.attrgetter(name)) for name in steps}


def broken(found: Sequence[Costs]) -> list[str]:
    """Which bounds do not hold, in words."""
    faults = [
        f"{one.records} records: {step} took {taken / 1e6:.0f} MB, more than {most / 1e6:.0f} MB"
        for one in found
        for step, taken, most in (
            ("collecting", one.collect_bytes, COLLECT_BYTES),
            ("staging", one.stage_bytes, STAGE_BYTES),
        )
        if taken > most
    ]
    return faults + [
        f"{name} grows with records to the power {power:.2f}, more than {EXPONENT}"
        for name, power in growth(found).items()
        if power > EXPONENT
    ]


def table(found: Sequence[Costs]) -> Table:
    """The results, a row a size: seconds of the clock, and the most memory of a process."""
    made = Table("records", "pages", "collect cold", "warm", "cold / warm", "memory", "stage cold", "warm", "memory")
    for one in found:
        made.add_row(
            f"{one.records:,}",
            str(one.pages),
            f"{one.collect_cold.wall_s:.1f} s",
            f"{one.collect_warm.wall_s:.1f} s",
            f"{one.collect_cold.cpu_s / one.collect_warm.cpu_s:.1f}",
            f"{one.collect_bytes / 1e6:.0f} MB",
            f"{one.stage_cold.wall_s:.1f} s",
            f"{one.stage_warm.wall_s:.1f} s",
            f"{one.stage_bytes / 1e6:.0f} MB",
        )
    return made


def results(found: Sequence[Costs]) -> Mapping[str, Any]:
    """What is saved."""
    bounds = {"collect_bytes": COLLECT_BYTES, "stage_bytes": STAGE_BYTES, "exponent": EXPONENT}
    return {"bounds": bounds, "exponents": growth(found), "broken": broken(found), "sizes": [*map(asdict, found)]}


def main() -> None:
    """Run the benchmark, or one step of it in this process."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="few records; nothing is saved")
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many records")
    arguments.add_argument("--measurements", type=int, default=MEASUREMENTS, help="of how many measurements")
    arguments.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.step:
        STEPS[chosen.step](chosen.root)
        return
    console, found = Console(), list[Costs]()
    sizes, measurements = (
        (QUICK_SIZES, QUICK_MEASUREMENTS) if chosen.quick else (sorted(chosen.sizes), chosen.measurements)
    )
    with tempfile.TemporaryDirectory(prefix="benchmark-charts-") as charts:
        for count in sizes:
            with console.status(f"{count} records"):
                found.append(costs(count, measurements, Path(charts)))
            console.print(f"{count:,} records of {found[-1].json_bytes / 1e6:.0f} MB are done.", highlight=False)
    console.print(table(found))
    console.print(
        f"At most {COLLECT_BYTES / 1e6:.0f} MB to collect and {STAGE_BYTES / 1e6:.0f} MB to stage are allowed."
    )
    powers = ", ".join(f"{name} {power:.2f}" for name, power in growth(found).items())
    console.print(f"Processor time grows with records to the power: {powers} (bound {EXPONENT}).")
    faults = broken(found)
    console.print("The bounds are kept." if not faults else "\n".join(["The bounds are NOT kept:", *faults]))
    if not chosen.quick:
        command = f"python -m benchmarks.records --measurements {measurements}"
        save("records", command, {"measurements": measurements, **results(found)})
    if faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
