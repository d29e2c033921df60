"""The calculator's table, before any script."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from generator.core.definition_file import load_measurement
from generator.core.prices import Price
from generator.core.record import Record
from generator.pages.calculator import calculator
from generator.pages.sentences import Sentences
from generator.pages.views.workload import WorkloadView
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary


def drawn(record: Record, language: Language = Language.EN, *prices: Price) -> str:
    found = analyse(imaginary.measurement(), record, prices)
    words = phrases(language)
    return str(calculator([WorkloadView(found.workloads[0], found, Sentences(words))], words))


def price(record: Record, **changes: object) -> Price:
    fields = {
        "name": "A <b>machine</b>",
        "machines": (record.system.fingerprint(),),
        "currency": "EUR",
        "price_per_hour": 0.12,
        "utilisation": 0.5,
        "source": "https://example.org/prices",
        "utilisation_source": "assumed",
        "seen": date(2026, 11, 1),
        **changes,
    }
    return Price.model_validate(fields)


def with_energy() -> Record:
    """Every variant takes 0.36 J a sample in the package and 0.72 J at the wall: 0.1 and 0.2 kWh a million."""
    counter = {"source": "RAPL", "idle_watts": [1.0] * 5, "busy_watts": [9.0] * 5}
    fields = imaginary.fields()
    for block in fields["blocks"]:
        block["energy"] = [
            {
                "variant": name,
                "started_at": imaginary.START.isoformat(),
                "wall_ns": 2_000_000_000,
                "samples": 100 if name else 0,
                "joules": {"package-0": 36.0 if name else 2.0, "wall": 72.0 if name else 4.0},
            }
            for name in (*imaginary.LATENCIES, None)
        ]
    counters = [{"domain": domain, **counter} for domain in ("package-0", "wall")]
    return imaginary.record(blocks=fields["blocks"], energy={"counters": counters, "unknown": None})


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str, name: str) -> list[dict[str, str | None]]:
    parser = Tags()
    parser.feed(html)
    return [attributes for tag, attributes in parser.found if tag == name]


@pytest.mark.parametrize("language", Language)
def test_every_timed_variant_brings_its_rate(language: Language) -> None:
    """10 ms a query are 100 a second, less what the blocks add; the spread is that of the blocks."""
    rows = [row for row in tags(drawn(imaginary.record(), language), "tr") if "data-rate" in row]
    assert len(rows) == len(imaginary.LATENCIES)
    rates = [[float(row[f"data-{name}"] or "") for name in ("least", "rate", "most")] for row in rows]
    assert all(low <= middle <= high for low, middle, high in rates)
    assert rates[0][1] == pytest.approx(100, rel=0.1)
    assert "\n" not in drawn(imaginary.record(), language), "a line break would end the raw HTML in Markdown"


def test_a_variant_that_lost_its_quality_is_not_recommended() -> None:
    """It has a row, and the script's sentence leaves it out."""
    rows = [row for row in tags(drawn(imaginary.record()), "tr") if "data-rate" in row]
    counting = ["data-counts" in row for row in rows]
    assert counting[0], "the baseline counts"
    assert not all(counting), "dynamic quantization loses too much here"


def test_there_is_no_price_where_none_was_given() -> None:
    """No example, and an empty field; nobody's price stands in the page."""
    html = drawn(imaginary.record())
    assert "calculator__example" not in html
    fields = {one["name"]: one["value"] for one in tags(html, "input")}
    assert fields == {"price": "", "utilisation": "100", "samples": ""}


def test_a_given_price_is_an_example_with_its_source() -> None:
    """Its numbers wait on a button; its text is escaped."""
    record = imaginary.record()
    html = drawn(record, Language.RU, price(record))
    (button,) = tags(html, "button")
    assert (button["data-price"], button["data-utilisation"]) == ("0.12", "50.0")
    assert "0,120 EUR" in html
    assert "https://example.org/prices, 1\N{NO-BREAK SPACE}ноября" in html
    assert "<b>" not in html


def test_energy_is_priced_where_it_was_measured() -> None:
    """One domain, the one that covers most: package and wall overlap."""
    html = drawn(with_energy())
    assert [one["name"] for one in tags(html, "input")][-1] == "energy"
    assert "(wall)" in html
    assert {row["data-kwh"] for row in tags(html, "tr") if "data-kwh" in row} == {"0.2"}
    assert not re.search("kwh|Kilowatt", drawn(imaginary.record()))


def test_nothing_timed_is_nothing_to_price() -> None:
    """A workload of which no block was measured has no calculator."""
    failure = {"stage": "timing", "message": "x", "last_lines": ""}
    variants = [imaginary.variant(name, failure=failure) for name in imaginary.LATENCIES]
    assert drawn(imaginary.record(variants=variants, blocks=[])) == ""


def test_generated_text_has_prices_of_tokens_read_and_written() -> None:
    """The rates of both, of the variants that tell them; a workload without text has no such columns."""
    from tests.pages.test_token_table import told

    page = drawn(told())
    assert 'data-read="2000" data-written="50"' in page
    assert page.count('data-cell="read"') == page.count("<tr")
    # What came in one piece was read, and nothing is known of how it was written.
    assert re.search(r'data-read="8000"(?! data-written)', page)
    assert "Cost of a million tokens written" in page
    assert "data-read" not in drawn(imaginary.record())
    assert "million tokens" not in drawn(imaginary.record())


def test_several_workloads_share_one_form() -> None:
    """With a choice of the workload, and a table for each, which stands there without the script too."""
    measurement = load_measurement(imaginary.FOLDER.parent / "forecasting")
    found, words = analyse(measurement, imaginary.record_of(measurement)), phrases(Language.RU)
    views = [WorkloadView(one, found, Sentences(words)) for one in found.workloads]
    html = str(calculator(views, words))
    names = [one.name for one in measurement.workloads]
    assert len(tags(html, "form")) == len(tags(html, "select")) == 1
    assert [one["value"] for one in tags(html, "option")] == names
    assert [one["data-workload"] for one in tags(html, "table")] == names
    assert html.count("<caption>") == len(names)
    assert not any("hidden" in one for one in tags(html, "table"))
    identified = [one["id"] for name in ("input", "select") for one in tags(html, name)]
    assert len(identified) == len(set(identified))
    assert "<select" not in str(calculator(views[:1], words)), "one workload is no choice"
