"""Pruning: weights or whole channels that matter least are taken out, and the rest is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.core.definition import Option
from generator.transforms.small_network import Compressed, blocks_of, convolutions_of, retrained
from generator.transforms.step import Recipe
from generator.workloads.options import Options
from generator.workloads.workload import Artifact, Workload

if TYPE_CHECKING:
    import torch

    from generator.workloads.networks.small_cnn import SmallCnn

WEIGHTS, CHANNELS = "prune_weights", "prune_channels"

CHANNEL_GROUP = 8
"""Channels are kept in groups of so many: kernels take them in vectors, and would compute a part of one as a whole."""


def prune_weights(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of the same network most of whose convolution weights are zero (unstructured sparsity).

    The smallest weights of all convolutions together become zero, and stay so while the others are trained on. The
    shapes stay as they are, and so does the number of multiplications of a kernel that does not look for zeros.

    Options: `percent` (90) of the weights that become zero; `steps` of training afterwards.

    Source: S. Han, J. Pool, J. Tran, W. Dally, "Learning both Weights and Connections for Efficient Neural Networks",
    NIPS 2015; by `torch.nn.utils.prune`.

    Raises:
        DefinitionError: when an option is out of bounds.
        PreparationError: when the input cannot be pruned.
        MissingPackage: when torch or safetensors is not installed.
    """
    chosen = Options(f"transform '{WEIGHTS}'", options)
    percent = chosen.whole("percent", 90, 1, 99)

    def compress(module: SmallCnn) -> Compressed:
        from torch.nn.utils import prune

        weights = [(convolution, "weight") for convolution in convolutions_of(module)]
        prune.global_unstructured(weights, prune.L1Unstructured, amount=percent / 100)

        def settle() -> None:
            for convolution, name in weights:
                prune.remove(convolution, name)  # type: ignore[no-untyped-call]

        return Compressed(module, {"zeros": f"{percent}% of the convolutions' weights"}, settle)

    return retrained(WEIGHTS, artifact, workload, chosen, {"percent": percent}, compress)


def prune_channels(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a narrower network: of each convolution the channels with the smallest weights are taken out.

    A channel's measure is the sum of its filter's absolute weights. What is left is an ordinary dense network with
    fewer multiplications; each convolution keeps whole groups of 8 channels.

    Options: `percent` (50) of each convolution's channels that are taken out; `steps` of training afterwards.

    Source: H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf, "Pruning Filters for Efficient ConvNets", ICLR 2017.

    Raises:
        DefinitionError: when an option is out of bounds.
        PreparationError: when the input cannot be pruned.
        MissingPackage: when torch or safetensors is not installed.
    """
    chosen = Options(f"transform '{CHANNELS}'", options)
    percent = chosen.whole("percent", 50, 1, 99)

    def compress(module: SmallCnn) -> Compressed:
        kept = [_strongest(convolution.weight, percent) for convolution in convolutions_of(module)]
        narrow = _narrowed(module, kept)
        widths = ", ".join(str(width) for width in narrow.shape.widths)
        return Compressed(narrow, {"channels": f"{widths}, of {', '.join(map(str, module.shape.widths))}"})

    return retrained(CHANNELS, artifact, workload, chosen, {"percent": percent}, compress)


def _strongest(filters: torch.Tensor, percent: int) -> torch.Tensor:
    """Positions, in their order, of the channels that are kept: those with the largest sums of absolute weights."""
    width = len(filters)
    groups = max(1, round(width * (100 - percent) / 100 / CHANNEL_GROUP))
    strength = filters.detach().abs().sum((1, 2, 3))
    return strength.topk(min(width, groups * CHANNEL_GROUP)).indices.sort().values


def _narrowed(module: SmallCnn, kept: Sequence[torch.Tensor]) -> SmallCnn:
    """The network with these output channels of each convolution, and with what they are read by."""
    import torch

    from generator.workloads.networks.small_cnn import SmallCnn

    narrow = SmallCnn(replace(module.shape, widths=tuple(len(channels) for channels in kept)))
    before = torch.arange(module.shape.channels)
    with torch.no_grad():
        for ours, theirs, channels in zip(convolutions_of(narrow), convolutions_of(module), kept, strict=True):
            ours.weight.copy_(theirs.weight[channels][:, before])
            before = channels
        for inner, outer, channels in zip(blocks_of(narrow), blocks_of(module), kept, strict=True):
            for name, value in outer.norm.state_dict().items():
                inner.norm.state_dict()[name].copy_(value[channels] if value.ndim else value)
        narrow.classifier.weight.copy_(module.classifier.weight[:, kept[-1]])
        narrow.classifier.bias.copy_(module.classifier.bias)
    return narrow
