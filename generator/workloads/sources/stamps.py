"""Stamps of Tux Paint: objects cut out of photographs, which a package of Debian carries.

A stamp's class of ImageNet or COCO is this project's own judgement, in stamps.toml with its reasons. Where the object
is in the picture needs no judgement: what is not transparent belongs to it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

STAMPS = "tuxpaint-stamps"
"""Catalogue name of the package."""

_CLASSES = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Stamps:
    """Stamps that show something of a data set's classes."""

    pictures: tuple[Path, ...]
    """With transparency."""

    classes: tuple[int, ...]
    """Of each one."""


def stamps_of(data_set: Literal["imagenet", "coco"], files: Sequence[Path]) -> Stamps:
    """Those of the package's files that have a class of this data set, in the files' order."""
    known: dict[str, int] = tomllib.loads(_CLASSES.read_text("utf-8"))[data_set]
    named = {file: file.as_posix().rpartition("/stamps/")[2].removesuffix(".png") for file in files}
    chosen = tuple(file for file in files if named[file] in known)
    return Stamps(chosen, tuple(known[named[file]] for file in chosen))
