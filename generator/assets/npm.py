"""npm packages as data: npm fetches one pinned tarball from whatever registry is configured, files are read out of it.

Nothing of the package is installed or run.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.assets.asset import NpmAsset
from generator.assets.tarball import AGAIN, TarballMembers, opened
from generator.core.cache import Cache
from generator.core.errors import AssetError, HashError, StorageError

ROOT = "package/"
"""Folder of a tarball that holds the package's files."""

_NO_NETWORK = "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|UNABLE_TO|CERT_"


@contextmanager
def tarball_members(asset: NpmAsset, cache: Cache) -> Iterator[TarballMembers]:
    """Fetch the tarball, give its members, and delete it.

    Raises:
        AssetError: when npm is missing, the registry has no such package or cannot be reached, or its hash differs.
        StorageError: when the disk is full.
    """
    with cache.workspace() as folder, _opened(asset, _downloaded(asset, folder)) as archive:
        yield TarballMembers(asset, archive, ROOT)


def _opened(asset: NpmAsset, tarball: Path) -> tarfile.TarFile:
    if _integrity(tarball) != asset.integrity:
        raise HashError(asset.name, f"the tarball of {asset.origin} has another hash than the catalogue says", AGAIN)
    return opened(asset, tarball)


def _integrity(tarball: Path) -> str:
    """The file's hash as npm writes it."""
    with tarball.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def _downloaded(asset: NpmAsset, folder: Path) -> Path:
    finished = run_npm("pack", f"{asset.package}@{asset.version}", "--ignore-scripts", "--silent", folder=folder)
    if finished is None:
        remedy = "Install Node.js, which brings npm, and run the same command again."
        raise AssetError(asset.name, f"{asset.origin} is fetched by npm, which this machine does not have", remedy)
    if finished.returncode != 0:
        raise _npm_problem(asset, finished.stdout + finished.stderr)
    tarballs = list(folder.glob("*.tgz"))
    if len(tarballs) != 1:
        raise AssetError(asset.name, f"npm fetched {len(tarballs)} tarballs for {asset.origin}", AGAIN)
    return tarballs[0]


def run_npm(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """Run npm in a folder; it reads the person's own configuration. None where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    return subprocess.run([npm, *arguments], cwd=folder, capture_output=True, text=True, errors="replace", check=False)


def _npm_problem(asset: NpmAsset, said: str) -> AssetError | StorageError:
    origin = asset.origin
    if "ENOSPC" in said:
        return StorageError(asset.name, "the disk is full", "Free some space and run the same command again.")
    if "EINTEGRITY" in said:
        problem = f"the registry has another file for {origin} than it says itself"
        return HashError(asset.name, problem, "Do not use it; look at which registry npm is configured for.")
    if re.search(_NO_NETWORK, said):
        return AssetError(asset.name, f"there is no network to fetch {origin} from", "Connect, then run it again.")
    if re.search("E404|ETARGET|ENOVERSIONS", said):
        problem = f"the registry that npm is configured for has no {origin}"
        return AssetError(asset.name, problem, "Look at 'npm config get registry', then run it again.")
    code = re.search(r"\bE[A-Z0-9]{3,}\b", said)  # no more of it: an address may carry a person's password
    return AssetError(asset.name, f"npm cannot fetch {origin} ({code[0] if code else 'it gives no reason'})", AGAIN)
