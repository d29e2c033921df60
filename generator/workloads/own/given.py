"""Inputs and labels that a person gives: .npz, .npy, JSON lines, or a folder of pictures.

Nothing is unpickled: an array of Python objects is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import DefinitionError, suggest
from generator.core.packages import required
from generator.core.problem import Problem
from generator.workloads.own.axes import PICTURE_AXES, Sizes
from generator.workloads.own.graph import Graph, Port

Sample = dict[str, NDArray[Any]]

LARGEST_BYTES = 2**30
MOST_SAMPLES = 10_000

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".pgm", ".ppm", ".tif", ".tiff"})

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

PIXELS: Mapping[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "unit": lambda x: x / np.float32(255),
    "signed": lambda x: x / np.float32(127.5) - np.float32(1),
    "imagenet": lambda x: (x / np.float32(255) - _MEAN) / _DEVIATION,
    "bytes": lambda x: x,
}
"""What a picture's values from 0 to 255 are turned into: 0 to 1; -1 to 1; less ImageNet's mean, over its deviation; as
they are. Red, green, blue in the last axis."""


def given_inputs(path: Path, graph: Graph, sizes: Sizes, pixels: str) -> tuple[Sample, ...]:
    """Read a person's inputs, a sample each.

    Args:
        path: .npz with an array an input; .npy for a graph of one input; .jsonl with an object a line; a folder of
            pictures, in the order of their names.
        graph: whose inputs they are.
        sizes: its axes.
        pixels: key of `PIXELS`.

    Raises:
        DefinitionError: when a file is none of these, or does not fit the graph.
        MissingPackage: when pictures are given and Pillow is not installed.
    """
    where = path.name
    if path.is_dir():
        return _pictures(path, graph, sizes, pixels)
    if not path.is_file():
        raise _problem(where, "there is no such file of inputs", "Look at the path.")
    if path.stat().st_size > LARGEST_BYTES:
        raise _problem(where, "the inputs have more than 1 GiB", "Give fewer.")
    match path.suffix.lower():
        case ".npz":
            arrays = _npz(path)
        case ".npy":
            arrays = {_only(graph, where).name: _npy(path)}
        case ".jsonl" | ".ndjson":
            return _lines(path, graph, sizes)
        case other:
            remedy = "Give .npz, .npy, .jsonl, or a folder of pictures."
            raise _problem(where, f"inputs of the kind '{other}' are not read", remedy)
    return _split(arrays, graph, sizes, where)


def given_labels(path: Path) -> NDArray[Any]:
    """Read labels, one a sample: .npy, or numbers in .txt (one a line) or .json (a list).

    Returns:
        Whole numbers, (samples,): classes; or floats of any shape, samples first.

    Raises:
        DefinitionError: when the file holds something else.
    """
    where = path.name
    if not path.is_file():
        raise _problem(where, "there is no such file of labels", "Look at the path.")
    try:
        match path.suffix.lower():
            case ".npy":
                labels = _npy(path)
            case ".txt" | ".csv":
                labels = np.array([_number(line) for line in path.read_text("utf-8").split()])
            case ".json":
                labels = np.array(json.loads(path.read_text("utf-8")))
            case other:
                raise _problem(where, f"labels of the kind '{other}' are not read", "Give .npy, .txt or .json.")
    except (ValueError, UnicodeDecodeError) as error:
        raise _problem(where, f"the labels are no numbers ({error})", "Write one number a line.") from error
    if labels.dtype.kind not in "iuf" or not labels.ndim or not len(labels):
        raise _problem(where, f"the labels are {labels.dtype} of shape {labels.shape}", "Give a number a sample.")
    if labels.dtype.kind in "iu" and labels.ndim != 1:
        raise _problem(where, f"the classes have the shape {labels.shape}", "Give one class a sample.")
    return labels


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen unrelated types
        raise _unread(path, error) from error


def _npy(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file:
            found: NDArray[Any] = np.load(file, allow_pickle=False)
    except Exception as error:  # as above
        raise _unread(path, error) from error
    if not isinstance(found, np.ndarray):
        raise _problem(path.name, "it holds several arrays", "Call it .npz.")
    return found


def _unread(path: Path, error: Exception) -> DefinitionError:
    if "pickle" in str(error).lower():
        reason = "it holds Python objects, which are pickles and may run any code when they are read, so they are not"
        return _problem(path.name, reason, "Save arrays of numbers: numpy.savez(path, name=array).")
    return _problem(path.name, f"it cannot be read as arrays ({error})", "Save it anew: numpy.savez(path, name=array).")


def _only(graph: Graph, where: str) -> Port:
    if len(graph.inputs) != 1:
        names = ", ".join(port.name for port in graph.inputs)
        raise _problem(
            where, f"it is one array, and the graph has {len(graph.inputs)} inputs", f"Save {names} as .npz."
        )
    return graph.inputs[0]


def _check_names(names: Sequence[str], graph: Graph, where: str) -> None:
    known = [port.name for port in graph.inputs]
    for name in names:
        if name not in known:
            raise _problem(where, f"the graph has no input '{name}'", suggest(name, known))
    if missing := [name for name in known if name not in names]:
        raise _problem(where, f"the input '{missing[0]}' is missing", f"The graph needs {', '.join(known)}.")


def _split(arrays: Mapping[str, NDArray[Any]], graph: Graph, sizes: Sizes, where: str) -> tuple[Sample, ...]:
    """Arrays that hold all samples become one mapping a sample."""
    _check_names(list(arrays), graph, where)
    parts, whole = dict[str, list[NDArray[Any]]](), dict[str, NDArray[Any]]()
    for port in graph.inputs:
        array = _typed(arrays[port.name], port, where)
        axes, place = port.axes, sizes.rows.get(port.name)
        count = array.ndim if axes is None else len(axes)
        if array.ndim == count + 1:
            parts[port.name] = [_fitting(one, port, where) for one in array]
        elif array.ndim == count and place is not None:
            pieces = np.split(array, array.shape[place], axis=place)
            parts[port.name] = [_fitting(one, port, where) for one in pieces]
        elif array.ndim == count and axes and axes[0] == 1 and len(array) > 1:
            parts[port.name] = [_fitting(one[np.newaxis], port, where) for one in array]
        else:
            whole[port.name] = _fitting(array, port, where)
    lengths = {name: len(found) for name, found in parts.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in lengths.items())
        raise _problem(where, f"the inputs are of different numbers of samples: {counts}", "Give as many of each.")
    count = next(iter(lengths.values()), 1)
    if not 1 <= count <= MOST_SAMPLES:
        raise _problem(where, f"there are {count} samples", f"Give from 1 to {MOST_SAMPLES}.")
    return tuple(
        {port.name: parts[port.name][index] if port.name in parts else whole[port.name] for port in graph.inputs}
        for index in range(count)
    )


def _typed(array: NDArray[Any], port: Port, where: str) -> NDArray[Any]:
    """The array in the graph's own number format, where nothing is lost by it."""
    wanted = np.dtype(port.dtype)
    if array.dtype == wanted:
        return array
    if not np.can_cast(array.dtype, wanted, "same_kind") and not (array.dtype.kind in "iu" and wanted.kind in "iuf"):
        reason = f"the input '{port.name}' is {array.dtype}, and the graph takes {wanted}"
        raise _problem(where, reason, f"Convert it: array.astype('{wanted}').")
    with np.errstate(all="ignore"):
        cast = array.astype(wanted)
    if wanted.kind in "iu" and not np.array_equal(cast, array):
        reason = f"the input '{port.name}' holds numbers that {wanted} cannot"
        raise _problem(where, reason, "Look at the numbers.")
    return cast


def _fitting(array: NDArray[Any], port: Port, where: str) -> NDArray[Any]:
    axes = port.axes
    if axes is not None and (
        array.ndim != len(axes)
        or any(isinstance(axis, int) and axis != size for axis, size in zip(axes, array.shape, strict=True))
    ):
        found = " x ".join(map(str, array.shape)) or "a single number"
        raise _problem(where, f"a sample of the input '{port.name}' is {found}, and the graph takes {port.shown}", "")
    if port.table and array.size and not 0 <= int(array.min()) <= int(array.max()) < port.table:
        reason = f"the input '{port.name}' holds {int(array.max())}, and its table has {port.table} rows"
        raise _problem(where, reason, "Look at the numbers: perhaps they are of another vocabulary.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _problem(where, f"the input '{port.name}' holds NaN or infinity", "Give finite numbers.")
    return array


def _lines(path: Path, graph: Graph, sizes: Sizes) -> tuple[Sample, ...]:
    """JSON lines: {"input": [...]} each, or the list alone where the graph has one input."""
    samples = list[Sample]()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            data = json.loads(line)
        except ValueError as error:
            raise _problem(where, f"the line is no JSON ({error})", "Write one object a line.") from error
        if not isinstance(data, dict):
            data = {_only(graph, where).name: data}
        _check_names(list(data), graph, where)
        samples.append({port.name: _from_json(data[port.name], port, sizes, where) for port in graph.inputs})
        if len(samples) > MOST_SAMPLES:
            raise _problem(where, f"there are more than {MOST_SAMPLES} samples", "Give fewer.")
    if not samples:
        raise _problem(path.name, "it holds no sample", "Write one JSON object a line.")
    return tuple(samples)


def _from_json(data: Any, port: Port, sizes: Sizes, where: str) -> NDArray[Any]:
    try:
        array = np.array(data)
    except ValueError as error:
        raise _problem(where, f"the input '{port.name}' is no array: its rows differ in length", "") from error
    if array.dtype.kind not in "iufb":
        raise _problem(where, f"the input '{port.name}' is no array of numbers", "Give nested lists of numbers.")
    if port.axes is not None and array.ndim == len(port.axes) - 1:
        array = np.expand_dims(array, sizes.rows.get(port.name, 0))
    return _fitting(_typed(array, port, where), port, where)


def _pictures(folder: Path, graph: Graph, sizes: Sizes, pixels: str) -> tuple[Sample, ...]:
    """Pictures of a folder and of the folders in it, each made as large as the graph takes them."""
    required("pictures", PIL="pillow")
    from PIL import Image

    port, where = _only(graph, folder.name), folder.name
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    if not files:
        raise _problem(where, "there is no picture in the folder", f"Known endings: {', '.join(sorted(PICTURES))}.")
    shape = sizes.shapes[port.name]
    if len(shape) != PICTURE_AXES:
        raise _problem(where, f"the graph takes no pictures but {port.shown}", "Give .npz or .npy.")
    last = shape[-1] in (1, 3)
    channels, height, width = (shape[3], *shape[1:3]) if last else shape[1:4]
    if channels not in (1, 3):
        raise _problem(where, f"the graph takes pictures of {channels} channels", "Give .npy.")
    samples = list[Sample]()
    for file in files[:MOST_SAMPLES]:
        try:
            with Image.open(file) as opened:
                image = opened.convert("RGB" if channels == 3 else "L").resize(
                    (width, height), Image.Resampling.BICUBIC
                )
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise _problem(file.name, f"it is no picture ({type(error).__name__})", "Delete it.") from error
        values = np.asarray(image, np.float32).reshape(height, width, channels)
        values = values if np.dtype(port.dtype).kind in "iu" else PIXELS[pixels](values)
        array = values if last else values.transpose(2, 0, 1)
        samples.append({port.name: np.ascontiguousarray(array[np.newaxis]).astype(port.dtype)})
    return tuple(samples)


def _problem(where: str, reason: str, remedy: str) -> DefinitionError:
    return DefinitionError(where, [Problem(reason, remedy)])
