"""Low-rank factorisation: a convolution becomes two smaller ones, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
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

NAME = "factorize"

RANK_GROUP = 8
"""Ranks are multiples of so many: they are the channels between the two convolutions, and kernels take these in
vectors."""


def factorize(artifact: Artifact, options: Mapping[str, Option], workload: Workload) -> Recipe:
    """Recipe of a network each of whose convolutions is two: 3 by 3 to few channels, then 1 by 1 to all of them.

    A convolution's weights, as a matrix of output channels by everything that one of them sees, are replaced by the
    product of two matrices that is nearest to it (singular value decomposition, cut off). Where two convolutions would
    have as many weights as the one, as with the first layer of a network, it stays whole.

    Options: `percent` (25): rank of each convolution in per cent of its output channels; `steps` of training
    afterwards.

    Source: E. Denton, W. Zaremba, J. Bruna, Y. LeCun, R. Fergus, "Exploiting Linear Structure Within Convolutional
    Networks for Efficient Evaluation", NIPS 2014.

    Raises:
        DefinitionError: when an option is out of bounds.
        PreparationError: when the input cannot be factorised.
        MissingPackage: when torch or safetensors is not installed.
    """
    chosen = Options(f"transform '{NAME}'", options)
    percent = chosen.whole("percent", 25, 1, 99)

    def compress(module: SmallCnn) -> Compressed:
        ranks = tuple(_rank(convolution.weight, percent) for convolution in convolutions_of(module))
        return Compressed(_factorized(module, ranks), {"ranks": ", ".join(str(rank or "whole") for rank in ranks)})

    return retrained(NAME, artifact, workload, chosen, {"percent": percent}, compress)


def _rank(filters: torch.Tensor, percent: int) -> int:
    """Rank of a convolution's factors; 0 where it stays whole."""
    after, seen = len(filters), filters[0].numel()
    rank = max(1, round(after * percent / 100 / RANK_GROUP)) * RANK_GROUP
    return rank if rank * (after + seen) < after * seen else 0


def _factorized(module: SmallCnn, ranks: tuple[int, ...]) -> SmallCnn:
    import torch

    from generator.workloads.networks.small_cnn import SmallCnn

    factorized = SmallCnn(replace(module.shape, ranks=ranks))
    with torch.no_grad():
        for ours, theirs, rank in zip(blocks_of(factorized), blocks_of(module), ranks, strict=True):
            ours.norm.load_state_dict(theirs.norm.state_dict())
            state = theirs.convolution.state_dict()
            if rank:
                first, second = _factors(state["weight"], rank)
                state = {"0.weight": first, "1.weight": second}
            ours.convolution.load_state_dict(state)
        factorized.classifier.load_state_dict(module.classifier.state_dict())
    return factorized


def _factors(filters: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of the two convolutions, (rank, before, 3, 3) and (after, rank, 1, 1); each has half of the scale."""
    import torch

    left, scales, right = torch.linalg.svd(filters.flatten(1), full_matrices=False)
    half = scales[:rank].sqrt()
    first = (half[:, None] * right[:rank]).reshape(rank, *filters.shape[1:])
    return first, (left[:, :rank] * half)[:, :, None, None]
