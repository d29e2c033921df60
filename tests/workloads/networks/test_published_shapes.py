"""Published shapes have the published sizes, and weights that are the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.cache import Cache
from generator.workloads import image_classification as room
from generator.workloads.workload import SeveralModels

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "parameters", "megaflop"),
    [
        pytest.param("mobilenet_v2", 3_504_872, 601, id="MobileNetV2"),
        pytest.param("resnet_50", 25_557_032, 8178, id="ResNet-50"),
    ],
)
def test_a_shape_has_the_size_that_its_paper_gives(name: str, parameters: int, megaflop: int) -> None:
    """3.5 million parameters and 300 million products; 25.6 million, and 4.1 thousand million with the stride of v1.5."""
    from torch.utils.flop_counter import FlopCounterMode

    from generator.workloads.networks import published_shapes

    module = getattr(published_shapes, name)().eval()
    assert sum(one.numel() for one in module.parameters()) == parameters
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(False), torch.no_grad(), counter:
        logits = module(torch.zeros(1, 3, 224, 224))
    assert logits.shape == (1, 1000)
    assert counter.get_total_flops() / 1e6 == pytest.approx(megaflop, rel=0.02)


def test_random_weights_are_repeatable_and_keep_numbers_finite(tmp_path: Path) -> None:
    """Two people time the same file; no layer makes numbers vanish or overflow; and the note says why not to judge."""
    workload = room.make({}, Cache(tmp_path / "one"))
    assert isinstance(workload, SeveralModels)
    artifact = workload.model_of("mobilenet_v2")
    assert artifact.sha256 == room.make({}, Cache(tmp_path / "other")).model_of("mobilenet_v2").sha256
    with torch.inference_mode():
        logits = room.architectures.load_module(artifact.path)(torch.rand(1, 3, 224, 224))
    assert 1e-6 < float(logits.abs().max()) < 1e9
    assert workload.quality_unknown(artifact) == "random-weights"
    assert workload.observe_model(artifact) == ()
    assert workload.architectures[0] == "efficientnet_lite0"
