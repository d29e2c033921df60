"""The page and the table of what this machine says: agreement by one rule, doubts by their names, remedies beside."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from generator.cli.console_machine import print_machine
from generator.core.attempt import Attempt, NotMeasured
from generator.core.definition import Measurement
from generator.core.errors import FailureCause
from generator.core.record import Failure, SystemDescription
from generator.draw.gallery import Gallery
from generator.pages.edition import pages
from generator.pages.overview.measured import Results
from generator.pages.overview.this_machine import OwnPage
from generator.results.collection import Here, collected
from generator.results.comparability import _of_the_run, _of_the_variant
from generator.results.findings import Findings, analyse
from generator.results.this_machine import REASONS, Doubt, Reason, Standing, ThisMachine, this_machine
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.test_edition import NBSP, cache

__all__ = ["cache"]

TRIAL = imaginary.measurement()
SECOND = TRIAL.model_copy(update={"name": "second"})
STATIC = "onnxruntime-int8-static"


def system(processor: str, **changes: Any) -> dict[str, Any]:
    return {**imaginary.system(), "host_processor_model_name": processor, **changes}


HERE = SystemDescription.model_validate(system("Ours", host_processor_isa=("avx2",)))


def run(name: str, day: int, where: dict[str, Any] | None = None, slower: float = 1.0, **changes: Any) -> Findings:
    """A run of this machine, or of another."""
    times = {"started_at": f"2026-12-{day:02}T09:00:00Z", "finished_at": f"2026-12-{day:02}T09:04:00Z"}
    record = imaginary.record(record_id=name, system=where or HERE.model_dump(mode="json"), **times, **changes)

    def drawn_out(one: Any) -> Any:
        if one.variant != STATIC:
            return one
        return one.model_copy(update={"latencies_ns": tuple(round(slower * ns) for ns in one.latencies_ns)})

    blocks = tuple(
        block.model_copy(update={"rounds": tuple(drawn_out(one) for one in block.rounds)}) for block in record.blocks
    )
    return analyse(TRIAL, record.model_copy(update={"blocks": blocks}))


THERE = system("Theirs", host_processor_isa=("avx2", "avx512f"))


def held(*found: Findings, attempts: tuple[Attempt, ...] = (), local: str = "") -> ThisMachine:
    collection = collected(found, Here(HERE.fingerprint(), frozenset({local})))
    return this_machine([TRIAL, SECOND], collection, HERE, attempts)


def test_equal_answers_agree_and_others_differ_beyond_the_tolerance_and_the_intervals() -> None:
    published = run("b-1", 1, THERE)
    for slower, standing in ((1.0, Standing.AGREES), (1.02, Standing.AGREES), (1.5, Standing.DIFFERS)):
        answer, other = held(published, run("a-1", 2, slower=slower)).answers
        assert answer.standing is standing
        assert other.standing is Standing.NOT_MEASURED


def test_what_cannot_be_told_says_why() -> None:
    published = run("b-1", 1, THERE)
    assert held(run("a-1", 2)).answers[0].doubt is Doubt.ALONE
    assert held(published, run("a-1", 2, tier="smoke")).answers[0].doubt is Doubt.FIRST_LOOK
    threads: dict[str, Any] = {"controls": {**imaginary.fields()["controls"], "threads": 2}}
    other = held(published, run("a-1", 2, **threads)).answers[0]
    assert other.doubt is Doubt.OTHER_CONDITIONS
    assert other.reasons[0] == Reason("threads", "2", "1")


def test_quality_that_is_unknown_here_is_no_difference() -> None:
    """Without labels the gate is not known, or judged by something else; the speeds agree all the same."""
    bare = [{**one, "quality": []} for one in imaginary.fields()["variants"]]
    assert held(run("b-1", 1, THERE), run("a-1", 2, variants=bare)).answers[0].standing is Standing.AGREES


def test_the_reasons_name_instructions_processors_and_versions() -> None:
    provenance = imaginary.fields()["provenance"]
    newer = {**provenance, "packages": {**provenance["packages"], "onnxruntime": "9.9.9"}}
    found = held(run("b-1", 1, THERE), run("a-1", 2, provenance=newer)).answers[0].reasons
    assert Reason("isa_there", "", "avx512f") in found
    assert Reason("host_processor_model_name", "Ours", "Theirs") in found
    assert Reason("package", "9.9.9", provenance["packages"]["onnxruntime"], "onnxruntime") in found


def test_a_run_of_the_same_kind_of_machine_is_held_against_the_published_one_of_that_kind() -> None:
    answer = held(run("a-1", 1), run("a-2", 2), local="a-2").answers[0]
    assert answer.own is not None
    assert answer.published is not None
    assert (answer.own.here.record.record_id, answer.published.record.record_id) == ("a-2", "a-1")
    assert answer.one_kind
    assert not answer.own.speaks
    assert answer.standing is Standing.AGREES


TRIED = Attempt(
    measurement="second",
    tier="standard",
    core=True,
    at=datetime(2026, 12, 3, tzinfo=UTC),
    system=HERE.fingerprint(),
    definition_sha256="f" * 64,
    not_measured=(
        NotMeasured(
            measurement="second", failure=Failure(stage="prepare", message="no way to X", cause=FailureCause.DOWNLOAD)
        ),
    ),
)


def written(machine: ThisMachine, cache: Path, language: Language) -> str:
    results = Results(language, [TRIAL, SECOND], {})
    files = dict(OwnPage(machine, results, Gallery(cache)).files())
    return files["this-machine/index.md"].decode().replace(NBSP, " ")


@pytest.mark.parametrize("language", Language)
def test_the_page_says_what_is_here_what_is_published_and_what_failed(cache: Path, language: Language) -> None:
    say = phrases(language).say
    machine = held(run("b-1", 1, THERE), run("a-1", 2, slower=1.5), attempts=(TRIED,))
    made = written(machine, cache, language)
    for key in ("own_standing.differs", "cause.download", "remedy.download", "own.failed"):
        assert say(key).replace(NBSP, " ") in made
    assert "no way to X" in made
    assert "avx512f" in made
    assert "Theirs" in made
    assert 'id="chart-answers"' in made


@pytest.mark.parametrize("language", Language)
def test_a_machine_without_a_record_and_an_unknown_one_are_told_how_to_measure(cache: Path, language: Language) -> None:
    nothing = written(held(run("b-1", 1, THERE)), cache, language)
    unknown = written(this_machine([TRIAL], collected([run("b-1", 1, THERE)]), None), cache, language)
    for made in (nothing, unknown):
        assert "python -m generator build" in made
        assert "chart-answers" not in made
    assert "Ours" in nothing
    assert "pip install" in unknown


def test_an_attempt_of_another_machine_or_from_before_the_record_is_not_told() -> None:
    elsewhere = TRIED.model_copy(update={"system": "0" * 12})
    assert held(run("a-1", 2), attempts=(elsewhere,)).answers[1].attempt is None
    before = TRIED.model_copy(update={"measurement": TRIAL.name})
    assert held(run("a-1", 1), attempts=(before,)).answers[0].attempt is before
    assert held(run("a-1", 9), attempts=(before,)).answers[0].attempt is None


@pytest.mark.slow
def test_the_site_is_the_same_for_the_same_records_and_machine(cache: Path) -> None:
    collection = collected([run("b-1", 1, THERE), run("a-1", 2)], Here(HERE.fingerprint()))
    suite: list[Measurement] = [TRIAL]
    first, second = (
        {
            (page.language, page.path): page.content
            for page in pages(collection, suite, cache, machine=this_machine(suite, collection, HERE))
        }
        for _ in range(2)
    )
    assert first == second
    assert {("ru", "this-machine/index.md"), ("en", "this-machine/index.md")} <= first.keys()


def test_the_table_in_the_terminal_says_the_same() -> None:
    console = Console(width=160, record=True, file=StringIO())
    print_machine(console, held(run("b-1", 1, THERE), run("a-1", 2, slower=1.5)))
    told = console.export_text()
    assert "differs, 50.0% apart" in told
    assert "Measured: 1 of 2. 0 agree, 1 differ, 0 cannot be told." in told
    assert "Not measured here: second." in told


def test_every_field_that_forbids_a_comparison_has_its_words() -> None:
    record = imaginary.record()
    fields = [name.rpartition(".")[2] for name, _ in (*_of_the_run(record), *_of_the_variant(record, STATIC))]
    assert fields
    assert set(fields) <= set(REASONS)
