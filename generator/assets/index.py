"""One pinned source archive from whatever index pip is configured for.

pip itself fetches no source archive without running its build (`pip download` asks it for metadata), and none of that
code may run here. So the index is asked in pip's place, by its simple interface; pip's configuration still says where
it is. Source: https://packaging.python.org/specifications/simple-repository-api/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from generator.assets.asset import SdistAsset
from generator.assets.installers import run_pip
from generator.core.errors import AssetError
from generator.core.packages import required

if TYPE_CHECKING:
    from requests import Response

PYPI = "https://pypi.org/simple"
"""Where pip looks when nothing else is configured."""

TIMEOUT_S = (10, 60)
"""Longest wait for a connection, and longest silence afterwards."""

_PIECE_BYTES = 1 << 20
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_INDEX = "Look at 'pip config list' and at the network, then run it again."


def fetch_sdist(asset: SdistAsset, to: Path) -> Path:
    """The archive from the first place that has it; an index that does not answer is passed over.

    Args:
        asset: names it.
        to: where it is written, when no folder has it.

    Raises:
        AssetError: when no index has the archive, or none can be reached.
        MissingPackage: when requests is not installed.
    """
    required(asset.name, requests="requests")
    from requests import RequestException

    settings = pip_settings()
    for folder in settings.get("find-links", "").split():
        near = (_local(folder) if folder.startswith("file:") else Path(folder)) / asset.sdist
        if near.is_file():
            return near
    unreached = False
    for index in indexes(settings):
        page = f"{index.rstrip('/')}/{re.sub(r'[-_.]+', '-', asset.package).lower()}/"
        try:
            if address := _address(page, asset.sdist, settings):
                _save(address, to, settings)
                return to
        except RequestException:
            unreached = True
    if unreached:
        raise AssetError(asset.name, f"there is no network to fetch {asset.origin} from", "Connect, then run it again.")
    raise AssetError(asset.name, f"the index that pip is configured for has no {asset.sdist}", _INDEX)


def pip_settings() -> Mapping[str, str]:
    """What pip is configured with, by the options' names: of files, of the section of `pip download`, of variables."""
    found = dict[str, dict[str, str]]()
    for line in run_pip("config", "list").stdout.splitlines():
        if match := re.fullmatch(r"(global|download|:env:)\.([\w-]+)=('.*'|\".*\")", line.strip()):
            found.setdefault(match[1], {})[match[2]] = str(ast.literal_eval(match[3]))
    return {**found.get("global", {}), **found.get("download", {}), **found.get(":env:", {})}


def indexes(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Addresses of the package indexes that pip would ask, the main one first."""
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return ()
    return (settings.get("index-url") or PYPI, *settings.get("extra-index-url", "").split())


def _address(page: str, file: str, settings: Mapping[str, str]) -> str | None:
    """Where an index has a file; None where it has none."""
    if urlsplit(page).scheme == "file":
        listed = _local(page) / "index.html"
        address = _linked(listed.read_text("utf-8"), page, file) if listed.is_file() else None
        return address if address and (urlsplit(address).scheme != "file" or _local(address).is_file()) else None
    response = _got(page, settings, {"Accept": _ACCEPT})
    if response.status_code == 404:
        return None
    response.raise_for_status()
    if "json" not in response.headers.get("Content-Type", ""):
        return _linked(response.text, response.url, file)
    files = response.json().get("files", [])
    return next((urljoin(response.url, str(one["url"])) for one in files if one.get("filename") == file), None)


def _linked(html: str, page: str, file: str) -> str | None:
    """Address of the link to a file on an index's page."""
    links = _Links()
    links.feed(html)
    addresses = (urljoin(page, link) for link in links.found)
    return next((one for one in addresses if unquote(urlsplit(one).path).rsplit("/", 1)[-1] == file), None)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _save(address: str, to: Path, settings: Mapping[str, str]) -> None:
    if urlsplit(address).scheme == "file":
        to.write_bytes(_local(address).read_bytes())
        return
    with _got(address, settings, {}) as response, to.open("wb") as file:
        response.raise_for_status()
        for piece in response.iter_content(_PIECE_BYTES):
            file.write(piece)


def _got(address: str, settings: Mapping[str, str], headers: Mapping[str, str]) -> Response:
    """The answer of an address, with pip's certificates and proxy."""
    import requests

    options: dict[str, Any] = {"timeout": TIMEOUT_S, "stream": True, "headers": dict(headers)}
    if certificates := settings.get("cert"):
        options["verify"] = certificates
    if proxy := settings.get("proxy"):
        options["proxies"] = {"http": proxy, "https": proxy}
    return requests.get(address, **options)


def _local(address: str) -> Path:
    return Path(url2pathname(urlsplit(address).path))
