"""FLOPs and bytes of a PyTorch module, from the operators of one forward pass of one sample."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from generator.core.errors import PreparationError
from generator.core.packages import required
from generator.core.record import Work
from generator.workloads.workload import Arrays

HAS_FLOPS = re.compile(
    r"(^|_)(mm|bmm|addmm|mv|dot|einsum|fft)(_|$)|matmul|conv(?!ert)|attention|rnn|lstm|gru|transformer"
)
"""Names of operators that have FLOPs; one that PyTorch's counter does not know makes the whole unknown."""


def count_pytorch(path: Path, sample: Arrays) -> Work:
    """Count one sample's FLOPs and bytes, by running it once.

    Args:
        path: safetensors whose metadata names the architecture.
        sample: the module's arguments in their order, batch axis of 1 first.

    Raises:
        PreparationError: when an operator cannot be counted, or more than shapes decides how many there are.
        MissingPackage: when torch is not installed.
    """
    required("counting FLOPs", torch="torch")
    import torch

    from generator.workloads.networks.architectures import load_module

    module = load_module(path).eval()
    if getattr(module, "loops_over_data", False):
        raise PreparationError(path.name, "how often the model loops depends on what its input says", "")
    arguments = tuple(torch.from_numpy(array.copy()) for array in sample.values())
    return count_module(module, arguments, path.name)


def count_module(module: Any, arguments: tuple[Any, ...], where: str = "module") -> Work:
    """Count a module's FLOPs and bytes for these arguments; see `count_pytorch`."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    constants = {id(one): one for one in (*module.parameters(), *module.buffers())}
    counter = FlopCounterMode(display=False, custom_mapping=_own_formulas())
    places = _Places(frozenset(constants), arguments)
    whole_layers = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # a transformer's layer as one operator could not be counted
    try:
        with torch.no_grad(), counter, _watching(places, frozenset(counter.flop_registry)):
            module(*arguments)
    finally:
        torch.backends.mha.set_fastpath_enabled(whole_layers)
    if stray := sorted(name for name in places.without_flops if HAS_FLOPS.search(name)):
        raise PreparationError(where, f"FLOPs of the operator '{stray[0]}' cannot be counted", "")
    flops = {str(op): int(count) for op, count in counter.get_flop_counts().get("Global", {}).items()}
    return Work(
        flops_per_sample=int(counter.get_total_flops()),
        flops_by_operator=dict(sorted(flops.items())),
        weight_bytes=sum(_bytes(constants[key]) for key in places.used),
        activation_bytes_per_sample=places.moved_bytes(),
        bytes_only={name: count for name, count in sorted(places.bytes_only.items()) if count},
        counted_by=f"PyTorch's FLOP counter, torch {torch.__version__}",
    )


def _own_formulas() -> dict[Any, Any]:
    """What PyTorch's counter leaves out on processors: LSTM as oneDNN has it, and attention in one operator."""
    import torch

    def lstm(inputs: Any, *weights: Any, out_shape: Any = None, **_: Any) -> int:
        steps, batch = inputs[:2]
        return 2 * int(steps) * int(batch) * sum(_elements(shape) for shape in weights[:2])

    def attention(query: Any, key: Any, value: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
        products = query[-1] + value[-1]
        return 2 * _elements(query[:-1]) * int(key[-2]) * int(products)

    operators = torch.ops.aten
    formulas = {"mkldnn_rnn_layer": lstm, "_scaled_dot_product_flash_attention_for_cpu": attention}
    return {getattr(operators, name): formula for name, formula in formulas.items() if hasattr(operators, name)}


def _elements(shape: Any) -> int:
    total = 1
    for length in shape:
        total *= int(length)
    return total


def _bytes(tensor: Any) -> int:
    return int(tensor.numel() * tensor.element_size())


class _Places:
    """Which results share a place in memory, and which places are written and read; see `work_onnx._Traffic`."""

    def __init__(self, constants: frozenset[int], arguments: tuple[Any, ...]) -> None:
        self._constants = constants
        self.used = set[int]()
        """Ids of the constants that some operator took."""

        self.without_flops = set[str]()
        self.bytes_only = Counter[str]()
        self._places = {id(one): index for index, one in enumerate(arguments)}
        self._sizes = {index: _bytes(one) for index, one in enumerate(arguments)}
        self._kept: list[Any] = list(arguments)  # else a dead tensor's id would be given to another one
        self._read, self._written = set[int](), set[int]()

    def take_in(self, name: str, has_flops: bool, given: list[Any], made: list[Any]) -> None:
        """Take in one operator with the tensors that it was given and has made."""
        self.used |= {id(one) for one in given} & self._constants
        data = [one for one in given if id(one) in self._places]
        if not has_flops:
            self.without_flops.add(name)
        if not data:
            return
        places = {self._places[id(one)] for one in data}
        alike = {self._places[id(one)] for one in data if made and one.numel() == made[0].numel()}
        if len(alike) == 1 and not has_flops:
            (place,) = alike
            self._put(made[0], place)
            self._sizes[place] = min(self._sizes[place], _bytes(made[0]))
            self._read |= places - alike
            return
        self.bytes_only[name] += not has_flops
        self._read |= places
        for one in made:
            self._written.add(place := len(self._sizes))
            self._sizes[place] = _bytes(one)
            self._put(one, place)

    def moved_bytes(self) -> int:
        """Places that are written, and those that are read."""
        return sum(self._sizes[place] for places in (self._written, self._read) for place in places)

    def _put(self, one: Any, place: int) -> None:
        self._places[id(one)] = place
        self._kept.append(one)


def _watching(places: _Places, with_flops: frozenset[Any]) -> Any:
    """A dispatch mode that shows every operator to `places`. Its class is made here, for it needs torch."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    def tensors(values: Any) -> list[Any]:
        return [one for one in tree_leaves(values) if isinstance(one, torch.Tensor)]

    class Watching(TorchDispatchMode):  # type: ignore[no-untyped-call]
        """Runs operators as they are."""

        def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            results = operator(*args, **(kwargs or {}))
            packet = operator._overloadpacket
            places.take_in(
                str(packet).partition(".")[2], packet in with_flops, tensors((args, kwargs)), tensors(results)
            )
            return results

    return Watching()  # type: ignore[no-untyped-call]
