"""ONNX Runtime, processor only."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from generator.runtimes import decoding
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
        # Short weights in the QDQ form: by default the activations beside them are rounded to 8 bits, and 1 keeps them
        # in fp32. An operator of short weights has its accuracy in the file; versions without the entry pass over it.
        options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
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


class DecodingSession(OnnxRuntimeSession):
    """A decoder's graph, run once or more for each token; option `decoding` says how, see `decoding.WAYS`."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._way = str(spec.options["decoding"])
        keys = next(one for one in self._session.get_inputs() if one.name == "keys")
        self._graph = decoding.Graph(self._pass, tuple(keys.shape[2:]))

    def prepare(self, sample: Arrays) -> dict[str, Any]:
        """The prompt, and how many tokens shall follow."""
        return {"prompt": sample[decoding.PROMPT], "wanted": int(sample[decoding.WANTED][0, 0])}

    def run(self, query: dict[str, Any]) -> Any:
        """Generate, or score where no token is wanted."""
        return decoding.decode(self._graph, self._way, **query)

    def to_arrays(self, answer: Any) -> Arrays:
        """Arrays by the names that `decoding` gives them."""
        arrays: Arrays = answer
        return arrays

    def _pass(self, ids: Any, keys: Any, values: Any, places: Any) -> Any:
        return self._session.run(None, {"ids": ids, "keys": keys, "values": values, "places": places})


def load(spec: Spec) -> Session:
    """Load an ONNX file; with the option `decoding` it is a decoder's, and a query is many passes of it."""
    return DecodingSession(spec) if "decoding" in spec.options else OnnxRuntimeSession(spec)
