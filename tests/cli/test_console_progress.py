"""console_progress: one bar for all runs in a terminal, a line for each in a pipe."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from generator.cli.console_progress import RunDisplay, outcome, ratio
from generator.core.definition_file import load_measurement
from generator.core.record import Tier
from generator.core.record_file import load_record
from generator.measure import events
from generator.measure.run import run_measurement
from generator.results.comparison import Comparison, Verdict
from generator.results.estimate import Estimate, Interval

Make = Callable[..., Any]

ROOT = Path(__file__).parents[2]


def _runs(*names: str) -> list[Any]:
    return [SimpleNamespace(measurement=SimpleNamespace(name=name), expected_s=60.0) for name in names]


def _console(terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def _said(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


EVENTS: tuple[events.Event, ...] = (
    events.Preparing("downloading", 3, 9),
    events.Resumed(4),
    events.Answering("fast", 1, 20),
    events.BlockStarted("numbers", 0, 24),
    events.BlockFinished("numbers", 0, 24, True, {"fast": 0.031}, 0.02, 30.0),
    events.VariantFailed("other", "it crashed"),
    events.VariantLacking("third", "no AMX"),
)


def test_in_a_pipe_nothing_is_said_until_a_run_has_ended() -> None:
    """Whatever a run tells: a log of two measurements has two lines, and none is broken."""
    console, reason = _console(terminal=False), "squad2-dev: there is no network, or no way to the place " * 3
    with RunDisplay(console, _runs("first", "second")) as display:
        for name in ("first", "second"):
            display.begin(name)
            for event in EVENTS:
                display(event)
            display.not_measured(name, reason)
    lines = _said(console).splitlines()
    assert lines == [f"{name}: not measured: {reason.strip()}" for name in ("first", "second")]


def test_a_terminal_shows_one_bar_with_the_time_left_and_what_happens_now() -> None:
    """In two lines that fit: neither a long name nor a long list of runs breaks them."""
    console = _console(terminal=True)
    display = RunDisplay(console, _runs("a-measurement-with-quite-a-long-name", *"bcdefgh"), clock=lambda: 0.0)
    display.begin("a-measurement-with-quite-a-long-name")
    display(events.BlockFinished("image-classification", 4, 24, True, {"fast": 0.031}, 0.02, 30.0))
    with console.capture() as captured:
        console.print(display._drawn())
    bar, now = captured.get().splitlines()
    assert bar.rstrip().endswith("0 of 8 about 8 min to go")
    assert now.startswith("a-measurement-with-quite-a-long-name: image-classification, block 5 of at most")
    assert now.endswith("…")
    assert len(now) == 80


@pytest.mark.parametrize(
    ("verdict", "numbers", "expected"),
    [
        (Verdict.FASTER, (2.163, 2.111, 2.218), "2.16× as fast [2.11, 2.22]"),
        (Verdict.SLOWER, (0.5771, 0.524, 0.634), "0.577× as fast [0.524, 0.634]"),
        (Verdict.FASTER, (123.4, 99.5, 150.2), "123× as fast [100, 150]"),
        (Verdict.NO_DIFFERENCE, (1.002, 0.99, 1.012), "no difference shown, 1.00× [0.99, 1.01]"),
        (Verdict.CANNOT_TELL, (1.3, 0.7, 2.4), "cannot tell, 1.30× [0.70, 2.40]"),
    ],
)
def test_a_ratio_says_what_its_interval_tells(
    verdict: Verdict, numbers: tuple[float, float, float], expected: str
) -> None:
    point, low, high = numbers
    estimate = Estimate(point=point, interval=Interval(low, high), count=9)
    assert ratio(Comparison("fast", "slow", estimate, estimate, verdict, ())) == expected


def test_an_outcome_is_the_headline_of_the_records_page() -> None:
    """A committed record, so that the line is of the form that its readers see."""
    folder = ROOT / "measurements" / "quantization-image"
    record = load_record(max((folder / "records").glob("*.json")))
    assert "× as fast [" in outcome(load_measurement(folder), record)


def test_an_outcome_names_what_failed(checkout: Make, definition: str, run_context: Make) -> None:
    """No variant is left to compare: there is no ratio, and the line says whose fault it is."""
    bad = definition.replace("outputs = 1", 'fail_after = 1, fail_how = "crash"')
    root = checkout(trial=bad)
    measurement = load_measurement(root / "measurements/trial")
    record = run_measurement(measurement, Tier.SMOKE, run_context(root))
    console = _console(terminal=False)
    display = RunDisplay(console, _runs("trial"), clock=lambda: 0.0)
    display.begin("trial")
    display.finished(measurement, record)
    assert _said(console) == "trial: no ratio; failed: fast, 1 s\n"
