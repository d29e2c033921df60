"""Faces, people and pixels; the real network is in the slow test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset, asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError
from generator.workloads import face_recognition as room
from generator.workloads.face_recognition import FaceRecognition
from generator.workloads.networks.architectures import load_module
from generator.workloads.sources import data_sets

Image = pytest.importorskip("PIL.Image")

PEOPLE, EACH = 8, 3


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads: eight people on three photographs each, and one photograph of something else.

    A photograph's grey tells person and number.
    """
    faces = []
    for person in range(1, PEOPLE + 1):
        (tmp_path / f"s{person}").mkdir()
        for number in range(EACH):
            faces.append(tmp_path / f"s{person}" / f"{number + 1}.pgm")
            Image.new("L", (92, 112), 10 * person + number).save(faces[-1])
    gradient = np.arange(40 * 30 * 3, dtype=np.uint8).reshape(30, 40, 3)
    Image.fromarray(gradient).save(tmp_path / "cat.png")
    files = {room.FACES: faces, room.WITHOUT_FACES: [tmp_path / "cat.png"]}

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in files:
            raise AssetError(one.name, "there is no network")
        return tuple(files[one.name])

    monkeypatch.setattr(room, "fetch", fetch)
    monkeypatch.setattr(data_sets, "fetch", fetch)
    return files


@pytest.mark.usefixtures("have")
def test_people_follow_the_photographs(cache: Cache) -> None:
    """The folder's name says who it is; the last five people are not scored."""
    workload = FaceRecognition(cache)
    assert workload.faces.people == (1, 1, 1, 2, 2, 2, 3, 3, 3)
    assert (len(workload.samples()), workload.labels_unknown, workload.notes) == (9, None, ("easy-faces",))
    assert workload.data_set == "orl-faces"


@pytest.mark.usefixtures("have")
def test_calibration_is_on_other_people(cache: Cache) -> None:
    """One photograph of everybody first; nobody of them is scored."""
    greys = [
        round(float(one["x"][0, 0, 0, 0]) + room._CHANNEL_MEANS[0]) for one in FaceRecognition(cache).calibration(6)
    ]
    assert greys == [40, 50, 60, 70, 80, 41]


@pytest.mark.usefixtures("have")
def test_inputs_are_blue_first_and_centred(cache: Cache, tmp_path: Path, have: dict[str, list[Path]]) -> None:
    """Channels in the order of the published network's training, the mean of each subtracted."""
    Image.new("RGB", (92, 112), (10, 20, 30)).save(tmp_path / "s1" / "1.ppm")
    have[room.FACES][0] = tmp_path / "s1" / "1.ppm"
    first = FaceRecognition(cache).samples()[0]["x"]
    assert (first.shape, first.dtype.str) == ((1, 3, 224, 224), "<f4")
    assert first[0, :, 0, 0].tolist() == pytest.approx([30 - 103.939, 20 - 116.779, 10 - 123.68], abs=1e-4)


@pytest.mark.usefixtures("have")
def test_timed_samples_are_samples(cache: Cache) -> None:
    """Speed is measured on inputs whose answers were checked."""
    workload = FaceRecognition(cache)
    samples = [sample["x"].tobytes() for sample in workload.samples()]
    assert [sample["x"].tobytes() for sample in workload.timed_samples()] == samples


def test_without_faces_speed_and_fidelity_remain(cache: Cache, have: dict[str, list[Path]]) -> None:
    """The reason is given, nothing is guessed, and calibration and samples stay apart."""
    del have[room.FACES]
    told: list[str] = []
    workload = FaceRecognition(cache, lambda text, done, total: told.append(text))
    assert (workload.labels_unknown, workload.notes) == ("no-data-set", ())
    assert workload.data_set == room.WITHOUT_FACES
    assert [source.name for source in workload.sources][1] == asset(room.WITHOUT_FACES).title
    samples = {sample["x"].tobytes() for sample in workload.samples()}
    assert not samples & {sample["x"].tobytes() for sample in workload.calibration(30)}
    assert any("no network" in text for text in told)
    outputs = [{"y": np.ones((1, 2))} for _ in samples]
    assert workload.observe(outputs, None) == ()
    assert len(workload.observe(outputs, outputs)) == 3


def test_it_has_no_options(cache: Cache) -> None:
    """A misspelt option changes nothing silently."""
    assert room.make({}, cache) == FaceRecognition(cache)
    with pytest.raises(DefinitionError, match="people"):
        room.make({"people": 3}, cache)


@pytest.mark.slow
def test_the_published_network_knows_the_faces() -> None:
    """40 people, the first 12 of them: everybody's nearest other photograph is of the same person."""
    torch = pytest.importorskip("torch")
    workload = FaceRecognition(Cache.default())
    try:
        module, people = load_module(workload.model().path), workload.faces.people
    except AssetError as error:
        pytest.skip(str(error))
    if people is None:
        pytest.skip("the faces are not to be had")
    with torch.inference_mode():
        chosen = workload.samples()[:120]
        outputs = [{"y": module(torch.from_numpy(sample["x"])).numpy()} for sample in chosen]
    assert outputs[0]["y"].shape == (1, 1024)
    found = {one.metric: one.values for one in room.observe_verification(outputs, people[:120], None)}
    assert np.mean(found["nearest-is-same-person"]) == 1
    assert np.mean(found["same-person-accepted"]) > 0.9  # 0.97 over all 35 people that are judged
