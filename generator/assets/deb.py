"""Debian packages as data: one pinned package is taken from Debian's archive, and files are read out of it.

Neither apt nor dpkg is needed, so it works on every system; nothing of the package is installed or run. A package is an
`ar` archive whose member `data.tar.*` holds the files. Source: deb(5), https://manpages.debian.org/deb.5
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from generator.assets.asset import AssetFile, DebAsset
from generator.assets.url import download
from generator.core.cache import Cache
from generator.core.errors import AssetError

_LATER = "Connect, or try again later."
_AGAIN = "Run the same command again; the package is fetched anew."
_ARCHIVE = b"!<arch>\n"
_HEADER_BYTES = 60
_COMPRESSIONS: dict[str, Literal["r|", "r|gz", "r|xz"]] = {
    "data.tar": "r|",
    "data.tar.gz": "r|gz",
    "data.tar.xz": "r|xz",
}
"""Members that `tarfile` can read, with the mode that reads each as a stream."""


@dataclass(frozen=True, slots=True)
class DebMembers:
    """Files of a package, taken out in one pass: going back in an xz archive means reading it from its start."""

    asset: DebAsset
    folder: Path
    """Has each file that the package has, under its number in the asset."""

    def write(self, file: AssetFile, to: Path) -> None:
        """Write one member; the cache checks its hash.

        Raises:
            AssetError: when the package has no such file.
        """
        taken = self.folder / str(self.asset.files.index(file))
        if not taken.is_file():
            raise AssetError(self.asset.name, f"the package has no file '{file.path}'", "Mend the catalogue.")
        shutil.move(taken, to)


@contextmanager
def deb_members(asset: DebAsset, cache: Cache) -> Iterator[DebMembers]:
    """Fetch the package, take the asset's files out of it, give them, and delete all of it.

    Raises:
        AssetError: when the archive has no such package or cannot be reached, its hash differs, or it is damaged.
        MissingPackage: when pooch is not installed.
        StorageError: when the disk is full.
    """
    with cache.workspace() as folder:
        package = folder / "package.deb"
        download(asset.name, asset.address, asset.deb_sha256, package, "Debian's archive", _LATER)
        _take_out(asset, package, folder)
        yield DebMembers(asset, folder)


def _take_out(asset: DebAsset, package: Path, folder: Path) -> None:
    numbers = {file.path: number for number, file in enumerate(asset.files)}
    try:
        with package.open("rb") as opened, tarfile.open(fileobj=opened, mode=_at_data(opened)) as archive:
            for info in archive:
                number = numbers.get(info.name.removeprefix("./"))
                if number is None or info.size > asset.bytes or (member := archive.extractfile(info)) is None:
                    continue
                with member, (folder / str(number)).open("wb") as written:
                    shutil.copyfileobj(member, written)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise AssetError(asset.name, f"the package of {asset.origin} is damaged ({error})", _AGAIN) from error


def _at_data(package: BinaryIO) -> Literal["r|", "r|gz", "r|xz"]:
    """Go to where the files' archive begins, and say how it is read.

    Raises:
        ValueError: when it is no package, or is compressed in a way that Python does not know.
    """
    if package.read(len(_ARCHIVE)) != _ARCHIVE:
        raise ValueError("it is no ar archive")
    while len(header := package.read(_HEADER_BYTES)) == _HEADER_BYTES:
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        if name.startswith("data.tar"):
            if name not in _COMPRESSIONS:
                raise ValueError(f"its files are in '{name}'")
            return _COMPRESSIONS[name]
        size = int(header[48:58])
        package.seek(size + size % 2, 1)  # members begin at even places
    raise ValueError("it has no files")
