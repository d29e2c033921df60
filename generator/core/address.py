"""The address of a server that answers requests: whether it is one, and whether it is this machine's."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def address_problem(address: object) -> str | None:
    """What is wrong with an address, as the end of a sentence; None when it is sound."""
    try:
        parts = urlsplit(str(address))
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is no address of a server"
    if parts.username or parts.password:
        return "holds a name or a password, which would stand in the record"
    if parts.query or parts.fragment:
        return "holds more than the way to a server"
    return None if port != 0 else "names no port"


def is_here(address: object) -> bool:
    """Whether it is an address of the machine that asks, as far as the address itself tells."""
    host = urlsplit(str(address)).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
