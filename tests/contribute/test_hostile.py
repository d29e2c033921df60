"""Files of strangers: each is refused with a reason, none is a traceback, and none is changed or followed elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import markdown as python_markdown
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.contribute.check import check
from generator.contribute.export import tables_of
from generator.core.definition_file import MAX_DEFINITION_BYTES, load_measurement, load_suite
from generator.core.errors import DefinitionError, GeneratorError, PublishError, RecordError
from generator.core.record import Record
from generator.core.record_block import MOST_LATENCIES
from generator.core.record_file import MAX_RECORD_BYTES, decoded, dump_record, load_records, parse_record, seal_of
from generator.draw.gallery import Gallery
from generator.pages.downloads import results_csv
from generator.pages.measurement_page import MeasurementPage
from generator.pages.template import Environment, render
from generator.results.findings import analyse
from generator.results.summary import summarise
from generator.words.language import Language
from tests.contribute.conftest import NAME
from tests.pages import imaginary

Put = Callable[..., Path]
Data = dict[str, Any]
STEM = "quantization-image-20261123t090000z-0123456789ab"


def _first_round(**changes: Any) -> Callable[[Data], None]:
    return lambda data: data["blocks"][0]["rounds"][0].update(changes)


def _set(place: str, value: Any) -> Callable[[Data], None]:
    """Put a value at "a.0.b"."""

    def change(data: Any) -> None:
        *way, last = [int(step) if step.isdecimal() else step for step in place.split(".")]
        for step in way:
            data = data[step]
        data[last] = value

    return change


def _repeat(place: str) -> Callable[[Data], None]:
    return lambda data: data[place].append(data[place][0])


# What is wrong with the contents; the seal is right.
CONTENTS: list[tuple[str, Callable[[Data], Any], str]] = [
    ("an array", lambda data: [data], "no JSON object"),
    ("a text", lambda data: "record", "no JSON object"),
    ("next schema version", _set("schema_version", 2), "schema version is 2"),
    ("schema version as text", _set("schema_version", "1"), "schema version is 1"),
    ("no schema version", lambda data: {k: v for k, v in data.items() if k != "schema_version"}, "version is None"),
    ("huge schema version", _set("schema_version", 10**30), "schema version is 1000"),
    ("unknown field", _set("extra", 1), "extra: "),
    ("unknown field inside", _set("blocks.0.rounds.0.note", "x"), "blocks.0.rounds.0.note: "),
    ("no system", lambda data: {k: v for k, v in data.items() if k != "system"}, "system: "),
    ("prototype", _set("__proto__", {"x": 1}), "__proto__"),
    ("negative latency", _first_round(latencies_ns=[-1]), "latencies_ns.0"),
    ("zero latency", _first_round(latencies_ns=[0]), "latencies_ns.0"),
    ("latency of two days", _first_round(latencies_ns=[2 * 86_400 * 10**9]), "latencies_ns.0"),
    ("latency as text", _first_round(latencies_ns=["fast"]), "latencies_ns.0"),
    ("latency with a fraction", _first_round(latencies_ns=[1.5]), "latencies_ns.0"),
    ("latency null", _first_round(latencies_ns=[None]), "latencies_ns.0"),
    ("latency of 400 digits", _first_round(latencies_ns=[10**400]), "latencies_ns.0"),
    ("no latencies", _first_round(latencies_ns=[]), "latencies_ns"),
    ("latencies as an object", _first_round(latencies_ns={"0": 1}), "latencies_ns"),
    ("fewer queries than latencies", _first_round(queries=1), "cannot keep more latencies"),
    ("more queries than can be counted", _first_round(queries=10**30), "queries"),
    ("two variants of a name", _repeat("variants"), "same name"),
    ("two workloads of a name", _repeat("workloads"), "two workloads bear the same name"),
    ("a block of nobody's workload", _set("blocks.0.workload", "other"), "unknown workloads: other"),
    ("a round of nobody", _first_round(variant="nobody"), "unknown variants: nobody"),
    ("a worker of nobody", _set("blocks.0.workers.0.variant", "nobody"), "nobody"),
    ("a round without a worker", _set("blocks.0.workers", []), "did not start"),
    ("a variant of nobody's workload", _set("variants.1.workload", "other"), "variants name unknown workloads"),
    ("no baseline", _set("variants.0.baseline", False), "not exactly one baseline"),
    ("two baselines", _set("variants.1.baseline", True), "not exactly one baseline"),
    ("a reason of nobody's workload", _set("stop_reason.other", "goal"), "stop_reason names unknown"),
    ("it ends before it begins", _set("finished_at", "2026-11-23T08:00:00Z"), "finished before it started"),
    ("the year 9999", _set("finished_at", "9999-12-31T23:59:59Z"), "finished_at"),
    ("the year 1", _set("started_at", "0001-01-01T00:00:00Z"), "started_at"),
    ("a time without a zone", _set("started_at", "2026-11-23T09:00:00"), "started_at"),
    ("a time that is none", _set("started_at", "yesterday"), "started_at"),
    ("the future", _set("finished_at", "2150-01-01T00:00:00Z"), "it ends in the future"),
    ("a clock that goes backwards", _set("blocks.3.started_at", "2026-11-23T09:00:05Z"), "the clock went backwards"),
    ("a block before the run", _set("blocks.0.started_at", "2026-11-23T08:00:00Z"), "began outside the run"),
    ("a path in the id", _set("record_id", "../../../etc/passwd"), "record_id"),
    ("a slash in the id", _set("record_id", "a/b"), "record_id"),
    ("another file's id", _set("record_id", "another-one"), "Name it another-one.json"),
    ("another measurement's record", _set("measurement", "another"), "it is a record of 'another'"),
    ("a path for a measurement", _set("measurement", "../x"), "measurement: "),
    ("smoke", _set("tier", "smoke"), "never published"),
    ("an unknown tier", _set("tier", "best"), "tier: "),
    ("no licence", _set("provenance.sources.0.licence", " unknown "), "has no licence"),
    ("a short hash", _set("provenance.code_sha256", "abc"), "code_sha256"),
    ("a hash in capitals", _set("provenance.code_sha256", "A" * 64), "code_sha256"),
    ("a line of a megabyte", _set("system.kernel", "x" * 2**20), "system.kernel"),
    ("a lone surrogate", _set("system.kernel", "\ud800"), "hex escape"),
    ("a value beyond 32 bits", _set("variants.0.quality.0.values.0", 1e300), "quality.0.values.0"),
    ("a proportion of a half", _set("variants.0.quality.0.values.0", 0.5), "values other than 0 and 1"),
    ("a count beyond 64 bits", _set("system.host_memory_capacity_bytes", 2**70), "host_memory_capacity_bytes"),
    ("minus one core", _set("system.host_processor_core_count", -1), "host_processor_core_count"),
    ("a share above one", _set("blocks.0.health.psi_cpu_some", 1.5), "psi_cpu_some"),
    ("no variants", _set("variants", []), "variants"),
    ("an invented kind", _set("kind", "simulated"), "kind: "),
]  # fmt: skip

# What is wrong with the bytes; the original text is given.
BYTES: list[tuple[str, Callable[[str], bytes], str]] = [
    ("empty", lambda text: b"", "no complete JSON"),
    ("prose", lambda text: b"hello", "no complete JSON"),
    ("half", lambda text: text[: len(text) // 2].encode(), "no complete JSON"),
    ("edited", lambda text: text.replace("Imaginary Xeon", "Imaginary Zeon").encode(), "edited after it was measured"),
    ("another hash", lambda text: text.replace(json.loads(text)["sha256"], "0" * 64).encode(), "edited after"),
    ("NaN", lambda text: text.replace("0.98", "NaN", 1).encode(), "NaN is no number"),
    ("infinity", lambda text: text.replace("0.98", "Infinity", 1).encode(), "Infinity is no number"),
    ("minus infinity", lambda text: text.replace("0.98", "-Infinity", 1).encode(), "-Infinity is no number"),
    ("1e999", lambda text: text.replace("0.98", "1e999", 1).encode(), "no JSON"),
    ("a key twice", lambda text: text.replace('"tier"', '"tier": "full", "tier"', 1).encode(), "'tier' stands twice"),
    ("5,000 digits", lambda text: text.replace("0.98", "9" * 5000, 1).encode(), "no complete JSON"),
    ("not UTF-8", lambda text: text.replace("Imaginary", "Imagin\xe4ry").encode("latin-1", "replace"), "not UTF-8"),
    ("UTF-16", lambda text: text.encode("utf-16"), "not UTF-8"),
    ("a pit of brackets", lambda text: b"[" * 200_000, "no complete JSON"),
    ("a pit of objects", lambda text: b'{"a":' * 200_000, "no complete JSON"),
    ("pickle", lambda text: pickle.dumps({"schema_version": 1}), "not UTF-8"),
    ("NUL", lambda text: b"\0" * 1000, "no complete JSON"),
    ("comments", lambda text: b"// measured\n" + text.encode(), "no complete JSON"),
    ("too many latencies", lambda text: _many_latencies(text, MOST_LATENCIES + 1), "latencies_ns"),
]  # fmt: skip


def _many_latencies(text: str, count: int) -> bytes:
    data = json.loads(text)
    data["blocks"][0]["rounds"][0]["latencies_ns"] = ["many"]
    return json.dumps(data).replace('["many"]', "[" + "1," * (count - 1) + "1]").encode()


def _snapshot(folder: Path) -> dict[str, str]:
    """Everything in a folder with its content, links unread."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _refused(root: Path, message: str) -> None:
    """The check names it, a build refuses it or leaves it out, and neither changes anything."""
    before = _snapshot(root / "measurements")
    found = check(root)
    said = [str(problem) for problem in found.problems]
    assert any(message in one for one in said), said
    assert not found.sound
    assert all(problem.reason and problem.file.startswith("measurements/") for problem in found.problems)
    message = "built"
    try:
        for measurement in load_suite(root / "measurements"):
            folder = root / "measurements" / measurement.name
            for record in load_records(folder / "records"):
                _pages(folder, measurement.name, record)
    except GeneratorError as error:
        message = str(error)  # and no other exception
    assert message
    assert _snapshot(root / "measurements") == before


def _pages(folder: Path, name: str, record: Record) -> dict[Language, str]:
    findings = analyse(load_measurement(folder), record)
    if not findings.workloads:
        return {}
    gallery = Gallery(folder.parents[1] / ".cache")
    made = (MeasurementPage(findings, [summarise(findings)], one, gallery, folder) for one in Language)
    return {page.language: page.page() for page in made}


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS])
def test_contents_of_a_record(tmp_path: Path, put: Put, change: Callable[[Data], Any], message: str) -> None:
    put(change)
    _refused(tmp_path, message)


@pytest.mark.parametrize(("spoil", "message"), [row[1:] for row in BYTES], ids=[row[0] for row in BYTES])
def test_bytes_of_a_record(
    tmp_path: Path, put: Put, sound: Record, spoil: Callable[[str], bytes], message: str
) -> None:
    path = put()
    path.write_bytes(spoil(dump_record(sound)))
    _refused(tmp_path, message)


def test_a_record_beyond_the_limit_is_refused_unread(tmp_path: Path, put: Put) -> None:
    path = put()
    os.truncate(path, MAX_RECORD_BYTES + 1)
    _refused(tmp_path, "larger than 64 MiB")


def test_one_run_under_two_names_counts_once(tmp_path: Path, put: Put) -> None:
    put()
    put(name="copy")
    _refused(tmp_path, "is there twice")


def _link(to: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "records" / f"{STEM}.json").symlink_to(to)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "records" / f"{STEM}.json")


def _linked_folder(folder: Path) -> None:
    folder.rename(folder.parents[1] / "elsewhere")
    folder.symlink_to(folder.parents[1] / "elsewhere")


def _linked_records(folder: Path) -> None:
    (folder / "records").rmdir()
    (folder / "records").symlink_to("/etc")


def _linked_definition(folder: Path) -> None:
    (folder / "measurement.toml").rename(folder.parents[1] / "measurement.toml")
    (folder / "measurement.toml").symlink_to(folder.parents[1] / "measurement.toml")


def _linked_article(folder: Path) -> None:
    (folder / "article.ru.md.j2").unlink()
    (folder / "article.ru.md.j2").symlink_to("/etc/passwd")


PLACES: list[tuple[str, Callable[[Path], Any], str]] = [
    ("a record that is a link", _link("/etc/passwd"), "is a link"),
    ("a record that is a link to nothing", _link("nowhere"), "is a link"),
    ("a record that is a link to itself", _link(f"{STEM}.json"), "is a link"),
    ("a record without end", _link("/dev/zero"), "is a link"),
    ("a record that is a pipe", _pipe, "no plain file"),
    ("a record that is a folder", lambda f: (f / "records" / f"{STEM}.json").mkdir(), "no plain file"),
    ("a folder that is a link", _linked_folder, "is a link"),
    ("records that are a link", _linked_records, "is a link"),
    ("a definition that is a link", _linked_definition, "is a link"),
    ("an article that is a link", _linked_article, "is a link"),
    ("weights as pickle", lambda f: (f / "model.pkl").write_bytes(b"\x80"), "pickles run code when read"),
    ("weights of PyTorch", lambda f: (f / "model.pt").write_bytes(b"PK"), "pickles run code when read"),
    ("a program", lambda f: (f / "run.sh").write_text("rm -rf ~"), "knows no such file"),
    ("a program among records", lambda f: (f / "records" / "x.py").write_text("1"), "knows no such file"),
    ("a page", lambda f: (f / "index.html").write_text("<script>"), "knows no such file"),
]


@pytest.mark.parametrize(("spoil", "message"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_files_that_are_not_what_they_seem(
    tmp_path: Path, folder: Path, spoil: Callable[[Path], Any], message: str
) -> None:
    spoil(folder)
    _refused(tmp_path, message)


BOMB = "\n".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]" if n else "b0: &b0 lol" for n in range(9))
ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
DEFINITIONS: list[tuple[str, Callable[[str], str | bytes], str]] = [
    ("huge", lambda text: "#" * (MAX_DEFINITION_BYTES + 1), "larger than 256 KiB"),
    ("not UTF-8", lambda text: b"title = '\xff'", "not UTF-8"),
    ("laughs of YAML", lambda text: BOMB, "is not TOML"),
    ("laughs of XML", lambda text: ENTITIES, "is not TOML"),
    ("a pit of brackets", lambda text: "x = " + "[" * 100_000, "is not TOML"),
    ("a key twice", lambda text: "threads = 1\n" + text, "is not TOML"),
    ("an unknown key", lambda text: "run = 'rm -rf ~'\n" + text, "unknown key 'run'"),
    ("a name of its own", lambda text: "name = '../x'\n" + text, "unknown key 'name'"),
    ("a path in a variant's name", lambda text: text.replace('"pytorch-fp32"', '"../../x"', 1), "may hold only a-z"),
    ("a file of another folder", lambda text: text.replace('"image_classification"', '"../x/workload.py"'), "unknown workload"),
    ("infinite bound", lambda text: "latency_bound_ms = inf\n" + text, "latency_bound_ms"),
    ("no threads", lambda text: text.replace("threads = 1", "threads = 0"), "threads"),
    ("a million threads", lambda text: text.replace("threads = 1", "threads = 1_000_000"), "threads"),
    ("a date that is none", lambda text: text.replace("published = 2026-11-23", "published = 2026-13-45"), "is not TOML"),
    ("five thousand variants", lambda text: text + '[[variants]]\nname = "x"\n' * 5000, "variants"),
    ("a text that turns round", lambda text: text.replace('en = "', 'en = "\\u202e', 1), "invisible character U+202E"),
    ("a bell", lambda text: text.replace('en = "', 'en = "\\u0007', 1), "invisible character U+0007"),
    ("a text of a megabyte", lambda text: text.replace('en = "', 'en = "' + "x" * 3000, 1), "en: "),
    ("one language", lambda text: text.replace("[question]\nru = ", "[question]\nde = ", 1), "'ru' is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), [row[1:] for row in DEFINITIONS], ids=[row[0] for row in DEFINITIONS])
def test_definitions(tmp_path: Path, folder: Path, spoil: Callable[[str], str | bytes], message: str) -> None:
    path = folder / "measurement.toml"
    spoiled = spoil(path.read_text("utf-8"))
    path.write_bytes(spoiled if isinstance(spoiled, bytes) else spoiled.encode())
    _refused(tmp_path, message)


LOOPS = "{% for a in workloads %}" * 3 + "x" + "{% endfor %}" * 3
ARTICLES = [
    ("a way out of the sandbox", "{{ ''.__class__.__mro__[1].__subclasses__() }}", ""),
    ("a way through a function", "{{ comparison.__globals__ }}", ""),
    ("a way through a method", "{{ variant.__func__.__code__ }}", ""),
    ("another file", '{% include "/etc/passwd" %}', "no imports and includes"),
    ("a file above", '{% include "../../../../etc/passwd" %}', "no imports and includes"),
    ("an import", '{% import "measurement.md.j2" as m %}', "no imports and includes"),
    ("a macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "a macro calls no macro"),
    ("itself", "{{ self.intro() }}", "does not print its own blocks"),
    ("loops in loops", LOOPS, "loops may stand inside one another"),
    ("a recursive loop", "{% for a in workloads recursive %}{{ loop(workloads) }}{% endfor %}", "recursive"),
    ("a long list", "{% for a in [" + "1," * 1000 + "] %}x{% endfor %}", "holds at most 64"),
    ("a long text by doubling", "{% set a = 'x' * 10000000 %}{{ a }}", "neither join strings nor calculate"),
    ("a power", "{{ 9 ** 9 ** 9 }}", "neither join strings nor calculate"),
    ("a range", "{% for a in range(1000000000) %}{% endfor %}", "range"),
    ("a typed result", "It is 3 times faster.", "typed result"),
    ("an unknown filter", "{{ title | safe }}", "safe"),
    ("an unknown name", "{{ secrets }}", "secrets"),
    ("an unknown variant", "{{ variant('x').title }}", "no variant 'x'"),
    ("a wrong verdict", "{{ holds(answer, 'slower') }}", "the text says 'slower'"),
    ("half a tag", "{% if", ""),
    ("a pit of brackets", "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), [row[1:] for row in ARTICLES], ids=[row[0] for row in ARTICLES])
def test_articles(tmp_path: Path, folder: Path, put: Put, body: str, message: str) -> None:
    put()
    text = '{% extends "measurement.md.j2" %}{% block intro %}' + body + "{% endblock %}"
    for language in Language:
        (folder / f"article.{language.value}.md.j2").write_text(text, "utf-8")
    _refused(tmp_path, message)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 300_000], ids=["missing", "not UTF-8", "huge"])
def test_an_article_that_cannot_be_read(tmp_path: Path, folder: Path, content: bytes | None) -> None:
    path = folder / "article.en.md.j2"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    _refused(tmp_path, "article")


PAYLOAD = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>[x](javascript:alert(3)) {{ 7*7 }} {% raw %} "
    "</code></pre></div></details>\n\n# H1\n\n| a | b |\n```\n~~~\n\u202e\u0007 http://evil.example/ :: @user ^sup^"
)


def _everywhere(data: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of every text in a record's JSON."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _everywhere(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _everywhere(value, (*place, index))
    elif isinstance(data, str):
        yield place


class _Reader(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "img", "style", "base", "form"):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or "") or "evil.example" in (value or ""):
                self.faults.append(f"<{tag} {name}={value}>")


@pytest.mark.slow
def test_nothing_of_a_record_reaches_a_page_unescaped(folder: Path) -> None:
    """The same text in every place that takes one, all at once; the page shows it and runs none of it."""
    data = json.loads(SMALL)
    data["variants"][2]["failure"] = {"stage": "timing", "message": "x", "last_lines": "x"}
    data["system"]["unknown"] = {"system_type": "x"}
    data["sha256"] = seal_of(data)
    ours = _pages(folder, NAME, parse_record(data, "x.json"))
    taken = 0
    for place in [one for one in _everywhere(data) if one[0] != "blocks"]:
        before = json.loads(json.dumps(data))
        _set(".".join(str(step) for step in place), PAYLOAD)(data)
        data["sha256"] = seal_of(data)
        try:
            parse_record(data, "x.json")
            taken += 1
        except RecordError:
            data = before
    data["sha256"] = seal_of(data)
    pages = _pages(folder, NAME, parse_record(data, "x.json"))
    assert taken > 15
    for address, page in pages.items():
        html = _html(page)
        assert _faults(html) == _faults(_html(ours[address])), "more than the page has by itself"
        assert "\u202e" not in page
        assert "\u0007" not in page
        assert html.count("<h1") == 1


def _html(page: str) -> str:
    extensions = ["abbr", "admonition", "attr_list", "def_list", "fenced_code", "footnotes", "md_in_html", "tables"]
    return python_markdown.markdown(page.split("\n---\n", 1)[1], extensions=extensions)


def _faults(html: str) -> list[str]:
    reader = _Reader()
    reader.feed(html)
    return reader.faults


# Properties.

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)
RELAXED = settings(
    deadline=None,
    derandomize=True,
    max_examples=3 * settings().max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@RELAXED
@given(ANY_JSON)
def test_any_json_is_a_record_or_refused(data: Any) -> None:
    said = "x.json: it is a record"
    try:
        parse_record(data, "x.json")
    except RecordError as error:
        said = str(error)
    assert said.startswith("x.json: ")


@RELAXED
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_json_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError, RecursionError):
        decoded(text)


def _small() -> Data:
    """A record of two short blocks: an example of a property takes milliseconds."""
    latencies = {**imaginary.LATENCIES, "control": 10.0}
    made = imaginary.record(blocks=[imaginary.block(index, latencies, cycles=1) for index in range(2)])
    data: Data = json.loads(dump_record(made))
    for variant in data["variants"]:
        for one in variant["quality"]:
            one["values"] = one["values"][:5]
    return data


SMALL = json.dumps(_small())


def _containers(data: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of everything: texts, numbers, lists, objects."""
    if place:
        yield place
    members: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in members:
        yield from _containers(value, (*place, key))


EVERYTHING = list(_containers(json.loads(SMALL)))


@RELAXED
@given(st.lists(st.tuples(st.sampled_from(EVERYTHING), ANY_JSON | st.just(0) | st.integers(0, 10**12)), max_size=3))
def test_a_record_that_is_accepted_can_be_analysed(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    """Whatever was put into a sound record and sealed: it is refused in one sentence, or everything works with it."""
    data = json.loads(SMALL)
    for place, value in changes:
        try:
            _set(".".join(str(step) for step in place), value)(data)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        data["sha256"] = seal_of(data)
        record = parse_record(json.loads(json.dumps(data)), "x.json")
    except (RecordError, UnicodeEncodeError):
        return
    findings = analyse(imaginary.measurement(), record)
    assert results_csv(findings)
    assert len(tables_of([findings])["results"]) == sum(len(one.variants) for one in findings.workloads)
    assert Record.model_validate_json(dump_record(record)) == record


def _sound_or_refused(folder: Path) -> bool:
    """Whether a definition is read, or refused with at least one problem."""
    try:
        return bool(load_measurement(folder).variants)
    except DefinitionError as error:
        return bool(error.problems)


@RELAXED
@given(st.binary(max_size=300))
def test_any_bytes_are_a_definition_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("m")
    (folder / "measurement.toml").write_bytes(content)
    assert _sound_or_refused(folder)


DEFINITION = (imaginary.FOLDER / "measurement.toml").read_text("utf-8")


@RELAXED
@given(st.integers(0, len(DEFINITION)), st.integers(0, 80), st.text(max_size=20))
def test_a_definition_with_a_piece_replaced(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, text: str
) -> None:
    folder = tmp_path_factory.mktemp("quantization-image") / "x"
    folder.mkdir()
    spoiled = DEFINITION[:start] + text + DEFINITION[start + length :]
    (folder / "measurement.toml").write_bytes(spoiled.encode("utf-8", "surrogatepass"))
    assert _sound_or_refused(folder)


JINJA = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "#}", " for ", " in ", " if ", " set ", " block ", "endfor", "x", "y", "|", "(", ")",
         ".", "'", "=", "1", "[", "]", "first", "~", "\n", "<b>", "self", "loop", "__class__"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@RELAXED
@given(JINJA)
def test_any_template_is_rendered_or_refused(text: str) -> None:
    environment = Environment(Language.EN, {"measurements/x/a.md.j2": text})
    try:
        shown = render(environment, "measurements/x/a.md.j2", {"x": "<i>", "y": ["<i>"]})
    except PublishError:
        return
    assert "<i>" not in shown
