"""openvino: one compiled model a shape, every choice that would make variants unlike switched off and recorded."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from generator.runtimes.session import Spec


class FakePort:
    def __init__(self, name: str) -> None:
        self.name = name

    def get_any_name(self) -> str:
        return self.name


class FakeModel:
    def __init__(self) -> None:
        self.inputs, self.shapes = [FakePort("x")], {"x": ["?", 4]}

    def clone(self) -> FakeModel:
        return FakeModel()

    def reshape(self, shapes: dict[str, Any]) -> None:
        self.shapes = shapes


class FakeCompiled:
    """Knows the properties that it was given, and no others."""

    layers = (
        {"layerType": "Input", "runtimePrecision": "f32", "primitiveType": "unknown_f32"},
        {"layerType": "Const", "runtimePrecision": "i8", "primitiveType": "unknown_i8"},
        {"layerType": "Convolution", "runtimePrecision": "u8", "primitiveType": "brgconv_avx512_amx_I8"},
        {"layerType": "Convolution", "runtimePrecision": "U8", "primitiveType": "brgconv_avx512_amx_I8"},
        {"layerType": "Convolution", "runtimePrecision": "f32", "primitiveType": "jit_avx512_f32"},
        {"layerType": "Reduce"},
    )

    def __init__(self, model: FakeModel, settings: dict[str, Any]) -> None:
        self.model, self.settings = model, settings

    def create_infer_request(self) -> Any:
        return SimpleNamespace(infer=lambda tensors: {FakePort("y"): tensors["x"].data * 2}, shapes=self.model.shapes)

    def get_property(self, name: str) -> Any:
        if name == "EXECUTION_DEVICES":
            return ["CPU"]
        if name not in self.settings:
            raise RuntimeError("unknown property")
        return self.settings[name]

    def get_runtime_model(self) -> Any:
        nodes = [SimpleNamespace(get_rt_info=lambda info=info: info) for info in self.layers]
        return SimpleNamespace(get_ops=lambda: nodes)


class FakeCore:
    compiled: list[FakeCompiled]

    def read_model(self, path: str) -> FakeModel:
        return FakeModel()

    supported: tuple[str, ...] = ()

    def get_property(self, device: str, name: str) -> Any:
        if name == "SUPPORTED_PROPERTIES":
            return self.supported
        return f"{device} {name}"

    def compile_model(self, model: FakeModel, device: str, settings: dict[str, Any]) -> FakeCompiled:
        FakeCore.compiled.append(FakeCompiled(model, settings))
        return FakeCore.compiled[-1]


@pytest.fixture(params=["openvino", "openvino.runtime"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Our module over a stand-in of OpenVINO, whose classes stand where today's or where 2023's packages have them."""
    FakeCore.compiled = []
    package: Any = ModuleType("openvino")
    package.__version__ = "2023.2.0-13089-cfd42bd2cb0-HEAD"
    place: Any = package if request.param == "openvino" else ModuleType("openvino.runtime")
    place.Core, place.Tensor = FakeCore, lambda array: SimpleNamespace(data=array)
    monkeypatch.setitem(sys.modules, "openvino", package)
    monkeypatch.setitem(sys.modules, "openvino.runtime", place)
    monkeypatch.delitem(sys.modules, "generator.runtimes.openvino", raising=False)
    yield importlib.import_module("generator.runtimes.openvino")
    sys.modules.pop("generator.runtimes.openvino", None)


def _sample(rows: int) -> dict[str, Any]:
    return {"x": np.ones((rows, 4), np.float32), "unused": np.zeros(1)}


def _load(runtime: Any, **options: Any) -> Any:
    return runtime.load(Spec("model.onnx", 2, options))


def test_fp32_is_calculated_in_fp32_and_what_makes_variants_unlike_is_off(runtime: Any) -> None:
    """Without the hint OpenVINO takes bf16 where the processor has it, and the comparison would be of formats."""
    session = _load(runtime)
    session.prepare(_sample(1))
    settings = FakeCore.compiled[0].settings
    assert settings["INFERENCE_PRECISION_HINT"] == "f32"
    assert (settings["INFERENCE_NUM_THREADS"], settings["NUM_STREAMS"]) == (2, 1)
    assert settings["ENABLE_HYPER_THREADING"] is settings["ENABLE_CPU_PINNING"] is False
    details = session.details()
    assert details["inference_precision_hint"] == "f32"
    assert details["execution_devices"] == "CPU"
    assert details["device"] == "CPU FULL_DEVICE_NAME"
    assert details["kernels"] == "2 brgconv_avx512_amx_I8, 1 jit_avx512_f32"
    assert "affinity" not in details
    assert session.version == "2023.2.0"
    assert _load(runtime, precision="bf16")._settings["INFERENCE_PRECISION_HINT"] == "bf16"


def test_each_shape_has_its_compiled_model_and_the_rest_share_a_free_one(runtime: Any) -> None:
    """Fixed shapes are what its documentation advises; sentences of fifty lengths must not fill the memory."""
    session = _load(runtime)
    for rows in (1, 2, 1, *range(3, 40)):
        session.prepare(_sample(rows))
    fixed = [compiled.model.shapes["x"] for compiled in FakeCore.compiled[: runtime.MOST_SHAPES]]
    assert fixed == [[rows, 4] for rows in range(1, runtime.MOST_SHAPES + 1)]
    assert [compiled.model.shapes["x"] for compiled in FakeCore.compiled[runtime.MOST_SHAPES :]] == [["?", 4]]
    free = _load(runtime, shapes="free")
    FakeCore.compiled.clear()
    free.prepare(_sample(3))
    assert FakeCore.compiled == []


def test_answers_bear_the_names_of_the_graph(runtime: Any) -> None:
    """Inputs that the graph does not have are left out; outputs are found by name."""
    session = _load(runtime)
    answer = session.to_arrays(session.run(session.prepare(_sample(1))))
    assert {name: array.tolist() for name, array in answer.items()} == {"y": [[2.0] * 4]}


def test_operators_are_the_layers_that_compute_and_say_where_they_are_integer(runtime: Any) -> None:
    """The graph after fusion, in the spelling of every version; constants and inputs compute nothing."""
    session = _load(runtime)
    session.prepare(_sample(1))
    assert session.operators() == {"Convolution": 1, "Convolution u8": 2, "Reduce": 1}


def test_a_layer_that_is_called_integer_and_computes_in_fp32_does_not_count_as_integer(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO 2026.4.1 calls convolutions of signed activations i8, and 48 of 49 of them run in fp32."""
    layers = (
        {"layerType": "Convolution", "runtimePrecision": "i8", "primitiveType": "jit_avx512_FP32"},
        {"layerType": "Convolution", "runtimePrecision": "i8", "primitiveType": "brgconv_avx512_I8"},
        {"layerType": "FullyConnected", "runtimePrecision": "u4", "primitiveType": "brgemm_avx512_f32"},
        {"layerType": "FullyConnected", "runtimePrecision": "f32", "primitiveType": "brgemm_avx512_i8"},
    )
    monkeypatch.setattr(FakeCompiled, "layers", layers)
    session = _load(runtime)
    session.prepare(_sample(1))
    assert session.operators() == {"Convolution": 1, "Convolution i8": 1, "FullyConnected": 1, "FullyConnected i8": 1}


@pytest.mark.parametrize("known", [True, False])
def test_activations_of_short_weights_are_not_rounded_unasked(
    runtime: Any, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version without the property would refuse it."""
    monkeypatch.setattr(FakeCore, "supported", ("DYNAMIC_QUANTIZATION_GROUP_SIZE",) if known else ())
    settings = _load(runtime)._settings
    assert settings.get("DYNAMIC_QUANTIZATION_GROUP_SIZE") == (0 if known else None)
