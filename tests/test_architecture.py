"""The house keeps its shape: layers, light imports, documentation."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import generator

ROOT = Path(generator.__file__).parent
REPOSITORY = ROOT.parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))


def _room(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _lint(folder: Path) -> tuple[bool, str]:
    """Whether the contracts of pyproject.toml hold of the package in a folder, and what import-linter says."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), REPOSITORY / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_rooms_stand_on_floors() -> None:
    """A room imports only what its contract permits; publishing never reaches into measuring, nor the other way."""
    kept, said = _lint(REPOSITORY)
    assert kept, said


FORBIDDEN = {
    "core/errors.py": ("from generator import pages", "generator.pages"),
    "site/links.py": ("from generator.results import findings", "generator.results.findings"),
    "pages/age.py": ("def f():\n    import generator.measure.run", "generator.measure.run"),
    "measure/run.py": ("from generator import words", "generator.words"),
    "contribute/check.py": ("from generator.workloads import digits", "generator.workloads.digits"),
    "draw/rows.py": ("import generator.results.findings as found", "generator.results.findings"),
    "workloads/sources/series.py": (
        "from generator.workloads.networks import decoder",
        "generator.workloads.networks.decoder",
    ),
}


def test_a_forbidden_import_is_seen(tmp_path: Path) -> None:
    """Whatever its form: of a package, of a module, inside a function."""
    shutil.copytree(ROOT, tmp_path / "generator", ignore=shutil.ignore_patterns("__pycache__", "theme", "templates"))
    for module, (line, _) in FORBIDDEN.items():
        path = tmp_path / "generator" / module
        path.write_text(f"{path.read_text('utf-8')}\n\n{line}\n", "utf-8")
    kept, said = _lint(tmp_path)
    assert not kept
    for module, (_, imported) in FORBIDDEN.items():
        assert f"generator.{module[:-3].replace('/', '.')} -> {imported} (l." in " ".join(said.split())


@pytest.mark.slow
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
