"""prepare: a variant's isolated environment, or the reason why there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition_file import load_measurement
from generator.core.errors import FailureCause, IsolationError
from generator.core.record import StopReason, Tier
from generator.measure import process
from generator.measure.outcome import NothingMeasured
from generator.measure.plan import require_packages
from generator.measure.run import run_measurement
from generator.runtimes.environment import Environment
from generator.workloads.synthetic import Synthetic
from generator.workloads.workload import Arrays

Make = Callable[..., Any]

PINNED = 'outputs = 1}\nenvironment = ["numpy==1.26.4"]'


def test_a_variant_runs_in_its_environment_and_the_record_says_so(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only its own workers are started by the environment's interpreter, without a path to other packages."""
    interpreter = tmp_path / "python"
    interpreter.symlink_to(sys.executable)
    started = list[tuple[str, bool]]()
    real = process.subprocess.Popen

    def popen(command: Any, **options: Any) -> Any:
        if str(process.WORKER) in command:
            started.append((command[0], "PYTHONPATH" in options["env"]))
            command = [sys.executable, *command[1:]]
        return real(command, **options)

    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setattr(process.subprocess, "Popen", popen)
    packages = ("python==3.11.7", "numpy==1.26.4")
    monkeypatch.setattr("generator.measure.prepare.isolated", lambda *_: Environment(interpreter, packages))
    root = checkout(trial=definition.replace("outputs = 1}", PINNED))
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    assert record.variant("fast").environment == packages
    assert record.variant("slow").environment == ()
    assert {leads_out for command, leads_out in started if command == str(interpreter)} == {False}
    assert {leads_out for command, leads_out in started if command == sys.executable} == {True}


@pytest.mark.parametrize("whose", ["a variant", "the baseline"])
def test_an_environment_that_cannot_be_made_ends_that_variant_and_nothing_else(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """No network, no wheel: "not measured: why"; the others are measured, unless nothing is left to compare with."""

    def isolated(*_: Any) -> Environment:
        raise IsolationError("environment of numpy 1.26.4", "there is no network to fetch it from", "Connect.")

    monkeypatch.setattr("generator.measure.prepare.isolated", isolated)
    third = definition + (
        '[[variants]]\nname = "third"\nruntime = "fake"\nprecision = "fp32"\ntitle = {ru = "Т", en = "T"}\n'
        "options = {latency_ns = 3_000_000}\n"
    )
    options = "outputs = 1}" if whose == "a variant" else "{latency_ns = 2_000_000}"
    root = checkout(trial=third.replace(options, f'{options}\nenvironment = ["numpy==1.26.4"]'))
    if whose == "the baseline":
        with pytest.raises(NothingMeasured, match="there is no network"):
            run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
        return
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    failure = record.variant("fast").failure
    assert failure is not None
    assert failure.stage == "prepare"
    assert failure.message == "environment of numpy 1.26.4: there is no network to fetch it from. Connect."
    assert failure.cause is FailureCause.INSTALL
    assert record.stop_reason["numbers"] is not StopReason.FAILED
    assert record.variant("third").environment == ()


def test_a_runtime_in_an_environment_need_not_be_installed(
    checkout: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO is no part of the installation: only variants that run with the installed packages need theirs."""
    pinned = 'runtime = "openvino"\nenvironment = ["numpy==1.26.4", "openvino==2026.4.1"]\nprecision = "int8"'
    text = definition.replace('runtime = "fake"\nprecision = "int8"', pinned)
    text = text.replace("options = {latency_ns = 1_000_000, outputs = 1}", "")
    root = checkout(trial=text)
    require_packages([load_measurement(root / "measurements/trial")])


@dataclass(frozen=True)
class Generating(Synthetic):
    """Its queries are many passes of its model."""

    tokens_per_sample: int = 5

    def graph_samples(self) -> Sequence[Arrays]:
        return ()


def test_a_query_of_many_passes_has_a_rate_of_tokens_and_no_count_of_its_work(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one pass costs would be taken for what the query costs, so nothing is said, and why."""
    monkeypatch.setattr(
        "generator.measure.run.load_workload", lambda choice, folder, cache, *_: Generating(32, 4, 0, cache)
    )
    root = checkout(trial=definition)
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    work = record.variant("fast").work
    assert record.workloads[0].tokens_per_sample == 5
    assert work is not None
    assert work.flops_per_sample is None
    assert "many passes" in str(work.unknown)


@dataclass(frozen=True)
class Choosing(Synthetic):
    """It took one of several data sets."""

    data_set: str = "second-choice"


@pytest.mark.parametrize(
    ("kind", "data_set", "size"), [(Choosing, "second-choice", "x float32 1x4"), (Synthetic, None, None)]
)
def test_the_record_says_which_data_set_was_taken(
    checkout: Make,
    run_context: Make,
    definition: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Synthetic],
    data_set: str | None,
    size: str | None,
) -> None:
    """With the size of its timed inputs; a workload without a choice leaves both out."""
    monkeypatch.setattr("generator.measure.run.load_workload", lambda choice, folder, cache, *_: kind(32, 4, 0, cache))
    root = checkout(trial=definition)
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    assert (record.workloads[0].data_set, record.workloads[0].timed_inputs) == (data_set, size)
