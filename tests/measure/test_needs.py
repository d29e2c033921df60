"""needs: what a machine lacks is said and is no failure; what a variant needs in its environment is set and recorded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from generator.core.definition import OPTION_VALUES, Variant
from generator.core.definition_file import load_measurement
from generator.core.record import SystemDescription, Tier
from generator.core.registry import RUNTIMES
from generator.measure import events, needs
from generator.measure.process import Job, _inherited
from generator.measure.run import run_measurement
from generator.runtimes.instructions import LEVELS, VARIABLES

Make = Callable[..., Any]


def _variant(runtime: str = "pytorch", **options: str | bool) -> Variant:
    pins = ("numpy==1.26.4", "openvino==2026.4.1") if runtime == "openvino" else ()
    return Variant.model_validate(
        {"name": "v", "runtime": runtime, "precision": "fp32", "options": options, "environment": pins}
        | {"title": {"ru": "В", "en": "V"}}
    )


def test_the_vocabulary_is_that_of_the_table() -> None:
    """The definition knows the levels without importing them."""
    assert OPTION_VALUES["instructions"] == LEVELS.keys()
    assert set(needs.LACKS) >= LEVELS.keys()


def test_only_runtimes_that_obey_a_limit_have_the_option() -> None:
    """ONNX Runtime's kernels have no such switch: a limit there would be a duplicate under another name."""
    assert {name for name, one in RUNTIMES.items() if "instructions" in one.options} == {"openvino", "pytorch"}


ALL = frozenset().union(*(level.flags for level in LEVELS.values()))


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_needs_all_of_its_flags(system: SystemDescription, level: str) -> None:
    """Every flag is needed, or a library would silently take the level below and be measured twice."""
    able = system.model_copy(update={"host_processor_isa": tuple(sorted(ALL))})
    assert needs.lacking(_variant(instructions=level), able) is None
    for flag in LEVELS[level].flags:
        unable = system.model_copy(update={"host_processor_isa": tuple(sorted(ALL - {flag}))})
        lack = needs.lacking(_variant(instructions=level), unable)
        assert lack is not None
        assert (lack.stage, lack.lacks, lack.message) == ("machine", level, needs.LACKS[level])


@pytest.mark.parametrize(
    ("short", "flag"), [(s, flag) for s, flags in needs.SHORT_FORMATS.items() for flag in sorted(flags)]
)
def test_a_short_format_needs_instructions(system: SystemDescription, short: str, flag: str) -> None:
    """Any one of the flags will do; without them a processor emulates the format, and a CUDA device does not."""
    unable = system.model_copy(update={"host_processor_isa": ("avx2", "avx512_vnni")})
    lack = needs.lacking(_variant(precision=short), unable)
    assert lack is not None
    assert (lack.stage, lack.lacks, lack.message) == ("machine", short, needs.LACKS[short])
    able = system.model_copy(update={"host_processor_isa": ("avx2", flag)})
    assert needs.lacking(_variant(precision=short), able) is None
    assert needs.lacking(_variant(precision="fp32"), unable) is None


def test_a_card_computes_in_formats_of_its_own(system: SystemDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor's instructions do not matter there."""
    monkeypatch.setattr(needs, "_has_cuda", lambda: True)
    monkeypatch.setattr(needs, "_cuda_capability", lambda: (8, 0))
    bare = system.model_copy(update={"host_processor_isa": ()})
    assert needs.lacking(_variant(device="cuda", precision="bf16"), bare) is None


@pytest.mark.parametrize("short", needs.SHORT_CUDA_FORMATS)
def test_an_old_card_lacks_short_formats(
    system: SystemDescription, monkeypatch: pytest.MonkeyPatch, short: str
) -> None:
    """There bf16 would be an emulation, and TF32 plain fp32 under another name."""
    monkeypatch.setattr(needs, "_has_cuda", lambda: True)
    monkeypatch.setattr(needs, "_cuda_capability", lambda: (7, 5))
    lack = needs.lacking(_variant(device="cuda", precision=short), system)
    assert lack is not None
    assert (lack.lacks, lack.message) == (f"cuda_{short}", needs.LACKS[f"cuda_{short}"])
    for able in ("fp32", "fp16"):
        assert needs.lacking(_variant(device="cuda", precision=able), system) is None


def test_a_card_and_a_compiler_may_be_lacking_too(system: SystemDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, variant in (("cuda", _variant(device="cuda")), ("compiler", _variant(compile=True))):
        monkeypatch.setattr(needs, f"_has_{name}", lambda: False)
        lack = needs.lacking(variant, system)
        assert lack is not None
        assert lack.lacks == name
        monkeypatch.setattr(needs, f"_has_{name}", lambda: True)
        assert needs.lacking(variant, system) is None
    assert needs.lacking(_variant(), system) is None


def test_the_compiler_is_the_one_that_would_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CXX` counts, as it does for `torch.compile`."""
    monkeypatch.setenv("CXX", sys.executable)
    assert needs._has_compiler()
    monkeypatch.setenv("CXX", "/no/such/compiler")
    assert not needs._has_compiler()


def test_variables_of_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert needs.variables({}) == {}
    assert needs.variables({"instructions": "sse41"}) == dict(
        zip(VARIABLES, ("SSE41", "default", "SSE4_2"), strict=True)
    )
    assert needs.variables({"device": "cuda"})["CUDA_VISIBLE_DEVICES"] == "0"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert needs.variables({"device": "cuda"})["CUDA_VISIBLE_DEVICES"] == "3"
    assert needs.variables({"device": "cpu"}) == {}


def test_a_limit_of_the_persons_own_shell_reaches_no_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Or else variants without a limit would have one that no record tells of."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    job = Job("v", "pytorch", tmp_path, tmp_path, tmp_path, 1, {})
    assert "ONEDNN_MAX_CPU_ISA" not in _inherited(job)
    assert _inherited(job).keys() == os.environ.keys() - set(VARIABLES)


def test_what_the_machine_lacks_is_recorded_and_is_no_failure(
    checkout: Make, run_context: Make, definition: str, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    """The others are measured; the record says what is lacking, and nothing says that something failed."""
    third = definition + (
        '[[variants]]\nname = "third"\nruntime = "fake"\nprecision = "int8"\ntitle = {ru = "Т", en = "T"}\n'
    )
    root, real = checkout(trial=third), needs.lacking
    monkeypatch.setattr(
        "generator.measure.prepare.lacking",
        lambda variant, *rest: real(_variant(instructions="amx") if variant.name == "third" else variant, *rest),
    )
    record = run_measurement(load_measurement(root / "measurements/trial"), Tier.SMOKE, run_context(root))
    third_record = record.variant("third")
    assert third_record.failure is not None
    assert third_record.failure.lacks == "amx"
    assert not third_record.failed
    assert record.blocks
    assert [type(e) for e in listener.events if isinstance(e, (events.VariantFailed, events.VariantLacking))] == [
        events.VariantLacking
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("level", "isa"), [("sse41", "SSE4.1"), ("avx2", "AVX2")])
def test_pytorch_obeys_the_limit(level: str, isa: str) -> None:
    """The library itself says which instructions it allows itself (oneDNN), and PyTorch's own kernels say theirs."""
    torch = pytest.importorskip("torch")
    if not torch.backends.mkldnn.is_available() or torch.backends.cpu.get_cpu_capability() == "DEFAULT":
        pytest.skip("this PyTorch has no oneDNN, or this processor no AVX2")
    code = (
        "import torch; torch.nn.functional.conv2d(torch.ones(1, 16, 64, 64), torch.ones(16, 16, 3, 3));"
        "print(torch.backends.cpu.get_cpu_capability())"
    )
    variables = {**os.environ, **LEVELS[level].variables, "ONEDNN_VERBOSE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert f"isa:Intel {isa}\n" in done.stdout
    assert done.stdout.splitlines()[-1] == {"sse41": "DEFAULT", "avx2": "AVX2"}[level]
