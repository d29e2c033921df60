"""Which record speaks: completeness before age, labels before everything, and nobody's own record before a published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from generator.cited.pair import Pair, library
from generator.cited.story import Pick
from generator.results.collection import MOST_SYSTEMS, Here, collected, to_show
from generator.results.findings import Findings, analyse
from generator.results.speaking import by_machine, speaker
from generator.results.summary import Summary, summarise
from tests.pages import imaginary

DYNAMIC, STATIC = "onnxruntime-int8-dynamic", "onnxruntime-int8-static"
CORE = imaginary.measurement().model_copy(
    update={"suite": "core", "core": ("pytorch-fp32", "onnxruntime-fp32", STATIC)}
)
HEADLINE = Pick(measurement=CORE.name)


def run(name: str, day: int, processor: str = "Ours", *, core: bool = False, labels: bool = True) -> Findings:
    """Findings of a run of a machine on a day of December."""
    fields: dict[str, Any] = {
        "record_id": name,
        "system": {**imaginary.system(), "host_processor_model_name": processor},
        "started_at": f"2026-12-{day:02}T09:00:00Z",
        "finished_at": f"2026-12-{day:02}T09:04:00Z",
    }
    record = imaginary.record_of(CORE, core=core, **fields)
    if not labels:
        variants = tuple(
            one.model_copy(update={"quality": tuple(q for q in one.quality if q.reference != "label")})
            for one in record.variants
        )
        record = record.model_copy(update={"variants": variants})
    return analyse(CORE, record)


def names(found: Sequence[Summary]) -> list[str]:
    return [one.record_id for one in found]


def test_of_one_machine_the_most_complete_and_then_the_newest_speaks() -> None:
    old, new = summarise(run("a-1", 1)), summarise(run("a-2", 2))
    core, blind = summarise(run("a-3", 3, core=True)), summarise(run("a-4", 4, labels=False))
    assert names(by_machine([core, old, blind, new])) == ["a-2"]
    assert names(by_machine([core, blind])) == ["a-3"], "labels go before variants"
    blind_core = summarise(run("a-5", 5, core=True, labels=False))
    assert names(by_machine([blind_core, blind])) == ["a-4"]


def test_across_machines_no_core_and_no_unlabelled_record_takes_a_fuller_one_s_place() -> None:
    whole, core, blind = (
        run("a-1", 1),
        run("b-1", 2, "Theirs", core=True),
        run("c-1", 3, "Third", labels=False),
    )
    found = [summarise(one) for one in (whole, core, blind)]
    assert names(by_machine(found)) == ["a-1", "c-1", "b-1"], "the others follow by age"
    assert collected([whole, core, blind]).shown[CORE.name][0].record.record_id == "a-1"


def test_the_article_says_nothing_of_a_core_run_without_labels_while_there_is_a_labelled_one() -> None:
    """Seen on a machine that could not reach the labels: "not measured" stood beside "the gate was failed"."""
    whole, seen = run("a-1", 1), run("b-1", 2, "Theirs", core=True, labels=False)
    shown = collected([whole, seen]).shown
    for order in (shown, {CORE.name: tuple(reversed(shown[CORE.name]))}):
        pair = library([CORE], order).pair(HEADLINE, "w")
        assert isinstance(pair, Pair)
        assert pair.findings.record.record_id == "a-1"
    assert shown[CORE.name][1].record.record_id == "b-1", "it is shown beside"


def test_where_widths_are_of_one_step_the_newest_speaks_and_else_the_narrower() -> None:
    """A step doubles the protocol's goal."""
    wide = summarise(run("a-1", 2))
    assert wide.headline is not None
    near, far = (summarise(run(name, 1, "Theirs")) for name in ("b-1", "b-2"))
    assert names(by_machine([wide, near]))[0] == "a-1"
    point = wide.headline.speedup.point
    for factor, first in ((1.01, "a-1"), (1.05, "b-2")):
        interval = type(wide.headline.speedup.interval)(point / factor, point * factor)
        speedup = replace(wide.headline.speedup, interval=interval)
        widened = replace(wide, headline=replace(wide.headline, speedup=speedup))
        assert names(by_machine([widened, far]))[0] == first


def test_a_record_that_is_not_committed_stands_beside_and_replaces_nothing() -> None:
    published, own = summarise(run("a-1", 1)), summarise(run("b-1", 9, "Reader"))
    assert speaker([published, own]) is own, "as a committed record it is the newest"
    assert speaker([published, own], frozenset({"b-1"})) is published
    assert speaker([own], frozenset({"b-1"})) is own, "where nobody else measured, it is all there is"


def test_the_reader_s_machine_is_shown_however_many_others_there_are() -> None:
    every = [summarise(run(f"m-{day}", day, f"Machine {day}")) for day in range(1, MOST_SYSTEMS + 3)]
    oldest = every[0]
    assert oldest.record_id not in to_show(every)
    shown = to_show(every, Here(oldest.machine))
    assert shown[-1] == oldest.record_id
    assert len(shown) == MOST_SYSTEMS


def test_two_runs_of_one_machine_that_disagree_are_a_caveat_on_both() -> None:
    first = run("a-1", 1)
    slower = imaginary.record_of(CORE, record_id="a-2", system=first.record.system.model_dump(mode="json"))
    blocks = tuple(
        block.model_copy(update={"rounds": tuple(_slowed(one) for one in block.rounds)}) for block in slower.blocks
    )
    second = analyse(CORE, slower.model_copy(update={"blocks": blocks}))
    assert not _denied(collected([first, run("a-3", 3)]).shown[CORE.name][0])
    found = collected([first, second]).shown[CORE.name][0]
    assert _denied(found) == [(STATIC, "a-2" if found.record.record_id == "a-1" else "a-1")]
    elsewhere = collected([run("b-1", 4, "Theirs"), second]).shown[CORE.name]
    assert not any(_denied(one) for one in elsewhere), "another machine may answer otherwise"


def _slowed(one: Any) -> Any:
    if one.variant != STATIC:
        return one
    return one.model_copy(update={"latencies_ns": tuple(round(1.5 * ns) for ns in one.latencies_ns)})


def _denied(findings: Findings) -> list[tuple[Any, Any]]:
    every = [caveat for workload in findings.workloads for caveat in workload.caveats]
    return [(c.values["variant"], c.values["record"]) for c in every if c.key == "another-run-differs"]
