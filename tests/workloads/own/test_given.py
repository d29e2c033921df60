"""A person's inputs and labels: read by kind, held against the graph, refused with the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from generator.core.errors import DefinitionError
from generator.workloads.own.axes import sizes_of
from generator.workloads.own.given import given_inputs, given_labels
from generator.workloads.own.graph import read_graph
from tests.workloads.own import graphs


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Path], object]:
    graph = read_graph(graphs.embedder(tmp_path / "m.onnx"))
    return lambda path: given_inputs(path, graph, sizes_of(graph, {}, "m"), "unit")


def test_arrays_become_a_sample_each(read: Callable[[Path], tuple[dict[str, np.ndarray]]], tmp_path: Path) -> None:
    ids = np.arange(12).reshape(3, 4)
    np.savez(tmp_path / "inputs.npz", input_ids=ids.astype(np.int32), attention_mask=np.ones((3, 4), np.int64))
    samples = read(tmp_path / "inputs.npz")
    assert [one["input_ids"].tolist() for one in samples] == [[row] for row in ids.tolist()]
    assert samples[0]["input_ids"].dtype == np.int64


def test_lines_may_differ_in_length(read: Callable[[Path], tuple[dict[str, np.ndarray]]], tmp_path: Path) -> None:
    lines = [{"input_ids": list(range(n)), "attention_mask": [1] * n} for n in (3, 5)]
    (tmp_path / "inputs.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert [one["input_ids"].shape for one in read(tmp_path / "inputs.jsonl")] == [(1, 3), (1, 5)]


def test_pictures_become_as_large_as_the_graph_takes_them(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    from onnx.helper import make_node

    nodes = [make_node("GlobalAveragePool", ["x"], ["y"])]
    outputs = [graphs.value("y", "FLOAT", "batch", 3, 1, 1)]
    path = graphs.save(tmp_path / "m.onnx", nodes, [graphs.value("x", "FLOAT", "batch", 3, 8, 6)], outputs, [])
    (tmp_path / "pictures" / "a").mkdir(parents=True)
    pillow.new("RGB", (20, 10), (255, 0, 0)).save(tmp_path / "pictures" / "a" / "red.png")
    graph = read_graph(path)
    (sample,) = given_inputs(tmp_path / "pictures", graph, sizes_of(graph, {}, "m"), "unit")
    assert sample["x"].shape == (1, 3, 8, 6)
    assert sample["x"][0, 0].min() == 1
    assert sample["x"][0, 1:].max() == 0


def _npz(path: Path, **arrays: object) -> Path:
    np.savez(path / "inputs.npz", **arrays)  # type: ignore[arg-type]
    return path / "inputs.npz"


ONES = np.ones((2, 4), np.int64)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda p: p / "none.npz", "there is no such file"),
        (lambda p: _npz(p, ids=ONES, attention_mask=ONES), "no input 'ids'. Did you mean 'input_ids'"),
        (lambda p: _npz(p, input_ids=ONES), "the input 'attention_mask' is missing"),
        (lambda p: _npz(p, input_ids=ONES, attention_mask=ONES[:1]), "different numbers of samples"),
        (lambda p: _npz(p, input_ids=ONES * 99, attention_mask=ONES), "its table has 50 rows"),
        (lambda p: _npz(p, input_ids=ONES * 0.5, attention_mask=ONES), "is float64, and the graph takes int64"),
        (
            lambda p: _npz(p, input_ids=np.ones((2, 4, 5, 6), int), attention_mask=ONES),
            "the graph takes batch x sequence",
        ),
        (lambda p: _npz(p, input_ids=np.array([{}], object), attention_mask=ONES), "may run any code"),
        (lambda p: (np.save(p / "a.npy", ONES), p / "a.npy")[1], "it is one array, and the graph has 2 inputs"),
        (lambda p: ((p / "a.jsonl").write_text("{]"), p / "a.jsonl")[1], "a.jsonl:1: the line is no JSON"),
        (lambda p: ((p / "a.jsonl").write_text("\n"), p / "a.jsonl")[1], "holds no sample"),
        (lambda p: ((p / "a.csv").write_text("1"), p / "a.csv")[1], "'.csv' are not read"),
        (lambda p: ((p / "a.npz").write_bytes(b"PK\x03\x04"), p / "a.npz")[1], "cannot be read as arrays"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    write: Callable[[Path], Path], said: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(write(tmp_path))
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "text"), [("l.txt", "3\n1\n"), ("l.json", "[3, 1]")])
def test_labels_are_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert given_labels(tmp_path / name).tolist() == [3, 1]


def test_labels_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("cat\n", "utf-8")
    with pytest.raises(DefinitionError, match="no numbers"):
        given_labels(tmp_path / "l.txt")
