"""Photographs, their labels and their pixels; the network itself is in the slow tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError, PreparationError
from generator.workloads import image_classification as room
from generator.workloads.image_classification import ImageClassification
from generator.workloads.networks.architectures import ARCHITECTURES, METADATA_KEY, architecture_of, load_module
from generator.workloads.sources import data_sets
from generator.workloads.sources.photographs import CENTRE, DETAILS, View, pixels_of

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _photograph(path: Path, colour: int, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Path:
    Image.new(mode, size, colour if mode == "L" else (colour, 0, 255)).save(path)
    return path


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads: two photographs of a package, eight of the repository, one for calibration."""
    have = {
        room.FEW: [_photograph(tmp_path / f"imagenet_0{i}_{label}.jpg", 25 * i) for i, label in enumerate((243, 7))],
        room.MANY: [_photograph(tmp_path / f"n{i}.JPEG", 60 + 25 * i) for i in range(8)],
        room.CALIBRATION: [_photograph(tmp_path / "cat.png", 50)],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in have:
            raise AssetError(one.name, "there is no network")
        return tuple(have[one.name])

    monkeypatch.setattr(room, "fetch", fetch)
    monkeypatch.setattr(data_sets, "fetch", fetch)
    return have


@pytest.mark.usefixtures("photographs")
def test_labels_follow_the_photographs(cache: Cache) -> None:
    """A packaged photograph has its label in its name; the repository's are every fourth class, in order."""
    workload = ImageClassification(cache)
    assert workload.labelled.labels == (243, 7, 0, 4, 8, 12, 16, 20, 24, 28)
    assert (len(workload.samples()), workload.notes) == (10, ("imagenet-sample-photographs",))


def test_without_the_repository_the_packaged_ones_remain(cache: Cache, photographs: dict[str, list[Path]]) -> None:
    """No network costs precision, not the measurement; the note says so, and the sources name what was used."""
    del photographs[room.MANY]
    told: list[str] = []
    workload = ImageClassification(cache, progress=lambda text, done, total: told.append(text))
    assert (workload.labelled.labels, workload.notes) == ((243, 7), ("few-labelled-photographs",))
    assert not any("250" in source.name for source in workload.sources)
    assert any("no network" in text for text in told)


def test_the_packaged_ones_can_be_asked_for(cache: Cache, photographs: dict[str, list[Path]]) -> None:
    """A quick run needs no repository."""
    workload = room.make({"photographs": "packaged"}, cache)
    assert len(workload.samples()) == 2
    with pytest.raises(DefinitionError, match="Did you mean 'packaged'"):
        room.make({"photographs": "package"}, cache)


def test_without_any_photograph_there_is_no_measurement(cache: Cache, photographs: dict[str, list[Path]]) -> None:
    """The error is that of the download, with its remedy."""
    photographs.clear()
    with pytest.raises(AssetError, match=room.FEW):
        ImageClassification(cache).samples()


def test_without_the_repository_cut_out_objects_join_the_packaged_ones(
    cache: Cache, photographs: dict[str, list[Path]], tmp_path: Path
) -> None:
    """Each stamp has its class from the project's list, whole and on grey; one without a class is left out."""
    del photographs[room.MANY]
    photographs[room.STAMPS] = [tmp_path / f"stamps/food/fruit/{name}.png" for name in ("banana", "kiwi", "lemon")]
    photographs[room.STAMPS][0].parent.mkdir(parents=True)
    for path in photographs[room.STAMPS]:
        Image.new("RGBA", (10, 20), (250, 240, 0, 255)).save(path)
    workload = ImageClassification(cache)
    assert workload.labelled.labels == (243, 7, 954, 951)
    assert (workload.data_set, workload.notes) == ("photographs-and-stamps", ("labelled-cut-outs",))
    pixels = workload.samples()[2]["x"][0] * 128 + 127
    assert (len(workload.samples()), pixels[:, 0, 0].tolist()) == (4, [128, 128, 128])
    assert pixels[:, 112, 112].tolist() == [250, 240, 0]
    assert [source.origin for source in workload.sources][2].startswith("Debian: ")


@pytest.mark.usefixtures("photographs")
def test_inputs_have_the_scale_of_the_published_weights(cache: Cache) -> None:
    """RGB in this order, channels first, (pixel - 127) / 128."""
    first = ImageClassification(cache).samples()[1]["x"]
    assert (first.shape, first.dtype.str) == ((1, 3, 224, 224), "<f4")
    assert [round(float(value) * 128 + 127) for value in first[0, :, 112, 112]] == pytest.approx([25, 0, 255], abs=3)


@pytest.mark.usefixtures("photographs")
def test_timed_samples_are_samples(cache: Cache) -> None:
    """Speed is measured on inputs whose answers were checked, in their order."""
    workload = ImageClassification(cache)
    samples = [sample["x"].tobytes() for sample in workload.samples()]
    positions = [samples.index(timed["x"].tobytes()) for timed in workload.timed_samples()]
    assert positions == sorted(positions)
    assert len(set(positions)) == 10


@pytest.mark.usefixtures("photographs")
def test_calibration_sees_no_labelled_photograph(cache: Cache) -> None:
    """A quantizer that has seen the test pictures would be praised for it."""
    workload = ImageClassification(cache)
    samples = {sample["x"].tobytes() for sample in workload.samples()}
    views = workload.calibration(100)
    assert (len(views), len(workload.calibration(4))) == (len(DETAILS), 4)
    assert not samples & {view["x"].tobytes() for view in views}


def test_the_centre_is_tensorflows(tmp_path: Path, cache: Cache) -> None:
    """224/256 of the shorter side, from the middle, the odd pixel to the left and above: as the weights were tested."""
    gradient = np.zeros((64, 101, 3), np.uint8)
    gradient[..., 0] = np.arange(101)
    Image.fromarray(gradient).save(tmp_path / "gradient.png")
    (square,) = pixels_of([tmp_path / "gradient.png"], [CENTRE], 56, cache)
    assert (square.shape, square[0, 0, 0], square[0, 0, -1]) == ((3, 56, 56), 23, 78)


@pytest.mark.parametrize(
    ("view", "left", "right"),
    [(View(0.5, 0, 0), 0, 31), (View(0.5, 1, 0), 36, 67), (View(0.5, 1, 0, mirrored=True), 67, 36)],
)
def test_views_lie_where_they_say(tmp_path: Path, cache: Cache, view: View, left: int, right: int) -> None:
    """Corners reach the edge and no further; a mirrored view is the same one turned."""
    gradient = np.repeat(np.arange(68, dtype=np.uint8)[np.newaxis, :, np.newaxis], 64, axis=0).repeat(3, axis=2)
    Image.fromarray(gradient).save(tmp_path / "gradient.png")
    (square,) = pixels_of([tmp_path / "gradient.png"], [view], 32, cache)
    assert (square[0, 0, 0], square[0, 0, -1]) == (left, right)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P"])
def test_every_mode_becomes_rgb(tmp_path: Path, cache: Cache, mode: str) -> None:
    """ImageNet has grey and CMYK pictures among its own."""
    Image.new(mode, (30, 20)).save(tmp_path / ("picture.tif"))
    assert pixels_of([tmp_path / "picture.tif"], [CENTRE], 8, cache).shape == (1, 3, 8, 8)


def test_the_order_is_views_first(tmp_path: Path, cache: Cache) -> None:
    """A few calibration inputs are of different photographs, not details of one."""
    paths = [_photograph(tmp_path / f"{i}.png", i * 10) for i in range(3)]
    squares = pixels_of(paths, DETAILS, 4, cache)
    assert [int(square[0, 0, 0]) for square in squares[:4]] == [0, 10, 20, 0]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut"], ids=["empty", "text", "cut"])
def test_what_is_no_photograph_is_named(tmp_path: Path, cache: Cache, data: bytes) -> None:
    """A broken picture is an error with its file, not a disk error."""
    (tmp_path / "broken.jpg").write_bytes(data)
    with pytest.raises(AssetError, match=r"'broken\.jpg' is no photograph"):
        pixels_of([tmp_path / "broken.jpg"], [CENTRE], 8, cache)


def test_pixels_are_made_once(tmp_path: Path, cache: Cache) -> None:
    """The second run decodes nothing; another photograph under the same name is another one."""
    told: list[int] = []
    path = _photograph(tmp_path / "a.png", 1)
    for _ in range(2):
        pixels_of([path], [CENTRE], 8, cache, told.append)
    assert told == [1]
    _photograph(path, 2)
    pixels_of([path], [CENTRE], 8, cache, told.append)
    assert told == [1, 1]


@pytest.mark.slow
def test_the_network_is_efficientnet_lite0() -> None:
    """4,652,008 parameters, as published; every name of the published weights has a place."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.efficientnet_lite import converted, efficientnet_lite0

    module = efficientnet_lite0().eval()
    assert sum(parameter.numel() for parameter in module.parameters()) == 4_652_008
    with torch.inference_mode():
        assert module(torch.zeros(2, 3, 224, 224)).shape == (2, 1000)
    names = ["_conv_stem.weight", "_bn0.bias", "_blocks.3._bn0.bias", "_blocks.0._project_conv.weight", "_fc.bias"]
    renamed = converted(dict.fromkeys(names, torch.zeros(1)))
    assert renamed.keys() < module.state_dict().keys()
    assert renamed.keys() > {"stem.conv.weight", "blocks.3.expand.norm.bias", "classifier.bias"}


@pytest.mark.slow
def test_a_weight_file_names_its_architecture(tmp_path: Path) -> None:
    """The PyTorch runtime needs the file alone."""
    pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    from generator.workloads.networks.efficientnet_lite import efficientnet_lite0

    for architecture in ("efficientnet_lite0", "unheard_of"):
        safetensors.save_file(
            efficientnet_lite0().state_dict(), tmp_path / f"{architecture}.safetensors", {METADATA_KEY: architecture}
        )
    assert architecture_of(tmp_path / "efficientnet_lite0.safetensors") in ARCHITECTURES
    assert not load_module(tmp_path / "efficientnet_lite0.safetensors").training
    with pytest.raises(KeyError, match="unheard_of"):
        load_module(tmp_path / "unheard_of.safetensors")


@pytest.mark.slow
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the right hash and the wrong contents would be our own mistake; it does not get measured."""
    torch = pytest.importorskip("torch")
    torch.save({"_fc.bias": torch.zeros(3)}, tmp_path / "weights.pth")
    monkeypatch.setattr(room, "fetch_one", lambda *a: tmp_path / "weights.pth")
    with pytest.raises(PreparationError, match="does not fit"):
        ImageClassification(cache).model()


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Callable[[], ImageClassification]:
    """The real downloads, in the checkout's cache; skipped where they are not to be had."""

    def make() -> ImageClassification:
        workload = ImageClassification(Cache.default(), "packaged")
        try:
            workload.labelled  # noqa: B018
            workload.model()
        except AssetError as error:
            pytest.skip(str(error))
        return workload

    return make


@pytest.mark.slow
def test_the_published_weights_know_their_photographs(real: Callable[[], ImageClassification]) -> None:
    """18 of foolbox's 20 photographs; the usual ImageNet scale gives 15, a wrong padding fewer still."""
    torch = pytest.importorskip("torch")
    workload = real()
    artifact = workload.model()
    assert hashlib.sha256(artifact.path.read_bytes()).hexdigest() == artifact.sha256
    module = load_module(artifact.path)
    with torch.inference_mode():
        outputs = [{"y": module(torch.from_numpy(sample["x"])).numpy()} for sample in workload.samples()]
    (top1,) = workload.observe(outputs, None)
    assert sum(top1.values) == 18
