"""Models, inputs and quality metrics: what has to be computed.

`KINDS` is the registry; a workload's module is imported when it is asked for, never before.
"""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "generator.workloads.digits",
        "face_detection": "generator.workloads.face_detection",
        "face_recognition": "generator.workloads.face_recognition",
        "forecasting": "generator.workloads.forecasting",
        "image_classification": "generator.workloads.image_classification",
        "object_detection": "generator.workloads.object_detection",
        "question_answering": "generator.workloads.question_answering",
        "synthetic": "generator.workloads.synthetic",
        "text_classification": "generator.workloads.text_classification",
        "translation": "generator.workloads.translation",
        "text_generation": "generator.workloads.text_generation",
    }
)
"""Kind of workload, and the module whose `make(options, cache)` makes it."""
