"""What a file says of itself is read without running it; what is no ONNX graph is refused with the remedy."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from generator.core.errors import DefinitionError, PreparationError
from generator.workloads.own.axes import PAST, SIDE, TOKENS, parse_shapes, sizes_of
from generator.workloads.own.drawn import drawn
from generator.workloads.own.graph import Graph, Port, read_graph
from tests.workloads.own import graphs


def _graph(*ports: Port) -> Graph:
    from generator.core.definition import Precision

    return Graph(Path("m.onnx"), ports, ("y",), 17, 8, Precision.FP32, {}, 0, {}, 0, ())


def test_inputs_axes_and_tables_are_read(tmp_path: Path) -> None:
    found = read_graph(graphs.embedder(tmp_path / "m.onnx"))
    assert [(port.name, port.dtype, port.axes) for port in found.inputs] == [
        ("input_ids", "int64", ("batch", "sequence")),
        ("attention_mask", "int64", ("batch", "sequence")),
    ]
    assert found.inputs[0].table == graphs.WORDS
    assert found.outputs == ("embedding",)


def test_constant_products_are_counted(tmp_path: Path) -> None:
    found = read_graph(graphs.classifier(tmp_path / "m.onnx"))
    assert found.constant_products == 2
    assert found.last_operators == {"probabilities": "Softmax"}


def _checkpoint(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"")


def _custom(path: Path) -> None:
    from onnx.helper import make_node

    nodes = [make_node("Magic", ["x"], ["y"], domain="com.stranger")]
    graphs.save(path, nodes, [graphs.value("x", "FLOAT", 1)], [graphs.value("y", "FLOAT", 1)], [])


def _without_weights(path: Path) -> None:
    import onnx

    graphs.classifier(path)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (path.parent / "weights.bin").unlink()


def _truncated(path: Path) -> None:
    graphs.classifier(path)
    path.write_bytes(path.read_bytes()[:700])


def _texts(path: Path) -> None:
    from onnx.helper import make_node

    nodes = [make_node("Identity", ["x"], ["y"])]
    graphs.save(path, nodes, [graphs.value("x", "STRING", 1)], [graphs.value("y", "STRING", 1)], [])


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\x08\x08")
        file.truncate(3 * 2**30)


@pytest.mark.parametrize(
    ("make", "said", "remedy"),
    [
        (lambda path: None, "there is no such file", "path"),
        (lambda path: path.mkdir(), "a folder", "optimum-cli"),
        (lambda path: path.write_bytes(b""), "empty", "Fetch"),
        (lambda path: path.write_bytes(pickle.dumps({"a": 1})), "pickle, which may run any code", "torch.onnx.export"),
        (_checkpoint, "pickle, which may run any code", "torch.onnx.export"),
        (lambda path: path.write_bytes(b"GGUF" + bytes(30)), "GGUF", "llama-bench"),
        (lambda path: path.write_bytes(bytes(4) + b"TFL3"), "TensorFlow Lite", "tf2onnx"),
        (lambda path: path.write_bytes(b"\x20\0\0\0\0\0\0\0{}"), "safetensors", "torch.onnx.export"),
        (lambda path: path.write_bytes(b"<?xml version='1.0'?><net/>"), "XML", ".onnx file"),
        (lambda path: path.write_bytes(b"version https://git-lfs"), "Git LFS", "git lfs pull"),
        (lambda path: path.write_bytes(b"\xff" * 100), "no ONNX graph", "Fetch"),
        (_truncated, "only a part", "Fetch"),
        (_custom, "custom operators", "own operators"),
        (_without_weights, "weights.bin", "Put it beside"),
        (_texts, "takes texts", "give numbers"),
        (_huge, "3.0 GiB", "fp16"),
    ],
)
def test_what_is_no_graph_is_refused_with_the_remedy(
    make: Callable[[Path], object], said: str, remedy: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    make(path)
    with pytest.raises(PreparationError) as caught:
        read_graph(path)
    assert said in caught.value.problem
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("port", "shape"),
    [
        (Port("input_ids", "int64", ("batch", "sequence")), (1, TOKENS)),
        (Port("x", "float32", ("N", 3, "height", "width")), (1, 3, SIDE, SIDE)),
        (Port("x", "float32", ("x.0", "x.1", "x.2", 3)), (1, SIDE, SIDE, 3)),
        (Port("past", "float32", ("batch", 2, "past_sequence_length", 8)), (1, 2, PAST, 8)),
        (Port("mask", "int64", ("batch", "past_length + 1")), (1, PAST + 1)),
        (Port("speech", "float32", ("unk__1", "speech.1", 80)), (1, TOKENS, 80)),
        (Port("rate", "int64", ()), ()),
    ],
)
def test_axes_get_sizes_by_their_names_and_places(port: Port, shape: tuple[int, ...]) -> None:
    assert sizes_of(_graph(port), {}, "m").shapes[port.name] == shape


def test_an_axis_that_says_nothing_is_asked_for() -> None:
    port = Port("x", "float32", ("batch", "width_of_band"))
    sizes_of(_graph(port), {}, "m")
    port = Port("x", "float32", ("batch", "k"))
    with pytest.raises(DefinitionError, match=r"cannot be guessed.*--shape x=1x80"):
        sizes_of(_graph(port), {}, "m")
    assert sizes_of(_graph(port), parse_shapes(["k=7"], "m"), "m").shapes == {"x": (1, 7)}
    assert sizes_of(_graph(port), parse_shapes(["x=1x9"], "m"), "m").shapes == {"x": (1, 9)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [("y=1x3", "neither an input nor a free axis"), ("x=1x4", "does not fit"), ("x=big", "is none")],
)
def test_shapes_that_fit_nothing_are_refused(asked: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        sizes_of(_graph(Port("x", "float32", ("batch", 3))), parse_shapes([asked], "m"), "m")


def test_samples_lie_side_by_side_along_the_axis_that_counts_them() -> None:
    ports = Port("input", "float32", ("batch", 8)), Port("state", "float32", (2, "batch", 4)), Port("sr", "int64", ())
    assert sizes_of(_graph(*ports), {}, "m").rows == {"input": 0, "state": 1}


def test_values_are_drawn_by_type_and_name_and_the_same_again() -> None:
    graph = _graph(
        Port("input_ids", "int64", ("batch", "sequence"), table=7),
        Port("attention_mask", "int64", ("batch", "sequence")),
        Port("token_type_ids", "int64", ("batch", "sequence"), table=2),
        Port("pixels", "float32", ("batch", 3, 4, 4)),
        Port("bytes", "uint8", ("batch", 9)),
        Port("use_cache", "bool", (1,)),
    )
    sizes = sizes_of(graph, {}, "m")
    first, again, other = (drawn(graph, sizes, index, 3) for index in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["input_ids"], other["input_ids"])
    assert set(np.unique(first["input_ids"])) == set(range(7))
    assert first["attention_mask"].all()
    assert not first["token_type_ids"].any()
    assert 0 <= first["pixels"].min() <= first["pixels"].max() <= 1
    assert first["bytes"].dtype == np.uint8
    assert not first["use_cache"].any()
