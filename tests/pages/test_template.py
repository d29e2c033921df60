"""Templates print ready-made, escaped strings, and a sentence that contradicts its record stops the build."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import PublishError
from generator.core.record import Record
from generator.draw import gallery
from generator.draw.gallery import Drawn, Gallery
from generator.pages.measurement_page import MeasurementPage, quoted
from generator.pages.template import MAX_ARTICLE_BYTES, Environment, read_article, render
from generator.results.findings import analyse
from generator.results.summary import summarise
from generator.words.language import Language
from generator.words.markdown import Markdown
from tests.pages import imaginary

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is the slowest part, and has tests of its own."""
    monkeypatch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))


def printed(template: str, language: Language = Language.EN, **context: Any) -> str:
    return render(Environment(language, {"articles/a.md.j2": template}), "articles/a.md.j2", context)


def page(folder: Path | None, tmp_path: Path, record: Record | None = None) -> MeasurementPage:
    found = analyse(imaginary.measurement(), record or imaginary.record())
    return MeasurementPage(found, [summarise(found)], Language.EN, Gallery(tmp_path / "charts"), folder)


def folder_with(tmp_path: Path, body: str) -> Path:
    """A measurement's folder whose article puts the text into the introduction."""
    folder = tmp_path / "measurements" / "quantization-image"
    folder.mkdir(parents=True)
    text = '{% extends "measurement.md.j2" %}{% block intro %}' + body + "{% endblock %}"
    for language in Language:
        (folder / f"article.{language}.md.j2").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    "value", ["<script>x</script>", "{{ 7*7 }}", "{% raw %}", "[a](b)", "a | b", "**b**", "`c`", "# h"]
)
def test_foreign_text_is_escaped(value: str) -> None:
    text = printed("{{ value }}", value=value)
    assert text.strip() != value
    assert not set("<>{}[]|*`") & set(text)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 7*7 }}",
        "{{ 'a' ~ value }}",
        "{{ 'a' + value }}",
        "{{ '%s' % value }}",
        "{{ 'a' * 9999999999 }}",
        "{{ 10 ** 10 }}",
    ],
)
def test_templates_do_not_calculate(template: str) -> None:
    """Joined strings would bypass the escaping, and a product may fill the memory."""
    with pytest.raises(PublishError, match="neither join strings nor calculate"):
        printed(template, value="<b>")


def test_the_name_of_a_variant_may_be_put_together_where_it_is_looked_up() -> None:
    """What is printed is what was found, escaped as ever."""
    assert printed("{{ find(name ~ '-fp32') }}", find=lambda name: f"<{name}>", name="x").strip() == "&#60;x-fp32&#62;"


@pytest.mark.parametrize("value", [1.5, 3, True])
def test_a_bare_number_is_never_published(value: object) -> None:
    with pytest.raises(PublishError, match="a bare number"):
        printed("{{ value }}", value=value)


def test_nothing_is_never_published() -> None:
    with pytest.raises(PublishError, match="'none' is never published"):
        printed("{{ value }}", value=None)


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(PublishError, match=r"articles/a\.md\.j2.*anwser.*Known: answer, say"):
        printed("{{ anwser }}", answer="x", say="y")


@pytest.mark.parametrize(
    "template",
    [
        "{{ value.__class__.__mro__ }}",
        "{{ value.__init__.__globals__ }}",
        "{{ ''.__class__ }}",
        "{{ say.__globals__ }}",
    ],
)
def test_the_sandbox_holds(template: str) -> None:
    with pytest.raises(PublishError):
        printed(template, value="x", say=quoted)


@pytest.mark.parametrize("name", ["safe", "join", "format", "replace", "attr", "tojson", "xmlattr", "indent"])
def test_filters_that_bypass_the_escaping_are_not_there(name: str) -> None:
    with pytest.raises(PublishError):
        printed("{{ value | " + name + " }}", value="<b>")


@pytest.mark.parametrize("name", ["range", "dict", "lipsum", "cycler", "joiner", "namespace"])
def test_jinja_s_own_functions_are_not_there(name: str) -> None:
    with pytest.raises(PublishError):
        printed("{% for i in " + name + "(9) %}x{% endfor %}")


def test_a_template_reaches_no_other_file() -> None:
    for name in ("/etc/passwd", "../edition.py", "../../../pyproject.toml"):
        with pytest.raises(PublishError):
            printed('{% include "' + name + '" %}')


def test_a_template_that_includes_itself_ends() -> None:
    with pytest.raises(PublishError):
        printed('{% include "articles/a.md.j2" %}')


@pytest.mark.parametrize(
    "text",
    [
        "×1,6",
        "1.6×",
        "2x faster",
        "в 3 раза",
        "5 раз",
        "3 times",
        "78 %",
        "78%",
        "4 мс",
        "12.5 ms",
        "2 п. п.",
        "80 процентов",
        "80 percent",
    ],
)
def test_a_typed_result_is_refused(text: str) -> None:
    with pytest.raises(PublishError, match="is a typed result"):
        printed(f"Text with {text} in it")


@pytest.mark.parametrize(
    "text", ["int8", "fp32", "32 бита", "8-bit", "p99", "x86", "avx512_vnni", "2023–2025", "3 dots", "512 × 512 pixels"]
)
def test_other_numbers_are_fine(text: str) -> None:
    assert text in printed(f"Text with {text} in it")


def test_a_quoted_number_is_fine() -> None:
    assert "+200%" in printed("{{ quoted('+200%') }}", quoted=quoted)


def test_text_is_typeset_and_squeezed() -> None:
    text = printed("Цена — это 8 бит.   \n\n\n\nИ всё.\n", Language.RU)
    assert text == "Цена\u00a0— это 8\u00a0бит.\n\nИ всё.\n"


def test_a_macro_s_output_is_not_escaped_twice() -> None:
    text = printed("{% macro bold(x) %}**{{ x }}**{% endmacro %}{{ bold(value) }}", value="<b>")
    assert text.strip() == "**&#60;b&#62;**"


def test_a_template_s_own_markdown_passes() -> None:
    assert printed("{{ value }}", value=Markdown("**x**")).strip() == "**x**"


CLAIMS: Mapping[str, tuple[str, str, str]] = {
    "faster": ("onnxruntime-int8-static", "onnxruntime-fp32", "faster"),
    "slower": ("onnxruntime-int8-dynamic", "pytorch-fp32", "slower"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_a_sentence_that_the_record_supports_passes(case: str, tmp_path: Path) -> None:
    variant, against, verdict = CLAIMS[case]
    body = f'{{{{ holds(comparison("{variant}", "{against}"), "{verdict}") }}}}It holds.'
    assert "\nIt holds." in page(folder_with(tmp_path, body), tmp_path).page()


def test_a_sentence_that_the_record_contradicts_stops_the_build(tmp_path: Path) -> None:
    body = '{{ holds(comparison("onnxruntime-int8-dynamic", "pytorch-fp32"), "faster") }}Dynamic is faster.'
    with pytest.raises(PublishError) as caught:
        page(folder_with(tmp_path, body), tmp_path).page()
    said = str(caught.value)
    for part in (
        "measurements/quantization-image/article.en.md.j2",
        "says 'faster' of 'onnxruntime-int8-dynamic' against 'pytorch-fp32'",
        "quantization-image-20261123t090000z-0123456789ab says 'slower'",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{{ holds(answer, "quicker") }}', "unknown verdict 'quicker'"),
        ('{{ comparison("onnxruntime-int8", "pytorch-fp32").sentence }}', "Did you mean 'onnxruntime-int8-"),
        ('{{ variant("pytorch").title }}', "Did you mean 'pytorch-fp32'"),
        ('{{ chart("speed") }}', "Did you mean 'speedup'"),
        ('{{ table("speeds") }}', "Did you mean 'speed'"),
        ("{{ answer.found.speedup.point }}", "a bare number"),
    ],
)
def test_a_mistake_in_an_article_says_what_was_meant(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=message.replace("(", r"\(")):
        page(folder_with(tmp_path, body), tmp_path).page()


_TEMPLATES = sorted(
    path for folder in ("measurements", "articles", "generator") for path in ROOT.glob(f"{folder}/**/*.j2")
)


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_line_is_glued_to_the_next(path: Path) -> None:
    """Jinja eats the newline after a block's tag: text that ends in one runs into the next line, a bullet into another."""
    lines = path.read_text("utf-8").splitlines()
    for number, (line, following) in enumerate(pairwise(lines), 1):
        text = re.sub(r"{[%#].*?[%#]}", "", line).strip()
        if text and line.rstrip().endswith("%}"):
            assert not following.strip() or following.lstrip().startswith("{%"), f"{path}, line {number}"


def test_an_article_is_there_in_both_languages_or_in_none(tmp_path: Path) -> None:
    assert read_article(tmp_path, Language.RU) is None
    (tmp_path / "article.ru.md.j2").write_text("текст", "utf-8")
    assert read_article(tmp_path, Language.RU) == (f"{tmp_path.parent.name}/{tmp_path.name}/article.ru.md.j2", "текст")
    with pytest.raises(PublishError, match="one language only"):
        read_article(tmp_path, Language.EN)


def test_an_article_is_neither_huge_nor_of_another_encoding(tmp_path: Path) -> None:
    for language in Language:
        (tmp_path / f"article.{language}.md.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(PublishError, match="not UTF-8"):
        read_article(tmp_path, Language.RU)
    (tmp_path / "article.ru.md.j2").write_bytes(b"x" * (MAX_ARTICLE_BYTES + 1))
    with pytest.raises(PublishError, match="larger than 256 KiB"):
        read_article(tmp_path, Language.RU)


def test_a_rate_of_tokens_stands_where_samples_generate_some(tmp_path: Path) -> None:
    """Tokens a second are samples a second times tokens a sample; elsewhere there is no such row."""
    workloads = [{**imaginary.fields()["workloads"][0], "tokens_per_sample": 16}]
    body = 'Rate: {{ variant("pytorch-fp32").tokens_per_second }}.'
    with_tokens = page(folder_with(tmp_path, body), tmp_path, imaginary.record(workloads=workloads)).page()
    samples = analyse(imaginary.measurement(), imaginary.record()).workloads[0].baseline.latency
    assert samples is not None
    rate = Language.EN.number(16 * samples.samples_per_second.median)
    assert f"Rate: {rate}." in with_tokens
    assert "Tokens per second" in with_tokens
    assert "Tokens per second" not in page(None, tmp_path).page()
