"""What compressing transforms have in common: a network is made smaller, trained on for a while, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from generator.core.cache import file_sha256
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.transforms.step import Recipe
from generator.workloads.networks import architectures
from generator.workloads.networks.architectures import load_module, save_module
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, Trainable, Training, Workload

if TYPE_CHECKING:
    from torch import nn

    from generator.workloads.networks.small_cnn import Block, SmallCnn

SEED = 0
DEFAULT_STEPS, MOST_STEPS = 60, 20_000
"""Steps of training after a network was made smaller; 60 of 64 digits are a little more than once through all."""

LARGEST_RATE = 2e-3
"""Less than half of what the first training began with: most of what the network knows is to stay."""

_CODE = ("small_cnn.py", "training.py")


@dataclass(frozen=True, slots=True)
class Compressed:
    """A network made smaller, not trained on yet."""

    module: SmallCnn
    notes: Mapping[str, str]
    settle: Callable[[], None] = lambda: None
    """What is still to do when it has been trained."""


def checked(name: str, artifact: Artifact, workload: Workload) -> tuple[Trainable, dict[str, str]]:
    """The workload, when its network can be trained on; and the versions of the packages that do it.

    Raises:
        PreparationError: when the input is no PyTorch artifact, or the workload has nothing to train on.
        MissingPackage: when torch or safetensors is not installed.
    """
    versions = required(name, torch="torch", safetensors="safetensors")
    if artifact.format != "pytorch":
        raise PreparationError(name, f"its input is '{artifact.format}', not 'pytorch'", "Put it before export_onnx.")
    if not isinstance(workload, Trainable):
        problem = "the network of this workload cannot be trained on here"
        raise PreparationError(name, problem, "Choose a workload that trains its own, such as 'digits'.")
    return workload, versions


def loaded(name: str, artifact: Artifact) -> SmallCnn:
    """The network.

    Raises:
        PreparationError: when it is none that can be compressed.
    """
    from generator.workloads.networks.small_cnn import SmallCnn

    module = load_module(artifact.path)
    if not isinstance(module, SmallCnn) or module.shape.separable or any(module.shape.ranks):
        problem = "its input is no network of whole convolutions"
        raise PreparationError(name, problem, "Use one compression a variant, on a small convolutional network.")
    return module


def blocks_of(module: SmallCnn) -> tuple[Block, ...]:
    """A network's blocks, in their order."""
    return tuple(cast("Block", block) for block in module.blocks)


def convolutions_of(module: SmallCnn) -> tuple[nn.Conv2d, ...]:
    """The convolutions of a network that `loaded` gave: all of them are whole."""
    return tuple(cast("nn.Conv2d", block.convolution) for block in blocks_of(module))


def retrained(
    name: str,
    artifact: Artifact,
    workload: Workload,
    options: Options,
    own_key: Mapping[str, object],
    compress: Callable[[SmallCnn], Compressed],
) -> Recipe:
    """Recipe of a network that is made smaller and then trained on, with the labels that it was trained with first.

    Args:
        name: of the transform.
        artifact: its input.
        workload: has the images to train on.
        options: of the transform; `steps` (60) is read here.
        own_key: the transform's own options, with their defaults.
        compress: makes the network smaller.

    Raises:
        DefinitionError: when `steps` is out of bounds.
        PreparationError: when the input cannot be compressed.
        MissingPackage: when torch or safetensors is not installed.
    """
    pupil, versions = checked(name, artifact, workload)
    steps = options.whole("steps", DEFAULT_STEPS, 1, MOST_STEPS)
    training = Training(steps, LARGEST_RATE, batch=64)

    def make(path: Path) -> Mapping[str, str]:
        import torch

        from generator.workloads.networks.training import descend, repeatable, right_answer

        lessons = pupil.lessons()
        compressed = compress(loaded(name, artifact))
        loss = right_answer(lessons.labels)
        with repeatable(SEED):
            told = pupil.told(name.replace("_", " "), steps)
            descend(compressed.module, torch.from_numpy(lessons.inputs), loss, training, SEED, told)
        compressed.settle()
        trained = f"{steps} steps of {training.batch}, seed {SEED}"
        return {**keep(compressed.module, path), **compressed.notes, "trained on after compression": trained}

    key = {**own_key, "training": asdict(training), "seed": SEED, "code": code(), "packages": versions}
    return Recipe("pytorch", ".safetensors", key, make)


def keep(module: SmallCnn, path: Path) -> dict[str, str]:
    """Write a network; the note says how many parameters it has."""
    save_module(module, path, "small_cnn", module.shape.config())
    return {"parameters": str(sum(parameter.numel() for parameter in module.parameters()))}


def code() -> dict[str, str]:
    """Hash of the modules that decide what a training gives."""
    folder = Path(architectures.__file__).parent
    return {name: file_sha256(folder / name) for name in _CODE}
