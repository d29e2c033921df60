"""What executes an artifact. Each module runs inside a measuring worker: standard library, NumPy, its one runtime.

`RUNTIMES` is the registry; a worker imports the one module it needs.
"""

from collections.abc import Mapping
from types import MappingProxyType

RUNTIMES: Mapping[str, str] = MappingProxyType(
    {
        "fake": "generator.runtimes.fake",
        "onnxruntime": "generator.runtimes.ort",
        "openvino": "generator.runtimes.openvino",
        "pytorch": "generator.runtimes.pytorch",
    }
)
"""Runtime, and the module whose `load(spec)` makes its session."""

PACKAGES: Mapping[str, str | None] = MappingProxyType(
    {"fake": None, "onnxruntime": "onnxruntime", "openvino": "openvino", "pytorch": "torch"}
)
"""Package that each runtime needs; None where NumPy is enough."""
