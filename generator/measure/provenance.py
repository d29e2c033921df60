"""Who made the numbers, with what: versions, commit, hashes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import generator
from generator.core.definition import Measurement, Part
from generator.core.record import Provenance, Source, Tier
from generator.core.registry import RUNTIMES

PACKAGES = (
    "numpy",
    "torch",
    "onnx",
    "onnxruntime",
    "openvino",
    "safetensors",
    "pillow",
    "scipy",
    "tokenizers",
    "sacrebleu",
    "gguf",
    "onnx-ir",
)
"""Packages whose version can change a number."""

SHARED_FILES = (
    "core/protocol.py",
    "core/block_times.py",
    "core/definition.py",
    "core/definition_file.py",
    "core/definition_rules.py",
    "core/pins.py",
    "core/record.py",
    "core/record_block.py",
    "core/record_machine.py",
    "core/record_types.py",
    "core/record_variant.py",
    "core/record_file.py",
    "core/registry.py",
    "core/cache.py",
    "core/packages.py",
)
MEASURING_ROOMS = ("assets", "workloads", "transforms", "runtimes", "measure")


def describe_provenance(
    measurement: Measurement,
    tier: Tier,
    sources: Sequence[Source],
    root: Path,
    most_s: float | None = None,
    part: Part | None = None,
) -> Provenance:
    """Provenance of a run that begins now.

    Args:
        measurement: the definition that is run.
        tier: how thoroughly.
        sources: where weights and data came from.
        root: the checkout, for its commit.
        most_s: a person's own limit on the blocks.
        part: what of it is run; None is all.
    """
    commit, modified = commit_of(root)
    limit = f" --minutes {most_s / 60:g}" if most_s else ""
    core = " --suite core" if part and part.core and part.names != measurement.variant_names else ""
    return Provenance(
        generator_version=generator.__version__,
        generator_commit=commit,
        generator_modified=modified,
        code_sha256=code_sha256(),
        definition_sha256=measurement.fingerprint(),
        python=platform.python_version(),
        packages=installed_packages(),
        sources=tuple(sources),
        command=f"python -m generator measure {measurement.name} --tier {tier}{core}{limit}",
    )


def commit_of(root: Path) -> tuple[str | None, bool | None]:
    """Commit of a checkout, and whether its tracked files differ from it; None and None outside git."""
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return commit, bool(status) if commit and status is not None else None


def installed_packages() -> dict[str, str]:
    """Versions of those of `PACKAGES` and of the runtimes' own packages that are installed."""
    found = dict[str, str]()
    for name in dict.fromkeys([*PACKAGES, *(one.package for one in RUNTIMES.values() if one.package)]):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def code_sha256() -> str:
    """Hash over the Python files of the measuring arm and of the protocol."""
    root = Path(generator.__file__).parent
    files = [root / name for name in SHARED_FILES]
    files += [path for room in MEASURING_ROOMS for path in sorted((root / room).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
