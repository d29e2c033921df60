"""A decoder of the real architecture with random weights: everything but the answers is as with the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.core.cache import file_sha256
from generator.core.record import Observations, Source
from generator.workloads.metrics.generated import observe_generation
from generator.workloads.text_generation import graph_samples, query
from generator.workloads.workload import Arrays, Artifact

SIZES: dict[str, Any] = {
    "vocabulary": 61,
    "width": 32,
    "layers": 2,
    "heads": 4,
    "key_heads": 2,
    "inner_width": 64,
}


def tiny_decoder() -> Any:
    """Seeded; needs torch."""
    import torch

    from generator.workloads.networks.decoder import decoder

    torch.manual_seed(0)
    module = decoder(**SIZES)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn(weight.shape) * (0.3 if weight.ndim > 1 else 1.0))
    return module.eval()


@dataclass(frozen=True)
class TinyGeneration:
    """Generation from random prompts; `weights` names the model's file."""

    weights: Path
    model_name: str = "tiny"
    notes: Sequence[str] = ()
    sources: Sequence[Source] = ()
    labels_unknown: str | None = None
    tokens_per_sample: int = 5

    def model(self) -> Artifact:
        return Artifact(self.weights, "pytorch", file_sha256(self.weights), self.weights.stat().st_size)

    def graph_samples(self) -> Sequence[Arrays]:
        return graph_samples(SIZES["vocabulary"], (2, 2, 8), 0)

    def samples(self) -> Sequence[Arrays]:
        prompts = np.random.default_rng(1).integers(SIZES["vocabulary"], size=(6, 12)).tolist()
        return (*(query([prompt], 5) for prompt in prompts[:4]), *(query([prompt], 0) for prompt in prompts[4:]))

    def timed_samples(self) -> Sequence[Arrays]:
        return self.samples()[:3]

    def calibration(self, count: int) -> Sequence[Arrays]:
        return ()

    def observe(self, outputs: Sequence[Arrays], baseline: Sequence[Arrays] | None) -> tuple[Observations, ...]:
        return observe_generation(outputs, self.samples(), baseline)
