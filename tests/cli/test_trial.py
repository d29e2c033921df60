"""`try`: what cannot be tried is told in a sentence with its remedy, and leaves nothing behind; the rest in one go."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from generator.cli.main import app
from generator.core.record_file import load_record
from tests.workloads.own import graphs


def _run(root: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["try", *arguments, "--root", str(root)])


def _pickle(path: Path) -> list[str]:
    path.write_bytes(pickle.dumps([1]))
    return []


def _classifier(*more: str) -> Callable[[Path], list[str]]:
    def write(path: Path) -> list[str]:
        graphs.classifier(path)
        return list(more)

    return write


def _labels_of_another_length(path: Path) -> list[str]:
    graphs.classifier(path)
    np.save(path.parent / "x.npy", np.zeros((10, graphs.FEATURES), np.float32))
    np.save(path.parent / "y.npy", np.zeros(9, np.int64))
    return ["--inputs", str(path.parent / "x.npy"), "--labels", str(path.parent / "y.npy")]


def _infinite(path: Path) -> list[str]:
    from onnx.helper import make_node

    nodes = [make_node("Sub", ["x", "x"], ["zero"]), make_node("Div", ["x", "zero"], ["y"])]
    x, y = (graphs.value(name, "FLOAT", "batch", 4) for name in "xy")
    graphs.save(path, nodes, [x], [y], [])
    return []


def _newer_format(path: Path) -> list[str]:
    import onnx

    model = onnx.load(graphs.classifier(path))
    model.ir_version = 99
    onnx.save(model, path)
    return []


def _newer_operators(path: Path) -> list[str]:
    import onnx

    model = onnx.load(graphs.classifier(path))
    model.opset_import[0].version = 99
    onnx.save(model, path)
    return []


def _wrong_sizes(path: Path) -> list[str]:
    from onnx.helper import make_node

    nodes = [make_node("MatMul", ["x", "w"], ["y"])]
    graphs.save(
        path, nodes, [graphs.value("x", "FLOAT", "batch", "k")], [graphs.value("y", "FLOAT", "batch", 3)],
        [graphs.tensor("w", 7, 3)],
    )  # fmt: skip
    return ["--shape", "k=5"]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: [], "there is no such file"),
        (_pickle, "it is a pickle, which may run any code"),
        (_classifier("--shape", "y=1"), "neither an input nor a free axis called 'y'"),
        (_classifier("--precision", "int3"), "there is no 'int3'"),
        (_classifier("--runtime", "tensorrt"), "there is no 'tensorrt'"),
        (_classifier("--threads", "two"), "are no numbers of threads"),
        (_classifier("--inputs", "none.npz"), "none.npz: there is no such file"),
        (_classifier("--not-slower-than", "none.json"), "there is no such record"),
        (_classifier("--threads", "1", "--precision", "bf16"), "there is nothing to compare the file with"),
        (_labels_of_another_length, "9 labels to 10 inputs"),
        (_infinite, "its own answer holds NaN or infinity"),
        (_newer_format, "IR version 99, and the installed ONNX Runtime reads up to"),
        (_newer_operators, "its operator set is version 99"),
        (_wrong_sizes, "ONNX Runtime cannot run it with these inputs"),
    ],
)
def test_what_cannot_be_tried_is_told_and_leaves_nothing(
    write: Callable[[Path], list[str]], said: str, tmp_path: Path
) -> None:
    arguments = write(tmp_path / "model.onnx")
    done = _run(tmp_path, str(tmp_path / "model.onnx"), *arguments)
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())
    assert done.stderr.count("error:") == 1
    assert not (tmp_path / "build").exists()


def test_a_plan_measures_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, str(graphs.classifier(tmp_path / "model.onnx")), "--plan")
    assert done.exit_code == 0, done.stderr
    assert "33 and 64 rows at once" in done.stdout
    assert "dynamic int8, 1 thread" in done.stdout
    assert not (tmp_path / "build").exists()


@pytest.mark.slow
def test_from_the_file_to_the_page(tmp_path: Path) -> None:
    """Record, page in both languages and data come of one command; the exit status says what was demanded."""
    model, folder = graphs.classifier(tmp_path / "model.onnx"), tmp_path / "out"
    arguments = [str(model), "--threads", "1", "--precision", "int8-dynamic", "--minutes", "0.1", "--out", str(folder)]
    done = _run(tmp_path, *arguments, "--json", "--at-least", "50")
    assert done.exit_code == 4, done.stderr
    told = json.loads(done.stdout)
    assert told["unmet"] == ["no variant that keeps the quality is shown to be 50 times as fast as the file as given"]
    assert told["best"]
    record = load_record(Path(told["record"]))
    assert record.provenance.command.startswith("python -m generator try ")
    assert {quality.metric for quality in record.variants[-1].quality} >= {"same-answer-as-the-file"}
    page = (folder / "index.html").read_text("utf-8")
    assert page.count("<main ") == 2
    assert "<script" not in page
    assert not [word for word in ("http:", "https:", "src=") if word in page.replace("http://www.w3.org/2000/svg", "")]
