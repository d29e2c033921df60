"""A decoder: Llama's layers, one pass over some tokens that follow others whose keys and values are known.

Sources: Touvron et al., "LLaMA" (arXiv:2302.13971), for the layers; Su et al., "RoFormer" (arXiv:2104.09864), for the
rotation by position; Ainslie et al., "GQA" (arXiv:2305.13245), for several heads that share a key. A measuring worker
imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

_HIDDEN = -1e9
"""What a later token adds to an attention score: its weight becomes zero."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a decoder; they stand in the weight file's metadata."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    key_heads: int
    """Keys and values a token; each serves heads / key_heads heads."""

    inner_width: int
    """Width between the matrices of a layer's feed-forward part."""

    rotation_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Numbers of one key or value."""
        return self.width // self.heads

    def config(self) -> dict[str, Any]:
        """Keyword arguments of `decoder`."""
        return asdict(self)


SMOLLM2_135M = Shape(
    vocabulary=49152, width=576, layers=30, heads=9, key_heads=3, inner_width=1536, rotation_base=100_000.0
)
"""SmolLM2-135M and its Instruct version."""


class RootMeanSquareNorm(nn.Module):
    """Divides by the root of the mean square, then multiplies by a weight a channel (arXiv:1910.07467)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., width) to the same shape."""
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class Layer(nn.Module):
    """Self-attention, then a feed-forward part, each of a normalized input and added to it."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, key_width = shape.width, shape.key_heads * shape.head_width
        self.attention_norm = RootMeanSquareNorm(width, shape.norm_epsilon)
        self.query = nn.Linear(width, width, bias=False)
        self.key, self.value = (nn.Linear(width, key_width, bias=False) for _ in range(2))
        self.out = nn.Linear(width, width, bias=False)
        self.norm = RootMeanSquareNorm(width, shape.norm_epsilon)
        self.gate, self.expand = (nn.Linear(width, shape.inner_width, bias=False) for _ in range(2))
        self.contract = nn.Linear(shape.inner_width, width, bias=False)

    def forward(
        self, x: torch.Tensor, turn: Rotation, hidden: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One pass through the layer.

        Args:
            x: (batch, tokens, width).
            turn: the tokens' rotation.
            hidden: (tokens, known + tokens), added to the scores.
            keys: of the known tokens, (batch, known, key heads, head width).
            values: the same of their values.

        Returns:
            x, and the keys and values of its tokens.
        """
        batch, tokens, _ = x.shape
        seen = self.attention_norm(x)
        query = turn(self._split(self.query(seen), self.shape.heads))
        key = turn(self._split(self.key(seen), self.shape.key_heads))
        value = self._split(self.value(seen), self.shape.key_heads)
        # Heads that share a key stand one after the other, so they multiply it together: it is not repeated.
        sharing = self.shape.heads // self.shape.key_heads
        grouped = query.reshape(batch, tokens, self.shape.key_heads, sharing, self.shape.head_width)
        all_keys = torch.cat((keys, key), 1).permute(0, 2, 3, 1).unsqueeze(2)
        all_values = torch.cat((values, value), 1).transpose(1, 2).unsqueeze(2)
        scores = grouped.permute(0, 2, 3, 1, 4) @ all_keys * self.shape.head_width**-0.5
        heard = torch.softmax(scores + hidden, -1) @ all_values
        x = x + self.out(heard.permute(0, 3, 1, 2, 4).reshape(batch, tokens, self.shape.width))
        seen = self.norm(x)
        return x + self.contract(functional.silu(self.gate(seen)) * self.expand(seen)), key, value

    def _split(self, x: torch.Tensor, heads: int) -> torch.Tensor:
        """(batch, tokens, heads * head width) to (batch, tokens, heads, head width)."""
        return x.reshape(x.shape[0], -1, heads, self.shape.head_width)


@dataclass(frozen=True)
class Rotation:
    """Turns neighbouring numbers of queries and keys by angles that grow with the position.

    Neighbours are turned together, as in the original; weights in the form of Hugging Face turn the first half of a
    head against the second and would need another order.
    """

    cosine: torch.Tensor
    """(tokens, 1, head width / 2); so is the sine."""

    sine: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, heads, head width) to the same shape."""
        pairs = x.reshape(x.shape[0], -1, x.shape[2], x.shape[3] // 2, 2)
        first, second = pairs[..., 0], pairs[..., 1]
        turned = (first * self.cosine - second * self.sine, first * self.sine + second * self.cosine)
        return torch.stack(turned, -1).flatten(-2)


class Decoder(nn.Module):
    """Embeddings, layers, and the next token's logits; the embeddings are the last matrix too."""

    frequencies: torch.Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = RootMeanSquareNorm(shape.width, shape.norm_epsilon)
        halves = torch.arange(0, shape.head_width, 2).float() / shape.head_width
        self.register_buffer("frequencies", shape.rotation_base**-halves, persistent=False)

    def forward(
        self, ids: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, places: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One pass.

        Args:
            ids: tokens that are new, (batch, tokens) int64.
            keys: of the tokens before them, (batch, known, layers, key heads, head width); `known` may be 0.
            values: the same of their values.
            places: which of the new tokens' successors are asked for, (batch, asked) int64.

        Returns:
            Logits of the successors, (batch, asked, vocabulary); and keys and values of the new tokens, in the form
            of `keys`.
        """
        known = keys.shape[1]
        moments = torch.arange(known + ids.shape[1])
        positions = moments[known:]
        angles = (positions[:, None].float() * self.frequencies)[:, None]
        turn = Rotation(angles.cos(), angles.sin())
        hidden = (moments > positions[:, None]).float() * _HIDDEN
        x = self.words(ids)
        new_keys, new_values = list[torch.Tensor](), list[torch.Tensor]()
        for index, layer in enumerate(self.layers):
            x, key, value = layer(x, turn, hidden, keys[:, :, index], values[:, :, index])
            new_keys.append(key)
            new_values.append(value)
        asked = torch.gather(x, 1, places[..., None].expand(-1, -1, x.shape[2]))
        logits = functional.linear(cast(torch.Tensor, self.norm(asked)), self.words.weight)
        return logits, torch.stack(new_keys, 2), torch.stack(new_values, 2)


def decoder(**shape: Any) -> Decoder:
    """Build the decoder without trained weights; the arguments are `Shape`'s fields."""
    return Decoder(Shape(**shape))
