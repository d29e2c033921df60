"""PyTorch on the processor: the model's own module in eager mode, or compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from generator.runtimes.allocator import keep_freed_memory
from generator.runtimes.session import Arrays, Session, Spec
from generator.workloads.architectures import load_module


class PyTorchSession(Session):
    """A module under `inference_mode`, with the protocol's controls: threads, no parallel operators, no denormals."""

    version = str(torch.__version__)

    def __init__(self, spec: Spec) -> None:
        self._freed = keep_freed_memory() if spec.options.get("keep_memory") else "returned"
        torch.set_num_threads(spec.threads)
        torch.set_num_interop_threads(1)
        torch.set_flush_denormal(True)
        torch.manual_seed(0)
        # Entered once for the whole life of the worker: entering per query would be timed with it. The guard ends when
        # nothing refers to it.
        self._guard = torch.inference_mode()
        self._guard.__enter__()
        module = load_module(Path(spec.artifact)).eval()
        self._module: Any = torch.compile(module) if spec.options.get("compile") else module

    def prepare(self, sample: Arrays) -> tuple[torch.Tensor, ...]:
        """Tensors in the order of the sample's inputs, which is the order of the module's arguments."""
        return tuple(torch.from_numpy(array.copy()) for array in sample.values())

    def run(self, query: tuple[torch.Tensor, ...]) -> Any:
        """Call the module."""
        return self._module(*query)

    def to_arrays(self, answer: Any) -> Arrays:
        """The only output is "y"; several are "y0", "y1", ..."""
        if isinstance(answer, torch.Tensor):
            return {"y": answer.numpy()}
        return {f"y{index}": one.numpy() for index, one in enumerate(answer)}

    def device_peak_bytes(self) -> int | None:
        """What PyTorch's allocator took at most, on all CUDA devices; None where none is in use."""
        if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            return None
        return sum(torch.cuda.max_memory_allocated(device) for device in range(torch.cuda.device_count()))

    def details(self) -> dict[str, str]:
        """Instruction set of PyTorch's own kernels, and whether oneDNN is there."""
        return {
            "freed memory": self._freed,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "onednn": "available" if torch.backends.mkldnn.is_available() else "absent",  # type: ignore[no-untyped-call]
        }


def load(spec: Spec) -> Session:
    """Load a safetensors file whose metadata names its architecture."""
    return PyTorchSession(spec)
