"""Who made the numbers, with what: versions, commit, hashes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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
    "core/quota.py",
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
    commit = commit_of(root, measurement.name)
    limit = f" --minutes {most_s / 60:g}" if most_s else ""
    core = " --suite core" if part and part.core and part.names != measurement.variant_names else ""
    return Provenance(
        generator_version=generator.__version__,
        generator_commit=commit.sha,
        generator_modified=commit.modified,
        commit_unknown=commit.unknown,
        code_sha256=code_sha256(),
        definition_sha256=measurement.fingerprint(),
        python=platform.python_version(),
        packages=installed_packages(),
        sources=tuple(sources),
        command=f"python -m generator measure {measurement.name} --tier {tier}{core}{limit}",
    )


class Commit(NamedTuple):
    """Where a checkout stands."""

    sha: str | None
    modified: bool | None
    """Whether what measures, or what is measured, is not as it is in that commit."""

    unknown: str | None = None
    """Why there is no commit."""


def commit_of(root: Path, measurement: str = "") -> Commit:
    """Commit of a checkout, and whether its files differ from it.

    Args:
        root: the checkout; a commit of another repository that it lies in is none of ours.
        measurement: whose definition must be in the commit too; untracked files of it count, but for its results.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if isinstance(top, _Refused):
        return Commit(None, None, top.why)
    if not _same_folder(Path(top), root):
        return Commit(None, None, "it lies in the checkout of another project, and has no commit of its own")
    commit = _git(root, "rev-parse", "HEAD")
    if isinstance(commit, _Refused):
        return Commit(None, None, "its repository has no commit yet")
    tracked = _git(root, "status", "--porcelain", "--untracked-files=no")
    own = ["generator", *([f"measurements/{measurement}"] if measurement else [])]
    results = [f":(exclude)measurements/*/{name}/*" for name in ("records", "browser")]
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "--", *own, *results)
    if isinstance(tracked, _Refused) or isinstance(untracked, _Refused):
        return Commit(commit, None)
    return Commit(commit, bool(tracked or untracked))


def way_to(root: Path, commit: str, file: str) -> str:
    """What brings a person to a file as it was in a commit: a sentence with its full stop, of what works here."""
    if isinstance(_git(root, "cat-file", "-e", f"{commit}^{{commit}}"), _Refused):
        if _git(root, "rev-parse", "--is-shallow-repository") == "true":
            return f"This clone is shallow: git fetch --unshallow, then git checkout {commit}."
        return f"The commit is not in this clone: git fetch --all, then git checkout {commit}; or ask who measured it."
    if isinstance(_git(root, "cat-file", "-e", f"{commit}:{file}"), _Refused):
        return f"The commit {commit} does not have it either: it was measured before it was committed. Ask who did."
    return f"Check out the commit: git checkout {commit}."


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
    files += [path for room in MEASURING_ROOMS for path in sorted((root / room).rglob("[!.]*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        # A checkout on Windows may have given every line another end: the code is the same.
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


class _Refused(NamedTuple):
    """git said no."""

    why: str


def _git(root: Path, *arguments: str) -> str | _Refused:
    """What git answers about a folder, whatever repository a hook or an editor has named in GIT_DIR and its like."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=20, env={**variables, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        return _Refused("git is not installed, or is not in PATH")
    except (OSError, subprocess.TimeoutExpired):
        return _Refused("git does not answer")
    if done.returncode == 0:
        return done.stdout.strip()
    if "dubious ownership" in done.stderr:
        return _Refused(f"the folder is another user's, and git refuses it: {SAFE}")
    return _Refused("it is no git checkout" if "not a git repository" in done.stderr else "git cannot read it")


SAFE = "git config --global --add safe.directory '*'"
"""Lets git read folders of other users."""


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
