"""The synthetic workload: a fake variant's accuracy is known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import Option
from generator.core.errors import DefinitionError
from generator.workloads import synthetic


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


@pytest.mark.parametrize(("classes", "wrong"), [(4, 0), (4, 3), (2, 10)])
def test_the_accuracy_is_what_the_fake_runtime_was_told(cache: Cache, classes: int, wrong: int) -> None:
    """An answer that is the input is right, one that is rolled by one is wrong: exactly."""
    workload = synthetic.make({"samples": 40, "classes": classes}, cache)
    outputs = [
        {"y": np.roll(sample["x"], 1, axis=-1) if index % 10 < wrong else sample["x"]}
        for index, sample in enumerate(workload.samples())
    ]
    top1, agreement, *_ = workload.observe(outputs, [{"y": sample["x"]} for sample in workload.samples()])
    assert (top1.metric, sum(top1.values)) == ("top-1", 4 * (10 - wrong))
    assert agreement.values == top1.values


def test_it_is_the_same_every_time(cache: Cache) -> None:
    """A test that fails can be repeated."""
    first, second = (synthetic.make({"seed": 3}, cache) for _ in range(2))
    assert first.labels == second.labels
    assert all(np.array_equal(a["x"], b["x"]) for a, b in zip(first.samples(), second.samples(), strict=True))
    assert synthetic.make({"seed": 4}, cache).labels != first.labels
    assert first.labels[:8] == (3, 0, 0, 0, 0, 3, 3, 2)


def test_its_arrays_have_the_form_of_the_contract(cache: Cache) -> None:
    """Inputs carry a batch axis of 1; the timed ones are some of the samples; calibration is none of them."""
    workload = synthetic.make({}, cache)
    samples = workload.samples()
    assert (len(samples), len(workload.timed_samples()), len(workload.calibration(5))) == (32, 16, 5)
    assert {(s["x"].shape, s["x"].dtype.str) for s in samples} == {((1, 4), "<f4")}
    assert not any(np.array_equal(a["x"], b["x"]) for a in samples for b in workload.calibration(32))
    assert len(synthetic.make({"samples": 3}, cache).timed_samples()) == 3


def test_its_model_is_a_file(cache: Cache) -> None:
    """The artifact goes the way of a real one: a file in the cache, with its hash."""
    artifact = synthetic.make({}, cache).model()
    assert artifact.format == "synthetic"
    assert json.loads(artifact.path.read_text()) == {"format": "synthetic", "classes": 4}
    assert artifact.size_bytes == artifact.path.stat().st_size


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"sample": 3}, "Did you mean 'samples'"), ({"classes": 1}, "from 2 to 1000"), ({"samples": 0}, "from 1")],
)
def test_wrong_options(cache: Cache, options: dict[str, Option], problem: str) -> None:
    """One class would make every answer right."""
    with pytest.raises(DefinitionError, match=problem):
        synthetic.make(options, cache)
