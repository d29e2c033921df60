"""Records made in a browser: verified like native ones, and never taken for them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.browser.record import BrowserRecord, load_browser_record, parse_browser_record, speedups
from generator.core.errors import RecordError
from generator.core.record_file import load_record, parse_record, seal_of

Change = Callable[[dict[str, Any]], object]


def block(index: int, fast: int = 2_000_000, disturbed: bool = False) -> dict[str, Any]:
    """Two cycles of each variant; the slow one takes 4 ms, and all drift alike."""
    drift = 1 + index / 100
    latencies = {"slow": 4_000_000, "fast": fast, "control": 4_000_000}
    return {
        "index": index,
        "started_at": f"2026-11-23T12:00:{index:02}.250Z",
        "disturbed": disturbed,
        "workers": [
            {"variant": name, "load_ns": 1, "first_call_ns": 1, "warm_up_ns": 1, "warm_up_queries": 1}
            for name in latencies
        ],
        "rounds": [
            {"variant": name, "cycle": cycle, "queries_per_batch": 2, "latencies_ns": [round(ns * drift), ns * 9, ns]}
            for cycle in (0, 1)
            for name, ns in latencies.items()
        ],
    }


def fields() -> dict[str, Any]:
    """A record as the page writes it, unsealed."""
    variants = [
        {
            "name": name,
            "provider": "wasm",
            "precision": precision,
            "sha256": "a" * 64,
            "size_bytes": 1000,
            "baseline": name == "slow",
            "largest_difference_ppb": 300,
        }
        for name, precision in (("slow", "fp32"), ("fast", "int8"))
    ]
    return {
        "schema_version": 1,
        "kind": "browser",
        "protocol_version": 1,
        "record_id": "browser-quantization-image-20261123t120000z",
        "measurement": "quantization-image",
        "workload": "image-classification",
        "definition_sha256": "b" * 64,
        "started_at": "2026-11-23T12:00:00.000Z",
        "finished_at": "2026-11-23T12:01:00.000Z",
        "stop_reason": "blocks",
        "browser": {
            "user_agent": "A browser «é»",
            "logical_cores": 8,
            "memory_mib": None,
            "cross_origin_isolated": False,
            "timer_resolution_ns": 100_000,
            "webgpu_adapter": None,
        },
        "engine": {"package": "onnxruntime-web", "version": "1.30.0", "threads": 1},
        "variants": variants,
        "blocks": [block(index) for index in range(6)],
    }


def sealed(changes: Change = lambda _: None) -> dict[str, Any]:
    data = fields()
    changes(data)
    return {**data, "sha256": seal_of(data)}


def test_a_saved_record_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(sealed(), ensure_ascii=False, indent=1), "utf-8")
    assert isinstance(load_browser_record(path), BrowserRecord)


def test_the_ratio_is_the_protocols() -> None:
    """Twice as fast in every block; of a baseline against itself nothing is shown."""
    found = speedups(parse_browser_record(sealed(), "r"))
    assert found.keys() == {"fast", "control"}
    assert math.exp(found["fast"].mean) == pytest.approx(2)
    assert found["control"].mean == 0
    assert found["fast"].blocks == 6


def test_blocks_of_a_hidden_page_are_left_out() -> None:
    """As natively: at most a third of them; more, and nothing is left out."""

    def hidden(count: int) -> Change:
        return lambda data: data.update(
            blocks=[block(i, 1_000_000 if i < count else 2_000_000, i < count) for i in range(6)]
        )

    assert speedups(parse_browser_record(sealed(hidden(2)), "r"))["fast"].blocks == 4
    assert speedups(parse_browser_record(sealed(hidden(3)), "r"))["fast"].blocks == 6


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda d: d["variants"][1].update(name="slow"), "same name", id="names"),
        pytest.param(lambda d: d["variants"][0].update(baseline=False), "exactly one", id="no baseline"),
        pytest.param(lambda d: d["blocks"][0]["rounds"][0].update(variant="other"), "unknown variants", id="stray"),
        pytest.param(lambda d: d["blocks"][0]["rounds"][0].update(latencies_ns=[0]), "latencies_ns", id="zero"),
        pytest.param(lambda d: d.update(finished_at="2026-11-23T11:00:00Z"), "before it started", id="time"),
        pytest.param(lambda d: d.update(extra=1), "extra", id="unknown field"),
        pytest.param(lambda d: d.update(schema_version=2), "schema version is 2", id="schema"),
        pytest.param(lambda d: d.update(kind="native"), "no record made in a browser", id="kind"),
        pytest.param(lambda d: d.update(blocks=d["blocks"][:1]), "blocks", id="one block"),
    ],
)
def test_what_is_wrong_is_named(change: Change, problem: str) -> None:
    with pytest.raises(RecordError, match=problem):
        parse_browser_record(sealed(change), "r.json")


def test_an_edited_record_is_refused() -> None:
    data = sealed()
    data["blocks"][0]["rounds"][0]["latencies_ns"] = [1]
    with pytest.raises(RecordError, match="edited after it was measured"):
        parse_browser_record(data, "r.json")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"{", "no complete JSON", id="cut off"),
        pytest.param(b"\xff", "not UTF-8", id="bytes"),
        pytest.param(b"[" * 100_000, "no complete JSON", id="nested"),
        pytest.param(b"[]", "no record made in a browser", id="list"),
        pytest.param(b" " * (4 * 1024 * 1024 + 1), "larger than 4 MiB", id="large"),
    ],
)
def test_a_file_that_is_no_record(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=problem):
        load_browser_record(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such record"):
        load_browser_record(tmp_path / "gone.json")


def test_native_records_and_these_are_kept_apart() -> None:
    """Neither reader takes the other's."""
    with pytest.raises(RecordError):
        parse_record(sealed(), "r.json")
    native = next((Path(__file__).parents[2] / "measurements").glob("*/records/*.json"))
    load_record(native)
    with pytest.raises(RecordError, match="no record made in a browser"):
        parse_browser_record(json.loads(native.read_text("utf-8")), native.name)
