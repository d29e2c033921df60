"""What a person asks a trial for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from generator.workloads.onnx_model import TOLERANCE


class Change(StrEnum):
    """What is done to the file's numbers before a runtime gets it."""

    GIVEN = "given"
    """Nothing: the file as it is."""

    BF16 = "bf16"
    INT8_DYNAMIC = "int8-dynamic"
    INT8_STATIC = "int8-static"
    INT4 = "int4"


@dataclass(frozen=True, slots=True)
class Request:
    """A model file, what to feed it with, and what to try."""

    model: Path
    inputs: Path | None = None
    labels: Path | None = None
    shapes: tuple[str, ...] = ()
    pixels: str = "unit"
    metric: str | None = None
    """argmax or error; by the graph's outputs when left out."""

    output: str = ""
    tolerance: float = TOLERANCE
    changes: tuple[Change, ...] = ()
    """Those that suit the graph when left out."""

    runtimes: tuple[str, ...] = ()
    """Those that are there when left out."""

    threads: tuple[int, ...] = (1, 2)
    install: bool = False
    """Whether isolated environments may be made."""
