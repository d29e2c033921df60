"""Distillation: a small network learns the answers of a large one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from generator.core.definition import Option
from generator.transforms.small_network import checked, code, keep
from generator.transforms.step import Recipe
from generator.workloads.networks.architectures import load_module
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, Lessons, Workload

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from generator.workloads.networks.training import Loss

NAME = "distil"

_AT_ONCE = 250
"""Inputs that the teacher answers at once."""


def distil(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a small network that is taught by the one that is given.

    It is trained from the same first weights, on the same images in the same order and for as long as the workload
    trains it without a teacher; only the loss differs: part of it is how far its answers are from the teacher's, as
    probabilities that a temperature has made alike.

    Options: `student`, a network that the workload knows; `temperature` (4); `percent` (90) of the loss that is the
    teacher's, the rest being the labels'.

    Source: G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.

    Raises:
        DefinitionError: when an option is out of bounds, or the workload knows no such student.
        PreparationError: when the input cannot teach.
        MissingPackage: when torch or safetensors is not installed.
    """
    pupils, versions = checked(NAME, artifact, workload)
    chosen = Options(f"transform '{NAME}'", options)
    student = chosen.word("student", *(name for name in pupils.architectures if name != pupils.architectures[0]))
    temperature, percent = chosen.whole("temperature", 4, 1, 100), chosen.whole("percent", 90, 1, 100)

    alone = pupils.model_of(student)

    def make(path: Path) -> Mapping[str, str]:
        lessons = pupils.lessons()
        loss = _loss(_logits(artifact.path, lessons), lessons.labels, temperature, percent / 100)
        taught = pupils.taught(student, loss)
        taught_by = f"{artifact.notes.get('network', 'the input')}, temperature {temperature}, {percent}% of the loss"
        # The teacher's notes stay with the result; what they say of the network must be the student's.
        return {**alone.notes, **keep(taught, path), "taught by": taught_by}

    key = {
        "student": alone.sha256,
        "temperature": temperature,
        "percent": percent,
        "code": code(),
        "packages": versions,
    }
    return Recipe("pytorch", ".safetensors", key, make)


def _logits(teacher: Path, lessons: Lessons) -> torch.Tensor:
    """The teacher's answers to everything that is trained on, (inputs, classes)."""
    import torch

    from generator.workloads.networks.training import repeatable

    module = load_module(teacher)
    with repeatable(0), torch.no_grad():
        parts = torch.split(torch.from_numpy(lessons.inputs), _AT_ONCE)
        return torch.cat([module(part) for part in parts])


def _loss(teacher: torch.Tensor, labels: NDArray[np.int64], temperature: int, share: float) -> Loss:
    """Weighted sum of both losses. Soft answers have gradients that shrink as the temperature's square: it is put back,
    as the source advises.
    """
    from torch.nn import functional

    from generator.workloads.networks.training import right_answer

    hard = right_answer(labels)
    wanted = functional.softmax(teacher / temperature, 1)

    def loss(answers: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        given = functional.log_softmax(answers / temperature, 1)
        soft = functional.kl_div(given, wanted[chosen], reduction="batchmean")
        return share * temperature**2 * soft + (1 - share) * hard(answers, chosen)

    return loss
