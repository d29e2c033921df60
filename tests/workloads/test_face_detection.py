"""Windows, photographs and margins, with networks of the published shape and seeded weights; the real ones are slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.assets.asset import Asset
from generator.core.cache import Cache
from generator.core.definition import WorkloadChoice
from generator.core.errors import AssetError, DefinitionError, PreparationError, WorkerError
from generator.workloads import face_detection as room
from generator.workloads.face_detection import GROUP, Judging, Searching, read_windows
from generator.workloads.load import load_workload
from generator.workloads.networks.architectures import architecture_of, load_module

Image = pytest.importorskip("PIL.Image")

SHAPES: Mapping[str, Sequence[tuple[str, tuple[int, ...]]]] = {
    "pnet.pt": (
        *(("conv1.weight", (10, 3, 3, 3)), ("conv1.bias", (10,)), ("prelu1.weight", (10,))),
        *(("conv2.weight", (16, 10, 3, 3)), ("conv2.bias", (16,)), ("prelu2.weight", (16,))),
        *(("conv3.weight", (32, 16, 3, 3)), ("conv3.bias", (32,)), ("prelu3.weight", (32,))),
        *(("conv4_1.weight", (2, 32, 1, 1)), ("conv4_1.bias", (2,))),
        *(("conv4_2.weight", (4, 32, 1, 1)), ("conv4_2.bias", (4,))),
    ),
    "rnet.pt": (
        *(("conv1.weight", (28, 3, 3, 3)), ("conv1.bias", (28,)), ("prelu1.weight", (28,))),
        *(("conv2.weight", (48, 28, 3, 3)), ("conv2.bias", (48,)), ("prelu2.weight", (48,))),
        *(("conv3.weight", (64, 48, 2, 2)), ("conv3.bias", (64,)), ("prelu3.weight", (64,))),
        *(("dense4.weight", (128, 576)), ("dense4.bias", (128,)), ("prelu4.weight", (128,))),
        *(("dense5_1.weight", (2, 128)), ("dense5_1.bias", (2,))),
        *(("dense5_2.weight", (4, 128)), ("dense5_2.bias", (4,))),
    ),
    "onet.pt": (
        *(("conv1.weight", (32, 3, 3, 3)), ("conv1.bias", (32,)), ("prelu1.weight", (32,))),
        *(("conv2.weight", (64, 32, 3, 3)), ("conv2.bias", (64,)), ("prelu2.weight", (64,))),
        *(("conv3.weight", (64, 64, 3, 3)), ("conv3.bias", (64,)), ("prelu3.weight", (64,))),
        *(("conv4.weight", (128, 64, 2, 2)), ("conv4.bias", (128,)), ("prelu4.weight", (128,))),
        *(("dense5.weight", (256, 1152)), ("dense5.bias", (256,)), ("prelu5.weight", (256,))),
        *(("dense6_1.weight", (2, 256)), ("dense6_1.bias", (2,))),
        *(("dense6_2.weight", (4, 256)), ("dense6_2.bias", (4,))),
        *(("dense6_3.weight", (10, 256)), ("dense6_3.bias", (10,))),
    ),
}
"""Names and shapes in the order of the published files."""


def _states(folder: Path) -> dict[str, Any]:
    """Write the three files with seeded weights, and return what is in them."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    states = {
        file: {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in shapes}
        for file, shapes in SHAPES.items()
    }
    for file, state in states.items():
        torch.save(state, folder / file)
    return states


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads; the grey of a window is its number over 200."""
    np.save(tmp_path / "windows.npy", np.repeat(np.arange(200) / 200, 25 * 25).reshape(200, 25, 25))
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 30), (10, 20, ord(name[0]))).save(tmp_path / name)
    files = {
        room.WINDOWS: [tmp_path / "windows.npy"],
        room.PHOTOGRAPHS: [tmp_path / "a.png"],
        room.OTHER_PHOTOGRAPHS: [tmp_path / "b.png"],
        room.WEIGHTS: [tmp_path / name for name in SHAPES],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in files:
            raise AssetError(one.name, "there is no network")
        return tuple(files[one.name])

    monkeypatch.setattr(room, "fetch", fetch)
    monkeypatch.setattr(room, "fetch_one", lambda *args: fetch(*args)[0])
    return files


@pytest.mark.usefixtures("have")
def test_faces_and_others_take_turns(cache: Cache) -> None:
    """Every group has as many of the one as of the other; a fifth of the windows is for calibration alone."""
    workload = Judging(cache)
    samples, calibration = workload.samples(), workload.calibration(30)
    assert (len(samples), len(calibration), len(workload.calibration(1))) == (8, 2, 1)
    assert samples[0]["x"].shape == (1, GROUP, 3, 48, 48)
    assert samples[0]["x"].dtype == np.float32
    corners = [np.asarray(one["x"], np.float64)[0, :, 0, 0, 0] for one in (*samples, *calibration)]
    numbers = np.rint((np.concatenate(corners) * 128 + 127.5) / 255 * 200)
    assert sorted(numbers) == list(range(200))
    assert (numbers.reshape(-1, 2) // 100 == [0, 1]).all()
    assert workload.scored.faces.tolist() == (numbers[:160] < 100).tolist()
    assert [one["x"].tobytes() for one in workload.timed_samples()] == [one["x"].tobytes() for one in samples]


def test_another_file_is_refused(tmp_path: Path) -> None:
    """Pixels of another kind would be scored as if they were right."""
    np.save(tmp_path / "few.npy", np.zeros((3, 25, 25)))
    (tmp_path / "text.npy").write_text("no table")
    for name, problem in (("few.npy", "shape"), ("text.npy", "no table")):
        with pytest.raises(AssetError, match=problem):
            read_windows(tmp_path / name)


def _margins(windows: np.ndarray[Any, Any]) -> list[dict[str, np.ndarray[Any, Any]]]:
    return [{"y": group[np.newaxis]} for group in windows.reshape(-1, GROUP, 2).astype(np.float32)]


@pytest.mark.usefixtures("have")
def test_a_face_needs_both_judges(cache: Cache) -> None:
    """The surer of the two cannot outvote the other, and 0.7 as a probability is needed, not 0.5."""
    workload = Judging(cache)
    right = np.where(workload.scored.faces[:, np.newaxis], [5.0, 5.0], [-5.0, -5.0])
    doubted = right.copy()
    doubted[0] = [9.0, 0.8]  # a face, of which O-Net is sure with 0.69
    doubted[1] = [9.0, -1.0]  # none, which R-Net would take for one
    expected, found = _margins(right), {one.metric: one for one in workload.observe(_margins(doubted), _margins(right))}
    assert [one.metric for one in workload.observe(expected, None)] == ["judged-right"]
    assert found["judged-right"].values == (0.0, *[1.0] * 159)
    assert found["same-judgement"].values == found["judged-right"].values
    assert max(found["largest-logit-deviation"].values) == pytest.approx(14.0)
    assert found["mean-logit-deviation"].values[0] == pytest.approx((4.0 + 4.2) / 2)


@pytest.mark.usefixtures("have")
def test_candidates_are_counted_whoever_marked_them(cache: Cache) -> None:
    """A place that both refuse says nothing; one that either alone marks is a difference."""
    ours, theirs = ([{"y": np.array([margins], np.float32)}] for margins in ([1, 1, -1, -9], [1, -1, 1, -9]))
    workload = Searching(cache)
    assert workload.observe(theirs, None) == ()
    found = {one.metric: one.values for one in workload.observe(ours, theirs)}
    assert found["same-candidates"] == (1.0, 0.0, 0.0)
    assert found["largest-logit-deviation"] == (2.0,)
    assert (workload.labels_unknown, workload.notes) == ("no-marked-faces", ())


@pytest.mark.usefixtures("have")
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param({"z": np.zeros((1, GROUP, 2))}, "no array 'y'", id="another name"),
        pytest.param({"y": np.zeros((1, GROUP, 3))}, "of shape", id="another shape"),
        pytest.param({"y": np.full((1, GROUP, 2), np.nan)}, "not finite", id="no number"),
    ],
)
def test_a_senseless_answer_is_refused(cache: Cache, answer: Any, problem: str) -> None:
    """Nothing is scored that is no answer."""
    workload = Judging(cache)
    with pytest.raises(WorkerError, match=problem):
        workload.observe([answer] * 8, None)
    with pytest.raises(WorkerError, match="7 answers to 8 samples"):
        workload.observe([answer] * 7, None)


@pytest.mark.usefixtures("have")
def test_photographs_of_the_search_and_of_its_calibration_differ(cache: Cache) -> None:
    """Scales are chosen on photographs that fidelity is not measured on."""
    workload = Searching(cache)
    assert [sample["x"].shape for sample in workload.samples()] == [(1, 3, 256, 256)] * 6
    assert len(workload.timed_samples()) == 6
    assert len(workload.calibration(30)) == 1
    blues = {128 * float(one[0]["x"][0, 2, 0, 0]) + 127.5 for one in (workload.samples(), workload.calibration(30))}
    assert blues == {97.0, 98.0}


def test_the_stage_is_an_option(cache: Cache, tmp_path: Path) -> None:
    """A misspelt option changes nothing silently."""
    choice = {"name": "faces", "kind": "face_detection", "title": {"ru": "Л", "en": "F"}}
    for options, kind in (({}, Judging), ({"stage": "judging"}, Judging), ({"stage": "searching"}, Searching)):
        chosen = WorkloadChoice.model_validate({**choice, "options": options})
        assert isinstance(load_workload(chosen, tmp_path, cache), kind)
    with pytest.raises(DefinitionError, match="stage"):
        room.make({"stage": "marking"}, cache)


@pytest.mark.usefixtures("have")
def test_weights_of_both_judges_answer_for_each_window(cache: Cache, tmp_path: Path) -> None:
    """Windows of a group do not touch one another; published linear layers read a map by column, row, channel."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    state = _states(tmp_path)["rnet.pt"]
    artifact = Judging(cache).model()
    module = load_module(artifact.path)
    windows = torch.randn((1, 5, 3, 48, 48), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        together = module(windows)
        alone = torch.cat([module(windows[:, [index]]) for index in range(5)], 1)
        x = functional.avg_pool2d(windows[0], 2)
        for index, pooling in ((1, 3), (2, 3), (3, 0)):
            x = functional.conv2d(x, state[f"conv{index}.weight"], state[f"conv{index}.bias"])
            x = functional.prelu(x, state[f"prelu{index}.weight"])
            x = functional.max_pool2d(x, pooling, 2, ceil_mode=True) if pooling else x
        x = functional.linear(x.permute(0, 3, 2, 1).flatten(1), state["dense4.weight"], state["dense4.bias"])
        x = functional.linear(
            functional.prelu(x, state["prelu4.weight"]), state["dense5_1.weight"], state["dense5_1.bias"]
        )
    assert (artifact.format, architecture_of(artifact.path), together.shape) == ("pytorch", "mtcnn_judges", (1, 5, 2))
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(together[0, :, 0], x[:, 1] - x[:, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("have")
def test_the_search_looks_at_halves_of_halves(cache: Cache, tmp_path: Path) -> None:
    """Places of a photograph of 48 pixels, then of 24 and of 12; a window of 12 pixels is one place."""
    torch = pytest.importorskip("torch")
    _states(tmp_path)
    module = load_module(Searching(cache).model().path)
    photograph = torch.randn((2, 3, 48, 48), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        places = module(photograph)
        smallest = module(_half(_half(photograph)))
    assert places.shape == (2, 19 * 19 + 7 * 7 + 1)
    torch.testing.assert_close(places[:, -1:], smallest, rtol=1e-4, atol=1e-4)


def _half(x: Any) -> Any:
    """Half of an image, by the mean of each four pixels."""
    batch, channels, height, width = x.shape
    return x.reshape(batch, channels, height // 2, 2, width // 2, 2).mean((3, 5))


def test_weights_of_another_network_are_refused(cache: Cache, tmp_path: Path, have: dict[str, list[Path]]) -> None:
    """A file that changed its shape would otherwise give answers of chance."""
    _states(tmp_path)
    have[room.WEIGHTS] = list(reversed(have[room.WEIGHTS]))
    with pytest.raises(PreparationError, match="do not fit MTCNN"):
        Searching(cache).model()


@pytest.mark.slow
def test_the_published_networks_tell_faces() -> None:
    """Nearly all of the labelled windows are judged rightly."""
    torch = pytest.importorskip("torch")
    workload = Judging(Cache.default())
    try:
        module = load_module(workload.model().path)
        with torch.inference_mode():
            outputs = [{"y": module(torch.from_numpy(sample["x"])).numpy()} for sample in workload.samples()]
    except AssetError as error:
        pytest.skip(str(error))
    (judged,) = workload.observe(outputs, None)
    assert np.mean(judged.values) > 0.98
