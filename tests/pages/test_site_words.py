"""The hand-written pages: the same shape in both languages, and the protocol's own figures."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from generator.core import protocol
from generator.core.record import Tier

DOCS = Path(__file__).parents[2] / "docs"
NAMES = sorted(path.relative_to(DOCS / "ru").as_posix() for path in (DOCS / "ru").rglob("*.md"))
STANDARD, FULL = protocol.TIERS[Tier.STANDARD], protocol.TIERS[Tier.FULL]


def text(language: str, name: str) -> str:
    return (DOCS / language / name).read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_headings(name: str) -> None:
    """A link with a place works in both languages; every heading has its own, language-neutral one."""
    places = {}
    for language in ("ru", "en"):
        headings = re.findall(r"^#+ .*$", re.sub(r"^```.*?^```", "", text(language, name), flags=re.M | re.S), re.M)
        places[language] = [re.search(r"\{#([a-z0-9-]+)\}$", heading) for heading in headings]
        assert all(places[language]), f"{language}/{name}: a heading has no {{#place}}"
    assert [m and m[1] for m in places["ru"]] == [m and m[1] for m in places["en"]]


@pytest.mark.parametrize("name", NAMES)
def test_russian_is_typeset_as_russian(name: str) -> None:
    """Decimal commas, «ёлочки», and a no-break space before dashes, units and percent signs."""
    raw = re.sub(r"^```.*?^```|`[^`]*`", "", (DOCS / "ru" / name).read_text("utf-8"), flags=re.M | re.S)
    for pattern in (r"\d\.\d", r"\d %", r"\d (?:мс|с|Дж|ядра|блоков)\b", r"[^|] —", r'(?<!\{)"'):
        assert not re.search(pattern, raw.split("---\n", 2)[2]), f"{name}: {pattern}"


@pytest.mark.parametrize(
    ("expected", "anchor"),
    [
        pytest.param(percent(protocol.SESSION_FLOOR), "estimate", id="session floor"),
        pytest.param(percent(math.expm1(protocol.SMALLEST_EFFECT)), "verdict", id="smallest effect"),
        pytest.param(f"±{percent(protocol.NO_DIFFERENCE)}", "verdict", id="no difference"),
        pytest.param(f"{protocol.WARM_UP_WINDOW_NS / 1e6:.0f} ", "warm-up", id="warm-up window"),
        pytest.param(percent(protocol.WARM_UP_GAIN), "warm-up", id="warm-up gain"),
        pytest.param(f"{protocol.WARM_UP_LEAST_NS / 1e9:.1f} ", "warm-up", id="least warm-up"),
        pytest.param(f"{protocol.DISTURBED_CPU_SHARE}", "disturbed", id="disturbed"),
        pytest.param(f"{STANDARD.block_ns / 1e9:.1f} ", "block", id="block length"),
        pytest.param(percent(protocol.UNCOUNTED_SHARE), "block", id="uncounted share"),
        pytest.param(f"{STANDARD.least_blocks}–{STANDARD.most_blocks} ", "tiers", id="standard blocks"),
        pytest.param(f"{FULL.least_blocks}–{FULL.most_blocks} ", "tiers", id="full blocks"),
        pytest.param(f"±{percent(math.expm1(STANDARD.goal_half_width))}", "tiers", id="standard goal"),
        pytest.param(f"±{percent(math.expm1(FULL.goal_half_width))}", "tiers", id="full goal"),
        pytest.param(f"{STANDARD.budget_s:.0f} ", "estimate", id="budget"),
        pytest.param(f"{STANDARD.slow_budget_s:.0f} ", "estimate", id="slow budget"),
    ],
)
def test_the_method_page_states_the_protocol_that_runs(expected: str, anchor: str) -> None:
    """Thresholds on the page are those in the code: changing one without the other fails here."""
    for language, comma in (("ru", ","), ("en", ".")):
        section = text(language, "method.md").split(f"{{#{anchor}}}")[1].split("{#")[0]
        assert expected.replace(".", comma) in section, f"{language}: '{expected}' is not in #{anchor}"
