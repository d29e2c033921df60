"""A checkout with one sound measurement and one sound record, that every hostile file is put into."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.record import Record
from generator.core.record_file import dump_record, seal_of
from generator.draw.gallery import Drawn, Gallery
from tests.pages import imaginary

NAME = imaginary.FOLDER.name


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is the slowest part, and has tests of its own; nothing is put among the drawn charts of this checkout."""
    blank = Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png")
    monkeypatch.setattr(Gallery, "drawn", lambda *_: blank)


@pytest.fixture(scope="session")
def sound() -> Record:
    """A record that nothing is wrong with."""
    return imaginary.record()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a sound measurement, without records."""
    made = tmp_path / "measurements" / NAME
    shutil.copytree(imaginary.FOLDER, made, ignore=shutil.ignore_patterns("records"))
    (made / "records").mkdir()
    return made


@pytest.fixture
def put(folder: Path, sound: Record) -> Callable[..., Path]:
    """Writes the sound record with something changed, sealed anew, so that only the change is wrong."""

    def write(change: Callable[[dict[str, Any]], Any] = lambda data: data, name: str = "", seal: bool = True) -> Path:
        data = json.loads(dump_record(sound))
        changed = change(data)
        data = data if changed is None else changed
        if seal and isinstance(data, dict):
            data["sha256"] = seal_of(data)
        path = folder / "records" / f"{name or sound.record_id}.json"
        path.write_text(json.dumps(data), "utf-8")
        return path

    return write
