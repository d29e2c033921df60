"""A checkout in a temporary folder, and a machine, that every room's tests start from."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

from generator.cli.publish import Published
from generator.core.cache import Cache
from generator.core.definition_file import load_measurement
from generator.core.record import Record, SystemDescription, Tier
from generator.core.record_file import load_records
from generator.measure import events
from generator.measure.run import run_measurement
from generator.measure.run_context import RunContext
from generator.results.this_machine import ThisMachine

DEFINITION = """
schema_version = 1
suite = "core"
published = 2026-11-23
title = {ru = "Проба", en = "Trial"}
question = {ru = "Быстрее ли второй вариант?", en = "Is the second variant faster?"}

[[workloads]]
name = "numbers"
kind = "synthetic"
title = {ru = "Числа", en = "Numbers"}
options = {samples = 20}

[[variants]]
name = "slow"
runtime = "fake"
precision = "fp32"
baseline = true
title = {ru = "Медленный", en = "Slow"}
options = {latency_ns = 2_000_000}

[[variants]]
name = "fast"
runtime = "fake"
precision = "int8"
title = {ru = "Быстрый", en = "Fast"}
options = {latency_ns = 1_000_000, outputs = 1}
"""


LIGHT_WITHOUT = (
    *("dask", "distributed", "gguf", "mlperf_loadgen", "onnx", "onnx_ir", "onnxruntime", "openvino", "playwright"),
    *("pooch", "pyarrow", "pycocotools", "sacrebleu", "safetensors", "sklearn", "tokenizers", "torch", "uv"),
)
"""Packages that the extra `quick` does not install."""


class _Light(PathFinder):
    """Finds what is installed but for the packages that are to be hidden."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The module's place, or None."""
        return None if fullname.partition(".")[0] in LIGHT_WITHOUT else super().find_spec(fullname, path, target)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--light`: what `make quick` runs."""
    about = "leave out what is slow, and what needs more than the extra `quick`, whether it is installed or not"
    parser.addoption("--light", action="store_true", help=about)


def pytest_configure(config: pytest.Config) -> None:
    """Hide packages, so that nothing light can come to need them unseen; and try fewer examples of each property."""
    if config.getoption("--light"):
        settings.register_profile("light", max_examples=10)
        settings.load_profile("light")
        config.option.markexpr = config.option.markexpr or "not slow"
        sys.meta_path[:] = [_Light if finder is PathFinder else finder for finder in sys.meta_path]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each test to whichever process is free, but those of one file together where they share what is dear."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            """A test's unit of work."""
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

    config.option.loadscopereorder = False
    return Scheduling(config, log)


TOGETHER = ("tests/browser/test_on_device.py", "tests/pages/overview/test_overview.py", "tests/site/test_served.py")
"""Files whose tests share what each process would have to make for itself."""

FIRST = (
    "tests/browser/test_reading.py::test_pages_read_well",
    "tests/test_interruption.py::test_a_run_killed",
    "tests/browser/test_on_device.py",
    "tests/measure/fleet/test_cluster.py",
    "tests/browser/",
)
"""What takes longest begins first, so that no process is left alone with it at the end; one builds the browser's site
while another kills runs.
"""


def _rank(item: pytest.Item) -> int:
    """A test's place: the longest, then the slow ones, then all others."""
    if item.get_closest_marker("slow") is None:
        return len(FIRST) + 1
    return next((rank for rank, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))


def _measures(item: pytest.Item) -> bool:
    """Whether a test measures by itself, in a dozen processes or more; the common record is no such run."""
    names = getattr(item, "fixturenames", ())
    return "run_context" in names and "measured_trial" not in names


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest tests first, else in the order of folders; the two that begin a run are of different kinds.

    Light tests are none that measure.
    """
    if config.getoption("--light"):
        measuring = [item for item in items if _measures(item)]
        config.hook.pytest_deselected(items=measuring)
        items[:] = [item for item in items if item not in measuring]
    items.sort(key=_rank)
    killed = next((item for item in items if _rank(item) == 1), None)
    if killed is not None and _rank(items[0]) == 0:
        items.remove(killed)
        items.insert(1, killed)


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """Undo what a PyTorch session sets for the whole process: numbers near zero count as zero."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


def published(root: Path) -> Published:
    """What `publish` gives, for tests that put their own in its place: a site, and a machine that nobody knows."""
    return Published(root / "site", ThisMachine(None, ()))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the whole run, whichever of its processes asks."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def definition() -> str:
    """A sound definition: a fake baseline of 2 ms and a fake variant of 1 ms with one wrong answer in ten."""
    return DEFINITION


THIRD = """
[[variants]]
name = "third"
workload = "numbers"
runtime = "fake"
precision = "fp32"
title = {ru = "Третий", en = "Third"}
"""

OTHERS = """
[[workloads]]
name = "others"
kind = "synthetic"
title = {ru = "Другие числа", en = "Other numbers"}
options = {samples = 20}

[[variants]]
name = "other-slow"
workload = "others"
runtime = "fake"
precision = "fp32"
baseline = true
title = {ru = "Другой медленный", en = "Another slow one"}

[[variants]]
name = "other-fast"
workload = "others"
runtime = "fake"
precision = "fp32"
title = {ru = "Другой быстрый", en = "Another fast one"}
"""


NAMED = DEFINITION.replace('runtime = "fake"', 'workload = "numbers"\nruntime = "fake"')
"""The definition with variants that name their workload, as they must where there are several."""


@pytest.fixture
def two_workloads() -> str:
    """The definition with a second workload, "others", of two variants of its own."""
    return NAMED + OTHERS


@pytest.fixture
def core_definition() -> str:
    """The same with a third variant of the first workload; the core suite leaves it and the second workload out."""
    return NAMED.replace('suite = "core"', 'suite = "core"\ncore = ["slow", "fast"]') + THIRD + OTHERS


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkout that holds the definitions given as name=text, and returns its root."""

    def make(**definitions: str) -> Path:
        for name, text in (definitions or {"trial": DEFINITION}).items():
            folder = tmp_path / "measurements" / name.replace("_", "-")
            folder.mkdir(parents=True)
            (folder / "measurement.toml").write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return make


@pytest.fixture
def system() -> SystemDescription:
    """A machine that never changes."""
    return SystemDescription(
        system_type=None,
        host_processor_model_name="Test Processor",
        host_processor_vendor="Test",
        host_processor_family_model_stepping="1-2-3",
        host_processor_core_count=2,
        host_processor_logical_count=2,
        host_processor_frequency_mhz=2000.0,
        host_processor_caches="L1d 48K",
        host_processor_isa=("avx2", "avx512_vnni"),
        host_memory_capacity_bytes=8 * 2**30,
        accelerator_model_name=None,
        accelerators_per_node=0,
        operating_system="Test OS",
        kernel="1.0",
        architecture="x86_64",
        hypervisor=None,
        container=None,
        frequency_governor=None,
        smt_active=False,
        unknown=dict.fromkeys(
            ("system_type", "accelerator_model_name", "hypervisor", "container", "frequency_governor"), "a test"
        ),
    )


class Listener:
    """Collects what a run tells."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.events.append(event)


@pytest.fixture
def listener() -> Listener:
    """Collects what a run tells."""
    return Listener()


@pytest.fixture
def run_context(system: SystemDescription, listener: Listener) -> Callable[..., RunContext]:
    """A `RunContext` with a clock that advances a minute a look, and a fixed seed."""

    def make(root: Path, **changes: object) -> RunContext:
        ticks = iter(range(10_000))
        fixed = {
            "now": lambda: datetime(2026, 11, 23, 10, 0, tzinfo=UTC) + timedelta(minutes=next(ticks)),
            "tell": listener,
            "seed": 7,
            "timeout_s": 60.0,
        }
        return RunContext(root, Cache(root / ".cache"), system, **{**fixed, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def measured_trial(shared: Path, run_context: Callable[..., RunContext]) -> Record:
    """A standard run of the definition: 2 ms against 1 ms, one answer in ten wrong. A record never changes, so it is
    measured once for all tests and processes.
    """
    root = shared / "measured"
    folder = root / "measurements" / "trial"
    with FileLock(shared / "measured.lock"):
        if not load_records(folder / "records"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "measurement.toml").write_text(DEFINITION, "utf-8")
            run_measurement(load_measurement(folder), Tier.STANDARD, run_context(root))
        (record,) = load_records(folder / "records")
    return record
