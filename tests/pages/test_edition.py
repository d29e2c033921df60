"""Pages: golden in both languages, the same in both, honest about what failed and about what was not measured.

After a change that is meant, write the golden pages anew and read their difference: UPDATE_GOLDEN=1 pytest tests/publish
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition import CONTROL, Measurement
from generator.core.errors import PublishError
from generator.core.record import Record
from generator.core.record_file import parse_record
from generator.pages.edition import pages
from generator.pages.sentences import Sentences
from generator.pages.tables import start
from generator.pages.views.workload import WorkloadView
from generator.results.collection import collected
from generator.results.findings import analyse
from generator.site.staging import Page
from generator.words.language import Language
from generator.words.phrases import phrases
from tests.pages import imaginary

GOLDEN = Path(__file__).parent / "golden"
MEASUREMENTS = imaginary.FOLDER.parent
PAGE = "measurements/quantization-image/index.md"
NBSP = "\u00a0"

Site = Mapping[tuple[str, str], bytes]


@pytest.fixture
def cache(tmp_path: Path, undrawn: None) -> Path:
    """An empty folder for charts that are not drawn."""
    return tmp_path


def other_measurement() -> Measurement:
    """A measurement that nobody has measured."""
    fields = imaginary.measurement().model_dump()
    question = {"ru": "Быстрее ли <b>новое</b>?", "en": "Is the <b>new</b> faster?"}
    return Measurement.model_validate({**fields, "name": "another", "question": question})


def site(cache: Path, *records: Record, measurement: Measurement | None = None, articles: bool = True) -> Site:
    chosen = measurement or imaginary.measurement()
    found = [analyse(chosen, record) for record in records]
    made = pages(collected(found), [chosen, other_measurement()], cache, MEASUREMENTS if articles else None)
    return {(page.language, page.path): page.content for page in made}  # type: ignore[misc]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site of the imaginary record, its charts really drawn."""
    return site(tmp_path_factory.mktemp("charts"), imaginary.record())


def text(made: Site, language: str, path: str = PAGE) -> str:
    """A page without its drawings."""
    return re.sub(r"<svg.*?</svg>", "<svg/>", made[language, path].decode(), flags=re.DOTALL)


GOLDEN_PAGES = [
    "index.md",
    "measurements/index.md",
    PAGE,
    "measurements/another/index.md",
    "applications/image-classification.md",
    "applications/index.md",
    "no-gain/index.md",
    "systems/index.md",
    "technologies/index.md",
    "technologies/quantization.md",
]
STORY_PAGES = ["twice-in-two-years/index.md", "claims/index.md", "evidence/index.md"]
"""Their numbers are those of the imaginary record and of the committed evidence."""


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("path", [*GOLDEN_PAGES, *STORY_PAGES])
def test_a_page_is_as_it_was_read_and_approved(whole: Site, language: str, path: str) -> None:
    golden = GOLDEN / language / path.replace("/", "-")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text(whole, language, path), "utf-8")
    assert text(whole, language, path) == golden.read_text("utf-8")


@pytest.mark.slow
def test_the_same_findings_give_the_same_bytes(whole: Site, tmp_path: Path) -> None:
    """Drawn anew, and taken from the folder of drawn charts."""
    assert site(tmp_path, imaginary.record()) == whole
    assert site(tmp_path, imaginary.record()) == whole


def test_every_file_is_a_page_of_one_language(cache: Path) -> None:
    made = list(pages(collected([]), [other_measurement()], cache))
    assert all(isinstance(page, Page) for page in made)
    assert {page.language for page in made} == {"ru", "en"}


def test_both_languages_have_the_same_pages(whole: Site) -> None:
    ru, en = ({path for language, path in whole if language == chosen} for chosen in ("ru", "en"))
    assert ru == en


def _shape(page: str) -> dict[str, Any]:
    """What two languages of one page have in common."""
    return {
        "headings": [(len(mark), anchor) for mark, anchor in re.findall(r"^(#+) .*?(?:\{ #(\w+) \})?$", page, re.M)],
        "charts": re.findall(r'<figure class="chart" id="([^"]+)"', page),
        "tables": [line.count("|") for line in page.splitlines() if line.startswith("| ---")],
        "rows": page.count("\n| "),
        "bullets": len(re.findall(r"^- ", page, re.M)),
        "links": sorted(re.findall(r"\]\(([^)]+)\)", page)),
        "downloads": re.findall(r'href="([^"]+)" download', page),
        "blocks": page.count("```"),
    }


@pytest.mark.parametrize("path", [*GOLDEN_PAGES, *STORY_PAGES])
def test_both_languages_have_the_same_shape(whole: Site, path: str) -> None:
    assert _shape(text(whole, "ru", path)) == _shape(text(whole, "en", path))


def test_every_chart_has_a_name_and_a_description_in_its_language(whole: Site) -> None:
    for language in ("ru", "en"):
        page = whole[language, PAGE].decode()
        described = re.findall(rf'<svg[^>]*lang="{language}"[^>]*><title[^>]*>([^<]+)</title><desc[^>]*>([^<]+)', page)
        assert len(described) == 10
        cyrillic = [bool(re.search("[а-яё]", title + words)) for title, words in described]
        assert all(cyrillic) if language == "ru" else not any(cyrillic)


def test_no_russian_slips_into_the_english_pages(whole: Site) -> None:
    for (language, path), content in whole.items():
        if language == "en" and path.endswith((".md", ".svg", ".csv")):
            assert not re.search("[а-яёА-ЯЁ]", content.decode()), path


def test_russian_pages_keep_their_typography(whole: Site) -> None:
    for path in GOLDEN_PAGES:
        page = text(whole, "ru", path).partition("\n---\n")[2]
        prose = re.sub(
            r"```.*?```|<[^>]*>|`[^`]*`|\([^)]*\.(?:md|json|csv)[^)]*\)|^\| ---.*$", "", page, flags=re.S | re.M
        )
        assert not re.search(r"\d (?:%|мс|раз|МБ|п\.)", prose), "a number and its unit may part"
        assert " —" not in prose
        assert not re.search(r"\d\.\d+(?= ?(?:%|мс|раз|МБ))", prose), "a decimal point"


def test_ids_are_unique_in_a_page(whole: Site) -> None:
    for path in (PAGE, "index.md"):
        ids = re.findall(r'\bid="([^"]+)"', whole["ru", path].decode())
        assert len(ids) == len(set(ids))


def test_every_link_beside_a_page_has_its_file(whole: Site) -> None:
    for language in ("ru", "en"):
        page = text(whole, language)
        targets = re.findall(r'href="([^":]+)" download|\]\(([\w.-]+)\)', page)
        assert len(targets) >= 22
        for target in {one or other for one, other in targets}:
            assert (language, f"measurements/quantization-image/{target}") in whole


def test_downloads_have_the_numbers_and_their_meaning(whole: Site) -> None:
    data = json.loads(whole["en", "measurements/quantization-image/speedup.json"])
    assert data["licence"]["name"] == "CC BY 4.0"
    assert data["records"] == [imaginary.record().record_id]
    assert {"name": "speedup", "title": "Speedup", "unit": "1"} in data["columns"]
    assert imaginary.record().record_id in data["citation"]
    rows = list(csv.DictReader(io.StringIO(whole["en", "measurements/quantization-image/speedup.csv"].decode())))
    assert [float(row["speedup"]) for row in rows] == [row["speedup"] for row in data["rows"]]
    assert whole["en", "measurements/quantization-image/speedup.png"].startswith(b"\x89PNG")


def test_results_hold_every_variant(whole: Site) -> None:
    rows = list(csv.DictReader(io.StringIO(whole["ru", "measurements/quantization-image/results.csv"].decode())))
    assert [row["variant"] for row in rows] == list(imaginary.LATENCIES)
    assert float(rows[2]["speedup"]) == pytest.approx(2.5, rel=0.02)
    assert rows[0]["speedup"] == ""
    assert float(rows[3]["accuracy_change"]) == pytest.approx(-0.072)


def test_the_record_beside_the_page_is_the_record(whole: Site) -> None:
    record = imaginary.record()
    data = whole["ru", f"measurements/quantization-image/{record.record_id}.json"]
    assert parse_record(json.loads(data), "page") == record


ANSWERS = {
    "faster": (4.0, "Быстрее", "Faster", "verdict--faster"),
    "slower": (9.0, "Медленнее", "Slower", "verdict--slower"),
    "no difference": (6.4, "Разницы не видно", "No difference shown", "verdict--no-difference"),
}


@pytest.mark.parametrize("case", ANSWERS)
@pytest.mark.slow
def test_the_page_gives_the_record_s_answer(case: str, cache: Path) -> None:
    latency, russian, english, style = ANSWERS[case]
    made = site(cache, imaginary.record_with({"onnxruntime-int8-static": latency}))
    for language, word in (("ru", russian), ("en", english)):
        page = text(made, language)
        assert f'<div class="verdict {style}"' in page
        assert f'<span class="verdict__word">{word}</span>' in page


@pytest.mark.slow
def test_a_gain_that_fails_the_gate_is_no_gain(cache: Path) -> None:
    worse = [imaginary.proportion("top-1", "label", range(60))]
    better = [imaginary.proportion("top-1", "label", range(20))]
    variants = [imaginary.variant(n, quality=worse if "static" in n else better) for n in imaginary.LATENCIES]
    page = text(site(cache, imaginary.record(variants=variants)), "ru")
    assert '<div class="verdict verdict--cannot-tell"' in page
    assert "Быстрее, но порог качества не выдержан" in page
    assert "скорость не в счёт" in page
    assert "так, как здесь, квантовать не стоит" in page


FAILURE = {"stage": "prepare", "message": "the exporter <b>refused</b> | {{ 7*7 }}", "last_lines": "secret"}


@pytest.fixture
def failed(cache: Path) -> Site:
    """A record whose static variant could not be prepared."""
    names = [name for name in imaginary.LATENCIES if name != "onnxruntime-int8-static"]
    latencies = {**{name: imaginary.LATENCIES[name] for name in names}, CONTROL: 10.0}
    bad = imaginary.variant("onnxruntime-int8-static", quality=[], failure=FAILURE, artifact=None)
    variants = [imaginary.variant(name) for name in names] + [bad]
    return site(cache, imaginary.record(variants=variants, blocks=[imaginary.block(i, latencies) for i in range(8)]))


def test_a_failed_variant_is_in_the_table_with_its_reason(failed: Site) -> None:
    for language, words in (("ru", "не измерено: подготовка модели не удалась"), ("en", "not measured: preparing")):
        page = text(failed, language)
        row = next(
            line
            for line in page.splitlines()
            if (line.startswith("| ONNX Runtime int8 (") and "stat" in line)
            or line.startswith("| ONNX Runtime int8 (стат")
        )
        assert words in row.replace(NBSP, " ")
        assert "&#60;b&#62;refused" in row
        assert "<b>" not in page.partition("\n---\n")[2]
        assert "{{" not in page.partition("\n---\n")[2]


@pytest.mark.slow
def test_what_the_machine_lacks_is_said_in_the_readers_language(cache: Path) -> None:
    """It is no failure: neither "failed" nor the console's English stands on the page."""
    failure = {"stage": "machine", "message": "the processor has no AMX", "lacks": "amx"}
    names = [name for name in imaginary.LATENCIES if name != "onnxruntime-int8-dynamic"]
    latencies = {**{name: imaginary.LATENCIES[name] for name in names}, CONTROL: 10.0}
    lacking = imaginary.variant("onnxruntime-int8-dynamic", quality=[], failure=failure, artifact=None)
    variants = [imaginary.variant(name) for name in names] + [lacking]
    made = site(cache, imaginary.record(variants=variants, blocks=[imaginary.block(i, latencies) for i in range(8)]))
    assert "не измерено: у процессора нет AMX" in text(made, "ru").replace(NBSP, " ")
    assert "has no AMX" not in text(made, "ru")
    # In the table of speeds, and in the article's own sentence on it; tables of what was measured leave it out.
    assert text(made, "ru").replace(NBSP, " ").count("у процессора нет AMX") == 2
    assert "not measured: the processor has no AMX" in text(made, "en").replace(NBSP, " ")


def test_the_first_call_with_nothing_compiled_has_a_column_of_its_own() -> None:
    """Where one variant has such a time, the others' first call stands for it; without any there is no column."""
    variants = [
        imaginary.variant(n, uncached_first_call_ns=31_000_000_000 if "dynamic" in n else None)
        for n in imaginary.LATENCIES
    ]
    for kept, columns in ((variants, 4), ([imaginary.variant(n) for n in imaginary.LATENCIES], 3)):
        findings = analyse(imaginary.measurement(), imaginary.record(variants=kept))
        view = WorkloadView(findings.workloads[0], findings, Sentences(phrases(Language.EN)))
        head, _, *rows = str(start(view, phrases(Language.EN))).splitlines()
        assert head.count("|") == columns + 1
        if columns == 4:
            assert "31" in rows[3]
            assert rows[1].split("|")[3] == rows[1].split("|")[4]


def test_an_answer_that_failed_is_not_measured(failed: Site) -> None:
    page = text(failed, "en")
    assert '<span class="verdict__word">Not measured</span>' in page
    assert "What to do" in page
    assert "It is too early to decide" in page
    assert phrases(Language.EN).say("verdict.not_measured") in text(failed, "en", "measurements/index.md")


@pytest.mark.slow
def test_a_page_shows_no_answer_where_the_baseline_failed(cache: Path) -> None:
    failure = {"stage": "timing", "message": "it crashed"}
    variants = [imaginary.variant(n, failure=failure) for n in imaginary.LATENCIES]
    made = site(cache, imaginary.record(variants=variants, blocks=[], stop_reason={imaginary.WORKLOAD: "failed"}))
    assert "Не измерено" in text(made, "ru")
    assert "it crashed" in text(made, "ru")
    assert ("ru", "measurements/quantization-image/speedup.svg") not in made


def test_a_machine_that_can_measure_nothing_has_a_page_all_the_same(cache: Path) -> None:
    failure = {"stage": "machine", "message": "the processor has no SSE4.1", "lacks": "sse41"}
    variants = [imaginary.variant(n, failure=failure, quality=[], artifact=None) for n in imaginary.LATENCIES]
    made = site(cache, imaginary.record(variants=variants, blocks=[], stop_reason={imaginary.WORKLOAD: "failed"}))
    assert "у процессора нет SSE4.1" in text(made, "ru").replace(NBSP, " ")


@pytest.mark.slow
def test_missing_quality_has_its_reason(cache: Path) -> None:
    variants = [imaginary.variant(n, quality=[], quality_unknown="no <labels>") for n in imaginary.LATENCIES]
    page = text(site(cache, imaginary.record(variants=variants)), "ru")
    assert "Точность не измерена: no &#60;labels&#62;." in page
    assert "не измерено: no &#60;labels&#62;" in page


def test_percentiles_that_the_number_of_queries_does_not_permit_are_not_shown(whole: Site) -> None:
    row = next(line for line in text(whole, "en").splitlines() if line.startswith("| p99 (upper bound)"))
    cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
    assert [cell == "—" for cell in cells] == [True, True, False, True]
    assert "p99.9" not in text(whole, "en")


@pytest.mark.slow
def test_a_first_look_is_called_one(cache: Path) -> None:
    blocks = [imaginary.block(i, {**imaginary.LATENCIES, CONTROL: 10.0}) for i in range(2)]
    page = text(site(cache, imaginary.record(tier="smoke", blocks=blocks)), "ru")
    assert page.index('!!! warning "Не измерено по стандарту"') < page.index(
        '<div class="verdict verdict--cannot-tell"'
    )
    assert '<span class="verdict__word">Первый взгляд: быстрее</span>' in page
    assert "Пока ничего: это первый взгляд" in page


def _later(record_id: str, **changes: Any) -> Record:
    return imaginary.record(
        record_id=record_id, started_at="2026-11-25T09:00:00Z", finished_at="2026-11-25T09:04:00Z", **changes
    )


@pytest.mark.slow
def test_the_newest_publishable_record_is_shown_and_all_are_listed(cache: Path) -> None:
    old, smoke = imaginary.record(), _later("quantization-image-20261125t090000z-aaaaaaaaaaaa", tier="smoke")
    system = {**imaginary.system(), "host_processor_model_name": "Other CPU | <i>"}
    new = _later("quantization-image-20261124t090000z-bbbbbbbbbbbb", system=system)
    page = text(site(cache, old, new, smoke), "ru")
    history = page.partition("{ #history }")[2]
    assert "Other CPU &#124; &#60;i&#62;" in page.partition("\n## ")[0]
    assert [record.record_id in history for record in (old, new, smoke)] == [True, True, True]
    assert history.count("показана на этой странице") == 1
    assert "Других записей" not in history


@pytest.mark.slow
def test_a_changed_definition_is_a_caveat(cache: Path) -> None:
    provenance = {**imaginary.fields()["provenance"], "definition_sha256": "f" * 64}
    page = text(site(cache, imaginary.record(provenance=provenance)), "ru")
    assert "определение измерения изменилось" in page


def test_contributed_text_cannot_become_code(cache: Path) -> None:
    """A definition and a record full of attacks: nothing but text reaches a page, a file or a link."""
    evil = "<script>alert(1)</script> {{ 7*7 }} [x](javascript:1) | **b** $x$"
    fields = imaginary.measurement().model_dump(mode="json")
    for one in (*fields["variants"], *fields["workloads"], fields):
        one["title"] = {"ru": evil, "en": evil}
    fields["question"] = {"ru": evil, "en": evil}
    system = {**imaginary.system(), "host_processor_model_name": evil, "operating_system": evil, "kernel": evil}
    provenance = {**imaginary.fields()["provenance"], "command": f"{evil}\n```\n# out"}
    provenance["sources"] = [{"name": evil, "origin": evil, "sha256": "0" * 64, "licence": evil}]
    workloads = [{**imaginary.fields()["workloads"][0], "model": evil, "notes": [evil]}]
    record = imaginary.record(system=system, provenance=provenance, workloads=workloads)
    made = site(cache, record, measurement=Measurement.model_validate(fields), articles=False)
    for (_, path), content in made.items():
        if path.endswith((".md", ".svg")):
            page = content.decode()
            outside_code = re.sub(r"^(`{3,})bash\n.*?^\1$", "", page, flags=re.S | re.M).partition("\n---\n")[2]
            assert "<script" not in outside_code
            if path.endswith(".md"):
                raw = r"<svg.*?</svg>|<dl.*?</dl>|<p class.*?</p>|<form.*?</form>|<div class=\"calculator\".*?</div>"
                outside_html = re.sub(raw, "", outside_code, flags=re.S)
                assert "{{" not in outside_html
                assert "](javascript" not in outside_html


def _two_workloads() -> Iterator[tuple[str, Any]]:
    fields = imaginary.measurement().model_dump(mode="json")
    second = [{**v, "name": f"{v['name']}-b", "workload": "second"} for v in fields["variants"]]
    title = {"ru": "Вторая нагрузка", "en": "Second workload"}
    yield from {
        **fields,
        "workloads": [*fields["workloads"], {**fields["workloads"][0], "name": "second", "title": title}],
        "variants": [*fields["variants"], *second],
    }.items()


def test_several_workloads_have_a_section_each(cache: Path) -> None:
    measurement = Measurement.model_validate(dict(_two_workloads()))
    first = imaginary.fields()
    variants = [*first["variants"], *({**v, "name": f"{v['name']}-b", "workload": "second"} for v in first["variants"])]
    blocks = [*first["blocks"]]
    for one in first["blocks"]:
        rounds = [
            {**r, "variant": r["variant"] if r["variant"] == CONTROL else f"{r['variant']}-b"} for r in one["rounds"]
        ]
        workers = [
            {**w, "variant": w["variant"] if w["variant"] == CONTROL else f"{w['variant']}-b"} for w in one["workers"]
        ]
        blocks.append({**one, "workload": "second", "rounds": rounds, "workers": workers})
    record = imaginary.record(
        variants=variants,
        blocks=blocks,
        workloads=[*first["workloads"], {**first["workloads"][0], "name": "second"}],
        stop_reason={imaginary.WORKLOAD: "goal", "second": "goal"},
    )
    made = site(cache, record, measurement=measurement, articles=False)
    page = text(made, "ru")
    assert page.count("<summary>Вторая нагрузка</summary>") >= 3
    assert 'id="chart-speedup-second"' in page
    assert ("ru", "measurements/quantization-image/speedup-second.csv") in made


def test_an_unmeasured_measurement_says_how_to_measure(whole: Site) -> None:
    page = text(whole, "ru", "measurements/another/index.md")
    assert "python -m generator build --only another" in page
    assert "PyTorch fp32" in page
    assert "&#60;b&#62;новое" in page


def test_the_home_page_names_what_is_not_measured(whole: Site) -> None:
    page = text(whole, "en", "index.md")
    assert "](measurements/another/index.md)" in page
    assert "1.60×" in page


def test_without_any_record_every_page_is_there(cache: Path) -> None:
    """And no chart of ours; what others published is drawn all the same."""
    made = site(cache)
    assert "ни одной записи" in text(made, "ru", "index.md")
    assert ("en", PAGE) in made
    assert ("en", "headlines.svg") not in made
    assert ("en", "evidence/published-speed.svg") in made


def test_an_article_s_contradiction_names_the_page(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "measurements" / "quantization-image"
    folder.mkdir(parents=True)
    for language in ("ru", "en"):
        body = '{% extends "measurement.md.j2" %}{% block intro %}{{ holds(answer, "slower") }}{% endblock %}'
        (folder / f"article.{language}.md.j2").write_text(body, "utf-8")
    found = analyse(imaginary.measurement(), imaginary.record())
    with pytest.raises(PublishError, match="says 'slower'"):
        list(pages(collected([found]), [imaginary.measurement()], cache, tmp_path / "measurements"))


@pytest.mark.parametrize("path", sorted(MEASUREMENTS.glob("*/records/*.json")), ids=lambda p: p.stem)
@pytest.mark.slow
def test_every_committed_record_has_its_page(path: Path, cache: Path) -> None:
    from generator.core.definition_file import load_measurement
    from generator.core.record_file import load_record

    measurement = load_measurement(path.parents[1])
    made = list(pages(collected([analyse(measurement, load_record(path))]), [measurement], cache, MEASUREMENTS))
    assert {page.language for page in made} == {"ru", "en"}
