"""PyTorch: the model's own module in eager mode, or compiled; on the processor, or on a CUDA device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from generator.runtimes.allocator import keep_freed_memory
from generator.runtimes.session import Arrays, Session, Spec
from generator.workloads.networks.architectures import load_module

_FORMATS: Mapping[str, torch.dtype] = MappingProxyType(
    {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
)
"""Values of the option `precision` and what weights are kept in; TF32 is a way to multiply, not to keep."""

_LAYOUTS: Mapping[str, torch.memory_format] = MappingProxyType({"channels_last": torch.channels_last})
"""Values of the option `layout`: the order in which images and filters lie in memory."""


class Moved(torch.nn.Module):
    """A module that computes on another device, in another number format or layout, for callers who stay put.

    Queries come and answers go as they do without it: in main memory, in fp32. The copies belong to the query, as they
    do for whoever asks; and the one back waits until the device is done, so that timing needs no other synchronisation.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        device: torch.device,
        dtype: torch.dtype,
        layout: torch.memory_format | None = None,
        graph: bool = False,
    ) -> None:
        super().__init__()
        self._device, self._dtype, self._layout = device, dtype, layout
        module.to(device, dtype)
        for weights in module.parameters():
            weights.data = self._laid_out(weights.data)
        self.module = Replayed(module) if graph else module

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Move the inputs there, compute, move the outputs back."""
        answer = self.module(*(self._there(x) for x in inputs))
        if isinstance(answer, torch.Tensor):
            return answer.to("cpu", torch.float32)
        return tuple(one.to("cpu", torch.float32) for one in answer)

    def _there(self, x: torch.Tensor) -> torch.Tensor:
        # Moved first and converted there: the other way round, the processor would convert with one thread.
        x = x.to(self._device, non_blocking=True)
        x = x.to(self._dtype) if x.is_floating_point() else x
        return self._laid_out(x)

    def _laid_out(self, x: torch.Tensor) -> torch.Tensor:
        return x.contiguous(memory_format=self._layout) if self._layout and x.dim() == _IMAGE_AXES else x


_IMAGE_AXES = 4
"""Images and filters: batch or outputs, channels, height, width."""


class Replayed(torch.nn.Module):
    """A module on a CUDA device all of whose kernels are started by one call.

    They are recorded into a CUDA graph when the first query of their shapes comes, and replayed from then on: a small
    query otherwise waits for the processor, which starts hundreds of kernels one by one.

    Source: PyTorch's notes on CUDA, "CUDA Graphs" (a warm-up on a side stream, static inputs and outputs).
    """

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module
        self._recorded = dict[tuple[torch.Size, ...], tuple[torch.cuda.CUDAGraph, list[torch.Tensor], Any]]()

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Copy the inputs to where the recorded kernels look for them, and start the kernels.

        Returns:
            The module's outputs, which the next call overwrites.
        """
        shapes = tuple(x.shape for x in inputs)
        if shapes not in self._recorded:
            self._recorded[shapes] = self._record([x.clone() for x in inputs])
        graph, places, answer = self._recorded[shapes]
        for place, x in zip(places, inputs, strict=True):
            place.copy_(x)
        graph.replay()
        return answer

    def _record(self, places: list[torch.Tensor]) -> tuple[torch.cuda.CUDAGraph, list[torch.Tensor], Any]:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.module(*places)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answer = self.module(*places)
        return graph, places, answer


class PyTorchSession(Session):
    """A module under `inference_mode`, with the protocol's controls: threads, no parallel operators, no denormals.

    Options: `compile` (by TorchInductor), `device` ("cpu"; "cuda": the first that is visible), `graph` (on a CUDA
    device, see `Replayed`), `instructions` (a limit that stands in the environment before this module is imported),
    `keep_memory` (see `allocator`), `layout` ("channels_last": a pixel's channels lie together), `pinned` (queries wait
    in memory that a CUDA device reads by itself), `precision` ("fp32"; "tf32": fp32 whose factors a CUDA device rounds
    to 10 bits before it multiplies; "bf16", "fp16": weights and intermediate values).
    """

    version = str(torch.__version__)

    def __init__(self, spec: Spec) -> None:
        options = spec.options
        self._freed = keep_freed_memory() if options.get("keep_memory") else "returned"
        device = torch.device(str(options.get("device", "cpu")))
        self._pinned = bool(options.get("pinned"))
        precision = str(options.get("precision", "fp32"))
        torch.set_num_threads(spec.threads)
        torch.set_num_interop_threads(1)
        torch.set_flush_denormal(True)
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.manual_seed(0)
        # Entered once for the whole life of the worker: entering per query would be timed with it. The guard ends when
        # nothing refers to it.
        self._guard = torch.inference_mode()
        self._guard.__enter__()
        dtype, layout = _FORMATS[precision], _LAYOUTS.get(str(options.get("layout")))
        module = load_module(Path(spec.artifact)).eval()
        if (device.type, dtype, layout) != ("cpu", torch.float32, None):
            module = Moved(module, device, dtype, layout, bool(options.get("graph")))
        self._module: Any = torch.compile(module) if options.get("compile") else module

    def prepare(self, sample: Arrays) -> tuple[torch.Tensor, ...]:
        """Tensors in the order of the sample's inputs, which is the order of the module's arguments."""
        found = (torch.from_numpy(array.copy()) for array in sample.values())
        return tuple(one.pin_memory() if self._pinned else one for one in found)

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
