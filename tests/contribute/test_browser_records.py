"""Records made in a browser: accepted in a folder of their own or as a file, refused among native ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generator.browser.record import FOLDER, MAX_BYTES
from generator.contribute.check import Checked, check
from generator.core.definition_file import load_measurement
from generator.core.problem import Level
from tests.browser.test_browser_record import sealed

NOW = datetime(2026, 11, 26, tzinfo=UTC)

Save = Callable[..., Path]


@pytest.fixture
def save(folder: Path) -> Save:
    """Writes a sound record to the current definition with something changed, sealed anew."""
    fingerprint = load_measurement(folder).fingerprint()

    def write(to: Path | None = None, name: str = "", change: Callable[[dict[str, Any]], Any] = lambda _: None) -> Path:
        def changed(data: dict[str, Any]) -> None:
            data.update(definition_sha256=fingerprint)
            change(data)

        data = sealed(changed)
        path = (to or folder / FOLDER) / f"{name or data['record_id']}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data, indent=1), "utf-8")
        return path

    return write


def checked(root: Path, *names: str | Path) -> Checked:
    return check(root, [str(name) for name in names], NOW)


def test_a_record_in_its_folder_is_accepted(save: Save, tmp_path: Path) -> None:
    """And counted apart from native ones."""
    save()
    found = checked(tmp_path)
    assert found.problems == ()
    assert (found.records, found.browser_records) == (0, 1)


def test_a_file_that_lies_elsewhere_is_accepted(save: Save, tmp_path: Path) -> None:
    """As a browser has saved it, under any name; nothing else is checked then."""
    path = save(tmp_path / "downloads", name="browser (1)")
    found = checked(tmp_path, path)
    assert found.problems == ()
    assert (found.measurements, found.browser_records) == (0, 1)


@pytest.mark.parametrize(
    ("name", "change", "reason", "level"),
    [
        pytest.param("other", lambda _: None, "the file holds record 'browser-", Level.ERROR, id="name"),
        pytest.param("", lambda d: d.update(measurement="other"), "it is a record of 'other'", Level.ERROR, id="place"),
        pytest.param(
            "", lambda d: d.update(definition_sha256="0" * 64), "another definition", Level.ADVICE, id="definition"
        ),
        pytest.param("", lambda d: d.update(finished_at="2026-12-24T00:00:00Z"), "future", Level.ERROR, id="clock"),
        pytest.param("", lambda d: d["browser"].update(logical_cores=-1), "logical_cores: ", Level.ERROR, id="field"),
    ],
)
def test_what_is_wrong_is_said(
    save: Save, tmp_path: Path, name: str, change: Callable[[dict[str, Any]], Any], reason: str, level: Level
) -> None:
    path = save(name=name, change=change)
    (problem,) = checked(tmp_path).problems
    assert reason in problem.reason
    assert (problem.file, problem.level) == (path.relative_to(tmp_path).as_posix(), level)


def test_the_line_of_a_field_is_found(save: Save, tmp_path: Path) -> None:
    path = save(tmp_path / "downloads", change=lambda data: data["blocks"][2].update(disturbed="perhaps"))
    (problem,) = checked(tmp_path, path).problems
    assert problem.line is not None
    assert '"disturbed": "perhaps"' in path.read_text("utf-8").splitlines()[problem.line - 1]


def test_among_native_records_it_is_out_of_place(save: Save, folder: Path, tmp_path: Path) -> None:
    save(folder / "records")
    (problem,) = checked(tmp_path).problems
    assert problem.reason == "it was made in a browser, and such records are kept apart from native ones"
    assert problem.remedy == "Move it from records/ to browser/, beside it."


def test_a_native_record_is_out_of_place_among_these(put: Save, folder: Path, tmp_path: Path) -> None:
    path = put()
    (folder / FOLDER).mkdir()
    path.rename(folder / FOLDER / path.name)
    (problem,) = checked(tmp_path).problems
    assert problem.reason == "this is no record made in a browser"


def test_strangers_files_are_neither_followed_nor_read_whole(save: Save, folder: Path, tmp_path: Path) -> None:
    """A link, a huge file, a name that stands twice, a number that is none; without a definition too."""
    elsewhere = save(tmp_path / "downloads")
    inside = folder / FOLDER
    inside.mkdir()
    (inside / "link.json").symlink_to(elsewhere)
    (inside / "large.json").write_bytes(b" " * (MAX_BYTES + 1))
    (inside / "twice.json").write_text('{"kind": "browser", "kind": "browser"}', "utf-8")
    (inside / "nan.json").write_text('{"kind": NaN}', "utf-8")
    (inside / "weights.onnx").write_bytes(b"")
    reasons = {problem.file.rpartition("/")[2]: problem.reason for problem in checked(tmp_path).problems}
    assert reasons.keys() == {"link.json", "large.json", "twice.json", "nan.json", "weights.onnx"}
    assert reasons["link.json"] == "it is a link"
    (folder / "measurement.toml").write_text("schema_version = 2\n", "utf-8")
    assert {"large.json", "measurement.toml"} <= {p.file.rpartition("/")[2] for p in checked(tmp_path).problems}


def test_a_folder_that_is_a_link_is_not_followed(save: Save, folder: Path, tmp_path: Path) -> None:
    save(tmp_path / "downloads")
    (folder / FOLDER).symlink_to(tmp_path / "downloads")
    found = checked(tmp_path)
    assert [problem.reason for problem in found.problems] == ["it is a link"]
    assert found.browser_records == 0
