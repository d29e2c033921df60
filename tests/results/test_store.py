"""The store: what is remembered of records is what they say, and on any doubt they are read again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition import Measurement
from generator.core.errors import RecordError
from generator.core.pool import Pool
from generator.core.prices import Price
from generator.core.record import Record
from generator.core.record_file import dump_record
from generator.draw import gallery
from generator.draw.gallery import Drawn
from generator.measure.needs import LEFT_OUT
from generator.pages.edition import FEW, pages
from generator.results import store, store_memory
from generator.results.collection import MOST_SYSTEMS, Collection
from generator.results.speaking import by_machine
from generator.results.store import analyses, collect, outlines, uncommitted, whole
from generator.results.store_memory import CACHE_FILE, FINDINGS
from generator.results.summary import summarise
from tests.pages import imaginary

pytest.importorskip("pyarrow", reason="what the store remembers is Parquet")

NAME = "quantization-image"


def _record(number: int, **changes: Any) -> Record:
    """The record of a day, on a machine of its own unless it is told otherwise."""
    started = imaginary.START + timedelta(days=number)
    latencies = {**imaginary.LATENCIES, "onnxruntime-int8-static": 4.0 + number / 10, "control": 10.0}
    blocks = [imaginary.block(index, latencies, cycles=2, disturbed=index == 4) for index in range(6)]
    system = {**imaginary.system(), "host_processor_model_name": f"Imaginary {number}"}
    fields = {"system": system, "blocks": blocks, **changes}
    identity = f"{NAME}-{started:%Y%m%dt%H%M%Sz}-{number:012x}"
    finished = started + timedelta(minutes=4)
    return imaginary.record(
        record_id=identity, started_at=started.isoformat(), finished_at=finished.isoformat(), **fields
    )


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """More than are shown: a first look, ten machines, and the newest run on one of them again; oldest first."""
    again = _record(11, system={**imaginary.system(), "host_processor_model_name": "Imaginary 3"})
    return [_record(0, tier="smoke"), *(_record(number) for number in range(1, 11)), again]


@pytest.fixture
def measurements(tmp_path: Path, records: list[Record]) -> Path:
    """A folder of measurements with the records of one; all of them were written long ago."""
    folder = tmp_path / "measurements" / NAME / "records"
    folder.mkdir(parents=True)
    for record in records:
        path = folder / f"{record.record_id}.json"
        path.write_text(dump_record(record), "utf-8")
        os.utime(path, ns=(0, 1_700_000_000_000_000_000))
    return tmp_path / "measurements"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the records that are read whole, as they are."""
    seen, load = list[str](), store.load_named

    def noted(path: Path) -> Record:
        seen.append(path.stem)
        return load(path)

    monkeypatch.setattr(store, "load_named", noted)
    return seen


def _collect(measurements: Path, measurement: Measurement | None = None) -> Collection:
    return collect(measurements, [measurement or imaginary.measurement()], cache=measurements.parent / "cache")


def test_the_newest_record_of_each_machine_is_shown_and_no_more_than_there_is_room_for(
    measurements: Path, records: list[Record]
) -> None:
    found = _collect(measurements)
    newest = by_machine(summarise(one) for one in analyses(measurements, [imaginary.measurement()]))
    assert [one.record.record_id for one in found.shown[NAME]] == [one.record_id for one in newest[:MOST_SYSTEMS]]
    assert len(newest) > MOST_SYSTEMS
    assert [one.record_id for one in found.every[NAME]] == [one.record_id for one in reversed(records)]
    assert all(not block.rounds for one in found.shown[NAME] for block in one.record.blocks)


def test_a_second_look_reads_nothing_and_says_the_same(measurements: Path, read: list[str]) -> None:
    first, cold = _collect(measurements), len(read)
    second = _collect(measurements)
    assert second == first
    assert cold == len(first.every[NAME])
    assert len(read) == cold


def _remembered(measurements: Path) -> list[Path]:
    return sorted((measurements.parent / "cache" / FINDINGS).iterdir())


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 1000])
def test_damaged_findings_are_worked_out_again(measurements: Path, read: list[str], damage: bytes) -> None:
    first, cold = _collect(measurements), len(read)
    _remembered(measurements)[0].write_bytes(damage)
    assert _collect(measurements) == first
    assert len(read) == cold + 1
    assert _collect(measurements) == first
    assert len(read) == cold + 1, "and kept again"


def test_findings_that_no_class_fits_any_more_are_worked_out_again(measurements: Path, read: list[str]) -> None:
    first, cold = _collect(measurements), len(read)
    content = b"cgenerator.core.record\nNoSuchName\n."
    _remembered(measurements)[0].write_bytes(hashlib.sha256(content).digest() + content)
    assert _collect(measurements) == first
    assert len(read) == cold + 1


def test_with_other_prices_what_is_shown_is_worked_out_again(
    measurements: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A summary knows no price."""
    first, cold = _collect(measurements), len(read)
    price = Price.model_validate(
        {
            "name": "Imaginary",
            "machines": [first.shown[NAME][0].record.system.fingerprint()],
            "price_per_hour": 1.0,
            "currency": "EUR",
            "utilisation": 1.0,
            "utilisation_source": "assumed",
            "source": "https://example.org/",
            "seen": "2026-11-23",
        }
    )
    suite = [imaginary.measurement()]
    for path in _remembered(measurements):
        os.utime(path, (0, 0))
    monkeypatch.setattr("generator.core.cache.MOST_BYTES", 0)
    priced = collect(measurements, suite, [price], cache=measurements.parent / "cache")
    assert len(read) - cold == len(first.shown[NAME])
    assert priced.shown != first.shown
    assert len(_remembered(measurements)) == len(first.shown[NAME]), "what no one asks for any more is deleted"


@pytest.mark.slow
def test_pages_are_the_same_bytes_with_and_without_the_cache(
    measurements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))
    suite = [imaginary.measurement()]

    def made(collection: Collection) -> dict[tuple[str, str], bytes | Path]:
        return {(page.language, page.path): page.content for page in pages(collection, suite, tmp_path / "charts")}

    without = made(collect(measurements, suite))
    _collect(measurements)
    assert made(_collect(measurements)) == without
    assert ("ru", f"measurements/{NAME}/index.md") in without


@pytest.mark.slow
def test_other_processes_read_and_write_the_same(
    measurements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records, pages and charts, and what is remembered for the next time."""
    monkeypatch.setattr(store, "FEW", 1)
    suite = [imaginary.measurement(), imaginary.measurement().model_copy(update={"name": "another"})]

    def made(pool: Pool | None, name: str) -> tuple[Collection, dict[tuple[str, str], bytes | Path]]:
        collection = collect(measurements, suite, cache=tmp_path / name, pool=pool)
        found = pages(collection, suite, tmp_path / name / "charts", pool=pool)
        return collection, {(page.language, page.path): page.content for page in found}

    alone = made(None, "alone")
    with Pool(2) as pool:
        assert made(pool, "together") == alone
        assert made(pool, "together") == alone, "as remembered"
    assert len(alone[0].shown[NAME]) * 2 >= FEW, "enough pages for other processes"
    charts = [{path.name for path in (tmp_path / name / "charts").iterdir()} for name in ("alone", "together")]
    assert charts[0] == charts[1]


@pytest.mark.slow
def test_an_unsound_record_is_named_from_another_process_too(
    measurements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FEW", 1)
    suite = [imaginary.measurement(), imaginary.measurement().model_copy(update={"name": "another"})]
    path = _oldest(measurements)
    path.write_text(path.read_text("utf-8").replace('"seed": 7', '"seed": 8'), "utf-8")
    with Pool(2) as pool, pytest.raises(RecordError, match=rf"{path.stem}(?s:.*)edited after it was measured"):
        collect(measurements, suite, pool=pool)


def _oldest(measurements: Path) -> Path:
    return min(measurements.rglob("*.json"))


def _edited(measurements: Path) -> None:
    path = _oldest(measurements)
    data = json.loads(path.read_text("utf-8"))
    data["controls"]["seed"] += 1
    path.write_text(json.dumps(data), "utf-8")


def test_an_edited_record_is_noticed_though_its_summary_is_known(measurements: Path) -> None:
    _collect(measurements)
    _edited(measurements)
    with pytest.raises(RecordError, match="edited after it was measured"):
        _collect(measurements)


def test_an_edit_that_keeps_size_and_time_is_noticed_within_the_tick_of_a_clock(measurements: Path) -> None:
    """As git's index does: a file that changed just before the cache was written is known by its hash alone."""
    path = _oldest(measurements)
    os.utime(path)
    _collect(measurements)
    status = path.stat()
    path.write_text(path.read_text("utf-8").replace('"seed": 7', '"seed": 8'), "utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    with pytest.raises(RecordError, match="edited after it was measured"):
        _collect(measurements)


def test_a_fresh_checkout_reads_no_record_again(measurements: Path, read: list[str]) -> None:
    """Git gives every file the time of the checkout; the contents are the same, and that is what counts."""
    _collect(measurements)
    read.clear()
    for path in measurements.rglob("*.json"):
        os.utime(path)
    _collect(measurements)
    assert read == []


def test_records_that_are_gone_are_forgotten_and_new_ones_are_read(measurements: Path, read: list[str]) -> None:
    first = _collect(measurements)
    path = _oldest(measurements)
    content = path.read_bytes()
    path.unlink()
    assert len(_collect(measurements).every[NAME]) == len(first.every[NAME]) - 1
    read.clear()
    path.write_bytes(content)
    assert _collect(measurements).every == first.every
    assert read.count(path.stem) == 1


def test_another_headline_is_another_answer(measurements: Path) -> None:
    """It does not count in the definition's fingerprint, but it decides what a page lists."""
    _collect(measurements)
    fields = imaginary.measurement().model_dump(mode="json")
    headline = {"variant": "onnxruntime-int8-dynamic", "against": "pytorch-fp32"}
    other = Measurement.model_validate({**fields, "headline": headline})
    found = _collect(measurements, other)
    assert {one.headline.variant for one in found.every[NAME] if one.headline} == {"onnxruntime-int8-dynamic"}


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _another_table(path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_parquet(path)


DAMAGES = [_truncated, _garbled, _empty, _folder, _another_table]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__.strip("_"))
def test_a_damaged_cache_is_as_none(measurements: Path, damage: Callable[[Path], None]) -> None:
    first = _collect(measurements)
    damage(measurements.parent / "cache" / CACHE_FILE)
    assert _collect(measurements) == first


def test_what_other_code_remembered_does_not_count(
    measurements: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _collect(measurements)
    read.clear()
    monkeypatch.setattr(store_memory, "version_of_code", lambda: "other")
    monkeypatch.setattr(store, "version_of_code", lambda: "other")
    assert _collect(measurements) == first
    assert len(read) == len(first.every[NAME])


def test_without_pyarrow_what_no_page_shows_is_read_again(
    measurements: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _collect(measurements)
    (measurements.parent / "cache" / CACHE_FILE).unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert _collect(measurements) == expected
    assert _collect(measurements) == expected
    unseen = len(expected.every[NAME]) - len(expected.shown[NAME])
    assert len(read) == len(expected.every[NAME]) + 2 * unseen
    assert not (measurements.parent / "cache" / CACHE_FILE).exists()


def test_a_cache_that_cannot_be_written_is_no_error(measurements: Path) -> None:
    (measurements.parent / "cache").write_text("a file where the folder should be", "utf-8")
    assert _collect(measurements).every


def test_the_folder_of_records_stays_as_it_was(measurements: Path) -> None:
    """What is derived lies in the cache: a contributor's folder has records and nothing else."""
    before = sorted(path.name for path in measurements.rglob("*"))
    _collect(measurements)
    assert sorted(path.name for path in measurements.rglob("*")) == before


def test_the_cache_is_a_table_that_can_be_read_by_others(measurements: Path) -> None:
    import pandas as pd

    found = _collect(measurements)
    table = pd.read_parquet(measurements.parent / "cache" / CACHE_FILE)
    assert sorted(table["record_id"]) == sorted(one.record_id for one in found.every[NAME])


def test_summaries_are_the_same_without_the_raw_latencies(records: list[Record]) -> None:
    from generator.results.findings import analyse, without_rounds

    findings = analyse(imaginary.measurement(), records[0])
    assert summarise(without_rounds(findings)) == summarise(findings)


def test_records_are_read_one_at_a_time(measurements: Path, read: list[str]) -> None:
    """So that a table of ten thousand records takes the memory of one."""
    found: Iterator[Any] = analyses(measurements, [imaginary.measurement()])
    next(found)
    assert len(read) == 1


def test_outlines_hold_one_record_whole_where_it_is_needed(measurements: Path, records: list[Record]) -> None:
    """A plan needs the newest run of this machine, or the newest there is; thousands of others stay outlines."""
    suite, machine = [imaginary.measurement()], records[5].system.fingerprint()

    def with_rounds(found: Mapping[str, tuple[Record, ...]]) -> list[str]:
        return [one.record_id for one in found[NAME] if any(block.rounds for block in one.blocks)]

    assert with_rounds(outlines(measurements, suite)) == []
    assert with_rounds(outlines(measurements, suite, machine)) == [records[5].record_id]
    assert with_rounds(outlines(measurements, suite, "another")) == [records[11].record_id]
    assert whole(measurements, records[5].record_id) == records[5]


def test_a_plan_also_gets_the_newest_record_that_left_nothing_out(measurements: Path, records: list[Record]) -> None:
    """One of the core suite tells the pace of its own variants alone."""
    left_out = [*records[11].variants[:-1], records[11].variants[-1].model_copy(update={"failure": LEFT_OUT})]
    core = _record(12, variants=[one.model_dump(mode="json") for one in left_out], system=records[5].system)
    path = measurements / NAME / "records" / f"{core.record_id}.json"
    path.write_text(dump_record(core), "utf-8")
    found = outlines(measurements, [imaginary.measurement()], core.system.fingerprint())[NAME]
    assert [one.record_id for one in found if one.blocks] == [records[5].record_id, core.record_id]


def test_records_that_git_does_not_know_are_the_reader_s_own(tmp_path: Path) -> None:
    """Outside a git checkout every record is published."""
    folder = tmp_path / "measurements" / "a" / "records"
    folder.mkdir(parents=True)
    for name in ("published", "own"):
        (folder / f"{name}.json").write_text("{}")
    assert uncommitted(tmp_path / "measurements") == frozenset()
    for command in (["init", "-q"], ["add", "measurements/a/records/published.json"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert uncommitted(tmp_path / "measurements") == frozenset({"own"})
