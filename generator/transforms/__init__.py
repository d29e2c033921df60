"""Transforms: they make one artifact of another, compress it, export it or quantize it.

`core/registry.py` names them; a transform's module is imported when it is asked for, and imports torch or ONNX Runtime
only while it works.
"""

from generator.transforms.graph import operator_counts
from generator.transforms.step import apply

__all__ = ["apply", "operator_counts"]
