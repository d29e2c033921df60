"""One step of a variant: the artifact that a transform makes of another, from the cache where it is there already."""

from __future__ import annotations

import gzip
import importlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from generator.core.cache import Cache, file_sha256
from generator.core.definition import Option, TransformStep
from generator.core.errors import PreparationError, suggest
from generator.core.record import COMPRESSED_NOTE
from generator.core.registry import TRANSFORMS
from generator.workloads.workload import Artifact, Workload

_LARGEST_COMPRESSED_BYTES = 64 * 1024 * 1024
"""Compressing a larger file takes longer than the number is worth."""

_LEVEL = 6
"""gzip's usual one."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an artifact is made of another, and everything that the result depends on besides that other one."""

    gives: Literal["pytorch", "onnx", "synthetic"]
    """Format of the result."""

    suffix: str
    """Ending of its file name, dot included."""

    key: Mapping[str, object]
    """Options with their defaults filled in, versions of packages, hash of further inputs."""

    make: Callable[[Path], Mapping[str, str]]
    """Writes the result and returns notes for the record. Equal keys give equal bytes.

    Raises PreparationError when it cannot be made."""


RecipeFunction = Callable[[Artifact, Mapping[str, Option], Workload], Recipe]


def apply(step: TransformStep, artifact: Artifact, workload: Workload, cache: Cache) -> Artifact:
    """Make the artifact of a step, or return the one that was made of the same input in the same way.

    Args:
        step: transform and options.
        artifact: its input.
        workload: gives example inputs, and those for calibration.
        cache: keeps the result; the key has the input's hash, the options, the packages' versions and our own code's.

    Raises:
        DefinitionError: when an option is wrong.
        PreparationError: when the artifact cannot be made.
        MissingPackage: when torch, onnx or onnxruntime is not installed.
        StorageError: when the cache cannot be written.
    """
    recipe = _function(step.name)(artifact, step.options, workload)
    key = {"input": artifact.sha256, "code": _code_sha256(), **recipe.key}
    path, notes = cache.built(step.name, key, recipe.suffix, lambda to: _made(recipe, to))
    return Artifact(
        path=path,
        format=recipe.gives,
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        notes=MappingProxyType({**artifact.notes, **notes}),
    )


def _made(recipe: Recipe, path: Path) -> Mapping[str, str]:
    """Write the result; the notes also say how large it is when gzip has compressed it, which shows its zeros."""
    notes = recipe.make(path)
    if not path.is_file() or path.stat().st_size > _LARGEST_COMPRESSED_BYTES:
        return notes
    return {**notes, COMPRESSED_NOTE: str(len(gzip.compress(path.read_bytes(), _LEVEL)))}


def _function(name: str) -> RecipeFunction:
    if name not in TRANSFORMS:
        raise PreparationError(name, "there is no such transform", suggest(name, TRANSFORMS))
    module, _, function = TRANSFORMS[name].function.partition(":")
    return cast(RecipeFunction, getattr(importlib.import_module(module), function))


def _code_sha256() -> dict[str, str]:
    """Hash of each module of this room: when one of them changes, what it made before is not taken for its work."""
    return {path.name: file_sha256(path) for path in sorted(Path(__file__).parent.glob("*.py"))}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep a library from printing, warning and logging below errors: only the command line prints."""
    was = logging.root.manager.disable
    logging.disable(max(was, logging.WARNING))
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(was)
