"""One file of a public repository, downloaded through pooch.

A host that no connection can be made to is asked once a command, not once a file or a data set: whoever cannot reach it
shall not wait for it again and again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import urlsplit

from generator.assets.asset import AssetFile, UrlAsset
from generator.assets.packages import required
from generator.errors import AssetError

TIMEOUT_S = (5, 30)
"""Longest wait for a connection, and longest silence of the server afterwards."""

UNREACHABLE = set[str]()
"""Hosts that no connection could be made to since this process began."""

_BY_HAND = "Try again later, or put the files into a folder and name it in GENERATOR_DATA."


def download_file(asset: UrlAsset, file: AssetFile, to: Path) -> None:
    """Download one file and check its hash.

    Raises:
        AssetError: when the server cannot be reached, has no such file, or sends another one.
        MissingPackage: when pooch is not installed.
    """
    required(asset.name, pooch="pooch")
    import pooch
    import requests  # pooch depends on it

    host = urlsplit(asset.base).netloc
    no_way = AssetError(asset.name, f"there is no network, or no way to {asset.repository}", _BY_HAND)
    if host in UNREACHABLE:
        raise no_way
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            asset.base + file.path,
            known_hash=f"sha256:{file.sha256}",
            fname=to.name,
            path=to.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S),
        )
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise AssetError(asset.name, f"the server answered {status} for '{file.path}'", _BY_HAND) from error
    except requests.RequestException as error:
        if isinstance(error, requests.ConnectionError):  # its connect time-outs are such errors too
            UNREACHABLE.add(host)
        raise no_way from error
    except ValueError as error:
        problem = f"'{file.path}' of {asset.repository} has another hash than the catalogue says"
        raise AssetError(asset.name, problem, "Try again; if it persists, do not use the file.") from error
