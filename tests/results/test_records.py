"""The way in for everybody: what it loads, and the example that a page shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator import results
from generator.core.errors import MissingPackage, RecordError
from generator.results import findings, frame, load

ROOT = Path(__file__).parents[2]
MEASUREMENT = "quantization-image"
LANGUAGES = ("ru", "en")


def _code(language: str) -> str:
    return "\n".join(
        re.findall(r"^```python\n(.*?)^```$", (ROOT / f"docs/{language}/data.md").read_text("utf-8"), re.M | re.S)
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with every definition, and the records of one measurement."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "measurements", root / "measurements", ignore=shutil.ignore_patterns("records"))
    shutil.copytree(ROOT / f"measurements/{MEASUREMENT}/records", root / f"measurements/{MEASUREMENT}/records")
    return root


def test_names() -> None:
    assert all(callable(getattr(results, name)) for name in results.__all__)
    assert {"load", "findings", "frame"} <= set(results.__all__)


def test_every_record_is_found_and_none_is_read_before_it_is_asked_for(checkout: Path) -> None:
    assert {one.path for one in load(ROOT)} == set((ROOT / "measurements").glob("*/records/*.json"))
    broken = shutil.copytree(checkout, checkout.parent / "broken")
    path = next(broken.glob("measurements/*/records/*.json"))
    path.write_text("{", "utf-8")
    found = next(one for one in load(broken) if one.path == path)
    with pytest.raises(RecordError, match="JSON"):
        found.record  # noqa: B018


def test_a_measurement_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"no measurement 'nothing'.*quantization-image"):
        load(ROOT, "nothing")


def test_both_languages_show_the_same_example() -> None:
    assert _code("ru") == _code("en") != ""


@pytest.mark.slow
def test_the_example_of_the_page_runs(checkout: Path) -> None:
    pytest.importorskip("pandas")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _code("ru")],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    said = findings(list(load(checkout, MEASUREMENT))[-1])
    ratio = next(
        one.against_baseline.speedup
        for one in said.workloads[0].variants
        if one.variant.name == "onnxruntime-int8-static" and one.against_baseline
    )
    for number in (ratio.point, ratio.interval.low, ratio.interval.high):
        assert f"{number:.6g}" in done.stdout
    assert (checkout / "speedup.png").read_bytes().startswith(b"\x89PNG")


def test_rounds_and_a_level_that_is_none(checkout: Path) -> None:
    pytest.importorskip("pandas")
    one = next(load(checkout, MEASUREMENT))
    rounds = frame([findings(one)], level="rounds")
    assert len(rounds) == sum(len(block.rounds) for block in one.record.blocks)
    with pytest.raises(ValueError, match="results, rounds"):
        frame([], level="queries")


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackage, match=r"\[export\]"):
        frame([])


@pytest.mark.slow
def test_results_and_pages_need_no_pandas() -> None:
    """Only whoever asks for a table waits for it, and only they must have it."""
    code = "import sys; sys.modules['pandas'] = None; import generator.results, generator.contribute.export, generator.pages.edition"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
