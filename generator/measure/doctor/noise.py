"""How noisy the machine is now: the same program against itself, through the blocks that every run is made of."""

from __future__ import annotations

import importlib.util
import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from generator.core import protocol
from generator.core.block_times import block_times
from generator.core.cache import Cache
from generator.core.errors import MissingPackage
from generator.core.record import Block, Tier
from generator.measure.block import BlockPlan, measure_block
from generator.measure.health import Probe
from generator.measure.process import Job

BLOCKS = 5
BLOCK_NS = 400_000_000
"""A third of a standard block, so that all of it takes 6 to 10 s; a standard run's interval is rather narrower."""

LAYERS, WIDTH, ROWS = 6, 192, 16
TIMEOUT_S = 60.0
_NAMES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Noise:
    """What an A/A check of a few short blocks found."""

    blocks: int
    disturbed: int
    ratio: float
    """Of the program to itself; the truth is 1."""

    half_width: float
    """Of the 95 % interval of its log."""

    expected_half_width: float
    """What a run of the fewest standard blocks would have, at this spread between blocks."""

    spread: float
    """Largest over smallest median latency of the blocks: how far absolute values move."""

    foreign_cpu_cores: float | None
    lowest_cpu_share: float
    psi_cpu_some: float | None
    steal_cores: float | None

    @property
    def is_false_alarm(self) -> bool:
        """Whether the interval excludes 1."""
        return abs(math.log(self.ratio)) > self.half_width


def check_noise(
    jobs: Mapping[str, Job],
    cores: tuple[int, ...],
    probe: Probe,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Noise:
    """Measure two workers of one program against each other.

    Args:
        jobs: the two, of equal jobs.
        cores: cores that the machine lets us use.
        probe: watches the system.
        tell: gets the blocks done and their number.

    Raises:
        WorkerError: when a worker crashes or hangs.
    """
    blocks = list[Block]()
    for index in range(BLOCKS):
        tell(index, BLOCKS)
        now = datetime.now(UTC).replace(microsecond=0)
        plan = BlockPlan("noise", index, now, cores, BLOCK_NS, f"{now}/{index}", TIMEOUT_S)
        blocks.append(measure_block(jobs, plan, probe))
    tell(BLOCKS, BLOCKS)
    return summarise(blocks, sorted(jobs))


def summarise(blocks: list[Block], names: list[str]) -> Noise:
    """What the blocks say; none is left out, for the noise itself is asked for."""
    values = [v for block in blocks if (v := block_times(block).log_ratio(names[1], names[0])) is not None]
    medians = [
        statistics.median([ns for one in block.rounds if one.variant == names[0] for ns in one.latencies_ns])
        for block in blocks
    ]
    health = [block.health for block in blocks]
    return Noise(
        blocks=len(blocks),
        disturbed=sum(block.disturbed for block in blocks),
        ratio=math.exp(statistics.fmean(values)),
        half_width=protocol.half_width(values),
        expected_half_width=_expected(statistics.stdev(values)),
        spread=max(medians) / min(medians),
        foreign_cpu_cores=_middle([one.foreign_cpu_cores for one in health]),
        lowest_cpu_share=min(one.lowest_cpu_share for one in health),
        psi_cpu_some=_middle([one.psi_cpu_some for one in health]),
        steal_cores=_middle([one.steal_cores for one in health]),
    )


def reference_jobs(cache: Cache) -> dict[str, Job]:
    """Two equal jobs: six small matrix products with ReLU, about 50 µs, on ONNX Runtime.

    Raises:
        MissingPackage: when onnx or onnxruntime is not installed.
    """
    for package in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise MissingPackage(package, "measure", "the noise check")
    parts = {"layers": LAYERS, "width": WIDTH, "rows": ROWS}
    model, _ = cache.built("noise", parts, ".onnx", _write_model)
    inputs, _ = cache.built("noise", parts, ".npz", _write_inputs)
    return {name: Job(name, "onnxruntime", model, inputs, inputs, 1, {}) for name in _NAMES}


def _write_model(path: Path) -> Mapping[str, str]:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    chance, nodes, weights = np.random.default_rng(0), [], []
    for layer in range(LAYERS):
        matrix = (chance.standard_normal((WIDTH, WIDTH)) / math.sqrt(WIDTH / 2)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{layer}"))
        nodes.append(helper.make_node("MatMul", [f"x{layer}", f"w{layer}"], [f"m{layer}"]))
        nodes.append(helper.make_node("Relu", [f"m{layer}"], [f"x{layer + 1}"]))
    ends = [helper.make_tensor_value_info(f"x{layer}", TensorProto.FLOAT, (ROWS, WIDTH)) for layer in (0, LAYERS)]
    graph = helper.make_graph(nodes, "noise", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return {}


def _write_inputs(path: Path) -> Mapping[str, str]:
    sample = np.random.default_rng(1).standard_normal((ROWS, WIDTH)).astype(np.float32)
    with path.open("wb") as file:
        np.savez(file, **{"000000/x0": sample})  # type: ignore[arg-type]  # its stub takes names for its own options
    return {}


def _expected(spread: float) -> float:
    count = protocol.TIERS[Tier.STANDARD].least_blocks
    return math.hypot(protocol.t_quantile(count) * spread / math.sqrt(count), protocol.SESSION_FLOOR)


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
