"""Source archives as data: nothing here asks a real index, and nothing of an archive is run."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.assets import index as asked_index
from generator.assets.asset import AssetFile, SdistAsset
from generator.assets.fetch import fetch_one
from generator.core.cache import Cache
from generator.core.errors import AssetError
from tests.assets.conftest import sha256

DATA = b"1\t2.5\tA good film.\n"
NAME = "Tiny_Data-1.0.tar.gz"


def _archive(root: str = "Tiny_Data-1.0", data: bytes = DATA) -> bytes:
    """An archive whose build would end the test."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in (("data/films.txt", data), ("setup.py", b"raise SystemExit('the archive was built')")):
            info = tarfile.TarInfo(f"{root}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


ARCHIVE = _archive()


def _asset(**changes: object) -> SdistAsset:
    fields: dict[str, object] = {
        "name": "films",
        "kind": "sdist",
        "title": "Films",
        "package": "tiny-data",
        "version": "1.0",
        "sdist": NAME,
        "sdist_sha256": hashlib.sha256(ARCHIVE).hexdigest(),
        "files": (AssetFile("data/films.txt", sha256(DATA)),),
        "sha256": sha256(DATA),
        "bytes": 100,
        "licence": "MIT",
    }
    return SdistAsset.model_validate({**fields, **changes})


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pip without anybody's configuration."""
    pytest.importorskip("requests")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return monkeypatch


@pytest.fixture
def index(tmp_path: Path, configured: pytest.MonkeyPatch) -> Path:
    """The only index, on disk: a page with links, as pip itself reads it."""
    folder = tmp_path / "index" / "tiny-data"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(ARCHIVE)
    (folder / "index.html").write_text(f'<a href="other-1.0.tar.gz">x</a><a href="{NAME}#sha256=0">{NAME}</a>', "utf-8")
    configured.setenv("PIP_INDEX_URL", folder.parent.as_uri())
    return folder


class _Answer:
    """Stands for requests' answer."""

    def __init__(self, status: int, body: bytes, kind: str, url: str) -> None:
        self.status_code, self.content, self.url, self.headers = status, body, url, {"Content-Type": kind}
        self.text = body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        import requests

        if self.status_code >= 400:
            raise requests.HTTPError(str(self.status_code))

    def iter_content(self, size: int) -> list[bytes]:
        return [self.content[start : start + size] for start in range(0, len(self.content), size)]

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


def _serve(monkeypatch: pytest.MonkeyPatch, pages: Mapping[str, tuple[str, bytes]]) -> list[tuple[str, dict[str, Any]]]:
    """Answers by address; what it does not know it does not have. Returns what was asked."""
    import requests

    asked: list[tuple[str, dict[str, Any]]] = []

    def get(address: str, **options: Any) -> _Answer:
        asked.append((address, options))
        if "down.example" in address:
            raise requests.ConnectionError(address)
        kind, body = pages.get(address, ("text/plain", b""))
        return _Answer(200 if address in pages else 404, body, kind, address)

    monkeypatch.setattr(requests, "get", get)
    return asked


PAGE = json.dumps({"files": [{"filename": NAME, "url": f"../../files/{NAME}"}]}).encode()


@pytest.mark.usefixtures("index")
@pytest.mark.slow
def test_a_file_is_read_out_of_an_archive(cache: Cache) -> None:
    """The archive is fetched as a file: its setup.py would have ended the test."""
    assert fetch_one(_asset(), cache).read_bytes() == DATA
    assert not list(cache.root.rglob("*.tar.gz")), "the archive itself is not kept"


@pytest.mark.slow
def test_an_archive_with_another_hash_is_not_read(cache: Cache, index: Path) -> None:
    """Even where the file in it is the right one."""
    (index / NAME).write_bytes(_archive() + b" ")
    with pytest.raises(AssetError, match=r"another hash than the catalogue says.*do not use it"):
        fetch_one(_asset(), cache)


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"files": (AssetFile("data/absent.txt", "0" * 64),)}, "has no file 'data/absent.txt'"),
        ({"bytes": 3}, "more than the catalogue says"),
        ({"sdist": "Tiny_Data-2.0.tar.gz"}, r"has no Tiny_Data-2\.0\.tar\.gz"),
    ],
)
def test_what_an_archive_or_index_lacks_is_said(cache: Cache, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(AssetError, match=problem):
        fetch_one(_asset(**changes), cache)


def test_an_index_in_json_is_read_as_pip_is_configured(cache: Cache, configured: pytest.MonkeyPatch) -> None:
    """The first index does not answer, the second has it; certificates and proxy are pip's."""
    configured.setenv("PIP_INDEX_URL", "https://down.example/simple/")
    configured.setenv("PIP_EXTRA_INDEX_URL", "https://up.example/simple")
    configured.setenv("PIP_CERT", "/somewhere/ca.pem")
    configured.setenv("PIP_PROXY", "http://proxy.example:3128")
    pages = {
        "https://up.example/simple/tiny-data/": ("application/vnd.pypi.simple.v1+json", PAGE),
        f"https://up.example/files/{NAME}": ("application/gzip", ARCHIVE),
    }
    asked = _serve(configured, pages)
    assert fetch_one(_asset(), cache).read_bytes() == DATA
    assert [address for address, _ in asked] == ["https://down.example/simple/tiny-data/", *pages]
    assert all(options["verify"] == "/somewhere/ca.pem" for _, options in asked)
    assert all(options["proxies"]["https"] == "http://proxy.example:3128" for _, options in asked)


def test_without_a_configuration_pips_own_index_is_asked(cache: Cache, configured: pytest.MonkeyPatch) -> None:
    """An index that has no such package is not taken for a missing network."""
    asked = _serve(configured, {})
    with pytest.raises(AssetError, match=f"has no {NAME}"):
        fetch_one(_asset(), cache)
    assert [address for address, _ in asked] == [f"{asked_index.PYPI}/tiny-data/"]


def test_no_network_is_said(cache: Cache, configured: pytest.MonkeyPatch) -> None:
    configured.setenv("PIP_INDEX_URL", "https://name:secret@down.example/simple")
    _serve(configured, {})
    with pytest.raises(AssetError, match=r"no network to fetch PyPI: tiny-data==1\.0") as caught:
        fetch_one(_asset(), cache)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_without_an_index_a_folder_is_enough(cache: Cache, index: Path, configured: pytest.MonkeyPatch) -> None:
    """As with pip: no-index, and a folder of archives."""
    configured.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssetError, match="has no Tiny"):
        fetch_one(_asset(), cache)
    configured.setenv("PIP_FIND_LINKS", str(index))
    assert fetch_one(_asset(), cache).read_bytes() == DATA
