"""FLOPs and bytes of a variant's model, counted once when it is prepared and kept in the cache.

The rule, alike for every format (`generator.core.record.Work` states it too): a multiplication with the addition of its
product is 2 FLOP; only products of matrices, convolutions and recurrent layers have any. Bytes are the least that must
move: constants once a query, the input once, the output once, what lies between them written once and read once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from generator.core.cache import Cache, file_sha256
from generator.core.errors import GeneratorError
from generator.core.record import Work
from generator.workloads.workload import Arrays, Artifact

CODE = ("flops.py", "flops_onnx.py", "flops_pytorch.py")


def counted_work(artifact: Artifact, samples: Sequence[Arrays], cache: Cache) -> Work:
    """Count a model's FLOPs and bytes, or take them from the cache.

    Args:
        artifact: what the variant runs.
        samples: inputs of the timed queries, batch axis of 1 first: their shapes decide. Where shapes differ, the
            numbers are means over the samples.
        cache: keeps the numbers.

    Returns:
        The numbers, or why there are none: what cannot be counted never ends a run.
    """
    if artifact.format == "synthetic":
        return unknown("a synthetic model computes nothing")
    if not samples:
        return unknown("the workload has no samples")
    shapes = [json.dumps(_shapes(sample)) for sample in samples]
    alike = dict(zip(shapes, samples, strict=True))
    counted = {shape: _counted(artifact, sample, cache) for shape, sample in alike.items()}
    return _mean([counted[shape] for shape in shapes], len(counted))


def _counted(artifact: Artifact, sample: Arrays, cache: Cache) -> Work:
    """Count for the shapes of one sample."""
    key: Mapping[str, object] = {"model": artifact.sha256, "sample": _shapes(sample), "code": _code()}

    def write(path: Path) -> Mapping[str, str]:
        path.write_text(_count(artifact, sample).model_dump_json() + "\n", "utf-8")
        return {}

    try:
        path, _ = cache.built("work", key, ".json", write)
        return Work.model_validate(json.loads(path.read_text("utf-8")))
    except GeneratorError as error:
        return unknown(f"{error.problem}")
    except Exception as error:  # a contributed model may fail in any way, and the run is worth more than this number
        return unknown(f"counting failed: {type(error).__name__}: {error}")


def unknown(reason: str) -> Work:
    """No numbers, and why."""
    return Work(
        flops_per_sample=None,
        weight_bytes=None,
        activation_bytes_per_sample=None,
        counted_by=None,
        unknown=reason.replace("\n", " ")[:1000],
    )


def _mean(works: Sequence[Work], shapes: int) -> Work:
    """Mean over samples; the weights are those of the sample that needs most of them."""
    first = next((work for work in works if work.unknown), works[0])
    if shapes == 1 or first.unknown:
        return first
    operators = sorted({name for work in works for name in work.flops_by_operator})
    return Work(
        flops_per_sample=_centre([work.flops_per_sample for work in works]),
        flops_by_operator={name: _centre([w.flops_by_operator.get(name, 0) for w in works]) for name in operators},
        weight_bytes=max(work.weight_bytes or 0 for work in works),
        activation_bytes_per_sample=_centre([work.activation_bytes_per_sample for work in works]),
        bytes_only=first.bytes_only,
        counted_by=f"{first.counted_by}; mean over samples of {shapes} shapes",
    )


def _centre(values: Sequence[int | None]) -> int:
    return round(fmean(value or 0 for value in values))


def _shapes(sample: Arrays) -> dict[str, list[object]]:
    return {name: [array.dtype.str, *array.shape] for name, array in sample.items()}


def _count(artifact: Artifact, sample: Arrays) -> Work:
    if artifact.format == "onnx":
        from generator.measure.roofline.flops_onnx import count_onnx

        return count_onnx(artifact.path, sample)
    if artifact.format == "pytorch":
        from generator.measure.roofline.flops_pytorch import count_pytorch

        return count_pytorch(artifact.path, sample)
    return unknown(f"nobody has written how to count a model of the format '{artifact.format}'")


def _code() -> dict[str, str]:
    return {name: file_sha256(Path(__file__).with_name(name)) for name in CODE}
