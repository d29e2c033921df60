"""The seam for strangers: a workload, a runtime, a transform and a chart of somebody else's, one line of a registry each.

Nothing of the generator is changed: each is a module of its own outside the package, and an entry that names it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core import registry
from generator.core.definition_file import load_measurement
from generator.core.record import Tier
from generator.draw.gallery import Gallery
from generator.measure.run import run_measurement
from generator.pages.charts import kinds
from generator.pages.measurement_page import MeasurementPage
from generator.results.findings import analyse
from generator.results.summary import summarise
from generator.words.language import Language

WORKLOAD = """
from generator.workloads.synthetic import Synthetic

def make(options, cache, progress=None):
    return Synthetic(count=20, classes=int(options["classes"]), seed=0, cache=cache)
"""

RUNTIME = """
from dataclasses import replace

from generator.runtimes.fake import FakeSession

class Halved(FakeSession):
    version = "stranger 7"

def load(spec):
    return Halved(replace(spec, options={"latency_ns": spec.options["twice_ns"] // 2}))
"""

TRANSFORM = """
import shutil

from generator.transforms.step import Recipe

def relabel(artifact, options, workload):
    def make(path):
        shutil.copyfile(artifact.path, path)
        return {"label": options["label"]}
    return Recipe("synthetic", ".json", dict(options), make)
"""

CHART = """
from generator.draw.chart import Column, Table
from generator.draw.picture import Forest, Group, Mark

def first_row(subject):
    variant, found = subject.compared[0]
    ratio = found.speedup
    number = subject.language.factor_estimate(ratio)
    mark = Mark("one", subject.look(variant), ratio.point, ratio.interval.low, ratio.interval.high, number)
    words = {"title": "First row", "description": f"One: {number}", "note": "A note of its own"}
    table = Table((Column("name", "Name"), Column("ratio", "Ratio")), (("one", ratio.point),))
    return subject.chart("first_row", Forest((Group("All", (mark,)),), "slower", "faster"), table, **words)
"""

DEFINITION = """
schema_version = 1
suite = "core"
published = 2026-11-23
title = {ru = "Чужое", en = "Foreign"}
question = {ru = "Быстрее ли второй вариант?", en = "Is the second variant faster?"}

[[workloads]]
name = "numbers"
kind = "stranger"
title = {ru = "Числа", en = "Numbers"}
options = {classes = 5}

[[variants]]
name = "slow"
runtime = "stranger"
precision = "fp32"
baseline = true
title = {ru = "Медленный", en = "Slow"}
options = {twice_ns = 4_000_000}

[[variants]]
name = "fast"
runtime = "stranger"
precision = "int8"
title = {ru = "Быстрый", en = "Fast"}
transforms = [{name = "relabel", options = {label = "mine"}}]
options = {twice_ns = 2_000_000}
"""

ARTICLE = '{% extends "measurement.md.j2" %}{% block intro %}{{ chart("first_row") }}{% endblock %}'


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four modules outside the package, and one entry for each."""
    folder = tmp_path / "strangers"
    folder.mkdir()
    modules = {"workload": WORKLOAD, "runtime": RUNTIME, "transform": TRANSFORM, "chart": CHART}
    for name, text in modules.items():
        (folder / f"stranger_{name}.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))  # workers are processes of their own
    monkeypatch.setitem(registry.WORKLOADS, "stranger", "stranger_workload")
    monkeypatch.setitem(registry.RUNTIMES, "stranger", registry.Runtime("stranger_runtime", {"twice_ns"}))
    monkeypatch.setitem(registry.TRANSFORMS, "relabel", registry.Transform("stranger_transform:relabel", {"label"}))
    monkeypatch.setitem(kinds.KINDS, "first_row", importlib.import_module("stranger_chart").first_row)


@pytest.mark.usefixtures("strangers")
def test_a_workload_a_runtime_a_transform_and_a_chart_come_from_outside(
    checkout: Callable[..., Path], run_context: Callable[..., Any], tmp_path: Path
) -> None:
    """They are measured, recorded under their own names, and shown on a page in both languages."""
    root = checkout(foreign=DEFINITION)
    folder = root / "measurements" / "foreign"
    for language in Language:
        (folder / f"article.{language}.md.j2").write_text(ARTICLE, "utf-8")
    measurement = load_measurement(folder)
    record = run_measurement(measurement, Tier.SMOKE, run_context(root))
    slow, fast = record.variant("slow"), record.variant("fast")
    assert (slow.failure, fast.failure) == (None, None)
    assert (fast.runtime, fast.runtime_version) == ("stranger", "stranger 7")
    assert fast.artifact is not None
    assert fast.artifact.notes["label"] == "mine"
    findings = analyse(measurement, record)
    found = findings.workloads[0].variant("fast").against_baseline
    assert found is not None
    assert found.speedup.point == pytest.approx(2)
    for language in Language:
        page = MeasurementPage(findings, [summarise(findings)], language, Gallery(tmp_path / "charts"), folder)
        assert "A note of its own" in page.page()


def test_without_its_entry_a_name_is_unknown(checkout: Callable[..., Path]) -> None:
    """The tables are all that a definition is checked by."""
    with pytest.raises(Exception, match="unknown workload 'stranger'"):
        load_measurement(checkout(foreign=DEFINITION) / "measurements" / "foreign")
