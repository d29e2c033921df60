"""console_failures: what could not be measured, why, and a remedy that can be copied."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from generator.cli.console_failures import print_not_measured
from generator.core.attempt import NotMeasured
from generator.core.errors import FailureCause
from generator.core.record import Failure

DETAIL = "squad2-dev: there is no network, or no way to VinACE/san_mrc"


def _printed(*failures: NotMeasured, terminal: bool) -> str:
    file = io.StringIO()
    print_not_measured(Console(file=file, width=80, force_terminal=terminal, color_system=None), failures)
    return file.getvalue()


def _failure(cause: FailureCause | None = FailureCause.PACKAGE, **what: str) -> NotMeasured:
    return NotMeasured(measurement="translation", failure=Failure(stage="prepare", message=DETAIL, cause=cause), **what)


def test_nothing_is_said_where_everything_was_measured() -> None:
    assert _printed(terminal=True) == _printed(terminal=False) == ""


def test_a_table_fits_the_terminal_and_names_each_thing_once() -> None:
    """The variant where one failed, else the workload, else the measurement."""
    names: tuple[dict[str, Any], ...] = (
        {"workload": "a-long-name-of-a-workload"},
        {"workload": "texts", "variant": "onnxruntime-int8"},
        {},
    )
    text = _printed(*(_failure(**what) for what in names), terminal=True)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert text.startswith("\nNot measured (3), and how to mend it:")
    assert [line[2:28].strip() for line in text.splitlines() if line[2:].startswith("translation")] == [
        "translation:",
        "translation:",
        "translation",
    ]
    assert "texts" not in text
    assert text.count("Run make build") == 1, "what has one cause is told once"


@pytest.mark.parametrize("cause", FailureCause)
def test_in_a_pipe_a_remedy_is_one_line_and_its_spaces_are_spaces(cause: FailureCause) -> None:
    """A command that was wrapped, or holds a no-break space, cannot be pasted."""
    lines = _printed(_failure(cause, workload="texts"), terminal=False).splitlines()
    assert lines[:2] == ["", "Not measured (1), and how to mend it:"]
    why, remedy, detail = lines[2:]
    assert why[0].isupper()
    assert remedy.endswith(".")
    assert detail == f"  translation: texts ({DETAIL})"
    assert not {"\u00a0", "\u202f"} & set(why + remedy)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failure_of_before_causes_were_told_has_its_detail(terminal: bool) -> None:
    assert "there is no network" in " ".join(_printed(_failure(None), terminal=terminal).split())
