"""run: from a definition to a record, with exact numbers, interruptions and failures."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.definition import CONTROL, Measurement
from generator.core.definition_file import load_measurement
from generator.core.errors import StorageError
from generator.core.record import Record, StopReason, Tier
from generator.core.record_file import load_records
from generator.measure import block, events, journal
from generator.measure.cores import core_groups
from generator.measure.outcome import NothingMeasured
from generator.measure.run import run_measurement
from generator.measure.system import this_boot
from generator.results.comparison import Verdict
from generator.results.findings import Findings, analyse

Make = Callable[..., Any]


def _measurement(root: Path) -> Measurement:
    return load_measurement(root / "measurements/trial")


def _findings(root: Path, record: Record) -> Findings:
    return analyse(_measurement(root), record)


def test_stated_latencies_come_back_as_the_exact_ratio(checkout: Make, run_context: Make) -> None:
    """The whole path from definition to finding: 2 ms against 1 ms is exactly 2, at the goal after six blocks."""
    root = checkout()
    record = run_measurement(_measurement(root), Tier.STANDARD, run_context(root))
    assert record.stop_reason == {"numbers": StopReason.GOAL}
    assert len(record.blocks) == 6
    found = _findings(root, record).workloads[0]
    fast = found.variant("fast")
    assert fast.against_baseline is not None
    assert fast.against_baseline.speedup.point == pytest.approx(2)
    assert fast.against_baseline.speedup.interval.low == pytest.approx(2 * math.exp(-0.005))
    assert fast.against_baseline.verdict is Verdict.FASTER
    assert fast.latency is not None
    assert (fast.latency.p50_ns.median, fast.latency.p50_ns.least, fast.latency.p50_ns.most) == (1e6, 1e6, 1e6)
    assert fast.latency.samples_per_second.median == pytest.approx(1000)
    assert found.control is not None
    assert found.control.speedup.point == pytest.approx(1)


def test_quality_is_what_the_fake_answers(checkout: Make, run_context: Make) -> None:
    """One wrong answer in ten of 20 samples: 18 of 20 right; the first call at loading is not among them."""
    root = checkout()
    found = _findings(root, run_measurement(_measurement(root), Tier.SMOKE, run_context(root))).workloads[0]
    slow, fast = found.variant("slow").quality_of("top-1"), found.variant("fast").quality_of("top-1")
    assert slow is not None
    assert fast is not None
    assert slow.estimate.point == 1
    assert fast.estimate.point == 0.9
    assert fast.estimate.interval.low < 0.9 < fast.estimate.interval.high


@pytest.mark.parametrize(
    ("cores", "threads", "groups"),
    [
        ((), 1, [()]),
        ((3,), 1, [(3,)]),
        ((0, 2, 5), 1, [(0,), (2,), (5,)]),
        ((0, 2, 5), 2, [(0, 2)]),
        ((0, 1), 4, [(0, 1)]),
        (tuple(range(64)), 8, [tuple(range(first, first + 8)) for first in (0, 8, 16, 24)]),
    ],
)
def test_workers_side_by_side_share_no_core(cores: tuple[int, ...], threads: int, groups: list[object]) -> None:
    assert core_groups(cores, threads, most=4) == groups


def test_answers_come_in_order_however_many_workers_give_them(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch, definition: str
) -> None:
    """The first few of every ten samples are answered wrongly, by their place among all of them."""
    found = []  # type: ignore[var-annotated]
    for cores in ((), (0,), (0, 0), (0, 0, 0)):  # a core that stands twice is one for each of two workers
        monkeypatch.setattr("generator.measure.run.available_cores", lambda cores=cores: cores)
        root = checkout(**{f"trial-{len(found)}": definition.replace("samples = 20", "samples = 107")})
        record = run_measurement(
            load_measurement(root / f"measurements/trial-{len(found)}"), Tier.SMOKE, run_context(root)
        )
        fast = record.variant("fast")
        assert fast.answering_workers == max(1, len(cores))
        found.append(fast.quality)
    assert found == [found[0]] * 4


def test_the_baseline_takes_part_twice(checkout: Make, run_context: Make) -> None:
    """Every block holds the A/A control, and every cycle one round of each participant."""
    root = checkout()
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    for one in record.blocks:
        assert {worker.variant for worker in one.workers} == {"slow", "fast", CONTROL}
        cycles = [[r.variant for r in one.rounds if r.cycle == c] for c in range(max(r.cycle for r in one.rounds) + 1)]
        assert all(sorted(cycle) == [CONTROL, "fast", "slow"] for cycle in cycles)
        assert len(cycles) % 2 == 0


def test_order_is_random_and_repeats_with_the_seed(checkout: Make, run_context: Make) -> None:
    """Orders differ between cycles; the same seed gives the same run."""
    root = checkout()
    first = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    second = run_measurement(_measurement(root), Tier.SMOKE, run_context(root, now=_later()))
    orders = {tuple(r.variant for r in first.blocks[0].rounds if r.cycle == cycle) for cycle in range(6)}
    assert len(orders) > 1
    assert [r.variant for r in first.blocks[0].rounds] == [r.variant for r in second.blocks[0].rounds]


def _later() -> Callable[[], Any]:
    from datetime import UTC, datetime

    return lambda: datetime(2026, 11, 24, tzinfo=UTC)


def test_noisy_variants_go_on_beyond_six_blocks_and_stop_at_the_most(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interval that stays wide ends at the tier's most blocks, and the record says so."""
    root = checkout(trial=definition)
    real = block.measure_block
    chance = random.Random(1)

    def wobbling(jobs: Any, plan: Any, probe: Any) -> Any:
        measured = real(jobs, plan, probe)
        factor = math.exp(chance.gauss(0, 0.3))
        rounds = tuple(
            r.model_copy(update={"latencies_ns": tuple(max(1, round(ns * factor)) for ns in r.latencies_ns)})
            if r.variant == "fast"
            else r
            for r in measured.rounds
        )
        return measured.model_copy(update={"rounds": rounds})

    monkeypatch.setattr("generator.measure.run.measure_block", wobbling)
    record = run_measurement(_measurement(root), Tier.STANDARD, run_context(root))
    assert record.stop_reason == {"numbers": StopReason.BLOCKS}
    assert len(record.blocks) == 20
    assert "goal-not-reached" in [c.key for c in _findings(root, record).workloads[0].caveats]


@pytest.mark.parametrize(
    ("how", "message"),
    [("crash", "exited with status 70"), ("error", "failing as told"), ("hang", "did not answer .* within 2 s")],
)
@pytest.mark.parametrize("after", [5, 900], ids=["during quality", "during timing"])
def test_a_failing_variant_is_reported_and_the_others_go_on(
    checkout: Make, run_context: Make, definition: str, how: str, message: str, after: int
) -> None:
    """A crash, an error and a hang each end one variant with its reason; the others are measured, nothing is lost."""
    third = definition + (
        '[[variants]]\nname = "bad"\nruntime = "fake"\nprecision = "int8"\ntitle = {ru = "П", en = "B"}\n'
        f'options = {{latency_ns = 1_000_000, fail_after = {after}, fail_how = "{how}"}}\n'
    )
    root = checkout(trial=third)
    tier = Tier.SMOKE if after == 5 else Tier.STANDARD  # a smoke block has fewer queries than the audit before it
    record = run_measurement(_measurement(root), tier, run_context(root, timeout_s=2.0))
    failure = record.variant("bad").failure
    assert failure is not None
    assert failure.stage == ("quality" if after == 5 else "timing")
    assert __import__("re").search(message, failure.message)
    if how == "crash":
        assert "crashing as told" in failure.last_lines
    found = _findings(root, record).workloads[0]
    assert found.variant("bad").against_baseline is None
    fast = found.variant("fast").against_baseline
    assert fast is not None
    assert fast.speedup.point == pytest.approx(2)


def test_a_failing_baseline_leaves_nothing_to_compare(checkout: Make, run_context: Make, definition: str) -> None:
    """Without its baseline a workload has no result; where there is no other, no record holds nothing."""
    bad = definition.replace("{latency_ns = 2_000_000}", '{latency_ns = 2_000_000, fail_after = 3, fail_how = "crash"}')
    root = checkout(trial=bad)
    with pytest.raises(NothingMeasured, match="exited with status 70") as caught:
        run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    assert [(one.workload, one.failure.cause) for one in caught.value.found] == [("numbers", "crash")]
    assert not list((root / ".cache/runs").iterdir())  # the next run tries it again


class _StopAt:
    """Interrupts the run, as Ctrl-C does, when the block of this index is done."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.BlockFinished) and event.index == self.index:
            raise KeyboardInterrupt


@pytest.mark.parametrize("index", [0, 3])
def test_an_interrupted_run_goes_on_with_its_finished_blocks(
    checkout: Make, run_context: Make, listener: Any, index: int
) -> None:
    """Ctrl-C keeps finished blocks; the next run measures only what is missing, and the record tells of two sittings."""
    root = checkout()
    with pytest.raises(KeyboardInterrupt):
        run_measurement(_measurement(root), Tier.STANDARD, run_context(root, tell=_StopAt(index)))
    assert not (root / "measurements/trial/records").exists()
    record = run_measurement(_measurement(root), Tier.STANDARD, run_context(root, seed=99))
    assert events.Resumed(index + 1) in listener.events
    measured = [e for e in listener.events if isinstance(e, events.BlockFinished)]
    assert len(measured) == 6 - (index + 1)
    assert record.sittings == 2
    assert record.controls.seed == 7
    assert [b.index for b in record.blocks] == list(range(6))


def test_a_changed_definition_starts_afresh(checkout: Make, run_context: Make, definition: str, listener: Any) -> None:
    """Blocks of another definition never count."""
    root = checkout()
    with pytest.raises(KeyboardInterrupt):
        run_measurement(_measurement(root), Tier.STANDARD, run_context(root, tell=_StopAt(2)))
    changed = definition.replace("1_000_000", "500_000")
    (root / "measurements/trial/measurement.toml").write_text(changed, "utf-8")
    record = run_measurement(_measurement(root), Tier.STANDARD, run_context(root))
    assert not [e for e in listener.events if isinstance(e, events.Resumed)]
    assert record.sittings == 1


def test_a_journal_line_cut_short_is_measured_again(checkout: Make, run_context: Make) -> None:
    """A crash in the middle of writing a block loses that block and no other."""
    root = checkout()
    with pytest.raises(KeyboardInterrupt):
        run_measurement(_measurement(root), Tier.STANDARD, run_context(root, tell=_StopAt(2)))
    path = root / f".cache/runs/trial-standard.{this_boot()}.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text[: len(text) - 200], "utf-8")
    record = run_measurement(_measurement(root), Tier.STANDARD, run_context(root))
    assert [b.index for b in record.blocks] == list(range(6))


def test_a_full_disk_is_one_message_and_keeps_the_blocks(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the record cannot be written, the journal stays, and the next run only writes."""
    root = checkout()

    def full(path: Path, text: str) -> None:
        raise StorageError(str(path), "it cannot be written: No space left on device", "Make room.")

    with monkeypatch.context() as patched:
        patched.setattr("generator.measure.run.write_whole", full)
        with pytest.raises(StorageError, match="No space left"):
            run_measurement(_measurement(root), Tier.STANDARD, run_context(root))
    monkeypatch.setattr("generator.measure.run.measure_block", lambda *_: pytest.fail("measured again"))
    assert len(run_measurement(_measurement(root), Tier.STANDARD, run_context(root)).blocks) == 6


def test_write_whole_reports_a_full_disk_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC in the middle of writing leaves neither the file nor a rest of it."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal.os, "fsync", full)
    with pytest.raises(StorageError, match=r"it cannot be written: No space left on device\. Make room"):
        journal.write_whole(tmp_path / "a.json", "text")
    assert list(tmp_path.iterdir()) == []


def test_records_are_never_overwritten(checkout: Make, run_context: Make) -> None:
    """Two runs in the same second: the second is refused, the first stays."""
    root = checkout()
    frozen = _later()
    first = run_measurement(_measurement(root), Tier.SMOKE, run_context(root, now=frozen))
    with pytest.raises(StorageError, match="never overwritten"):
        run_measurement(_measurement(root), Tier.SMOKE, run_context(root, now=frozen))
    assert load_records(root / "measurements/trial/records") == (first,)


def test_record_says_what_was_run(checkout: Make, run_context: Make) -> None:
    """Provenance, controls and hashes are all there."""
    root = checkout()
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    assert record.provenance.definition_sha256 == _measurement(root).fingerprint()
    assert record.provenance.command == "python -m generator measure trial --tier smoke"
    assert record.controls.environment["OMP_NUM_THREADS"] == "1"
    assert record.workloads[0].samples == 20
    assert json.loads(record.model_dump_json())["variants"][1]["options"]["latency_ns"] == 1_000_000


def test_timed_answers_are_those_that_quality_was_measured_on(
    checkout: Make, run_context: Make, definition: str
) -> None:
    """Like TEST01: an honest variant's timed answers equal its own; one that answers differently is found out."""
    root = checkout(trial=definition)
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    audit = record.variant("fast").audit
    assert audit is not None
    assert (audit.answers_compared, audit.answers_differing, audit.largest_difference) == (16, 0, 0)
    other = audit.model_copy(update={"answers_differing": 3})
    variants = tuple(v.model_copy(update={"audit": other}) if v.name == "fast" else v for v in record.variants)
    found = _findings(root, record.model_copy(update={"variants": variants}))
    assert [c.values for c in found.workloads[0].caveats if c.key == "timed-answers-differ"] == [
        {"variant": "fast", "count": 3}
    ]


def test_an_answer_that_changes_under_timing_is_noticed(
    checkout: Make, run_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is between the two runs, not of one with itself: other quality answers are all different."""
    from generator.measure import observe

    root = checkout()
    real = observe.answers

    def doubled(*arguments: Any) -> Any:
        given = real(*arguments)
        return dataclasses.replace(given, outputs=[{"y": one["y"] * 2} for one in given.outputs])

    monkeypatch.setattr(observe, "answers", doubled)
    audit = run_measurement(_measurement(root), Tier.SMOKE, run_context(root)).variant("slow").audit
    assert audit is not None
    assert audit.answers_differing == 16
    assert audit.largest_difference == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([7, 8], [7, 8], 0.0),
        ([7, 8], [7, 9], 1.0),
        ([7, 8, 0], [7, 8], 1.0),
        ([1.0], [1.0, 2.0], 1.0),
    ],
    ids=["numbers", "equal tokens", "another token", "one token more", "another shape"],
)
def test_near_tokens_are_no_near_answers(ours: list[float], theirs: list[float], expected: float) -> None:
    """Of numbers the audit takes how far they lie apart; of tokens and classes, whether they are the same."""
    from generator.measure.outputs import _difference

    assert _difference({"y": np.array(ours)}, {"y": np.array(theirs)}) == expected


def test_a_repeated_sample_that_is_faster_is_called_out(checkout: Make, run_context: Make, definition: str) -> None:
    """Like TEST04: the record keeps both medians, and a tenth less for the repeated sample is a caveat."""
    root = checkout(trial=definition)
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    audit = record.variant("slow").audit
    assert audit is not None
    assert set(audit.repeated_ns) == set(audit.varied_ns) == {2_000_000}
    cached = audit.model_copy(update={"repeated_ns": (1_000_000,) * 10})
    variants = tuple(v.model_copy(update={"audit": cached}) if v.name == "slow" else v for v in record.variants)
    found = _findings(root, record.model_copy(update={"variants": variants}))
    assert "repeated-faster" in [c.key for c in found.workloads[0].caveats]


def test_the_core_suite_measures_its_part_and_says_what_it_left_out(
    checkout: Make, run_context: Make, core_definition: str, listener: Any
) -> None:
    """What is left out is neither prepared nor started, and is no failure; the command says that it was the core."""
    root = checkout(trial=core_definition)
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root, core=True))
    assert [one.name for one in record.variants if one.left_out] == ["third", "other-slow", "other-fast"]
    assert record.core_only
    assert not any(one.failed for one in record.variants)
    assert {worker.variant for one in record.blocks for worker in one.workers} == {"slow", "fast", CONTROL}
    assert record.stop_reason.keys() == {"numbers"}
    assert [record.compared(name) for name in ("numbers", "others")] == [1, 0]
    assert record.provenance.command.endswith("measure trial --tier smoke --suite core")
    prepared = [event.text for event in listener.events if isinstance(event, events.Preparing)]
    assert not [what for what in prepared if "third" in what or "other-" in what]
    assert not [event for event in listener.events if isinstance(event, events.VariantLacking)]
    found = _findings(root, record)
    assert [one.left_out for one in found.workloads] == [False, True]
    assert found.workloads[0].variant("fast").against_baseline is not None


def test_an_interrupted_core_run_is_not_taken_for_a_whole_one(
    checkout: Make, run_context: Make, core_definition: str, listener: Any
) -> None:
    """Or else the whole run's record would lack what the core leaves out."""
    root = checkout(trial=core_definition)
    with pytest.raises(KeyboardInterrupt):
        run_measurement(_measurement(root), Tier.SMOKE, run_context(root, tell=_StopAt(0), core=True))
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root))
    assert not [e for e in listener.events if isinstance(e, events.Resumed)]
    assert not record.core_only
    assert record.stop_reason.keys() == {"numbers", "others"}


def test_a_core_without_a_list_is_everything(checkout: Make, run_context: Make) -> None:
    root = checkout()
    record = run_measurement(_measurement(root), Tier.SMOKE, run_context(root, core=True))
    assert not record.core_only
    assert record.provenance.command.endswith("measure trial --tier smoke")
