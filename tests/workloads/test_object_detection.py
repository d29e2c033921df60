"""Photographs, annotations and the detector's last step; the published network is in the slow test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError
from generator.workloads import object_detection as room
from generator.workloads.networks.architectures import load_module
from generator.workloads.object_detection import ObjectDetection
from generator.workloads.sources import data_sets

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("pycocotools")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads: two annotated photographs, and one for calibration."""
    for index, size in enumerate([(640, 480), (256, 512)]):
        Image.new("RGB", size, (index, 100, 200)).save(tmp_path / f"{index}.png")
    gradient = np.arange(40 * 30 * 3, dtype=np.uint8).reshape(30, 40, 3)
    Image.fromarray(gradient).save(tmp_path / "cat.png")
    form = {
        "images": [
            {"file_name": "1.png", "id": 70, "width": 256, "height": 512},
            {"file_name": "0.png", "id": 7, "width": 640, "height": 480},
        ],
        "annotations": [],
        "categories": [{"id": 17}, {"id": 3}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(form), "utf-8")
    files = {
        room.PHOTOGRAPHS: [tmp_path / "annotations.json", tmp_path / "0.png", tmp_path / "1.png"],
        room.UNMARKED: [tmp_path / "0.png"],
        room.CALIBRATION: [tmp_path / "cat.png"],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in files:
            raise AssetError(one.name, "there is no network")
        return tuple(files[one.name])

    monkeypatch.setattr(room, "fetch", fetch)
    monkeypatch.setattr(data_sets, "fetch", fetch)
    return files


@pytest.mark.usefixtures("have")
def test_annotations_follow_the_photographs(cache: Cache) -> None:
    """By their names, not by the order of the file; classes are COCO's ids in their order."""
    annotated = ObjectDetection(cache).annotated
    assert annotated is not None
    assert (annotated.images, annotated.categories) == ((7, 70), (3, 17))
    assert annotated.scales == ((640 / 512, 480 / 512), (0.5, 1.0))


@pytest.mark.usefixtures("have")
def test_inputs_are_whole_photographs(cache: Cache) -> None:
    """Nothing is cut off, and bytes stay bytes: the network itself turns them into numbers."""
    workload = ObjectDetection(cache)
    assert [sample["x"].shape for sample in workload.samples()] == [(1, 3, 512, 512)] * 2
    assert workload.samples()[1]["x"][0, :, 0, 0].tolist() == [1, 100, 200]
    assert [one["x"].tobytes() for one in workload.timed_samples()] == [
        one["x"].tobytes() for one in workload.samples()
    ]
    assert (workload.notes, workload.labels_unknown) == (("coco-training-photographs",), None)


@pytest.mark.usefixtures("have")
def test_calibration_sees_no_annotated_photograph(cache: Cache) -> None:
    """A quantizer that has seen the test pictures would be praised for it."""
    workload = ObjectDetection(cache)
    samples = {sample["x"].tobytes() for sample in workload.samples()}
    assert len(workload.calibration(30)) == 6
    assert not samples & {one["x"].tobytes() for one in workload.calibration(30)}


def test_without_the_data_set_speed_and_agreement_remain(cache: Cache, have: dict[str, list[Path]]) -> None:
    """The reason is given, nothing is guessed, and calibration and samples stay apart."""
    del have[room.PHOTOGRAPHS]
    told: list[str] = []
    workload = ObjectDetection(cache, lambda text, done, total: told.append(text))
    assert (workload.labels_unknown, workload.notes, workload.data_set) == ("no-data-set", (), room.UNMARKED)
    samples = {sample["x"].tobytes() for sample in workload.samples()}
    assert not samples & {one["x"].tobytes() for one in workload.calibration(30)}
    assert any("no network" in text for text in told)
    outputs = [{"y": np.ones((1, 1, 6))} for _ in samples]
    assert [one.metric for one in workload.observe(outputs, outputs)] == ["same-boxes"]


def test_without_the_data_set_cut_out_objects_are_found(
    cache: Cache, have: dict[str, list[Path]], tmp_path: Path
) -> None:
    """What is not transparent is the object: whoever says where it is and what, has a precision of one."""
    del have[room.PHOTOGRAPHS]
    stamp = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    stamp.paste((200, 0, 0, 255), (20, 10, 60, 40))
    have[room.STAMPS] = [tmp_path / f"stamps/animals/mammals/{name}.png" for name in ("giraffe", "unheard_of")]
    have[room.STAMPS][0].parent.mkdir(parents=True)
    for path in have[room.STAMPS]:
        stamp.save(path)
    workload = ObjectDetection(cache)
    assert (workload.data_set, workload.labels_unknown) == ("tuxpaint-stamps", None)
    assert workload.notes == ("single-cut-outs",)
    (sample,) = workload.samples()
    red = np.argwhere(sample["x"][0, 1] < 64)  # the grey around it has a green of 128
    (top, left), (bottom, right) = red.min(axis=0), red.max(axis=0) + 1
    right_answer = [{"y": np.array([[[left, top, right, bottom, 0.9, 23]]], np.float32)}]
    assert [np.mean(one.values) for one in workload.observe(right_answer, None)] == [1, 1]
    another_class = [{"y": np.array([[[left, top, right, bottom, 0.9, 22]]], np.float32)}]
    assert np.mean(workload.observe(another_class, None)[0].values) == 0


@pytest.mark.parametrize("text", ["", "[]", '{"images": []}', '{"images": [], "categories": []}'])
def test_annotations_of_another_form_are_refused(cache: Cache, have: dict[str, list[Path]], text: str) -> None:
    """The error names the file and what to do; the workload goes on with other pictures, and says why."""
    description, *photographs = have[room.PHOTOGRAPHS]
    description.write_text(text, "utf-8")
    with pytest.raises(AssetError, match=r"'annotations\.json' is not in COCO's form"):
        room.annotated(description, photographs)
    told: list[str] = []
    assert ObjectDetection(cache, lambda text, done, total: told.append(text)).data_set == room.UNMARKED
    assert any("not in COCO's form" in text for text in told)


def test_it_has_no_options(cache: Cache) -> None:
    """A misspelt option changes nothing silently."""
    assert room.make({}, cache) == ObjectDetection(cache)
    with pytest.raises(DefinitionError, match="side"):
        room.make({"side": 512}, cache)


def test_the_strongest_of_its_neighbours_is_an_object() -> None:
    """Two centres of one class side by side are one object; its box reaches from the centre to the four edges."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.centernet import CenterNet

    centres = torch.zeros(1, 2, 16, 16)
    centres[0, 0, 5, 7], centres[0, 0, 5, 8], centres[0, 1, 5, 8], centres[0, 1, 9, 2] = 0.9, 0.8, 0.5, 0.7
    edges = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1).expand(1, 4, 16, 16)
    detector = CenterNet([], [])
    detector.network = torch.nn.Identity()
    detector.network.forward = lambda x: (edges, centres)  # type: ignore[method-assign]
    (objects,) = detector(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    found = [[round(value, 3) for value in row] for row in objects.tolist() if row[4] > 0]
    assert objects.shape == (100, 6)
    assert found == [[27, 18, 31, 24, 0.9, 0], [31, 18, 35, 24, 0.5, 1], [7, 34, 11, 40, 0.7, 1]]


@pytest.mark.slow
def test_the_published_network_knows_its_photographs() -> None:
    """Of all 128 photographs the AP50 is 0.50; of the first 24 it is checked that it is no accident."""
    torch = pytest.importorskip("torch")
    workload = ObjectDetection(Cache.default())
    try:
        module, known = load_module(workload.model().path), workload.annotated
    except AssetError as error:
        pytest.skip(str(error))
    if known is None:
        pytest.skip("the photographs are not to be had")
    first = room.Annotated(known.annotations, known.images[:24], known.scales[:24], known.categories)
    with torch.inference_mode():
        outputs = [{"y": module(torch.from_numpy(one["x"])).numpy()} for one in workload.samples()[:24]]
    found = {one.metric: one.values for one in room.observe_detection(outputs, first, None)}
    assert np.mean(found["average-precision-50"]) > 0.4
