"""Names of architectures, as they stand in a weight file's metadata, and the functions that build them.

Importing this module imports no torch: the PyTorch runtime reads it inside a worker that has only NumPy,
torch and safetensors.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

METADATA_KEY = "architecture"
"""Key of a safetensors file's metadata whose value is a key of `ARCHITECTURES`."""

ARCHITECTURES: Mapping[str, str] = MappingProxyType(
    {
        "centernet": "generator.workloads.networks.centernet:centernet",
        "efficientnet_lite0": "generator.workloads.networks.efficientnet_lite:efficientnet_lite0",
        "embedding": "generator.workloads.networks.graph_network:embedding",
        "marian_translator": "generator.workloads.networks.marian:marian_translator",
        "decoder": "generator.workloads.networks.decoder:decoder",
        "sentence_encoder": "generator.workloads.networks.sentence_encoder:sentence_encoder",
        "forecast_linear": "generator.workloads.networks.forecasters:linear",
        "forecast_lstm": "generator.workloads.networks.forecasters:lstm",
        "forecast_transformer": "generator.workloads.networks.forecasters:transformer",
        "mobilenet_v2": "generator.workloads.networks.published_shapes:mobilenet_v2",
        "mtcnn_judges": "generator.workloads.networks.mtcnn:judges",
        "mtcnn_search": "generator.workloads.networks.mtcnn:search",
        "resnet_50": "generator.workloads.networks.published_shapes:resnet_50",
        "small_cnn": "generator.workloads.networks.small_cnn:small_cnn",
    }
)
"""Architecture, and the "module:function" that builds its `torch.nn.Module` without weights."""

CONFIG_KEY = "config"
"""Key of a safetensors file's metadata whose value is JSON: keyword arguments of that function."""


def architecture_of(path: Path) -> str:
    """Key of `ARCHITECTURES` that a weight file names.

    Raises:
        KeyError: when its metadata names none.
    """
    from safetensors import safe_open

    with safe_open(path, framework="np") as weights:
        architecture = str((weights.metadata() or {})[METADATA_KEY])
    if architecture not in ARCHITECTURES:
        raise KeyError(architecture)
    return architecture


def save_module(module: nn.Module, path: Path, architecture: str, config: Mapping[str, object]) -> None:
    """Write a module's weights so that `load_module` builds it again; the same weights give the same bytes.

    Args:
        module: built by the architecture's function with this configuration.
        path: where to.
        architecture: key of `ARCHITECTURES`.
        config: keyword arguments of that function, JSON-able.
    """
    save_weights(module.state_dict(), path, architecture, config)


def save_weights(
    weights: Mapping[str, torch.Tensor], path: Path, architecture: str, config: Mapping[str, object]
) -> None:
    """Write weights by their names in the module; see `save_module`."""
    from safetensors.torch import save

    about = {METADATA_KEY: architecture, CONFIG_KEY: json.dumps(config, sort_keys=True)}
    written = save({name: tensor.contiguous() for name, tensor in weights.items()}, about)
    # safetensors orders the metadata anew in each process: the header, behind its length in 8 bytes, is put in order.
    end = 8 + int.from_bytes(written[:8], "little")
    header = json.dumps(json.loads(written[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + written[end:])


def load_module(path: Path) -> nn.Module:
    """Build the architecture that a weight file names, with its weights, ready for inference.

    Args:
        path: safetensors whose metadata has `METADATA_KEY`.

    Raises:
        KeyError: when the metadata names no architecture of `ARCHITECTURES`.
        RuntimeError: when the weights do not fit it.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt") as weights:
        config = json.loads((weights.metadata() or {}).get(CONFIG_KEY, "{}"))
        state = {name: weights.get_tensor(name) for name in weights.keys()}  # noqa: SIM118
    module_name, _, function = ARCHITECTURES[architecture_of(path)].partition(":")
    module: nn.Module = getattr(importlib.import_module(module_name), function)(**config)
    module.load_state_dict(state)
    return module.eval()
