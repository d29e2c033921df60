"""Models, inputs and quality metrics: what has to be computed.

`KINDS` is the registry; a workload's module is imported when it is asked for, never before.
"""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "image_classification": "generator.workloads.image_classification",
        "synthetic": "generator.workloads.synthetic",
    }
)
"""Kind of workload, and the module whose `make(options, cache)` makes it."""
