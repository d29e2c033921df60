"""A runtime for benchmarks alone: one ONNX Runtime session that each query runs a given number of times.

The ratio of two such variants is known exactly, whatever the machine does to the session.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from generator.runtimes.ort import OnnxRuntimeSession
from generator.runtimes.session import Session, Spec


class RepeatingSession(OnnxRuntimeSession):
    """Option: `times`, runs of the session a query."""

    def __init__(self, spec: Spec) -> None:
        self._times = int(spec.options.get("times", 1))
        super().__init__(replace(spec, options={}))

    def run(self, query: dict[str, Any]) -> Any:
        """Run the graph so many times; the answer is the last one's."""
        session, answer = self._session, None
        for _ in range(self._times):
            answer = session.run(None, query)
        return answer


def load(spec: Spec) -> Session:
    """Load an ONNX file."""
    return RepeatingSession(spec)
