"""ONNX Runtime, processor only."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from generator.runtimes.session import Arrays, Session, Spec

_LEVELS = {
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}


class OnnxRuntimeSession(Session):
    """One `InferenceSession` with the protocol's controls: no spinning, no parallel operators, no denormals."""

    version = str(ort.__version__)

    def __init__(self, spec: Spec) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = spec.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = _LEVELS[str(spec.options.get("graph_optimization", "all"))]
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", str(int(bool(spec.options.get("spinning"))))
        )
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.log_severity_level = 3
        if spec.optimized_path:
            options.optimized_model_filepath = spec.optimized_path
        self._session = ort.InferenceSession(spec.artifact, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def prepare(self, sample: Arrays) -> dict[str, Any]:
        """Feed of the inputs that the graph has; others are left out."""
        return {one.name: sample[one.name] for one in self._session.get_inputs()}

    def run(self, query: dict[str, Any]) -> Any:
        """Run the graph; the feed's arrays are not copied."""
        return self._session.run(None, query)

    def to_arrays(self, answer: Any) -> Arrays:
        """Outputs by their names in the graph."""
        return dict(zip(self._outputs, answer, strict=True))

    def details(self) -> dict[str, str]:
        """Providers in use."""
        return {"providers": ", ".join(self._session.get_providers())}


def load(spec: Spec) -> Session:
    """Load an ONNX file."""
    return OnnxRuntimeSession(spec)
