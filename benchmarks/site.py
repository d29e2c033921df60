"""How long a site takes: the whole build over plain MkDocs Material of the same Markdown, and how it grows.

    python -m benchmarks.site                10, 100 and 1,000 measurements beside the repository's own; half an hour
    python -m benchmarks.site --quick        10 only; nothing is saved

Each synthetic measurement has a record with raw latencies. Cold: no chart is drawn yet. Warm: all are in the cache,
and nothing has changed. Changed: one article has a new sentence in one language. Plain: MkDocs with Material, search
and the same Markdown extensions, over the pages that our build staged, both languages; no charts to draw, no records
to read, no checks. Ratios are of processor time, the steadier figure on a shared machine; beside them stands the cold
one by the clock, for our build uses all processors and plain MkDocs one. Aims: at most 1.5 cold, 1.1 warm; time grows
no faster than measurements to the power 1.1.

Beside them stands what `asv publish` takes for as many benchmarks with the same variants and one result each. It writes
one page in one language, whose script draws a graph when somebody looks; ours writes every page and chart beforehand.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.asv_results import write_asv_project
from benchmarks.report import save
from generator.core.definition import CONTROL
from generator.core.record_file import dump_record, sealed
from generator.site.staging import LANGUAGES

REPOSITORY = Path(__file__).parents[1]
SIZES = (10, 100, 1000)
COLD, WARM, EXPONENT = 1.5, 1.1, 1.1
MODEL = "quantization-image"
"""The measurement that the synthetic ones are copies of."""

BLOCKS = 6
"""Blocks of a synthetic record: the fewest of a standard run."""

LOOK_S = 0.2

_LEFT_OUT = frozenset({".cache", ".git", ".venv", "build", "measurements", "site"})


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took, children included."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    """Most resident memory of all its processes together, looked at every `LOOK_S`."""


@dataclass(frozen=True, slots=True)
class Builds:
    """The builds of one size."""

    measurements: int
    cold: Cost
    warm: Cost
    changed: Cost
    plain: Cost
    asv: Cost | None
    """`asv publish` of as many benchmarks; None where asv is not installed."""

    @property
    def cold_ratio(self) -> float:
        """Processor time of the cold build over that of the plain one."""
        return self.cold.cpu_s / self.plain.cpu_s

    @property
    def cold_clock_ratio(self) -> float:
        """Time by the clock of the cold build over that of the plain one, which builds one language after the other."""
        return self.cold.wall_s / self.plain.wall_s

    @property
    def warm_ratio(self) -> float:
        """The same of the warm build."""
        return self.warm.cpu_s / self.plain.cpu_s


def checkout(root: Path, count: int) -> None:
    """Make a checkout of this repository with so many more measurements, each with a record."""
    for path in REPOSITORY.iterdir():
        if path.name not in _LEFT_OUT:
            (root / path.name).symlink_to(path)
    measurements = root / "measurements"
    shutil.copytree(REPOSITORY / "measurements", measurements)  # no links: the generator follows none
    model = REPOSITORY / "measurements" / MODEL
    fields = json.loads(_model_record().read_text("utf-8"))
    fields = {**fields, "blocks": fields["blocks"][:BLOCKS]}
    del fields["sha256"]
    for index in range(count):
        name = f"synthetic-{index:04d}"
        folder = measurements / name
        (folder / "records").mkdir(parents=True)
        for path in model.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        identity = fields["record_id"].replace(MODEL, name)
        record = sealed({**fields, "measurement": name, "record_id": identity})
        (folder / "records" / f"{identity}.json").write_text(dump_record(record), "utf-8")


def timed(command: Sequence[str], root: Path) -> Cost:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: when it fails, with what it printed.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(REPOSITORY)}
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT)
        with _watched(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise subprocess.CalledProcessError(process.returncode, list(command), output.read().decode()[-2000:])
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(memory))


@contextmanager
def _watched(identity: int) -> Iterator[list[int]]:
    """Look at the resident memory of a process and its children, in bytes, until the block ends."""
    found, ended = [0], threading.Event()

    def look() -> None:
        with contextlib.suppress(psutil.Error):  # it has ended
            process = psutil.Process(identity)
            while True:
                found.append(sum(map(_resident, (process, *process.children(recursive=True)))))
                if ended.wait(LOOK_S):
                    break

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield found
    finally:
        ended.set()
        watching.join()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has just ended
        return 0


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads mkdocs.yml without running what its tags name."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: None)


def plain_configuration(root: Path, language: str) -> Path:
    """Write the configuration of a plain build of what is staged, and return where it lies."""
    ours = yaml.load((root / "mkdocs.yml").read_text("utf-8"), _Loader)
    extensions = {name: options or {} for name, options in ours["markdown_extensions"].items()}
    extensions["toc"] = {"permalink": True, "toc_depth": 3}
    plain = {
        "site_name": "Plain",
        "docs_dir": f"build/docs/{language}",
        "site_dir": f"build/plain/{language}",
        "theme": {"name": "material", "language": language, "font": False},
        "plugins": {"search": {"lang": language}},
        "nav": ours["nav"],
        "not_in_nav": ours["not_in_nav"],
        "markdown_extensions": extensions,
    }
    path = root / f"plain.{language}.yml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")
    return path


def builds(count: int) -> Builds:
    """Build a site of this size: cold, warm and plain."""
    with tempfile.TemporaryDirectory(prefix="benchmark-site-") as folder:
        root = Path(folder)
        checkout(root, count)
        command = [sys.executable, "-m", "generator", "build", "--measure", "none", "--root", str(root)]
        cold, warm = timed(command, root), timed(command, root)
        article = root / "measurements" / "synthetic-0000" / "article.ru.md.j2"
        text = article.read_text("utf-8")
        article.write_text(text.replace("{% block intro %}", "{% block intro %}\nЕщё одна фраза.\n", 1), "utf-8")
        changed = timed(command, root)
        plain = [
            timed([sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(plain_configuration(root, one))], root)
            for one in LANGUAGES
        ]
        together = Cost(
            sum(one.wall_s for one in plain), sum(one.cpu_s for one in plain), max(one.peak_bytes for one in plain)
        )
    return Builds(count, cold, warm, changed, together, asv_publish(count))


def asv_publish(count: int) -> Cost | None:
    """Let asv publish as many measurements as our site has, these and the repository's own, with the model's times."""
    total = count + len(list((REPOSITORY / "measurements").glob("*/records")))
    if importlib.util.find_spec("asv") is None:
        return None
    record = json.loads(_model_record().read_text("utf-8"))
    medians = dict[str, list[float]]()
    for one in (each for block in record["blocks"][:BLOCKS] for each in block["rounds"]):
        medians.setdefault(one["variant"], []).append(statistics.median(one["latencies_ns"]) / 1e9)
    del medians[CONTROL]
    seconds = {name: (statistics.median(found), min(found), max(found)) for name, found in medians.items()}
    with tempfile.TemporaryDirectory(prefix="benchmark-asv-") as folder:
        root = Path(folder)
        configuration = write_asv_project(root, [f"synthetic.time_{index:04d}" for index in range(total)], seconds)
        cost = timed([sys.executable, "-m", "asv", "publish", "--no-pull", "--config", str(configuration)], root)
        shown = json.loads((root / "html" / "index.json").read_text("utf-8"))
        if len(shown["benchmarks"]) != total or not list((root / "html" / "graphs").rglob("*time_0000*.json")):
            raise RuntimeError(f"asv published {len(shown['benchmarks'])} of {total} benchmarks")
        return cost


def _model_record() -> Path:
    return min((REPOSITORY / "measurements" / MODEL / "records").glob("*.json"))


def exponent(found: Sequence[Builds]) -> float | None:
    """Steepest growth of the cold build's processor time between two sizes; None with one size."""
    slopes = [
        math.log(after.cold.cpu_s / before.cold.cpu_s) / math.log(after.measurements / before.measurements)
        for before, after in itertools.pairwise(found)
    ]
    return max(slopes, default=None)


def table(found: Sequence[Builds]) -> Table:
    """The results, a row a size."""
    made = Table(
        *("measurements", "cold", "warm", "changed", "plain", "cold / plain", "by the clock", "warm / plain"),
        *("peak memory", "asv publish"),
    )
    for one in found:
        made.add_row(
            str(one.measurements),
            *(f"{cost.cpu_s:.1f} s" for cost in (one.cold, one.warm, one.changed, one.plain)),
            f"{one.cold_ratio:.2f} (aim {COLD})",
            f"{one.cold_clock_ratio:.2f}",
            f"{one.warm_ratio:.2f} (aim {WARM})",
            f"{max(one.cold.peak_bytes, one.warm.peak_bytes) / 1e6:.0f} MB",
            f"{one.asv.cpu_s:.1f} s, {one.asv.peak_bytes / 1e6:.0f} MB" if one.asv else "asv is not installed",
        )
    return made


def results(found: Sequence[Builds]) -> Mapping[str, Any]:
    """What is saved."""
    aims = {"cold_ratio": COLD, "warm_ratio": WARM, "exponent": EXPONENT}
    names = ("cold_ratio", "cold_clock_ratio", "warm_ratio")
    sizes = [{**asdict(one), **{name: getattr(one, name) for name in names}} for one in found]
    return {"aims": aims, "exponent": exponent(found), "sizes": sizes}


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="10 measurements; nothing is saved")
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many measurements to add")
    chosen = arguments.parse_args()
    console, found = Console(), list[Builds]()
    for count in sorted(SIZES[:1] if chosen.quick else chosen.sizes):
        with console.status(f"{count} measurements"):
            found.append(builds(count))
        console.print(table(found[-1:]))
    growth = exponent(found)
    kept = all(one.cold_ratio <= COLD and one.warm_ratio <= WARM for one in found)
    console.print(table(found))
    if growth is not None:
        console.print(f"Processor time grows with measurements to the power {growth:.2f} (aim {EXPONENT}).")
        kept = kept and growth <= EXPONENT
    console.print(f"The aims are {'kept' if kept else 'NOT kept'}.")
    if not chosen.quick:
        sizes = [str(one.measurements) for one in found]
        save(f"site-{'-'.join(sizes)}", f"python -m benchmarks.site --sizes {' '.join(sizes)}", results(found))


if __name__ == "__main__":
    main()
