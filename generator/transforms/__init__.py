"""Transforms: they make one artifact of another, compress it, export it or quantize it.

`TRANSFORMS` is the registry; a transform's module is imported when it is asked for, and imports torch or ONNX Runtime
only while it works.
"""

from collections.abc import Mapping
from types import MappingProxyType

from generator.transforms.graph import operator_counts
from generator.transforms.step import apply

__all__ = ["TRANSFORMS", "apply", "operator_counts"]

TRANSFORMS: Mapping[str, str] = MappingProxyType(
    {
        "architecture": "generator.transforms.architecture:architecture",
        "distil": "generator.transforms.distil:distil",
        "export_onnx": "generator.transforms.export_onnx:export_onnx",
        "factorize": "generator.transforms.factorize:factorize",
        "prune_channels": "generator.transforms.prune:prune_channels",
        "prune_weights": "generator.transforms.prune:prune_weights",
        "quantize_dynamic": "generator.transforms.quantize:quantize_dynamic",
        "quantize_nbits": "generator.transforms.quantize_nbits:quantize_nbits",
        "quantize_static": "generator.transforms.quantize:quantize_static",
    }
)
"""Transform, and the "module:function" that makes its `Recipe` of (artifact, options, workload)."""
