"""Forecasting: options, samples and what is observed; the networks themselves are in the slow tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import asset
from generator.core.cache import Cache
from generator.core.definition import Option
from generator.core.errors import DefinitionError, PreparationError, WorkerError
from generator.transforms.architecture import architecture
from generator.workloads import forecasting as room
from generator.workloads import synthetic
from generator.workloads.forecasting import Forecasting, make
from generator.workloads.networks import forecaster_recipes
from generator.workloads.networks.forecaster_recipes import NETWORKS
from generator.workloads.sources.windows import TASKS
from generator.workloads.workload import Arrays, SeveralModels

HALF_HOURS = np.arange(4032)
DEMAND = 30_000 + 5_000 * np.sin(2 * np.pi * HALF_HOURS / 48) + 2_000 * (HALF_HOURS // 48 % 7 < 5)


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forecasting:
    """A demand whose weeks are all alike, in the place of the download."""
    path = tmp_path / "taylor.py"
    path.write_text(f"rslt = np.array({DEMAND.round(1).tolist()})\n", "utf-8")
    monkeypatch.setattr(room, "fetch_one", lambda *_: path)
    return make({}, Cache(tmp_path / "cache"))


def _answers(rows: np.ndarray) -> list[Arrays]:
    return [{"y": row[np.newaxis].astype(np.float32)} for row in rows]


def test_every_series_has_a_pinned_file() -> None:
    """Demand, price and weather come from wheels taken as data."""
    for task in TASKS.values():
        assert asset(task.asset).origin.startswith("PyPI: ")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("demand", "linear", 336, 5)),
        ({"series": "stock"}, ("stock", "linear", 128, 5)),
        ({"series": "weather", "model": "lstm", "seeds": 2}, ("weather", "lstm", 28, 2)),
        ({"model": "transformer", "history": 672}, ("demand", "transformer", 672, 5)),
    ],
)
def test_options_and_their_defaults(
    tmp_path: Path, options: dict[str, Option], expected: tuple[str, str, int, int]
) -> None:
    """Each series has the history that suits it unless another is asked for."""
    one = make(options, Cache(tmp_path))
    assert (one.series, one.network, one.history, one.seeds) == expected


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"series": "stocks"}, "Did you mean 'stock'"),
        ({"model": "lsmt"}, "Did you mean 'lstm'"),
        ({"history": 50}, "a multiple of 8"),
        ({"history": 8}, "from 25 to 1344"),
        ({"seeds": 0}, "from 1 to 20"),
        ({"horizon": 5}, "unknown option 'horizon'"),
    ],
)
def test_wrong_options(tmp_path: Path, options: dict[str, Option], problem: str) -> None:
    """The error offers what is right."""
    with pytest.raises(DefinitionError, match=problem):
        make(options, Cache(tmp_path))


def test_samples_have_the_form_of_the_contract(workload: Forecasting) -> None:
    """A leading batch axis of 1; the timed samples are some of them, in their order; calibration is none of them."""
    samples = [sample["x"] for sample in workload.samples()]
    assert (len(samples), samples[0].shape, samples[0].dtype.str) == (26, (1, 1, 336), "<f4")
    order = [sample.tobytes() for sample in samples]
    timed = [order.index(sample["x"].tobytes()) for sample in workload.timed_samples()]
    assert (len(timed), timed) == (16, sorted(timed))
    assert len(workload.calibration(30)) == 30
    assert len(workload.calibration(10_000)) == len(workload.windows.training)


def test_a_right_forecast_has_no_error_and_neither_has_the_naive_one(workload: Forecasting) -> None:
    """Where every week is alike, what was a week ago is right; so both errors are 0, in megawatts."""
    right = workload.windows.targets(workload.windows.test)
    error, naive = workload.observe(_answers(right), None)
    assert (error.metric, error.unit, error.better, error.reference) == (room.ERROR, "megawatt", "lower", "label")
    assert (len(error.values), max(error.values)) == (26, pytest.approx(0, abs=0.01))
    assert (naive.metric, max(naive.values)) == (room.NAIVE_ERROR, pytest.approx(0, abs=0.01))


def test_a_forecast_that_is_off_by_100_megawatts(workload: Forecasting) -> None:
    """The error is 100, and so is the deviation from a baseline that was right; at one moment off by 480, it is 10."""
    windows = workload.windows
    right, step = windows.targets(windows.test), float(windows.scale[0, 0])
    off = right + np.float32(100 / step)
    error, _, largest, mean = workload.observe(_answers(off), _answers(right))
    for one in (error, largest, mean):
        assert one.values == pytest.approx([100] * 26, rel=1e-3)
    assert (largest.kind, mean.kind, mean.reference) == ("maximum", "mean", "baseline")
    off = right.copy()
    off[:, 7] += np.float32(480 / step)
    error, _, largest, mean = workload.observe(_answers(off), _answers(right))
    assert (error.values[0], mean.values[0]) == (pytest.approx(10, rel=1e-3), pytest.approx(10, rel=1e-3))
    assert largest.values[0] == pytest.approx(480, rel=1e-3)


def test_an_answer_that_is_no_forecast_is_an_error(workload: Forecasting) -> None:
    """Missing answers and those that are no numbers do not become a small error."""
    right = workload.windows.targets(workload.windows.test)
    with pytest.raises(WorkerError, match="25 answers to 26 samples"):
        workload.observe(_answers(right[1:]), None)
    with pytest.raises(WorkerError, match="not finite"):
        workload.observe(_answers(np.full_like(right, np.nan)), None)


def test_of_the_share_the_note_says_that_nothing_is_gained(workload: Forecasting) -> None:
    """Wherever its quality is shown, so is that sentence."""
    assert workload.notes == ("trained-here",)
    assert replace(workload, series="stock").notes == ("trained-here", "stock-no-skill")


def test_variants_may_name_another_network(workload: Forecasting) -> None:
    """The workload's own comes first; another workload has only one model and says so."""
    assert isinstance(workload, SeveralModels)
    assert workload.architectures == ("linear", "lstm", "transformer")
    assert replace(workload, network="lstm").architectures == ("lstm", "linear", "transformer")
    digits = synthetic.make({}, workload.cache)
    with pytest.raises(PreparationError, match="only one model"):
        architecture(digits.model(), {"name": "lstm"}, digits)


@pytest.fixture
def quick(workload: Forecasting, monkeypatch: pytest.MonkeyPatch) -> Forecasting:
    """The same with two trainings of a few steps."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    short = {
        name: replace(one, recipes={"demand": replace(one.recipes["demand"], steps=60)})
        for name, one in NETWORKS.items()
    }
    monkeypatch.setattr(forecaster_recipes, "NETWORKS", short)
    monkeypatch.setattr(room, "NETWORKS", short)
    return replace(workload, seeds=2)


@pytest.mark.slow
def test_training_is_told_kept_and_repeatable(quick: Forecasting, tmp_path: Path) -> None:
    """The second time nothing is trained; another cache gets the same weights, another seed others."""
    told: list[tuple[int, int]] = []
    one = replace(quick, progress=lambda text, done, total: told.append((done, total)))
    artifact = one.model()
    (by_seed,) = one.observe_model(artifact)
    assert told == [(50, 120), (60, 120), (110, 120), (120, 120)]
    assert one.model() == artifact
    assert len(told) == 4
    assert (by_seed.metric, len(by_seed.values), len(set(by_seed.values))) == (room.ERROR_BY_SEED, 2, 2)
    elsewhere = replace(quick, cache=Cache(tmp_path / "elsewhere")).model()
    assert elsewhere.sha256 == artifact.sha256
    assert artifact.notes["network"] == "linear"


@pytest.mark.slow
def test_the_timed_training_is_the_first_one(quick: Forecasting) -> None:
    """The error that the worker's answers have is the first of those by seed."""
    torch = pytest.importorskip("torch")
    module = room.architectures.load_module(quick.model().path)
    with torch.inference_mode():
        outputs = [{"y": module(torch.from_numpy(sample["x"])).numpy()} for sample in quick.samples()]
    error, _ = quick.observe(outputs, None)
    (by_seed,) = quick.observe_model(quick.model())
    assert np.mean(error.values) == pytest.approx(by_seed.values[0], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_exports_and_quantizes_with_a_free_batch_axis(quick: Forecasting, network: str) -> None:
    """One graph answers one window and several, as PyTorch does; dynamic quantization keeps the forecast near."""
    torch = pytest.importorskip("torch")
    ort = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from generator.core.definition import TransformStep
    from generator.transforms import apply

    chosen = TransformStep(name="architecture", options={"name": network})
    model = apply(chosen, quick.model(), quick, quick.cache)
    assert model.sha256 == quick.model_of(network).sha256
    assert model.notes["network"] == network
    batch = np.concatenate([sample["x"] for sample in quick.samples()])
    with torch.inference_mode():
        expected = room.architectures.load_module(model.path)(torch.from_numpy(batch)).numpy()
    exported = apply(TransformStep(name="export_onnx"), model, quick, quick.cache)
    found = _run(ort, exported.path, batch)
    assert np.abs(found - expected).max() < 1e-4
    assert np.abs(_run(ort, exported.path, batch[:1]) - expected[:1]).max() < 1e-4
    for name in ("quantize_dynamic", "quantize_static"):
        quantized = apply(TransformStep(name=name), exported, quick, quick.cache)
        found = _run(ort, quantized.path, batch)
        # Without VNNI signed products saturate: a tenth of the spread on one processor, an eighth on another.
        assert 0 < np.abs(found - expected).mean() < 0.25 * expected.std()
        assert quantized.notes["network"] == network


def _run(ort: object, path: Path, batch: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, {"x": batch})[0]
    return found


@pytest.mark.slow
def test_the_transform_must_come_first(quick: Forecasting) -> None:
    """An exported model cannot be another one."""
    model = quick.model()
    other = quick.model_of("lstm")
    with pytest.raises(PreparationError, match="Make it the first transform"):
        architecture(other, {"name": "linear"}, quick)
    with pytest.raises(DefinitionError, match="Did you mean 'lstm'"):
        architecture(model, {"name": "lsmt"}, quick)
