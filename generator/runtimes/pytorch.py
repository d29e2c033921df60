"""PyTorch: the model's own module in eager mode, or compiled; on the processor, or on a CUDA device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from generator.runtimes.allocator import keep_freed_memory
from generator.runtimes.session import Arrays, Session, Spec
from generator.workloads.architectures import load_module

_FORMATS: Mapping[str, torch.dtype] = MappingProxyType(
    {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
)


class Moved(torch.nn.Module):
    """A module that computes on another device or in another number format, for callers who stay where they are.

    Queries come and answers go as they do without it: in main memory, in fp32. The copies belong to the query, as they
    do for whoever asks; and the one back waits until the device is done, so that timing needs no other synchronisation.
    """

    def __init__(self, module: torch.nn.Module, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self._device, self._dtype = device, dtype
        self.module = module.to(device, dtype)

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Move the inputs there, compute, move the outputs back."""
        there = (x.to(self._device, self._dtype if x.is_floating_point() else x.dtype) for x in inputs)
        answer = self.module(*there)
        if isinstance(answer, torch.Tensor):
            return answer.to("cpu", torch.float32)
        return tuple(one.to("cpu", torch.float32) for one in answer)


class PyTorchSession(Session):
    """A module under `inference_mode`, with the protocol's controls: threads, no parallel operators, no denormals.

    Options: `compile` (by TorchInductor), `device` ("cpu"; "cuda": the first that is visible), `instructions` (a limit
    that stands in the environment before this module is imported), `keep_memory` (see `allocator`), `precision`
    ("fp32"; "bf16", "fp16": weights and intermediate values; fp32 means fp32, not TF32).
    """

    version = str(torch.__version__)

    def __init__(self, spec: Spec) -> None:
        self._freed = keep_freed_memory() if spec.options.get("keep_memory") else "returned"
        torch.set_num_threads(spec.threads)
        torch.set_num_interop_threads(1)
        torch.set_flush_denormal(True)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.manual_seed(0)
        # Entered once for the whole life of the worker: entering per query would be timed with it. The guard ends when
        # nothing refers to it.
        self._guard = torch.inference_mode()
        self._guard.__enter__()
        device = torch.device(str(spec.options.get("device", "cpu")))
        dtype = _FORMATS[str(spec.options.get("precision", "fp32"))]
        module = load_module(Path(spec.artifact)).eval()
        if (device.type, dtype) != ("cpu", torch.float32):
            module = Moved(module, device, dtype)
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
        """Instruction set of PyTorch's own kernels, whether oneDNN is there, and the CUDA device in use."""
        found = {
            "freed memory": self._freed,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "onednn": "available" if torch.backends.mkldnn.is_available() else "absent",  # type: ignore[no-untyped-call]
        }
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            found["cuda"] = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
        return found


def load(spec: Spec) -> Session:
    """Load a safetensors file whose metadata names its architecture."""
    return PyTorchSession(spec)
