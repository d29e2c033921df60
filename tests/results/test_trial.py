"""What is hopeless is dropped by two short blocks and told; what is advised keeps the quality, and is the simplest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record import Tier
from generator.measure.run import RunContext, run_measurement
from generator.results.findings import Findings, analyse
from generator.results.screening import Reason, screened
from generator.results.trial import trial

HEAD = """
schema_version = 1
suite = "extended"
published = 2026-11-23
title = {ru = "Проба", en = "Trial"}
question = {ru = "Что быстрее?", en = "What is faster?"}

[[workloads]]
name = "model"
kind = "synthetic"
title = {ru = "Числа", en = "Numbers"}
options = {samples = 20}
"""


def _variant(name: str, latency_ns: int, more: str = "", options: str = "") -> str:
    return f"""
[[variants]]
name = "{name}"
runtime = "fake"
precision = "fp32"
title = {{ru = "{name}", en = "{name}"}}
options = {{latency_ns = {latency_ns}{options}}}
{more}
"""


GIVEN = _variant("given", 2_000_000, "baseline = true")
WRONG = ", outputs = 1"
SCREENED = (
    GIVEN,
    _variant("quick", 1_000_000),
    _variant("close", 1_200_000),
    _variant("third", 1_300_000),
    _variant("slow", 4_000_000),
    _variant("wrong", 1_100_000, options=WRONG),
    _variant("dies", 1_000_000, options=", fail_after = 0"),
)
MEASURED = (
    GIVEN,
    _variant("wrong", 500_000, options=WRONG),
    _variant("two", 1_000_000, "threads = 2"),
    _variant("one", 1_000_001, "threads = 1"),
)
_RUN = dict[Tier, Findings]()
"""Each run is made once: it starts dozens of processes."""


@pytest.fixture
def analysed(checkout: Callable[..., Path], run_context: Callable[..., RunContext]) -> Callable[[Tier], Findings]:
    def run(tier: Tier) -> Findings:
        if tier not in _RUN:
            root = checkout(mine=HEAD + "".join(SCREENED if tier is Tier.SMOKE else MEASURED))
            measurement = load_measurement(root / "measurements" / "mine")
            _RUN[tier] = analyse(measurement, run_measurement(measurement, tier, run_context(root)))
        return _RUN[tier]

    return run


def _dropped(found: Findings, left_s: float) -> dict[str, Reason]:
    costs = {one.name: 1.0 for one in found.measurement.variants}
    return {one.variant: one.reason for one in screened(found.workloads[0], costs, left_s).dropped}


HOPELESS = {"slow": Reason.SLOW, "wrong": Reason.NO_GAIN, "dies": Reason.FAILED}


@pytest.mark.parametrize(
    ("left_s", "more"),
    [
        (1e9, {}),
        # Six blocks of four workers, one of them the baseline's second start.
        (24, {"third": Reason.TIME}),
        (0, {"third": Reason.TIME, "close": Reason.TIME}),
    ],
)
def test_two_short_blocks_drop_what_is_hopeless_and_the_slowest_when_time_is_short(
    left_s: float, more: dict[str, Reason], analysed: Callable[[Tier], Findings]
) -> None:
    found = analysed(Tier.SMOKE)
    assert _dropped(found, left_s) == HOPELESS | more
    assert screened(found.workloads[0], {}, left_s).kept[:2] == ("given", "quick")


def test_what_loses_quality_is_never_advised_and_of_equals_the_simplest_is(
    analysed: Callable[[Tier], Findings],
) -> None:
    found = analysed(Tier.STANDARD)
    made = trial(found, found, screened(found.workloads[0], {}, 1e9), {})
    assert made.best
    assert set(made.best.members) == {"one", "two"}
    assert made.recommended.variant.name == "one"
    assert {one.variant for one in made.best.behind} == {"given"}
