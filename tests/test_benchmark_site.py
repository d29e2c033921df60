"""The benchmark of the site: its arithmetic, and that the plain build is plain."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from benchmarks import site
from benchmarks.asv_results import write_asv_project
from benchmarks.site import Builds, Cost
from generator.core.definition_file import load_suite
from generator.core.record_file import load_records, records_folder


def cost(cpu_s: float) -> Cost:
    return Cost(wall_s=2 * cpu_s, cpu_s=cpu_s, peak_bytes=1)


def built(measurements: int, cpu_s: float) -> Builds:
    return Builds(
        measurements, cold=cost(3 * cpu_s), warm=cost(cpu_s), changed=cost(cpu_s), plain=cost(2 * cpu_s), asv=None
    )


def test_ratios_are_of_processor_time() -> None:
    one = built(10, 4.0)
    assert (one.cold_ratio, one.warm_ratio) == (1.5, 0.5)


def test_beside_them_stands_the_time_that_a_person_waits() -> None:
    one = built(10, 4.0)
    assert replace(one, cold=replace(one.cold, wall_s=one.plain.wall_s)).cold_clock_ratio == 1.0


def test_memory_is_that_of_all_processes_together(tmp_path: Path) -> None:
    """A child that holds 100 MB while its parent waits."""
    child = "held = bytearray(100_000_000); import time; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    found = site.timed([sys.executable, "-c", parent], tmp_path)
    assert 100e6 < found.peak_bytes < 200e6
    assert found.wall_s > 1


def test_growth_is_the_steepest_between_two_sizes() -> None:
    """Linear, then quadratic: a fixed cost that flatters the small sizes does not hide what the large ones do."""
    assert site.exponent([built(10, 1.0), built(100, 10.0), built(1000, 1000.0)]) == pytest.approx(2.0)
    assert site.exponent([built(10, 1.0)]) is None


def test_the_plain_build_has_nothing_of_ours(tmp_path: Path) -> None:
    """Material and search over the same pages and extensions; no hook, no theme folder, no tag that runs our code."""
    (tmp_path / "mkdocs.yml").write_text((site.REPOSITORY / "mkdocs.yml").read_text("utf-8"), "utf-8")
    plain = yaml.safe_load(site.plain_configuration(tmp_path, "ru").read_text("utf-8"))
    assert plain.keys().isdisjoint({"hooks", "INHERIT", "extra"})
    assert plain["theme"] == {"name": "material", "language": "ru", "font": False}
    assert {"tables", "md_in_html", "attr_list", "toc"} <= plain["markdown_extensions"].keys()


def test_a_synthetic_checkout_has_a_sound_record_for_each_measurement(tmp_path: Path) -> None:
    """The generator reads it as it reads the repository: definitions valid, records sealed, nothing copied twice."""
    site.checkout(tmp_path, 2)
    folder = tmp_path / "measurements"
    made = [one for one in load_suite(folder) if one.name.startswith("synthetic-")]
    assert [one.name for one in made] == ["synthetic-0000", "synthetic-0001"]
    for one in made:
        (record,) = load_records(records_folder(folder, one))
        assert record.measurement == one.name
        assert record.publishable


def test_asv_gets_every_measurement_with_every_variant(tmp_path: Path) -> None:
    """In the layout that asv reads: one result file of one commit, named by its hash, with a value a variant."""
    seconds = {"fp32": (2.0, 1.9, 2.1), "int8": (1.0, 0.9, 1.1)}
    write_asv_project(tmp_path, ["one", "two"], seconds)
    benchmarks = json.loads((tmp_path / "results" / "benchmarks.json").read_text("utf-8"))
    (results,) = (json.loads(path.read_text("utf-8")) for path in (tmp_path / "results" / "machine").glob("*-*.json"))
    assert benchmarks.keys() - {"version"} == results["results"].keys() == {"one", "two"}
    for name, found in results["results"].items():
        values = dict(zip(results["result_columns"], found, strict=True))
        assert values["result"] == [2.0, 1.0]
        assert values["params"] == benchmarks[name]["params"] == [["'fp32'", "'int8'"]]


@pytest.mark.skipif(importlib.util.find_spec("asv") is None, reason="asv is not installed")
def test_asv_publishes_what_it_gets() -> None:
    """It raises where a benchmark is missing from what asv wrote."""
    cost = site.asv_publish(2)
    assert cost is not None
    assert cost.cpu_s > 0
