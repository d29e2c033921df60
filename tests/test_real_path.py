"""The real path on a tiny real model: digits, trained here, through PyTorch and ONNX Runtime, to findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.definition_file import load_measurement
from generator.core.record import Tier
from generator.measure.run import run_measurement
from generator.results.findings import analyse
from generator.results.quality import Gate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

DEFINITION = """
schema_version = 1
suite = "core"
published = 2026-11-23
title = {ru = "Цифры", en = "Digits"}
question = {ru = "Быстрее ли int8?", en = "Is int8 faster?"}

[[workloads]]
name = "digits"
kind = "workload.py"
title = {ru = "Цифры", en = "Digits"}

[[variants]]
name = "pytorch-fp32"
runtime = "pytorch"
precision = "fp32"
baseline = true
title = {ru = "PyTorch", en = "PyTorch"}

[[variants]]
name = "onnxruntime-fp32"
runtime = "onnxruntime"
precision = "fp32"
title = {ru = "ONNX Runtime", en = "ONNX Runtime"}
transforms = [{name = "export_onnx"}]

[[variants]]
name = "onnxruntime-int8-static"
runtime = "onnxruntime"
precision = "int8"
title = {ru = "int8", en = "int8"}
transforms = [{name = "export_onnx"}, {name = "quantize_static"}]
"""

WORKLOAD = '''
"""Digits of 8 by 8 pixels and a convolutional network trained on them with a fixed seed."""

import json

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits

from generator.core.cache import file_sha256
from generator.workloads.metrics.observations import observe_classification
from generator.workloads.networks.small_cnn import small_cnn
from generator.workloads.workload import Artifact

CONFIG = {"channels": 1, "widths": [16, 32], "classes": 10}


class Digits:
    model_name = "convolutional network, two blocks"
    notes, sources, labels_unknown = (), (), None

    def __init__(self, cache):
        self.cache = cache
        digits = load_digits()
        self.images = (digits.images / 16).astype(np.float32)[:, None]
        self.labels = digits.target

    def model(self):
        path, _ = self.cache.built("model", {"digits": 1}, ".safetensors", self.train)
        return Artifact(path, "pytorch", file_sha256(path), path.stat().st_size)

    def train(self, path):
        torch.manual_seed(0)
        model = small_cnn(**CONFIG)
        steps = 150
        optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
        x, y = torch.from_numpy(self.images[300:]), torch.from_numpy(self.labels[300:])
        for _ in range(steps):
            chosen = torch.randint(len(x), (128,))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
            schedule.step()
        save_file(model.state_dict(), path, {"architecture": "small_cnn", "config": json.dumps(CONFIG)})
        return {}

    def samples(self):
        return [{"x": image[None]} for image in self.images[:200]]

    def timed_samples(self):
        return self.samples()[:16]

    def calibration(self, count):
        return [{"x": image[None]} for image in self.images[300 : 300 + count]]

    def observe(self, outputs, baseline):
        return observe_classification(outputs, self.labels[:200], baseline)


def make(options, cache):
    return Digits(cache)
'''


def test_a_trained_model_is_exported_quantized_measured_and_judged(
    checkout: Callable[..., Path], run_context: Callable[..., Any]
) -> None:
    """Real weights, real answers: every variant recognises digits, and each is timed in every block."""
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    root = checkout(digits=DEFINITION)
    (root / "measurements/digits/workload.py").write_text(WORKLOAD, "utf-8")
    measurement = load_measurement(root / "measurements/digits")
    record = run_measurement(measurement, Tier.SMOKE, run_context(root))
    found = analyse(measurement, record).workloads[0]
    for variant in found.variants:
        assert variant.record.failure is None
        assert variant.latency is not None
        assert variant.latency.p50_ns.median > 1000
        top1 = variant.quality_of("top-1")
        assert top1 is not None
        assert top1.estimate.point > 0.9
    exported = found.variant("onnxruntime-fp32")
    agreement = exported.quality_of("top-1-agreement")
    assert agreement is not None
    assert agreement.estimate.point == 1
    assert exported.gate is Gate.PASSED
    artifact = found.variant("onnxruntime-int8-static").record.artifact
    assert artifact is not None
    assert "QLinearConv" in artifact.operators
