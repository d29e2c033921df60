"""A small translator of the Marian family: a transformer encoder, and a decoder whose memory is a recurrent state.

Source: Kim et al., "From Research to Production and Back: Ludicrously Fast Neural Machine Translation" (D19-5632), for
the decoder's simpler simple recurrent unit; Bogoychev et al. (2020.ngt-1.26), for the "tiny" students. Marian's own
settings are kept: embeddings times the root of the width, sines before cosines, normalization after each part.

A measuring worker imports this module, so that it needs torch and NumPy alone.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from generator.workloads.networks.marian_file import END

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
        self.heads, self.scale = shape.heads, (shape.width // shape.heads) ** -0.5
        self.query, self.out = nn.Linear(shape.width, shape.width), nn.Linear(shape.width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape.

        Args:
            x: what listens.
            keys: of what is listened to, (batch, heads, tokens there, width / heads).
            values: of that too, of the same shape.
            hidden: added to the scores, (batch, 1, 1, tokens there).
        """
        query = self.by_head(self.query(x))
        heard = functional.scaled_dot_product_attention(query, keys, values, hidden, scale=self.scale)
        normalized: torch.Tensor = self.norm(x + self.out(heard.transpose(1, 2).reshape(x.shape)))
        return normalized

    def by_head(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) to (batch, heads, tokens, width / heads)."""
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class FeedForward(nn.Module):
    """Widen, ReLU, narrow; the input is added and the sum normalized."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.expand = nn.Linear(shape.width, shape.inner_width)
        self.contract = nn.Linear(shape.inner_width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape."""
        normalized: torch.Tensor = self.norm(x + self.contract(functional.relu(self.expand(x))))
        return normalized


class EncoderLayer(nn.Module):
    """Attention to the sentence itself, and a feed-forward part."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.key, self.value = nn.Linear(shape.width, shape.width), nn.Linear(shape.width, shape.width)
        self.attention, self.feed_forward = Attention(shape), FeedForward(shape)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape; `hidden` as in `Attention`."""
        keys, values = self.attention.by_head(self.key(x)), self.attention.by_head(self.value(x))
        mapped: torch.Tensor = self.feed_forward(self.attention(x, keys, values, hidden))
        return mapped


class DecoderLayer(nn.Module):
    """A recurrent unit in place of self-attention, attention to the source, and a feed-forward part."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.write = nn.Linear(shape.width, shape.width, bias=False)
        self.forget = nn.Linear(shape.width, shape.width)
        self.norm = nn.LayerNorm(shape.width, _NORM_EPSILON)
        self.attention, self.feed_forward = Attention(shape), FeedForward(shape)

    def forward(
        self, x: torch.Tensor, state: torch.Tensor, heard: torch.Tensor, hidden: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (batch, 1, width) and the state of that shape to the same, one step on.

        `heard` are the keys and values of the source, (2, batch, heads, tokens, width / heads).
        """
        kept = torch.sigmoid(self.forget(x))
        state = kept * state + (1 - kept) * self.write(x)
        x = self.norm(x + functional.relu(state))
        return self.feed_forward(self.attention(x, heard[0], heard[1], hidden)), state


class Translator(nn.Module):
    """A sentence in, its translation out: the encoder once, then the decoder a step a token, always the likeliest."""

    loops_over_data = True
    """How often it loops depends on the sentence, so that it cannot be exported by tracing one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.scale, self.hidden, self.end = math.sqrt(shape.width), _HIDDEN, END
        self.layers, self.heads = shape.decoder_layers, shape.heads
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.output_bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.encoder = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.source = nn.Linear(shape.width, shape.decoder_layers * 2 * shape.width)
        self.decoder = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.positions = nn.Buffer(sines(_LONGEST, shape.width), persistent=False)

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
        # Keys and values for every layer of the decoder, (layers, 2, batch, heads, tokens, width / heads).
        heard = self.source(x).reshape(x.shape[0], x.shape[1], self.layers, 2, self.heads, -1).permute(2, 3, 0, 4, 1, 5)
        # Outside the loop, so that an exported graph holds the matrix the right way round once and for all.
        projection = self.words.weight.t()
        word = torch.zeros_like(x[:, :1])
        state = torch.zeros_like(x[:, :1]).expand(self.layers, -1, -1, -1)
        written, going, step = ids[:, :0], ids[:, :1] >= 0, 0
        while bool(going.any() & (step < ids.shape[1] * 5 // 2 + 1)):
            y, following = word + self.positions[step], state[:0]
            for index, decoding in enumerate(self.decoder):  # TorchScript wants another name than the encoder's
                y, one = decoding(y, state[index], heard[index], hidden)
                following = torch.cat([following, one[None]])
            state = following
            likeliest = (torch.matmul(y, projection) + self.output_bias).argmax(-1)
            chosen = torch.where(going, likeliest, self.end)
            written = torch.cat([written, chosen], 1)
            going = going & (chosen != self.end)
            word = self.words(chosen) * self.scale
            step += 1
        return written


def sines(count: int, width: int) -> torch.Tensor:
    """Marian's positions, (count, width): the sines of all frequencies, then the cosines."""
    frequencies = torch.exp(torch.arange(width // 2) * -(math.log(10000.0) / (width / 2 - 1)))
    angles = torch.arange(count)[:, None] * frequencies
    return torch.cat((torch.sin(angles), torch.cos(angles)), -1)


def marian_translator(**shape: int) -> Translator:
    """Build the translator without trained weights; the arguments are `Shape`'s fields."""
    return Translator(Shape(**shape))
