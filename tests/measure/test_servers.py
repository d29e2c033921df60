"""Two servers measured side by side like any two variants, and servers that fail: what a record says of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from generator.cli.main import app
from generator.core.definition_file import load_measurement
from generator.core.errors import DefinitionError, FailureCause
from generator.core.record import Record, Tier
from generator.measure import events
from generator.measure.outcome import NothingMeasured
from generator.measure.run import run_measurement
from generator.results.estimate import Unknown
from generator.results.findings import analyse
from generator.workloads import text_requests
from generator.workloads.sources.data_sets import Taken
from tests.runtimes.openai_server import Behaviour, serving

DEFINITION = """
schema_version = 1
suite = "extended"
published = 2026-12-01
title = {{ru = "Проба", en = "Trial"}}
question = {{ru = "Быстрее ли второй сервер?", en = "Is the second server faster?"}}

[[workloads]]
name = "texts"
kind = "text_requests"
title = {{ru = "Тексты", en = "Texts"}}
options = {{model = "Words-12", prompt_words = 8, new_tokens = 12}}

[[variants]]
name = "one"
runtime = "openai_endpoint"
precision = "fp16"
baseline = true
title = {{ru = "Первый", en = "One"}}
options = {{address = "{one}", model = "words"}}

[[variants]]
name = "two"
runtime = "openai_endpoint"
precision = "fp16"
title = {{ru = "Второй", en = "Two"}}
options = {{address = "{two}", model = "words"}}
"""


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that need no download."""
    words = tuple(f"word{number}" for number in range(200))
    monkeypatch.setattr(text_requests, "first_to_be_had", lambda *arguments: Taken("squad2-dev", words, ()))


@pytest.fixture
def run(checkout: Callable[..., Path], run_context: Callable[..., Any]) -> Callable[..., tuple[Path, Record]]:
    """Measures two servers that behave so."""

    def make(one: Behaviour, two: Behaviour, **changes: Any) -> tuple[Path, Record]:
        with serving(one) as first, serving(two) as second:
            root = checkout(trial=DEFINITION.format(one=first, two=second))
            measurement = load_measurement(root / "measurements/trial")
            return root, run_measurement(measurement, Tier.SMOKE, run_context(root, **changes))

    return make


def _every(sent: Sequence[Sequence[int]]) -> Iterator[float]:
    """Between tokens, as a server itself wrote it down."""
    for moments in sent:
        yield (moments[-1] - moments[0]) / (len(moments) - 1)


def test_two_servers_are_compared_like_any_two_variants(run: Callable[..., tuple[Path, Record]]) -> None:
    """Requests alternate; what the record says of the times is what the servers wrote down, and of what nobody watched
    it claims nothing.
    """
    one, two = Behaviour(first_ms=8, gap_ms=4), Behaviour(first_ms=4, gap_ms=2)
    root, record = run(one, two)
    findings = analyse(load_measurement(root / "measurements/trial"), record)
    (workload,) = findings.workloads
    slow, fast = (workload.variant(name) for name in ("one", "two"))
    assert slow.tokens is not None
    assert fast.tokens is not None
    for found, behaviour in ((slow.tokens, one), (fast.tokens, two)):
        truth = sorted(_every(behaviour.sent_ns))[len(behaviour.sent_ns) // 2]
        assert found.per_token_ns.median == pytest.approx(truth, rel=0.2)  # type: ignore[union-attr]
    assert 1.3 < fast.tokens.ratios["tpot"].point < 2.6
    assert fast.quality_of("same-answer-text").estimate.point == 1  # type: ignore[union-attr]
    assert {"server"} == {caveat.key for caveat in workload.caveats} & {"server", "server-elsewhere", "noisy"}
    assert not any(block.disturbed for block in record.blocks)
    assert (slow.record.artifact, slow.record.runtime_version) == (None, "b1234")
    assert slow.record.runtime_details["tokens of an event known by"] == "usage, one token an event"
    assert slow.record.work is not None
    assert slow.record.work.flops_per_sample is None
    assert isinstance(slow.roofline, Unknown)
    assert slow.energy_estimate is None
    assert record.ceilings is None
    address = slow.record.options["address"]
    assert f"--endpoint one={address} --endpoint two=" in record.provenance.command


def test_a_server_that_fails_costs_its_variant_and_says_why(run: Callable[..., tuple[Path, Record]]) -> None:
    """The other one is still measured; the baseline cannot fail so."""
    _, record = run(Behaviour(), Behaviour("no-token"))
    failure = record.variant("two").failure
    assert failure is not None
    assert (failure.stage, failure.cause) == ("quality", FailureCause.SERVER)
    assert failure.message == "the server sent no token."
    assert record.variant("one").failure is None


def test_a_server_that_stops_in_mid_run_keeps_the_blocks_before(run: Callable[..., tuple[Path, Record]]) -> None:
    """It takes no further part; what was measured of it until then stays in the record."""
    two = Behaviour()

    def tell(event: events.Event) -> None:
        if isinstance(event, events.BlockFinished):
            two.kind = "breaks"

    _, record = run(Behaviour(), two, tell=tell)
    failure = record.variant("two").failure
    assert failure is not None
    assert (failure.stage, failure.cause) == ("timing", FailureCause.SERVER)
    assert "broke off in mid-stream" in failure.message
    (block,) = record.blocks
    assert {one.variant for one in block.rounds if one.answers} == {"one", "two", "control"}


def test_where_no_server_answers_nothing_is_measured(
    checkout: Callable[..., Path], run_context: Callable[..., Any]
) -> None:
    with serving(Behaviour()) as address:
        pass
    root = checkout(trial=DEFINITION.format(one=address, two=address))
    with pytest.raises(NothingMeasured, match=f"no server answers at {address}"):
        run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))


ADDRESSES = [
    pytest.param("127.0.0.1:8080", "is no address of a server", id="no scheme"),
    pytest.param("ftp://host/v1", "is no address of a server", id="another protocol"),
    pytest.param("http://host:port/v1", "is no address", id="no port"),
    pytest.param("http://me:secret@host/v1", "holds a name or a password", id="a password"),
    pytest.param("http://host/v1?key=secret", "holds more than the way", id="a key"),
]


@pytest.mark.parametrize(("address", "problem"), ADDRESSES)
def test_an_address_is_checked_before_anything_is_asked(
    checkout: Callable[..., Path], address: str, problem: str
) -> None:
    root = checkout(trial=DEFINITION.format(one=address, two="http://127.0.0.1:1/v1"))
    with pytest.raises(DefinitionError, match=problem):
        load_measurement(root / "measurements/trial")
    wrong = CliRunner().invoke(app, ["measure", "trial", "--endpoint", address, "--root", str(root)])
    assert wrong.exit_code != 0


def test_a_server_needs_an_address_and_a_model(checkout: Callable[..., Path]) -> None:
    text = DEFINITION.format(one="http://127.0.0.1:1/v1", two="http://127.0.0.1:1/v1")
    root = checkout(trial=text.replace(', model = "words"', "", 1))
    with pytest.raises(DefinitionError, match="runtime 'openai_endpoint' needs the option 'model'"):
        load_measurement(root / "measurements/trial")


def test_where_the_servers_are_is_no_part_of_what_is_measured(checkout: Callable[..., Path]) -> None:
    """So a person gives their own, and whoever has the same definition has a comparable record."""
    root = checkout(trial=DEFINITION.format(one="http://127.0.0.1:1/v1", two="http://127.0.0.1:2/v1"))
    measurement = load_measurement(root / "measurements/trial")
    moved = measurement.at({"": "http://elsewhere:8000/v1", "two": "http://127.0.0.1:3/v1"})
    assert [one.options["address"] for one in moved.variants] == ["http://elsewhere:8000/v1", "http://127.0.0.1:3/v1"]
    assert moved.fingerprint() == measurement.fingerprint()
    other = measurement.variants[0].model_copy(update={"options": {**measurement.variants[0].options, "model": "x"}})
    assert measurement.model_copy(update={"variants": (other, measurement.variants[1])}).fingerprint() != (
        measurement.fingerprint()
    )


ENDPOINTS = [
    pytest.param("three=http://127.0.0.1:1/v1", "no server computes a variant 'three'", id="no such variant"),
    pytest.param("nowhere", "is no address of a server", id="no address"),
]


@pytest.mark.parametrize(("endpoint", "problem"), ENDPOINTS)
def test_an_endpoint_that_fits_nothing_is_refused(checkout: Callable[..., Path], endpoint: str, problem: str) -> None:
    root = checkout(trial=DEFINITION.format(one="http://127.0.0.1:1/v1", two="http://127.0.0.1:2/v1"))
    done = CliRunner().invoke(app, ["measure", "trial", "--endpoint", endpoint, "--root", str(root)])
    assert done.exit_code == 2
    assert problem in " ".join(done.output.replace("│", " ").split())
