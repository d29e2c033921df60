"""Packages of Debian as data: nothing here asks the archive; a stand-in brings the package."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from generator.assets import fetch as fetching
from generator.assets.asset import AssetFile, DebAsset
from generator.assets.fetch import fetch
from generator.core.cache import Cache
from generator.core.errors import AssetError
from tests.assets.conftest import sha256

FILES = {"usr/share/stamps/bee.png": b"bee", "usr/share/stamps/cow.png": b"cow" * 100}


def _package(files: dict[str, bytes], compression: str = "xz") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar.{compression}": data.getvalue()}
    return b"!<arch>\n" + b"".join(
        f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
        for name, content in members.items()
    )


def _asset(files: dict[str, bytes] = FILES, **changes: object) -> DebAsset:
    fields: dict[str, object] = {
        "name": "stamps",
        "kind": "deb",
        "title": "Stamps",
        "package": "stamps-default",
        "version": "2022.06.04-1",
        "address": "https://archive.invalid/pool/stamps-default_2022.06.04-1_all.deb",
        "deb_sha256": "0" * 64,
        "files": tuple(AssetFile(name, sha256(data)) for name, data in files.items()),
        "sha256": "0" * 64,
        "bytes": 10_000,
        "licence": "GPL-2.0-or-later",
    }
    return DebAsset.model_validate({**fields, **changes})


def _bring(package: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a stand-in in the download's place; give the addresses that it will be asked for."""
    asked: list[str] = []

    def download(where: str, address: str, sha256: str, to: Path, *rest: str) -> None:
        asked.append(address)
        to.write_bytes(package)

    monkeypatch.setattr(fetching, "download", download)
    return asked


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_files_are_read_out_of_a_package(compression: str, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files alone are kept, and it is fetched once."""
    asked = _bring(_package({**FILES, "usr/share/doc/copyright": b"GPL"}, compression), monkeypatch)
    paths = fetch(_asset(), cache)
    assert [path.read_bytes() for path in paths] == list(FILES.values())
    assert sorted(path.name for path in cache.root.rglob("*") if path.is_file()) == ["bee.png", "cow.png"]
    assert (fetch(_asset(), cache), len(asked)) == (paths, 1)


@pytest.mark.parametrize(
    ("files", "changes", "problem"),
    [
        ({"usr/share/stamps/absent.png": b""}, {}, "no file 'usr/share/stamps/absent.png'"),
        ({"usr/share/stamps/cow.png": b"other"}, {}, "catalogue says"),
        (FILES, {"bytes": 10}, "more than the catalogue says"),
    ],
    ids=["absent", "another hash", "too large"],
)
def test_wrong_files_are_refused(
    files: dict[str, bytes], changes: dict[str, object], problem: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's own hash and size count too."""
    _bring(_package(FILES), monkeypatch)
    with pytest.raises(AssetError, match=problem):
        fetch(_asset(files, **changes), cache)


@pytest.mark.parametrize(
    "package",
    [b"", b"no package", _package(FILES)[:230], _package(FILES)[:100], b"!<arch>\n" + b"x" * 60],
    ids=["empty", "text", "cut", "no files", "odd header"],
)
def test_what_is_no_package_is_named(package: bytes, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when its hash is that of the catalogue."""
    _bring(package, monkeypatch)
    with pytest.raises(AssetError, match=r"Debian: stamps-default=2022\.06\.04-1 is damaged"):
        fetch(_asset(), cache)


def test_another_hash_is_refused(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned hash goes to the download, which checks it."""
    told: list[str] = []
    monkeypatch.setattr(fetching, "download", lambda where, address, sha256, to, *rest: told.append(sha256) or _fail())
    with pytest.raises(AssetError, match="another hash"):
        fetch(_asset(deb_sha256=hashlib.sha256(b"package").hexdigest()), cache)
    assert told == [hashlib.sha256(b"package").hexdigest()]


def _fail() -> None:
    raise AssetError("stamps", "it has another hash")


def test_damaged_contents_are_named(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte that changed inside the compressed part."""
    package = bytearray(_package(FILES))
    package[230:240] = b"\0" * 10
    _bring(bytes(package), monkeypatch)
    with pytest.raises(AssetError, match=r"damaged|no file"):
        fetch(_asset(), cache)
