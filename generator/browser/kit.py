"""What the page "Measured on your own device" needs: models, a few inputs with their answers, and a runtime.

Models are the artifacts of published measurements. `measure` prepares them, because that takes PyTorch; the base
installation finds them again in the cache.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from generator.core.definition import Measurement, Name, Precision
from generator.core.errors import PreparationError
from generator.core.record import Count, Sha256

RUNTIME = "onnxruntime-web"
"""Its name in the catalogue of downloads."""

SAMPLES = 2
"""Inputs that the browser answers in turn: a photograph is 600 kB, and what a network computes hardly depends on it."""

FOLDER = "browser"
"""Folder of the cache."""

VERSION: Literal[1] = 1
"""Raised when the files change their form."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A measurement of which some variants are small enough for a browser."""

    measurement: str
    workload: str
    variants: tuple[str, str]
    """What the other one is compared with, and the other one."""


CHOICES = (
    Choice("quantization-image", "image-classification", ("onnxruntime-fp32", "onnxruntime-int8-static")),
    Choice("quantization-forecast", "demand", ("onnxruntime-fp32", "onnxruntime-int8-dynamic")),
)
"""Chosen by size: the encoders of sentences are 60 to 90 MB, which nobody should load for a try."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Array(_Part):
    """One named array, as JavaScript reads it."""

    name: str
    type: Literal["float32", "int64"]
    dims: tuple[Count, ...]
    data: str
    """Base64 of the bytes, little-endian, last axis fastest."""

    @classmethod
    def of(cls, name: str, array: NDArray[np.generic]) -> Array:
        """Pack an array.

        Raises:
            PreparationError: when the browser's runtime is given no such numbers here.
        """
        kinds: dict[str, Literal["float32", "int64"]] = {"float32": "float32", "int64": "int64"}
        if array.dtype.name not in kinds:
            raise PreparationError(f"array '{name}'", f"its numbers are {array.dtype.name}", "Use float32 or int64.")
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        data = base64.b64encode(little.tobytes()).decode()
        return cls(name=name, type=kinds[array.dtype.name], dims=array.shape, data=data)


class Model(_Part):
    """One variant's artifact."""

    variant: Name
    precision: Precision
    sha256: Sha256
    size_bytes: Count
    cached: Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*/\w[\w.-]*$")]
    """Path in the cache."""

    outputs: tuple[tuple[Array, ...], ...]
    """What native ONNX Runtime answers to each sample."""


class Group(_Part):
    """Models that the same inputs go to, the one that others are compared with first."""

    version: Literal[1]
    measurement: Name
    workload: Name
    definition_sha256: Sha256
    """Of the definition that the models were prepared by."""

    stamp: Sha256
    """Over what else they were prepared with: another one means that preparing anew may give other models."""

    native: str
    """Version of the ONNX Runtime that gave the answers."""

    models: Annotated[tuple[Model, ...], Field(min_length=2)]
    samples: Annotated[tuple[tuple[Array, ...], ...], Field(min_length=1)]
    """Inputs of each sample."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A build of the runtime: a script and what it executes."""

    script: Path
    binary: Path

    @property
    def size_bytes(self) -> int:
        """What a reader loads."""
        return self.script.stat().st_size + self.binary.stat().st_size


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything that goes into the site for the page."""

    version: str
    """Of the runtime."""

    wasm: Engine
    webgpu: Engine
    groups: tuple[Group, ...]
    cache: Path
    """Folder of the cache, in which the models lie."""

    def file(self, model: Model) -> Path:
        """A model's file."""
        return self.cache / model.cached


def group_file(choice: Choice, cache: Path) -> Path:
    """Where the group of a choice is kept in the cache's folder."""
    return cache / FOLDER / f"{choice.measurement}.json"


def load_group(choice: Choice, suite: Sequence[Measurement], cache: Path) -> Group | None:
    """The group of a choice, or None when it was not prepared, or by another definition than the current one."""
    measurement = next((one for one in suite if one.name == choice.measurement), None)
    try:
        group = Group.model_validate_json(group_file(choice, cache).read_bytes())
    except (OSError, ValidationError):
        return None
    if measurement is None or group.definition_sha256 != measurement.fingerprint():
        return None
    return group if all(_is(cache / model.cached, model.sha256) for model in group.models) else None


def load_groups(suite: Sequence[Measurement], cache: Path) -> tuple[Group, ...]:
    """Every group that was prepared.

    Raises:
        PreparationError: when there is none.
    """
    groups = tuple(group for choice in CHOICES if (group := load_group(choice, suite, cache)))
    if not groups:
        problem = "no model is prepared for the browser"
        raise PreparationError("on-device", problem, "Run: python -m generator build --measure missing")
    return groups


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
