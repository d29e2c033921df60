"""Overviews: whole vocabularies in both languages, systems side by side, and nothing that no record says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator.assets.asset import load_catalogue
from generator.core.definition import Application, Measurement, Technology
from generator.core.definition_file import load_suite
from generator.core.record import Record
from generator.pages.edition import pages
from generator.pages.overview.glossary import load_glossary
from generator.pages.overview.topics import CAUSES, GROUPS
from generator.pages.views.system import machine_name
from generator.results.collection import collected
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from generator.words.translations import translated, translations
from tests.pages import imaginary
from tests.pages.conftest import undrawn_charts
from tests.pages.test_edition import NBSP, PAGE, Site, cache, site, text

__all__ = ["cache"]

MEASUREMENTS = imaginary.FOLDER.parent
OTHER = "Other CPU 7000"
TOPICS = [f"technologies/{one}.md" for one in Technology] + [f"applications/{one}.md" for one in Application]


def other_machine(**changes: Any) -> Record:
    """The same measurement on another machine, where 8 bits do not help."""
    system = {**imaginary.system(), "host_processor_model_name": OTHER, "host_processor_isa": ["avx2"]}
    return imaginary.record_with(
        {"onnxruntime-int8-static": 12.0},
        record_id="quantization-image-20261122t090000z-bbbbbbbbbbbb",
        system=system,
        started_at="2026-11-22T09:00:00Z",
        finished_at="2026-11-22T09:04:00Z",
        **changes,
    )


def their_page(record: Record) -> str:
    return f"measurements/quantization-image/{record.system.fingerprint()}.md"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two machines; the newer record's has the measurement's own address. Made once, and only read."""
    with undrawn_charts():
        return site(tmp_path_factory.mktemp("charts"), other_machine(), imaginary.record())


def test_every_technology_and_application_has_its_page_and_its_group(two: Site) -> None:
    for language in ("ru", "en"):
        assert {path for path in TOPICS if (language, path) in two} == set(TOPICS)
    assert sorted(one for group in CAUSES.values() for one in group) == sorted(Technology)
    assert sorted(one for group in GROUPS.values() for one in group) == sorted(Application)


@pytest.mark.parametrize("path", TOPICS)
def test_a_topic_has_prose_limits_and_the_same_shape_in_both_languages(two: Site, path: str) -> None:
    shapes = []
    for language in ("ru", "en"):
        page = text(two, language, path)
        before, _, after = page.partition("{ #measured }")
        prose = before.partition("{ .lede }")[2]
        assert len(prose) > 300
        assert len(after.partition("{ #limits }")[2].partition("\n## ")[0]) > 100
        shapes.append((re.findall(r"\{ #([\w-]+) \}", page), re.findall(r"\]\(([^)]+)\)", page), prose.count("\n\n")))
    assert shapes[0] == shapes[1]


def test_every_measurement_of_the_suite_is_on_some_technology_s_and_some_application_s_page() -> None:
    """Else a reader finds it in the list alone: name `technologies`, and an `application` in each workload."""
    suite = load_suite(MEASUREMENTS)
    assert not [one.name for one in suite if not one.technologies]
    assert not [f"{m.name}: {one.name}" for m in suite for one in m.workloads if one.application is None]


def test_a_page_of_a_technology_shows_only_pairs_that_tell_of_it(two: Site) -> None:
    """A change of the runtime is no merit of quantization, nor the other way round."""
    quantization, runtimes = (text(two, "en", f"technologies/{one}.md") for one in ("quantization", "runtimes"))
    assert "| ONNX Runtime int8 (static) | ONNX Runtime fp32 |" in quantization
    assert "| ONNX Runtime fp32 | PyTorch fp32 |" not in quantization
    assert "| ONNX Runtime fp32 | PyTorch fp32 |" in runtimes
    assert "int8" not in runtimes.partition("| Variant")[2].partition("\n\n")[0]


def test_an_application_shows_its_own_workloads_only(cache: Path) -> None:
    plain = imaginary.measurement().model_dump(mode="json")
    plain["workloads"][0]["application"] = "weather"
    made = site(cache, imaginary.record(), measurement=Measurement.model_validate(plain), articles=False)
    assert "| ONNX Runtime fp32 |" in text(made, "en", "applications/weather.md")
    assert "| ONNX Runtime fp32 |" not in text(made, "en", "applications/image-classification.md")


def test_systems_stand_side_by_side_and_are_never_divided(two: Site) -> None:
    """The cells are each machine's own ratios; 1.60 on the one, 0.533 on the other, and nothing of both."""
    for path in (PAGE, "systems/index.md", "technologies/quantization.md"):
        page = text(two, "en", path)
        assert any("1.60×" in line and "0.533×" in line and "slower" in line for line in page.splitlines()), path
        assert "3.0×" not in page


def test_each_machine_has_its_page_with_its_own_files(two: Site) -> None:
    other = other_machine()
    own, theirs = text(two, "ru"), text(two, "ru", their_page(other))
    folder = other.system.fingerprint()
    assert f"]({folder}.md): ×0,533" in own
    assert "](index.md): ×1,60" in theirs
    assert OTHER in theirs.partition("\n## ")[0]
    assert '<span class="verdict__word">Медленнее</span>' in theirs
    assert f"]({folder}/results.csv)" in theirs
    for name in ("results.csv", "speedup.svg", "speedup.json"):
        assert ("ru", f"measurements/quantization-image/{folder}/{name}") in two
    assert ("ru", f"measurements/quantization-image/{other.record_id}.json") in two
    assert (
        two["ru", f"measurements/quantization-image/{folder}/results.csv"]
        != two["ru", PAGE.replace("index.md", "results.csv")]
    )


@pytest.mark.slow
def test_a_single_machine_is_not_compared_with_others(cache: Path) -> None:
    page = text(site(cache, imaginary.record()), "ru")
    assert "{ #systems }" not in page
    assert "На других машинах" not in page


@pytest.mark.slow
def test_what_was_measured_otherwise_is_not_put_beside(cache: Path) -> None:
    """Other inputs, another question: the ratio is left out, and the cell says why."""
    workload = {**imaginary.fields()["workloads"][0], "data_sha256": "4" * 64}
    page = text(site(cache, other_machine(workloads=[workload]), imaginary.record()), "en")
    table = page.partition("{ #systems }")[2].partition("\n## ")[0]
    assert table.count("measured otherwise") == 3
    assert "0.533×" not in table


def test_what_did_not_help_is_complete_and_nothing_else(two: Site) -> None:
    """Slower on either machine, by the verdict; the static gain of the one machine is not there."""
    page = text(two, "en", "no-gain/index.md")
    slower = page.partition("{ #slower }")[2].partition("\n## ")[0]
    assert slower.count(" → ONNX Runtime int8 (dynamic)") == 2
    assert slower.count(" → ONNX Runtime int8 (static)") == 1
    assert "1.60×" not in page
    assert "Comparisons:" not in page  # steps switched off are no failures: a count of rows means nothing
    answers = page.partition("{ #answers }")[2].partition("\n## ")[0]
    assert answers.count("\n- ") == 1


def test_first_looks_are_in_no_overview(cache: Path) -> None:
    blocks = [imaginary.block(i, {**imaginary.LATENCIES, "control": 10.0}) for i in range(2)]
    made = site(cache, imaginary.record(tier="smoke", blocks=blocks))
    for path in ("no-gain/index.md", "systems/index.md", "technologies/quantization.md"):
        assert "×" not in text(made, "ru", path)
    assert "Опубликованных записей пока нет" in text(made, "ru", "systems/index.md")
    assert "](../measurements/quantization-image/index.md)" in text(made, "ru", "technologies/quantization.md")


def test_cards_carry_what_the_filter_goes_by(two: Site) -> None:
    page = text(two, "en", "measurements/index.md")
    card = next(line for line in page.splitlines() if 'data-verdict="gain slower"' in line)
    assert 'data-technology="quantization convolutional-networks runtimes"' in card
    assert 'data-application="image-classification"' in card
    machines = re.findall(r'data-system="([^"]+)"', card)[0].split()
    options = dict(re.findall(r'<option value="([^"]+)">([^<]+)</option>', page))
    names = ("Imaginary Xeon 8000, AVX-512 VNNI", f"{OTHER}, AVX2")
    assert [options[one] for one in machines] == [f"{name} (virtual machine)" for name in names]
    assert 'data-verdict="unmeasured"' in page
    assert '<form class="filters" hidden' in page


def test_pages_without_any_record_are_there(tmp_path: Path) -> None:
    made = {
        (page.language, page.path): page.content for page in pages(collected([]), [imaginary.measurement()], tmp_path)
    }
    assert "no such comparisons yet" in made["en", "no-gain/index.md"].decode()  # type: ignore[union-attr]
    assert "Записей пока нет" in made["ru", "technologies/compression.md"].decode()  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_machine_s_page_tells_its_ceilings_or_that_there_are_none(cache: Path) -> None:
    def ceiling(kind: str, precision: str | None, size: int, *rates: float) -> dict[str, Any]:
        runs = {"threads": 1, "runtime": "torch 2", "kernel": None, "size": "x", "per_second": rates}
        return {"kind": kind, "precision": precision, "working_set_bytes": size, **runs}

    found = [
        ceiling("matrix product", "fp32", 100, 90e9, 100e9, 110e9),
        ceiling("matrix product", "fp32", 900, 50e9),
        ceiling("copy", None, 2**20, 10e9),
        ceiling("triad", None, 2**20, 12e9),
    ]
    ceilings = {"measured_at": "2026-11-23T09:00:00Z", "found": found, "unknown": {}}
    page = text(site(cache, imaginary.record(ceilings=ceilings)), "en", "systems/index.md")
    assert "| Product of matrices, fp32 | 1 | 100 (90.0–110) GOP/s | torch 2, matrix product |" in page
    assert f"| Memory, 1.05{NBSP}MB | 1 | 12.0 GB/s | torch 2, triad |" in page
    assert page.count("GOP/s") == 1
    without = text(site(cache, imaginary.record()), "en", "systems/index.md")
    assert "were not measured" in without


def test_glossary_names_are_unique_and_its_links_lead_somewhere() -> None:
    groups = load_glossary()
    names = [one.name for one in groups] + [term.name for one in groups for term in one.terms]
    assert len(names) == len(set(names))
    for term in (term for one in groups for term in one.terms):
        links = [re.findall(r"\]\(([^)]+)\)", words) for words in (term.text.ru, term.text.en)]
        assert links[0] == links[1]
        assert {link[1:] for link in links[0] if link.startswith("#")} <= set(names)


def test_every_asset_has_its_terms_and_its_russian() -> None:
    """The licences page is only as complete as the catalogue; Russian readers get Russian."""
    catalogue = load_catalogue()
    assert len(catalogue) >= 10
    english = {one.title for one in catalogue.values()}
    assert not [title for title in english if not re.search("[а-яё]", translated(title, Language.RU))]


def test_translations_leave_what_nobody_translated() -> None:
    assert translated("Something new", Language.RU) == "Something new"
    known = next(iter(translations()))
    assert translated(known, Language.EN) == known
    assert re.search("[а-яё]", translated(known, Language.RU))


@pytest.mark.slow
def test_licences_name_the_measurements_that_used_an_asset(cache: Path) -> None:
    source = {"name": "20 labelled ImageNet photographs", "origin": "x", "sha256": "2" * 64, "licence": "MIT"}
    provenance = {**imaginary.fields()["provenance"], "sources": [source]}
    page = text(site(cache, imaginary.record(provenance=provenance)), "en", "licences/index.md")
    row = next(line for line in page.splitlines() if line.startswith("| 20 labelled"))
    assert "](../measurements/quantization-image/index.md) |" in row


def test_analysis_and_pages_agree_on_what_a_record_is_about() -> None:
    """A record's workloads stand for what the definition says today, whatever it said when it was measured."""
    findings = analyse(imaginary.measurement(), imaginary.record())
    assert [one.choice.application for one in findings.workloads] == [Application.IMAGE_CLASSIFICATION]


def test_a_machine_is_named_with_its_accelerator() -> None:
    """Two machines with one processor differ in the card beside it."""
    words = phrases(Language.EN)
    known = ("Imaginary(R) Xeon", ("avx2", "amx_int8"))
    assert machine_name(*known, None, "container", words) == "Imaginary Xeon, AMX (container)"
    assert (
        machine_name(*known, "Imaginary Card", "container", words) == "Imaginary Xeon, AMX, Imaginary Card (container)"
    )
