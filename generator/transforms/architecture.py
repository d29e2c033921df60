"""Another model of the same workload, so that variants may differ in what they compute, not only in how.

It changes no weights: it puts one trained model in the place of another, before anything is exported or quantized.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from generator.core.definition import Option
from generator.core.errors import PreparationError
from generator.transforms.step import Recipe
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, SeveralModels, Workload

NAME = "architecture"


def architecture(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of the workload's model of another architecture. Option: `name`, one of those that the workload knows.

    Raises:
        DefinitionError: when the workload knows none of that name.
        PreparationError: when it is not the first transform, or the workload has only one model.
    """
    if not isinstance(workload, SeveralModels):
        problem = "this workload has only one model"
        raise PreparationError(NAME, problem, "Leave the transform out, or choose a workload that trains several.")
    if artifact.sha256 != workload.model().sha256:
        raise PreparationError(NAME, "its input is not the workload's own model", "Make it the first transform.")
    chosen = workload.model_of(Options(f"transform '{NAME}'", options).word("name", *workload.architectures))

    def make(path: Path) -> Mapping[str, str]:
        shutil.copyfile(chosen.path, path)
        return chosen.notes

    return Recipe(chosen.format, chosen.path.suffix, {"model": chosen.sha256}, make)
