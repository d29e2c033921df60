"""arrivals: a record of another machine is kept when it is sound and what was asked for, else put aside and not lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.cli.cluster import doubts
from generator.core.definition import Measurement
from generator.core.definition_file import load_measurement
from generator.core.record import Record, Tier
from generator.core.record_file import dump_record, load_records, seal_of
from generator.measure.fleet import arrivals
from generator.measure.fleet.arrivals import Arrivals, Errand, PutAside
from generator.measure.fleet.remote import Checkout
from tests.pages import imaginary

Data = dict[str, Any]


@pytest.fixture(scope="module")
def sound() -> Record:
    return imaginary.record()


@pytest.fixture(scope="module")
def measurement(sound: Record) -> Measurement:
    return load_measurement(imaginary.FOLDER)


@pytest.fixture
def received(tmp_path: Path, sound: Record) -> Arrivals:
    ours = Checkout("1", "abc", False, sound.provenance.code_sha256, {})
    return Arrivals(tmp_path / "measurements", tmp_path / "aside", ours, doubts)


def _sealed(sound: Record, measurement: Measurement, change: Callable[[Data], Any] = lambda data: None) -> bytes:
    """The record of the current definition with something changed, sealed anew: only the change is wrong."""
    data = json.loads(dump_record(sound))
    data["provenance"]["definition_sha256"] = measurement.fingerprint()
    change(data)
    return json.dumps({**data, "sha256": seal_of(data)}).encode()


def _keep(received: Arrivals, answer: bytes, measurement: Measurement, sound: Record) -> Record:
    return received.keep(answer, Errand(measurement, sound.tier), "lab", sound.system)


def test_a_sound_record_is_kept_where_its_own_kind_lies(
    received: Arrivals, sound: Record, measurement: Measurement
) -> None:
    """And once, though it comes twice."""
    answer = _sealed(sound, measurement)
    first, second = (_keep(received, answer, measurement, sound) for _ in range(2))
    assert first == second
    assert load_records(received.measurements / measurement.name / "records") == (first,)
    assert not received.aside.exists()


def _at(path: str, value: Any) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        *parents, last = path.split(".")
        for key in parents:
            data = data[int(key)] if isinstance(data, list) else data[key]
        data[last] = value

    return change


FORGED: list[tuple[str, Callable[[Data], Any], str]] = [
    ("another measurement", _at("measurement", "other"), "it is a record of 'other'"),
    ("another tier", _at("tier", "full"), "it is of the tier full, and standard was asked for"),
    ("another definition", _at("provenance.definition_sha256", "a" * 64), "measured to another definition"),
    ("other code", _at("provenance.code_sha256", "a" * 64), "measured by other code"),
    ("another machine", _at("system.host_processor_model_name", "Other"), "describes another machine"),
    ("no licence", _at("provenance.sources.0.licence", "?"), "has no licence"),
    ("the future", _at("finished_at", "2150-01-01T00:00:00Z"), "it ends in the future"),
    ("a negative latency", _at("blocks.0.rounds.0.latencies_ns", [-1]), "latencies_ns.0"),
    ("a path in its id", _at("record_id", "../../x"), "record_id"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), [case[1:] for case in FORGED], ids=[case[0] for case in FORGED])
def test_a_record_that_is_not_believed_is_put_aside(
    received: Arrivals, sound: Record, measurement: Measurement, change: Callable[[Data], Any], reason: str
) -> None:
    """Sealed ever so well: the bytes lie apart with the reason beside them, and no page is made of them."""
    answer = _sealed(sound, measurement, change)
    with pytest.raises(PutAside, match=reason) as caught:
        _keep(received, answer, measurement, sound)
    assert caught.value.path.read_bytes() == answer
    assert caught.value.reason in caught.value.path.with_suffix(".txt").read_text("utf-8")
    assert not received.measurements.exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda answer: answer[: len(answer) // 2], "no complete JSON"),
        (lambda answer: answer.replace(b"Imaginary Xeon", b"Imaginary Zeon"), "edited after it was measured"),
        (lambda answer: b"\xff" + answer, "no complete JSON"),
        (lambda answer: b"\x80\x04.", "no complete JSON"),
        (lambda answer: b"[]", "no JSON object"),
        (lambda answer: b'{"\\ud800": 1, "\\ud800": 2}', "stands twice"),
        (lambda answer: b"[" * 100_000, "no complete JSON"),
    ],
    ids=["half", "edited", "not UTF-8", "a pickle", "an array", "half a character", "deep"],
)
def test_bytes_that_are_no_record_are_put_aside(
    received: Arrivals, sound: Record, measurement: Measurement, damage: Callable[[bytes], bytes], reason: str
) -> None:
    answer = damage(_sealed(sound, measurement))
    with pytest.raises(PutAside, match=reason) as caught:
        _keep(received, answer, measurement, sound)
    assert caught.value.path.read_bytes() == answer


def test_a_record_too_large_is_not_even_read(
    received: Arrivals, sound: Record, measurement: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MAX_RECORD_BYTES", 2**20)
    with pytest.raises(PutAside, match="larger than 1 MiB"):
        _keep(received, b" " * (2**20 + 1), measurement, sound)


def test_another_record_of_one_name_does_not_replace_the_first(
    received: Arrivals, sound: Record, measurement: Measurement
) -> None:
    first = _keep(received, _sealed(sound, measurement), measurement, sound)
    with pytest.raises(PutAside, match="is there already"):
        _keep(received, _sealed(sound, measurement, _at("sittings", 2)), measurement, sound)
    assert load_records(received.measurements / measurement.name / "records") == (first,)


def test_a_smoke_record_is_kept_when_it_was_asked_for(
    received: Arrivals, sound: Record, measurement: Measurement
) -> None:
    """As `measure --tier smoke` keeps it; `check` says before a contribution that it is never published."""
    answer = _sealed(sound, measurement, _at("tier", "smoke"))
    assert received.keep(answer, Errand(measurement, Tier.SMOKE), "lab", sound.system).tier is Tier.SMOKE
