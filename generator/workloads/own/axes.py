"""A size for every axis of a graph's inputs: what a person says, or what the axis' name and place suggest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem
from generator.workloads.own.graph import Graph, Port

TOKENS = 128
"""Length of texts and series."""

PAST = 16
"""Tokens that a language model with a memory has read before."""

SIDE = 224
"""Height and width of pictures; a multiple of 32, which most convolutional networks need."""

LARGEST_AXIS = 2**24

STATE = re.compile(r"state|past|cache|hidden|^[hc]0?$|memory")
"""Names of inputs in which a network keeps what it was given before."""

_BATCH = re.compile(r"^(n|b|bs|batch.*|.*batch(_?size)?|num_(images|samples)|dynamicdimension\.0|unk__\d+)$")
_PAST = re.compile(r"past|cache")
_LENGTH = re.compile(r"seq|token|length|len$|time|frame|step|word|char|^[tls]$|^lens?$")
_PICTURE = re.compile(r"height|width|^[hw]$")
_ASKED = re.compile(r"(?P<name>[^=]+)=(?P<sizes>\d+(?:[x,]\d+)*)")

PICTURE_AXES = 4
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the axes of one graph's inputs are taken to be."""

    shapes: Mapping[str, tuple[int, ...]]
    """Shape of each input for one sample."""

    rows: Mapping[str, int]
    """Axis along which the samples of each input lie side by side; inputs without one are not there."""

    said: Mapping[str, str]
    """Of each free axis its size and why, for whoever reads along."""

    @property
    def free(self) -> bool:
        """Whether more than one sample can be computed at once."""
        return bool(self.rows)


def parse_shapes(texts: Sequence[str], where: str) -> dict[str, tuple[int, ...]]:
    """Read "input_ids=1x128" and "sequence=64".

    Raises:
        DefinitionError: when one is of another form.
    """
    found = dict[str, tuple[int, ...]]()
    for text in texts:
        match = _ASKED.fullmatch(text.replace(" ", ""))
        if not match:
            problem = Problem(f"the shape '{text}' is none", "Write INPUT=1x3x224x224, or AXIS=128.")
            raise DefinitionError(where, [problem])
        found[match["name"]] = tuple(int(size) for size in re.split("[x,]", match["sizes"]))
    return found


def sizes_of(graph: Graph, asked: Mapping[str, tuple[int, ...]], where: str) -> Sizes:
    """Give each axis a size.

    Args:
        graph: whose inputs.
        asked: by input its whole shape, or by a free axis' name its size.
        where: whose options they are, for errors.

    Raises:
        DefinitionError: when what was asked fits nothing, or an axis cannot be guessed.
    """
    free = {axis for port in graph.inputs for axis in port.axes or () if isinstance(axis, str)}
    known = {port.name: port for port in graph.inputs}
    for name in asked.keys() - known.keys() - free:
        reason = f"the graph has neither an input nor a free axis called '{name}'"
        raise DefinitionError(where, [Problem(reason, suggest(name, known.keys() | free))])
    rows = _row_axes(graph.inputs)
    given = dict[str, tuple[int, str]]()
    for name, shape in asked.items():
        if name in free and len(shape) == 1:
            given[name] = shape[0], "as asked"
        elif name in known:
            given |= _from_shape(known[name], shape, where)
    said, shapes = dict[str, tuple[int, str]](), dict[str, tuple[int, ...]]()
    for port in graph.inputs:
        if port.axes is None:
            if port.name not in asked:
                problem = Problem(f"the graph does not say the shape of its input '{port.name}'", _remedy(port))
                raise DefinitionError(where, [problem])
            shapes[port.name] = asked[port.name]
            continue
        sizes = list[int]()
        for index, axis in enumerate(port.axes):
            if isinstance(axis, int):
                sizes.append(axis)
                continue
            said[axis] = given.get(axis) or said.get(axis) or _guessed(axis, index, port, rows, given, where)
            sizes.append(said[axis][0])
        shapes[port.name] = tuple(sizes)
    places = {port.name: place for port in graph.inputs if (place := _place(port, rows)) is not None}
    one_row = all(shapes[name][place] == 1 for name, place in places.items())
    words = {name: f"{size} ({why})" for name, (size, why) in said.items()}
    return Sizes(shapes, places if one_row else {}, words)


def _row_axes(ports: Sequence[Port]) -> frozenset[str]:
    """Names of the axes that count samples: by name, or first in every input that has several axes."""
    named = {axis for port in ports for axis in port.axes or () if isinstance(axis, str) and _BATCH.match(axis.lower())}
    if named:
        return frozenset(named)
    several = [port for port in ports if port.axes and len(port.axes) > 1 and not STATE.search(port.name.lower())]
    first = [port.axes[0] for port in several if port.axes]
    loose = [axis for axis in first if isinstance(axis, str) and not _tells(axis)]
    if not first or len(loose) < len(first):
        return frozenset()
    # What a network remembers has an axis of samples too, wherever it stands.
    kept = [
        axis for port in ports if STATE.search(port.name.lower()) for axis in port.axes or () if isinstance(axis, str)
    ]
    return frozenset([*loose, *kept])


def _tells(axis: str) -> bool:
    return any(sign.search(axis.lower()) for sign in (_PAST, _LENGTH, _PICTURE)) and "." not in axis


def _place(port: Port, rows: frozenset[str]) -> int | None:
    return next((index for index, axis in enumerate(port.axes or ()) if axis in rows), None)


def _from_shape(port: Port, shape: tuple[int, ...], where: str) -> dict[str, tuple[int, str]]:
    if port.axes is None:
        return {}
    if len(shape) != len(port.axes) or any(
        isinstance(a, int) and a != s for a, s in zip(port.axes, shape, strict=True)
    ):
        asked = "x".join(map(str, shape))
        problem = Problem(f"the shape {asked} does not fit the input '{port.name}'", f"Its axes are {port.shown}.")
        raise DefinitionError(where, [problem])
    pairs = zip(port.axes, shape, strict=True)
    return {axis: (size, "as asked") for axis, size in pairs if isinstance(axis, str)}


def _guessed(
    axis: str, index: int, port: Port, rows: frozenset[str], given: Mapping[str, tuple[int, str]], where: str
) -> tuple[int, str]:
    """Size of a free axis, and why; see the module."""
    if axis in rows:
        return 1, "one sample at a time"
    if "+" in axis:
        parts = [part.strip() for part in axis.split("+")]
        sizes = [
            int(part) if part.isdigit() else (given.get(part) or _guessed(part, index, port, rows, given, where))[0]
            for part in parts
        ]
        return sum(sizes), "the sum of its parts"
    word, count = axis.lower(), len(port.axes or ())
    unnamed = axis == f"{port.name}.{index}"
    if count == PICTURE_AXES and port.dtype in ("float32", "float16", "uint8", "float64") and not _PAST.search(word):
        last = (port.axes or ())[-1] in _CHANNELS
        return (3, "channels of a picture") if index == (3 if last else 1) else (SIDE, "side of a picture")
    if not unnamed and _PAST.search(word):
        return PAST, "what was read before"
    if not unnamed and _LENGTH.search(word):
        return TOKENS, "a length, by its name"
    if not unnamed and _PICTURE.search(word):
        return SIDE, "side of a picture, by its name"
    whole = port.dtype.startswith(("int", "uint", "bool"))
    if whole and index == 1 and count == 2:
        return TOKENS, "a length, for whole numbers in two axes are most often texts"
    if count == 3 and index == 1 and (port.axes or ())[0] in rows and isinstance((port.axes or ())[-1], int):
        return TOKENS, "a length, for it lies between samples and features"
    reason = f"the size of axis {index + 1} of the input '{port.name}' ({port.shown}) cannot be guessed"
    raise DefinitionError(where, [Problem(reason, _remedy(port))])


def _remedy(port: Port) -> str:
    example = "x".join(
        str(axis) if isinstance(axis, int) else "1" if not i else "80" for i, axis in enumerate(port.axes or (1, "n"))
    )
    return f"Say it, with your own numbers: --shape {port.name}={example}"
