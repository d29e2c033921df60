"""The house keeps its shape: layers, light imports, documentation."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import generator

ROOT = Path(generator.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))

BELOW = {
    "errors": set(),
    "pool": {"errors"},
    "reading": {"errors"},
    "definition": {"errors"},
    "definition_file": {"errors", "reading", "definition"},
    "prices": {"errors", "reading", "definition"},
    "evidence": {"errors", "definition"},
    "story": {"errors", "definition"},
    "record": {"errors", "definition"},
    "attempt": {"errors", "reading", "definition", "record"},
    "record_file": {"errors", "reading", "definition", "record"},
    "protocol": {"errors", "definition", "record"},
    "browser": {"errors", "reading", "definition", "record", "record_file", "protocol"},
    "assets": {"errors", "definition", "record", "protocol"},
    "workloads": {"errors", "definition", "record", "protocol", "assets"},
    "transforms": {"errors", "definition", "record", "protocol", "assets", "workloads"},
    "runtimes": {"errors", "definition", "record", "protocol", "assets", "workloads", "transforms"},
    "measure": {
        *("errors", "pool", "attempt", "definition", "definition_file", "record", "record_file", "protocol"),
        "browser",
        *("assets", "workloads", "transforms", "runtimes"),
    },
    "analysis": {
        *("errors", "attempt", "definition", "evidence", "prices", "record", "record_file", "protocol", "story"),
    },
    "store_memory": {"analysis"},
    "store": {
        *("errors", "pool", "definition", "evidence", "prices", "record", "record_file", "protocol"),
        *("story", "analysis", "store_memory"),
    },
    "publish": {
        *("errors", "pool", "reading", "attempt", "definition", "evidence", "prices", "record", "record_file"),
        *("protocol", "browser", "story", "analysis"),
    },
    "contribute": {
        *("errors", "reading", "definition", "definition_file", "evidence", "prices", "record", "record_file"),
        *("protocol", "browser", "story", "analysis", "publish"),
    },
}
"""What each room may import: measuring and publishing meet only at the record."""


def _room(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name.split(".")[1] for name in names if name.startswith("generator."))


@pytest.mark.parametrize("path", MODULES, ids=[p.relative_to(ROOT).as_posix() for p in MODULES])
def test_imports_go_downwards(path: Path) -> None:
    """A room imports only rooms below it; publishing never reaches into measuring, nor the other way."""
    room = _room(path)
    if room in BELOW:
        stray = set(_imported(path)) - BELOW[room] - {room}
        assert not stray, f"{path.relative_to(ROOT)} imports {stray}"


def test_publishing_needs_no_measuring_package() -> None:
    """The base installation builds the site: torch, onnxruntime and psutil are not imported by it."""
    code = """if True:
        import sys
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name in {"torch", "onnxruntime", "onnx", "psutil", "cpuinfo", "pooch", "safetensors"}:
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Absent())
        import generator.cli.main, generator.results.findings, generator.pages.edition, generator.site.build
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES, ids=[p.relative_to(ROOT).as_posix() for p in MODULES])
def test_modules_say_what_they_are_for(path: Path) -> None:
    """Every module has a docstring, and none has a name that says nothing."""
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "manager", "base"}


def test_only_the_command_line_prints_or_exits() -> None:
    """Everything else returns or raises, so that it can be used and tested; a worker's child process may end itself."""
    for path in MODULES:
        if _room(path) in {"cli", "__main__"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                to_stderr = any(k.arg == "file" for k in node.keywords)
                assert name != "print" or to_stderr, f"{path.relative_to(ROOT)}:{node.lineno} prints"
                assert name not in {"sys.exit", "exit", "quit"}, f"{path.relative_to(ROOT)}:{node.lineno} exits"
