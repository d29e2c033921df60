"""What goes wrong costs what it belongs to: each kind of trouble is provoked at its own seam."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition import Measurement
from generator.core.definition_file import load_measurement
from generator.core.errors import (
    AssetError,
    FailureCause,
    GeneratorError,
    HashError,
    IndexSilent,
    IsolationError,
    MissingPackage,
    PreparationError,
    StorageError,
)
from generator.core.record import Record, StopReason, Tier
from generator.core.record_file import load_records
from generator.measure import journal, outcome
from generator.measure import run as running
from generator.measure.outcome import NothingMeasured, not_measured
from generator.measure.prepare import PreparedWorkload
from generator.measure.run import run_measurement
from generator.measure.run_context import RunContext
from generator.measure.workload_run import workload_runs
from generator.results.findings import analyse
from generator.workloads.synthetic import Synthetic

Make = Callable[..., Any]


def _breaking(monkeypatch: pytest.MonkeyPatch, member: str, error: BaseException) -> None:
    """Let the workload "others" raise when it is asked for this."""
    real = running.load_workload

    def raising(*_: object) -> Any:
        raise error

    def load(choice: Any, *arguments: Any) -> Any:
        workload = real(choice, *arguments)
        if choice.name != "others":
            return workload
        return type("Broken", (Synthetic,), {member: raising})(20, 4, 5, workload.cache)

    monkeypatch.setattr(running, "load_workload", load)


def _run(root: Path, run_context: Make, tier: Tier = Tier.SMOKE, **changes: object) -> Record:
    return run_measurement(load_measurement(root / "measurements/trial"), tier, run_context(root, **changes))


def _prepared(measurement: Measurement, index: int, context: RunContext) -> PreparedWorkload:
    """One workload as a run of it is prepared."""
    asked = workload_runs(measurement, Tier.SMOKE, measurement.part(context.core))[index]
    return running._prepared(asked, context.root / "measurements/trial", context)


TROUBLES = [
    (AssetError("squad2-dev", "there is no network, or no way to VinACE/san_mrc", "Try again later."), "download"),
    (HashError("digits", "the wheel has another hash than the catalogue says", "Do not use it."), "hash"),
    (MissingPackage("pooch", "measure", "digits"), "package"),
    (PreparationError("mtcnn", "it does not export", "Report it."), "export"),
    (StorageError(".cache/assets", "the disk is full", "Free some space."), "disk"),
    (OSError(errno.ENOSPC, "No space left on device"), "disk"),
    (ModuleNotFoundError("No module named 'mine'"), "package"),
    (ZeroDivisionError("division by zero"), "unexpected"),
    (RuntimeError("\ud800 is half a character"), "unexpected"),
]


@pytest.mark.parametrize("member", ["samples", "timed_samples"])
@pytest.mark.parametrize(("error", "cause"), TROUBLES, ids=[f"{type(e).__name__}" for e, _ in TROUBLES])
def test_whatever_a_workload_raises_has_its_cause(
    checkout: Make,
    run_context: Make,
    two_workloads: str,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    cause: str,
    member: str,
) -> None:
    """Its inputs are not to be had: no exception gets out, and every variant has the reason."""
    _breaking(monkeypatch, member, error)
    root = checkout(trial=two_workloads)
    measurement = load_measurement(root / "measurements/trial")
    lost = _prepared(measurement, 1, run_context(root))
    assert {name: (one.stage, one.cause) for name, one in lost.failures.items()} == {
        "other-slow": ("prepare", cause),
        "other-fast": ("prepare", cause),
    }
    assert next(iter(lost.failures.values())).model_dump_json().encode()


@pytest.mark.parametrize(("error", "cause"), TROUBLES, ids=[f"{type(e).__name__}" for e, _ in TROUBLES])
def test_whatever_a_model_raises_costs_the_variants_that_need_it(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    """Weights, an export, a training: the inputs are known all the same."""
    _breaking(monkeypatch, "model", error)
    root = checkout(trial=two_workloads)
    measurement = load_measurement(root / "measurements/trial")
    lost = _prepared(measurement, 1, run_context(root))
    assert {one.cause for one in lost.failures.values()} == {cause}
    assert lost.record.samples == 20


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=["Ctrl-C", "exit"])
def test_an_interruption_is_no_failure(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    _breaking(monkeypatch, "samples", error)
    with pytest.raises(type(error)):
        _run(checkout(trial=two_workloads), run_context)


def test_a_workload_that_cannot_be_prepared_costs_nothing_else(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variants say why and what is not known of it is null; the other workload has its exact ratio."""
    error, cause = TROUBLES[0]
    _breaking(monkeypatch, "samples", error)
    root = checkout(trial=two_workloads)
    record = _run(root, run_context)
    lost = next(one for one in record.workloads if one.name == "others")
    assert (lost.model, lost.data_sha256, lost.samples, lost.timed_samples) == (None, None, None, None)
    assert record.stop_reason["others"] is StopReason.FAILED
    for name in ("other-slow", "other-fast"):
        failure = record.variant(name).failure
        assert failure is not None
        assert (failure.stage, failure.cause) == ("prepare", cause)
    assert [(one.workload, one.variant) for one in not_measured("trial", record.variants)] == [("others", None)]
    (read,) = load_records(root / "measurements/trial/records")
    assert read == record
    found = analyse(load_measurement(root / "measurements/trial"), record).workloads[0].variant("fast")
    assert found.against_baseline is not None
    assert found.against_baseline.speedup.point == pytest.approx(2)


def test_an_unexpected_exception_leaves_its_traceback(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote the workload needs the line."""
    _breaking(monkeypatch, "samples", ZeroDivisionError("division by zero"))
    failure = _run(checkout(trial=two_workloads), run_context).variant("other-slow").failure
    assert failure is not None
    assert failure.message == "ZeroDivisionError: division by zero"
    assert "in raising" in failure.last_lines
    assert failure.last_lines.endswith("ZeroDivisionError: division by zero\n")


def test_a_contributed_workload_that_cannot_be_imported_costs_nothing_else(
    checkout: Make, run_context: Make, two_workloads: str
) -> None:
    """`workload.py` of a folder is anybody's code."""
    root = checkout(
        trial=two_workloads.replace('name = "others"\nkind = "synthetic"', 'name = "others"\nkind = "workload.py"')
    )
    (root / "measurements/trial/workload.py").write_text("1 / 0\n", "utf-8")
    record = _run(root, run_context)
    failure = record.variant("other-slow").failure
    assert failure is not None
    assert failure.cause is FailureCause.DEFINITION
    assert "measurements/trial/workload.py: raises ZeroDivisionError" in failure.message
    assert record.variant("fast").failure is None


@pytest.mark.parametrize("core", [False, True])
def test_what_the_suite_leaves_out_stays_left_out(
    checkout: Make, run_context: Make, core_definition: str, monkeypatch: pytest.MonkeyPatch, core: bool
) -> None:
    """A workload that was not asked for has not failed."""
    _breaking(monkeypatch, "samples", AssetError("x", "gone", ""))
    root = checkout(trial=core_definition)
    measurement = load_measurement(root / "measurements/trial")
    lost = _prepared(measurement, 1, run_context(root, core=core))
    assert {one.lacks for one in lost.failures.values()} == {"core" if core else None}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (IndexSilent("environment of numpy 1.26.4", "there is no network", "Connect."), "download"),
        (IsolationError("environment of numpy 1.26.4", "the index has no such wheel", ""), "install"),
        (StorageError("environment of numpy 1.26.4", "the disk is full", "Free some space."), "disk"),
        (PermissionError(errno.EACCES, "Permission denied"), "disk"),
        (KeyError("surprise"), "unexpected"),
    ],
)
def test_a_variant_that_cannot_be_prepared_costs_nothing_else(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    """One of three: the other two are compared."""

    def isolated(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("generator.measure.prepare.isolated", isolated)
    third = (
        '[[variants]]\nname = "third"\nruntime = "fake"\nprecision = "fp32"\ntitle = {ru = "Т", en = "T"}\n'
        'environment = ["numpy==1.26.4"]\n'
    )
    record = _run(checkout(trial=definition + third), run_context)
    failure = record.variant("third").failure
    assert failure is not None
    assert (failure.stage, failure.cause) == ("prepare", cause)
    assert record.variant("fast").failure is None
    assert record.blocks


def test_a_runtime_that_is_not_installed_costs_its_variants(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without PyTorch measures what needs none."""
    third = '[[variants]]\nname = "third"\nruntime = "pytorch"\nprecision = "fp32"\ntitle = {ru = "Т", en = "T"}\n'
    from generator.measure import prepare

    real = prepare.importlib.util.find_spec
    monkeypatch.setattr(prepare.importlib.util, "find_spec", lambda name: None if name == "torch" else real(name))
    record = _run(checkout(trial=definition + third), run_context)
    failure = record.variant("third").failure
    assert failure is not None
    assert failure.cause is FailureCause.PACKAGE
    assert "pip install -e '.[measure]'" in failure.message
    assert record.blocks


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), AssetError("labels", "gone", "")], ids=str)
def test_code_that_cannot_judge_answers_costs_its_workload(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """`observe` is a contributor's too; without its baseline the workload has nothing to compare."""
    _breaking(monkeypatch, "observe", error)
    record = _run(checkout(trial=two_workloads), run_context)
    baseline, other = record.variant("other-slow").failure, record.variant("other-fast").failure
    assert baseline is not None
    assert other is not None
    assert baseline.stage == "quality"
    assert other.cause is FailureCause.BASELINE
    assert record.variant("fast").failure is None
    # One line says it: the variant that has nothing to be compared with is no failure of its own.
    assert [(one.workload, one.variant) for one in not_measured("trial", record.variants)] == [("others", None)]


def test_answers_that_nobody_can_judge_are_called_so(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that answers nonsense has not died."""
    from generator.core.errors import WorkerError

    _breaking(monkeypatch, "observe", WorkerError("quality", "the answer to sample 3 is not finite"))
    failure = _run(checkout(trial=two_workloads), run_context).variant("other-slow").failure
    assert failure is not None
    assert failure.cause is FailureCause.ANSWER


@pytest.mark.parametrize(("how", "cause"), [("crash", "crash"), ("error", "crash"), ("hang", "timeout")])
def test_a_worker_that_dies_or_hangs_says_which(
    checkout: Make, run_context: Make, definition: str, how: str, cause: str
) -> None:
    bad = definition.replace("outputs = 1}", f'outputs = 1, fail_after = 5, fail_how = "{how}"}}')
    record = _run(checkout(trial=bad), run_context, timeout_s=2.0)
    failure = record.variant("fast").failure
    assert failure is not None
    assert failure.cause == cause


def test_an_unexpected_exception_while_timing_costs_its_workload(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system refuses a process in the middle of a block: the other workload goes on."""
    real = running.measure_block

    def refusing(jobs: Any, plan: Any, probe: Any) -> Any:
        if plan.workload == "numbers":
            raise OSError(errno.EMFILE, "Too many open files")
        return real(jobs, plan, probe)

    monkeypatch.setattr(running, "measure_block", refusing)
    record = _run(checkout(trial=two_workloads), run_context)
    failure = record.variant("fast").failure
    assert failure is not None
    assert (failure.stage, failure.cause) == ("timing", "unexpected")
    assert record.stop_reason["numbers"] is StopReason.FAILED
    assert {block.workload for block in record.blocks} == {"others"}


def test_ceilings_that_cannot_be_measured_cost_nothing_else(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch, definition: str
) -> None:
    """What bounds the machine stands beside the results, and is none of them."""

    def failing(threads: int) -> Any:
        raise StorageError("ceilings", "the disk is full", "Free some space.")

    root = checkout(trial=definition)
    where = run_context(root, ceilings=failing)
    real = load_measurement(root / "measurements/trial")
    run = running._Run(real, Tier.SMOKE, where, [_prepared(real, 0, where)])
    assert run._ceilings() is None


def test_a_full_disk_in_the_middle_keeps_the_blocks_and_ends_the_measurement(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC at the journal's own fsync: what was kept before is read again by the next run, which goes on."""
    root, real, written = checkout(trial=definition), os.fsync, list[int]()

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(journal.os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            _run(root, run_context, Tier.STANDARD)
    kept = (root / ".cache/runs/trial-standard.jsonl").read_text("utf-8").count('"kind": "block"')
    assert kept >= 2
    measured = list[int]()
    block = running.measure_block
    monkeypatch.setattr(
        running, "measure_block", lambda jobs, plan, probe: measured.append(plan.index) or block(jobs, plan, probe)
    )
    record = _run(root, run_context, Tier.STANDARD)
    assert len(record.blocks) == 6
    assert min(measured) >= kept - 1  # the block that was being written may have to be measured again


def test_what_was_not_to_be_had_is_measured_by_the_run_that_goes_on(
    checkout: Make, run_context: Make, two_workloads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted without a network, repeated with one: the blocks of the other workload are kept."""
    root = checkout(trial=two_workloads)
    with monkeypatch.context() as patched:
        _breaking(patched, "samples", AssetError("x", "there is no network", "Connect."))
        patched.setattr(running._Run, "record", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            _run(root, run_context)
    timed = list[str]()
    block = running.measure_block
    monkeypatch.setattr(
        running, "measure_block", lambda jobs, plan, probe: timed.append(plan.workload) or block(jobs, plan, probe)
    )
    record = _run(root, run_context)
    assert set(timed) == {"others"}
    assert {one.workload for one in record.blocks} == {"numbers", "others"}
    assert not any(one.failure for one in record.variants)
    assert record.sittings == 2


def test_a_run_in_isolated_environments_goes_on_where_it_stopped(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its environments hold comes out of the journal as it went in."""
    import sys

    from generator.runtimes.environment import Environment

    made = Environment(Path(sys.executable), ("python==3.11.7", "numpy==1.26.4"))
    monkeypatch.setattr("generator.measure.prepare.isolated", lambda *_: made)
    root = checkout(trial=definition.replace("outputs = 1}", 'outputs = 1}\nenvironment = ["numpy==1.26.4"]'))
    with monkeypatch.context() as patched:
        patched.setattr(running._Run, "record", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            _run(root, run_context)
    monkeypatch.setattr(running, "measure_block", lambda *_: pytest.fail("measured again"))
    assert _run(root, run_context).blocks


def test_nothing_at_all_makes_no_record(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record holds what was measured; an error says for each workload what was not, and why."""
    monkeypatch.setattr(
        running, "load_workload", lambda *_: (_ for _ in ()).throw(AssetError("digits", "gone", "Try later."))
    )
    root = checkout(trial=definition)
    with pytest.raises(NothingMeasured, match="nothing could be measured: digits: gone") as caught:
        _run(root, run_context)
    (lost,) = caught.value.found
    assert (lost.measurement, lost.workload, lost.variant, lost.failure.cause) == ("trial", "numbers", None, "download")
    assert not (root / "measurements/trial/records").exists()


def test_an_error_says_its_cause_by_its_class() -> None:
    """Every error of ours that can end a measurement has words on the pages: none is told by its text."""
    told = {one.__name__: one.cause for one in _subclasses(GeneratorError)}
    assert told["HashError"] is FailureCause.HASH
    assert told["HungWorker"] is FailureCause.TIMEOUT
    assert outcome.failure("prepare", OSError(errno.EDQUOT, "x")).cause is FailureCause.DISK
    assert outcome.failure("prepare", OSError("x")).cause is FailureCause.UNEXPECTED


def _subclasses(of: type[GeneratorError]) -> list[type[GeneratorError]]:
    return [one for each in of.__subclasses__() for one in (each, *_subclasses(each))]
