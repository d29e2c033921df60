"""A small translator of the Marian family: a transformer encoder, and a decoder whose memory is a recurrent state.

Source: Kim et al., "From Research to Production and Back: Ludicrously Fast Neural Machine Translation" (D19-5632), for
the decoder's simpler simple recurrent unit; Bogoychev et al. (2020.ngt-1.26), for the "tiny" students. Marian's own
settings are kept: embeddings times the root of the width, sines before cosines, normalization after each part.

A measuring worker imports this module; besides the standard library it needs torch alone.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

END = 0
"""Number of the token that ends a sentence."""

_NORM_EPSILON = 1e-6
_HIDDEN = -1e9
_LONGEST = 512
"""Positions that there are sines for."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a translator; they stand in the weight file's metadata."""

    vocabulary: int
    width: int
    heads: int
    inner_width: int
    encoder_layers: int
    decoder_layers: int

    def config(self) -> dict[str, Any]:
        """Keyword arguments of `marian_translator`."""
        return asdict(self)


TINY = Shape(vocabulary=32000, width=256, heads=8, inner_width=1536, encoder_layers=6, decoder_layers=2)
"""The students of the Bergamot project."""


class Attention(nn.Module):
    """Attention to keys and values that are given; the input is added and the sum normalized."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.scale = self.head_width**-0.5
        self.query, self.key, self.value, self.out = (nn.Linear(shape.width, shape.width) for _ in range(4))
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)

    def heard(self, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values, (batch, heads, tokens, width / heads), of what is listened to, (batch, tokens, width)."""
        return self._split(self.key(memory)), self._split(self.value(memory))

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape; `hidden`, (batch, 1, 1, keys), is added to the scores."""
        query = self._split(self.query(x))
        heard = functional.scaled_dot_product_attention(query, keys, values, hidden, scale=self.scale)
        return self.norm(x + self.out(heard.transpose(1, 2).reshape(x.shape)))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(x.shape[0], -1, self.heads, self.head_width).transpose(1, 2)


class FeedForward(nn.Module):
    """Widen, ReLU, narrow; the input is added and the sum normalized."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.expand = nn.Linear(shape.width, shape.inner_width)
        self.contract = nn.Linear(shape.inner_width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape."""
        return self.norm(x + self.contract(functional.relu(self.expand(x))))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.feed_forward = Attention(shape), FeedForward(shape)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape."""
        keys, values = self.attention.heard(x)
        return self.feed_forward(self.attention(x, keys, values, hidden))


class DecoderLayer(nn.Module):
    """A recurrent unit in place of self-attention, attention to the source, and a feed-forward part."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.write = nn.Linear(shape.width, shape.width, bias=False)
        self.forget = nn.Linear(shape.width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)
        self.attention, self.feed_forward = Attention(shape), FeedForward(shape)

    def forward(
        self, x: torch.Tensor, state: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (batch, 1, width) and the state of that shape to the same, one step on."""
        kept = torch.sigmoid(self.forget(x))
        state = kept * state + (1 - kept) * self.write(x)
        x = self.norm(x + functional.relu(state))
        return self.feed_forward(self.attention(x, keys, values, hidden)), state


class Translator(nn.Module):
    """A sentence in, its translation out: the encoder once, then the decoder a step a token, always the likeliest."""

    loops_over_data = True
    """How often it loops depends on the sentence, so that it cannot be exported by tracing one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.scale, self.hidden, self.end = math.sqrt(shape.width), _HIDDEN, END
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.output_bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.encoder = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.register_buffer("positions", sines(_LONGEST, shape.width), persistent=False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Translate greedily.

        Args:
            ids: tokens with the end's at their end, (batch, tokens) int64.
            mask: 1 for each real token, of the same shape.

        Returns:
            Tokens with the end's at their end, (batch, longest) int64; at most 2.5 times as many as came in, and one.
        """
        hidden = ((1 - mask.to(self.output_bias.dtype)) * self.hidden)[:, None, None]
        x = self.words(ids) * self.scale + self.positions[: ids.shape[1]]
        for layer in self.encoder:
            x = layer(x, hidden)
        keys, values = self._heard(x)
        # Outside the loop, so that an exported graph holds the matrix the right way round once and for all.
        projection = self.words.weight.t()
        word = torch.zeros_like(x[:, :1])
        state = torch.zeros_like(x[:, :1]).expand(len(self.decoder), -1, -1, -1)
        written, going, step = ids[:, :0], ids[:, :1] >= 0, 0
        while step < ids.shape[1] * 5 // 2 + 1 and bool(going.any()):
            y, following = word + self.positions[step], state[:0]
            for index, decoder_layer in enumerate(self.decoder):
                y, one = decoder_layer(y, state[index], keys[index], values[index], hidden)
                following = torch.cat([following, one[None]])
            state = following
            likeliest = (torch.matmul(y, projection) + self.output_bias).argmax(-1)
            chosen = torch.where(going, likeliest, self.end)
            written = torch.cat([written, chosen], 1)
            going = going & (chosen != self.end)
            word = self.words(chosen) * self.scale
            step += 1
        return written

    def _heard(self, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of all decoder layers, (layers, batch, heads, tokens, width / heads)."""
        first, second = self.decoder[0].attention.heard(memory)
        keys, values = first[None], second[None]
        for layer in self.decoder[1:]:
            first, second = layer.attention.heard(memory)
            keys, values = torch.cat([keys, first[None]]), torch.cat([values, second[None]])
        return keys, values


def sines(count: int, width: int) -> torch.Tensor:
    """Marian's positions, (count, width): the sines of all frequencies, then the cosines."""
    frequencies = torch.exp(torch.arange(width // 2) * -(math.log(10000.0) / (width / 2 - 1)))
    angles = torch.arange(count)[:, None] * frequencies
    return torch.cat((torch.sin(angles), torch.cos(angles)), -1)


def marian_translator(**shape: int) -> Translator:
    """Build the translator without trained weights; the arguments are `Shape`'s fields."""
    return Translator(Shape(**shape))
