"""Both languages say the same things, and everything that the code asks for is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

import generator
from generator.cited.claim import Stance
from generator.cited.evidence import Basis, Confidence, Metric, RatioKind
from generator.cited.pair import Absence
from generator.cited.story import Claim, ClaimMetric, ClaimVerdict
from generator.core.definition import Application, Scenario, Technology
from generator.core.errors import FailureCause, PublishError
from generator.core.record import Failure, StopReason, Tier
from generator.core.registry import RUNTIMES, TRANSFORMS
from generator.measure.needs import LACKS, LEFT_OUT
from generator.measure.trial.variants import WHY
from generator.pages.charts.length import LENGTHS
from generator.pages.overview.answers import VERDICTS
from generator.pages.overview.topics import CAUSES, GROUPS
from generator.pages.token_table import ROWS
from generator.results import caveat
from generator.results.comparison import Verdict
from generator.results.overview import NO_GAIN
from generator.results.pair_kind import PairKind
from generator.results.quality import Gate
from generator.results.roofline import Bound
from generator.results.screening import Reason
from generator.results.this_machine import REASONS, Doubt, Standing
from generator.words.language import Language
from generator.words.markdown import Markdown
from generator.words.phrases import FORMS, phrases, placeholders

RU, EN = phrases(Language.RU), phrases(Language.EN)
GENERATOR = Path(generator.__file__).parent
ROOT = GENERATOR.parent
PUBLISHING = ("cited", "draw", "pages", "results", "site", "words")
TEMPLATES = GENERATOR / "pages" / "templates"

FAMILIES: dict[str, type[StrEnum] | frozenset[str]] = {
    "gate": Gate,
    "own_standing": Standing,
    "own_doubt": Doubt,
    "own_gate": frozenset({Gate.PASSED, Gate.FAILED}),
    "own_why": frozenset(REASONS),
    "scenario": Scenario,
    "tier": Tier,
    "stop": StopReason,
    "stage": frozenset(get_args(Failure.model_fields["stage"].annotation)),
    "cause": FailureCause,
    "remedy": FailureCause,
    "lacks": frozenset({*LACKS, str(LEFT_OUT.lacks)}),
    "runtime": frozenset(RUNTIMES),
    "transform": frozenset(TRANSFORMS),
    "system_type": frozenset({"desktop", "laptop", "server", "virtual machine", "container", "unknown"}),
    "verdict": Verdict,
    "application": Application,
    "application_lede": Application,
    "applications_group": frozenset(GROUPS),
    "technology": Technology,
    "technology_lede": Technology,
    "technologies_group": frozenset(CAUSES),
    "length": frozenset(LENGTHS),
    "length_axis": frozenset(LENGTHS),
    "outcome": frozenset(VERDICTS),
    "trial_dropped": Reason,
    "trial_why": frozenset(WHY),
    "no_gain": frozenset(NO_GAIN),
    "filter": frozenset({"technology", "application", "verdict", "system", "metric", "basis", "confidence"}),
    "overview": frozenset({"technologies", "technologies_lede", "applications", "applications_lede"}),
    "fact": frozenset({"caches", "accelerator"}),
    "absence": Absence,
    "basis": Basis,
    "better": Metric,
    "claim_metric": ClaimMetric,
    "claim_verdict": ClaimVerdict,
    "confidence": Confidence,
    "pair_kind": PairKind,
    "post": frozenset(get_args(Claim.model_fields["section"].annotation)),
    "ratio_kind": RatioKind,
    "roof_bound": Bound,
    "stance": Stance,
    "tokens": ROWS,
}
"""Families of phrases that are chosen by a name, and the names that the code knows."""

OPEN_FAMILIES = frozenset(
    {
        "asked",
        "caveat",
        "column",
        "data_set",
        "design",
        "isa",
        "metric",
        "on_device",
        "reason",
        "sentence",
        "unit",
        "unknown",
        "your_record",
    }
)
"""Families with names that contributors, processors, a page's script or the code's own tables bring."""


def _python_keys() -> Iterator[str]:
    for path in (path for room in PUBLISHING for path in sorted((GENERATOR / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _template_keys() -> Iterator[str]:
    templates = [*TEMPLATES.rglob("*.j2"), *(ROOT / "measurements").rglob("*.j2"), *(ROOT / "articles").rglob("*.j2")]
    for path in templates:
        yield from re.findall(r"\b(?:say|write)\(\s*\"([^\"]+)\"", path.read_text("utf-8"))


USED = frozenset([*_python_keys(), *_template_keys()])


def test_both_languages_have_the_same_keys() -> None:
    assert RU.texts.keys() == EN.texts.keys()


@pytest.mark.parametrize("key", sorted(RU.texts))
def test_both_languages_take_the_same_values(key: str) -> None:
    assert placeholders(RU.texts[key]) == placeholders(EN.texts[key])


@pytest.mark.parametrize("key", [k for k, v in RU.texts.items() if not isinstance(v, str)])
def test_plurals_have_every_form_of_their_language(key: str) -> None:
    russian, english = RU.texts[key], EN.texts[key]
    assert not isinstance(russian, str)
    assert not isinstance(english, str)
    assert set(russian) == set(FORMS)
    assert set(english) == {"one", "other"}
    assert "n" in placeholders(russian)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_name_that_the_code_knows_has_words(family: str) -> None:
    missing = {f"{family}.{name}" for name in FAMILIES[family]} - RU.texts.keys()
    assert not missing


def test_every_caveat_of_the_analysis_has_words() -> None:
    """The keys are read from the module's source, so that a new one is not forgotten."""
    tree = ast.parse(Path(caveat.__file__).read_text("utf-8"))
    keys = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Caveat"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(keys) >= 8
    assert not {f"caveat.{key}" for key in keys} - RU.texts.keys()  # type: ignore[str-bytes-safe]


def test_every_note_and_metric_of_the_workloads_has_words() -> None:
    """Read from the source: publishing may not import workloads."""
    sources = [path.read_text("utf-8") for path in (GENERATOR / "workloads").rglob("*.py")]
    notes = {n for text in sources for n in re.findall(r'^[A-Z_]*NOTE = "([\w-]+)"', text, re.MULTILINE)}
    observed = [
        p.read_text("utf-8") for p in (GENERATOR / "workloads").rglob("*.py") if "Observations(" in p.read_text("utf-8")
    ]
    metrics = {m for text in observed for m in re.findall(r'^[A-Z0-9_]+ = "([a-z0-9]+(?:-[a-z0-9]+)+)"', text, re.M)}
    metrics -= notes
    assert {"imagenet-sample-photographs", "few-labelled-photographs"} <= notes
    assert {"top-1", "top-1-agreement"} <= metrics
    wanted = {f"caveat.{note}" for note in notes} | {f"metric.{metric}" for metric in metrics}
    assert not wanted - RU.texts.keys()


def test_every_data_set_of_the_workloads_has_words() -> None:
    """A set's name is what the record has of it; two words and more, for a name alone tells a reader nothing."""
    for name in ("sst-2", "vader-film-reviews", "squad2-dev", "chatterbot-corpus", "tatoeba-en-pt", "django-pt-br"):
        assert RU.of("data_set", name) != name != EN.of("data_set", name)
    sources = "".join(path.read_text("utf-8") for path in (GENERATOR / "workloads").rglob("*.py"))
    known = [key.partition(".")[2] for key in RU.texts if key.startswith("data_set.")]
    assert not [name for name in known if f'"{name}"' not in sources]


def test_no_phrase_is_unused() -> None:
    closed = {f"{family}.{name}" for family, names in FAMILIES.items() for name in names}
    unused = {key for key in RU.texts.keys() - USED - closed if not _may_be_asked_for(*key.split(".", 1))}
    assert not unused


def _may_be_asked_for(family: str, name: str) -> bool:
    """Columns are asked for by names that stand in the code's tables; other open families by anybody's names."""
    return name in USED if family == "column" else family in OPEN_FAMILIES


def test_every_key_that_is_asked_for_exists() -> None:
    sections = {key.partition(".")[0] for key in RU.texts}
    asked = {key for key in USED if re.fullmatch(r"[a-z_]+\.[a-z_0-9-]+", key) and key.partition(".")[0] in sections}
    stray = {
        key for key in asked - RU.texts.keys() if not key.endswith((".py", ".md", ".csv", ".json", ".png", ".toml"))
    }
    assert not stray


def test_a_missing_phrase_or_value_says_what_to_do() -> None:
    with pytest.raises(PublishError, match=r"no phrase 'verdict\.quick'"):
        RU.say("verdict.quick")
    with pytest.raises(PublishError, match="needs a value 'times'"):
        RU.say("sentence.faster", variant="a", against="b")
    with pytest.raises(PublishError, match="whole number"):
        RU.say("count.threads")


def test_a_contributed_name_without_words_stands_for_itself() -> None:
    assert RU.of("metric", "my-own-metric") == "my-own-metric"


def test_values_are_escaped_in_markdown_only() -> None:
    values = {"variant": "<b>", "against": "{0.__class__}", "times": "x"}
    assert "<b>" in RU.say("sentence.faster", **values)
    written = RU.write("sentence.faster", **values)
    assert isinstance(written, Markdown)
    assert "<b>" not in written
    assert "{0" not in written


def test_an_abbreviation_brings_its_own_full_stop() -> None:
    words = RU.say("page.citation", question="?", record="r", date="2026 г.")
    assert words.endswith("г.")
    assert "../" in RU.say("page.alarms", alarms=1, runs=2)


def _texts(language: str) -> list[str]:
    chosen = {"ru": RU, "en": EN}[language].texts.values()
    return [text for phrase in chosen for text in ([phrase] if isinstance(phrase, str) else phrase.values())]


ARTICLES = [*(TEMPLATES / "ru").rglob("*.j2"), *(ROOT / "measurements").rglob("*.ru.md.j2")]
ARTICLES = [
    *(TEMPLATES / "ru").glob("*.j2"),
    *(ROOT / "measurements").rglob("*.ru.md.j2"),
    *(ROOT / "articles").rglob("*.ru.md.j2"),
]


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ("straight quotation marks", r'"'),
        ("a hyphen for a dash", r"\s-\s"),
        ("a breaking space before a dash", r" —"),
        ("a breaking space before a percent sign", r"\d %"),
        ("e for ё", r"\b(?:еще|ее|нее|все равно|расчет\w*|счетчик\w*|приведен\w*)\b"),
        (
            "a word that the guide forbids",
            r"(?i)бенчмарк|латентност|рантайм|квантизац|прунинг|спидап|бейзлайн|ворклоад|\bбатч",
        ),
        ("percent faster", r"на \d+ ?% быстрее"),
    ],
)
def test_russian_keeps_its_typography(fault: str, pattern: str) -> None:
    faults = [text for text in _texts("ru") if re.search(pattern, text)]
    assert not faults, fault


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.name)
@pytest.mark.parametrize("pattern", [r"\s-\s\w", r"^—", r"(?i)бенчмарк|латентност|рантайм|квантизац|прунинг|\bбатч"])
def test_russian_articles_keep_their_typography(path: Path, pattern: str) -> None:
    prose = re.sub(r"\{[{%#].*?[}%#]\}|```.*?```|`[^`]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
    prose = re.sub(r"^- ", "", prose, flags=re.MULTILINE)
    assert not re.search(pattern, prose, re.MULTILINE)


def test_english_is_british_and_has_curly_marks() -> None:
    faults = [t for t in _texts("en") if re.search(r"(?i)\w'\w|\"|behavior|color\b|optimiz|favorite|center\b", t)]
    assert not faults
