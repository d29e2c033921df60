"""A workload by its kind: one of the generator's own, or the measurement folder's `workload.py`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

from generator.assets.fetch import Progress
from generator.core.cache import Cache
from generator.core.definition import WorkloadChoice
from generator.core.errors import DefinitionError, GeneratorError
from generator.core.problem import Problem
from generator.core.registry import WORKLOADS
from generator.workloads.workload import Workload

WORKLOAD_FILE = "workload.py"
"""Name of a folder's own workload, and of its kind."""

_MEMBERS = (
    *("model_name", "notes", "sources", "labels_unknown"),
    *("model", "samples", "timed_samples", "calibration", "observe"),
)


def load_workload(choice: WorkloadChoice, folder: Path, cache: Cache, progress: Progress | None = None) -> Workload:
    """Make the workload that a definition chooses; nothing is fetched yet.

    Args:
        choice: kind and options.
        folder: the measurement's folder; its `workload.py` is run when the kind says so, and a kind that reads files
            of it has `make_in`.
        cache: where downloads and models go.
        progress: gets the progress of later downloads.

    Raises:
        DefinitionError: when an option is wrong, or the folder's `workload.py` cannot be used.
    """
    if choice.kind == WORKLOAD_FILE:
        return _contributed(choice, folder, cache)
    module = importlib.import_module(WORKLOADS[choice.kind])
    if hasattr(module, "make_in"):
        return cast(Workload, module.make_in(folder, choice.options, cache, progress))
    return cast(Workload, module.make(choice.options, cache, progress))


def _contributed(choice: WorkloadChoice, folder: Path, cache: Cache) -> Workload:
    path = folder / WORKLOAD_FILE
    where = f"{folder.parent.name}/{folder.name}/{WORKLOAD_FILE}"
    if not path.is_file():
        problem = Problem(f"is not there, but workload '{choice.name}' is of that kind", "Write it.")
        raise DefinitionError(where, [problem])
    try:
        workload = _module(path, folder.name).make(choice.options, cache)
    except GeneratorError:
        raise
    except Exception as error:
        # A contributor's code may raise anything; what matters is where.
        remedy = "Its make(options, cache) must return a workload."
        problem = Problem(f"raises {type(error).__name__}: {error}", remedy)
        raise DefinitionError(where, [problem]) from error
    if missing := [name for name in _MEMBERS if name not in dir(workload)]:
        reason = f"what make() returns has no {', '.join(missing)}"
        raise DefinitionError(where, [Problem(reason, "See generator/workloads/workload.py.")])
    return cast(Workload, workload)


def _module(path: Path, folder: str) -> ModuleType:
    name = f"contributed_{folder.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up there
    spec.loader.exec_module(module)
    return module
