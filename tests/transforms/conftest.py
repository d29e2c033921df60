"""A tiny model and its workload, so that exporter and quantizer work for real within a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from generator.core.cache import Cache, file_sha256
from generator.core.record import Observations, Source
from generator.workloads.networks import architectures
from generator.workloads.workload import Arrays, Artifact

ARCHITECTURE = "tiny"


@dataclass(frozen=True)
class TinyWorkload:
    """Eight random images; `weights` names the model's file."""

    weights: Path
    model_name: str = "tiny"
    notes: Sequence[str] = ()
    sources: Sequence[Source] = ()
    labels_unknown: str | None = None
    calibrates_on: int = 8

    def model(self) -> Artifact:
        return Artifact(self.weights, "pytorch", file_sha256(self.weights), self.weights.stat().st_size)

    def samples(self) -> Sequence[Arrays]:
        return self._inputs(8, 0)

    def timed_samples(self) -> Sequence[Arrays]:
        return self._inputs(8, 0)[:2]

    def calibration(self, count: int) -> Sequence[Arrays]:
        return self._inputs(min(count, self.calibrates_on), 1)

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        return ()

    def _inputs(self, count: int, seed: int) -> Sequence[Arrays]:
        generator = np.random.default_rng(seed)
        return [{"x": generator.standard_normal((1, 3, 16, 16), dtype=np.float32)} for _ in range(count)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyWorkload:
    """A convolution and a linear layer with seeded weights, registered under the name "tiny"."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    monkeypatch.setattr(architectures, "ARCHITECTURES", {ARCHITECTURE: "tests.transforms.tiny_model:tiny"})
    monkeypatch.setattr("generator.transforms.export_onnx.ARCHITECTURES", architectures.ARCHITECTURES)
    from tests.transforms.tiny_model import tiny

    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    safetensors.save_file(tiny().state_dict(), path, {architectures.METADATA_KEY: ARCHITECTURE})
    return TinyWorkload(path)
