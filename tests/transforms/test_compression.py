"""Pruning, factorising and distilling a network that was trained within a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.core.cache import Cache
from generator.core.definition import TransformStep
from generator.core.errors import DefinitionError, MissingPackage, PreparationError
from generator.transforms import apply
from generator.workloads import digits as room
from generator.workloads import synthetic
from generator.workloads.digits import Digits
from generator.workloads.workload import Artifact
from tests.workloads.tiny_digits import quick, table

COMPRESSIONS = ("prune_weights", "prune_channels", "factorize", "distil")


def _step(name: str, **options: Any) -> TransformStep:
    return TransformStep(name=name, options=options)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A base installation is told what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    source = Artifact(tmp_path, "pytorch", "0" * 64, 5)
    with pytest.raises(MissingPackage, match=r"pip install -e '\.\[measure\]'"):
        apply(_step(name), source, synthetic.make({}, Cache(tmp_path)), Cache(tmp_path))


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_what_cannot_be_trained_on_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An exported model has no weights to train, and a published one no images that it was trained on."""
    monkeypatch.setattr("generator.transforms.small_network.required", lambda *a, **k: {})
    workload = synthetic.make({}, Cache(tmp_path))
    with pytest.raises(PreparationError, match="Put it before export_onnx"):
        apply(_step(name), Artifact(tmp_path, "onnx", "0" * 64, 5), workload, Cache(tmp_path))
    with pytest.raises(PreparationError, match="trains its own, such as 'digits'"):
        apply(_step(name), Artifact(tmp_path, "pytorch", "0" * 64, 5), workload, Cache(tmp_path))


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Digits:
    """Striped digits and narrow networks."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    path = table(tmp_path)
    monkeypatch.setattr(room, "fetch_one", lambda *_: path)
    monkeypatch.setattr(room, "NETWORKS", quick(40))
    return room.make({}, Cache(tmp_path / "cache"))


@pytest.fixture
def compressed(workload: Digits) -> Callable[..., Artifact]:
    """Compress the workload's network."""

    def make(name: str, **options: Any) -> Artifact:
        return apply(_step(name, **options), workload.model(), workload, workload.cache)

    return make


def _module(artifact: Artifact) -> Any:
    return room.architectures.load_module(artifact.path)


@pytest.mark.slow
def test_pruned_weights_are_zero_and_stay_so(compressed: Callable[..., Artifact], workload: Digits) -> None:
    """So many of all convolutions together, after training; the shapes are those of the whole network."""
    sparse = _module(compressed("prune_weights", percent=80, steps=5))
    weights = [block.convolution.weight.detach().numpy() for block in sparse.blocks]
    zeros = sum((one == 0).sum() for one in weights) / sum(one.size for one in weights)
    assert zeros == pytest.approx(0.8, abs=0.001)
    assert sparse.shape == _module(workload.model()).shape


@pytest.mark.slow
def test_the_strongest_channels_are_kept(compressed: Callable[..., Artifact], workload: Digits) -> None:
    """Half of sixteen is eight; with a hair's breadth of training they still are the whole network's strongest."""
    narrow, whole = _module(compressed("prune_channels", percent=50, steps=1)), _module(workload.model())
    assert narrow.shape.widths == (8, 8, 8, 8, 8)
    filters = whole.blocks[0].convolution.weight.detach().numpy()
    strength = np.abs(filters).sum((1, 2, 3))
    kept = np.sort(np.argsort(-strength)[:8])
    assert np.abs(narrow.blocks[0].convolution.weight.detach().numpy() - filters[kept]).max() < 1e-3


@pytest.mark.slow
def test_removing_no_group_changes_nothing(workload: Digits) -> None:
    """Where every channel is kept, the narrowed network is the network, its answers included."""
    torch = pytest.importorskip("torch")
    from generator.transforms.prune import _narrowed, _strongest

    whole = _module(workload.model())
    kept = [_strongest(block.convolution.weight, 1) for block in whole.blocks]
    images = torch.from_numpy(workload.lessons().inputs[:4])
    with torch.inference_mode():
        assert torch.equal(_narrowed(whole, kept).eval()(images), whole(images))


@pytest.mark.slow
def test_factors_of_full_rank_give_the_same_answers(workload: Digits) -> None:
    """What is cut off is all that is lost: with nothing cut off, nothing is."""
    torch = pytest.importorskip("torch")
    from generator.transforms.factorize import _factorized

    whole = _module(workload.model())
    images = torch.from_numpy(workload.lessons().inputs[:4])
    with torch.inference_mode():
        difference = _factorized(whole, (9, 16, 16, 16, 16)).eval()(images) - whole(images)
    assert float(difference.abs().max()) < 1e-4


@pytest.mark.slow
def test_the_first_convolution_stays_whole(compressed: Callable[..., Artifact]) -> None:
    """Two factors of it would have more weights than it has; the others get a rank of whole groups."""
    artifact = compressed("factorize", percent=50, steps=2)
    assert tuple(_module(artifact).shape.ranks) == (0, 8, 8, 8, 8)
    assert artifact.notes["ranks"] == "whole, 8, 8, 8, 8"


@pytest.mark.slow
def test_a_student_differs_from_the_untaught_one_by_its_teacher_alone(
    compressed: Callable[..., Artifact], workload: Digits
) -> None:
    """The same shape, other weights; and the note says who taught it and how much."""
    taught, untaught = compressed("distil", student="small"), workload.model_of("small")
    assert _module(taught).shape == _module(untaught).shape
    assert taught.sha256 != untaught.sha256
    assert (taught.notes["network"], "90% of the loss" in taught.notes["taught by"]) == ("small", True)
    assert taught.notes["training"] == untaught.notes["training"]


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPRESSIONS)
def test_the_same_seed_gives_the_same_bytes(workload: Digits, tmp_path: Path, name: str) -> None:
    """Two people who prepare the same variant measure the same file; the notes say how it was made."""
    options = {"student": "small"} if name == "distil" else {"steps": 5}
    first, second = (
        apply(_step(name, **options), workload.model(), workload, Cache(tmp_path / one)) for one in ("one", "other")
    )
    assert (first.sha256, first.path != second.path) == (second.sha256, True)
    assert int(first.notes["parameters"]) > 0


@pytest.mark.slow
def test_wrong_options_and_wrong_networks(compressed: Callable[..., Artifact], workload: Digits) -> None:
    """The error offers what is right, and a network that is compressed already is not compressed again."""
    with pytest.raises(DefinitionError, match="from 1 to 99"):
        compressed("prune_weights", percent=100)
    with pytest.raises(DefinitionError, match="Did you mean 'small'"):
        compressed("distil", student="smal")
    separable = workload.model_of("separable")
    with pytest.raises(PreparationError, match="no network of whole convolutions"):
        apply(_step("factorize", steps=1), separable, workload, workload.cache)
