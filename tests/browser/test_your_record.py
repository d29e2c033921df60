"""A reader's own record over the published ones: the same ratios, the same seal, and no way in for HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record_file import dump_record, load_record, sealed
from generator.results.findings import analyse
from generator.words.language import Language

from .conftest import REPOSITORY, Visit

pytestmark = pytest.mark.slow

Open = Callable[..., Visit]
RECORDS = sorted(REPOSITORY.glob("measurements/quantization-image/records/*.json"))


def given(page: Any, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/json", "buffer": content}
    page.locator("#your-record-file").set_input_files(files=[file])


def changed(**fields: Any) -> bytes:
    """The published record with other fields, sealed anew."""
    record = json.loads(RECORDS[-1].read_text("utf-8"))
    del record["sha256"]
    return dump_record(sealed({**record, **fields})).encode()


def told(page: Any) -> str:
    error = page.locator(".your-record__error")
    error.wait_for(state="visible", timeout=15_000)
    return str(error.inner_text())


@pytest.mark.parametrize("path", RECORDS, ids=[path.stem for path in RECORDS])
@pytest.mark.parametrize("base", ["", "en/"])
def test_the_browser_forms_the_ratios_that_the_generator_forms(visit: Open, path: Path, base: str) -> None:
    """Seal, point and interval agree with Python's to the last shown digit; the published record stands beside."""
    page = visit(f"{base}your-record/").page
    given(page, path.name, path.read_bytes())
    page.locator(".your-record__result table").wait_for(timeout=15_000)
    words = json.loads(page.locator(".your-record").get_attribute("data-words"))
    assert page.locator(".your-record__status").inner_text() == words["sealed"]
    rows = page.locator(".your-record__own td.num").all_inner_texts()
    found = analyse(load_measurement(path.parents[1]), load_record(path), ())
    speedups = [v.against_baseline.speedup for w in found.workloads for v in w.variants if v.against_baseline]
    assert speedups
    language = Language.EN if base else Language.RU
    assert rows == [language.factor_estimate(one) for one in speedups]
    assert page.locator(".your-record__result tbody tr:not(.your-record__own)").count() >= len(rows)
    assert page.locator(".your-record__result svg[role=img]").count() == 1


@pytest.mark.parametrize(
    ("content", "key"),
    [
        pytest.param(b"\x89PNG\r\n", "not_json", id="no JSON"),
        pytest.param(RECORDS[-1].read_bytes()[:5000], "not_json", id="cut off"),
        pytest.param(b"[" * 100_000, "not_json", id="nested too deep"),
        pytest.param(b"[1, 2]", "no_record", id="a list"),
        pytest.param(b'{"a": 1}', "no_record", id="other JSON"),
        pytest.param(b'{"kind": "browser", "schema_version": 1}', "from_browser", id="a browser's"),
        pytest.param(b'{"schema_version": 99}', "other_schema", id="other schema"),
        pytest.param(b'{"schema_version": 1}', "incomplete", id="no fields"),
        pytest.param(
            RECORDS[-1].read_bytes().replace(b'"disturbed": false', b'"disturbed": true', 1), "edited", id="edited"
        ),
        pytest.param(changed(measurement="somebody-elses"), "unknown_measurement", id="other measurement"),
        pytest.param(changed(blocks=[]), "no_ratio", id="nothing timed"),
    ],
)
def test_a_wrong_file_is_refused_with_a_reason(visit: Open, content: bytes, key: str) -> None:
    """Each fault has its own words, in an alert, and leaves no half-made result."""
    page = visit("en/your-record/").page
    given(page, "record.json", content)
    words = json.loads(page.locator(".your-record").get_attribute("data-words"))
    assert told(page).startswith(words[key].partition("{")[0])
    assert page.locator(".your-record__result > *").count() == 0


def test_what_a_record_says_is_text(visit: Open) -> None:
    """HTML in names stays text; it is shown, and nothing of it runs."""
    attack = '<img src=x onerror="document.title=\'caught\'"><script>document.title="caught"</script>'
    record = json.loads(RECORDS[-1].read_text("utf-8"))
    record["system"]["host_processor_model_name"] = attack
    page = visit("your-record/").page
    given(page, "record.json", changed(system=record["system"]))
    page.locator(".your-record__result table").wait_for(timeout=15_000)
    assert attack in page.locator(".your-record__result").inner_text()
    assert page.locator(".your-record__result img, .your-record__result script").count() == 0
    given(
        page,
        "record.json",
        changed(measurement="somebody-elses").replace(b"somebody-elses", attack.replace('"', "'").encode()),
    )
    assert "<img" in told(page)
    assert page.title() != "caught"


def test_a_record_of_other_conditions_stands_alone(visit: Open) -> None:
    """Another number of threads: its own ratios are shown, the published ones are not, and the field is named."""
    controls = json.loads(RECORDS[-1].read_text("utf-8"))["controls"]
    page = visit("your-record/").page
    given(page, "record.json", changed(controls={**controls, "threads": 7}))
    page.locator(".your-record__result table").wait_for(timeout=15_000)
    assert "controls.threads" in page.locator(".your-record__result").inner_text()
    assert page.locator(".your-record__result tbody tr:not(.your-record__own)").count() == 0


def test_nothing_is_sent(visit: Open, site: Any) -> None:
    """One request, for the published records; it carries nothing."""
    opened = visit("your-record/")
    asked = list[Any]()
    opened.page.wait_for_load_state("networkidle")  # Material's own: the search index and its worker
    opened.page.on("request", lambda request: asked.append(request))
    given(opened.page, RECORDS[-1].name, RECORDS[-1].read_bytes())
    opened.page.locator(".your-record__result table").wait_for(timeout=15_000)
    assert [(one.method, one.url, one.post_data) for one in asked] == [
        ("GET", f"{site.address}your-record/published.json", None)
    ]
