"""A workload by its kind; a contributor's mistake is told where it is."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from generator.core.cache import Cache
from generator.core.definition import WorkloadChoice
from generator.core.errors import DefinitionError
from generator.core.registry import WORKLOADS
from generator.workloads.load import load_workload

SOUND = """
from __future__ import annotations
from dataclasses import dataclass
from generator.core.cache import Cache

@dataclass
class Mine:
    cache: Cache
    model_name: str = "mine"
    notes: tuple = ()
    sources: tuple = ()
    labels_unknown: str | None = "nobody labelled them"
    def model(self): ...
    def samples(self): ...
    def timed_samples(self): ...
    def calibration(self, count): ...
    def observe(self, outputs, baseline): ...

def make(options, cache):
    return Mine(cache, model_name=options.get("name", "mine"))
"""


def _choice(kind: str, **options: str | int) -> WorkloadChoice:
    return WorkloadChoice.model_validate(
        {"name": "one", "kind": kind, "title": {"ru": "Один", "en": "One"}, "options": options}
    )


def _folder(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "measurements" / "my-page"
    folder.mkdir(parents=True)
    (folder / "workload.py").write_text(text, "utf-8")
    return folder


def test_what_a_definition_may_name_can_be_made() -> None:
    """Each workload of the registry has its `make`."""
    modules = [importlib.import_module(module) for module in WORKLOADS.values()]
    assert all(callable(getattr(one, "make", None) or one.make_in) for one in modules)


def test_one_of_our_own(tmp_path: Path) -> None:
    """The kind chooses the module, the options reach it."""
    workload = load_workload(_choice("synthetic", samples=5), tmp_path, Cache(tmp_path))
    assert len(workload.samples()) == 5


def test_a_folders_own(tmp_path: Path) -> None:
    """A contributor writes one file with make(options, cache); nothing is registered anywhere."""
    workload = load_workload(_choice("workload.py", name="theirs"), _folder(tmp_path, SOUND), Cache(tmp_path))
    assert workload.model_name == "theirs"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no attribute 'make'"),
        ("def make(:", "SyntaxError"),
        ("import absent_package\n", "No module named 'absent_package'"),
        ("def make(options, cache): raise ValueError('my mistake')", "ValueError: my mistake"),
        ("def make(options, cache): return None", "has no model_name, notes"),
        (SOUND.replace("def calibration(self, count): ...", ""), "has no calibration"),
        ("def make(): ...", "TypeError"),
    ],
)
def test_a_mistake_is_told_with_its_file(tmp_path: Path, text: str, problem: str) -> None:
    """Whatever a contributor's file raises names the file."""
    with pytest.raises(DefinitionError, match=rf"measurements/my-page/workload\.py: .*{problem}"):
        load_workload(_choice("workload.py"), _folder(tmp_path, text), Cache(tmp_path))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """The kind "workload.py" needs that file."""
    with pytest.raises(DefinitionError, match="is not there"):
        load_workload(_choice("workload.py"), tmp_path, Cache(tmp_path))


def test_a_worker_can_import_the_registry_of_architectures() -> None:
    """A worker has NumPy, safetensors and one runtime; the registry asks for nothing else until a model is loaded."""
    code = """if True:
        import sys
        import generator.workloads.networks.architectures
        heavy = {"torch", "pydantic", "PIL", "onnx", "numpy"} & sys.modules.keys()
        assert not heavy, heavy
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
