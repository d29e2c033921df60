"""The registry and the cache around a transform; nothing here needs torch."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator import transforms
from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option, TransformStep
from generator.core.errors import MissingPackage, PreparationError
from generator.core.registry import TRANSFORMS
from generator.transforms import step as step_room
from generator.transforms.step import Recipe
from generator.workloads import synthetic
from generator.workloads.workload import Artifact, Workload

apply = transforms.apply


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    path = tmp_path / "model.bin"
    path.write_bytes(b"model")
    return Artifact(path, "pytorch", file_sha256(path), 5, {"trained": "elsewhere"})


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    return synthetic.make({}, Cache(tmp_path / "workload"))


class Doubling:
    """A transform that doubles the file and counts how often it works."""

    def __init__(self, version: int = 1) -> None:
        self.version, self.calls = version, 0

    def __call__(self, artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
        def make(path: Path) -> dict[str, str]:
            self.calls += 1
            path.write_bytes(artifact.path.read_bytes() * 2)
            return {"doubled": "yes"}

        return Recipe("onnx", ".onnx", {"version": self.version, **options}, make)


@pytest.fixture
def doubling(monkeypatch: pytest.MonkeyPatch) -> Doubling:
    one = Doubling()
    monkeypatch.setattr(step_room, "_function", lambda name: one)
    return one


def _step(name: str = "export_onnx", **options: Any) -> TransformStep:
    return TransformStep(name=name, options=options)


def test_what_a_definition_may_name_is_there() -> None:
    """Each transform can be imported."""
    assert all(callable(step_room._function(name)) for name in TRANSFORMS)


def test_an_artifact_is_made_once(doubling: Doubling, artifact: Artifact, workload: Workload, tmp_path: Path) -> None:
    """The second run of a measurement exports nothing; the notes of all steps stay with the result."""
    first = apply(_step(), artifact, workload, Cache(tmp_path / "cache"))
    assert apply(_step(), artifact, workload, Cache(tmp_path / "cache")) == first
    assert (doubling.calls, first.path.read_bytes(), first.size_bytes) == (1, b"modelmodel", 10)
    assert (first.format, first.sha256) == ("onnx", file_sha256(first.path))
    compressed = {"compressed bytes": str(len(gzip.compress(b"modelmodel")))}
    assert dict(first.notes) == {"trained": "elsewhere", "doubled": "yes", **compressed}


def test_a_very_large_artifact_is_not_compressed(
    doubling: Doubling, artifact: Artifact, workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size after gzip is not worth the wait; the table then has a dash."""
    monkeypatch.setattr(step_room, "_LARGEST_COMPRESSED_BYTES", 9)
    assert "compressed bytes" not in apply(_step(), artifact, workload, Cache(tmp_path / "cache")).notes


@pytest.mark.parametrize("what", ["options", "version", "input", "code"])
def test_whatever_changes_makes_it_anew(
    doubling: Doubling,
    artifact: Artifact,
    workload: Workload,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """No stale artifact is measured: options, packages, the input and our own code are in the key."""
    cache, step, source = Cache(tmp_path / "cache"), _step(), artifact
    apply(step, artifact, workload, cache)
    if what == "options":
        step = _step(opset=13)
    elif what == "version":
        doubling.version = 2
    elif what == "input":
        source = Artifact(artifact.path, "pytorch", "1" * 64, 5)
    else:
        monkeypatch.setattr(step_room, "_code_sha256", lambda: {"quantize.py": "changed"})
    apply(step, source, workload, cache)
    assert doubling.calls == 2


@pytest.mark.parametrize(
    ("name", "format_", "remedy"),
    [
        ("export_onnx", "onnx", "Make it the first transform"),
        ("quantize_static", "pytorch", "Put export_onnx before it"),
        ("quantize_dynamic", "pytorch", "Put export_onnx before it"),
    ],
)
def test_transforms_in_the_wrong_order(
    artifact: Artifact,
    workload: Workload,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format_: Any,
    remedy: str,
) -> None:
    """The error says which transform must stand where."""
    monkeypatch.setattr("generator.transforms.export_onnx.required", lambda *a, **k: {})
    source = Artifact(artifact.path, format_, artifact.sha256, 5)
    with pytest.raises(PreparationError, match=remedy):
        apply(_step(name), source, workload, Cache(tmp_path / "cache"))


@pytest.mark.parametrize(("name", "format_"), [("export_onnx", "pytorch"), ("quantize_static", "onnx")])
def test_without_the_extra_the_error_names_it(
    artifact: Artifact,
    workload: Workload,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format_: Any,
) -> None:
    """A base installation is told what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    source = Artifact(artifact.path, format_, artifact.sha256, 5)
    with pytest.raises(MissingPackage, match=r"pip install -e '\.\[measure\]'"):
        apply(_step(name), source, workload, Cache(tmp_path / "cache"))


def test_an_unknown_transform(artifact: Artifact, workload: Workload, tmp_path: Path) -> None:
    """A definition cannot name one, but a program can."""
    step = TransformStep.model_construct(name="quantise_static", options={})
    with pytest.raises(PreparationError, match="Did you mean 'quantize_static'"):
        apply(step, artifact, workload, Cache(tmp_path / "cache"))
