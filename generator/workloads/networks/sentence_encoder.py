"""A sentence encoder: BERT's layers, the mean over the tokens, and length one; with a linear head, a classifier.

Source: Devlin et al., "BERT" (arXiv:1810.04805); Reimers and Gurevych, "Sentence-BERT" (arXiv:1908.10084), for the
mean over tokens. A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

_NORM_EPSILON = 1e-12
_HIDDEN = -1e9
"""What a token that is no token adds to its attention score: its weight becomes zero."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of an encoder; they stand in the weight file's metadata."""

    vocabulary: int
    positions: int
    """Longest text, in tokens."""

    width: int
    layers: int
    heads: int
    inner_width: int
    """Width between the two matrices of a layer's feed-forward part."""

    classes: int = 0
    """Outputs of the linear head; 0 is no head: the output is the embedding."""

    def config(self) -> dict[str, Any]:
        """Keyword arguments of `sentence_encoder`."""
        return asdict(self)


MINILM_L6 = Shape(vocabulary=30522, positions=512, width=384, layers=6, heads=12, inner_width=1536)
"""all-MiniLM-L6-v2."""


class Layer(nn.Module):
    """Self-attention, then a feed-forward part; after each the input is added and the sum normalized."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.query, self.key, self.value, self.out = (nn.Linear(shape.width, shape.width) for _ in range(4))
        self.attention_norm = nn.LayerNorm(shape.width, _NORM_EPSILON)
        self.expand = nn.Linear(shape.width, shape.inner_width)
        self.contract = nn.Linear(shape.inner_width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape; `hidden`, (batch, 1, 1, tokens), is added to the scores."""
        query, key, value = (self._split(linear(x)) for linear in (self.query, self.key, self.value))
        # The scale is torch's own default; stated, it is a constant of an exported graph instead of a dozen operators.
        heard = functional.scaled_dot_product_attention(query, key, value, hidden, scale=self.head_width**-0.5)
        x = self.attention_norm(x + self.out(heard.transpose(1, 2).reshape(x.shape)))
        return cast(torch.Tensor, self.norm(x + self.contract(functional.gelu(self.expand(x)))))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) to (batch, heads, tokens, width / heads)."""
        return x.reshape(x.shape[0], -1, self.heads, self.head_width).transpose(1, 2)


class SentenceEncoder(nn.Module):
    """Embeddings of words and positions, layers, the mean over the tokens, length one, and the head where there is one.

    BERT's embedding of the sentence's number is the same for every token here, so it is part of the positions'.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.head = nn.Linear(shape.width, shape.classes) if shape.classes else nn.Identity()

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map token numbers and 1 for each real token, both (batch, tokens) int64, to (batch, width or classes)."""
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        real = mask.to(x.dtype)
        hidden = ((1 - real) * _HIDDEN)[:, None, None]
        for layer in self.layers:
            x = layer(x, hidden)
        summed = (x * real[..., None]).sum(1)
        # The sum over the tokens points where their mean does, and the length becomes one either way.
        return cast(torch.Tensor, self.head(functional.normalize(summed, dim=-1)))


def sentence_encoder(**shape: int) -> SentenceEncoder:
    """Build the encoder without trained weights; the arguments are `Shape`'s fields."""
    return SentenceEncoder(Shape(**shape))


_LAYER_NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "expand",
    "output.dense": "contract",
    "output.LayerNorm": "norm",
}
"""Name of a part of a layer as Hugging Face's BERT has it, and as `Layer` has it."""


def converted(published: Mapping[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """Name the weights of Hugging Face's BERT as `SentenceEncoder` names them; its pooler is not used.

    Raises:
        KeyError: when a weight is missing.
    """
    embeddings = {
        name: published[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    }
    weights = {
        "words.weight": embeddings["word"],
        "positions.weight": embeddings["position"] + embeddings["token_type"][0],
    }
    for kind in ("weight", "bias"):
        weights[f"norm.{kind}"] = published[f"embeddings.LayerNorm.{kind}"]
        for index in range(layers):
            for theirs, ours in _LAYER_NAMES.items():
                weights[f"layers.{index}.{ours}.{kind}"] = published[f"encoder.layer.{index}.{theirs}.{kind}"]
    return {name: tensor.contiguous() for name, tensor in weights.items()}
