"""A definition that is written is the one that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.definition_file import load_measurement
from generator.core.definition_text import definition_text

COMMITTED = sorted((Path(__file__).parents[2] / "measurements").glob("*/measurement.toml"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_what_is_written_is_read_again(path: Path, tmp_path: Path) -> None:
    measurement = load_measurement(path.parent)
    folder = tmp_path / "measurements" / measurement.name
    folder.mkdir(parents=True)
    (folder / path.name).write_text(definition_text(measurement), "utf-8")
    again = load_measurement(folder)
    assert again == measurement
    assert again.fingerprint() == measurement.fingerprint()
