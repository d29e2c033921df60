"""What a definition can name: one table each of workloads, runtimes and transforms, one entry for each of them.

An entry names its module by words, so a definition is checked and a page is built without importing a single one. The
tables can be added to: a package of somebody else's puts its own entry into them and needs no change here.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runtime:
    """What executes an artifact, inside a measuring worker."""

    module: str
    """Module whose `load(spec)` makes its session; a worker imports it and no other runtime."""

    options: Set[str]
    """Options that it takes."""

    package: str | None = None
    """Package that it needs; None where NumPy is enough."""

    pins: Set[str] = frozenset()
    """Packages that its isolated environment must pin, and the only ones there; none: it cannot be isolated."""

    always_isolated: bool = False
    """Whether it is not installed beside the generator: its variants name an environment."""

    unimported: Set[str] = frozenset()
    """Of the pinned packages those of which only a library is loaded: what they import is not in the environment."""

    required: Set[str] = frozenset()
    """Options that every variant must state."""

    remote: bool = False
    """Whether a server computes, here or elsewhere: nothing of it is started afresh, and its process is not watched."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What makes one artifact of another."""

    function: str
    """The "module:function" that makes its `Recipe` of (artifact, options, workload)."""

    options: Set[str]
    """Options that it takes."""


WORKLOADS: dict[str, str] = {
    "digits": "generator.workloads.digits",
    "face_detection": "generator.workloads.face_detection",
    "face_recognition": "generator.workloads.face_recognition",
    "forecasting": "generator.workloads.forecasting",
    "image_classification": "generator.workloads.image_classification",
    "object_detection": "generator.workloads.object_detection",
    "onnx_model": "generator.workloads.onnx_model",
    "question_answering": "generator.workloads.question_answering",
    "synthetic": "generator.workloads.synthetic",
    "text_classification": "generator.workloads.text_classification",
    "text_generation": "generator.workloads.text_generation",
    "text_requests": "generator.workloads.text_requests",
    "translation": "generator.workloads.translation",
}
"""Kind of workload, and the module whose `make(options, cache, progress)` makes it; it checks its options itself.

A folder's own `workload.py` is no entry: its kind is "workload.py".
"""

RUNTIMES: dict[str, Runtime] = {
    "ctransformers": Runtime(
        "generator.runtimes.ctransformers",
        set(),
        pins={"ctransformers", "numpy"},
        always_isolated=True,
        unimported={"ctransformers"},
    ),
    "fake": Runtime(
        "generator.runtimes.fake",
        {
            *("latency_ns", "spread", "start_up_s", "outputs", "fail_after", "fail_how"),
            *("tokens", "first_token_ns", "tokens_at_once"),
        },
        pins={"numpy"},
    ),
    "llama_cpp": Runtime("generator.runtimes.llama_cpp", set(), pins={"numpy", "xllamacpp"}, always_isolated=True),
    "onnxruntime": Runtime(
        "generator.runtimes.ort",
        {"decoding", "graph_optimization", "spinning"},
        package="onnxruntime",
        pins={"numpy", "onnxruntime"},
    ),
    "openai_endpoint": Runtime(
        "generator.runtimes.openai_endpoint",
        {
            *("address", "model", "key_variable", "api", "token_ids", "logprobs"),
            *("cache_prompt", "ignore_eos", "may_end_early", "same_prompts"),
        },
        required={"address", "model"},
        remote=True,
    ),
    "openvino": Runtime(
        "generator.runtimes.openvino",
        {"instructions", "precision", "shapes"},
        package="openvino",
        pins={"numpy", "openvino"},
        always_isolated=True,
    ),
    "pytorch": Runtime(
        "generator.runtimes.pytorch",
        {"compile", "device", "graph", "instructions", "keep_memory", "layout", "pinned", "precision"},
        package="torch",
    ),
}
"""Runtimes by the name that a variant gives."""

TRANSFORMS: dict[str, Transform] = {
    "architecture": Transform("generator.transforms.architecture:architecture", {"name"}),
    "distil": Transform("generator.transforms.distil:distil", {"percent", "student", "temperature"}),
    "export_onnx": Transform("generator.transforms.export_onnx:export_onnx", {"opset"}),
    "factorize": Transform("generator.transforms.factorize:factorize", {"percent", "steps"}),
    "prune_channels": Transform("generator.transforms.prune:prune_channels", {"percent", "steps"}),
    "prune_weights": Transform("generator.transforms.prune:prune_weights", {"percent", "steps"}),
    "quantize_dynamic": Transform(
        "generator.transforms.quantize:quantize_dynamic", {"keep", "operators", "per_channel", "weight"}
    ),
    "quantize_nbits": Transform(
        "generator.transforms.quantize_nbits:quantize_nbits", {"accuracy_level", "bits", "block_size", "symmetric"}
    ),
    "quantize_static": Transform(
        "generator.transforms.quantize:quantize_static",
        {"activation", "calibration", "calibration_samples", "keep", "operators", "per_channel", "weight"},
    ),
    "write_gguf": Transform("generator.transforms.write_gguf:write_gguf", {"weights"}),
}
"""Transforms by the name that a variant's step gives."""
