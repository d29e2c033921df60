"""Three small networks that forecast a series: a linear one, a recurrent one and a transformer.

All take (batch, channels, history) float32, normalized, and give (batch, horizon) of the first channel, on the same
scale.
The recurrent network and the transformer read the history in the same tokens: pieces of successive values.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Forecaster(nn.Module):
    """What the three have in common: a forecast is the last value and what the network adds to it, where anchored.

    Args:
        anchored: whether the network sees the differences from the last value and its answer is added to that value.
            Without it a network has to learn every level that the series may reach.
    """

    def __init__(self, anchored: bool) -> None:
        super().__init__()
        self.anchored = anchored

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast, (batch, horizon), from (batch, channels, history)."""
        if not self.anchored:
            return self.answer(x)
        last = x[:, :, -1:]
        return self.answer(x - last) + last[:, 0]

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        """What the network itself gives for (batch, channels, history): (batch, horizon)."""
        raise NotImplementedError


class LinearForecaster(Forecaster):
    """A moving average and what remains of the series without it, each through one linear layer.

    Source: A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?", AAAI 2023 (DLinear).
    """

    def __init__(self, channels: int, history: int, horizon: int, *, anchored: bool, smoothing: int) -> None:
        super().__init__(anchored)
        self.smoothing = smoothing
        self.trend = nn.Linear(channels * history, horizon)
        self.rest = nn.Linear(channels * history, horizon)

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        """See `Forecaster`."""
        half = self.smoothing // 2
        padded = functional.pad(x, (half, half), mode="replicate")
        trend = functional.avg_pool1d(padded, self.smoothing, 1)
        given: torch.Tensor = self.trend(trend.flatten(1)) + self.rest((x - trend).flatten(1))
        return given


def _tokens(x: torch.Tensor, token: int) -> torch.Tensor:
    """Pieces of successive values: (batch, channels, history) to (batch, history / token, channels * token)."""
    channels, history = x.shape[1], x.shape[2]
    pieces = x.reshape(-1, channels, history // token, token).transpose(1, 2)
    return pieces.reshape(-1, history // token, channels * token)


class LstmForecaster(Forecaster):
    """One LSTM layer over the tokens; a linear layer makes the forecast of its last state."""

    def __init__(self, channels: int, history: int, horizon: int, *, anchored: bool, token: int, width: int) -> None:
        super().__init__(anchored)
        self.token = token
        self.recurrent = nn.LSTM(channels * token, width, batch_first=True)
        self.head = nn.Linear(width, horizon)

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        """See `Forecaster`."""
        states, _ = self.recurrent(_tokens(x, self.token))
        given: torch.Tensor = self.head(states[:, -1])
        return given


class EncoderLayer(nn.Module):
    """Attention, then two linear layers; each behind a normalization and around a residual."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mixing = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mixing = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.dropout(self._attend(self.before_attention(x)))
        mixed: torch.Tensor = x + self.dropout(self.mixing(self.before_mixing(x)))
        return mixed

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        tokens, width = x.shape[1], x.shape[2]
        split = self.queries_keys_values(x).reshape(-1, tokens, 3, self.heads, width // self.heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        given: torch.Tensor = self.projection(mixed.transpose(1, 2).reshape(-1, tokens, width))
        return given


class TransformerForecaster(Forecaster):
    """A transformer encoder over the tokens; a linear layer makes the forecast of all of them.

    Source: Y. Nie et al., "A Time Series is Worth 64 Words", ICLR 2023 (PatchTST), without overlap of the tokens.
    """

    def __init__(
        self, channels: int, history: int, horizon: int, *, anchored: bool, token: int, width: int, layers: int
    ) -> None:
        super().__init__(anchored)
        self.token = token
        count = history // token
        self.embedding = nn.Linear(channels * token, width)
        self.position = nn.Parameter(0.02 * torch.randn(count, width))
        self.layers = nn.Sequential(*(EncoderLayer(width, 4, 0.1) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(count * width, horizon)

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        """See `Forecaster`."""
        embedded = self.embedding(_tokens(x, self.token)) + self.position
        given: torch.Tensor = self.head(self.norm(self.layers(embedded)).flatten(1))
        return given


def linear(channels: int, history: int, horizon: int, anchored: bool, smoothing: int) -> nn.Module:
    """Build the linear forecaster without trained weights."""
    return LinearForecaster(channels, history, horizon, anchored=anchored, smoothing=smoothing)


def lstm(channels: int, history: int, horizon: int, anchored: bool, token: int, width: int) -> nn.Module:
    """Build the recurrent forecaster without trained weights."""
    return LstmForecaster(channels, history, horizon, anchored=anchored, token=token, width=width)


def transformer(
    channels: int, history: int, horizon: int, anchored: bool, token: int, width: int, layers: int
) -> nn.Module:
    """Build the transformer without trained weights."""
    return TransformerForecaster(channels, history, horizon, anchored=anchored, token=token, width=width, layers=layers)
