"""The contract between a transform and `apply`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an artifact is made of another, and everything that the result depends on besides that other one."""

    gives: Literal["pytorch", "onnx", "gguf", "synthetic"]
    """Format of the result."""

    suffix: str
    """Ending of its file name, dot included."""

    key: Mapping[str, object]
    """Options with their defaults filled in, versions of packages, hash of further inputs."""

    make: Callable[[Path], Mapping[str, str]]
    """Writes the result and returns notes for the record. Equal keys give equal bytes.

    Raises PreparationError when it cannot be made."""
