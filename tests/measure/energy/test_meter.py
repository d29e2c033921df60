"""energy: counters whose joules are known, a wall meter's file, and the counter that is not there."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition import CONTROL
from generator.core.definition_file import load_measurement
from generator.core.errors import MeterError
from generator.core.record import Block, EnergyWindow, Tier
from generator.measure.energy import load, wall_meter
from generator.measure.energy import meter as energy
from generator.measure.energy.counters import Load, Powercap, find_counters
from generator.measure.energy.meter import Clock, NoMeter, SteadyMeter, WallMeter, judged
from generator.measure.run import run_measurement
from tests.pages import imaginary

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
IDLE_WATTS, BUSY_WATTS = 10.0, 30.0


@dataclass
class World:
    """A machine whose time passes only when somebody sleeps or computes, and whose power is exact."""

    elapsed_ns: int = 0
    joules: float = 0.0
    burning: bool = False
    spans: list[tuple[int, float]] = field(default_factory=list)
    """When each span of constant power ended, and that power."""

    def pass_time(self, ns: int, watts: float) -> None:
        self.elapsed_ns += ns
        self.joules += watts * ns / 1e9
        self.spans.append((self.elapsed_ns, watts))

    def clock(self) -> Clock:
        @contextlib.contextmanager
        def burn(kinds: frozenset[Load], cores: Sequence[int]) -> Iterator[None]:
            self.burning = True
            yield
            self.burning = False

        return Clock(
            now=lambda: START + timedelta(microseconds=self.elapsed_ns / 1000),
            elapsed_ns=lambda: self.elapsed_ns,
            sleep_s=lambda s: self.pass_time(round(s * 1e9), BUSY_WATTS if self.burning else IDLE_WATTS),
            burning=burn,
        )

    def log(self, path: Path, step_s: float = 1.0, until_s: float | None = None) -> None:
        """Write what a wall meter would have read."""
        rows, end = ["time,watts"], self.elapsed_ns / 1e9 + 2 if until_s is None else until_s
        for k in range(round(end / step_s)):
            watts = next((w for ns, w in self.spans if ns > k * step_s * 1e9), IDLE_WATTS)
            rows.append(f"{(START + timedelta(seconds=k * step_s)).isoformat()},{watts}")
        path.write_text("\n".join(rows) + "\n", "utf-8")


@dataclass
class FakeCounter:
    """Counts the world's joules, or does not notice anything."""

    world: World
    domain: str = "package-0"
    dead: bool = False
    source: str = "test"
    load: Load = "processor"
    window_ns: int = 1_000_000_000

    def joules(self) -> float:
        return 5.0 if self.dead else self.world.joules


@dataclass
class FakeWorker:
    """Answers a query in 1 ms and makes the machine take so many watts meanwhile."""

    world: World
    watts: float

    def ask(self, what: str, **command: Any) -> dict[str, Any]:
        assert what == "round"
        count = command["round_ns"] // 1_000_000
        self.world.pass_time(count * 1_000_000, self.watts)
        return {"latencies_ns": [1_000_000] * count, "wall_ns": count * 1_000_000}


def _workers(world: World) -> dict[str, FakeWorker]:
    return {"slow": FakeWorker(world, 40.0), "fast": FakeWorker(world, 20.0)}


def test_windows_hold_exact_joules_and_samples() -> None:
    """40 W and 20 W over a second each are 40 J and 20 J, of 1,000 queries; with all asleep it is 10 J and no sample."""
    world = World()
    meter = SteadyMeter([FakeCounter(world)], world.clock())
    meter.check([0])
    windows = {w.variant: w for w in meter.windows(_workers(world), {"fast": 4}, random.Random(1))}
    assert windows["slow"].joules == pytest.approx({"package-0": 40})
    assert windows["fast"].joules == pytest.approx({"package-0": 20})
    assert windows[None].joules == pytest.approx({"package-0": 10})
    assert (windows["slow"].samples, windows["fast"].samples, windows[None].samples) == (1000, 4000, 0)
    assert {w.wall_ns for w in windows.values()} == {1_000_000_000}


def test_windows_are_as_long_as_the_slowest_trusted_counter_needs() -> None:
    """A counter that counts anew every 100 ms gets a longer window; one that is refused has no say."""
    world = World()
    slow, dead = FakeCounter(world, "gpu-0", window_ns=2_500_000_000), FakeCounter(world, "x", True, window_ns=10**10)
    meter = SteadyMeter([FakeCounter(world), slow, dead], world.clock())
    meter.check([0])
    windows = meter.windows(_workers(world), {}, random.Random(1))
    assert {w.wall_ns for w in windows} == {2_500_000_000}
    assert {tuple(w.joules) for w in windows} == {("package-0", "gpu-0")}


def test_a_counter_that_does_not_follow_the_load_is_refused() -> None:
    """A counter that stands still, as in many virtual machines, is kept in the record with its check, and not used."""
    world = World()
    meter = SteadyMeter([FakeCounter(world, dead=True)], world.clock())
    meter.check([0])
    assert meter.windows(_workers(world), {}, random.Random(1)) == ()
    found = meter.description()
    assert found.counters[0].refused == "it does not follow the load: 0 to 0 W under load, 0 to 0 W without"
    assert found.unknown == f"package-0: {found.counters[0].refused}"


def test_a_counter_that_was_not_checked_is_refused() -> None:
    """Nothing is trusted by default."""
    world = World()
    meter = SteadyMeter([FakeCounter(world)], world.clock())
    assert meter.windows(_workers(world), {}, random.Random(1)) == ()
    assert meter.description().unknown == "package-0: it was never checked"


def test_a_load_is_there_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A graphics card's program takes seconds to start, and those seconds are idle ones."""
    at_work = tmp_path / "at-work"
    slow = f"import pathlib, time\ntime.sleep(0.5)\npathlib.Path({str(at_work)!r}).touch()\nprint(flush=True)\ntime.sleep(60)"
    monkeypatch.setattr(load, "_BUSY_ACCELERATOR", slow)
    with load.burning(frozenset({"accelerator"}), ()):
        assert at_work.exists()


@pytest.mark.parametrize("program", ["", "import time\ntime.sleep(60)"], ids=["ends", "never begins"])
def test_a_load_that_never_comes_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(load, "_BUSY_ACCELERATOR", program)
    monkeypatch.setattr(load, "BURNER_START_S", 0.5)
    with load.burning(frozenset({"accelerator", "processor"}), ()):
        pass


@pytest.mark.parametrize(
    ("idle", "busy", "trusted"),
    [
        ([10, 11, 10, 12, 10], [20, 21, 19, 20, 22], True),
        ([10, 11, 10, 12, 10], [12, 21, 19, 20, 22], False),
        ([10] * 5, [9] * 5, False),
    ],
    ids=["apart", "they touch", "falls under load"],
)
def test_every_busy_second_must_exceed_every_idle_one(idle: list[float], busy: list[float], trusted: bool) -> None:
    """Complete separation of five and five happens by chance once in 252 times."""
    found = judged("d", "s", [(False, w) for w in idle] + [(True, w) for w in busy])
    assert (found.refused is None) is trusted
    assert (found.idle_watts, found.busy_watts) == (tuple(idle), tuple(busy))


def test_no_meter_measures_nothing_takes_no_time_and_says_why() -> None:
    """The absent counter is an object like the others."""
    meter = NoMeter(energy.NO_COUNTER)
    meter.check([0])
    assert meter.windows({}, {}, random.Random(1)) == ()
    assert meter.completed([]) == ()
    assert meter.description().unknown == "no counter on this system"


def test_a_wall_meters_readings_are_joined_by_time(tmp_path: Path, checkout: Any) -> None:
    """A meter of 4 readings a second sees 40 W, 20 W and 10 W over windows of six seconds, exact but for the edges."""
    world = World()
    path = tmp_path / "meter.csv"
    world.log(path, until_s=3)
    meter = WallMeter(path, SteadyMeter([], world.clock()))
    meter.check([0])
    windows = meter.windows(_workers(world), {}, random.Random(1))
    world.log(path, 0.25)
    meter.completed([])
    assert meter.description().unknown is None
    readings = wall_meter.read(path)
    for window in windows:
        watts = readings.joules(window.started_at, window.wall_ns / 1e9) / (window.wall_ns / 1e9)
        assert watts == pytest.approx({"slow": 40, "fast": 20, None: 10}[window.variant], rel=0.05)


METER = "time,watts\n2026-11-23T10:00:00Z,10\n2026-11-23T10:00:01Z,20\n2026-11-23T10:00:02Z,20\n2026-11-23T10:00:03+00:00,40\n"


@pytest.mark.parametrize(
    ("start_s", "seconds", "joules"),
    [(0, 1, 15), (1, 1, 20), (0, 3, 65), (0.5, 1, 8.75 + 10), (2.25, 0.5, 15)],
    ids=["a ramp", "flat", "all", "across a reading", "between two readings"],
)
def test_energy_is_the_area_under_the_readings(tmp_path: Path, start_s: float, seconds: float, joules: float) -> None:
    """Power between readings changes evenly: trapezia, cut at the window's ends."""
    (tmp_path / "m.csv").write_text(METER, "utf-8")
    assert wall_meter.read(tmp_path / "m.csv").joules(START + timedelta(seconds=start_s), seconds) == pytest.approx(
        joules
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line is ''.*Write 'time,watts' there"),
        ("watts,time\n", "first line is 'watts,time'"),
        (METER.replace("10:00:01Z", "10:00:05Z"), "line 4: its time is not after.*clock went backwards"),
        (METER.replace("10:00:01Z", "10:00:00Z"), "line 3: its time is not after"),
        (METER.replace("10:00:01Z", "10:00:01"), "line 3: the time .* is not in UTC"),
        (METER.replace("10:00:01Z", "10:00:01+03:00"), "line 3: the time .* is not in UTC"),
        (METER.replace(",40", ",-1"), "line 5: -1 W cannot be"),
        (METER.replace(",40", ",nan"), "line 5: nan W cannot be"),
        (METER.replace(",40", ",lots"), "line 5 is no time with watts"),
        (METER.replace(",40", ""), "line 5 has 1 values instead of 2"),
        (METER[:34], "fewer than two readings"),
    ],
    ids=["empty", "header", "backwards", "twice", "no zone", "other zone", "negative", "nan", "word", "short", "one"],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Each error names the line and how to mend it."""
    (tmp_path / "m.csv").write_text(text, "utf-8")
    with pytest.raises(MeterError, match=message):
        wall_meter.read(tmp_path / "m.csv")


def test_a_gap_or_an_uncovered_window_is_refused(tmp_path: Path) -> None:
    """What the meter did not see is not made up."""
    path = tmp_path / "m.csv"
    path.write_text(METER.replace("10:00:03", "10:00:09"), "utf-8")
    readings = wall_meter.read(path)
    with pytest.raises(MeterError, match="nothing was read between 2026-11-23T10:00:02Z and 2026-11-23T10:00:09Z"):
        readings.joules(START + timedelta(seconds=1), 2.5)
    with pytest.raises(MeterError, match="do not cover the run, which needs 2026-11-23T10:00:08Z to"):
        readings.joules(START + timedelta(seconds=8), 2)
    with pytest.raises(MeterError, match="do not cover the run"):
        readings.joules(START - timedelta(seconds=1), 2)
    with pytest.raises(MeterError, match="no such file"):
        wall_meter.read(tmp_path / "none.csv")


def _zone(root: Path, name: str, words: str, energy_uj: int) -> Path:
    zone = root / name
    zone.mkdir(parents=True)
    for file, text in (("name", words), ("energy_uj", energy_uj), ("max_energy_range_uj", 262_143_328_850)):
        (zone / file).write_text(f"{text}\n", "ascii")
    return zone


def test_powercap_counts_on_when_the_register_wraps(tmp_path: Path) -> None:
    """The register starts anew at its range; energy goes on."""
    zone = _zone(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    counter = Powercap(zone, "package-0")
    before = counter.joules()
    (zone / "energy_uj").write_text("1000000\n", "ascii")
    assert counter.joules() - before == pytest.approx(1 + 0.32885)


def test_powercap_domains_are_named_with_what_they_belong_to(tmp_path: Path) -> None:
    """Two packages both have a "dram"."""
    for package in (0, 1):
        _zone(tmp_path, f"intel-rapl:{package}", f"package-{package}", 1)
        _zone(tmp_path, f"intel-rapl:{package}:0", "dram", 1)
    found = find_counters(tmp_path).counters
    assert [c.domain for c in found if c.load == "processor"][:4] == [
        "package-0", "package-0/dram", "package-1", "package-1/dram"
    ]  # fmt: skip


def test_a_system_without_counters_says_where_it_looked(tmp_path: Path) -> None:
    """The reason names RAPL and zeus's devices, so that a person knows what to install or permit."""
    search = find_counters(tmp_path)
    assert not [counter for counter in search.counters if counter.source.startswith("RAPL")]
    assert any(reason.startswith("RAPL: ") for reason in search.missing)


class Ticking(FakeCounter):
    """Two joules more at each look."""

    def joules(self) -> float:
        self.world.joules += 3.0 if self.world.burning else 2.0
        return self.world.joules


def test_a_run_keeps_the_energy_of_every_block(checkout: Callable[..., Path], run_context: Callable[..., Any]) -> None:
    """From the meter to the record: a window of each participant, the control and the sleeping machine among them."""
    world = World()

    meter = SteadyMeter([Ticking(world, window_ns=30_000_000)], _still(world))
    root = checkout()
    record = run_measurement(
        load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root, meter=meter, watts_per_core=5.0)
    )
    assert record.energy is not None
    assert (record.energy.unknown, record.energy.watts_per_core) == (None, 5.0)
    for block in record.blocks:
        assert {window.variant for window in block.energy} == {"slow", "fast", CONTROL, None}
        assert {window.variant: window.samples for window in block.energy} == {
            "slow": 15,
            "fast": 30,
            CONTROL: 15,
            None: 0,
        }
        assert all(window.joules == {"package-0": 2.0} for window in block.energy)


def _still(world: World) -> Clock:
    """The world's clock, with time that always passes a little, so that a fake worker's window has a length."""
    clock = world.clock()

    def elapsed() -> int:
        world.elapsed_ns += 1_000_000
        return world.elapsed_ns

    return Clock(clock.now, elapsed, lambda s: None, clock.burning)


def test_a_run_without_a_counter_says_so(checkout: Callable[..., Path], run_context: Callable[..., Any]) -> None:
    """Energy is null with its reason; no block has a window."""
    root = checkout()
    measurement = load_measurement(root / "measurements/trial")
    record = run_measurement(measurement, Tier.SMOKE, run_context(root, meter=NoMeter(energy.NO_COUNTER)))
    assert record.energy is not None
    assert record.energy.unknown == "no counter on this system"
    assert all(block.energy == () for block in record.blocks)


@dataclass
class Dying(FakeCounter):
    """Answers so many times, and then its driver is gone."""

    answers: int = 0

    def joules(self) -> float:
        if self.answers <= 0:
            raise RuntimeError("NVML: GPU is lost")
        self.answers -= 1
        return super().joules()


CHECKED = 4 * energy.CHECK_SECONDS
"""Looks at a counter while it is checked."""


@pytest.mark.parametrize("answers", [0, CHECKED - 1, CHECKED, CHECKED + 1])
def test_a_counter_that_dies_leaves_the_others(answers: int) -> None:
    """In its check, between two windows or within one; the others go on, and the record says why it is not used."""
    world = World()
    meter = SteadyMeter([Dying(world, "gpu-0", answers=answers), FakeCounter(world)], world.clock())
    meter.check([0])
    windows = [meter.windows(_workers(world), {}, random.Random(1)) for _ in range(2)]
    assert {tuple(window.joules) for window in windows[1]} == {("package-0",)}
    found = meter.description()
    assert [one.refused for one in found.counters] == ["it could not be read: NVML: GPU is lost", None]
    assert [one.failed_check for one in found.counters] == [False, False]
    assert found.unknown is None


def test_a_counter_that_dies_in_a_run_costs_the_energy_alone(
    checkout: Callable[..., Path], run_context: Callable[..., Any]
) -> None:
    """Its blocks are kept: a record with every latency, and energy that is null with its reason."""

    class DyingInTheFirstBlock(Dying, Ticking):
        """Within its second window."""

    world = World()
    counter = DyingInTheFirstBlock(world, answers=CHECKED + 3, window_ns=30_000_000)
    meter, root = SteadyMeter([counter], _still(world)), checkout()
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root, meter=meter))
    assert len(record.blocks) == 2
    assert record.blocks[0].energy[0].joules
    assert not any(one.failure for one in record.variants)
    assert record.energy is not None
    assert record.energy.unknown == "package-0: it could not be read: NVML: GPU is lost"


def _block(windows: Sequence[EnergyWindow]) -> Block:
    return Block.model_validate({**imaginary.block(0, {"slow": 2.0, "fast": 1.0}), "energy": windows})


@pytest.mark.parametrize(
    ("until_s", "after", "why"),
    [
        (20, None, "do not cover the run, which needs"),
        (None, lambda rows: rows[:16] + rows[19:], "nothing was read between"),
        (None, lambda rows: ["no meter's file"], "its first line is"),
        (None, None, None),
    ],
    ids=["ended", "gap", "overwritten", "whole"],
)
def test_a_wall_meter_that_breaks_off_leaves_the_blocks(
    tmp_path: Path, until_s: float | None, after: Callable[[list[str]], list[str]] | None, why: str | None
) -> None:
    """The blocks are given back as they were, and the energy is null with its reason."""
    world, path = World(), tmp_path / "meter.csv"
    world.log(path, until_s=3)
    meter = WallMeter(path, SteadyMeter([], world.clock()))
    meter.check([0])
    blocks = [_block(meter.windows(_workers(world), {}, random.Random(1)))]
    world.log(path, until_s=until_s)
    if after:
        path.write_text("\n".join(after(path.read_text("utf-8").splitlines())), "utf-8")
    found, said = meter.completed(blocks), meter.description()
    if why is None:
        assert (said.unknown, {tuple(window.joules) for window in found[0].energy}) == (None, {("wall",)})
    else:
        assert list(found) == blocks
        assert said.unknown is not None
        assert why in said.unknown
        assert said.counters[0].refused is not None


def test_the_last_reading_of_a_wall_meter_is_waited_for(tmp_path: Path) -> None:
    """A logger writes each reading a moment later than it was taken."""
    world, path = World(), tmp_path / "meter.csv"
    world.log(path, until_s=3)
    clock, waited = world.clock(), list[float]()
    meter = WallMeter(path, SteadyMeter([], replace(clock, sleep_s=lambda s: waited.append(s) or clock.sleep_s(s))))
    meter.check([0])
    blocks = [_block(meter.windows(_workers(world), {}, random.Random(1)))]
    world.log(path, until_s=world.elapsed_ns / 1e9 - 1)
    waited.clear()

    def late(seconds: float) -> None:
        waited.append(seconds)
        world.log(path)

    meter._inner.clock = replace(clock, sleep_s=late)
    assert {tuple(window.joules) for window in meter.completed(blocks)[0].energy} == {("wall",)}
    assert waited == [1.0]
