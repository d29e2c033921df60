"""One file by its address, downloaded through pooch.

A host that no connection can be made to is asked once a command, not once a file or a data set: whoever cannot reach it
shall not wait for it again and again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import urlsplit

from generator.assets.asset import AssetFile, UrlAsset
from generator.core.errors import AssetError, HashError
from generator.core.packages import required

TIMEOUT_S = (5, 30)
"""Longest wait for a connection, and longest silence of the server afterwards."""

UNREACHABLE = set[str]()
"""Hosts that no connection could be made to since this process began."""

_BY_HAND = "Try again later, or put the files into a folder and name it in GENERATOR_DATA."


def download_file(asset: UrlAsset, file: AssetFile, to: Path) -> None:
    """Download one file of a public repository and check its hash.

    Raises:
        AssetError: when the server cannot be reached, has no such file, or sends another one.
        MissingPackage: when pooch is not installed.
    """
    download(asset.name, asset.base + file.path, file.sha256, to, asset.repository)


def download(where: str, address: str, sha256: str, to: Path, whose: str, remedy: str = _BY_HAND) -> None:
    """Download one file and check its hash.

    Args:
        where: whose file it is, for errors.
        address: of the file.
        sha256: that it must have.
        to: path to write it at.
        whose: who offers it, for errors.
        remedy: what to do when it is not to be had.

    Raises:
        AssetError: when the server cannot be reached, has no such file, or sends another one.
        MissingPackage: when pooch is not installed.
    """
    required(where, pooch="pooch")
    import pooch
    import requests  # pooch depends on it

    host, name = urlsplit(address).netloc, address.rsplit("/", 1)[-1]
    no_way = AssetError(where, f"there is no network, or no way to {whose}", remedy)
    if host in UNREACHABLE:
        raise no_way
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            address,
            known_hash=f"sha256:{sha256}",
            fname=to.name,
            path=to.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S),
        )
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise AssetError(where, f"the server answered {status} for '{name}'", remedy) from error
    except requests.RequestException as error:
        if isinstance(error, requests.ConnectionError):  # its connect time-outs are such errors too
            UNREACHABLE.add(host)
        raise no_way from error
    except ValueError as error:
        problem = f"'{name}' of {whose} has another hash than the catalogue says"
        raise HashError(where, problem, "Try again; if it persists, do not use the file.") from error
