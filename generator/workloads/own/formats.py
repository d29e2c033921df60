"""What a model file is, by its first bytes: whatever is no ONNX graph is refused, with what to make of it instead."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from generator.core.errors import PreparationError

LARGEST_BYTES = 2**31 - 1
"""What a protobuf holds, and so an ONNX graph with its weights in it; ONNX Runtime's quantizers read it whole."""

_HEAD_BYTES = 512

_TORCH_EXPORT = "Export it: torch.onnx.export(model, inputs, 'model.onnx', dynamo=True)."
_PICKLE = "it is a pickle, which may run any code of whoever wrote it when it is read, so it is not read"


def _zip(path: Path) -> tuple[str, str] | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return "it is a damaged archive", "Fetch it again."
    if any(name.endswith(("archive_format", "models/model.json")) for name in names):
        return (
            "it is a program of torch.export",
            "Export the model to ONNX: torch.onnx.export(program, f='model.onnx').",
        )
    if any(name.endswith("constants.pkl") for name in names):
        return f"it is TorchScript, which holds pickles: {_PICKLE}", _TORCH_EXPORT
    if any(name.endswith(".pkl") for name in names):
        return f"it is a checkpoint of PyTorch: {_PICKLE}", _TORCH_EXPORT
    if any(name.endswith("config.json") for name in names) and any(name.endswith(".h5") for name in names):
        return "it is a Keras model", "Convert it: python -m tf2onnx.convert --keras model.keras --output model.onnx"
    return "it is an archive", "Unpack it and name the .onnx file in it."


_SIGNS: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (lambda b: b[:1] == b"\x80" and b[1:2] in b"\x02\x03\x04\x05", _PICKLE, _TORCH_EXPORT),
    (
        lambda b: b[:4] == b"GGUF",
        "it is GGUF, a language model of llama.cpp",
        "Measure it with llama-bench, or export the model to ONNX: optimum-cli export onnx --model NAME folder/",
    ),
    (
        lambda b: b[4:8] == b"TFL3",
        "it is a TensorFlow Lite model",
        "Convert it: python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
    ),
    (
        lambda b: b[:4] == b"\x89HDF",
        "it is HDF5, as Keras writes it",
        "Convert it: python -m tf2onnx.convert --keras model.h5 --output model.onnx",
    ),
    (lambda b: b[4:8] == b"ORTM", "it is ONNX Runtime's own format", "Name the .onnx file that it was made of."),
    (
        lambda b: b[8:9] == b"{" and b[:8].endswith(b"\0\0\0"),
        "it is safetensors, weights without the network that they belong to",
        "Load them into their network and export it: torch.onnx.export(model, inputs, 'model.onnx', dynamo=True).",
    ),
    (
        lambda b: b.lstrip()[:5] == b"<?xml" or b.lstrip()[:4] == b"<net",
        "it is XML, as OpenVINO writes its graphs",
        "Name the .onnx file that it was converted from.",
    ),
    (
        lambda b: b.lstrip()[:1] in (b"{", b"[") or b[:7] == b"version",
        "it is text: perhaps a configuration, or a pointer of Git LFS to the file itself",
        "Fetch the file itself: git lfs pull.",
    ),
)


def refuse_foreign(path: Path) -> None:
    """Refuse what is no ONNX graph by its first bytes.

    Raises:
        PreparationError: with what the file is, and what to make of it.
    """
    if path.is_dir():
        remedy = "Name the .onnx file in it; a folder of Hugging Face becomes one by: optimum-cli export onnx --model"
        raise PreparationError(path.name, "it is a folder", f"{remedy} {path.name} exported/")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise PreparationError(path.name, "there is no such file", "Look at the path.") from error
    except OSError as error:
        raise PreparationError(path.name, f"it cannot be read ({error.strerror})", "Mend its rights.") from error
    if not size:
        raise PreparationError(path.name, "it is empty", "Fetch it again.")
    if head[:2] == b"PK" and (found := _zip(path)):
        raise PreparationError(path.name, *found)
    for sign, what, remedy in _SIGNS:
        if sign(head):
            raise PreparationError(path.name, what, remedy)
    if size > LARGEST_BYTES:
        raise PreparationError(path.name, *too_large(size))


def too_large(size: int) -> tuple[str, str]:
    """Problem and remedy of a model of so many bytes."""
    problem = f"it has {size / 2**30:.1f} GiB with its weights, and a graph is read up to {LARGEST_BYTES / 2**30:.0f}"
    return problem, "Export it in fp16 or with fewer layers, or measure a part of it."
