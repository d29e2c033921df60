"""The page of a server: rates that keep the bound, and no latency, for that is of the load. On a committed record."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record_file import load_named, record_files, records_folder
from generator.pages.edition import pages
from generator.results.collection import collected
from generator.results.findings import Findings, analyse
from tests.pages import imaginary
from tests.pages.conftest import undrawn_charts

pytestmark = pytest.mark.slow

MEASUREMENTS = imaginary.FOLDER.parent


@pytest.fixture(scope="module")
def findings() -> Findings:
    measurement = load_measurement(MEASUREMENTS / "serving")
    return analyse(measurement, load_named(record_files(records_folder(MEASUREMENTS, measurement))[-1]))


@pytest.fixture(scope="module")
def made(findings: Findings, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes | Path]:
    with undrawn_charts():
        found = pages(collected([findings]), [findings.measurement], tmp_path_factory.mktemp("charts"), MEASUREMENTS)
        return {(page.language, page.path): page.content for page in found}


def _text(made: dict[tuple[str, str], bytes | Path], language: str, name: str = "index.md") -> str:
    content = made[language, f"measurements/serving/{name}"]
    assert isinstance(content, bytes)
    return content.decode()


@pytest.mark.parametrize("language", ["ru", "en"])
def test_no_latency_is_shown(made: dict[tuple[str, str], bytes | Path], language: str) -> None:
    text = _text(made, language)
    assert "p50" not in text.replace("batching", "")
    assert "p99 (" not in text
    assert ("ru", "measurements/serving/speedup.svg") in made
    assert (language, "measurements/serving/latency.svg") not in made
    assert (language, "measurements/serving/quality.svg") not in made


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_rate_stands_with_the_speedup_and_is_what_the_calculator_takes(
    made: dict[tuple[str, str], bytes | Path], findings: Findings, language: str
) -> None:
    text = _text(made, language)
    rates = [one.latency.rate_served for one in findings.workloads[0].variants if one.latency]
    assert len(rates) == 3
    for rate, attribute in zip(rates, re.findall(r'data-rate="([^"]+)"', text), strict=True):
        assert rate is not None
        assert float(attribute) == pytest.approx(rate.median, rel=1e-5)
    title = {"ru": "Запросов в секунду", "en": "Queries per second"}[language]
    assert title in next(line for line in text.splitlines() if "Ускорение" in line or "Speedup" in line)


def test_a_variant_that_kept_the_bound_at_no_rate_has_none(findings: Findings, tmp_path: Path, undrawn: None) -> None:
    """Neither the throughput of its tests nor a price stands in the rate's place, whoever else kept the bound."""
    workload = findings.workloads[0]

    def without(names: set[str]) -> str:
        variants = tuple(
            replace(one, latency=replace(one.latency, rate_served=None))
            if one.latency and one.variant.name in names
            else one
            for one in workload.variants
        )
        changed = replace(findings, workloads=(replace(workload, variants=variants),))
        found = pages(collected([changed]), [findings.measurement], tmp_path, MEASUREMENTS)
        return _text({(page.language, page.path): page.content for page in found}, "en")

    one_less = without({"two-threads"})
    assert len(re.findall("data-rate=", one_less)) == 2
    nobody = without({one.variant.name for one in workload.variants})
    assert "data-rate=" not in nobody
    for text in (one_less, nobody):
        assert "Queries per second" in text
        assert "p99 (" not in text


def test_the_file_has_the_rate(made: dict[tuple[str, str], bytes | Path], findings: Findings) -> None:
    head, first, *_ = _text(made, "en", "results.csv").splitlines()
    latency = findings.workloads[0].baseline.latency
    assert latency
    assert latency.rate_served
    assert float(first.split(",")[head.split(",").index("rate_served")]) == pytest.approx(latency.rate_served.median)
