"""validity: the page that says how often intervals are wrong takes its numbers from records and from the benchmark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.core.errors import PublishError
from generator.pages.validity import (
    DESIGNS,
    OVERHEAD_RESULTS,
    RESULTS,
    TIME_RESULTS,
    load_overhead,
    load_time_to_precision,
    load_validity,
    overhead_table,
    table,
    tools_table,
)
from generator.words.language import Language
from generator.words.phrases import phrases

COUNTS = {"aa_runs": 40, "aa_alarms": 1, "ratio_runs": 40, "ratio_covered": 38, "half_width_median": 0.0164}


def _write(root: Path, content: str, file: Path = RESULTS) -> Path:
    path = root / file
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    return root


def _results() -> dict[str, object]:
    designs = {"designs": dict.fromkeys(DESIGNS, COUNTS)}
    return {"finished_at": "2026-11-23T11:00:00Z", "command": "x", "real": designs, "simulated": designs}


def test_never_run_is_no_error(tmp_path: Path) -> None:
    """A checkout without results has a page that says how to get them."""
    assert load_validity(tmp_path) is None


def test_shares_stand_with_their_counts(tmp_path: Path) -> None:
    """1 of 40 is 2.5 %, and a half-width is rounded up so that it stays true."""
    found = load_validity(_write(tmp_path, json.dumps(_results())))
    assert found is not None
    text = str(table(found.real, phrases(Language.EN)))
    assert text.count("2.5% (1 of 40)") == len(DESIGNS)
    assert "95.0% (38 of 40)" in text
    assert "±1.7%" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "JSON"),
        ("{}", "finished_at"),
        (json.dumps({**_results(), "real": {"designs": {"x": {}}}}), "real.designs"),
    ],
    ids=["truncated", "empty", "counts missing"],
)
def test_broken_results_are_one_message(tmp_path: Path, content: str, message: str) -> None:
    """The file, what is wrong, and the command that makes it anew."""
    with pytest.raises(
        PublishError, match=r"benchmarks/results/validity\.json.*python -m benchmarks\.validity"
    ) as caught:
        load_validity(_write(tmp_path, content))
    assert message in str(caught.value)


def test_every_design_has_words_in_both_languages() -> None:
    """A design of the benchmark is never shown by its English name on a Russian page."""
    for language in Language:
        for key in DESIGNS.values():
            assert phrases(language).of("design", key) != key


def test_designs_are_those_of_the_committed_results() -> None:
    """A renamed design would vanish from the page without a word."""
    found = load_validity(Path(__file__).parents[2])
    assert found is not None
    assert set(found.real.designs) == set(found.simulated.designs) == set(DESIGNS)


def _trial(seconds: float, half_width: float, good: bool) -> dict[str, object]:
    return {"seconds": seconds, "estimate": -0.1, "half_width": half_width, "reached": good, "covers": good}


def test_tools_stand_beside_ours_with_their_median_time(tmp_path: Path) -> None:
    tools = {
        "this generator": [_trial(38, 0.01, True), _trial(36, 0.01, True), _trial(40, 0.012, True)],
        "timeit": [_trial(56, 0.05, False), _trial(44, 0.04, False), _trial(41, 0.03, True)],
    }
    content = json.dumps({"finished_at": "2026-11-23T11:00:00Z", "command": "x", "tools": tools})
    found = load_time_to_precision(_write(tmp_path, content, TIME_RESULTS))
    assert found is not None
    ours, theirs = str(tools_table(found, phrases(Language.EN))).splitlines()[-2:]
    assert "this generator" in ours
    assert "38 s" in ours.replace("\N{NO-BREAK SPACE}", " ")
    assert "3 of 3" in ours
    assert "44 s" in theirs.replace("\N{NO-BREAK SPACE}", " ")
    assert "±4.1%" in theirs
    assert theirs.count("1 of 3") == 2


def test_overhead_is_a_ratio_with_its_interval(tmp_path: Path) -> None:
    loop = {"bare_p50_ns": 47963, "whole_loop": [1.008, 1.002, 1.014], "processes": 12}
    content = json.dumps({"finished_at": "2026-11-23T11:00:00Z", "command": "x", "models": {"50 us": loop}})
    found = load_overhead(_write(tmp_path, content, OVERHEAD_RESULTS))
    assert found is not None
    assert "1.002," in str(overhead_table(found, phrases(Language.EN)))


def test_each_broken_file_names_the_benchmark_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"time-to-precision\.json.*python -m benchmarks\.time_to_precision"):
        load_time_to_precision(_write(tmp_path, "{}", TIME_RESULTS))


def test_what_is_committed_can_be_read() -> None:
    root = Path(__file__).parents[2]
    for load in (load_validity, load_time_to_precision, load_overhead):
        assert load(root) is not None
