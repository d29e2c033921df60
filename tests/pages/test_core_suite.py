"""Pages of records that hold the core part alone: every article copes, and nothing that is fuller is replaced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.core.definition import Application, Measurement, Technology
from generator.core.definition_file import load_suite
from generator.core.record import Record
from generator.draw.gallery import Gallery
from generator.measure.needs import LEFT_OUT
from generator.pages.measurement_page import MeasurementPage
from generator.pages.overview.topics import GROUPS
from generator.pages.sentences import localized
from generator.results.collection import collected
from generator.results.findings import analyse
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary
from tests.pages.test_edition import MEASUREMENTS, NBSP, cache

__all__ = ["cache"]

SUITE = load_suite(MEASUREMENTS)
CORE = [one for one in SUITE if one.suite == "core"]
STATIC = ("pytorch-fp32", "onnxruntime-fp32", "onnxruntime-int8-static")


def trial() -> Measurement:
    """`quantization-image` with a core of all its variants but one."""
    return imaginary.measurement().model_copy(update={"suite": "core", "core": STATIC})


def page(cache: Path, language: Language, *records: Record, measurement: Measurement) -> str:
    """A measurement's page, made of one of its records; in plain blanks."""
    found = collected(analyse(measurement, record) for record in records)
    systems, others = found.shown[measurement.name], found.every[measurement.name]
    folder = MEASUREMENTS / measurement.name
    made = MeasurementPage(systems[0], others, language, Gallery(cache), folder, systems).page()
    return re.sub(r"<svg.*?</svg>", "<svg/>", made, flags=re.DOTALL).replace(NBSP, " ")


def test_the_core_covers_what_the_post_speaks_of() -> None:
    """Each of its nine applications and each of its technologies, and two years of a runtime."""
    measured = [
        (one, workload)
        for one in CORE
        for workload in one.workloads
        if any(variant.name in one.part(core=True) for variant in one.variants_of(workload.name))
    ]
    applications = {workload.application for _, workload in measured}
    assert set(Application) - applications == {Application.TEXT_CLASSIFICATION}, "which is ours, not the post's"
    assert [group for group, members in GROUPS.items() if applications.isdisjoint(members)] == []
    technologies = {technology for one, _ in measured for technology in one.technologies}
    assert set(Technology) - technologies == {Technology.BATCHING}
    assert "runtime-history" in {one.name for one in CORE}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("measurement", CORE, ids=[one.name for one in CORE])
def test_every_article_copes_with_the_core_alone(cache: Path, measurement: Measurement, language: Language) -> None:
    """It answers its question, says of the rest that it was not measured, and how to measure it."""
    words = phrases(language)
    made = page(cache, language, imaginary.record_of(measurement, core=True), measurement=measurement)
    asked = measurement.headline.asked if measurement.headline else None
    answer = (
        words.say("verdict.faster") if asked is None else words.say("verdict.not_reached", asked=words.say("asked.2"))
    )
    assert f'<span class="verdict__word">{answer}</span>' in made
    part, reason = measurement.part(core=True), words.of("lacks", "core")
    shown = {v.workload for v in measurement.variants if v.name in part}
    for variant in measurement.variants:
        title = localized(variant.title, language)
        if variant.name not in part and variant.workload in shown:
            row = next(line for line in made.splitlines() if line.startswith(f"| {title} |"))
            assert reason in row
    for workload in measurement.workloads:
        section = f"<summary>{localized(workload.title, language)}</summary>"
        assert (section in made) is (len(measurement.workloads) > 1 and workload.name in shown)
    partial = part.names != measurement.variant_names
    assert (words.say("page.core_only").replace(NBSP, " ") in made) is partial
    assert (f"python -m generator measure {measurement.name}\n" in made) is partial
    assert LEFT_OUT.message not in made or language is Language.EN


def test_a_newer_record_of_the_core_replaces_no_whole_one_on_the_page_and_is_listed_as_what_it_is(cache: Path) -> None:
    """A reader who finds the newer one in the history sees why the page is not made of it."""
    core = imaginary.record_of(
        trial(),
        core=True,
        record_id="quantization-image-20261125t090000z-0123456789ab",
        started_at="2026-11-25T09:00:00Z",
        finished_at="2026-11-25T09:04:00Z",
    )
    made = page(cache, Language.RU, core, imaginary.record_of(trial()), measurement=trial())
    assert phrases(Language.RU).say("page.core_only").replace(NBSP, " ") not in made
    rows = [line for line in made.partition("{ #history }")[2].splitlines() if ".json" in line]
    assert [("основная часть" in row, "показана на этой странице" in row) for row in rows] == [
        (True, False),
        (False, True),
    ]


def test_what_the_core_leaves_out_is_no_comparison_that_was_made() -> None:
    """It widens no interval by Bonferroni, and nobody counts it among the results."""
    record = imaginary.record_of(trial(), core=True)
    assert record.compared(imaginary.WORKLOAD) == 2
    assert imaginary.record_of(trial()).compared(imaginary.WORKLOAD) == 3
    found = analyse(trial(), record).workloads[0]
    assert [one.against_baseline is None for one in found.variants] == [True, False, False, True]
