"""What the page of one's own record knows; what its script does with it is read in a browser (tests/browser)."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

import generator
from generator.core import protocol
from generator.pages.your_record import published, widget
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

SCRIPTS = Path(generator.__file__).parent / "site" / "theme" / "assets" / "js"


def test_only_what_is_published_is_compared_with() -> None:
    """A first look is in no comparison; a measurement that has nothing else is not known."""
    sound = analyse(imaginary.measurement(), imaginary.record(), ())
    first_look = analyse(imaginary.measurement(), imaginary.record(tier="smoke"), ())
    words = phrases(Language.EN)
    data = json.loads(published({"a": [first_look, sound], "b": [first_look]}, words))
    assert list(data["measurements"]) == ["a"]
    (record,) = data["measurements"]["a"]["records"]
    assert record["record"] == sound.record.record_id
    (workload,) = record["workloads"].values()
    found = {v.variant.name: v.against_baseline for v in sound.workloads[0].variants if v.against_baseline}
    assert workload["variants"].keys() == found.keys()
    for name, variant in workload["variants"].items():
        point, low, high = variant["speedup"]
        interval = found[name].speedup.interval
        assert (point, low, high) == pytest.approx((found[name].speedup.point, interval.low, interval.high), rel=1e-5)
    assert data["measurements"]["a"]["variants"].keys() == {v.name for v in sound.record.variants}


def test_the_script_is_given_the_protocols_own_constants() -> None:
    """With the quantiles and the floor that are given, an interval comes out as the protocol's."""
    data = json.loads(published({}, phrases(Language.RU)))
    values = [0.10, 0.14, 0.11, 0.12, 0.09, 0.13]
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in values) / (len(values) - 1))
    half = math.hypot(data["quantiles"][0][6] * deviation / math.sqrt(6), data["session_floor"])
    assert half == pytest.approx(protocol.half_width(values), rel=1e-5)
    assert data["quantiles"][0][:2] == [None, None]
    assert data["statistics"]["single_stream"] == "p50"


@pytest.mark.parametrize("language", Language)
def test_every_word_that_the_script_says_is_there(language: Language) -> None:
    """Errors of the script, and what it writes, are phrases; the page hands them over as one escaped attribute."""
    script = "\n".join(path.read_text("utf-8") for path in (SCRIPTS / "your-record").glob("*.js"))
    asked = {*re.findall(r'Refusal\("(\w+)"', script), *re.findall(r"\bwords\.(?!js)(\w+)", script)}
    columns = re.search(r"for \(const name of \[(.*?)\]\) head\.append", script)
    assert columns
    asked |= {f"column_{name}" for name in re.findall(r'"(\w+)"', columns[1])}
    assert len(asked) > 15
    words = phrases(language)
    assert not {f"your_record.{key}" for key in asked} - words.texts.keys()
    assert "\n" not in widget(words)


def test_the_script_writes_text_and_never_html() -> None:
    """Nothing of a stranger's file can become markup: no sink for HTML is used."""
    for path in SCRIPTS.rglob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", path.read_text("utf-8")
        )
